"""Stills by the hundred against the registry: decoded a few to a process, described, searched for all at once.

A still is compared whole, and what the descriptors leave in doubt by its local features (`matching.stills`). Films go
through `screening.outputs`, which also looks at parts of the picture.
"""

import io
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tomeishi.audit.basis import Basis
from tomeishi.audit.verdicts import AuditFinding, Check
from tomeishi.errors import BadInput
from tomeishi.fingerprint.descriptor import Descriptor, Rows
from tomeishi.matching.align import Track
from tomeishi.matching.anchored import AnchorsOf
from tomeishi.matching.matches import MIN_QUALITY, Frames, Match, SameFrame
from tomeishi.matching.score import Calibration, telling
from tomeishi.matching.snapshots import Searchable
from tomeishi.matching.stills import NEAR, Still, match_still

_MOST = 4
"""References that a still is compared with, those with the nearest frame."""
_THUMBNAIL = 160
"""Pixels of the longer side."""


class Pictures:
    """Descriptors and snapshots of one worker. `searchable` is None for a registry without references."""

    def __init__(
        self,
        basis: Basis,
        searchable: Searchable | None,
        anchors: AnchorsOf,
        image: Descriptor,
        pdq: Descriptor,
        calibration: Calibration,
    ) -> None:
        self._basis = basis
        self._searchable = searchable
        self._anchors = anchors
        self._image = image
        self._pdq = pdq
        self._calibration = calibration
        self._same = SameFrame(image.spec.threshold, pdq.spec.threshold)

    def compare(self, pictures: Sequence[NDArray[np.uint8]]) -> list[list[AuditFinding] | str]:
        """For each picture (height, width, 3) its findings, the surest first, or why it cannot be described."""
        described = [self._describe(picture) for picture in pictures]
        seen = [
            n for n, each in enumerate(described) if not isinstance(each, str) and each[0].quality[0] >= MIN_QUALITY
        ]
        found: list[list[AuditFinding] | str] = [each if isinstance(each, str) else [] for each in described]
        if self._searchable is None or not seen:
            return found
        stills = {n: Still(pictures[n], _frames(described[n])) for n in seen}
        rows = np.concatenate([stills[n].frames.image for n in seen])
        near: defaultdict[int, list[tuple[str, float]]] = defaultdict(list)
        for _, number, reference_id, at_s in self._searchable.sightings(rows, self._same.image * NEAR):
            near[seen[number]].append((reference_id, at_s))
        for n, places in sorted(near.items()):
            matches = self._matches(self._searchable, stills[n], places[:_MOST])
            if matches:
                thumbnail = thumbnail_of(pictures[n])
                found[n] = [self._finding(*each, thumbnail) for each in matches]
        return found

    def _describe(self, picture: NDArray[np.uint8]) -> tuple[Rows, Rows] | str:
        try:
            sample = picture[np.newaxis]
            return self._image.describe(sample), self._pdq.describe(sample)
        except BadInput as error:  # too small to describe
            return str(error)

    def _matches(
        self, searchable: Searchable, still: Still, near: Sequence[tuple[str, float]]
    ) -> list[tuple[str, Match]]:
        found = []
        for reference_id, at_s in near:
            reference, anchors = searchable.frames(reference_id), self._anchors(reference_id)
            each = match_still(still, reference, at_s, anchors, self._same, self._calibration)
            if each is not None and self._basis.policy.reports(each.band):
                found.append((reference_id, each))
        return sorted(found, key=lambda pair: (-pair[1].score, pair[0]))

    def _finding(self, reference_id: str, found: Match, thumbnail: bytes) -> AuditFinding:
        reference, standing = self._basis.references[reference_id], self._basis.standings[reference_id]
        best = found.segments[0]
        return AuditFinding(
            check=Check.MATCH,
            work_id=reference.work_id,
            member_id=reference.member_id,
            reference_id=reference_id,
            character_id=None,
            kind=found.kind.value,
            band=found.band,
            score=found.score,
            allowed=standing.allowed,
            conditional=standing.conditional,
            entries=standing.entries,
            policy=self._basis.policy.verdict(found.band, allowed=standing.allowed),
            detail=f"{found.band} {found.kind} of {reference.title} ({reference.member})",
            segment=(best.query.start, best.query.end, best.reference.start, best.reference.end),
            thumbnail=thumbnail,
        )


def _frames(described: tuple[Rows, Rows] | str) -> Frames:
    if isinstance(described, str):
        raise TypeError("a picture that could not be described has no rows")
    image, pdq = described
    return Frames(
        Track(np.zeros(1), 1.0),
        image.values.astype(np.float32, copy=False),
        pdq.values.astype(np.uint8, copy=False),
        telling(image.quality),
    )


def thumbnail_of(picture: NDArray[np.uint8]) -> bytes:
    """A small JPEG of our own making."""
    small = Image.fromarray(picture)
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=75)
    return data.getvalue()
