"""Still pictures by the million: a few to a process that is ready at once, forked from a nursery (`forked`).

A fresh process for each picture (`guard`) costs a tenth of a second (docs/decisions has the figures). A process sees
the pictures of one request and ends with them. Where it ends before its time, each of them is decoded again alone, so
that a picture which brings its decoder down costs nobody but itself.
"""

import os
import select
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from subprocess import PIPE, Popen

from tomeishi.config import Limits
from tomeishi.errors import UnreadableMedia
from tomeishi.media.child import LENGTHS
from tomeishi.media.forked import ANSWER, NUMBER
from tomeishi.media.guard import Message, how_it_died, message_of, partial_of, reason_of, shown, start
from tomeishi.media.sample import Frame, frame_of
from tomeishi.values import Partial

LARGEST = 64 << 20
"""Bytes of a picture that is decoded here, and of all that are asked for at once; a larger one is read as a file."""
TOGETHER = 16
"""Pictures that share a process: as many as one of them could do harm to."""
_MESSAGES = 1 << 14
"""Bytes for the messages around one picture's pixels."""
_CPU_S, _WALL_S = 30.0, 60.0
"""What one process may cost: the largest picture that `Limits.pixels` allows decodes in about 2 s."""


@dataclass(frozen=True, slots=True)
class Still:
    """What came of one picture. Without a frame and without a problem it is an animation: a film, for `sample`."""

    frame: Frame | None
    partial: Partial | None = None
    problem: str | None = None
    """Why it could not be decoded, with its name."""


class Stills:
    """A nursery and its use. Close it, or use it as a context; a nursery that died is replaced."""

    def __init__(self, limits: Limits, max_side: int) -> None:
        """Frames come as `sample` gives them, their longer side at most `max_side` pixels."""
        self._limits = replace(limits, cpu_s=min(limits.cpu_s, _CPU_S), wall_s=min(limits.wall_s, _WALL_S))
        self._max_side = max_side
        self._answer_bytes = TOGETHER * (3 * max_side**2 + _MESSAGES)
        self._nursery: Popen[bytes] | None = None
        self._finalizer: weakref.finalize[[Popen[bytes]], Stills] | None = None

    def read(self, pictures: Sequence[tuple[str, bytes]]) -> list[Still]:
        """One answer for each of `pictures` (name for messages, bytes), in their order."""
        found: list[Still] = []
        for part in _parts(pictures):
            found += self._read(part)
        return found

    def close(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        self._nursery = None

    def __enter__(self) -> "Stills":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, part: Sequence[tuple[str, bytes]]) -> list[Still]:
        if len(part) == 1 and not 0 < len(part[0][1]) <= LARGEST:
            name, data = part[0]
            return [Still(None, problem=f"{shown(name)}: a picture of {len(data):,} bytes is not read here")]
        answers, why = self._asked([data for _, data in part])
        if len(answers) == len(part) and why is None:
            return [self._still(name, messages) for (name, _), messages in zip(part, answers, strict=True)]
        if len(part) == 1:
            return [Still(None, problem=f"{shown(part[0][0])}: {why or 'the decoding process gave no answer'}")]
        # What a process that came to a bad end said of the others is not believed either.
        return [still for each in part for still in self._read([each])]

    def _still(self, name: str, messages: Sequence[Message]) -> Still:
        last = messages[-1]
        if last.kind != "done":
            return Still(None, problem=f"{shown(name)}: {reason_of(last)}")
        try:
            frames = [frame_of(name, message, self._max_side) for message in messages if message.kind == "frame"]
        except UnreadableMedia as error:
            return Still(None, problem=str(error))
        return Still(frames[0] if frames else None, partial_of(last))

    def _asked(self, parts: Sequence[bytes]) -> tuple[list[list[Message]], str | None]:
        """The messages about each picture, and why the process came to a bad end, if it did."""
        try:
            try:
                code, written = self._exchange(self._nursery or self._open(), parts)
            except TimeoutError:
                raise
            except (OSError, EOFError):  # the nursery was ended from outside, as a full memory does
                self.close()
                code, written = self._exchange(self._open(), parts)
        except TimeoutError:
            self.close()
            return [], f"decoding took longer than {self._limits.wall_s:g} s"
        except (OSError, EOFError):
            self.close()
            return [], "the process that starts decoders ended"
        return list(self._answers(written)), how_it_died(code, self._limits) if code else None

    def _open(self) -> Popen[bytes]:
        task = {"do": "still", "plan": {"max_side": self._max_side}, "answer_bytes": self._answer_bytes}
        self._nursery = nursery = start("forked", task, self._limits, PIPE)
        self._finalizer = weakref.finalize(self, _stop, nursery)
        return nursery

    def _exchange(self, nursery: Popen[bytes], parts: Sequence[bytes]) -> tuple[int, bytearray]:
        """How the child ended, and what it wrote. Raises OSError or EOFError where the nursery is gone."""
        requests, answers = nursery.stdin, nursery.stdout
        if requests is None or answers is None:
            raise EOFError
        numbers = b"".join(NUMBER.pack(number) for number in (len(parts), *map(len, parts)))
        for part in (numbers, *parts):
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(requests.fileno(), rest) :]
        end = time.monotonic() + self._limits.wall_s
        code, length = ANSWER.unpack(_exactly(answers.fileno(), ANSWER.size, end))
        if length > self._answer_bytes:
            raise EOFError
        return code, _exactly(answers.fileno(), length, end)

    def _answers(self, written: bytearray) -> Iterator[list[Message]]:
        """Complete answers only."""
        messages: list[Message] = []
        rest = memoryview(written)
        while len(rest) >= LENGTHS.size:
            header, body = LENGTHS.unpack(rest[: LENGTHS.size])
            rest = rest[LENGTHS.size :]
            if header + body > len(rest):
                return
            messages.append(message_of(bytes(rest[:header]), bytearray(rest[header : header + body]), self._limits))
            rest = rest[header + body :]
            if messages[-1].ends:
                yield messages
                messages = []


def _parts(pictures: Sequence[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    part: list[tuple[str, bytes]] = []
    size = 0
    for picture in pictures:
        if part and (len(part) == TOGETHER or not picture[1] or size + len(picture[1]) > LARGEST):
            yield part
            part, size = [], 0
        part.append(picture)
        size += len(picture[1])
        if not picture[1]:
            yield part
            part, size = [], 0
    if part:
        yield part


def _exactly(descriptor: int, length: int, end: float) -> bytearray:
    data = bytearray(length)
    view = memoryview(data)
    while view:
        left = end - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError
        count = os.readv(descriptor, [view])
        if not count:
            raise EOFError
        view = view[count:]
    return data


def _stop(nursery: Popen[bytes]) -> None:
    """The kernel ends a child that is at work along with its nursery."""
    nursery.kill()
    nursery.wait()
    for pipe in (nursery.stdin, nursery.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
