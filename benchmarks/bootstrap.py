"""Intervals by bootstrap over films: what one film gives is not independent, so whole films are drawn, not clips.

Efron and Tibshirani 1993, chapter 13: the percentile interval, here at 95 %. Where every film gives the same, the
bootstrap says nothing; where nothing was seen, the exact upper limit over films (Clopper and Pearson 1934) is said.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
DRAWS = 1000


def interval(films: Sequence[T], figure: Callable[[Sequence[T]], float], *, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of `figure` over DRAWS draws of as many films as there are, with replacement."""
    rng = np.random.default_rng(seed)
    values = [figure([films[i] for i in rng.integers(0, len(films), len(films))]) for _ in range(DRAWS)]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def mean_interval(by_film: Sequence[Sequence[float]], *, seed: int = 0) -> tuple[float, float]:
    """The same for the mean of all values of the films drawn, which is quicker to compute."""
    kept = [values for values in by_film if len(values)]
    if not kept:
        return 0.0, 1.0
    sums = np.array([sum(values) for values in kept])
    counts = np.array([len(values) for values in kept])
    drawn = np.random.default_rng(seed).integers(0, len(kept), (DRAWS, len(kept)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def none_of(count: int) -> float:
    """Upper end of the exact 95 % interval (two-sided) of a share, where it was seen in none of `count` films."""
    return float(1 - 0.025 ** (1 / count)) if count else 1.0
