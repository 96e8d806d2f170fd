"""Figures seen in a query against the drawings of enrolled characters: tracks, scores, and who else it might be.

- A *similarity* is how alike two rows are (`alike`), less what either has with figures and things that are nobody's
  (`others`): the mean of its three nearest there, halved. Rows that lie near everything so lose what that is worth
  (CSLS: Conneau et al., "Word Translation Without Parallel Data", ICLR 2018, section 2.3).
- A *track* is one figure through a shot: sightings whose boxes or rows go on from one look to the next. It is of the
  character whose drawings come nearest over its three best sightings.
- The *score* is a logistic fit over that similarity, its lead over the next character, and the number of sightings;
  `benchmarks/characters.py` fits it and measures the bands, in `figures.json`. It was fitted with so many characters;
  where more are enrolled the chance that it is this one of them is less in proportion (Bayes' rule: the log of their
  ratio is taken from the logit), since whoever is compared with more finds somebody more alike.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.figure import alike
from tomeishi.fingerprint.sightings import Sightings
from tomeishi.matching.score import BandLimit
from tomeishi.values import Band, Box, Interval

FEW = 3
"""Drawings below which a character is at most `likely`."""
_NEAREST_OTHERS = 3
_BEST = 3
"""Sightings that speak for a track."""
_ON_S = 2.6
"""Longest time from one sighting of a track to the next."""
_ON_BOX, _ON_ROW = 0.3, 0.6
"""A track goes on where boxes share so much, or rows are so near."""
_LEAD = 0.3
"""Lead over the next character from which more says nothing."""
_AT_ONCE = 64
"""Rows of a query compared at once: with 10,000 characters of 20 rows 50 MB."""

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FigureCalibration:
    """How similarities of tracks become scores, and scores bands."""

    intercept: float
    per_similarity: float
    per_lead: float
    per_log_sightings: float
    bands: tuple[BandLimit, ...]
    """Surest first."""
    enrolled: int
    """Characters among which it was fitted."""

    def score(self, similarity: float, lead: float, sightings: int, enrolled: int) -> float:
        """In [0, 1]; `enrolled` is how many characters were compared."""
        logit = self.intercept + self.per_similarity * similarity + self.per_lead * min(max(lead, 0.0), _LEAD)
        logit += self.per_log_sightings * float(np.log(min(sightings, 8)))
        logit -= float(np.log(max(1.0, enrolled / self.enrolled)))
        return float(1 / (1 + np.exp(-logit)))

    def band(self, score: float, drawings: int) -> Band | None:
        """The surest band that `score` reaches, with so many drawings enrolled; None below the weakest."""
        reached = next((limit.band for limit in self.bands if score >= limit.score), None)
        return Band.LIKELY if reached is Band.STRONG and drawings < FEW else reached


@dataclass(frozen=True, slots=True)
class Near:
    """A drawing that came near, with how alike it is (`alike`, in [-1, 1])."""

    drawing_id: str
    character_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One figure through a shot."""

    query: Interval
    box: Box
    """Where it was seen best."""
    score: float
    nearest: tuple[Near, ...]
    """The three nearest drawings of the character."""
    nearest_other: Near | None
    """The nearest drawing of any other character."""


@dataclass(frozen=True, slots=True)
class FigureMatch:
    """All tracks of one character in a query, surest first."""

    character_id: str
    band: Band
    score: float
    tracks: tuple[Seen, ...]


class Enrolled:
    """The drawings of all characters, searchable. `owners[i]` is the character of `drawing_ids[i]`, grouped."""

    def __init__(self, values: Rows, drawing_ids: Sequence[str], owners: Sequence[str], others: Rows) -> None:
        self._values = values
        self._drawing_ids = tuple(drawing_ids)
        self.character_ids = tuple(dict.fromkeys(owners))
        numbers = {character_id: number for number, character_id in enumerate(self.character_ids)}
        self._owner = np.array([numbers[owner] for owner in owners], np.int64)
        self._starts = np.flatnonzero(np.diff(self._owner, prepend=-1))
        if len(self._starts) != len(self.character_ids):
            raise ValueError("the rows of a character must stand together")
        self._others = others
        self._crowd = crowd(values, others)
        self.drawings = np.array([len(set(self._drawing_ids[a:b])) for a, b in self._spans()], np.int64)

    def tracks(self, seen: Sightings, duration_s: float) -> list["Track"]:
        """Every figure of a query, with how near each character comes; whatever band that reaches."""
        if not len(seen.rows) or not self.character_ids:
            return []
        nearest = np.concatenate(
            [self._nearest(seen.rows[at : at + _AT_ONCE]) for at in range(0, len(seen.rows), _AT_ONCE)]
        )
        return [Track(which, nearest[which], seen, duration_s) for which in _linked(seen)]

    def matches(self, seen: Sightings, duration_s: float, calibration: FigureCalibration) -> dict[str, FigureMatch]:
        """By character id."""
        found: dict[str, list[tuple[Seen, Band]]] = {}
        for track in self.tracks(seen, duration_s):
            score = calibration.score(track.similarity, track.lead, len(track.which), len(self.character_ids))
            band = calibration.band(score, int(self.drawings[track.best]))
            if band is not None:
                found.setdefault(self.character_ids[track.best], []).append((self._seen(track, score), band))
        matched = {}
        for character_id, each in found.items():
            ranked = sorted(each, key=lambda pair: (-pair[0].score, pair[0].query.start))
            best, band = ranked[0]
            matched[character_id] = FigureMatch(character_id, band, best.score, _apart([seen for seen, _ in ranked]))
        return matched

    def rows_of(self, character_id: str) -> dict[str, Rows]:
        """By drawing; empty for a character without any."""
        if character_id not in self.character_ids:
            return {}
        start, end = self._spans()[self.character_ids.index(character_id)]
        found: dict[str, list[int]] = {}
        for n in range(start, end):
            found.setdefault(self._drawing_ids[n], []).append(n)
        return {drawing_id: self._values[numbers] for drawing_id, numbers in found.items()}

    def rows_but(self, character_id: str) -> Rows:
        """Of all other characters."""
        return self._values[[self.character_ids[owner] != character_id for owner in self._owner]]

    def nearest_of(self, rows: Rows, besides: str | None) -> list[Near]:
        """For each of `rows` (n, dim) the nearest drawing of any character but `besides`; none where there is none."""
        kept = np.array([self.character_ids[owner] != besides for owner in self._owner], bool)
        if not kept.any():
            return []
        similar = alike(rows, self._values[kept])
        places = np.flatnonzero(kept)
        return [self._near(int(places[n]), float(row[n])) for row, n in zip(similar, similar.argmax(1), strict=True)]

    def _nearest(self, rows: Rows) -> Rows:
        """(n, characters): similarity to the nearest drawing of each."""
        similar = alike(rows, self._values) - (crowd(rows, self._others)[:, None] + self._crowd) / 2
        return np.asarray(np.maximum.reduceat(similar, self._starts, axis=1), np.float32)

    def _seen(self, track: "Track", score: float) -> Seen:
        row = track.seen.rows[track.clearest]
        plain = alike(row[np.newaxis], self._values)[0]
        mine = self._owner == track.best
        first: dict[str, int] = {}
        for n in np.argsort(-plain, kind="stable"):
            if mine[n] and len(first) < 3:
                first.setdefault(self._drawing_ids[n], int(n))
        rest = np.where(mine, -np.inf, plain)
        other = int(rest.argmax())
        return Seen(
            track.query,
            track.seen.boxes[track.clearest],
            score,
            tuple(self._near(n, float(plain[n])) for n in first.values()),
            self._near(other, float(plain[other])) if np.isfinite(rest[other]) else None,
        )

    def _near(self, n: int, similarity: float) -> Near:
        return Near(self._drawing_ids[n], self.character_ids[self._owner[n]], similarity)

    def _spans(self) -> list[tuple[int, int]]:
        ends = [*self._starts[1:], len(self._owner)]
        return list(zip(self._starts, ends, strict=True))


class Track:
    """One figure through a shot: its sightings, and the character that comes nearest."""

    def __init__(self, which: NDArray[np.int64], nearest: Rows, seen: Sightings, duration_s: float) -> None:
        self.which = which
        self.seen = seen
        best = np.sort(nearest, axis=0)[-_BEST:].mean(axis=0)
        order = np.argsort(-best, kind="stable")
        self.best = int(order[0])
        """Number of the character."""
        self.similarity = float(best[self.best])
        self.lead = float(self.similarity - best[order[1]]) if len(order) > 1 else _LEAD
        self.clearest = int(which[int(nearest[:, self.best].argmax())])
        """Number of the sighting that comes nearest to it."""
        times_s = seen.times_s[which]
        later = seen.times_s[seen.times_s > times_s[-1]]
        end = min(float(later[0]) if len(later) else duration_s, float(times_s[-1]) + 1.0)
        start = float(times_s[0])
        self.query = Interval(start, max(end, start + 0.04))


def crowd(rows: Rows, others: Rows) -> Rows:
    """(n,): how alike each row is to its three nearest among `others`, on average; 0 without any."""
    if len(others) < _NEAREST_OTHERS or not len(rows):
        return np.zeros(len(rows), np.float32)
    found = [
        np.partition(alike(rows[at : at + 4096], others), -_NEAREST_OTHERS, axis=1)[:, -_NEAREST_OTHERS:].mean(axis=1)
        for at in range(0, len(rows), 4096)
    ]
    return np.concatenate(found).astype(np.float32)


@cache
def others() -> Rows:
    """Rows of figures and things that are nobody's, shipped with the calibration."""
    packed = np.load(str(files("tomeishi.matching").joinpath("figures_others.npy")), allow_pickle=False)
    return np.asarray(packed, np.float32)


@cache
def shipped() -> FigureCalibration:
    """Coefficients and bands of `figures.json`, made by `benchmarks/characters.py`."""
    return calibration_of(json.loads(files("tomeishi.matching").joinpath("figures.json").read_text(encoding="utf-8")))


def calibration_of(words: Mapping[str, Any]) -> FigureCalibration:
    """From its JSON form."""
    return FigureCalibration(
        **{name: words[name] for name in ("intercept", "per_similarity", "per_lead", "per_log_sightings")},
        bands=tuple(
            BandLimit(Band(limit["band"]), limit["score"], limit["false_segments_per_100_hours"])
            for limit in words["bands"]
        ),
        enrolled=words["measured"]["enrolled"],
    )


def _apart(ranked: Sequence[Seen]) -> tuple[Seen, ...]:
    """Tracks of one character, surest first, those that share time as one: several boxes around one figure."""
    kept: list[Seen] = []
    for each in ranked:
        for number, surer in enumerate(kept):
            if surer.query.overlap(each.query) > 0:
                span = min(surer.query.start, each.query.start), max(surer.query.end, each.query.end)
                kept[number] = replace(surer, query=Interval(*span))
                break
        else:
            kept.append(each)
    return tuple(kept)


def _linked(seen: Sightings) -> list[NDArray[np.int64]]:
    """Numbers of the sightings of each track, in order; every sighting is of one."""
    open_: list[list[int]] = []
    ended: list[list[int]] = []
    for at in np.unique(seen.times_s):
        now = [int(n) for n in np.flatnonzero(seen.times_s == at)]
        gone = [t for t in open_ if at - seen.times_s[t[-1]] > _ON_S or seen.shots[t[-1]] != seen.shots[now[0]]]
        ended += gone
        open_ = [t for t in open_ if t not in gone]
        pairs = sorted(
            ((_goes_on(seen, t[-1], n), i, n) for i, t in enumerate(open_) for n in now),
            key=lambda pair: (-pair[0], pair[1], pair[2]),
        )
        taken: set[int] = set()
        going: set[int] = set()
        for sureness, i, n in pairs:
            if sureness > 0 and i not in taken and n not in going:
                taken.add(i)
                going.add(n)
                open_[i].append(n)
        open_ += [[n] for n in now if n not in going]
    return [np.array(track, np.int64) for track in [*ended, *open_]]


def _goes_on(seen: Sightings, last: int, n: int) -> float:
    shared = seen.boxes[last].shared(seen.boxes[n])
    near = float(seen.rows[last] @ seen.rows[n])
    return shared + near if shared >= _ON_BOX or near >= _ON_ROW else 0.0
