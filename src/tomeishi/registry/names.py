"""What may stand as a name, how it is kept for searching, and the search itself."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, case, func, insert, or_, select

from tomeishi.errors import BadInput
from tomeishi.registry.folding import fold, grams, query_grams, romaji, script_of
from tomeishi.storage.tables import characters, members, name_grams, names, works
from tomeishi.values import new_id

LONGEST = 500
"""Letters of a name; the longest title in common registries has fewer than 300."""

_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(-[A-Za-z]{4})?(-[A-Za-z]{2}|-[0-9]{3})?((?:-[A-Za-z0-9]{5,8})*)")
# NFC would turn these compatibility ideographs (神 for U+FA19, as some people and firms write themselves) into others.
_COMPOSABLE = re.compile("[^\uf900-\ufaff\U0002f800-\U0002fa1f]+")


class Role(StrEnum):
    """What a name is to its owner."""

    TITLE = "title"
    ALIAS = "alias"
    READING = "reading"


@dataclass(frozen=True, slots=True)
class Name:
    """One name as it was registered."""

    text: str
    role: Role
    language: str | None
    """BCP 47; None where nobody said."""
    script: str | None
    """ISO 15924, by looking at the letters."""


@dataclass(frozen=True, slots=True)
class NameFound:
    """A work or character whose name contains what was searched for."""

    work_id: str
    character_id: str | None
    title: str
    """Of the work."""
    member_id: str
    member: str
    name: Name
    """The best matching name of this owner."""
    exact: bool
    """The whole name, in any script, width or case."""


def clean_name(text: str, what: str = "name") -> str:
    """`text` as it is kept: composed (NFC), one line, no blanks around it; BadInput if that leaves nothing to show."""
    cleaned = _COMPOSABLE.sub(lambda run: unicodedata.normalize("NFC", run[0]), text)
    cleaned = re.sub(r"[\t\r\n\v\f\u2028\u2029]+", " ", cleaned).strip()
    if not cleaned:
        raise BadInput(f"the {what} is empty; write one")
    if len(cleaned) > LONGEST:
        raise BadInput(f"the {what} has {len(cleaned)} letters; at most {LONGEST} are kept")
    for char in cleaned:
        if unicodedata.category(char) in ("Cc", "Cs") or ord(char) & 0xFFFE == 0xFFFE:
            raise BadInput(f"the {what} holds an unprintable character (U+{ord(char):04X}); write it without")
    return cleaned


def language_tag(text: str) -> str:
    """A BCP 47 tag in its usual case (`ja`, `ja-Latn`, `zh-Hant-TW`); checked for form, not against the registry."""
    found = _LANGUAGE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if not found:
        raise BadInput(f"not a language tag (BCP 47): {text[:40]!r}; write ja, en, ko, zh-Hant or the like")
    language, script, region, variants = found.groups(default="")
    return language.lower() + script.title() + region.upper() + variants.lower()


def keep_names(
    tx: Connection,
    texts: Iterable[tuple[str, Role, str | None]],
    *,
    work_id: str | None = None,
    character_id: str | None = None,
) -> None:
    """Add names (text, role, language), cleaned already, to one owner, after those that it has."""
    owner = names.c.work_id == work_id if work_id else names.c.character_id == character_id
    position = tx.execute(select(func.coalesce(func.max(names.c.position) + 1, 0)).where(owner)).scalar_one()
    rows, found_by = [], []
    for offset, (text, role, language) in enumerate(texts):
        row = {
            "id": new_id("nam"),
            "work_id": work_id,
            "character_id": character_id,
            "text": text,
            "role": role.value,
            "language": language,
            "script": script_of(text),
            "position": position + offset,
            "folded": fold(text),
            "romaji": romaji(text),
        }
        rows.append(row)
        found_by += [{"gram": gram, "name_id": row["id"]} for gram in sorted(grams(row["folded"], row["romaji"]))]
    if rows:
        tx.execute(insert(names), rows)
        tx.execute(insert(name_grams), found_by)


def find_names(tx: Connection, text: str, limit: int = 50) -> list[NameFound]:
    """Works and characters by any part of any name, in any script, width or case; at most `limit`, the surest first.

    First whole names in the same script, then whole names by sound, then beginnings, then parts; shorter names first.
    A single kana is sought as written only: by sound it would be one vowel, and find everything.
    """
    folded, sound = fold(clean_name(text)), romaji(text)
    by_letters = names.c.folded.contains(folded, autoescape=True) & _has_grams(folded)
    by_sound = names.c.romaji.contains(sound, autoescape=True) & _has_grams(sound)
    surely = case(
        (names.c.folded == folded, 0),
        ((names.c.romaji == sound) & (names.c.romaji != ""), 1),
        (names.c.folded.startswith(folded, autoescape=True), 2),
        (names.c.romaji.startswith(sound, autoescape=True), 3),
        else_=4,
    )
    nearness = (surely, func.length(names.c.text), names.c.text, names.c.id)
    ranked = (
        select(
            names,
            surely.label("rank"),
            func.row_number()
            .over(partition_by=(names.c.work_id, names.c.character_id), order_by=nearness)
            .label("of_owner"),
        )
        .where(or_(by_letters, by_sound) if len(sound) > 1 else by_letters)
        .subquery()
    )
    owner = func.coalesce(ranked.c.work_id, characters.c.work_id)
    found = tx.execute(
        select(ranked)
        .add_columns(
            works.c.id.label("owning_work"),
            works.c.title,
            members.c.id.label("member_id"),
            members.c.name.label("member"),
        )
        .outerjoin(characters, characters.c.id == ranked.c.character_id)
        .join(works, works.c.id == owner)
        .join(members, members.c.id == works.c.member_id)
        .where(ranked.c.of_owner == 1)
        .order_by(
            ranked.c.rank,
            func.length(ranked.c.text),
            ranked.c.text,
            works.c.id,
            ranked.c.character_id.is_not(None),
            ranked.c.id,
        )
        .limit(limit)
    )
    return [
        NameFound(
            work_id=row.owning_work,
            character_id=row.character_id,
            title=row.title,
            member_id=row.member_id,
            member=row.member,
            name=Name(row.text, Role(row.role), row.language, row.script),
            exact=row.rank < 2,
        )
        for row in found
    ]


def _has_grams(key: str) -> ColumnElement[bool]:
    wanted = query_grams(key)
    having_all = (
        select(name_grams.c.name_id)
        .where(name_grams.c.gram.in_(sorted(wanted)))
        .group_by(name_grams.c.name_id)
        .having(func.count() == len(wanted))
    )
    return names.c.id.in_(having_all)
