"""The registry made audible: references' landmarks to postings, and a query's sound to matches of kind `sound`.

What is excluded of a reference is left out when its postings are built, so that it can never be found.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tomeishi.fingerprint.audio import SPEC, Landmarks, bins_of, landmarks_of
from tomeishi.fingerprint.fingerprint import Fingerprint
from tomeishi.fingerprint.groups import Groups, asked_of, groups_of
from tomeishi.index.postings import Postings, current_postings, look_up, publish_postings
from tomeishi.index.volume import Item
from tomeishi.matching.matches import Match
from tomeishi.matching.sound import Heard, Reference, Votes, heard
from tomeishi.matching.sound_calibration import SoundCalibration
from tomeishi.registry import references as registry
from tomeishi.storage.blobs import Blobs
from tomeishi.values import Interval, Kind, Segment

_COMMON = 5000
"""Groups of one key from which on it is passed over: it says little and costs much."""


class Audible:
    """Opened postings, and how long the references in them are."""

    def __init__(self, postings: Postings, durations_s: Mapping[str, float]) -> None:
        self._postings = postings
        self._durations_s = durations_s

    @property
    def digest(self) -> str:
        return self._postings.digest

    def matches(self, query: Landmarks, calibration: SoundCalibration) -> dict[str, Match]:
        """By reference id."""
        matched = {item_id: sound_match(each, calibration) for item_id, each in self.stretches(query).items()}
        return {item_id: match for item_id, match in matched.items() if match is not None}

    def stretches(self, query: Landmarks) -> dict[str, list[Heard]]:
        """All that aligns, by reference id, whatever band it reaches."""
        cast = []
        for asked in asked_of(query):
            found = self._postings.look_up(asked.keys, _COMMON)
            times_s, rows = self._postings.rows(found.first)
            ends_s, _ = self._postings.rows(found.last)
            owners = self._postings.owners(found.first)
            cast.append(_votes(query, asked, found.asked, owners, times_s, ends_s, bins_of(rows)))
        votes = Votes.together(cast)
        ids = self._postings.item_ids
        aligned = heard(query, votes, len(ids), lambda number: self._reference(ids[number]))
        return {ids[number]: each for number, each in aligned.items()}

    def _reference(self, item_id: str) -> Reference:
        item = self._postings.item(item_id)
        rows = item.rows.astype(np.uint8, copy=False)
        return Reference(landmarks_of(item.times_s, rows, item.quality), self._durations_s[item_id])


def match_pair(query: Landmarks, reference: Reference, calibration: SoundCalibration) -> Match | None:
    """The match of two sounds, no index needed."""
    stored, marks = groups_of(reference.marks), reference.marks
    order = np.argsort(stored.keys, kind="stable")
    keys, cast = stored.keys[order], []
    for asked in asked_of(query):
        which, places = look_up(keys, asked.keys, _COMMON)
        first, last = stored.first[order[places]], stored.last[order[places]]
        owners = np.zeros(len(first), np.int64)
        cast.append(_votes(query, asked, which, owners, marks.times_s[first], marks.times_s[last], marks.bins[first]))
    return sound_match(heard(query, Votes.together(cast), 1, lambda _: reference).get(0, []), calibration)


def sound_match(stretches: list[Heard], calibration: SoundCalibration) -> Match | None:
    """The stretches that reach a band, as a match; None where none does."""
    scored = [(calibration.score(each), each) for each in stretches]
    kept = sorted((pair for pair in scored if calibration.band(pair[0])), key=lambda pair: -pair[0])
    if not kept:
        return None
    best = kept[0][0]
    band = calibration.band(best)
    if band is None:
        return None
    return Match(Kind.SOUND, band, best, tuple(Segment(each.query, each.reference, score) for score, each in kept))


def build_audible(transaction: Connection, blobs: Blobs, root: Path) -> None:
    """Publish the postings of the registry as it stands; nothing is done where they are current."""
    publish_postings(root, SPEC, _items(transaction, blobs), registry.checkpoint(transaction))


def open_audible(transaction: Connection, root: Path) -> Audible | None:
    """The current postings, or None where none were built of this registry as it stands."""
    postings = current_postings(root, SPEC.key)
    if postings is None or postings.manifest.checkpoint != registry.checkpoint(transaction):
        return None
    durations = {reference.id: reference.duration_s for reference in registry.references(transaction)}
    return Audible(postings, durations)


def _votes(
    query: Landmarks,
    asked: Groups,
    which: NDArray[np.int64],
    owners: NDArray[np.int64],
    times_s: NDArray[np.float64],
    ends_s: NDArray[np.float64],
    bins: NDArray[np.float64],
) -> Votes:
    """Of the asked groups `which`, with the references' groups that have their keys."""
    first, last = asked.first[which], asked.last[which]
    starts_s = query.times_s[first]
    slope = (ends_s - times_s) / (query.times_s[last] - starts_s)
    return Votes(owners, first, starts_s, times_s, slope, bins - query.bins[first])


def _items(transaction: Connection, blobs: Blobs) -> Iterator[tuple[Item, Groups]]:
    excluded: defaultdict[str, list[Interval]] = defaultdict(list)
    for exclusion in registry.exclusions(transaction):
        excluded[exclusion.reference_id].append(exclusion.interval)
    for file in registry.fingerprint_files_of(transaction, SPEC.key):
        own = Fingerprint.from_bytes(blobs.get(file.digest))
        kept = np.ones(len(own.times_s), bool)
        for stretch in excluded[file.reference_id]:
            kept &= (own.times_s < stretch.start) | (own.times_s >= stretch.end)
        times_s, rows, quality = own.times_s[kept], own.rows[kept].astype(np.uint8), own.quality[kept]
        yield Item(file.reference_id, times_s, rows, quality), groups_of(landmarks_of(times_s, rows, quality))
