"""Tallies say what a full count says, after any sequence of screenings and decisions."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select
from tests.review.conftest import NOON, House, house_in

from tomeishi.access.permissions import Action
from tomeishi.errors import TomeishiError
from tomeishi.review import decisions, matches, tallies
from tomeishi.review.matches import Wanted
from tomeishi.review.states import CommonPoint, DismissedBecause, State
from tomeishi.storage import tables
from tomeishi.storage.db import Database
from tomeishi.values import Band, Interval

VERBS = ("screen", "assign", "confirm", "dismiss", "exclude", "hold", "ask", "reopen", "undo")
STEPS = st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=14)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with house_in(tmp_path_factory.mktemp("house")) as made:
        yield made


def _step(house: House, tx: Connection, verb: str, which: int, what: int, at: Any) -> None:
    ids = tx.execute(select(tables.matches.c.id).order_by(tables.matches.c.id)).scalars().all()
    match, by = ids[which % len(ids)], (house.hana.id, house.ren.id)[what % 2]
    reason = list(DismissedBecause)[what % len(DismissedBecause)]
    verbs: dict[str, Callable[[], object]] = {
        "assign": lambda: decisions.assign(tx, [match], (None, house.hana.id, house.ren.id)[what % 3], by, at),
        "confirm": lambda: decisions.confirm(tx, match, [CommonPoint.FACE], by, at),
        "dismiss": lambda: decisions.dismiss(tx, match, reason, by, at),
        "exclude": lambda: decisions.dismiss(tx, match, reason, by, at, exclude=Interval(which, which + 6.0)),
        "hold": lambda: decisions.hold(tx, match, by, at),
        "ask": lambda: decisions.ask(tx, match, "yours?", by, at),
        "reopen": lambda: decisions.reopen(tx, match, by, at),
        "undo": lambda: decisions.undo(tx, match, by, at),
    }
    verbs[verb]()


def _counted(tx: Connection) -> dict[tuple[str, ...], int]:
    rows = tx.execute(select(*(tables.matches.c[name] for name in tallies.SORT)))
    return Counter(tuple(value or "" for value in row) for row in rows)


def _tallied(tx: Connection) -> dict[tuple[str, ...], int]:
    columns = tables.match_tallies.c
    rows = tx.execute(select(*(columns[name] for name in tallies.SORT), columns.matches))
    return {tuple(row[:-1]): row[-1] for row in rows}


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_tallies_are_a_full_count_whatever_was_done(house: House, steps: list[tuple[str, int, int]]) -> None:
    house.screening(of=(0, 1))
    for number, (verb, which, what) in enumerate(steps):
        at = NOON + timedelta(minutes=number)
        if verb == "screen":
            house.screening(of=(0, 1)[: 1 + which % 2], band=list(Band)[what % 3], provider=(None, "acme")[which % 2])
            continue
        with suppress(TomeishiError), house.platform.transaction() as tx:
            _step(house, tx, verb, which, what, at)
    with house.platform.reading() as tx:
        assert _tallied(tx) == _counted(tx)


def test_what_is_told_of_a_queue_is_what_its_rows_say(house: House) -> None:
    house.screening(of=(0, 1), band=Band.LIKELY)
    for principal in (house.hana, house.legal):
        sight = principal.sight(Action.READ_MATCHES)
        for wanted in (Wanted(), Wanted(states=()), Wanted(bands=(Band.LIKELY,)), Wanted(states=(), unassigned=True)):
            with house.platform.reading() as tx:
                rows = matches.queue(tx, sight, wanted, 100_000)
                told = matches.facets(tx, sight, wanted)
            assert dict(told.counts["state"]) == Counter(each.state for each in rows)
            assert dict(told.counts["provider"]) == Counter(each.provider or "" for each in rows)
            assert dict(told.counts["work"]) == Counter(each.work_id for each in rows)
            assert (told.counted, told.more) == (len(rows), False)


def test_a_match_that_changes_nothing_it_is_counted_by_is_counted_once(tmp_path: Path) -> None:
    with house_in(tmp_path / "home") as house:
        house.screening()
        with house.platform.reading() as tx:
            (before,) = _tallied(tx)
        with house.platform.transaction() as tx:
            (match_id,) = tx.execute(select(tables.matches.c.id)).scalars()
            decisions.assign(tx, [match_id], None, house.hana.id, NOON)
        with house.platform.reading() as tx:
            assert _tallied(tx) == {before: 1}
            assert before[tallies.SORT.index("state")] == State.OPEN


def test_an_older_installation_is_counted_when_it_is_brought_up_to_date(empty_url: str) -> None:
    database = Database(empty_url)
    database.migrate("0007")
    with database.transaction() as tx:
        _older_rows(tx)
    database.migrate()
    with database.reading() as tx:
        assert _tallied(tx) == _counted(tx)
        assert sum(_tallied(tx).values()) == 3
    database.close()


def _older_rows(tx: Connection) -> None:
    made = {"created_at": NOON}
    tx.execute(tables.members.insert().values(id="m", name="m", **made))
    tx.execute(tables.works.insert().values(id="w", member_id="m", title="w", **made))
    file = {"path": "p", "location": "p", "digest": "d", "size_bytes": 1, "kind": "video", "duration_s": 1.0}
    tx.execute(tables.reference_files.insert().values(id="r", work_id="w", **file, **made))
    tx.execute(tables.organisations.insert().values(id="o", kind="coalition", name="coalition", **made))
    words = {"kind": "media", "query": "q", "duration_s": 1.0, "verdict": "review", "findings": 3, "words": "{}"}
    asked = {"organisation_id": "o", "asked_by": "x", "digest": "d", "made_at": NOON}
    tx.execute(tables.screenings.insert().values(id="s", **words, **asked))
    of = {"screening_id": "s", "work_id": "w", "member_id": "m", "reference_id": "r", "organisation_id": "o"}
    found = {"kind": "copy", "band": "weak", "score": 0.5, "verdict": "review", "allowed": False, "found_at": NOON}
    for position, state in enumerate(("open", "open", "dismissed")):
        reason = "generic" if state == "dismissed" else None
        stands = {"state": state, "reason": reason, "decisions": 0}
        tx.execute(tables.matches.insert().values(id=str(position), position=position, **of, **found, **stands))
