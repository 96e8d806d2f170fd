"""Franchises: named groups of one member's works, for consent that reaches them together.

A work is added once and stays: whatever was granted or reserved for the franchise at a past moment must stay
answerable. Where a work was added by mistake, state what holds for it by itself; the narrower entry decides.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from tomeishi import clock
from tomeishi.errors import Conflict, NotFound, NotPermitted
from tomeishi.registry.names import clean_name
from tomeishi.storage.tables import franchise_works, franchises, members, works
from tomeishi.values import new_id


@dataclass(frozen=True, slots=True)
class Franchise:
    id: str
    member_id: str
    member: str
    name: str
    work_ids: tuple[str, ...]
    """In the order added."""
    created_at: datetime


Membership = tuple[str, datetime]
"""A franchise's id, and since when the work has been in it."""


def add_franchise(tx: Connection, member_id: str, name: str) -> str:
    """The new franchise's id; Conflict if the member has one of that name."""
    name = clean_name(name, "franchise's name")
    if tx.execute(select(members.c.id).where(members.c.id == member_id)).first() is None:
        raise NotFound(f"no member {member_id}")
    same = select(franchises.c.id).where(franchises.c.member_id == member_id, franchises.c.name == name)
    if tx.execute(same).first():
        raise Conflict(f"the member has a franchise {name!r} already; add works to that one")
    franchise_id = new_id("frn")
    values = {"id": franchise_id, "member_id": member_id, "name": name, "created_at": clock.now()}
    tx.execute(insert(franchises).values(values))
    return franchise_id


def add_to_franchise(tx: Connection, franchise_id: str, work_id: str, at: datetime) -> None:
    """From `at` (now) on, entries about the franchise reach the work; nothing if it is in there already."""
    owner = tx.execute(select(franchises.c.member_id).where(franchises.c.id == franchise_id)).scalar()
    if owner is None:
        raise NotFound(f"no franchise {franchise_id}; see `tomeishi works franchises`")
    member_id = tx.execute(select(works.c.member_id).where(works.c.id == work_id)).scalar()
    if member_id is None:
        raise NotFound(f"no work {work_id}; see `tomeishi works list`")
    if member_id != owner:
        raise NotPermitted(f"work {work_id} and franchise {franchise_id} belong to different members")
    rows = franchise_works.c
    if tx.execute(select(rows.work_id).where(rows.franchise_id == franchise_id, rows.work_id == work_id)).first():
        return
    tx.execute(insert(franchise_works).values(franchise_id=franchise_id, work_id=work_id, added_at=at))


def named_franchise(tx: Connection, member_id: str, name: str) -> str:
    """The id of the member's franchise of this name, made where there is none."""
    name = clean_name(name, "franchise's name")
    same = select(franchises.c.id).where(franchises.c.member_id == member_id, franchises.c.name == name)
    found = tx.execute(same).scalar()
    return str(found) if found is not None else add_franchise(tx, member_id, name)


def franchise(tx: Connection, franchise_id: str) -> Franchise:
    for found in list_franchises(tx):
        if found.id == franchise_id:
            return found
    raise NotFound(f"no franchise {franchise_id}; see `tomeishi works franchises`")


def list_franchises(tx: Connection) -> list[Franchise]:
    """All, by member and name."""
    in_franchise: defaultdict[str, list[str]] = defaultdict(list)
    for row in tx.execute(select(franchise_works).order_by(franchise_works.c.added_at, franchise_works.c.work_id)):
        in_franchise[row.franchise_id].append(row.work_id)
    chosen = select(franchises, members.c.name.label("member")).join(members, members.c.id == franchises.c.member_id)
    return [
        Franchise(row.id, row.member_id, row.member, row.name, tuple(in_franchise[row.id]), row.created_at)
        for row in tx.execute(chosen.order_by(members.c.name, franchises.c.name))
    ]


def memberships(tx: Connection, work_ids: Sequence[str] | None = None) -> dict[str, tuple[Membership, ...]]:
    """By work, of all works or a page of them; works in no franchise are left out."""
    found: defaultdict[str, list[Membership]] = defaultdict(list)
    query = select(franchise_works).order_by(franchise_works.c.franchise_id)
    for row in tx.execute(query if work_ids is None else query.where(franchise_works.c.work_id.in_(work_ids))):
        found[row.work_id].append((row.franchise_id, row.added_at))
    return {work_id: tuple(each) for work_id, each in found.items()}


def at_moment(of_work: tuple[Membership, ...], moment: datetime) -> tuple[str, ...]:
    """The franchises that a work was in at a moment."""
    return tuple(franchise_id for franchise_id, since in of_work if since <= moment)
