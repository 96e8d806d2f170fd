"""Screening of generated pictures and films: one query file to findings and a verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tomeishi.config import Limits
from tomeishi.consent.permission import Permission
from tomeishi.errors import TomeishiError, UnreadableMedia
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.extract import Extraction, extract
from tomeishi.matching.matches import SameFrame, frames_of, match
from tomeishi.matching.score import Calibration
from tomeishi.matching.snapshots import Searchable
from tomeishi.media.sample import SamplePlan
from tomeishi.registry.references import Reference
from tomeishi.screening.findings import Finding, MadeBy, Screening
from tomeishi.screening.policy import Policy, gravest
from tomeishi.values import USE_BY_KIND, Kind, MediaKind, Skipped, Use, digest_of_file

CHECKED = (Kind.COPY, Kind.EDIT)
"""What this screening looks for; the rest is said to be unchecked by being absent."""

PLAN = SamplePlan()
"""References and queries are sampled alike."""

_NEAR = 1.15
"""Candidates are sought a little beyond the distance of same frames; alignment decides."""


@dataclass(frozen=True, slots=True)
class Screener:
    """Everything a screening needs, built once; `screen` may be called for any number of queries."""

    searchable: Searchable | None
    """None for an empty registry."""
    references: Mapping[str, Reference]
    image: Descriptor
    pdq: Descriptor
    calibration: Calibration
    policy: Policy
    limits: Limits
    made_by: MadeBy
    ask: Callable[[Reference, Use], Permission]
    """What the ledger says of a reference's work for a use, as of the moment and provider of this screening."""
    use: Use | None
    """The use asked of the ledger; None takes the one that belongs to the kind."""

    def screen(self, query: Path, name: str) -> Screening:
        """The answer for one file. A file that cannot be read is skipped with its reason, never raised."""
        try:
            digest = digest_of_file(query) if query.is_file() else None
            extraction = extract(query, (self.image, self.pdq), PLAN, self.limits)
        except UnreadableMedia as error:
            return self._skipped(name, digest, str(error))
        except TomeishiError as error:
            return self._skipped(name, None, str(error))
        except OSError as error:
            return self._skipped(name, None, f"{query}: {error.strerror or error}")
        if extraction.info.kind is MediaKind.SOUND:
            reason = f"{query}: sound without picture; this version compares pictures only"
            return self._skipped(name, digest, reason, duration_s=extraction.duration_s)
        findings = tuple(self._findings(extraction))
        verdicts = [finding.verdict for finding in findings]
        if extraction.partial is not None:
            verdicts.append(self.policy.unreadable)
        return Screening(
            query=name,
            query_digest=digest,
            duration_s=extraction.duration_s,
            findings=findings,
            checked=CHECKED,
            verdict=gravest(verdicts),
            partial=extraction.partial,
            skipped=None,
            made_by=self.made_by,
        )

    def _findings(self, extraction: Extraction) -> list[Finding]:
        if self.searchable is None:
            return []
        prints = extraction.fingerprints
        frames = frames_of(prints[self.image.spec.key], prints[self.pdq.spec.key])
        same = SameFrame(self.image.spec.threshold, self.pdq.spec.threshold)
        found = []
        for reference_id in self.searchable.candidates(frames.image, same.image * _NEAR):
            matched = match(frames, self.searchable.frames(reference_id), same, self.calibration)
            if matched is None or not self.policy.reports(matched.band):
                continue
            reference = self.references[reference_id]
            permission = self.ask(reference, self.use or USE_BY_KIND[matched.kind])
            found.append(
                Finding(
                    work_id=reference.work_id,
                    title=reference.title,
                    member_id=reference.member_id,
                    member=reference.member,
                    reference_id=reference.id,
                    reference_path=reference.path,
                    reference_digest=reference.digest,
                    kind=matched.kind,
                    band=matched.band,
                    score=matched.score,
                    segments=matched.segments,
                    permission=permission,
                    verdict=self.policy.verdict(matched.band, allowed=permission.allowed),
                )
            )
        return sorted(found, key=lambda finding: (-finding.score, finding.title, finding.reference_id))

    def _skipped(self, name: str, digest: str | None, reason: str, *, duration_s: float = 0.0) -> Screening:
        return Screening(
            query=name,
            query_digest=digest,
            duration_s=duration_s,
            findings=(),
            checked=(),
            verdict=self.policy.unreadable,
            partial=None,
            skipped=Skipped(name, reason),
            made_by=self.made_by,
        )
