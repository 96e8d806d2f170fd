"""The pictures of a query that stay at hand for a closer look, and what glances at views of them show.

Memory is bounded: past `_MOST_BYTES` every second picture is given up, and from then on every second is kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import Rows
from tomeishi.fingerprint.local import MOST, Local, local_features
from tomeishi.fingerprint.seams import Seams
from tomeishi.fingerprint.standing import Glance, glance, stands_still
from tomeishi.fingerprint.views import MIDDLE, WHOLE, View
from tomeishi.matching.matches import MIN_QUALITY
from tomeishi.matching.score import telling
from tomeishi.media.sample import Frame

GLANCE_EVERY = 5
"""Samples from one glance to the next."""
_STILL_GLANCES = 4
"""Glances that a picture which stands still is spared, before it is glanced at again."""
_OF_ITS_OWN = (WHOLE, MIDDLE)
"""Boxes that no edge has to bound: a turned picture, and a screen that stands in it at an angle."""
_TELLING_PDQ = 0.5
"""PDQ's quality from which its publisher's threshold holds."""
_MOST_BYTES = 128 << 20
"""Five minutes of 512 x 288 at two a second."""
_FEATURES_AT_HAND = 256


@dataclass(frozen=True, slots=True, eq=False)
class Glimpses:
    """n looks through views: times (n,), unit rows (n, dim), and how much each says (n,); blank ones left out."""

    times_s: NDArray[np.float64]
    rows: NDArray[np.float32]
    telling: NDArray[np.float32]


Known = Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
"""Which rows of PDQ (n, 32) are registered."""


class Pictures:
    """Filled while a query is described (`see`), then asked."""

    def __init__(self, views: Sequence[View] = (), known: Known | None = None, *, seams: bool = True) -> None:
        """`views` are glanced through, those of a part that something bounds only where `seams` show it; not where a
        picture is `known`."""
        self._views = views
        self._known = known
        self._seams = Seams() if seams else None
        self._glanced: Glance | None = None
        self._unglanced = 0
        self._glimpses: list[tuple[float, Rows]] = []
        self._frames: list[Frame] = []
        self._features: OrderedDict[float, Local] = OrderedDict()
        self._seen = 0
        self._stride = 1
        self._bytes = 0

    def see(self, frames: Sequence[Frame], rows: Sequence[Rows]) -> None:
        """The next batch of samples, all of one size, with their rows; the second of `rows` are those of PDQ."""
        for number, frame in enumerate(frames):
            if self._views and self._seams is not None:
                self._seams.see(frame.pixels)
            if self._seen % GLANCE_EVERY == 0 and not self._is_known(rows, number):
                self._glance_at(frame)
            if self._seen % self._stride == 0:
                self._keep(frame)
            self._seen += 1

    def _is_known(self, rows: Sequence[Rows], number: int) -> bool:
        if self._known is None or not self._views:
            return False
        bits = rows[1].values[number : number + 1].astype(np.uint8, copy=False)
        return bool(rows[1].quality[number] >= _TELLING_PDQ and self._known(bits)[0])

    def _glance_at(self, frame: Frame) -> None:
        seen = glance(frame.pixels)
        if self._glanced is not None and stands_still(self._glanced, seen) and self._unglanced < _STILL_GLANCES:
            self._unglanced += 1
            return
        self._glanced, self._unglanced = seen, 0
        for view in self._views:
            if view.box in _OF_ITS_OWN or self._seams is None or self._seams.bounds(view.box):
                self._glimpses.append((frame.time_s, view.describe(frame.pixels[np.newaxis])))

    def glimpsed(self) -> Glimpses:
        """All that views showed."""
        if not self._glimpses:
            return Glimpses(np.zeros(0), np.zeros((0, 1), np.float32), np.zeros(0, np.float32))
        quality = np.concatenate([rows.quality for _, rows in self._glimpses])
        kept = quality >= MIN_QUALITY
        times_s = np.array([time_s for time_s, _ in self._glimpses], np.float64)
        values = np.concatenate([rows.values for _, rows in self._glimpses]).astype(np.float32)
        return Glimpses(times_s[kept], values[kept], telling(quality[kept]))

    def _keep(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._bytes += frame.pixels.nbytes
        while self._bytes > _MOST_BYTES and len(self._frames) > 1:
            self._frames = self._frames[::2]
            self._stride *= 2
            self._bytes = sum(kept.pixels.nbytes for kept in self._frames)

    @property
    def times_s(self) -> NDArray[np.float64]:
        return np.array([frame.time_s for frame in self._frames], np.float64)

    @property
    def step_s(self) -> float:
        """From one picture to the next, usually."""
        return float(np.median(np.diff(self.times_s))) if len(self._frames) > 1 else 1.0

    @property
    def frames(self) -> Sequence[Frame]:
        return self._frames

    def features_near(self, time_s: float) -> tuple[float, Local]:
        frame = self._frames[int(np.argmin(np.abs(self.times_s - time_s)))]
        if frame.time_s not in self._features:
            self._features[frame.time_s] = local_features(frame.pixels, 2 * MOST)
            if len(self._features) > _FEATURES_AT_HAND:
                self._features.popitem(last=False)
        return frame.time_s, self._features[frame.time_s]
