"""What goes into an evidence package, put together by the caller."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tomeishi.errors import BadInput
from tomeishi.evidence.capture import Capture
from tomeishi.evidence.frame_pairs import FramePair
from tomeishi.screening.findings import Screening
from tomeishi.values import Band, Kind


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that a package says. The same contents, signed by the same key, give the same bytes."""

    package_id: str
    created_at: datetime
    """The package's own moment: in the inventory, on every zip entry and in the documents."""
    screening: Screening
    query: Path | None
    """The file that was screened; None where there is none to read (a stream)."""
    seal_query: bool
    """Put the query file itself inside; otherwise its digest and size only."""
    registry: Mapping[str, Any]
    """Works, members and references that the findings name, as they stood."""
    consent: Mapping[str, Any]
    """Entries of the ledger that decided, its head, and the moment it was asked, as they stood."""
    frame_pairs: tuple[tuple[FramePair, ...], ...] = ()
    """Per finding, in the order of the findings; empty altogether where none were made."""
    capture: Capture = field(default_factory=Capture)
    c2pa_manifest: Mapping[str, Any] | None = None
    reference_durations_s: Mapping[str, float] = field(default_factory=dict)
    """By reference id. Without one, a timeline ends at the last segment and says so."""
    false_per_100_hours: Mapping[Kind, Mapping[Band, float | None]] = field(default_factory=dict)
    """The measured record of each band, by kind, printed beside it; None or absent: not measured."""

    def __post_init__(self) -> None:
        if self.created_at.tzinfo is None or not 1980 <= self.created_at.year <= 2100:
            raise BadInput(f"a package needs a moment with a time zone, 1980 to 2100: {self.created_at.isoformat()}")
        if self.frame_pairs and len(self.frame_pairs) != len(self.screening.findings):
            raise BadInput(f"{len(self.frame_pairs)} lists of frame pairs for {len(self.screening.findings)} findings")
        if self.seal_query and self.query is None:
            raise BadInput("there is no query file to seal; seal its digest only")

    def pairs_of(self, finding: int) -> tuple[FramePair, ...]:
        return self.frame_pairs[finding] if self.frame_pairs else ()
