"""Drawings of characters: what is kept, what is refused, what comes back."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import Connection, text

from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.registry import drawings, references, works
from tomeishi.registry.drawings import Part, Variant
from tomeishi.storage.db import Database
from tomeishi.values import Box, MediaKind

BOX = Box(0.25, 0.1, 0.5, 0.8)


@pytest.fixture
def tx(registry: Database) -> Iterator[Connection]:
    with registry.transaction() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def poltan(tx: Connection) -> tuple[str, str]:
    """A character and a reference of its work."""
    member = works.add_member(tx, "Hoshiboshi")
    work = works.add_work(tx, member, "Stray Star")
    reference = references.add_reference(tx, work, "sheet.png", "sha256:" + "1" * 64, 10, MediaKind.IMAGE, 1.0)
    return works.add_character(tx, work, "Poltan"), reference


def test_a_drawing_comes_back_as_it_was_added(tx: Connection, poltan: tuple[str, str]) -> None:
    drawing_id = drawings.add_drawing(tx, *poltan, 2.5, BOX, "summer dress")
    (found,) = drawings.drawings(tx, poltan[0])
    assert (found.id, found.reference_id, found.time_s, found.box, found.look) == (
        drawing_id, poltan[1], 2.5, BOX, "summer dress"
    )  # fmt: skip
    assert drawings.enrolled(tx) == {poltan[0]: 1}


def test_the_same_place_of_the_same_moment_is_the_same_drawing(tx: Connection, poltan: tuple[str, str]) -> None:
    assert drawings.add_drawing(tx, *poltan, 0.0, BOX) == drawings.add_drawing(tx, *poltan, 0.0, BOX)
    assert drawings.add_drawing(tx, *poltan, 0.0, BOX) != drawings.add_drawing(tx, *poltan, 1.0, BOX)


def test_a_drawing_lies_in_a_reference_of_the_characters_own_work(tx: Connection, poltan: tuple[str, str]) -> None:
    other = works.add_work(tx, works.add_member(tx, "Kumotsuki"), "Ferry")
    foreign = references.add_reference(tx, other, "b.png", "sha256:" + "2" * 64, 10, MediaKind.IMAGE, 1.0)
    with pytest.raises(BadInput, match="no reference of the work"):
        drawings.add_drawing(tx, poltan[0], foreign, 0.0, BOX)
    with pytest.raises(NotFound, match="no character"):
        drawings.add_drawing(tx, "chr_nobody", poltan[1], 0.0, BOX)


def test_rows_come_back_as_unit_rows_and_newer_ones_take_their_place(tx: Connection, poltan: tuple[str, str]) -> None:
    drawing_id = drawings.add_drawing(tx, *poltan, 0.0, BOX)
    for axis in (0, 1):
        row = np.eye(8, dtype=np.float32)[axis]
        drawings.keep_rows(tx, drawing_id, "figure-1", None, {Part.WHOLE: row, Part.UPPER: row})
    found = drawings.rows_of(tx, "figure-1", None, 8)
    assert found.drawing_ids == (drawing_id, drawing_id)
    assert set(found.parts) == {Part.WHOLE, Part.UPPER}
    assert (found.values == np.eye(8, dtype=np.float32)[[1, 1]]).all()
    assert drawings.rows_of(tx, "figure-2", None, 8).drawing_ids == ()
    assert drawings.rows_of(tx, "figure-1", "sha256:others", 8).drawing_ids == (), "of other weights"


def test_a_row_that_was_edited_by_hand_is_noticed(tx: Connection, poltan: tuple[str, str]) -> None:
    drawing_id = drawings.add_drawing(tx, *poltan, 0.0, BOX)
    drawings.keep_rows(tx, drawing_id, "figure-1", None, {Part.WHOLE: np.eye(8, dtype=np.float32)[0]})
    for words in ("not base64!", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA=="):
        tx.execute(text("UPDATE drawing_rows SET row = :row"), {"row": words})
        with pytest.raises(Tampered, match=drawing_id):
            drawings.rows_of(tx, "figure-1", None, 8)


def test_what_a_member_says_of_variants_is_kept_and_can_change(tx: Connection, poltan: tuple[str, str]) -> None:
    drawings.note_variants(tx, poltan[0], {Variant.MIRRORED: True, Variant.RECOLOURED: False})
    drawings.note_variants(tx, poltan[0], {Variant.RECOLOURED: True})
    assert drawings.variants(tx) == {poltan[0]: {Variant.MIRRORED: True, Variant.RECOLOURED: True}}
