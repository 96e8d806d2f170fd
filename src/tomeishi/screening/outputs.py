"""Screening of generated pictures and films: one query file to findings and a verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tomeishi.config import Limits
from tomeishi.consent.permission import Permission
from tomeishi.consent.scopes import WorkRef
from tomeishi.errors import NotFound, TomeishiError, UnreadableMedia
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.extract import Extraction
from tomeishi.fingerprint.listening import Listened, perceive
from tomeishi.fingerprint.sightings import Onlooker
from tomeishi.matching.figures import FigureMatch
from tomeishi.matching.identical import Identical
from tomeishi.matching.matches import MIN_QUALITY, Match
from tomeishi.matching.pictures import Pictures
from tomeishi.matching.pursuit import Pursuit
from tomeishi.matching.styles import NearLook, Styles
from tomeishi.media.sample import SamplePlan, frames_at
from tomeishi.registry.references import Reference
from tomeishi.screening.figures import Figures, both
from tomeishi.screening.findings import Finding, MadeBy, NearStyle, Screening
from tomeishi.screening.policy import Policy, gravest
from tomeishi.screening.sound import Ear
from tomeishi.values import USE_BY_KIND, Band, Kind, MediaKind, Partial, Skipped, Use, Verdict, digest_of_file

IN_PICTURES = (Kind.COPY, Kind.EDIT)
"""What this screening looks for in pictures, and `sound` where there is any to listen to; the rest is said to be
unchecked by being absent."""

PLAN = SamplePlan()
"""References and queries are sampled alike."""


@dataclass(frozen=True, slots=True)
class Screener:
    """Everything a screening needs, built once; `screen` may be called for any number of queries."""

    pursuit: Pursuit | None
    """None for an empty registry."""
    identical: Identical | None
    """Files that are registered as they are; None leaves that step out."""
    references: Mapping[str, Reference]
    image: Descriptor
    pdq: Descriptor
    ear: Ear
    policy: Policy
    limits: Limits
    made_by: MadeBy
    ask: Callable[[WorkRef, Use], Permission]
    """What the ledger says of a reference or character for a use, as of the moment and provider of this screening."""
    use: Use | None
    """The use asked of the ledger; None takes the one that belongs to the kind."""
    figures: Figures | None = None
    """None where no character is enrolled: then none is looked for."""
    styles: Styles | None = None
    """The looks of registered works, where style is looked for."""

    def screen(self, query: Path, name: str) -> Screening:
        """The answer for one file. A file that cannot be read is skipped with its reason, never raised."""
        try:
            digest = digest_of_file(query) if query.is_file() else None
            if self.identical is not None and (known := self.identical.registered(digest)):
                return self._known(name, digest, self.identical, known)
            pictures = self.pursuit.pictures() if self.pursuit else Pictures()
            onlooker = None if self.figures is None else self.figures.onlooker()
            watch = pictures.see if onlooker is None else both(pictures.see, onlooker.see)
            extraction, heard = perceive(query, (self.image, self.pdq), PLAN, self.limits, watch=watch)
        except UnreadableMedia as error:
            return self._skipped(name, digest, str(error))
        except TomeishiError as error:
            return self._skipped(name, None, str(error))
        except OSError as error:
            return self._skipped(name, None, f"{query}: {error.strerror or error}")
        try:
            findings = tuple(self._findings(query, extraction, pictures, heard, onlooker))
        except (NotFound, UnreadableMedia) as error:  # gone or another file since the first look
            return self._skipped(name, digest, str(error))
        verdicts = [finding.verdict for finding in findings]
        styles = self._styles(extraction)
        if styles and not styles[0].permission.allowed:
            verdicts.append(self.policy.style)
        if extraction.partial is not None:
            verdicts.append(self.policy.unreadable)
        return Screening(
            query=name,
            query_digest=digest,
            duration_s=extraction.duration_s,
            findings=findings,
            checked=(
                *(() if extraction.info.kind is MediaKind.SOUND else IN_PICTURES),
                *(() if onlooker is None or extraction.info.kind is MediaKind.SOUND else (Kind.CHARACTER,)),
                *(() if styles is None else (Kind.STYLE,)),
                *(() if heard is None else (Kind.SOUND,)),
            ),
            verdict=gravest(verdicts),
            partial=extraction.partial,
            skipped=None,
            made_by=self.made_by,
            styles=styles,
        )

    def _known(self, name: str, digest: str | None, identical: Identical, registered: Sequence[Reference]) -> Screening:
        """A registered file needs no decoding: what was read of it when it was registered holds."""
        found = [self._finding(each, match) for each in registered for match in identical.matches(each)]
        findings = tuple(self._reported(found))
        first = registered[0]
        partial = None if first.partial_reason is None else Partial(first.partial_reason, first.duration_s)
        verdicts = [finding.verdict for finding in findings]
        return Screening(
            query=name,
            query_digest=digest,
            duration_s=first.duration_s,
            findings=findings,
            checked=(
                *(() if first.kind is MediaKind.SOUND else IN_PICTURES),
                *((Kind.SOUND,) if first.id in identical.audible else ()),
            ),
            verdict=gravest([*verdicts, self.policy.unreadable] if partial else verdicts),
            partial=partial,
            skipped=None,
            made_by=self.made_by,
        )

    def _findings(
        self,
        query: Path,
        extraction: Extraction,
        pictures: Pictures,
        heard: Listened | None,
        onlooker: Onlooker | None,
    ) -> list[Finding]:
        if self.pursuit is None:
            return []
        matched = self.pursuit.matches(extraction, pictures, lambda times_s: frames_at(query, times_s, self.limits))
        pairs = [*matched.items(), *self.ear.matches(heard).items()]
        found_all = [self._finding(self.references[each], found) for each, found in pairs]
        if self.figures is not None and onlooker is not None:
            seen = onlooker.sightings(still=extraction.info.kind is MediaKind.IMAGE)
            for figure in self.figures.matches(seen, extraction.duration_s):
                found_all.append(self._portrayed(figure, self.figures))
        return self._reported(found_all)

    def _styles(self, extraction: Extraction) -> tuple[NearStyle, ...] | None:
        """Works whose look comes nearest; blank pictures have none."""
        if self.styles is None or extraction.info.kind is MediaKind.SOUND:
            return None
        seen = extraction.fingerprints[self.image.spec.key]
        near = self.styles.nearest(np.asarray(seen.rows[seen.quality >= MIN_QUALITY], np.float32))
        return tuple(self._near(each) for each in near)

    def _near(self, near: NearLook) -> NearStyle:
        reference = near.reference
        asked = self.ask(WorkRef(reference.member_id, reference.work_id), self.use or USE_BY_KIND[Kind.STYLE])
        about = (reference.work_id, reference.title, reference.member)
        return NearStyle(*about, near.similarity, near.common, asked)

    def _reported(self, findings: Sequence[Finding]) -> list[Finding]:
        reported = [finding for finding in findings if self.policy.reports(finding.band)]
        return sorted(reported, key=lambda finding: (-finding.score, finding.title, finding.reference_id))

    def _finding(self, reference: Reference, found: Match) -> Finding:
        about = WorkRef(reference.member_id, reference.work_id, reference.id)
        permission = self.ask(about, self.use or USE_BY_KIND[found.kind])
        return Finding(
            work_id=reference.work_id,
            title=reference.title,
            member_id=reference.member_id,
            member=reference.member,
            reference_id=reference.id,
            reference_path=reference.path,
            reference_digest=reference.digest,
            kind=found.kind,
            band=found.band,
            score=found.score,
            segments=found.segments,
            permission=permission,
            verdict=self._verdict(found.band, permission),
        )

    def _portrayed(self, found: FigureMatch, figures: Figures) -> Finding:
        """At most `review`: a likeness alone is for a person to look at."""
        role = figures.cast.roles[found.character_id]
        about = WorkRef(role.member_id, role.work_id, character_id=role.character_id)
        permission = self.ask(about, self.use or USE_BY_KIND[Kind.CHARACTER])
        verdict = self._verdict(found.band, permission)
        drawing = figures.cast.drawings[found.tracks[0].nearest[0].drawing_id]
        reference = self.references[drawing.reference_id]
        return Finding(
            work_id=role.work_id,
            title=role.title,
            member_id=role.member_id,
            member=role.member,
            reference_id=reference.id,
            reference_path=reference.path,
            reference_digest=reference.digest,
            kind=Kind.CHARACTER,
            band=found.band,
            score=found.score,
            segments=figures.segments(found),
            permission=permission,
            verdict=Verdict.REVIEW if verdict is Verdict.BLOCK else verdict,
            portrayal=figures.portrayal(found),
        )

    def _verdict(self, band: Band, permission: Permission) -> Verdict:
        """Whether a query meets the conditions of a grant (territory, length, no voice) is for a person to say."""
        verdict = self.policy.verdict(band, allowed=permission.allowed)
        return gravest([verdict, Verdict.REVIEW]) if permission.conditions else verdict

    def _skipped(self, name: str, digest: str | None, reason: str) -> Screening:
        return Screening(
            query=name,
            query_digest=digest,
            duration_s=0.0,
            findings=(),
            checked=(),
            verdict=self.policy.unreadable,
            partial=None,
            skipped=Skipped(name, reason),
            made_by=self.made_by,
        )
