"""What a package says: the registry and the ledger as they stood, frame pairs, where the query came from."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tomeishi import clock
from tomeishi.access import checkpoints
from tomeishi.config import Limits
from tomeishi.consent import ledger
from tomeishi.errors import MissingExtra, NotFound, UnreadableMedia
from tomeishi.evidence.capture import Capture
from tomeishi.evidence.contents import Contents
from tomeishi.evidence.frame_pairs import FramePair, frame_pairs
from tomeishi.evidence.package import Sealed
from tomeishi.matching.bands import false_per_100_hours
from tomeishi.media.provenance import c2pa_manifest
from tomeishi.registry import references, works
from tomeishi.registry.references import Reference
from tomeishi.screening.findings import Finding, Screening
from tomeishi.values import Kind, digest_of_file, new_id


@dataclass(frozen=True, slots=True)
class Reported:
    """What `report` wrote."""

    screening: Screening
    sealed: Sealed
    documents: tuple[Path, ...]
    without_pairs: tuple[str, ...]
    """References of findings that the package shows no frame pairs of: no longer there, or another file now."""


def gather(
    tx: Connection,
    query: Path,
    screening: Screening,
    capture: Capture,
    moment: datetime,
    note: str,
    limits: Limits,
    *,
    seal_query: bool,
) -> Contents:
    """`moment` is the one asked of the ledger, `note` a checkpoint of its log as it stands (a signed note)."""
    registered = {each.id: each for each in references.references(tx)}
    named = [registered[finding.reference_id] for finding in screening.findings]
    return Contents(
        package_id=new_id("evp"),
        created_at=moment.replace(microsecond=0),
        screening=screening,
        query=query,
        seal_query=seal_query,
        registry=_registry_facts(tx, screening, named),
        consent=_consent_facts(tx, screening, capture, moment, note),
        frame_pairs=tuple(
            _pairs(query, finding, reference, limits)
            for finding, reference in zip(screening.findings, named, strict=True)
        ),
        capture=capture,
        c2pa_manifest=_c2pa(query, limits),
        reference_durations_s={reference.id: reference.duration_s for reference in named},
        false_per_100_hours={kind: false_per_100_hours(kind) for kind in {each.kind for each in screening.findings}},
    )


def _registry_facts(tx: Connection, screening: Screening, named: list[Reference]) -> dict[str, Any]:
    excluded = references.exclusions(tx)
    return {
        "works": [_work_facts(works.work(tx, each)) for each in sorted({f.work_id for f in screening.findings})],
        "references": [
            {
                "id": reference.id,
                "work": reference.work_id,
                "path": reference.path,
                "digest": reference.digest,
                "duration": reference.duration_s,
                "registered_at": clock.to_text(reference.created_at),
                "excluded": [
                    {"start": each.interval.start, "end": each.interval.end, "reason": each.reason}
                    for each in excluded
                    if each.reference_id == reference.id
                ],
            }
            for reference in named
        ],
    }


def _work_facts(work: works.Work) -> dict[str, Any]:
    return {
        "id": work.id,
        "title": work.title,
        "member": {"id": work.member_id, "name": work.member},
        "names": [{"text": name.text, "role": name.role.value, "language": name.language} for name in work.names],
        "cross_ids": dict(work.cross_ids),
        "registered_at": clock.to_text(work.created_at),
    }


def _consent_facts(
    tx: Connection, screening: Screening, capture: Capture, moment: datetime, note: str
) -> dict[str, Any]:
    decided = {each for finding in screening.findings for each in finding.permission.because}
    deciding = [entry for entry in ledger.entries(tx) if entry.id in decided]
    number, digest = ledger.head(tx)
    return {
        "asked_at": clock.to_text(moment),
        "provider": capture.provider,
        "model": capture.model,
        "ledger_head": {"number": number, "digest": digest},
        "entries": [each.to_json() for each in deciding],
        "checkpoint": note,
        "proofs": checkpoints.inclusions(tx, ledger.LOG, [each.number for each in deciding], note),
    }


def _pairs(query: Path, finding: Finding, reference: Reference, limits: Limits) -> tuple[FramePair, ...]:
    """Empty for sound, and where the reference is no longer where it was registered, or is another file now."""
    if finding.kind is Kind.SOUND:
        return ()
    path = Path(reference.location)
    try:
        if digest_of_file(path) != reference.digest:
            return ()
        return tuple(frame_pairs(query, path, finding.segments, limits))
    except (OSError, NotFound, UnreadableMedia):
        return ()


def _c2pa(query: Path, limits: Limits) -> dict[str, Any] | None:
    try:
        return c2pa_manifest(query, limits)
    except (MissingExtra, UnreadableMedia):
        return None
