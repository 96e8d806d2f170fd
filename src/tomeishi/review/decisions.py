"""People's decisions on matches: written down one after the other, never changed.

Each verb checks that it may follow what was decided before, appends one decision, and repeats what it comes to in the
match's row. Whether somebody may decide at all is asked by whoever calls.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from tomeishi.access.people import person
from tomeishi.access.permissions import Action
from tomeishi.errors import BadInput, ChangedMeanwhile, Conflict, NotFound
from tomeishi.registry import references
from tomeishi.review import tallies
from tomeishi.review.matches import resting_on
from tomeishi.review.states import (
    CommonPoint,
    Decision,
    DecisionKind,
    DismissedBecause,
    check,
    checked_note,
    confirming,
    standing,
)
from tomeishi.storage.tables import match_decisions, matches
from tomeishi.values import Interval, canonical

MOST_SWEPT = 1000
"""Most other matches that one exclusion puts aside at once."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """What excluding a stretch of a reference did."""

    exclusion_id: str
    also: tuple[str, ...]
    """Other undecided matches that rested on this stretch alone: dismissed with it."""


def history(tx: Connection, match_id: str) -> list[Decision]:
    """All decisions, the first one first."""
    rows = tx.execute(
        select(match_decisions).where(match_decisions.c.match_id == match_id).order_by(match_decisions.c.number)
    )
    return [Decision(row.number, DecisionKind(row.kind), row.by, row.at, json.loads(row.words)) for row in rows]


def assign(tx: Connection, match_ids: Sequence[str], assignee_id: str | None, by: str, at: datetime) -> None:
    """To one person, or to nobody; all of them or none."""
    if assignee_id is not None:
        chosen = person(tx, assignee_id)
        if chosen.disabled_at is not None or not chosen.principal.reach(Action.DECIDE_MATCHES):
            raise BadInput(f"{chosen.name} can't decide matches; choose somebody who can")
    for match_id in match_ids:
        _decide(tx, match_id, DecisionKind.ASSIGN, {"assignee": assignee_id}, by, at, None)


def confirm(
    tx: Connection,
    match_id: str,
    points: Sequence[CommonPoint],
    by: str,
    at: datetime,
    *,
    note: str = "",
    version: int | None = None,
) -> None:
    """They do resemble each other, in the points named."""
    _decide(tx, match_id, DecisionKind.CONFIRM, confirming(points, note), by, at, version)


def dismiss(
    tx: Connection,
    match_id: str,
    reason: DismissedBecause,
    by: str,
    at: datetime,
    *,
    note: str = "",
    exclude: Interval | None = None,
    version: int | None = None,
) -> Excluded | None:
    """Put aside. `exclude`, a stretch of the reference, never counts from now on: the cause goes, not the symptom."""
    words: dict[str, Any] = {"reason": reason.value, "exclusion": None, "note": checked_note(note)}
    if exclude is None:
        _decide(tx, match_id, DecisionKind.DISMISS, words, by, at, version)
        return None
    reference_id = tx.execute(select(matches.c.reference_id).where(matches.c.id == match_id)).scalar()
    if reference_id is None:
        raise NotFound(f"no match {match_id}")
    known = {each.id for each in references.exclusions(tx, reference_id)}
    exclusion_id = references.exclude(tx, reference_id, exclude, f"{reason.value}: {match_id}", recorded_at=at)
    if exclusion_id in known:
        raise Conflict("this part is excluded already; dismiss without excluding it again")
    words["exclusion"] = exclusion_id
    _decide(tx, match_id, DecisionKind.DISMISS, words, by, at, version)
    also = [
        other.id
        for other in resting_on(tx, reference_id, MOST_SWEPT)
        if all(exclude.start <= start and end <= exclude.end for _, _, start, end in other.finding["segments"])
    ]
    for other in also:
        _decide(tx, other, DecisionKind.DISMISS, words, by, at, None)
    return Excluded(exclusion_id, tuple(also))


def hold(tx: Connection, match_id: str, by: str, at: datetime, *, note: str = "", version: int | None = None) -> None:
    """To be decided later."""
    _decide(tx, match_id, DecisionKind.HOLD, {"note": checked_note(note)}, by, at, version)


def ask(tx: Connection, match_id: str, question: str, by: str, at: datetime, *, version: int | None = None) -> None:
    """Wait for an answer of the member."""
    if not question.strip():
        raise BadInput("write the question")
    _decide(tx, match_id, DecisionKind.ASK, {"question": checked_note(question)}, by, at, version)


def reopen(tx: Connection, match_id: str, by: str, at: datetime, *, note: str = "", version: int | None = None) -> None:
    """Open again, whatever was decided. An exclusion stays: take it back by itself."""
    _decide(tx, match_id, DecisionKind.REOPEN, {"note": checked_note(note)}, by, at, version)


def undo(tx: Connection, match_id: str, by: str, at: datetime, *, version: int | None = None) -> None:
    """Take the last decision back, with the exclusion that came with it and what that put aside."""
    last = standing(history(tx, match_id)).last
    _decide(tx, match_id, DecisionKind.UNDO, {}, by, at, version)
    exclusion_id = None if last is None else last.words.get("exclusion")
    if last is None or exclusion_id is None:
        return
    found = references.take_back_exclusion(tx, exclusion_id)
    swept = select(matches.c.id).where(
        matches.c.reference_id == found.reference_id, matches.c.state == "dismissed", matches.c.id != match_id
    )
    for other in tx.execute(swept).scalars().all():
        its_last = standing(history(tx, other)).last
        if its_last is not None and its_last.words.get("exclusion") == exclusion_id and its_last.by == by:
            _decide(tx, other, DecisionKind.UNDO, {}, by, at, None)


def _decide(
    tx: Connection,
    match_id: str,
    kind: DecisionKind,
    words: Mapping[str, Any],
    by: str,
    at: datetime,
    version: int | None,
) -> None:
    # The row is locked first: two decisions on one match follow each other, on either database.
    row = tx.execute(select(matches).where(matches.c.id == match_id).with_for_update()).mappings().first()
    if row is None:
        raise NotFound(f"no match {match_id}")
    if version is not None and version != row["decisions"]:
        raise ChangedMeanwhile(f"match {match_id} was decided on meanwhile; look at it again")
    before = history(tx, match_id)
    check(standing(before), kind, by, at)
    decision = Decision(len(before) + 1, kind, by, at, words)
    values = {"match_id": match_id, "number": decision.number, "kind": kind.value, "by": by, "at": at}
    tx.execute(insert(match_decisions).values(**values, words=canonical(dict(words)).decode()))
    now = standing([*before, decision])
    changed = {
        "state": now.state.value,
        "reason": None if now.reason is None else now.reason.value,
        "assignee_id": now.assignee,
        "decisions": decision.number,
    }
    tx.execute(update(matches).where(matches.c.id == match_id).values(changed))
    tallies.move(tx, dict(row), {**row, **changed})
