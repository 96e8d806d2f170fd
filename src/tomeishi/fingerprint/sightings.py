"""Figures seen in a query: boxes that may hold one, described while its frames pass by."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import Descriptor, Rows
from tomeishi.fingerprint.figure import square
from tomeishi.fingerprint.regions import regions
from tomeishi.media.sample import Frame
from tomeishi.values import Box

SOONEST_S = 0.9
"""From one look to the next, except where a shot begins."""
_STANDS_STILL = 1.5
"""Mean difference of a small copy, in levels of 255, up to which the last look still holds."""
LEAST_DETAIL = 0.05
"""Quality of a square below which there is nothing to see in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """n boxes, in order of time."""

    times_s: NDArray[np.float64]
    """(n,)"""
    shots: NDArray[np.int64]
    """(n,), counted from 0: two of one number lie in one shot."""
    boxes: tuple[Box, ...]
    rows: NDArray[np.float32]
    """(n, dim), unit length."""


class Onlooker:
    """Shown the frames of a query (`see`), then asked for what it saw."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._descriptor = descriptor
        self._times_s: list[float] = []
        self._shots: list[int] = []
        self._boxes: list[Box] = []
        self._rows: list[NDArray[np.float32]] = []
        self._shot = 0
        self._before: Frame | None = None
        self._looked_s = -np.inf
        self._last: NDArray[np.float32] | None = None

    def see(self, frames: Sequence[Frame], _: Sequence[Rows] = ()) -> None:
        """The next batch of samples, all of one size."""
        for frame in frames:
            if frame.scene_change and self._before is not None:
                self._shot += 1
                self._before, self._last = None, None
            if self._last is None or frame.time_s - self._looked_s >= SOONEST_S:
                self._look(frame, regions(frame.pixels, None if self._before is None else self._before.pixels))
            self._before = frame

    def sightings(self, *, still: bool) -> Sightings:
        """What was seen; of a `still`, which has one chance, all tiles are described too."""
        if still and self._before is not None:
            self._times_s, self._shots, self._boxes, self._rows, self._last = [], [], [], [], None
            self._look(self._before, regions(self._before.pixels, still=True))
        return Sightings(
            np.array(self._times_s, np.float64),
            np.array(self._shots, np.int64),
            tuple(self._boxes),
            np.concatenate([np.zeros((0, self._descriptor.spec.dim), np.float32), *self._rows]),
        )

    def _look(self, frame: Frame, boxes: Sequence[Box]) -> None:
        small = cv2.resize(frame.pixels, (32, 18), interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._last is not None and float(np.abs(small - self._last).mean()) <= _STANDS_STILL:
            return
        self._last, self._looked_s = small, frame.time_s
        if not boxes:
            return
        described = self._descriptor.describe(np.stack([square(frame.pixels, box) for box in boxes]))
        kept = described.quality >= LEAST_DETAIL
        self._times_s += [frame.time_s] * int(kept.sum())
        self._shots += [self._shot] * int(kept.sum())
        self._boxes += [box for box, keep in zip(boxes, kept, strict=True) if keep]
        self._rows.append(described.values[kept].astype(np.float32))
