"""The queue of matches: read by facets, a page at a time, the surest or the newest first.

Pages go on from the last row that was shown (keyset): however long the queue is, the last page costs what the first
does. How many matches fit is summed from `tallies`, where they can tell it; else the first 1,000 that fit are counted.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select

from tomeishi.access.principals import Sight
from tomeishi.errors import BadInput, NotFound
from tomeishi.review.states import DismissedBecause, State
from tomeishi.storage.tables import match_tallies, matches, members, people, screenings, works
from tomeishi.values import Band, Kind, Verdict

COUNTED = 1_000
"""Most matches that are counted one by one: each is looked up in the table."""

FACETS = {"state": "state", "band": "band", "provider": "provider", "assignee": "assignee_id"}
"""What matches are tallied by, and the column of it."""


class Order(StrEnum):
    SUREST = "surest"
    """By score, then the newer."""
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which matches; None: any."""

    states: tuple[State, ...] = (State.OPEN,)
    """Empty: all."""
    bands: tuple[Band, ...] = ()
    work_id: str | None = None
    member_id: str | None = None
    reference_id: str | None = None
    screening_id: str | None = None
    provider: str | None = None
    assignee_id: str | None = None
    unassigned: bool = False
    found_from: datetime | None = None
    found_until: datetime | None = None
    """Excluded."""


@dataclass(frozen=True, slots=True)
class StoredMatch:
    """A finding that people look at, with where it stands."""

    id: str
    screening_id: str
    query: str
    media: str | None
    """Digest of the kept query file."""
    duration_s: float
    """Of the query."""
    work_id: str
    title: str
    member_id: str
    member: str
    reference_id: str
    organisation_id: str
    provider: str | None
    model: str | None
    kind: Kind
    band: Band
    score: float
    verdict: Verdict
    allowed: bool
    """By the ledger, at the moment of the screening."""
    found_at: datetime
    state: State
    reason: DismissedBecause | None
    assignee_id: str | None
    assignee: str | None
    decisions: int
    """How many were made: the version of the match."""
    finding: dict[str, Any]
    """As the screening has it: segments, permission, reference."""


@dataclass(frozen=True, slots=True)
class Facets:
    """How many of the matches fall under each value, the most frequent first."""

    counts: Mapping[str, tuple[tuple[str, int], ...]]
    """By `state`, `band`, `provider`, `work`, `assignee`; "" stands for none."""
    counted: int
    more: bool
    """Whether there are more than were counted."""
    by_work_of: int
    """Of how many, the surest ones, the works were counted."""


def as_seen(finding: dict[str, Any], sight: Sight | None) -> dict[str, Any]:
    """A finding without what it says of another organisation's character, unless `sight` (or None) is everything's."""
    other = finding.get("nearest_other")
    hidden = sight is not None and not sight.everything and other is not None and other["member"] != sight.member
    return finding | {"nearest_other": None} if hidden else finding


def match(tx: Connection, match_id: str, sight: Sight) -> StoredMatch:
    """NotFound also where it may not be seen."""
    row = tx.execute(_SELECTED.where(matches.c.id == match_id, *seen(sight))).first()
    if row is None:
        raise NotFound(f"no match {match_id}")
    return _match(row, sight)


def queue(
    tx: Connection,
    sight: Sight,
    wanted: Wanted,
    limit: int,
    *,
    order: Order = Order.SUREST,
    after: tuple[float, str] | None = None,
) -> list[StoredMatch]:
    """A page; `after` is (score, id) of the last match of the page before."""
    query = _SELECTED.where(*seen(sight), *_fitting(wanted)).limit(limit)
    if order is Order.SUREST:
        query = query.order_by(matches.c.score.desc(), matches.c.id.desc())
        if after is not None:
            score, last = after
            # The first condition alone lets the index be entered at the right place.
            query = query.where(
                matches.c.score <= score,
                or_(matches.c.score < score, and_(matches.c.score == score, matches.c.id < last)),
            )
    else:
        query = query.order_by(matches.c.id.desc())
        if after is not None:
            query = query.where(matches.c.id < after[1])
    return [_match(row, sight) for row in tx.execute(query)]


def facets(tx: Connection, sight: Sight, wanted: Wanted) -> Facets:
    """Of all matches that fit, or where only rows can tell, of the surest 1,000."""
    if _only_rows_tell(wanted):
        found = _first_counted(tx, sight, wanted, COUNTED + 1)
        total = by_work_of = sum(found["band"].values())
        more = total > COUNTED
    else:
        by_work = _first_counted(tx, sight, wanted, COUNTED)["work"]
        found = sums(tx, sight, wanted) | {"work": by_work}
        total, by_work_of, more = sum(found["band"].values()), sum(by_work.values()), False
    counts = {name: tuple(sorted(each.items(), key=lambda one: (-one[1], one[0]))) for name, each in found.items()}
    return Facets(counts, min(total, COUNTED) if more else total, more, by_work_of)


def sums(tx: Connection, sight: Sight, wanted: Wanted) -> dict[str, dict[str, int]]:
    """By each of `FACETS`, how many matches that fit have which value, "" standing for none; every one is counted.

    ValueError where `wanted` names a work, a reference, a screening or moments: tallies don't know them.
    """
    if _only_rows_tell(wanted):
        raise ValueError("matches are tallied by none of these")
    columns = [match_tallies.c[name] for name in FACETS.values()]
    fitting = (*seen(sight, match_tallies), *_fitting(wanted, match_tallies))
    return _added(
        FACETS, tx.execute(select(*columns, func.sum(match_tallies.c.matches)).where(*fitting).group_by(*columns))
    )


def _only_rows_tell(wanted: Wanted) -> bool:
    asked = (wanted.work_id, wanted.reference_id, wanted.screening_id, wanted.found_from, wanted.found_until)
    return any(each is not None for each in asked)


def _first_counted(tx: Connection, sight: Sight, wanted: Wanted, most: int) -> dict[str, dict[str, int]]:
    """By each of `FACETS` and by `work`, how many of the surest that fit have which value."""
    names = {**FACETS, "work": "work_id"}
    first = (
        select(*(matches.c[name] for name in names.values()))
        .where(*seen(sight), *_fitting(wanted))
        .order_by(matches.c.score.desc(), matches.c.id.desc())
        .limit(most)
        .subquery()
    )
    return _added(names, tx.execute(select(*first.c, func.count()).group_by(*first.c)))


def _added(names: Iterable[str], rows: Iterable[Any]) -> dict[str, dict[str, int]]:
    """Of rows with a value for each name and a number at the end."""
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for row in rows:
        for name, value in zip(found, row[:-1], strict=True):
            found[name][value or ""] = found[name].get(value or "", 0) + int(row[-1])
    return found


def position(tx: Connection, sight: Sight, wanted: Wanted, of: StoredMatch) -> tuple[int | None, int]:
    """ "3 of 27": where a match stands among those that fit, surest first, and how many there are.

    The place is None behind the first 1,000; where only rows can tell, no more are counted either.
    """
    fitting = (*seen(sight), *_fitting(wanted))
    # The first condition alone lets the index be entered at the right place.
    before = and_(
        matches.c.score >= of.score,
        or_(matches.c.score > of.score, and_(matches.c.score == of.score, matches.c.id > of.id)),
    )

    def count(*conditions: ColumnElement[bool]) -> int:
        some = select(matches.c.id).where(*conditions).limit(COUNTED).subquery()
        return tx.execute(select(func.count()).select_from(some)).scalar_one()

    total = count(*fitting) if _only_rows_tell(wanted) else sum(sums(tx, sight, wanted)["state"].values())
    preceding = count(*fitting, before)
    return (preceding + 1 if preceding < COUNTED else None), total


def preceding(tx: Connection, sight: Sight, wanted: Wanted, of: StoredMatch) -> StoredMatch | None:
    """The match just before `of` among those that fit, surest first."""
    query = _SELECTED.where(
        *seen(sight),
        *_fitting(wanted),
        matches.c.score >= of.score,
        or_(matches.c.score > of.score, and_(matches.c.score == of.score, matches.c.id > of.id)),
    )
    row = tx.execute(query.order_by(matches.c.score, matches.c.id).limit(1)).first()
    return None if row is None else _match(row, sight)


def waiting_for(tx: Connection, sight: Sight, work_ids: Sequence[str]) -> dict[str, int]:
    """How many open matches each of a page of works has; works without one are left out."""
    open_ones = (matches.c.state == State.OPEN.value, matches.c.work_id.in_(work_ids))
    query = select(matches.c.work_id, func.count()).where(*open_ones)
    if sight.member_id is not None and not sight.everything:
        # By the work's owner: with a condition on each match, the index of works alone would no longer do.
        query = query.where(matches.c.work_id.in_(select(works.c.id).where(works.c.member_id == sight.member_id)))
    else:
        query = query.where(*seen(sight))
    return {row.work_id: row[1] for row in tx.execute(query.group_by(matches.c.work_id))}


def by_screenings(tx: Connection, sight: Sight, screening_ids: Iterable[str]) -> list[StoredMatch]:
    """All matches of some screenings, by screening and position."""
    query = _SELECTED.where(matches.c.screening_id.in_(list(screening_ids)))
    found = [_match(row, sight) for row in tx.execute(query.order_by(matches.c.screening_id, matches.c.position))]
    # Chosen here: a database that may use an index of members would read all matches of one.
    return [each for each in found if _may_see(sight, each)]


def resting_on(tx: Connection, reference_id: str, limit: int) -> list[StoredMatch]:
    """Undecided matches with a reference, the surest first."""
    undecided = matches.c.state.in_((State.OPEN.value, State.HELD.value, State.ASKED.value))
    query = _SELECTED.where(matches.c.reference_id == reference_id, undecided).order_by(matches.c.score.desc())
    return [_match(row, None) for row in tx.execute(query.limit(limit))]


_SELECTED: Select[*tuple[Any, ...]] = (
    select(
        matches,
        screenings.c.query,
        screenings.c.media,
        screenings.c.duration_s,
        screenings.c.model,
        screenings.c.words,
        works.c.title,
        members.c.name.label("member"),
        people.c.name.label("assignee"),
    )
    .join(screenings, screenings.c.id == matches.c.screening_id)
    .join(works, works.c.id == matches.c.work_id)
    .join(members, members.c.id == matches.c.member_id)
    .outerjoin(people, people.c.id == matches.c.assignee_id)
)


def seen(sight: Sight, among: Table = matches) -> list[ColumnElement[bool]]:
    """Conditions under which a match may be seen."""
    if sight.everything:
        return []
    if sight.member_id is not None:
        return [among.c.member_id == sight.member_id]
    return [among.c.organisation_id == sight.organisation_id]


def _may_see(sight: Sight, match: StoredMatch) -> bool:
    """As `seen` says it of rows."""
    if sight.everything:
        return True
    if sight.member_id is not None:
        return match.member_id == sight.member_id
    return match.organisation_id == sight.organisation_id


def _fitting(wanted: Wanted, among: Table = matches) -> list[ColumnElement[bool]]:
    """Conditions on matches, or on tallies of them."""
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(_one_of(among.c.state, wanted.states))
    if wanted.bands:
        found.append(_one_of(among.c.band, wanted.bands))
    for name in ("work_id", "member_id", "reference_id", "screening_id", "provider", "assignee_id"):
        if (value := getattr(wanted, name)) is not None:
            found.append(among.c[name] == value)
    if wanted.unassigned:
        if wanted.assignee_id is not None:
            raise BadInput("ask for an assignee or for unassigned matches, not both")
        found.append(among.c.assignee_id.is_(None) if among is matches else among.c.assignee_id == "")
    if wanted.found_from is not None:
        found.append(matches.c.found_at >= wanted.found_from)
    if wanted.found_until is not None:
        found.append(matches.c.found_at < wanted.found_until)
    return found


def _one_of(column: Any, values: tuple[StrEnum, ...]) -> ColumnElement[bool]:
    # One value as an equality: only then does an index give the order as well.
    condition: ColumnElement[bool] = (
        column == values[0].value if len(values) == 1 else column.in_([value.value for value in values])
    )
    return condition


def _match(row: Any, sight: Sight | None) -> StoredMatch:
    return StoredMatch(
        id=row.id,
        screening_id=row.screening_id,
        query=row.query,
        media=row.media,
        duration_s=row.duration_s,
        work_id=row.work_id,
        title=row.title,
        member_id=row.member_id,
        member=row.member,
        reference_id=row.reference_id,
        organisation_id=row.organisation_id,
        provider=row.provider,
        model=row.model,
        kind=Kind(row.kind),
        band=Band(row.band),
        score=row.score,
        verdict=Verdict(row.verdict),
        allowed=row.allowed,
        found_at=row.found_at,
        state=State(row.state),
        reason=None if row.reason is None else DismissedBecause(row.reason),
        assignee_id=row.assignee_id,
        assignee=row.assignee,
        decisions=row.decisions,
        finding=as_seen(json.loads(row.words)["findings"][row.position], sight),
    )
