"""Groups of four landmarks and their keys, which neither pitch nor tempo changes.

A landmark leads groups with three of the strongest that follow it within REACH_S and one octave. The key of a group
is made of the three steps on the log-frequency axis and of where, between the first and the last of them, the two
others lie: a change of pitch moves all four alike, and a change of tempo stretches all times alike. A query takes
more followers for each landmark than a reference did, and asks for the neighbouring key wherever a number lies near a
rounding border, so that the reference's postings stay few. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.audio import BINS_PER_OCTAVE, Landmarks

REACH_S = 1.5
"""From the first landmark of a group to its last, at most."""
SHORTEST_S = 0.2
"""And at least: shares of a shorter span say little."""
OF_A_REFERENCE, OF_A_QUERY = 4, 6
"""Followers that a landmark is grouped with."""

_FARTHEST_BINS = BINS_PER_OCTAVE
_SHARES = 16
_NEAR = 0.25
"""A number this near to a rounding border may have been rounded the other way."""
_LOOKED_AT = 80
"""Landmarks after one that may be among its followers: more than REACH_S holds."""
_LEADERS = 1 << 11
"""Landmarks whose groups are made at once: with four times as many a film's screening takes 190 MB more."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """n groups: `keys` uint32 (n,), and the numbers of their `first` and `last` landmarks, int64 (n,).

    `last` lies at most _LOOKED_AT after `first`.
    """

    keys: NDArray[np.uint32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def groups_of(marks: Landmarks) -> Groups:
    """As a reference keeps them: one key a group."""
    parts = [_led_by(marks, start, OF_A_REFERENCE) for start in range(0, max(1, len(marks)), _LEADERS)]
    first, last = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    steps, shares = (np.concatenate([part[k] for part in parts]) for k in (2, 3))
    return Groups(_packed(np.concatenate([np.rint(steps), np.floor(shares)], axis=1)), first, last)


def asked_of(marks: Landmarks) -> Iterator[Groups]:
    """As a query asks for them: a group stands there once for each key that it may have been given.

    In parts of some minutes, in order of time: there are a hundred and more for each landmark.
    """
    for start in range(0, len(marks), _LEADERS):
        yield _asked(*_led_by(marks, start, OF_A_QUERY))


def _asked(
    first: NDArray[np.int64], last: NDArray[np.int64], steps: NDArray[np.float64], shares: NDArray[np.float64]
) -> Groups:
    near, lower = np.rint(steps), np.floor(shares)
    off, inside = steps - near, shares - lower
    other_step = np.where(np.abs(off) > 0.5 - _NEAR, near + np.sign(off), np.nan)
    other_share = np.where(inside > 1 - _NEAR, lower + 1, np.where(inside < _NEAR, lower - 1, np.nan))
    other_share = np.where((other_share >= 0) & (other_share < _SHARES), other_share, np.nan)
    values = np.concatenate([near, lower], axis=1)
    numbers = np.arange(len(values))
    # Each number in turn doubles the groups for which it may also have been the neighbouring one.
    for column, other in enumerate(np.concatenate([other_step, other_share], axis=1).T):
        doubled = np.isfinite(other[numbers])
        turned = values[doubled].copy()
        turned[:, column] = other[numbers[doubled]]
        values, numbers = np.concatenate([values, turned]), np.concatenate([numbers, numbers[doubled]])
    return Groups(_packed(values), first[numbers], last[numbers])


_Grouped = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]
"""First and last landmark (n,), the steps in bins (n, 3), and the shares of the span in sixteenths (n, 2)."""


def _led_by(marks: Landmarks, start: int, followers: int) -> _Grouped:
    """Groups whose first landmark is one of the _LEADERS from `start` on."""
    times, bins = marks.times_s, marks.bins
    leaders = np.arange(start, min(start + _LEADERS, len(marks)))
    after = leaders[:, None] + np.arange(1, _LOOKED_AT + 1)
    there = after < len(marks)
    after = np.where(there, after, leaders[:, None])
    later = times[after] - times[leaders, None]
    eligible = there & (later > 0) & (later <= REACH_S)
    eligible &= np.abs(bins[after] - bins[leaders, None]) <= _FARTHEST_BINS
    rank = np.where(eligible, marks.strength[after], -np.inf)
    strongest = np.sort(np.argsort(-rank, axis=1, kind="stable")[:, :followers], axis=1)
    chosen, usable = (np.take_along_axis(each, strongest, axis=1) for each in (after, eligible))
    threes = np.array(list(combinations(range(followers), 3)))
    good = usable[:, threes].all(axis=2)
    lead = np.broadcast_to(leaders[:, None], good.shape)[good]
    rest = chosen[:, threes][good]
    span = times[rest[:, 2]] - times[lead]
    long = span >= SHORTEST_S
    lead, rest, span = lead[long], rest[long], span[long]
    steps = bins[rest] - bins[lead, None]
    shares = (times[rest[:, :2]] - times[lead, None]) / span[:, None] * _SHARES
    return lead, rest[:, 2], steps, np.minimum(shares, _SHARES - 1e-6)


def _packed(values: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Three steps of 7 bits and two shares of 4 in one number."""
    steps = (values[:, :3] + 64).astype(np.uint32)
    shares = values[:, 3:].astype(np.uint32)
    packed = steps[:, 0] << 22 | steps[:, 1] << 15 | steps[:, 2] << 8 | shares[:, 0] << 4 | shares[:, 1]
    return np.asarray(packed, dtype=np.uint32)
