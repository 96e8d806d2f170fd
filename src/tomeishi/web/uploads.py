"""Files that come in: streamed to the disk piece by piece, bounded, named by us, known by their digest.

Of the name that the sender gave only its last part is kept, as a word to show: nothing is opened by it. What a file
claims to be is not looked at either; the guarded process that decodes it finds out.
"""

import hashlib
import os
import secrets
import shutil
import stat
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import python_multipart
from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from python_multipart.exceptions import FormParserError
from starlette.concurrency import run_in_threadpool

from tomeishi import clock
from tomeishi.config import SPOOL_BYTES
from tomeishi.errors import BadInput, StorageFailure, TooLarge

FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
"""How the documentation describes a form with one file."""

MOST_FIELDS = 32
FIELD_BYTES = 64 * 1024
NAME_BYTES = 200


LOOK_BYTES = 16 << 20
"""Of one upload, between looks at how full the spool is."""
STALE_S = 24 * 3600.0
"""What has lain in the spool for so long was left by a process that was killed, or by somebody who went home."""


@dataclass(frozen=True, slots=True)
class Spool:
    """The folder of uploads under way, which all processes of an installation share; bounded in total."""

    folder: Path
    most_bytes: int = SPOOL_BYTES

    def refuse_more(self, size_bytes: int) -> None:
        """StorageFailure where `size_bytes` more would not fit; what is stale is cleared away first."""
        if self._used() + size_bytes > self.most_bytes and self._clear() + size_bytes > self.most_bytes:
            gib = self.most_bytes / (1 << 30)
            raise StorageFailure(f"the space for uploads under way ({gib:.3g} GiB) is full; try again later")

    def _used(self) -> int:
        return sum(found.st_size for _, found in _files(self.folder))

    def _clear(self) -> int:
        """How many bytes are left."""
        before, left = clock.now().timestamp() - STALE_S, 0
        for path, found in _files(self.folder):
            if found.st_mtime < before:
                path.unlink(missing_ok=True)
            else:
                left += found.st_size
        for staged in (self.folder / "imports").glob("*"):
            if not any(_files(staged)):
                shutil.rmtree(staged, ignore_errors=True)
        return left


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Those that are still there when they are looked at."""
    for path in folder.rglob("*"):
        with suppress(OSError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                yield path, found


@dataclass(slots=True)
class Uploaded:
    """What a form held: at most one file, in the field `file`, and short texts."""

    path: Path | None = None
    """Where the file lies until the request has been answered; whoever wants to keep it moves it away."""
    name: str = "upload"
    digest: str = ""
    size_bytes: int = 0
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """BadInput where none was sent."""
        if self.path is None:
            raise BadInput("send the file in the field `file` of a form (multipart/form-data)")
        return self.path


def shown_name(given: str) -> str:
    """The last part of a name, printable and bounded: what a file system can take."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    last = "".join(letter for letter in unicodedata.normalize("NFC", last) if unicodedata.category(letter)[0] != "C")
    return last.encode()[-NAME_BYTES:].decode(errors="ignore").strip(". ") or "upload"


async def _uploaded(request: Request) -> AsyncIterator[Uploaded]:
    found = Uploaded()
    spool: Spool = request.app.state.spool
    try:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            declared = request.headers.get("content-length", "")
            await run_in_threadpool(spool.refuse_more, int(declared) if declared.isdigit() else 0)
            await _receive(request, spool, found)
        yield found
    finally:
        if found.path is not None:
            found.path.unlink(missing_ok=True)


Upload = Annotated[Uploaded, Depends(_uploaded)]
"""The parameter of a handler that takes a form; stand it after `asked`, so that nobody unknown sends a byte of it."""


def takes_uploads(dependant: Dependant) -> bool:
    """Whether a handler has such a parameter."""
    return any(each.call is _uploaded or takes_uploads(each) for each in dependant.dependencies)


async def _receive(request: Request, spool: Spool, found: Uploaded) -> None:
    parts = _Parts(found, spool)
    boundary = python_multipart.multipart.parse_options_header(request.headers["content-type"])[1].get(b"boundary")
    if not boundary:
        raise BadInput("the form names no boundary")
    parser = python_multipart.MultipartParser(boundary, parts.callbacks())
    try:
        async for chunk in request.stream():
            await run_in_threadpool(parser.write, chunk)
        parser.finalize()
    except FormParserError as error:
        raise BadInput(f"not a form that can be read: {error}") from error
    except OSError as error:
        raise StorageFailure(f"{spool.folder}: an upload cannot be kept: {error.strerror}") from error
    finally:
        parts.close()
    if not parts.ended:
        raise BadInput("the form ends before its last part does")


class _Parts:
    """What the parser tells, one piece after the other."""

    def __init__(self, found: Uploaded, spool: Spool) -> None:
        self._found = found
        self._spool = spool
        self._headers: dict[str, str] = {}
        self._name = b""
        self._value = b""
        self._text = bytearray()
        self._field: str | None = None
        self._file: Any = None
        self._digest = hashlib.sha256()
        self._unseen = 0
        """Bytes written since the spool was looked at."""
        self.ended = False

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        self._headers, self._text, self._field = {}, bytearray(), None

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name = self._value = b""

    def _headers_finished(self) -> None:
        words = self._headers.get("content-disposition", "")
        options = python_multipart.multipart.parse_options_header(words)[1]
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            if len(self._found.fields) >= MOST_FIELDS or name in self._found.fields:
                raise BadInput(f"a form has at most {MOST_FIELDS} fields, each once")
            self._field = name
            return
        if name != "file" or self._found.path is not None:
            raise BadInput("a form holds one file, in the field `file`")
        self._found.name = shown_name(options[b"filename"].decode("utf-8", "replace"))
        self._spool.folder.mkdir(parents=True, exist_ok=True)
        self._found.path = self._spool.folder / f"{secrets.token_hex(16)}.part"
        self._file = self._found.path.open("xb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if self._field is None:
            self._digest.update(piece)
            self._found.size_bytes += len(piece)
            self._unseen += len(piece)
            if self._unseen >= LOOK_BYTES:
                self._spool.refuse_more(self._unseen)
                self._unseen = 0
            self._file.write(piece)
            return
        if len(self._text) + len(piece) > FIELD_BYTES:
            raise TooLarge(f"a field of a form has at most {FIELD_BYTES >> 10} KiB")
        self._text += piece

    def _end(self) -> None:
        if self._field is None:
            self._file.close()
            self._found.digest = f"sha256:{self._digest.hexdigest()}"
            return
        try:
            self._found.fields[self._field] = self._text.decode()
        except UnicodeDecodeError as error:
            raise BadInput(f"the field {self._field[:40]!r} is not UTF-8") from error

    def _finish(self) -> None:
        self.ended = True
