"""Colour layout of a figure: which colours it shows and at what height, beside what the descriptor knows of its forms.

Palettes tell figures of one hand apart where forms are alike, and say little across artists; descriptors are the other
way round. A row is the square root of a histogram in CIELAB over bands from head to foot, so that the inner product of
two rows is their Bhattacharyya coefficient (Aherne et al., Kybernetika 1998).
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE = 32
_BINS = (5, 8, 8)
"""Of lightness, green to red, blue to yellow."""
_SPREAD = 72.0
"""Of a and b to each side of grey; what lies beyond counts as the last bin."""
_BANDS = 4
DIM = _BANDS * _BINS[0] * _BINS[1] * _BINS[2]
SHARE = 0.5
"""What full agreement of colours adds to a descriptor's inner product."""
POWER = 4
_PLAIN = 6.0
"""A border whose pixels' median distance from its own median colour (CIE76) is below this is a plain ground."""
_GROUND = 9.0
"""What lies within this of a plain ground's colour is ground."""


def colour_rows(samples: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Rows (n, `DIM`) float32 of unit length for square crops of figures (n, side, side, 3), uint8 RGB.

    On a plain ground (the border is of nearly one colour) the ground doesn't count; elsewhere pixels count by their
    nearness to the centre. Raises ValueError for another shape or type.
    """
    if samples.dtype != np.uint8 or samples.ndim != 4 or samples.shape[3] != 3 or samples.shape[1] != samples.shape[2]:
        raise ValueError(f"colour rows are made of uint8 (n, side, side, 3), not {samples.dtype} {samples.shape}")
    small = [cv2.resize(sample, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for sample in samples]
    if not small:
        return np.zeros((0, DIM), np.float32)
    lab = [cv2.cvtColor(each.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for each in small]
    return _rows(np.stack(lab).astype(np.float32))


def fused(forms: NDArray[np.floating[Any]], colours: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Score of pairs in [-1, 1 + `SHARE`] from the inner products of their descriptor rows and of their colour rows.

    Both have the same shape. Colours that differ say little, as other artists and costumes have others; colours that
    agree nearly wholly say much: hence the power. It and the share were chosen on figures that no table of results
    shows (weights/figure-2.md).
    """
    return np.asarray(forms, np.float64) + SHARE * np.maximum(np.asarray(colours, np.float64), 0) ** POWER


def _rows(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of pictures (n, side, side, 3) in CIELAB, all at once: most of the time would go into small steps."""
    weights = np.stack([_weights(each) for each in lab]).reshape(-1)
    shape = (len(lab), *_BINS, _BANDS)
    heights = np.broadcast_to(np.arange(_SIDE)[:, None] / (_SIDE - 1) * (_BANDS - 1), lab.shape[:3])
    places = np.stack(
        [
            lab[..., 0] / 100 * (_BINS[0] - 1),
            (lab[..., 1] / _SPREAD + 1) / 2 * (_BINS[1] - 1),
            (lab[..., 2] / _SPREAD + 1) / 2 * (_BINS[2] - 1),
            heights,
        ]
    ).reshape(4, -1)
    tops = np.array(shape[1:])[:, None]
    places = np.clip(places, 0, tops - 1)
    floors = np.minimum(places.astype(np.int64), tops - 2)
    above = places - floors
    bins = np.ravel_multi_index((np.repeat(np.arange(len(lab)), _SIDE * _SIDE), *floors), shape)
    steps = np.array([*np.cumprod(shape[:1:-1])[::-1], 1])
    histogram = np.zeros(len(lab) * DIM)
    for corner in np.ndindex(2, 2, 2, 2):
        share = weights.copy()
        for axis, up in enumerate(corner):
            share *= above[axis] if up else 1 - above[axis]
        histogram += np.bincount(bins + int(steps @ corner), share, minlength=len(histogram))
    layout = histogram.reshape(len(lab), DIM)
    return np.asarray(np.sqrt(layout / layout.sum(axis=1, keepdims=True)), np.float32)


def _weights(lab: NDArray[np.float32]) -> NDArray[np.float64]:
    border = np.concatenate([lab[0], lab[-1], lab[1:-1, 0], lab[1:-1, -1]])
    ground = np.median(border, axis=0)
    if np.median(np.linalg.norm(border - ground, axis=1)) < _PLAIN:
        figure = np.linalg.norm(lab - ground, axis=2) > _GROUND
        if figure.mean() > 0.02:
            return np.where(figure, 1.0, 0.0)
    return _central()


@cache
def _central() -> NDArray[np.float64]:
    line = np.linspace(-1, 1, _SIDE)
    weights: NDArray[np.float64] = np.exp(-(line[:, None] ** 2 / 0.5 + line[None] ** 2 / 0.25))
    return weights
