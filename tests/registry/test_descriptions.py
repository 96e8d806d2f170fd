from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from tomeishi.errors import BadInput, NotFound
from tomeishi.registry.descriptions import Description, add_descriptions, list_descriptions
from tomeishi.registry.stamp import stamp
from tomeishi.registry.works import add_character, add_member, add_work
from tomeishi.storage.db import Database


@pytest.fixture
def tx(registry: Database) -> Iterator[Connection]:
    with registry.transaction() as connection:
        yield connection
        connection.rollback()


def test_descriptions_are_kept_in_order_and_once_each(tx: Connection) -> None:
    work = add_work(tx, add_member(tx, "星雲社"), "星のピコ丸")
    figure = add_character(tx, work, "ピコ丸")
    before = stamp(tx)
    add_descriptions(tx, work, ["a round blue robot", " a round blue robot "], figure)
    add_descriptions(tx, work, ["a town on the moon"])
    add_descriptions(tx, work, ["a round blue robot", "a bell"], figure)
    assert list_descriptions(tx, work) == [
        Description(work, figure, "a round blue robot"),
        Description(work, None, "a town on the moon"),
        Description(work, figure, "a bell"),
    ]
    assert list_descriptions(tx) == list_descriptions(tx, work)
    assert stamp(tx) != before


def test_a_description_of_nothing_is_refused(tx: Connection) -> None:
    member = add_member(tx, "星雲社")
    work, other = add_work(tx, member, "星のピコ丸"), add_work(tx, member, "雨")
    figure = add_character(tx, other, "ルーン")
    with pytest.raises(NotFound, match="no work"):
        add_descriptions(tx, "wrk_none", ["a bell"])
    with pytest.raises(NotFound, match="has no character"):
        add_descriptions(tx, work, ["a bell"], figure)
    with pytest.raises(BadInput, match="description is empty"):
        add_descriptions(tx, work, [" "])
