"""Append-only logs, each a chain of digests: whoever edits a row by hand breaks the chain at that row.

An entry's digest is the SHA-256 of six lines, joined by one newline each, in UTF-8:

    tomeishi-log-entry-1
    <log>
    <number, from 1>
    <digest of the entry before; of entry 1 the log's genesis>
    <recorded_at, RFC 3339 in UTC>
    <body: canonical JSON (RFC 8785), which holds no newline>

so that anybody can repeat it with `printf` and `sha256sum`. `encoded` gives these bytes; they are what a Merkle tree
takes as leaf data (its own prefixes, 0x00 and 0x01 in RFC 6962, can't begin one).

What a chain can't show: that its last rows were cut off, or that somebody who may write to the database made the whole
chain anew. `head` is for that: whoever notes number and digest of the last entry elsewhere (an evidence package does)
can hold the log to them later. Numbers give the order; moments are the recorder's clock and may step back.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Text, insert, select, type_coerce
from sqlalchemy.exc import IntegrityError

from tomeishi import clock
from tomeishi.errors import BadInput, Conflict, Tampered
from tomeishi.storage.tables import log_entries
from tomeishi.values import canonical, digest_of

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row as stored; `body` is canonical JSON text."""

    log: str
    number: int
    body: str
    previous: str
    digest: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row, as a sentence's end: `row <number> <what>`."""

    number: int
    what: str


def genesis(log: str) -> str:
    """What entry 1 is chained to; it names the log, so that one log can't be passed off as another."""
    if not _NAME.fullmatch(log):
        raise BadInput(f"not a name for a log: {log!r}; use small letters, digits and -")
    return digest_of(f"tomeishi-log-genesis-1\n{log}".encode())


def encoded(log: str, number: int, previous: str, recorded_at: datetime, body: str) -> bytes:
    """The bytes whose SHA-256 is an entry's digest."""
    words = ("tomeishi-log-entry-1", log, str(number), previous, clock.to_text(recorded_at), body)
    return "\n".join(words).encode()


def leaf_data(entry: LogEntry) -> bytes:
    """What the Merkle tree of its log takes for an entry."""
    return encoded(entry.log, entry.number, entry.previous, entry.recorded_at, entry.body)


def append(transaction: Connection, log: str, body: Mapping[str, Any], recorded_at: datetime) -> LogEntry:
    """Adds an entry after the last. On SQLite writers wait for each other; elsewhere the slower one gets Conflict."""
    number, previous = head(transaction, log)
    text = canonical(dict(body)).decode()
    digest = digest_of(encoded(log, number + 1, previous, recorded_at, text))
    entry = LogEntry(log, number + 1, text, previous, digest, recorded_at.astimezone(UTC))
    try:
        transaction.execute(
            insert(log_entries).values(
                log=log, number=entry.number, body=text, previous=previous, digest=digest, recorded_at=entry.recorded_at
            )
        )
    except IntegrityError as error:
        raise Conflict(f"log {log}: somebody else recorded entry {entry.number} meanwhile; try again") from error
    return entry


def names(transaction: Connection) -> list[str]:
    """All logs that hold an entry."""
    return sorted(str(name) for name in transaction.execute(select(log_entries.c.log).distinct()).scalars())


def head(transaction: Connection, log: str) -> tuple[int, str]:
    """Number and digest of the last entry; of an empty log 0 and its genesis. Note it elsewhere to detect a cut."""
    beginning = genesis(log)
    row = transaction.execute(
        select(log_entries.c.number, log_entries.c.digest)
        .where(log_entries.c.log == log)
        .order_by(log_entries.c.number.desc())
        .limit(1)
    ).first()
    if row is None:
        return 0, beginning
    if not isinstance(row.number, int) or not isinstance(row.digest, str):
        raise Tampered(f"log {log}: the last row is numbered {row.number!r}, edited by hand; restore a backup")
    return row.number, row.digest


def read(transaction: Connection, log: str) -> list[LogEntry]:
    """All entries in order, the chain checked: a log edited by hand is never handed out (Tampered, naming the row)."""
    entries, problems = _walk(transaction, log)
    _refuse(log, problems)
    return entries


def holds(transaction: Connection, log: str, number: int, digest: str) -> bool:
    """Whether entry `number` has this digest, as stored."""
    columns = log_entries.c
    kept = transaction.execute(select(columns.digest).where(columns.log == log, columns.number == number)).scalar()
    return kept == digest


def read_on(transaction: Connection, log: str, number: int, digest: str) -> list[LogEntry]:
    """The entries behind entry `number`, which has this digest; checked as by `read`."""
    entries, problems = _walk(transaction, log, number, digest)
    _refuse(log, problems)
    return entries


def rows(transaction: Connection, log: str) -> list[LogEntry]:
    """What can be read of a log, unchecked: only for whoever reports on it together with `verify`."""
    return _walk(transaction, log)[0]


def newest(transaction: Connection, log: str, limit: int, before: int | None = None) -> list[LogEntry]:
    """A page of a long log, the newest first, unchecked: its rows numbered below `before`."""
    query = select(log_entries).where(log_entries.c.log == log).order_by(log_entries.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(log_entries.c.number < before)
    return [
        LogEntry(row.log, row.number, row.body, row.previous, row.digest, row.recorded_at)
        for row in transaction.execute(query)
    ]


def entry_fields(entry: LogEntry) -> dict[str, Any]:
    """An entry as it travels in a proof, with all that its digest and its leaf are made of."""
    return {
        "log": entry.log,
        "number": entry.number,
        "previous": entry.previous,
        "recorded_at": clock.to_text(entry.recorded_at),
        "body": entry.body,
        "digest": entry.digest,
    }


def entry_from(fields: Mapping[str, Any]) -> LogEntry:
    """The reverse of `entry_fields`; BadInput, KeyError or TypeError where it isn't one, or its digest doesn't fit."""
    moment = clock.from_text(fields["recorded_at"])
    entry = LogEntry(fields["log"], fields["number"], fields["body"], fields["previous"], fields["digest"], moment)
    genesis(entry.log)
    if type(entry.number) is not int or entry_fields(entry) != fields or digest_of(leaf_data(entry)) != entry.digest:
        raise BadInput(f"log {entry.log}: an entry whose digest is not that of its words")
    return entry


def verify(transaction: Connection, log: str) -> list[Problem]:
    """Everything that is wrong, by row; empty means that the chain is whole from entry 1 to `head`."""
    return _walk(transaction, log)[1]


def _refuse(log: str, problems: Sequence[Problem]) -> None:
    if problems:
        first, more = problems[0], len(problems) - 1
        others = f" (and {more} more)" if more else ""
        raise Tampered(f"log {log}: row {first.number} {first.what}{others}; nothing is read from it, restore a backup")


def _walk(
    transaction: Connection, log: str, behind: int = 0, digest: str | None = None
) -> tuple[list[LogEntry], list[Problem]]:
    """Entries after number `behind`, which has this digest."""
    beginning = digest or genesis(log)
    entries: list[LogEntry] = []
    problems: list[Problem] = []
    expected = behind + 1
    for row in _rows(transaction, log, behind):
        if not isinstance(row.number, int) or row.number < expected:
            problems.append(Problem(expected, f"comes with a number that was never given: {row.number!r}"))
            continue
        if row.number > expected:
            until = "is" if row.number == expected + 1 else f"and all up to {row.number - 1} are"
            problems.append(Problem(expected, f"{until} missing"))
        expected = row.number + 1
        entry = _entry(log, row)
        if entry is None:
            problems.append(Problem(row.number, "was edited: its moment, text or digest is of another type"))
        else:
            entries.append(entry)
    repeated = {entry.number: digest_of(leaf_data(entry)) for entry in entries}
    for entry in entries:
        if entry.digest != repeated[entry.number]:
            problems.append(Problem(entry.number, "was edited: its digest is not that of its number, moment and body"))
    if entries and entries[0].number == behind + 1 and entries[0].previous != beginning:
        before_it = f"row {behind}" if behind else f"the beginning of log {log}"
        problems.append(Problem(behind + 1, f"was edited: it is not chained to {before_it}"))
    for before, after in pairwise(entries):
        # Where only a digest was edited, the next row still knows the true one: that row is innocent.
        if after.number != before.number + 1 or after.previous in (before.digest, repeated[before.number]):
            continue
        if after.digest == repeated[after.number]:
            problems.append(Problem(before.number, f"was replaced: row {after.number} was chained to other words"))
        else:
            problems.append(Problem(after.number, f"was edited: it is not chained to row {before.number}"))
    return entries, sorted(problems, key=lambda problem: problem.number)


def _rows(transaction: Connection, log: str, behind: int) -> Sequence[Any]:
    # The moment is read as text: a column edited to "yesterday" must be named, not end the reading.
    columns = log_entries.c
    return transaction.execute(
        select(
            columns.number,
            columns.body,
            columns.previous,
            columns.digest,
            type_coerce(columns.recorded_at, Text).label("recorded_at"),
        )
        .where(columns.log == log, *([columns.number > behind] if behind else []))
        .order_by(columns.number)
    ).all()


def _entry(log: str, row: Any) -> LogEntry | None:
    number, body, previous, digest, moment = row
    if not (isinstance(number, int) and all(isinstance(words, str) for words in (body, previous, digest))):
        return None
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return None
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        return None
    return LogEntry(log, number, body, previous, digest, moment.replace(tzinfo=UTC))
