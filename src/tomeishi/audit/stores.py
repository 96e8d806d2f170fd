"""Where data sets lie: paths of this machine, and `s3://` through fsspec (extra `s3`). Nothing here is ever written to.

Credentials and endpoints are those of the usual AWS settings, read by that library itself.
"""

import importlib.util
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from tomeishi.errors import BadInput, MissingExtra, NotFound, StorageFailure

_PIECE = 1 << 20
_BLOCK = 8 << 20
"""Bytes fetched at once from a store, and kept for each open file."""


def is_remote(location: str) -> bool:
    return "://" in location


def absolute(location: str) -> str:
    return location if is_remote(location) else str(Path(location).absolute())


@contextmanager
def reading(location: str) -> Iterator[BinaryIO]:
    """The open file. Whatever goes wrong with the store while it is open becomes one line."""
    with _explained(location):
        if is_remote(location):
            with _system(location).open(location, "rb", block_size=_BLOCK) as file:
                # Theirs reads no part of a line.
                yield io.BufferedReader(cast(io.RawIOBase, file), _PIECE)
        else:
            with Path(location).open("rb") as file:
                yield file


def identity(location: str) -> str:
    """What changes when the file does: size and moment of change, or the store's own tag."""
    with _explained(location):
        if is_remote(location):
            about = _system(location).info(location)
            return f"{about['size']} {about.get('ETag') or about.get('LastModified') or ''}"
        stat = Path(location).stat()
        return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"


def files_of(argument: str) -> list[str]:
    """Files that an argument names: itself, or all in that folder however deep, in the order of their names.

    Hidden files are left out; links to files are followed, links to folders are not. Raises NotFound.
    """
    with _explained(argument):
        if not is_remote(argument):
            path = Path(argument)
            if path.is_file():
                return [str(path)]
            if not path.is_dir():
                raise NotFound(f"{argument}: no such file or folder")
            return [
                str(found)
                for found in sorted(path.rglob("*"))
                if found.is_file() and not any(part.startswith(".") for part in found.relative_to(path).parts)
            ]
        system = _system(argument)
        scheme = argument.split("://", 1)[0]
        if system.isfile(argument):
            return [argument]
        found = [name for name in system.find(argument) if not name.rsplit("/", 1)[-1].startswith(".")]
        if not found:
            raise NotFound(f"{argument}: nothing there")
        return sorted(f"{scheme}://{name}" for name in found)


def _system(location: str) -> Any:
    scheme = location.split("://", 1)[0].lower()
    if scheme != "s3":
        raise BadInput(f"{location}: data sets are read from paths and from s3://, not from {scheme}://")
    if importlib.util.find_spec("s3fs") is None:
        raise MissingExtra(f"{location}: s3:// needs the extra s3: install tomeishi[s3]")
    import s3fs

    return s3fs.S3FileSystem()


@contextmanager
def _explained(location: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"{location}: no such file") from error
    except PermissionError as error:
        raise BadInput(f"{location}: not permitted to read it; check the permissions or credentials") from error
    except Exception as error:
        # botocore's errors have no common root with Python's, and importing it to name them takes half a second.
        if isinstance(error, OSError) or type(error).__module__.split(".")[0] in ("botocore", "aiobotocore"):
            what = type(error).__name__
            if "Credentials" in what or "Token" in what:
                raise BadInput(f"{location}: the store has no credentials of yours; set them and try again") from error
            line = (getattr(error, "strerror", None) or str(error) or what).strip().splitlines()[0]
            raise StorageFailure(f"{location}: the store cannot be read: {line}") from error
        raise
