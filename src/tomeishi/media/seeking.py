"""The frames on the screen at given times, in the guarded process: seek to a key frame before, decode forward."""

from collections.abc import Iterator, Mapping
from typing import Any

import av.error
from av.video.frame import VideoFrame

from tomeishi.media.child import Emit, Unreadable
from tomeishi.media.choosing import SAME_MOMENT_S
from tomeishi.media.display import Painter
from tomeishi.media.moving import Reading, frames
from tomeishi.media.tracks import Opened

_WALK_RATHER_THAN_SEEK_S = 4.0


class Walk:
    """Goes through a film from key frame to key frame, to the frame shown at a time; times asked for must rise."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        # A flush makes some decoders forget how many frames they must hold back to put them in order.
        self._reorder_depth = opened.video.codec_context.reorder_depth
        self._frames: Iterator[tuple[float, VideoFrame]] = iter(())
        self._now: tuple[float, VideoFrame] | None = None
        self._ahead: tuple[float, VideoFrame] | None = None

    def shown_at(self, time_s: float) -> tuple[float, VideoFrame]:
        """The frame on the screen at `time_s`; the first or last one for a time outside the film."""
        if self._now is None or time_s - self._now[0] > _WALK_RATHER_THAN_SEEK_S:
            self._seek(time_s)
        if self._now is None:
            raise Unreadable(f"no frame could be decoded near {time_s:.3f} s")
        while self._ahead is not None and self._ahead[0] <= time_s + SAME_MOMENT_S:
            self._now, self._ahead = self._ahead, next(self._frames, None)
        return self._now

    def _seek(self, time_s: float) -> None:
        """Stand on a frame shown no later than `time_s`; further back where an index points past it."""
        # The last try aims before the beginning: in a broadcast stream (MPEG-TS) even the first frame is decoded
        # earlier than it is shown, and would be missed.
        for target_s in (time_s, time_s - 2, time_s - 10, time_s - 60, -10.0):
            self._start_from(target_s)
            if self._now is not None and self._now[0] <= time_s + SAME_MOMENT_S:
                return

    def _start_from(self, time_s: float) -> None:
        video = self._opened.video
        stamp = round((time_s + self._opened.origin) / video.time_base)
        try:
            self._opened.container.seek(stamp, stream=video, backward=True)
        except av.error.FFmpegError:
            self._now = self._ahead = None
            return
        video.codec_context.reorder_depth = self._reorder_depth
        self._frames = frames(self._opened, Reading())
        self._now, self._ahead = next(self._frames, None), next(self._frames, None)


def answer(task: Mapping[str, Any], opened: Opened, emit: Emit) -> None:
    """One `frame` message for each distinct frame; `serves` are the positions in `times_s` that show it."""
    if opened.video is None:
        raise Unreadable("holds sound and no picture")
    painter, walk = Painter(opened, task["limits"]["pixels"]), Walk(opened)
    times_s: list[float] = task["times_s"]
    current: tuple[float, VideoFrame] | None = None
    serves: list[int] = []
    for position in sorted(range(len(times_s)), key=times_s.__getitem__):
        shown = walk.shown_at(times_s[position])
        if current is not None and shown[0] != current[0]:
            painter.hand_over(current[1], emit, time_s=current[0], serves=serves)
            serves = []
        current = shown
        serves.append(position)
    if current is not None:
        painter.hand_over(current[1], emit, time_s=current[0], serves=serves)
    emit("done")
