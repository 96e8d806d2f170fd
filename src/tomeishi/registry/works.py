"""Members, their works, and the characters in them.

Every function takes the transaction of whoever called; titles are unique within a member, character names within a
work, as they are written (cleaned by `names.clean_name`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, delete, func, insert, or_, select

from tomeishi import clock
from tomeishi.errors import Conflict, NotFound
from tomeishi.registry.cross_ids import cross_id
from tomeishi.registry.names import Name, NameFound, Role, clean_name, find_names, keep_names, language_tag
from tomeishi.storage.tables import characters, cross_ids, members, names, reference_files, works
from tomeishi.values import new_id

__all__ = [
    "Character",
    "Member",
    "Name",
    "NameFound",
    "Role",
    "Work",
    "add_character",
    "add_member",
    "add_name",
    "add_work",
    "find_names",
    "list_members",
    "list_works",
    "member_by_name",
    "newest_works",
    "set_cross_id",
    "work",
    "work_by_title",
    "works_by_id",
]


@dataclass(frozen=True, slots=True)
class Member:
    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Character:
    id: str
    name: str
    names: tuple[Name, ...]
    """All of them, its `name` first."""


@dataclass(frozen=True, slots=True)
class Work:
    id: str
    member_id: str
    member: str
    title: str
    names: tuple[Name, ...]
    """All of them, the title first, then as they were added."""
    characters: tuple[Character, ...]
    cross_ids: tuple[tuple[str, str], ...]
    """(scheme, value), sorted."""
    references: int
    """How many files are registered for it."""
    created_at: datetime

    def texts(self, role: Role) -> tuple[str, ...]:
        return tuple(name.text for name in self.names if name.role is role)

    @property
    def language(self) -> str | None:
        """Of the title."""
        return self.names[0].language


def add_member(tx: Connection, name: str, recorded_at: datetime | None = None) -> str:
    """The new member's id; Conflict if the name is taken."""
    name = clean_name(name, "member's name")
    if tx.execute(select(members.c.id).where(members.c.name == name)).first():
        raise Conflict(f"a member is called {name!r} already; choose a name that tells them apart")
    member_id = new_id("mem")
    tx.execute(insert(members).values(id=member_id, name=name, created_at=recorded_at or clock.now()))
    return member_id


def member_by_name(tx: Connection, name: str) -> Member:
    name = clean_name(name, "member's name")
    row = tx.execute(select(members).where(members.c.name == name)).first()
    if row is None:
        raise NotFound(f"no member is called {name!r}; see `tomeishi members list`")
    return Member(row.id, row.name, row.created_at)


def list_members(tx: Connection) -> list[Member]:
    """By name."""
    rows = tx.execute(select(members).order_by(members.c.name))
    return [Member(row.id, row.name, row.created_at) for row in rows]


def add_work(
    tx: Connection,
    member_id: str,
    title: str,
    reading: str | None = None,
    aliases: Sequence[str] = (),
    *,
    language: str | None = None,
    recorded_at: datetime | None = None,
) -> str:
    """The new work's id; `language` (BCP 47) is that of title and reading. Conflict if the member has the title."""
    title = clean_name(title, "title")
    language = language_tag(language) if language else None
    if tx.execute(select(members.c.id).where(members.c.id == member_id)).first() is None:
        raise NotFound(f"no member {member_id}")
    if tx.execute(select(works.c.id).where(works.c.member_id == member_id, works.c.title == title)).first():
        raise Conflict(f"the member has a work {title!r} already; add files or names to that one")
    texts: list[tuple[str, Role, str | None]] = [(title, Role.TITLE, language)]
    if reading is not None:
        texts.append((clean_name(reading, "reading"), Role.READING, language))
    texts += [(alias, Role.ALIAS, None) for alias in dict.fromkeys(clean_name(alias, "alias") for alias in aliases)]
    work_id = new_id("wrk")
    values = {"id": work_id, "member_id": member_id, "title": title, "created_at": recorded_at or clock.now()}
    tx.execute(insert(works).values(values))
    keep_names(tx, texts, work_id=work_id)
    return work_id


def add_character(
    tx: Connection,
    work_id: str,
    name: str,
    reading: str | None = None,
    aliases: Sequence[str] = (),
    *,
    recorded_at: datetime | None = None,
) -> str:
    """The new character's id; Conflict if the work has one of that name."""
    name = clean_name(name, "character's name")
    _must_exist(tx, work_id)
    same = select(characters.c.id).where(characters.c.work_id == work_id, characters.c.name == name)
    if tx.execute(same).first():
        raise Conflict(f"the work has a character {name!r} already; add names to that one")
    texts: list[tuple[str, Role, str | None]] = [(name, Role.TITLE, None)]
    if reading is not None:
        texts.append((clean_name(reading, "reading"), Role.READING, None))
    texts += [(alias, Role.ALIAS, None) for alias in dict.fromkeys(clean_name(alias, "alias") for alias in aliases)]
    count = tx.execute(select(func.count()).where(characters.c.work_id == work_id)).scalar_one()
    character_id = new_id("chr")
    values = {"id": character_id, "work_id": work_id, "name": name, "position": count}
    tx.execute(insert(characters).values(**values, created_at=recorded_at or clock.now()))
    keep_names(tx, texts, character_id=character_id)
    return character_id


def add_name(
    tx: Connection,
    text: str,
    role: Role,
    *,
    work_id: str | None = None,
    character_id: str | None = None,
    language: str | None = None,
) -> None:
    """One more alias or reading of a work or of a character (exactly one of both); nothing if it is there already."""
    text = clean_name(text)
    language = language_tag(language) if language else None
    if (work_id is None) == (character_id is None):
        raise ValueError("a name belongs to a work or to a character")
    if work_id is not None:
        _must_exist(tx, work_id)
    elif tx.execute(select(characters.c.id).where(characters.c.id == character_id)).first() is None:
        raise NotFound(f"no character {character_id}")
    owner = names.c.work_id == work_id if work_id else names.c.character_id == character_id
    if tx.execute(select(names.c.id).where(owner, names.c.text == text, names.c.role == role.value)).first() is None:
        keep_names(tx, [(text, role, language)], work_id=work_id, character_id=character_id)


def set_cross_id(tx: Connection, work_id: str, scheme: str, value: str) -> None:
    """The work's identifier in another registry (eidr, isan, wikidata, anilist), in place of an earlier one."""
    value = cross_id(scheme, value)
    _must_exist(tx, work_id)
    tx.execute(delete(cross_ids).where(cross_ids.c.work_id == work_id, cross_ids.c.scheme == scheme))
    tx.execute(insert(cross_ids).values(work_id=work_id, scheme=scheme, value=value))


def work(tx: Connection, work_id: str) -> Work:
    found = _works(tx, [work_id])
    if not found:
        raise NotFound(f"no work {work_id}; see `tomeishi works list`")
    return found[0]


def work_by_title(tx: Connection, member_id: str, title: str) -> Work:
    """The member's work of exactly this title."""
    title = clean_name(title, "title")
    row = tx.execute(select(works.c.id).where(works.c.member_id == member_id, works.c.title == title)).first()
    if row is None:
        raise NotFound(f"the member has no work {title!r}; see `tomeishi works list`")
    return work(tx, row.id)


def list_works(tx: Connection) -> list[Work]:
    """All works, by member and title."""
    return _works(tx, None)


def newest_works(
    tx: Connection, limit: int, *, before: str | None = None, member_id: str | None = None
) -> tuple[list[Work], int]:
    """At most `limit` works with ids below `before`, the newest first; and how many there are in all."""
    mine = select(works.c.id)
    if member_id is not None:
        mine = mine.where(works.c.member_id == member_id)
    total = tx.execute(select(func.count()).select_from(mine.subquery())).scalar_one()
    wanted = mine if before is None else mine.where(works.c.id < before)
    return works_by_id(tx, tx.execute(wanted.order_by(works.c.id.desc()).limit(limit)).scalars().all()), total


def works_by_id(tx: Connection, ids: Sequence[str]) -> list[Work]:
    """Those that there are, in the order of `ids`."""
    place = {id_: n for n, id_ in enumerate(ids)}
    return sorted(_works(tx, list(place)), key=lambda each: place[each.id]) if ids else []


def _must_exist(tx: Connection, work_id: str) -> None:
    if tx.execute(select(works.c.id).where(works.c.id == work_id)).first() is None:
        raise NotFound(f"no work {work_id}; see `tomeishi works list`")


def _works(tx: Connection, only: Sequence[str] | None) -> list[Work]:
    """Five queries, however many works there are. `only` is a page of ids, not a registry of them."""
    name_of_work: defaultdict[str, list[Name]] = defaultdict(list)
    name_of_character: defaultdict[str, list[Name]] = defaultdict(list)
    in_work: defaultdict[str, list[Character]] = defaultdict(list)
    ids_of: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)

    chosen_names = select(names).order_by(names.c.position, names.c.id)
    if only is not None:
        of_character = select(characters.c.id).where(characters.c.work_id.in_(only))
        chosen_names = chosen_names.where(or_(names.c.work_id.in_(only), names.c.character_id.in_(of_character)))
    for row in tx.execute(chosen_names):
        owner = name_of_work[row.work_id] if row.work_id else name_of_character[row.character_id]
        owner.append(Name(row.text, Role(row.role), row.language, row.script))
    for row in tx.execute(_of(select(characters), characters.c.work_id, only).order_by(characters.c.position)):
        in_work[row.work_id].append(Character(row.id, row.name, tuple(name_of_character[row.id])))
    for row in tx.execute(_of(select(cross_ids), cross_ids.c.work_id, only).order_by(cross_ids.c.scheme)):
        ids_of[row.work_id].append((row.scheme, row.value))
    counted = select(reference_files.c.work_id, func.count()).group_by(reference_files.c.work_id)
    files = {row[0]: row[1] for row in tx.execute(_of(counted, reference_files.c.work_id, only))}
    chosen = select(works, members.c.name.label("member")).join(members, members.c.id == works.c.member_id)
    return [
        Work(
            id=row.id,
            member_id=row.member_id,
            member=row.member,
            title=row.title,
            names=tuple(name_of_work[row.id]),
            characters=tuple(in_work[row.id]),
            cross_ids=tuple(ids_of[row.id]),
            references=files.get(row.id, 0),
            created_at=row.created_at,
        )
        for row in tx.execute(_of(chosen, works.c.id, only).order_by(members.c.name, works.c.title))
    ]


def _of(query: Select[*tuple[Any, ...]], work_id: Column[Any], only: Sequence[str] | None) -> Select[*tuple[Any, ...]]:
    return query if only is None else query.where(work_id.in_(only))
