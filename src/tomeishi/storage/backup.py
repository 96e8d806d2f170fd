"""A whole installation in one ZIP file, taken while it is used, and put back with every digest checked.

    backup.json            format, version of the tables, rows and digest of each, what is inside
    tables/<name>.jsonl    rows (storage.copying), all of one moment
    blobs/<64 hex digits>  kept files, named by their SHA-256
    policy.toml, datasets.toml, descriptors/..., audits/...
                           as they lie in the installation's folder, their digests in backup.json
    keys/installation.json only if asked for

Rows are read in one snapshot of the database. Kept files are only ever added, and before the rows that name them: what
lies there afterwards is enough. The index is not in it; it is made again from the rest.
"""

import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from tomeishi import clock
from tomeishi.config import Settings
from tomeishi.errors import BadInput, Conflict, StorageFailure, Tampered
from tomeishi.storage import copying
from tomeishi.storage.blobs import Blobs
from tomeishi.storage.copying import Contents
from tomeishi.storage.db import Database

FORMAT = "tomeishi-backup-1"

KEY = "keys/installation.json"

_TOGETHER = ("policy.toml", "datasets.toml", "descriptors", "audits")
"""Files and folders of the installation's own that go along."""

PIECE = 1 << 20
ROW_BYTES = 64 << 20
"""Longest line that is read back."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds."""

    tables: dict[str, Contents]
    blobs: int
    keys: bool
    files: dict[str, str]
    """What else of the installation's folder: SHA-256 in hex digits by path."""


def back_up(database: Database, settings: Settings, file: Path, moment: datetime, *, with_keys: bool) -> BackedUp:
    """Write `file`, which must not be there yet; complete or not at all, readable by its owner only."""
    if file.exists():
        raise Conflict(f"{file}: is there already; a backup never overwrites another")
    unfinished = file.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        unfinished.touch(0o600, exist_ok=False)
        with unfinished.open("wb") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                done = _write(database, settings, archive, moment, with_keys=with_keys)
            raw.flush()
            os.fsync(raw.fileno())
        unfinished.rename(file)
    except OSError as error:
        raise StorageFailure(f"{file}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return done


def _write(
    database: Database, settings: Settings, archive: zipfile.ZipFile, moment: datetime, *, with_keys: bool
) -> BackedUp:
    held: dict[str, Contents] = {}
    version = database.version()
    with database.reading() as tx:
        for table in copying.tables(tx):
            counted = copying.Counted(copying.lines(tx, table))
            with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as out:
                for line in counted:
                    out.write(line.encode() + b"\n")
            held[table.name] = counted.contents()
    blobs = 0
    for path in sorted(settings.blobs.glob("??/??/*")) if settings.blobs.exists() else []:
        if len(path.name) == 64:  # another is being written
            _copy_in(archive, path, f"blobs/{path.name}", zipfile.ZIP_STORED)
            blobs += 1
    files = {}
    for path in _along(settings.home):
        name = path.relative_to(settings.home).as_posix()
        with suppress(FileNotFoundError):  # an audit that is running makes and renames files
            files[name] = _copy_in(archive, path, name, zipfile.ZIP_DEFLATED)
    key = settings.keys / "installation.json"
    keys = with_keys and key.exists()
    if keys:
        _copy_in(archive, key, KEY, zipfile.ZIP_DEFLATED)
    done = BackedUp(held, blobs, keys, files)
    about = {"format": FORMAT, "made_at": clock.to_text(moment), "tables_version": version, **asdict(done)}
    archive.writestr("backup.json", json.dumps(about, indent=1, sort_keys=True))
    return done


def restore(file: Path, database: Database, settings: Settings) -> BackedUp:
    """Put a backup into an installation that is empty; raises and leaves the database empty where anything differs."""
    with _opened(file) as archive:
        about = _about(archive, file)
        if about["keys"] and (settings.keys / "installation.json").exists():
            raise Conflict(f"{settings.keys}: holds a key already; name an empty folder with --home")
        blobs = Blobs(settings.blobs)
        names = [name for name in archive.namelist() if name.startswith("blobs/")]
        if len(names) != about["blobs"]:
            raise BadInput(f"{file}: holds {len(names)} kept files and not {about['blobs']}: it was cut or changed")
        files = _files(archive, about, file)
        held = {name: Contents(**each) for name, each in about["tables"].items()}
        database.migrate(about["tables_version"])
        with database.transaction() as tx:
            copying.must_be_empty(tx)
            for table in copying.tables(tx):
                with archive.open(f"tables/{table.name}.jsonl") as words:
                    copying.write_lines(tx, table, _lines(words, file))
            copying.must_hold(tx, held)
            settings.spool.mkdir(parents=True, exist_ok=True)
            for name in names:
                _copy_out(archive, name, blobs, settings.spool)
            for name, digest in files.items():
                _put_back(archive, name, settings.home / name, digest)
        database.migrate()
        if about["keys"]:
            _put_back(archive, KEY, settings.home / KEY)
    return BackedUp(held, len(names), bool(about["keys"]), files)


def _along(home: Path) -> Iterator[Path]:
    for each in _TOGETHER:
        if (home / each).is_dir():
            yield from (path for path in sorted((home / each).rglob("*")) if path.is_file() and not path.is_symlink())
        elif (home / each).is_file():
            yield home / each


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError as error:
        raise BadInput(f"{file}: no such file") from error
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError) as error:
        raise BadInput(f"{file}: not a whole backup: {error}") from error
    except OSError as error:
        raise StorageFailure(f"{file}: cannot be restored: {error.strerror or error}") from error


def _about(archive: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    try:
        about = json.loads(archive.read("backup.json"))
        known = about["format"] == FORMAT and {"blobs", "keys", "tables", "tables_version"} <= about.keys()
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{file}: not a backup of Tomeishi") from error
    if not known:
        raise BadInput(f"{file}: not a backup in the format {FORMAT}")
    return dict(about)


def _files(archive: zipfile.ZipFile, about: dict[str, Any], file: Path) -> dict[str, str]:
    """The digest of each file that goes back into the installation's folder, by its path, which leads nowhere else."""
    if "files" not in about:  # an older backup, with a policy at most
        old = {"policy.toml"} & set(archive.namelist())
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in old}
    files = about["files"]
    apart = {KEY, "backup.json", *(name for name in archive.namelist() if name.startswith(("tables/", "blobs/")))}
    if set(archive.namelist()) - apart != files.keys():
        raise BadInput(f"{file}: does not hold the files that it says it holds: it was cut or changed")
    for name in files:
        parts = name.split("/")
        if parts[0] not in _TOGETHER or {"", ".", ".."} & set(parts) or "\\" in name:
            raise BadInput(f"{file}: names a file outside the installation's folder: {name!r}")
    return dict(files)


def _lines(words: IO[bytes], file: Path) -> Iterator[str]:
    while line := words.readline(ROW_BYTES):
        try:
            yield line.decode().removesuffix("\n")
        except UnicodeDecodeError as error:
            raise BadInput(f"{file}: a row that is not text") from error


def _copy_in(archive: zipfile.ZipFile, path: Path, name: str, compression: int) -> str:
    """Its SHA-256, in hex digits."""
    about = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    about.compress_type = compression
    digest = hashlib.sha256()
    with path.open("rb") as source, archive.open(about, "w", force_zip64=True) as out:
        while piece := source.read(PIECE):
            digest.update(piece)
            out.write(piece)
    if name.startswith("blobs/") and digest.hexdigest() != path.name:
        raise Tampered(f"{path}: its bytes no longer match its name; no backup was made. Run doctor")
    return digest.hexdigest()


def _copy_out(archive: zipfile.ZipFile, name: str, blobs: Blobs, spool: Path) -> None:
    path, digest = spool / f"{secrets.token_hex(16)}.part", hashlib.sha256()
    try:
        with archive.open(name) as source, path.open("xb") as out:
            while piece := source.read(PIECE):
                digest.update(piece)
                out.write(piece)
        if digest.hexdigest() != name.removeprefix("blobs/"):
            raise Tampered(f"{name}: its bytes do not match its name; nothing was restored")
        blobs.adopt(path, f"sha256:{digest.hexdigest()}")
    finally:
        path.unlink(missing_ok=True)


def _put_back(archive: zipfile.ZipFile, name: str, path: Path, wanted: str | None = None) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(0o600)
    digest = hashlib.sha256()
    with archive.open(name) as source, path.open("wb") as out:
        while piece := source.read(PIECE):
            digest.update(piece)
            out.write(piece)
    if wanted not in (None, digest.hexdigest()):
        path.unlink()
        raise Tampered(f"{name}: its bytes do not match its digest; the backup was changed")
