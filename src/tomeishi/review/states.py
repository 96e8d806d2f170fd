"""What decisions make of a match: pure, from the decisions alone.

    open ── hold ──> held ──┐
      ├──── ask ───> asked ─┤── confirm ──> confirmed ──┐
      └─────────────────────┴── dismiss ──> dismissed ──┴── reopen ──> open

Held and asked ones can be reopened too. `assign` changes no state. `undo` takes back the last decision that still
counts, by the person who made it, within ten minutes; it stays written down.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tomeishi.errors import BadInput, Conflict, NotPermitted

UNDO = timedelta(minutes=10)


class State(StrEnum):
    """Where a match stands."""

    OPEN = "open"
    HELD = "held"
    ASKED = "asked"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class DecisionKind(StrEnum):
    ASSIGN = "assign"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    HOLD = "hold"
    ASK = "ask"
    REOPEN = "reopen"
    UNDO = "undo"


class CommonPoint(StrEnum):
    """What both sides show. Whoever confirms names at least one."""

    FIGURE = "figure"
    FACE = "face"
    COSTUME = "costume"
    PROP = "prop"
    PLACE = "place"
    COMPOSITION = "composition"
    MOTION = "motion"
    LETTERING = "lettering"
    SOUND = "sound"


class DismissedBecause(StrEnum):
    """Why a match is put aside."""

    COINCIDENCE = "coincidence"
    """The two do not resemble each other, or by chance."""
    GENERIC = "generic"
    """What they share is everybody's: a black frame, a common motif."""
    SHARED_MATERIAL = "shared_material"
    """Both use the same stock footage, opening or logo."""
    PERMITTED = "permitted"
    """They do resemble each other; the rights holder permitted it, or made it."""
    LAWFUL = "lawful"
    """They do resemble each other; a quotation, parody or report, as far as the person can tell."""

    @property
    def denies_resemblance(self) -> bool:
        """Whether it counts against the band's track record."""
        return self not in (DismissedBecause.PERMITTED, DismissedBecause.LAWFUL)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision as it was made; `words` by kind: `points`, `reason`, `exclusion`, `question`, `assignee`, `note`."""

    number: int
    """From 1, for each match."""
    kind: DecisionKind
    by: str
    """Id of a person or key."""
    at: datetime
    words: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the decisions up to now come to."""

    state: State
    reason: DismissedBecause | None
    """Of a dismissed one."""
    assignee: str | None
    last: Decision | None
    """The decision that an undo would take back; None: nothing to undo."""


_AFTER = {
    DecisionKind.CONFIRM: State.CONFIRMED,
    DecisionKind.DISMISS: State.DISMISSED,
    DecisionKind.HOLD: State.HELD,
    DecisionKind.ASK: State.ASKED,
    DecisionKind.REOPEN: State.OPEN,
}
_UNDECIDED = frozenset({State.OPEN, State.HELD, State.ASKED})


def standing(decisions: Iterable[Decision]) -> Standing:
    """From the first decision to the last; what was undone counts no more."""
    counting: list[Decision] = []
    for decision in decisions:
        if decision.kind is DecisionKind.UNDO:
            counting.pop()
        else:
            counting.append(decision)
    state, reason, assignee = State.OPEN, None, None
    for decision in counting:
        if decision.kind is DecisionKind.ASSIGN:
            assignee = decision.words["assignee"]
            continue
        state = _AFTER[decision.kind]
        reason = DismissedBecause(decision.words["reason"]) if state is State.DISMISSED else None
    return Standing(state, reason, assignee, counting[-1] if counting else None)


def check(now: Standing, kind: DecisionKind, by: str, at: datetime) -> None:
    """Conflict or NotPermitted where the rules do not let this decision follow."""
    if kind is DecisionKind.UNDO:
        if now.last is None:
            raise Conflict("there is nothing to undo")
        if now.last.by != by:
            raise NotPermitted("only who decided can undo it; reopen the match instead")
        if now.last.at + UNDO < at:
            raise Conflict("undo is for the first ten minutes; reopen the match instead")
    elif kind is DecisionKind.REOPEN:
        if now.state is State.OPEN:
            raise Conflict("the match is open already")
    elif kind is not DecisionKind.ASSIGN:
        if now.state not in _UNDECIDED:
            raise Conflict(f"the match is {now.state} already; reopen it first")
        if now.state is _AFTER[kind]:
            raise Conflict(f"the match is {now.state} already")


def confirming(points: Sequence[CommonPoint], note: str) -> dict[str, Any]:
    """The words of a confirmation; BadInput without a common point."""
    if not points:
        raise BadInput("name at least one common point: what do both sides show?")
    return {"points": [point.value for point in CommonPoint if point in points], "note": checked_note(note)}


def checked_note(note: str) -> str:
    """BadInput past 4000 characters."""
    if len(note) > 4000:
        raise BadInput("a note has at most 4000 characters")
    return note.strip()
