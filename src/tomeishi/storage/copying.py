"""Rows of a whole database as lines that are the same on SQLite and PostgreSQL, and digests of them.

A row is one line: its values in the order of the table's columns as a JSON array, moments as ISO 8601 in UTC without a
zone. Rows stand in the order of their primary key, text compared by its bytes. So two databases that hold the same
have the same digests, and whoever copies can prove it.
"""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, DateTime, MetaData, Table, insert, select

from tomeishi.errors import BadInput, Conflict, Tampered
from tomeishi.storage import log
from tomeishi.storage.db import Database

BATCH = 1000
"""Rows that go to the database at once."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Of one table: how many rows, and the SHA-256 of all lines, each ended by a newline."""

    rows: int
    digest: str


def tables(connection: Connection) -> list[Table]:
    """All tables, each behind those that it refers to; read from the database, which may be of an older version."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def lines(connection: Connection, table: Table) -> Iterator[str]:
    """The rows, in order; Tampered where a value is not what its column holds."""
    moments = [number for number, column in enumerate(table.columns) if isinstance(column.type, DateTime)]
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    try:
        for row in connection.execute(query):
            values = list(row)
            for number in moments:
                values[number] = None if values[number] is None else values[number].isoformat(timespec="microseconds")
            yield json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, TypeError, AttributeError) as error:
        raise Tampered(f"table {table.name}: a value was edited by hand: {error}") from error


class Counted:
    """Lines on their way somewhere, and what they amounted to once all have passed."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = words
        self._digest = hashlib.sha256()
        self._rows = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._words:
            self._digest.update(line.encode() + b"\n")
            self._rows += 1
            yield line

    def contents(self) -> Contents:
        return Contents(self._rows, f"sha256:{self._digest.hexdigest()}")


def contents_of(connection: Connection) -> dict[str, Contents]:
    """Of every table."""
    found = {}
    for table in tables(connection):
        counted = Counted(lines(connection, table))
        deque(counted, maxlen=0)
        found[table.name] = counted.contents()
    return found


def must_be_empty(connection: Connection) -> None:
    """Conflict where any table holds a row."""
    for table in tables(connection):
        if connection.execute(select(table).limit(1)).first() is not None:
            raise Conflict(f"the target is not empty: table {table.name} holds rows; name an empty database")


def write_lines(connection: Connection, table: Table, words: Iterable[str]) -> None:
    """Put rows back; BadInput where a line is none of this table."""
    moments = [number for number, column in enumerate(table.columns) if isinstance(column.type, DateTime)]
    names = table.columns.keys()
    waiting = iter(words)
    while batch := list(islice(waiting, BATCH)):
        rows = []
        for line in batch:
            try:
                values = json.loads(line)
                for number in moments:
                    values[number] = None if values[number] is None else datetime.fromisoformat(values[number])
                rows.append(dict(zip(names, values, strict=True)))
            except (ValueError, TypeError, IndexError) as error:
                raise BadInput(f"table {table.name}: not a row of it: {line[:80]!r}") from error
        connection.execute(insert(table), rows)


def must_hold(connection: Connection, expected: dict[str, Contents]) -> None:
    """Tampered unless every table holds exactly what is expected, and every log is a whole chain."""
    found = contents_of(connection)
    for name in sorted(expected.keys() | found.keys()):
        if found.get(name) != expected.get(name):
            raise Tampered(f"table {name}: arrived otherwise than it left; nothing was kept")
    for name in log.names(connection):
        if problems := log.verify(connection, name):
            raise Tampered(f"log {name}: row {problems[0].number} {problems[0].what}; nothing was kept")


def move(source: Database, url: str) -> dict[str, Contents]:
    """`copy` to the database at `url`, in one transaction there, while nobody can write here."""
    with closing(Database(url)) as target:
        target.migrate()
        with source.transaction() as here, target.transaction() as there:
            return copy(here, there)


def copy(source: Connection, target: Connection) -> dict[str, Contents]:
    """All rows from one database to another, which has to be empty; what they are, seen to be the same in both."""
    must_be_empty(target)
    into = {table.name: table for table in tables(target)}
    copied = {}
    for table in tables(source):
        counted = Counted(lines(source, table))
        write_lines(target, into[table.name], counted)
        copied[table.name] = counted.contents()
    must_hold(target, copied)
    return copied
