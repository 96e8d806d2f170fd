"""Samples of a media file: frames in the order in which they are shown, each with its presentation time.

For each point k / rate of the grid the first decoded frame shown at or after it is taken, with its own time (one
frame may serve several points); a scene change adds the first frame of the new shot. Leaving out non-reference
frames, the default, may take a frame up to a few frames later and is the fastest honest way to decode.
Pictures come turned, in square pixels, what shines through on white, and only ever made smaller.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from tomeishi.config import Limits
from tomeishi.errors import BadInput, UnreadableMedia
from tomeishi.media.guard import Guarded, Message, number, partial_of, reason_of, shown
from tomeishi.media.probe import MediaInfo, info_of
from tomeishi.values import Partial


class FrameChoice(StrEnum):
    """Which frames are decoded at all."""

    ALL = "all"
    NONREF = "nonref"
    """All but those that no other frame refers to; all of them, too, from where that would leave holes in the grid."""
    KEY = "key"
    """Key frames alone, for a coarse look: often seconds apart."""


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """How a file is sampled."""

    rate_hz: float = 2.0
    scene_changes: bool = True
    frames: FrameChoice = FrameChoice.NONREF
    max_side: int = 512
    """Longer side in pixels; larger frames are scaled down by area, smaller ones stay as they are."""

    def __post_init__(self) -> None:
        if not (isfinite(self.rate_hz) and 0 < self.rate_hz <= 1000):
            raise BadInput(f"a sampling rate lies above 0 and at 1000 a second at most, not {self.rate_hz}")
        if not 16 <= self.max_side <= 16384:
            raise BadInput(f"the longer side of a sample lies in 16 to 16384 pixels, not {self.max_side}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: uint8 (height, width, 3), RGB. `time_s` is its own presentation time."""

    time_s: float
    pixels: NDArray[np.uint8]
    scene_change: bool


class Sampling:
    """The frames of one file, once, in order. A context manager; closing early ends the decoding.

    A file that holds sound alone yields no frame. `duration_s` (end of the last frame) and `partial` are known when
    the last frame has been taken; asking earlier raises RuntimeError.
    """

    def __init__(self, path: Path, plan: SamplePlan, limits: Limits) -> None:
        self._max_side = plan.max_side
        task = {
            "do": "sample",
            "plan": {
                "rate_hz": plan.rate_hz,
                "scene_changes": plan.scene_changes,
                "frames": plan.frames.value,
                "max_side": plan.max_side,
            },
        }
        self._guarded = Guarded(path, task, limits, largest_body=3 * plan.max_side**2)
        self._info: MediaInfo | None = None
        self._duration_s: float | None = None
        self._partial: Partial | None = None
        self._last: Frame | None = None

    @property
    def info(self) -> MediaInfo:
        """Known as soon as the first frame is decoded, for which this waits; raises UnreadableMedia."""
        if self._info is None:
            self._info = info_of(self._guarded, self._guarded.expect("info"))
        return self._info

    @property
    def duration_s(self) -> float:
        if self._duration_s is None:
            raise RuntimeError("the duration is measured only once all frames have been taken")
        return self._duration_s

    @property
    def partial(self) -> Partial | None:
        if self._duration_s is None:
            raise RuntimeError("whether the file is whole is known only once all frames have been taken")
        return self._partial

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """Raises UnreadableMedia where not one frame can be read; what goes wrong later makes the file partial."""
        _ = self.info
        if self._duration_s is not None:
            raise StopIteration
        message = self._guarded.receive()
        if message.kind == "frame":
            self._last = frame_of(self._guarded.path, message, self._max_side)
            return self._last
        if message.kind == "done":
            self._duration_s = _checked(self._guarded.path, message, "duration_s")
            self._partial = partial_of(message)
            raise StopIteration
        if self._last is None:
            raise UnreadableMedia(f"{shown(self._guarded.path)}: {reason_of(message)}")
        self._duration_s = self._last.time_s
        self._partial = Partial(reason_of(message), self._last.time_s)
        raise StopIteration

    def close(self) -> None:
        self._guarded.close()

    def __enter__(self) -> "Sampling":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sample(path: Path, plan: SamplePlan, limits: Limits) -> Sampling:
    """Starts decoding at once, ahead of the reader. A still picture is one frame at 0 and lasts 1 s.

    Raises NotFound, or UnreadableMedia for what is no regular file; for what is no media, once it is asked for.
    """
    return Sampling(path, plan, limits)


def frames_at(path: Path, times_s: Sequence[float], limits: Limits) -> list[Frame]:
    """The frame on the screen at each of `times_s`, in that order, at full size; `time_s` is when it appeared.

    A time before the first frame gives the first, one after the end the last. Raises NotFound, UnreadableMedia.
    """
    for time_s in times_s:
        if not (isfinite(time_s) and time_s >= 0):
            raise BadInput(f"not a time in a film: {time_s} s")
    if not times_s:
        return []
    found: list[Frame | None] = [None] * len(times_s)
    task = {"do": "frames", "times_s": [float(time_s) for time_s in times_s]}
    with Guarded(path, task, limits, largest_body=3 * limits.pixels) as guarded:
        while (message := guarded.receive()).kind in ("frame", "info"):
            if message.kind == "info":
                continue
            frame = frame_of(path, message, limits.pixels)
            for position in message.fields.get("serves", ()):
                if isinstance(position, int) and 0 <= position < len(found):
                    found[position] = frame
        frames = [frame for frame in found if frame is not None]
        if message.kind != "done" or len(frames) != len(found):
            raise UnreadableMedia(f"{shown(path)}: {reason_of(message)}")
        return frames


def frame_of(name: Path | str, message: Message, max_side: int) -> Frame:
    """The checked `frame` message of a decoding process; raises UnreadableMedia where its size does not hold."""
    try:
        width = int(number(message, "width", least=1, most=max_side))
        height = int(number(message, "height", least=1, most=max_side))
        pixels = np.frombuffer(message.body, dtype=np.uint8).reshape(height, width, 3)
    except ValueError as error:
        raise UnreadableMedia(f"{shown(name)}: the decoding process handed over a broken frame") from error
    if message.fields.get("transpose"):
        pixels = pixels.transpose(1, 0, 2)
    if message.fields.get("mirror_x"):
        pixels = pixels[:, ::-1]
    if message.fields.get("mirror_y"):
        pixels = pixels[::-1]
    time_s = _checked(name, message, "time_s")
    return Frame(time_s, np.ascontiguousarray(pixels), message.fields.get("scene_change") is True)


def _checked(name: Path | str, message: Message, field: str) -> float:
    try:
        return number(message, field)
    except ValueError as error:
        raise UnreadableMedia(f"{shown(name)}: the decoding process gave a broken time") from error
