"""The consent ledger: the log "consent", each row a statement with its signature or with who recorded it.

A row's body is {"words", "key_id", "signature"} or {"words", "recorded_by"}. Reading checks everything again: the
chain, the form of the words, every signature against the key registered for the member. If one row fails, nothing is
read: a permission is never computed from a broken ledger (Tampered, naming the row). Recording reads first: nothing
is added to a broken ledger. For many questions read `entries` once and ask `rules.permission`.

What reading can't show: that the last rows were cut off, or that somebody who may write to the database rewrote the
chain and unsigned entries with it. Whoever notes `head` elsewhere can; signed entries can't be rewritten at all.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from tomeishi import clock
from tomeishi.access.keys import COALITION
from tomeishi.access.public_keys import MemberKey, all_keys
from tomeishi.consent import rules
from tomeishi.consent.conditions import TERRITORIES
from tomeishi.consent.entries import (
    Entry,
    EntryKind,
    Level,
    Scope,
    SignedEntry,
    Statement,
    WorkRef,
    check_name,
    signature_fields,
    statement_from,
)
from tomeishi.consent.permission import Permission
from tomeishi.errors import BadInput, Conflict, NotFound, NotPermitted, Tampered
from tomeishi.storage import log
from tomeishi.storage.tables import characters, franchises, members, reference_files, works
from tomeishi.values import Use

LOG = "consent"

CLOCK_DIFFERENCE = timedelta(minutes=5)
"""How far the clock of a member's machine may be ahead of ours. What begins later says so in `valid_from`."""


def record(transaction: Connection, signed: SignedEntry, at: datetime, *, future: bool = False) -> Entry:
    """Keeps a signed statement; `at` is now. For many, `Recorder`.

    NotPermitted: the key is unknown, another member's, not yet valid or retired, the signature is not over these
    words, or the member has no say over what they name. Conflict: recorded already. BadInput: declared in the future,
    and `future` does not say that this is known; such an entry counts from the moment that it declares.
    """
    return Recorder(transaction, future=future).record(signed, at)


def record_unsigned(transaction: Connection, statement: Statement, recorded_by: str, at: datetime) -> Entry:
    """Keeps a statement on the member's word; an answer that rests on it says who recorded it. Errors as `record`."""
    return Recorder(transaction).record_unsigned(statement, recorded_by, at)


class Recorder:
    """Records one statement after the other in one transaction; the ledger is read and checked once, before.

    Whoever has read it in this transaction already gives all entries as `known`.
    """

    def __init__(self, transaction: Connection, *, future: bool = False, known: Iterable[Entry] | None = None) -> None:
        self._tx = transaction
        self._future = future
        self._keys = all_keys(transaction)
        self._known = {entry.id: entry for entry in (entries(transaction) if known is None else known)}
        self._words: set[object] = {entry.statement.words for entry in self._known.values()}

    def holds(self, words: object) -> bool:
        """Whether a statement in exactly these words is recorded already."""
        return words in self._words

    def record(self, signed: SignedEntry, at: datetime) -> Entry:
        """As the function `record`."""
        statement = statement_from(signed.words)
        key = self._keys.get(signed.key_id)
        if key is None:
            raise NotPermitted(
                f"{statement.id}: key {signed.key_id} is not registered; register the member's public key"
            )
        if key.retired_at is not None:  # whatever its moment: a dead key signs nothing new
            raise NotPermitted(
                f"{statement.id}: key {signed.key_id} is retired ({key.retired_because}); sign with a new key"
            )
        problem = _signature_problem(signed, statement, key, at)
        if problem is not None:
            raise NotPermitted(f"{statement.id}: {problem}; nothing was recorded")
        self._check(statement, at, is_signed=True)
        return self._append({"words": signed.words, **signature_fields(signed)}, at)

    def record_unsigned(self, statement: Statement, recorded_by: str, at: datetime) -> Entry:
        """As the function `record_unsigned`."""
        body = {"words": statement.words, "recorded_by": _recorder(recorded_by)}
        self._check(statement, at, is_signed=False)
        return self._append(body, at)

    def _append(self, body: dict[str, str], at: datetime) -> Entry:
        entry = _entry(log.append(self._tx, LOG, body, at), self._keys)
        self._known[entry.id] = entry
        self._words.add(entry.statement.words)
        return entry

    def _check(self, statement: Statement, at: datetime, *, is_signed: bool) -> None:
        """What holds for every new entry, signed or not."""
        if statement.declared_at > at + CLOCK_DIFFERENCE and not self._future:
            declared = clock.to_text(statement.declared_at)
            raise BadInput(f"{statement.id}: declared at {declared}, in the future; check the clock, or say --future")
        if statement.id in self._known:
            raise Conflict(f"{statement.id}: recorded already, as number {self._known[statement.id].number}")
        for code in statement.conditions.territories or ():
            if code not in TERRITORIES:
                raise BadInput(f"{statement.id}: no territory {code} in ISO 3166-1 (two letters, such as JP or GB)")
        if statement.scope is not None:
            _check_scope(self._tx, statement, statement.scope)
        if statement.revokes is not None:
            _check_revocation(statement, self._known.get(statement.revokes), is_signed=is_signed)


def entries(transaction: Connection) -> tuple[Entry, ...]:
    """Every entry in the order recorded, chain and signatures checked; Tampered names the first row that fails."""
    return behind(transaction, ())


def behind(transaction: Connection, known: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries that follow those that are known already, which are the ledger's first; checked as by `entries`."""
    last = known[-1] if known else None
    rows = log.read(transaction, LOG) if last is None else log.read_on(transaction, LOG, last.number, last.digest)
    if not rows:
        return ()
    keys = all_keys(transaction)
    seen = {entry.id: entry.number for entry in known}
    found = []
    for row in rows:
        entry = _entry(row, keys)
        if entry.id in seen:
            raise _tampered(row, f"repeats entry {entry.id} of row {seen[entry.id]}")
        seen[entry.id] = entry.number
        found.append(entry)
    return tuple(found)


def history(transaction: Connection, work: WorkRef, known: Iterable[Entry] | None = None) -> tuple[Entry, ...]:
    """All that was ever stated about a work: entries that cover it or a part of it, and their revocations, in order.

    Whoever has read the ledger already gives all entries as `known`.
    """
    owners = (work.member_id, COALITION)
    read = entries(transaction) if known is None else known
    everything = [entry for entry in read if entry.statement.member_id in owners]
    scopes = {entry.id: entry.statement.scope for entry in everything}
    about = {id_ for id_, scope in scopes.items() if scope and (scope.covers(work) or scope.lies_inside(work))}
    return tuple(entry for entry in everything if entry.id in about or entry.statement.revokes in about)


def ask(
    transaction: Connection, work: WorkRef, use: Use, provider: str | None, model: str | None, moment: datetime
) -> Permission:
    """One answer. For many, read `entries` once and ask `rules.permission`."""
    return rules.permission(entries(transaction), work, use, provider, model, moment)


def head(transaction: Connection) -> tuple[int, str]:
    """Number and digest of the last entry; noted elsewhere, they show later whether anything was cut or rewritten."""
    return log.head(transaction, LOG)


def _check_scope(transaction: Connection, statement: Statement, scope: Scope) -> None:
    if scope.level is Level.COALITION:
        return  # only the coalition states it (entries), and for all of its members
    of_work = select(works.c.member_id).where(works.c.id == (scope.work_id or scope.id))
    of_character = of_work.join(characters, characters.c.work_id == works.c.id).where(characters.c.id == scope.id)
    owner = {
        Level.MEMBER: select(members.c.id).where(members.c.id == scope.id),
        Level.FRANCHISE: select(franchises.c.member_id).where(franchises.c.id == scope.id),
        Level.WORK: of_work,
        Level.CHARACTER: of_character,
        Level.ELEMENT: of_work if scope.id == scope.work_id else of_character,
        Level.REFERENCE: select(works.c.member_id)
        .join(reference_files, reference_files.c.work_id == works.c.id)
        .where(reference_files.c.id == scope.id),
    }[scope.level]
    member_id = transaction.execute(owner).scalar()
    if member_id is None:
        place = f"{scope.id} of work {scope.work_id}" if scope.work_id is not None else scope.id
        raise NotFound(f"{statement.id}: no {scope.level} {place} in the registry")
    if member_id != statement.member_id:
        raise NotPermitted(f"{statement.id}: {scope.level} {scope.id} is not of member {statement.member_id}")


def _check_revocation(statement: Statement, revoked: Entry | None, *, is_signed: bool) -> None:
    if revoked is None:
        raise NotFound(f"{statement.id}: no entry {statement.revokes} that could be revoked")
    if revoked.statement.member_id != statement.member_id:
        raise NotPermitted(f"{statement.id}: entry {revoked.id} was stated by another member")
    if revoked.statement.kind is EntryKind.REVOCATION:
        raise BadInput(f"{statement.id}: a revocation is final; state a new grant or reservation instead")
    if revoked.statement.kind is EntryKind.RESERVATION and revoked.signed is not None and not is_signed:
        raise NotPermitted(f"{statement.id}: a signed reservation ends only by a revocation that the member signed")


def _entry(row: log.LogEntry, keys: Mapping[str, MemberKey]) -> Entry:
    """A row read back and checked; Tampered where it isn't what `record` would have written."""
    try:
        body = json.loads(row.body)
        if body.keys() == {"words", "recorded_by"}:
            signed, recorded_by = None, _recorder(body["recorded_by"])
        elif body.keys() == {"words", "key_id", "signature"}:
            signed, recorded_by = SignedEntry.from_fields(body), None
        else:
            raise _tampered(row, "holds neither a signed entry nor one with its recorder")
        statement = statement_from(body["words"])
    except (BadInput, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise _tampered(row, f"holds no entry of consent ({error})") from error
    if signed is not None:
        key = keys.get(signed.key_id)
        problem = (
            f"names key {signed.key_id}, which is not registered"
            if key is None
            else _signature_problem(signed, statement, key, row.recorded_at)
        )
        if problem is not None:
            raise _tampered(row, problem)
    return Entry(
        statement=statement,
        number=row.number,
        digest=row.digest,
        recorded_at=row.recorded_at,
        signed=signed,
        recorded_by=recorded_by,
    )


def _recorder(name: str) -> str:
    check_name("recorded by", name)
    return name


def _signature_problem(signed: SignedEntry, statement: Statement, key: MemberKey, recorded_at: datetime) -> str | None:
    if key.member_id != statement.member_id:
        return f"key {signed.key_id} is not a key of member {statement.member_id}"
    if not key.valid_at(recorded_at):
        return f"key {signed.key_id} was not valid when it was recorded, at {clock.to_text(recorded_at)}"
    if not key.key.verifies(signed.signature, signed.words.encode()):
        return f"its signature is not one of key {signed.key_id} over these words"
    return None


def _tampered(row: log.LogEntry, what: str) -> Tampered:
    return Tampered(f"log {LOG}: row {row.number}: {what}; nothing is read from the ledger, restore a backup")
