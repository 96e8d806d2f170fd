"""Stored screenings: the answer for one query as it was given, sealed by its digest, with its matches as rows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, insert, or_, select

from tomeishi.access.principals import Sight
from tomeishi.errors import NotFound, Tampered
from tomeishi.review import tallies
from tomeishi.review.matches import as_seen
from tomeishi.review.states import State
from tomeishi.screening.findings import Screening
from tomeishi.screening.prompts import PromptScreening
from tomeishi.storage.tables import matches, screenings
from tomeishi.values import Verdict, canonical, digest_of, new_id


@dataclass(frozen=True, slots=True)
class AskedBy:
    """Whoever asked for a screening, and what they said of the query."""

    principal_id: str
    organisation_id: str
    provider: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class StoredScreening:
    id: str
    kind: str
    """`media` or `prompt`."""
    words: dict[str, Any]
    """The line as `screen --jsonl` wrote it; to somebody who may not see all, with fewer findings (`withheld`)."""
    withheld: int
    """How many findings are about works of others, and not shown."""
    media: str | None
    """Digest of the kept query file."""
    asked_by: str
    organisation_id: str
    provider: str | None
    model: str | None
    made_at: datetime
    digest: str
    """Of the words as they were sealed."""


def keep(tx: Connection, made: Screening, asked: AskedBy, media: str, at: datetime) -> str:
    """The id of the screening; each finding becomes an open match."""
    screening_id = _keep(tx, "media", made.query, made.query_digest, media, made.duration_s, made, asked, at)
    rows = [
        {
            "id": new_id("mat"),
            "screening_id": screening_id,
            "position": position,
            "work_id": finding.work_id,
            "member_id": finding.member_id,
            "reference_id": finding.reference_id,
            "organisation_id": asked.organisation_id,
            "provider": asked.provider,
            "kind": finding.kind.value,
            "band": finding.band.value,
            "score": finding.score,
            "verdict": finding.verdict.value,
            "allowed": finding.permission.allowed,
            "found_at": at,
            "state": State.OPEN.value,
            "decisions": 0,
        }
        for position, finding in enumerate(made.findings)
    ]
    if rows:
        tx.execute(insert(matches), rows)
        tallies.count_in(tx, rows)
    return screening_id


def keep_prompt(tx: Connection, made: PromptScreening, asked: AskedBy, at: datetime) -> str:
    """The id of the screening. Names in prompts are answered, not reviewed: they become no matches."""
    digest = digest_of(made.prompt.encode("utf-8", "surrogatepass"))
    return _keep(tx, "prompt", made.prompt[:200], digest, None, 0.0, made, asked, at)


def screening(tx: Connection, screening_id: str, sight: Sight) -> StoredScreening:
    """NotFound also where it may not be seen; Tampered where the words are no longer those that were sealed."""
    row = tx.execute(_visible(sight).where(screenings.c.id == screening_id)).first()
    if row is None:
        raise NotFound(f"no screening {screening_id}")
    if digest_of(row.words.encode()) != row.digest:
        raise Tampered(f"screening {screening_id} was edited: its words no longer match its digest; restore a backup")
    return _stored(row, sight)


def list_screenings(tx: Connection, sight: Sight, limit: int, before: str | None = None) -> list[StoredScreening]:
    """The newest first, those older than the screening `before`."""
    query = _visible(sight).order_by(screenings.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(screenings.c.id < before)
    return [_stored(row, sight) for row in tx.execute(query)]


def _keep(
    tx: Connection,
    kind: str,
    query: str,
    query_digest: str | None,
    media: str | None,
    duration_s: float,
    made: Screening | PromptScreening,
    asked: AskedBy,
    at: datetime,
) -> str:
    screening_id = new_id("scr")
    words = canonical(made.to_json()).decode()
    values = {
        "id": screening_id,
        "kind": kind,
        "query": query,
        "query_digest": query_digest,
        "media": media,
        "duration_s": duration_s,
        "verdict": made.verdict.value,
        "findings": len(made.findings),
        "organisation_id": asked.organisation_id,
        "asked_by": asked.principal_id,
        "provider": asked.provider,
        "model": asked.model,
        "words": words,
        "digest": digest_of(words.encode()),
        "made_at": at,
    }
    tx.execute(insert(screenings).values(values))
    return screening_id


def _visible(sight: Sight) -> Any:
    query = select(screenings)
    if sight.everything:
        return query
    mine = screenings.c.organisation_id == sight.organisation_id
    if sight.member_id is None:
        return query.where(mine)
    touches = exists().where(matches.c.screening_id == screenings.c.id, matches.c.member_id == sight.member_id)
    return query.where(or_(mine, touches))


def _stored(row: Any, sight: Sight) -> StoredScreening:
    words = json.loads(row.words)
    shown = words["findings"]
    if not sight.everything:
        shown = list(_shown(shown, sight))
    withheld = len(words["findings"]) - len(shown)
    if sight.member_id is not None and words.get("styles"):
        words |= {"styles": [near for near in words["styles"] if near["member"] == sight.member]}
    return StoredScreening(
        id=row.id,
        kind=row.kind,
        words=words | {"findings": shown},
        withheld=withheld,
        media=row.media,
        asked_by=row.asked_by,
        organisation_id=row.organisation_id,
        provider=row.provider,
        model=row.model,
        made_at=row.made_at,
        digest=row.digest,
    )


def _shown(findings: list[dict[str, Any]], sight: Sight) -> Iterator[dict[str, Any]]:
    """To a member its own works only; to a provider all, but not what a member calls its files."""
    for finding in (as_seen(each, sight) for each in findings):
        if sight.member_id is None:
            yield finding | ({"reference": finding["reference_id"]} if "reference" in finding else {})
        elif finding.get("member") == sight.member:
            yield finding


def counts(tx: Connection) -> dict[Verdict, int]:
    """How many screenings ended with each verdict."""
    rows = tx.execute(select(screenings.c.verdict, func.count()).group_by(screenings.c.verdict))
    return dict.fromkeys(Verdict, 0) | {Verdict(verdict): number for verdict, number in rows}
