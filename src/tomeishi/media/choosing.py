"""Which frames of a film become samples, in the guarded process.

Frames are offered in the order in which they are shown. For each point k / rate of the grid the first frame shown at
or after it is taken, with its own time; one frame may serve several points. Besides these, a scene change adds the
first frame of the new shot.
"""

from collections import deque
from operator import mul

from PIL import Image, ImageChops

SAME_MOMENT_S = 1e-4
"""Times nearer than this are one moment: the rounding of time bases, far below any frame's duration."""

THUMBNAIL = (128, 72)
_CUT_AT_LEAST = 9.0
_CUT_TIMES_USUAL = 3.5
_CUT_GAP_S = 0.2


class Grid:
    """Which times of a rising sequence are samples at `rate_hz`."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._next = 0

    def takes(self, time_s: float) -> bool:
        """Whether the frame shown at `time_s` is the first at or after a point not yet served."""
        if time_s < self._next / self._rate_hz - SAME_MOMENT_S:
            return False
        self._next = int((time_s + SAME_MOMENT_S) * self._rate_hz) + 1
        return True


class Cuts:
    """Finds the first frame of a new shot from tiny grey pictures.

    A cut is a mean difference (0-255) from the frame before of at least 9, and 3.5 times what has been usual over the
    last frames, so that neither noise nor steady movement counts. Fades are not found; the grid covers them.
    """

    def __init__(self) -> None:
        self._before: Image.Image | None = None
        self._usual: deque[float] = deque(maxlen=8)
        self._last_s = 0.0

    def sees(self, thumbnail: Image.Image, time_s: float) -> bool:
        before, self._before = self._before, thumbnail
        if before is None:
            return False
        counts = ImageChops.difference(before, thumbnail).histogram()
        difference = sum(map(mul, range(256), counts)) / (thumbnail.width * thumbnail.height)
        usual = sum(self._usual) / len(self._usual) if self._usual else 0.0
        self._usual.append(difference)
        if difference < max(_CUT_AT_LEAST, _CUT_TIMES_USUAL * usual) or time_s - self._last_s < _CUT_GAP_S:
            return False
        # The jump itself says nothing about how lively the new shot is.
        self._usual.clear()
        self._last_s = time_s
        return True


def thumbnail_of(grey: Image.Image) -> Image.Image:
    """A tiny picture for `Cuts`: points of `grey` (mode L), then averaged by fours, which costs next to nothing."""
    return grey.resize(THUMBNAIL, Image.Resampling.NEAREST).reduce(4)
