"""The pictures of a query that stay at hand for a closer look, and what glances at views of them show.

Memory is bounded: past `_MOST_BYTES` every second picture is given up, and from then on every second is kept.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import Rows
from tomeishi.fingerprint.local import MOST, Local, local_features
from tomeishi.fingerprint.views import View
from tomeishi.matching.matches import MIN_QUALITY
from tomeishi.matching.score import telling
from tomeishi.media.sample import Frame

GLANCE_EVERY = 5
"""Samples from one glance to the next."""
_MOST_BYTES = 128 << 20
"""Five minutes of 512 x 288 at two a second."""
_FEATURES_AT_HAND = 256


@dataclass(slots=True, eq=False)
class Glimpses:
    """Rows of one view of every GLANCE_EVERY-th sample."""

    view: View
    times_s: list[float] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)

    def told(self) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
        """Times, unit rows and how much each says; blank ones left out."""
        quality = np.concatenate([rows.quality for rows in self.rows])
        kept = quality >= MIN_QUALITY
        values = np.concatenate([rows.values for rows in self.rows])[kept]
        return np.array(self.times_s, np.float64)[kept], values.astype(np.float32), telling(quality[kept])


class Pictures:
    """Filled while a query is described (`see`), then asked."""

    def __init__(self, views: Sequence[View]) -> None:
        self.glimpses = [Glimpses(view) for view in views]
        self._frames: list[Frame] = []
        self._features: OrderedDict[float, Local] = OrderedDict()
        self._seen = 0
        self._stride = 1
        self._bytes = 0

    def see(self, frames: Sequence[Frame], _: Sequence[Rows]) -> None:
        """The next batch of samples, all of one size."""
        glanced = [frame for n, frame in enumerate(frames, self._seen) if n % GLANCE_EVERY == 0]
        for glimpses in self.glimpses if glanced else ():
            glimpses.rows.append(glimpses.view.describe(np.stack([frame.pixels for frame in glanced])))
            glimpses.times_s += [frame.time_s for frame in glanced]
        for frame in frames:
            if self._seen % self._stride == 0:
                self._keep(frame)
            self._seen += 1

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
