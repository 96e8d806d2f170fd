"""What decisions make of a match."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.review.conftest import NOON, later

from tomeishi.errors import BadInput, Conflict, NotPermitted, TomeishiError
from tomeishi.review.states import CommonPoint, Decision, DecisionKind, State, check, confirming, standing

WORDS: dict[DecisionKind, dict[str, Any]] = {
    DecisionKind.ASSIGN: {"assignee": "per_1"},
    DecisionKind.CONFIRM: {"points": ["face"], "note": ""},
    DecisionKind.DISMISS: {"reason": "generic", "exclusion": None, "note": ""},
    DecisionKind.HOLD: {"note": ""},
    DecisionKind.ASK: {"question": "yours?"},
    DecisionKind.REOPEN: {"note": ""},
    DecisionKind.UNDO: {},
}


def decisions(*kinds: str) -> list[Decision]:
    return [Decision(n, DecisionKind(k), "per_1", NOON, WORDS[DecisionKind(k)]) for n, k in enumerate(kinds, start=1)]


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ((), State.OPEN),
        (("assign",), State.OPEN),
        (("hold",), State.HELD),
        (("ask",), State.ASKED),
        (("hold", "confirm"), State.CONFIRMED),
        (("dismiss",), State.DISMISSED),
        (("dismiss", "reopen"), State.OPEN),
        (("hold", "dismiss", "undo"), State.HELD),
        (("confirm", "reopen", "undo"), State.CONFIRMED),
    ],
)
def test_a_state_follows_from_the_decisions(kinds: tuple[str, ...], state: State) -> None:
    assert standing(decisions(*kinds)).state is state


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        (("confirm",), "dismiss"),
        (("dismiss",), "confirm"),
        (("confirm",), "hold"),
        (("hold",), "hold"),
        ((), "reopen"),
        ((), "undo"),
        (("hold", "undo"), "undo"),
    ],
)
def test_a_decision_that_cannot_follow_is_refused(before: tuple[str, ...], kind: str) -> None:
    with pytest.raises(Conflict):
        check(standing(decisions(*before)), DecisionKind(kind), "per_1", NOON)


def test_another_person_reopens_instead_of_undoing() -> None:
    with pytest.raises(NotPermitted, match="reopen"):
        check(standing(decisions("confirm")), DecisionKind.UNDO, "per_2", NOON)


def test_undo_is_for_the_first_minutes() -> None:
    now = standing(decisions("confirm"))
    check(now, DecisionKind.UNDO, "per_1", later(10))
    with pytest.raises(Conflict, match="reopen"):
        check(now, DecisionKind.UNDO, "per_1", later(10.1))


def test_who_confirms_names_a_common_point() -> None:
    with pytest.raises(BadInput, match="common point"):
        confirming([], "obviously")
    assert confirming([CommonPoint.FACE, CommonPoint.FACE], " x ") == {"points": ["face"], "note": "x"}


@given(st.lists(st.sampled_from(DecisionKind), max_size=30))
def test_whatever_is_allowed_to_follow_can_be_undone(kinds: list[DecisionKind]) -> None:
    made: list[Decision] = []
    for kind in kinds:
        before = standing(made)
        try:
            check(before, kind, "per_1", NOON)
        except TomeishiError:
            continue
        made.append(Decision(len(made) + 1, kind, "per_1", NOON, WORDS[kind]))
        if kind is not DecisionKind.UNDO:
            undone = standing([*made, Decision(len(made) + 1, DecisionKind.UNDO, "per_1", NOON, {})])
            assert undone == before
