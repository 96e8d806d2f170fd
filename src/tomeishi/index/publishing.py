"""How a version of an index gets into force, whatever it holds: built beside the others, renamed, swapped in one step.

Layout and promises are told in `snapshot`. Whoever dies in between leaves the version in force as it was.
"""

import fcntl
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from tomeishi.errors import BadInput, Tampered
from tomeishi.index.columns import storing, sync_folder, write_durably
from tomeishi.index.manifest import Manifest, Pointer, bytes_of, read_manifest, read_pointer
from tomeishi.values import digest_of, digest_of_file

_KEPT = 2
"""Versions kept besides the one in force, for readers between looking it up and opening it, and for a way back."""
_BUILDING = ".building"
_FRESH = ".current"


class Version(Protocol):
    """An opened version of an index."""

    manifest: Manifest


Opened = TypeVar("Opened", bound=Version)


def publish(
    root: Path,
    descriptor_key: str,
    is_wanted: Callable[[Manifest], bool],
    build: Callable[[Path], Manifest],
    open_version: Callable[[Path, str], Opened],
) -> Opened:
    """The version in force where it `is_wanted`, else the one that `build` writes into the empty folder it is given.

    Processes that publish for the same descriptor wait for each other.
    """
    folder = _folder(root, descriptor_key)
    with _publishing(folder):
        before = _in_force_or_broken(root, descriptor_key, open_version)
        if before is not None and is_wanted(before.manifest):
            return before
        building = folder / _BUILDING
        _remove_leftovers(folder)
        try:
            with storing(building):
                building.mkdir()
            manifest = build(building)
            write_durably(building / "manifest.json", manifest.to_bytes())
            with storing(building):
                sync_folder(building)
            _put_in_force(folder, building, manifest)
        except BaseException:
            _remove_leftovers(folder)
            raise
        return open_version(folder / manifest.version, digest_of(manifest.to_bytes()))


def in_force(root: Path, descriptor_key: str, open_version: Callable[[Path, str], Opened]) -> Opened | None:
    """The version in force; None where nothing was published yet."""
    path = _folder(root, descriptor_key) / "current"
    pointer = read_pointer(path)
    while pointer is not None:
        try:
            return open_version(path.parent / pointer.version, pointer.manifest_digest)
        except Tampered:
            # Between the look and the opening, others may have published so often that this version is removed.
            seen, pointer = pointer, read_pointer(path)
            if pointer == seen:
                raise
    return None


def read_version(folder: Path, manifest_digest: str | None) -> tuple[Manifest, str, tuple[str, ...]]:
    """Manifest, its digest, and item ids: Tampered unless the manifest has `manifest_digest` (where given), items.json
    its digest, and all files their sizes."""
    data = bytes_of(folder / "manifest.json")
    digest = digest_of(data)
    if manifest_digest not in (None, digest):
        raise Tampered(f"{folder / 'manifest.json'} is not the one that was published; build the index again")
    manifest = read_manifest(folder / "manifest.json", data)
    for name, entry in manifest.files.items():
        if not (folder / name).is_file() or (folder / name).stat().st_size != entry["bytes"]:
            raise Tampered(f"{folder / name} is gone or has another size; build the index again")
    items = bytes_of(folder / "items.json")
    if digest_of(items) != manifest.files["items.json"]["digest"]:
        raise Tampered(f"{folder / 'items.json'} was altered; build the index again")
    return manifest, digest, tuple(json.loads(items))


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Read every file; Tampered names the first whose digest does not hold."""
    for name, entry in manifest.files.items():
        path = folder / name
        if not path.is_file() or digest_of_file(path) != entry["digest"]:
            raise Tampered(f"{path} is gone or was altered; build the index again")


def files_in(building: Path, *, deep: bool = True) -> dict[str, dict[str, int | str]]:
    """Size and digest of every file of a build, by its path inside; not `deep`, of those that lie in no folder."""
    return {
        path.relative_to(building).as_posix(): {"bytes": path.stat().st_size, "digest": digest_of_file(path)}
        for path in sorted(building.rglob("*") if deep else building.iterdir())
        if path.is_file()
    }


def _put_in_force(folder: Path, building: Path, manifest: Manifest) -> None:
    """Give the finished build its name, swap `current`, and remove what is older than the last two before it."""
    try:
        pointer = read_pointer(folder / "current")
    except Tampered:
        pointer = None
    history = (pointer.version, *pointer.previous) if pointer else ()
    previous = tuple(version for version in history if version != manifest.version)[:_KEPT]
    target = folder / manifest.version
    # Written before the build gets its name: after that, nothing needs more room on the disk.
    fresh = Pointer(manifest.version, digest_of(manifest.to_bytes()), previous)
    write_durably(folder / _FRESH, fresh.to_bytes())
    with storing(target):
        if target.exists():  # once in force, or named by a build that was killed before the swap
            shutil.rmtree(target)
        building.rename(target)
        sync_folder(folder)
        (folder / _FRESH).replace(folder / "current")
        sync_folder(folder)
    for path in folder.iterdir():
        if path.is_dir() and path.name not in (manifest.version, *previous):
            shutil.rmtree(path, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    """Of a build that failed or was killed; whoever holds the lock knows that no other is running."""
    shutil.rmtree(folder / _BUILDING, ignore_errors=True)
    (folder / _FRESH).unlink(missing_ok=True)


@contextmanager
def _publishing(folder: Path) -> Iterator[None]:
    """The only publisher for this descriptor on this machine; the lock ends with its process, however that ends."""
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("ab")
    with lock:
        with storing(folder):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _folder(root: Path, descriptor_key: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", descriptor_key):
        raise BadInput(f"not a descriptor key: {descriptor_key!r}; letters, digits, dots and dashes name a folder")
    return root / descriptor_key


def _in_force_or_broken(root: Path, descriptor_key: str, open_version: Callable[[Path, str], Opened]) -> Opened | None:
    """As `in_force`, but a damaged version counts as none: publishing is how it is mended."""
    try:
        return in_force(root, descriptor_key, open_version)
    except (Tampered, BadInput):
        return None
