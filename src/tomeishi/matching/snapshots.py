"""The registry made searchable: references to rows, rows to candidate references.

A snapshot holds what may count: blank frames and excluded stretches are left out when it is built, so that they can
never be found. Both descriptors' snapshots hold the same samples of the same references.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tomeishi.errors import Tampered
from tomeishi.fingerprint.descriptor import DescriptorSpec
from tomeishi.fingerprint.fingerprint import Fingerprint
from tomeishi.index.snapshot import Snapshot, current, publish
from tomeishi.index.volume import Item, Source
from tomeishi.matching.align import Track
from tomeishi.matching.matches import MIN_QUALITY, Frames
from tomeishi.matching.score import telling
from tomeishi.matching.styles import look_of
from tomeishi.matching.votes import Sighting, voted
from tomeishi.registry import references as registry
from tomeishi.storage.blobs import Blobs
from tomeishi.values import Interval, canonical, digest_of

logger = logging.getLogger(__name__)

_NEIGHBOURS = 100
"""Rows asked for per query frame: a long still shot of one reference must not hide the others."""

_OF_A_LOOK = 64
"""Rows of a reference that its look is made of."""


class Searchable:
    """An opened pair of snapshots, and the references in them."""

    def __init__(self, image: Snapshot, pdq: Snapshot, durations_s: Mapping[str, float]) -> None:
        self._image = image
        self._pdq = pdq
        self._durations_s = durations_s
        self._numbers = {item: number for number, item in enumerate(image.item_ids)}

    @property
    def digests(self) -> tuple[str, ...]:
        return (self._image.digest, self._pdq.digest)

    def candidates(self, rows: NDArray[np.float32], near: float) -> dict[str, float]:
        """References that `voted` finds worth aligning with these query rows, and their votes."""
        return voted(self.sightings(rows, near), near)

    def known(self, bits: NDArray[np.uint8], near: float) -> NDArray[np.bool_]:
        """Which of these rows of PDQ (n, 32) have a registered one within `near` bits."""
        if not len(bits) or not self._pdq.item_ids:
            return np.zeros(len(bits), bool)
        distances, items, _ = self._pdq.search(bits, 1)
        return np.asarray((items[:, 0] >= 0) & (distances[:, 0] <= near))

    def sightings(self, rows: NDArray[np.float32], near: float) -> list[Sighting]:
        """(distance, number of the query row, reference, its time), nearest first: for each query row and reference
        within cosine distance `near` the nearest row."""
        if not len(rows) or not self._image.item_ids:
            return []
        distances, items, times = self._image.search(rows, _NEIGHBOURS)
        found = []
        for number, (row, owners, at) in enumerate(zip(distances, items, times, strict=True)):
            close = (owners >= 0) & (row <= near)
            for owner, first in zip(*np.unique(owners[close], return_index=True), strict=True):
                found.append((float(row[close][first]), number, self._image.item_ids[owner], float(at[close][first])))
        return sorted(found)

    def looks(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Of each reference the mean of some of its rows (`styles`)."""
        for reference_id in self._image.item_ids:
            rows = self._image.spread(reference_id, _OF_A_LOOK)
            if len(rows):
                yield reference_id, look_of(np.asarray(rows, np.float32))

    def frames(self, reference_id: str) -> Frames:
        """The searchable frames of one reference."""
        image, pdq = self._image.item(reference_id), self._pdq.item(reference_id)
        if not np.array_equal(image.times_s, pdq.times_s):
            raise Tampered(f"the two snapshots disagree about {reference_id}; run `tomeishi index build`")
        return Frames(
            Track(image.times_s, self._durations_s[reference_id]),
            np.asarray(image.rows, dtype=np.float32),
            np.asarray(pdq.rows, dtype=np.uint8),
            telling(image.quality),
        )


def open_searchable(
    transaction: Connection, root: Path, image: DescriptorSpec, pdq: DescriptorSpec
) -> Searchable | None:
    """The current snapshots, or None where none was built of this registry as it stands."""
    checkpoint = registry.checkpoint(transaction)
    opened = [current(root, spec.key) for spec in (image, pdq)]
    image_snapshot, pdq_snapshot = opened
    if image_snapshot is None or pdq_snapshot is None:
        return None
    if any(snapshot is None or snapshot.manifest.checkpoint != checkpoint for snapshot in opened):
        return None
    durations = {reference.id: reference.duration_s for reference in registry.references(transaction)}
    return Searchable(image_snapshot, pdq_snapshot, durations)


def build(
    transaction: Connection,
    blobs: Blobs,
    root: Path,
    image: DescriptorSpec,
    pdq: DescriptorSpec,
    others: Sequence[DescriptorSpec] = (),
) -> None:
    """Publish the snapshots of the registry as it stands; nothing is done where they are current.

    `others` are descriptors that a user added; a reference that was not described by one is not in its snapshot.
    """
    if registry.undescribed(transaction, image.key, image.weights_digest):
        logger.warning(
            "references were described by an earlier version and altered copies of them are not found; "
            "run `tomeishi descriptors fill`"
        )
    checkpoint = registry.checkpoint(transaction)
    for spec in (image, pdq, *others):
        publish(root, spec, _sources(transaction, blobs, image, spec), checkpoint)


def _sources(transaction: Connection, blobs: Blobs, image: DescriptorSpec, spec: DescriptorSpec) -> Iterator[Source]:
    """What counts of every reference, for the descriptor `spec`; `image` says which frames are blank."""
    by_image = {file.reference_id: file for file in registry.fingerprint_files_of(transaction, image.key)}
    excluded: defaultdict[str, list[Interval]] = defaultdict(list)
    for exclusion in registry.exclusions(transaction):
        excluded[exclusion.reference_id].append(exclusion.interval)
    for file in registry.fingerprint_files_of(transaction, spec.key):
        if file.reference_id not in by_image:
            continue
        intervals = tuple(excluded[file.reference_id])
        looked_at = by_image[file.reference_id].digest
        decides = [file.digest, looked_at, MIN_QUALITY, [[each.start, each.end] for each in intervals]]
        read = partial(_item, blobs, file.reference_id, file.digest, looked_at, intervals)
        yield Source(file.reference_id, digest_of(canonical(decides)), file.rows, read)


def _item(blobs: Blobs, reference_id: str, digest: str, looked_at: str, excluded: tuple[Interval, ...]) -> Item:
    own = Fingerprint.from_bytes(blobs.get(digest))
    seen = own if digest == looked_at else Fingerprint.from_bytes(blobs.get(looked_at))
    kept = (seen.quality >= MIN_QUALITY) & ~_within(own.times_s, excluded)
    return Item(reference_id, own.times_s[kept], own.rows[kept], own.quality[kept])


def _within(times_s: NDArray[np.float64], intervals: tuple[Interval, ...]) -> NDArray[np.bool_]:
    inside = np.zeros(len(times_s), dtype=bool)
    for interval in intervals:
        inside |= (times_s >= interval.start) & (times_s < interval.end)
    return inside
