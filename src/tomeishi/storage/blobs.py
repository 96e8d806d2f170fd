"""Files kept by their digest: what a digest names never changes, and the same bytes lie there once."""

import contextlib
import os
import re
import secrets
from pathlib import Path

from tomeishi.errors import BadInput, NotFound, StorageFailure, Tampered
from tomeishi.values import digest_of

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Blobs:
    """A folder of blobs, two levels deep (`ab/cd/abcd...`) so that no folder grows past what file systems like."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep `data`; its digest. On disk when this returns, and never half there."""
        digest = digest_of(data)
        path = self.path(digest)
        if _holds(path, digest):
            return digest
        unfinished = path.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
            except OSError:
                with contextlib.suppress(OSError):
                    unfinished.unlink(missing_ok=True)
                raise
            _sync_folder(path.parent)
        except OSError as error:
            raise StorageFailure(f"{path.parent}: cannot keep a file of {len(data)} bytes: {error.strerror}") from error
        return digest

    def adopt(self, file: Path, digest: str) -> None:
        """Keep `file`, whose digest was computed as it was written here; it is moved, not copied."""
        path = self.path(digest)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
            file.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            raise StorageFailure(f"{path.parent}: cannot keep an upload: {error.strerror}") from error

    def get(self, digest: str) -> bytes:
        """The bytes that `digest` names, checked; NotFound, or Tampered where they are no longer the same."""
        path = self.path(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"{path}: no file is kept under {digest}") from error
        except OSError as error:
            raise StorageFailure(f"{path}: cannot be read: {error.strerror}") from error
        if digest_of(data) != digest:
            raise Tampered(f"{path}: its bytes no longer match {digest}; restore the file from a backup")
        return data

    def path(self, digest: str) -> Path:
        """Where the bytes of `digest` lie, or would; BadInput unless it is `sha256:` and 64 hex digits."""
        if not _DIGEST.fullmatch(digest):
            raise BadInput(f"not a digest (sha256: and 64 hex digits): {digest[:80]!r}")
        name = digest.removeprefix("sha256:")
        return self.folder / name[:2] / name[2:4] / name


def _holds(path: Path, digest: str) -> bool:
    # A damaged blob is written anew: whoever puts the same bytes again must be able to get them back.
    try:
        return digest_of(path.read_bytes()) == digest
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut; file systems that cannot sync a folder are left alone."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
