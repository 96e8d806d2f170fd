"""What works and characters look like, in words that do not name them: "a round blue robot with a bell"."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from tomeishi.errors import NotFound
from tomeishi.registry.names import clean_name
from tomeishi.storage.tables import characters, descriptions, works
from tomeishi.values import new_id

MARKS = ":："
"""Between a character's name and its description, in a sheet."""


@dataclass(frozen=True, slots=True)
class Description:
    work_id: str
    character_id: str | None
    """None where it describes the work."""
    text: str


def clean_description(text: str) -> str:
    """As it is kept; BadInput for what no name could be either (empty, too long, unprintable)."""
    return clean_name(text, "description")


def add_descriptions(tx: Connection, work_id: str, texts: Sequence[str], character_id: str | None = None) -> None:
    """Further ones of a work, or of a character of it; those that it has already stay as they are."""
    if tx.execute(select(works.c.id).where(works.c.id == work_id)).first() is None:
        raise NotFound(f"no work {work_id}; see `tomeishi works list`")
    of_work = (characters.c.id == character_id) & (characters.c.work_id == work_id)
    if character_id is not None and tx.execute(select(characters.c.id).where(of_work)).first() is None:
        raise NotFound(f"the work {work_id} has no character {character_id}; see `tomeishi works show`")
    there = {each.text for each in list_descriptions(tx, work_id) if each.character_id == character_id}
    mine = select(func.coalesce(func.max(descriptions.c.position) + 1, 0)).where(descriptions.c.work_id == work_id)
    position = tx.execute(mine).scalar_one()
    new = [text for text in dict.fromkeys(map(clean_description, texts)) if text not in there]
    rows = [
        {"id": new_id("dsc"), "work_id": work_id, "character_id": character_id, "text": text, "position": position + n}
        for n, text in enumerate(new)
    ]
    if rows:
        tx.execute(insert(descriptions), rows)


def list_descriptions(tx: Connection, work_id: str | None = None) -> list[Description]:
    """All of them, or a work's and its characters', in the order in which they were given."""
    chosen = select(descriptions).order_by(descriptions.c.work_id, descriptions.c.position)
    if work_id is not None:
        chosen = chosen.where(descriptions.c.work_id == work_id)
    return [Description(row.work_id, row.character_id, row.text) for row in tx.execute(chosen)]


def parted(item: str, names: Sequence[str]) -> tuple[str | None, str]:
    """An item of a sheet as (character, description): what stands before a colon, where it is one of `names`."""
    for at, letter in enumerate(item):
        if letter in MARKS and item[:at].strip() in names:
            return item[:at].strip(), item[at + 1 :].strip()
    return None, item
