from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tomeishi.errors import Conflict, NotFound, NotPermitted
from tomeishi.registry import franchises, works
from tomeishi.storage.db import Database

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    with database.transaction() as transaction:
        yield transaction


def test_a_work_joins_a_franchise_from_a_moment_on(tx: Connection) -> None:
    member = works.add_member(tx, "星川スタジオ")
    first, second = (works.add_work(tx, member, title) for title in ("星のピコ丸", "星のピコ丸2"))
    pico = franchises.add_franchise(tx, member, "ピコ丸シリーズ")
    franchises.add_to_franchise(tx, pico, first, NOON)
    franchises.add_to_franchise(tx, pico, second, NOON + DAY)
    franchises.add_to_franchise(tx, pico, first, NOON + 2 * DAY)
    joined = franchises.memberships(tx)
    assert joined == {first: ((pico, NOON),), second: ((pico, NOON + DAY),)}
    assert franchises.at_moment(joined[second], NOON) == ()
    assert franchises.at_moment(joined[second], NOON + DAY) == (pico,)
    (found,) = franchises.list_franchises(tx)
    assert (found.name, found.member, found.work_ids) == ("ピコ丸シリーズ", "星川スタジオ", (first, second))
    assert franchises.franchise(tx, pico) == found


def test_a_franchise_holds_works_of_one_member_under_one_name(tx: Connection) -> None:
    ours, theirs = (works.add_member(tx, name) for name in ("星川スタジオ", "雲井社"))
    pico = franchises.named_franchise(tx, ours, "シリーズ")
    assert franchises.named_franchise(tx, ours, "シリーズ") == pico
    assert franchises.named_franchise(tx, theirs, "シリーズ") != pico
    with pytest.raises(Conflict, match="already"):
        franchises.add_franchise(tx, ours, "シリーズ")
    with pytest.raises(NotPermitted, match="different members"):
        franchises.add_to_franchise(tx, pico, works.add_work(tx, theirs, "雲"), NOON)


def test_what_is_not_there_is_not_found(tx: Connection) -> None:
    member = works.add_member(tx, "星川スタジオ")
    pico = franchises.add_franchise(tx, member, "シリーズ")
    with pytest.raises(NotFound, match="mem_9"):
        franchises.add_franchise(tx, "mem_9", "シリーズ")
    with pytest.raises(NotFound, match="frn_9"):
        franchises.add_to_franchise(tx, "frn_9", works.add_work(tx, member, "星"), NOON)
    with pytest.raises(NotFound, match="wrk_9"):
        franchises.add_to_franchise(tx, pico, "wrk_9", NOON)
    with pytest.raises(NotFound, match="frn_9"):
        franchises.franchise(tx, "frn_9")


def test_a_work_never_leaves_a_franchise(tx: Connection) -> None:
    member = works.add_member(tx, "星川スタジオ")
    pico = franchises.add_franchise(tx, member, "シリーズ")
    franchises.add_to_franchise(tx, pico, works.add_work(tx, member, "星"), NOON)
    for statement in ("DELETE FROM franchise_works", "UPDATE franchise_works SET added_at = '2020-01-01 00:00:00'"):
        with pytest.raises(IntegrityError, match="append-only"), tx.begin_nested():
            tx.exec_driver_sql(statement)
