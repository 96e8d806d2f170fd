"""A large installation, made quickly: rows go straight into the tables, and indexes are made afterwards.

    python -m benchmarks.large HOME [--works N] [--matches N] [--entries N] [--database URL]

Works have a title, a reading, a character and one reference without media; screenings by providers have one to four
matches each, an eighth of them decided. Works are drawn unevenly: the most copied one has some thousand matches.
"""

import argparse
import random
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert

from tomeishi import clock, wiring
from tomeishi.access import organisations, people
from tomeishi.access.keys import new_key
from tomeishi.access.permissions import Role
from tomeishi.access.public_keys import register_public_key
from tomeishi.consent import ledger
from tomeishi.consent.entries import EntryKind, Level, Scope, Statement, sign_entry
from tomeishi.registry import works
from tomeishi.registry.folding import fold, grams, romaji, script_of
from tomeishi.review import tallies
from tomeishi.storage import tables
from tomeishi.values import Use, canonical, digest_of

SEED = 7
BATCH = 20_000
MEMBERS, PROVIDERS, INVESTIGATORS, LEGAL = 40, 8, 6, 4
PASSWORD = "a stone that nobody lifts"
BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
_SYLLABLES = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
_THINGS = "星海風森夜道花鳥月山川雪猫城船剣歌町空石火水木金土犬魔女王子旅人学校電車記憶約束"
_BANDS = (("strong", 0.15), ("likely", 0.35), ("weak", 0.5))
_STATES = (("open", 0.83), ("held", 0.03), ("asked", 0.02), ("confirmed", 0.08), ("dismissed", 0.04))
_REASONS = ("coincidence", "generic", "shared_material", "permitted", "lawful")


def main() -> None:
    """Make one, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--works", type=int, default=100_000)
    parser.add_argument("--matches", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--database")
    given = parser.parse_args()
    began = time.perf_counter()
    with wiring.open(given.home, database=given.database) as platform:
        make(platform, given.works, given.matches, given.entries)
    print(f"made in {time.perf_counter() - began:.0f} s")


def make(platform: wiring.Platform, work_count: int, match_count: int, entry_count: int) -> None:
    """Fill an empty installation; the people are called `hana` and `legal`, with `PASSWORD`."""
    dice = random.Random(SEED)
    with platform.transaction() as tx:
        houses = _people(tx)
        indexes = _without_indexes(tx)
        held = _works(tx, work_count, dice)
        sorts = _matches(tx, match_count, held, houses, dice)
        for index in indexes:
            index.create(tx)
        tallies.count_in(tx, sorts)
    with platform.transaction() as tx:
        _entries(tx, entry_count, held, dice)


class Houses:
    """Who asks for screenings, and who decides."""

    def __init__(self, providers: list[tuple[str, str]], deciders: list[str]) -> None:
        self.providers = providers
        self.deciders = deciders


def _people(tx: Connection) -> Houses:
    now = clock.now()
    for n in range(MEMBERS):
        works.add_member(tx, f"member {n:02}")
    house = organisations.named(tx, now)
    of_member = organisations.named(tx, now, member="member 00")
    providers = [organisations.named(tx, now, provider=f"provider {n}") for n in range(PROVIDERS)]
    names = ["hana", *(f"investigator {n}" for n in range(1, INVESTIGATORS))]
    staff = [people.add_person(tx, name, house, [Role.INVESTIGATOR], now, password=PASSWORD) for name in names]
    people.add_person(tx, "admin", house, [Role.ADMINISTRATOR], now, password=PASSWORD)
    for name in ("legal", *(f"legal {n}" for n in range(1, LEGAL))):
        people.add_person(tx, name, of_member, [Role.MEMBER_LEGAL], now, password=PASSWORD)
    return Houses([(each.id, each.name) for each in providers], staff)


def _without_indexes(tx: Connection) -> list[Any]:
    """Those that can be made again, taken away: rows come in several times as fast."""
    filled = (tables.works, tables.names, tables.characters, tables.reference_files, tables.screenings, tables.matches)
    indexes = [index for table in filled for index in sorted(table.indexes, key=lambda each: str(each.name))]
    for index in indexes:
        index.drop(tx)
    return indexes


def _works(tx: Connection, count: int, dice: random.Random) -> list[tuple[str, str, str, str]]:
    """Of each its id, title, member's id and reference's id."""
    members = [(each.id, each.name) for each in works.list_members(tx)]
    made, rows = [], _Rows(tx)
    for number in range(count):
        member_id, _ = members[number % len(members)]
        work_id, reference_id = _id("wrk", number), _id("ref", number)
        at = BEGAN + timedelta(minutes=number)
        title = "".join(dice.choices(_THINGS, k=2)) + "の" + "".join(dice.choices(_SYLLABLES, k=3)) + f" {number}"
        reading = "".join(dice.choices(_SYLLABLES, k=6)) + f" {number}"
        figure = "".join(dice.choices(_SYLLABLES, k=4))
        rows.add(tables.works, id=work_id, member_id=member_id, title=title, created_at=at)
        character = _id("chr", number)
        rows.add(tables.characters, id=character, work_id=work_id, name=figure, position=0, created_at=at)
        owned = (
            (title, "title", work_id, None),
            (reading, "reading", work_id, None),
            (figure, "title", None, character),
        )
        for place, (text, role, owner, of_figure) in enumerate(owned):
            _name(rows, _id("nam", 3 * number + place), text, role, owner, of_figure)
        rows.add(
            tables.reference_files,
            id=reference_id,
            work_id=work_id,
            path=f"film-{number}.mp4",
            location=f"/films/film-{number}.mp4",
            digest=digest_of(reference_id.encode()),
            size_bytes=1,
            kind="video",
            duration_s=1400.0,
            compared_at=at,
            created_at=at,
        )
        made.append((work_id, title, member_id, reference_id))
    rows.flush()
    return made


def _name(rows: "_Rows", name_id: str, text: str, role: str, work_id: str | None, character_id: str | None) -> None:
    folded, sound = fold(text), romaji(text)
    rows.add(
        tables.names,
        id=name_id,
        work_id=work_id,
        character_id=character_id,
        text=text,
        role=role,
        language=None,
        script=script_of(text),
        position=0 if role == "title" else 1,
        folded=folded,
        romaji=sound,
    )
    for gram in sorted(grams(folded, sound)):
        rows.add(tables.name_grams, gram=gram, name_id=name_id)


def _matches(
    tx: Connection, count: int, held: list[tuple[str, str, str, str]], houses: Houses, dice: random.Random
) -> Iterator[dict[str, Any]]:
    """Screenings and their matches go in; what each match is counted by comes back."""
    sorts: list[dict[str, Any]] = []
    rows, number = _Rows(tx), 0
    for screening in range(count):
        if number >= count:
            break
        organisation_id, provider = dice.choice(houses.providers)
        screening_id, at = _id("scr", screening), BEGAN + timedelta(seconds=30 * screening)
        found = [_match(screening_id, place, number + place, held, dice) for place in range(dice.randint(1, 4))]
        number += len(found)
        words = canonical({"query": f"clip-{screening}.mp4", "findings": [finding for _, finding in found], **_ENDS})
        rows.add(
            tables.screenings,
            id=screening_id,
            kind="media",
            query=f"clip-{screening}.mp4",
            query_digest=digest_of(screening_id.encode()),
            media=digest_of(screening_id.encode()),
            duration_s=12.0,
            verdict="review",
            findings=len(found),
            organisation_id=organisation_id,
            asked_by="made by a benchmark",
            provider=provider,
            words=words.decode(),
            digest=digest_of(words),
            made_at=at,
        )
        for match, _ in found:
            match |= {"organisation_id": organisation_id, "provider": provider, "found_at": at}
            match["assignee_id"] = dice.choice(houses.deciders) if dice.random() < 0.1 else None
            rows.add(tables.matches, **match)
            sorts.append({name: match[name] for name in tallies.SORT})
    rows.flush()
    return iter(sorts)


_ENDS: dict[str, Any] = {"verdict": "review", "partial": None, "skipped": None, "checked": ["copy", "edit"]}


def _match(
    screening_id: str, place: int, number: int, held: list[tuple[str, str, str, str]], dice: random.Random
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A match's row, and the finding that it stands for."""
    work_id, title, member_id, reference_id = held[int(len(held) * dice.random() ** 3)]
    band = dice.choices([name for name, _ in _BANDS], [share for _, share in _BANDS])[0]
    state = dice.choices([name for name, _ in _STATES], [share for _, share in _STATES])[0]
    start, score = round(dice.uniform(0, 1000), 3), round(dice.random(), 4)
    row = {
        "id": _id("mat", number),
        "screening_id": screening_id,
        "position": place,
        "work_id": work_id,
        "member_id": member_id,
        "reference_id": reference_id,
        "kind": "copy",
        "band": band,
        "score": score,
        "verdict": "review",
        "allowed": False,
        "state": state,
        "reason": dice.choice(_REASONS) if state == "dismissed" else None,
        "decisions": 0 if state == "open" else 1,
    }
    permission = {"use": "reproduce", "allowed": False, "because": [], "lost": [], "conditions": []}
    finding = {
        "work": work_id,
        "title": title,
        "reference": f"/films/{reference_id}.mp4",
        "reference_id": reference_id,
        "kind": "copy",
        "band": band,
        "score": score,
        "segments": [[1.0, 9.0, start, start + 8.0]],
        "regions": [None],
        "permission": permission | {"text": {"en": "no entry", "ja": "記録なし"}},
        "verdict": "review",
    }
    return row, finding


def _entries(tx: Connection, count: int, held: list[tuple[str, str, str, str]], dice: random.Random) -> None:
    """Grants for single works and reservations by members, signed by their keys."""
    now = clock.now()
    keys = {member: new_key(member) for member in dict.fromkeys(each[2] for each in held)}
    for member, key in keys.items():
        register_public_key(tx, member, key.public, now)
    recorder = ledger.Recorder(tx)
    for number in range(count):
        work_id, _, member, _ = dice.choice(held)
        wide = number < 2 * len(keys)
        statement = Statement(
            kind=EntryKind.RESERVATION if wide else EntryKind.GRANT,
            member_id=member,
            declared_at=now,
            scope=Scope(Level.MEMBER, member) if wide else Scope(Level.WORK, work_id),
            uses=tuple(dice.sample(list(Use), 2)),
            provider=f"provider {dice.randrange(PROVIDERS)}",
        )
        recorder.record(sign_entry(statement, keys[member]), clock.now())


class _Rows:
    """Rows of several tables on their way in, some thousand at a time."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._waiting: dict[Table, list[dict[str, Any]]] = {}

    def add(self, table: Table, **values: Any) -> None:
        waiting = self._waiting.setdefault(table, [])
        waiting.append(values)
        if len(waiting) >= (10 if table is tables.name_grams else 1) * BATCH:
            self.flush()

    def flush(self) -> None:
        """In the order in which the tables refer to each other."""
        for table in tables.metadata.sorted_tables:
            for batch in _batches(self._waiting.pop(table, ())):
                self._tx.execute(insert(table), batch)


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


def _id(prefix: str, number: int) -> str:
    """As `values.new_id`, but drawn: ordered, 26 letters."""
    return f"{prefix}_01{number:024d}"


if __name__ == "__main__":
    main()
