"""The whole look of a query beside the looks of registered works: what a hand leaves in every picture.

A *look* is the mean of the rows that the image descriptor gave the pictures of a film, or of one picture; a work's is
the mean over its references. Rows of the descriptor were trained to tell objects apart and are whitened, so that what
many pictures of one hand share adds up, and what they show does not. How far that goes is measured by
`benchmarks/style.py`: works are ranked, none is ever found so. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tomeishi.registry.references import Reference

NEAREST = 3
"""Works that are named at most."""
NEAR = 0.225
"""Similarity above what is common from which one is. Of pictures by hands that are registered 51 in 100 reach it, by
hands that are not 9 (`benchmarks/results/style-development.json`)."""
_FEW = 8
"""Works from which the middle one says what is common; where there are fewer, the missing have nothing in common."""

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NearLook:
    """A work whose look a query comes near, and how near works commonly come to it."""

    reference: Reference
    """One of the work's."""
    similarity: float
    """Cosine of the two looks, in [-1, 1]; no probability."""
    common: float
    """The median over all registered works: pictures on white paper have more in common than films."""


class Styles:
    """The looks of all works that have one."""

    def __init__(self, looks: Iterable[tuple[str, Rows]], references: Mapping[str, Reference]) -> None:
        """`looks` are of references, by id, each (dim,)."""
        by_work: defaultdict[str, list[Rows]] = defaultdict(list)
        shown: dict[str, Reference] = {}
        for reference_id, look in looks:
            reference = references[reference_id]
            by_work[reference.work_id].append(look)
            shown.setdefault(reference.work_id, reference)
        self._shown = tuple(shown.values())
        self._looks = np.array([look_of(np.stack(each)) for each in by_work.values()], np.float32)

    def nearest(self, rows: Rows) -> Sequence[NearLook]:
        """To the rows (n, dim) of a query, the nearest first; those that are near at all."""
        if not len(rows) or not len(self._looks):
            return ()
        similar = self._looks @ look_of(rows)
        common = float(np.median(np.append(similar, np.zeros(max(0, _FEW - len(similar))))))
        first = np.argsort(-similar, kind="stable")[:NEAREST]
        return [NearLook(self._shown[n], float(similar[n]), common) for n in first if similar[n] - common >= NEAR]


def look_of(rows: Rows) -> Rows:
    """Of unit length, of rows (n, dim); zeros where they cancel out."""
    mean = rows.astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(mean))
    return np.asarray(mean / length if length > 1e-9 else np.zeros_like(mean), np.float32)
