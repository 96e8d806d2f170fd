"""Drawings of characters: where each is drawn in references of its work, and what a descriptor made of it."""

import base64
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select

from tomeishi import clock
from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.registry.names import clean_name
from tomeishi.storage.tables import character_variants, characters, drawing_rows, reference_files
from tomeishi.storage.tables import drawings as drawing_table
from tomeishi.values import Box, canonical, new_id


class Part(StrEnum):
    """What of a drawing a row describes."""

    WHOLE = "whole"
    UPPER = "upper"
    """The upper square of a tall one: head and shoulders, as close-ups show them."""


class Variant(StrEnum):
    """Changed drawings that a member may count as the character, or not."""

    MIRRORED = "mirrored"
    RECOLOURED = "recoloured"


@dataclass(frozen=True, slots=True)
class Drawing:
    id: str
    character_id: str
    reference_id: str
    time_s: float
    box: Box
    look: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRows:
    """Rows of all drawings for one descriptor, those of one character together."""

    drawing_ids: tuple[str, ...]
    """(n,), whose row it is."""
    parts: tuple[Part, ...]
    values: NDArray[np.float32]
    """(n, dim), unit length."""


def add_drawing(
    tx: Connection,
    character_id: str,
    reference_id: str,
    time_s: float,
    box: Box,
    look: str | None = None,
    *,
    recorded_at: datetime | None = None,
) -> str:
    """The drawing's id; the same place of the same moment is the same drawing.

    Raises BadInput where the reference is of another work than the character.
    """
    work_id = tx.execute(select(characters.c.work_id).where(characters.c.id == character_id)).scalar()
    if work_id is None:
        raise NotFound(f"no character {character_id}; see `tomeishi characters list`")
    owner = tx.execute(select(reference_files.c.work_id).where(reference_files.c.id == reference_id)).scalar()
    if owner != work_id:
        raise BadInput(f"{reference_id} is no reference of the work that {character_id} is a character of")
    place = canonical(box.to_json()).decode()
    same = select(drawing_table.c.id).where(
        drawing_table.c.character_id == character_id,
        drawing_table.c.reference_id == reference_id,
        drawing_table.c.time_s == float(time_s),
        drawing_table.c.box == place,
    )
    if known := tx.execute(same).scalar():
        return str(known)
    drawing_id = new_id("drw")
    values = {"id": drawing_id, "character_id": character_id, "reference_id": reference_id, "time_s": float(time_s)}
    look = None if look is None else clean_name(look, "look")
    tx.execute(insert(drawing_table).values(**values, box=place, look=look, created_at=recorded_at or clock.now()))
    return drawing_id


def keep_rows(
    tx: Connection,
    drawing_id: str,
    descriptor: str,
    weights_digest: str | None,
    rows: Mapping[Part, NDArray[np.float32]],
) -> None:
    """What a descriptor key made of a drawing, in place of earlier rows."""
    mine = (drawing_rows.c.drawing_id == drawing_id) & (drawing_rows.c.descriptor == descriptor)
    tx.execute(delete(drawing_rows).where(mine))
    for part, row in rows.items():
        values = {"drawing_id": drawing_id, "descriptor": descriptor, "part": part.value, "row": _packed(row)}
        tx.execute(insert(drawing_rows).values(**values, weights_digest=weights_digest))


def rows_of(tx: Connection, descriptor: str, weights_digest: str | None, dim: int) -> DrawnRows:
    """All that a descriptor key with these weights made, by character and drawing. Raises Tampered."""
    query = (
        select(drawing_rows.c.drawing_id, drawing_rows.c.part, drawing_rows.c.row)
        .join(drawing_table, drawing_table.c.id == drawing_rows.c.drawing_id)
        .where(
            drawing_rows.c.descriptor == descriptor, drawing_rows.c.weights_digest.is_not_distinct_from(weights_digest)
        )
        .order_by(drawing_table.c.character_id, drawing_rows.c.drawing_id, drawing_rows.c.part)
    )
    found = tx.execute(query).all()
    values = np.zeros((len(found), dim), np.float32)
    for number, row in enumerate(found):
        values[number] = _unpacked(row.row, dim, row.drawing_id)
    return DrawnRows(tuple(row.drawing_id for row in found), tuple(Part(row.part) for row in found), values)


def drawings(tx: Connection, character_id: str | None = None) -> list[Drawing]:
    """Of one character, or all; by character, in the order of enrolment."""
    query = select(drawing_table).order_by(drawing_table.c.character_id, drawing_table.c.id)
    if character_id is not None:
        query = query.where(drawing_table.c.character_id == character_id)
    return [
        Drawing(
            row.id,
            row.character_id,
            row.reference_id,
            row.time_s,
            Box(*json.loads(row.box)),
            row.look,
            row.created_at,
        )
        for row in tx.execute(query)
    ]


def undescribed(tx: Connection, descriptor: str, weights_digest: str | None) -> list[Drawing]:
    """Drawings that a descriptor key with these weights has not described."""
    made = select(drawing_rows.c.drawing_id).where(
        drawing_rows.c.descriptor == descriptor, drawing_rows.c.weights_digest.is_not_distinct_from(weights_digest)
    )
    known = set(tx.execute(made).scalars())
    return [each for each in drawings(tx) if each.id not in known]


def enrolled(tx: Connection, work_id: str | None = None) -> dict[str, int]:
    """How many drawings each character has that has any; of one work, or of all."""
    counted = select(drawing_table.c.character_id, func.count()).group_by(drawing_table.c.character_id)
    if work_id is not None:
        mine = select(characters.c.id).where(characters.c.work_id == work_id)
        counted = counted.where(drawing_table.c.character_id.in_(mine))
    return {row[0]: row[1] for row in tx.execute(counted)}


def note_variants(tx: Connection, character_id: str, counts: Mapping[Variant, bool]) -> None:
    """What the member says of changed drawings, in place of what was said of those before."""
    for variant, does in counts.items():
        mine = (character_variants.c.character_id == character_id) & (character_variants.c.variant == variant.value)
        tx.execute(delete(character_variants).where(mine))
        tx.execute(insert(character_variants).values(character_id=character_id, variant=variant.value, counts=does))


def variants(tx: Connection) -> dict[str, dict[Variant, bool]]:
    """By character, of those of which anything was said."""
    found: defaultdict[str, dict[Variant, bool]] = defaultdict(dict)
    for row in tx.execute(select(character_variants).order_by(character_variants.c.variant)):
        found[row.character_id][Variant(row.variant)] = row.counts
    return dict(found)


def _packed(row: NDArray[np.float32]) -> str:
    return base64.b64encode(row.astype("<f2").tobytes()).decode()


def _unpacked(text: str, dim: int, drawing_id: str) -> NDArray[np.float32]:
    try:
        row = np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float32)
    except ValueError as error:
        raise Tampered(f"the row of drawing {drawing_id} is damaged; enrol it again") from error
    length = float(np.linalg.norm(row))
    if row.shape != (dim,) or not np.isfinite(length) or abs(length - 1) > 0.01:
        raise Tampered(f"the row of drawing {drawing_id} is damaged; enrol it again")
    return row / length
