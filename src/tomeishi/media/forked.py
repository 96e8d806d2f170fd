"""The nursery: a process that never looks at a picture itself, and forks a confined one for every few.

Started by `stills`. It has imported what any picture needs, so a fork of it is ready at once where a fresh process
takes a tenth of a second. For every request it forks; the child confines itself, decodes the pictures, puts its
messages (`child`) into memory that both share, and ends. The nursery hands on that memory, unread, with how the child
ended: it knows no more of pictures than their lengths, so none can reach a later request through it.

A request is a count, as many lengths, and the bytes; an answer is how the child ended (0, or minus the signal), a
length, and that many bytes of messages.
"""

import ctypes
import gc
import io
import json
import mmap
import os
import signal
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tomeishi.media import child, confine, pictures

NUMBER = struct.Struct(">I")
ANSWER = struct.Struct(">iI")
_PR_SET_PDEATHSIG = 1


def main() -> None:
    task: dict[str, Any] = json.loads(sys.argv[-1])
    requests, answers = io.FileIO(0, "rb"), os.dup(1)
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(silence, descriptor)
    pictures.prepare("JPEG", "WEBP", "AVIF")
    child.load_codecs()
    shared = mmap.mmap(-1, ANSWER.size + task["answer_bytes"])
    # What was made so far is shared with every child for good; counting references on it would copy the pages.
    gc.collect()
    gc.freeze()
    while (asked := _request(requests)) is not None:
        shared[: ANSWER.size] = ANSWER.pack(0, 0)
        process = os.fork()
        if process == 0:
            os.close(answers)
            requests.close()
            _decode(task, asked, shared)
        _, status = os.waitpid(process, 0)
        _, length = ANSWER.unpack(shared[: ANSWER.size])
        length = min(length, len(shared) - ANSWER.size)
        shared[: ANSWER.size] = ANSWER.pack(os.waitstatus_to_exitcode(status), length)
        rest = memoryview(shared)[: ANSWER.size + length]
        while rest:
            rest = rest[os.write(answers, rest) :]


def _request(file: io.FileIO) -> list[bytes] | None:
    """The bytes of each picture; None once nobody asks any more."""
    header = _exactly(file, NUMBER.size)
    if header is None:
        return None
    lengths = _exactly(file, NUMBER.size * NUMBER.unpack(header)[0]) or b""
    parts = [_exactly(file, length) for (length,) in NUMBER.iter_unpack(lengths)]
    return [bytes(part) for part in parts if part is not None]


def _exactly(file: io.FileIO, length: int) -> bytearray | None:
    data = bytearray(length)
    view = memoryview(data)
    while view:
        count = file.readinto(view)
        if not count:
            return None
        view = view[count:]
    return data


def _decode(task: Mapping[str, Any], asked: Sequence[bytes], shared: mmap.mmap) -> None:
    """In the child: these pictures, and the end."""
    if sys.platform == "linux":
        # With the nursery gone, nobody would wait for this process or end it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    limits = task["limits"]
    shared.seek(ANSWER.size)

    def emit(kind: str, body: bytes = b"", /, **fields: object) -> None:
        start = child.beginning(kind, body, fields)
        if shared.tell() + len(start) + len(body) > len(shared):
            raise child.OutputSpent
        shared.write(start)
        shared.write(body)
        shared[: ANSWER.size] = ANSWER.pack(0, shared.tell() - ANSWER.size)

    confine.confine(limits["memory_bytes"], limits["cpu_s"])
    for data in asked:
        form = pictures.form_of(data[:64])
        if form is None:
            emit("failed", why="is no picture of a known format")
            continue
        try:
            pictures.answer(task, form, io.BytesIO(data), emit)
        except Exception as error:  # as in `child`
            emit("failed", **child.failure(error, limits))
    os._exit(0)
