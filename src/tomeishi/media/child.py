"""The guarded process: reads one file from standard input, answers in messages on standard output, and ends.

It is started by `guard` with the task as JSON in its only argument. It imports what the task needs, confines itself
(`confine`), and only then reads the file. It never learns the file's name and imports no numpy: it starts in a tenth
of a second.

A message is two big-endian lengths, a JSON object and raw bytes. Kinds: `info`, `frame`, `sound`, `manifest`, and
last either `done` or `failed`.
"""

import io
import json
import os
import struct
import sys
from collections.abc import Mapping
from typing import Any, Protocol

LENGTHS = struct.Struct(">II")
"""Length of the JSON object and of the raw bytes that follow it."""


class Unreadable(Exception):
    """The file cannot be read; the text says why, without the file's name."""


class Emit(Protocol):
    """Hands one message to the parent."""

    def __call__(self, kind: str, body: bytes = b"", /, **fields: object) -> None: ...


class Answers:
    """The messages sent so far, and how many bytes may still follow."""

    def __init__(self, descriptor: int, output_bytes: int) -> None:
        self._descriptor = descriptor
        self._left = output_bytes

    def emit(self, kind: str, body: bytes = b"", /, **fields: object) -> None:
        """Raises `OutputSpent` where the message would pass the limit on output."""
        start = beginning(kind, body, fields)
        size = len(start) + len(body)
        if body and size > self._left:
            raise OutputSpent
        self._left -= size
        for part in (start, body):
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


class OutputSpent(Exception):
    """The next message would pass `Limits.output_bytes`."""


def beginning(kind: str, body: bytes, fields: Mapping[str, object]) -> bytes:
    """A message up to its raw bytes."""
    header = json.dumps({"kind": kind, **fields}).encode()
    return LENGTHS.pack(len(header), len(body)) + header


def failure(error: BaseException, limits: Mapping[str, Any]) -> dict[str, object]:
    """The fields of a `failed` message: a decoder may fail in any way; the parent hears of it in one line."""
    match error:
        case Unreadable():
            return {"why": str(error)}
        case MemoryError():
            return {"memory": True}
        case OutputSpent():
            return {"why": f"more than {limits['output_bytes']:,} bytes of samples came out of it"}
        case _:
            return {"why": f"the decoder stopped: {type(error).__name__}: {error}"}


def load_codecs() -> None:
    """Text codecs are imported when they are first used, and nothing can be imported later on."""
    for encoding in ("ascii", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32-be"):
        "".encode(encoding)


def first_bytes(file: io.FileIO) -> bytes:
    """The head by which a format is told; the position goes back to the start."""
    head = file.read(64) or b""
    file.seek(0)
    return head


def main() -> None:
    task: dict[str, Any] = json.loads(sys.argv[-1])
    limits = task["limits"]
    # Whatever a library prints must not end up between two messages.
    answers = Answers(os.dup(1), limits["output_bytes"])
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.close(silence)
    file = io.FileIO(0, "rb")
    try:
        _answer(task, limits, file, answers.emit)
    except Exception as error:  # a decoder may fail in any way on a hostile file; `failure` tells which
        answers.emit("failed", **failure(error, limits))
    # Libraries are not taken down in order: a damaged decoder might hang there, and it takes time.
    os._exit(0)


def _answer(task: Mapping[str, Any], limits: Mapping[str, Any], file: io.FileIO, emit: Emit) -> None:
    from tomeishi.media.confine import confine

    load_codecs()
    if task["do"] == "provenance":
        from tomeishi.media import credentials

        credentials.prepare()
        confine(limits["memory_bytes"], limits["cpu_s"])
        credentials.read(file, emit)
        return
    from tomeishi.media import pictures

    form = pictures.form_of(first_bytes(file))
    if form is not None:
        if task["do"] == "sound":
            raise Unreadable("holds a picture and no sound")
        pictures.prepare(form)
        confine(limits["memory_bytes"], limits["cpu_s"])
        pictures.answer(task, form, file, emit)
        return
    from tomeishi.media import moving, seeking, soundtrack, tracks

    confine(limits["memory_bytes"], limits["cpu_s"])
    opened = tracks.open_media(file, limits["pixels"])
    if task["do"] == "sound":
        soundtrack.answer(task, opened, emit)
    elif task["do"] == "frames":
        seeking.answer(task, opened, emit)
    elif opened.video is not None:
        moving.answer(task, opened, emit)
    else:
        soundtrack.describe_only(opened, emit)
