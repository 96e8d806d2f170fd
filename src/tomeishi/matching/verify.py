"""Geometric verification: whether two pictures show the same, and which part of each does.

Features that resemble each other are paired; each pair alone, having a place, a size and a direction, proposes how
one picture lies in the other (Philbin et al. 2007), the proposal that most pairs agree with is fitted by least
squares to an affine map and, where that explains more, to a perspective one. No chance is involved: equal pictures
give equal answers. Pure.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.local import BITS, MIRRORED, Local
from tomeishi.values import Outline

Map = NDArray[np.float64]
"""(3, 3), from the reference's picture to the query's, both in shares of their longer side."""

_FARTHEST_BITS = 40
"""Of 128: features of unlike places differ in about 64."""
_RATIO = 0.85
"""A feature counts if its nearest is that much nearer than its second nearest (Lowe 2004, 7.1)."""
_FEWEST = 4
_TOLERANCE = 0.02
"""Of the longer side of the query's picture."""
_SCALES = (0.12, 8.0)
_MOST_SQUEEZED = 2.5
_CELL = 0.02
"""Places nearer than this, in shares of the longer side, count once: SIFT often finds a place several times."""


@dataclass(frozen=True, slots=True, eq=False)
class Verified:
    """How the reference's picture lies in the query's."""

    inliers: int
    """Different places that agree, on the side that has fewer."""
    spread: float
    """Share of what is seen of the reference that they span, in [0, 1]: a single figure spans little."""
    share: float
    """Of the places where either picture could agree with the other, on the side that has fewer, in (0, 1]: of two that
    share a figure and nothing else, the rest speaks against it."""
    mirrored: bool
    map: Map
    query_region: Outline
    """Where the query shows it."""
    reference_region: Outline
    """What of the reference is seen."""

    @property
    def turned(self) -> float:
        """Degrees by which the query's picture is turned, in (-180, 180]."""
        a, c = self.map[0, 0] * (-1 if self.mirrored else 1), self.map[1, 0] * (-1 if self.mirrored else 1)
        return float(np.degrees(np.arctan2(c, a)))

    @property
    def scale(self) -> float:
        return float(np.sqrt(abs(np.linalg.det(self.map[:2, :2]))))


def verify(query: Local, reference: Local) -> Verified | None:
    """The best way to lay `reference` into `query`, mirrored or not; None where nothing agrees."""
    if min(len(query), len(reference)) < _FEWEST:
        return None
    mine, theirs = _signs(query), _signs(reference)
    found = [_laid(query, reference, mine @ theirs[:, order].T, mirrored) for order, mirrored in _WAYS]
    return max((each for each in found if each is not None), key=lambda each: each.inliers, default=None)


_WAYS: tuple[tuple[NDArray[np.intp], bool], ...] = ((np.arange(BITS), False), (MIRRORED, True))


def _signs(features: Local) -> NDArray[np.float32]:
    return np.unpackbits(features.bits, axis=1).astype(np.float32) * 2 - 1


def _laid(query: Local, reference: Local, agreement: NDArray[np.float32], mirrored: bool) -> Verified | None:
    pairs = _paired(agreement)
    if len(pairs) < _FEWEST:
        return None
    q, r = query.points[pairs[:, 0]].astype(np.float64), reference.points[pairs[:, 1]].astype(np.float64)
    if mirrored:
        r = r * (-1, 1, 1, 1)
        r[:, 3] = np.pi - r[:, 3]
    agreeing = _proposed(q, r)
    laid = _fitted(q[:, :2], r[:, :2], agreeing)
    if laid is None:
        return None
    matrix, inside = laid
    if mirrored:
        matrix = matrix @ np.diag([-1.0, 1.0, 1.0])
        r[:, 0] *= -1
    regions = _regions(matrix, query, reference)
    if regions is None:
        return None
    inliers = min(_places(q[inside]), _places(r[inside]))
    if inliers < _FEWEST:
        return None
    could = min(
        _seen_places(matrix, reference, query),
        _seen_places(np.asarray(np.linalg.inv(matrix), np.float64), query, reference),
    )
    shown = regions[1] * (reference.width, reference.height)
    hull = cv2.convexHull(r[inside, :2].astype(np.float32))
    spread = float(cv2.contourArea(hull) / max(cv2.contourArea(shown.astype(np.float32)), 1e-6))
    share = min(1.0, inliers / max(could, 1))
    return Verified(inliers, min(1.0, spread), share, mirrored, matrix, _outline(regions[0]), _outline(regions[1]))


def _paired(agreement: NDArray[np.float32]) -> NDArray[np.intp]:
    """(m, 2): features that are each other's nearest, and clearly so."""
    differing = (BITS - agreement) / 2
    if min(differing.shape) < 2:
        return np.zeros((0, 2), np.intp)
    every = np.arange(len(differing))
    nearest = differing.argmin(axis=1)
    two = np.partition(differing, 1, axis=1)[:, :2]
    mutual = differing.argmin(axis=0)[nearest] == every
    kept = mutual & (two[:, 0] <= _FARTHEST_BITS) & (two[:, 0] < _RATIO * two[:, 1])
    return np.stack([every[kept], nearest[kept]], axis=1)


def _proposed(q: NDArray[np.float64], r: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(m,): the pairs that agree with the proposal of the best pair; each pair proposes a similarity."""
    scale = q[:, 2] / r[:, 2]
    turn = q[:, 3] - r[:, 3]
    c, s = np.cos(turn) * scale, np.sin(turn) * scale
    x = c[:, None] * (r[None, :, 0] - r[:, None, 0]) - s[:, None] * (r[None, :, 1] - r[:, None, 1]) + q[:, None, 0]
    y = s[:, None] * (r[None, :, 0] - r[:, None, 0]) + c[:, None] * (r[None, :, 1] - r[:, None, 1]) + q[:, None, 1]
    near = np.hypot(x - q[None, :, 0], y - q[None, :, 1]) < 3 * _TOLERANCE
    alike = np.abs(np.log(scale[:, None] / scale[None])) < 0.5
    turned = np.abs((turn[:, None] - turn[None] + np.pi) % (2 * np.pi) - np.pi) < 0.5
    agreeing = near & alike & turned
    agreeing[~((scale > _SCALES[0]) & (scale < _SCALES[1]))] = False
    return np.asarray(agreeing[agreeing.sum(axis=1).argmax()])


def _fitted(
    q: NDArray[np.float64], r: NDArray[np.float64], inside: NDArray[np.bool_]
) -> tuple[Map, NDArray[np.bool_]] | None:
    """The map from r to q and the pairs that keep to it."""
    ones = np.column_stack([r, np.ones(len(r))])
    matrix = np.eye(3)
    for tolerance in (2 * _TOLERANCE, _TOLERANCE, _TOLERANCE):
        if inside.sum() < _FEWEST:
            return None
        some = ones[inside]
        # By normal equations: three unknowns need no decomposition, which would start threads for so small a thing.
        held_back = some.T @ some + 1e-9 * np.eye(3)
        matrix[:2] = np.linalg.solve(held_back, some.T @ q[inside]).T
        inside = np.hypot(*(ones @ matrix[:2].T - q).T) < tolerance
    if inside.sum() < _FEWEST or not _plausible(matrix[:2, :2]):
        return None
    if inside.sum() >= 3 * _FEWEST:
        bent, _ = cv2.findHomography(r[inside], q[inside], 0)
        if bent is not None and abs(bent[2, 2]) > 1e-9:
            mapped = ones @ bent.T
            kept = np.hypot(*(mapped[:, :2] / mapped[:, 2:] - q).T) < _TOLERANCE
            if kept.sum() >= 1.1 * inside.sum() and _plausible(bent[:2, :2] / bent[2, 2]):
                return np.asarray(bent / bent[2, 2]), kept
    return matrix, inside


def _plausible(linear: NDArray[np.float64]) -> bool:
    """Not squeezed flat, not turned inside out."""
    large, small = np.linalg.svd(linear, compute_uv=False)
    return bool(np.linalg.det(linear) > 0 and small > _SCALES[0] / 2 and large <= _MOST_SQUEEZED * small)


def _regions(matrix: Map, query: Local, reference: Local) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """What both pictures show of each other, as corners in shares of width and height; None where it is nothing."""
    mine, theirs = (_corners(each.width, each.height) for each in (query, reference))
    ahead = np.column_stack([theirs, np.ones(4)]) @ matrix.T
    if (ahead[:, 2] <= 1e-6).any():
        return None
    laid = (ahead[:, :2] / ahead[:, 2:]).astype(np.float32)
    area, shared = cv2.intersectConvexConvex(laid, mine.astype(np.float32))
    if shared is None or area < 1e-3:
        return None
    shared = np.asarray(shared, np.float64).reshape(-1, 2)
    back = np.column_stack([shared, np.ones(len(shared))]) @ np.linalg.inv(matrix).T
    seen = back[:, :2] / back[:, 2:]
    return (
        np.clip(shared / (query.width, query.height), 0, 1),
        np.clip(seen / (reference.width, reference.height), 0, 1),
    )


def _corners(width: float, height: float) -> NDArray[np.float64]:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)


def _seen_places(matrix: Map, of: Local, by: Local) -> int:
    """Places with features of one picture that `matrix` lays into the other."""
    mapped = np.column_stack([of.points[:, :2], np.ones(len(of))]) @ matrix.T
    with np.errstate(divide="ignore", invalid="ignore"):
        laid = mapped[:, :2] / mapped[:, 2:]
    inside = (mapped[:, 2] > 0) & (laid >= 0).all(axis=1) & (laid <= (by.width, by.height)).all(axis=1)
    return _places(of.points[inside].astype(np.float64))


def _places(points: NDArray[np.float64]) -> int:
    return len(np.unique(np.floor(points[:, :2] / _CELL), axis=0))


def _outline(corners: NDArray[np.float64]) -> Outline:
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in corners)
