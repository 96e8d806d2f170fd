"""Members' public keys: which key may sign for whom, and until when.

A key counts from its registration to its retirement. What it signed and the registry recorded before stays valid,
whatever the reason (rotated, lost, compromised): the log's order shows that it came before. After retirement nothing
signed with it is ever recorded again, and the key can't come back. Where a compromised key was misused before it was
retired, the member revokes those entries with a new key, so that the history shows both.

A retirement never reaches back: its moment is set behind everything that the logs hold already. Otherwise entries
recorded in good faith would turn into entries signed with a dead key.

Every registration and retirement is an entry of the log "keys": append-only, chained, and under checkpoints like the
consent log. The log is what counts. The table says the same in another form and is held to it on every reading, so
that a row put in, exchanged or brought back to life by hand is noticed (Tampered) before it verifies anything.

The coalition's own key, which is the installation's, is in the log alone: the coalition is not a member of itself.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Row, func, insert, select, update

from tomeishi import clock
from tomeishi.access.keys import COALITION, PublicKey
from tomeishi.errors import BadInput, Conflict, NotFound, Tampered
from tomeishi.storage import log
from tomeishi.storage.tables import log_entries, members, public_keys

LOG = "keys"
SUCCESSION = "succeeded"
"""The event by which the installation's key is followed by another (`succession`)."""


class RetiredBecause(StrEnum):
    """Why a key is no longer used."""

    ROTATED = "rotated"
    LOST = "lost"
    COMPROMISED = "compromised"


@dataclass(frozen=True, slots=True)
class MemberKey:
    """A public key registered for a member; valid in [valid_from, retired_at)."""

    key: PublicKey
    member_id: str
    valid_from: datetime
    retired_at: datetime | None
    retired_because: RetiredBecause | None

    def valid_at(self, moment: datetime) -> bool:
        return self.valid_from <= moment and (self.retired_at is None or moment < self.retired_at)


def register_public_key(transaction: Connection, member_id: str, key: PublicKey, at: datetime) -> MemberKey:
    """From `at` (now, by the clock of whoever registers) entries signed with `key` are accepted for the member.

    `member_id` may be COALITION. A key belongs to one owner for good: Conflict if it is registered already, for
    whomever and even if retired.
    """
    is_member = transaction.execute(select(members.c.id).where(members.c.id == member_id)).first() is not None
    if not is_member and member_id != COALITION:
        raise NotFound(f"no member {member_id}; add the member first")
    for known in all_keys(transaction).values():
        if known.key == key:
            state = "retired" if known.retired_at else "in use"
            raise Conflict(f"key {key.key_id} is registered already ({state}); make a new one with `tomeishi keys new`")
    if is_member:
        transaction.execute(
            insert(public_keys).values(key_id=key.key_id, member_id=member_id, public_key=key.text, valid_from=at)
        )
    event = {"event": "registered", "key_id": key.key_id, "member": member_id, "public_key": key.text}
    log.append(transaction, LOG, event | {"at": clock.to_text(at)}, at)
    return MemberKey(key, member_id, at, None, None)


def retire(transaction: Connection, key_id: str, at: datetime, because: RetiredBecause) -> MemberKey:
    """From `at` (now) on nothing signed with the key is accepted. Conflict if it is retired already."""
    known = all_keys(transaction).get(key_id)
    if known is None:
        raise NotFound(f"no key {key_id}; `tomeishi keys list` shows those registered")
    if known.retired_at is not None:
        raise Conflict(f"key {key_id} was retired already, {clock.to_text(known.retired_at)}")
    last = transaction.execute(select(func.max(log_entries.c.recorded_at))).scalar()
    behind = max(known.valid_from, last or known.valid_from) + timedelta(microseconds=1)
    retired = MemberKey(known.key, known.member_id, known.valid_from, max(at, behind), because)
    transaction.execute(
        update(public_keys)
        .where(public_keys.c.key_id == key_id)
        .values(retired_at=retired.retired_at, retired_because=because.value)
    )
    moment = max(at, behind)
    event = {"event": "retired", "key_id": key_id, "because": because.value, "at": clock.to_text(moment)}
    log.append(transaction, LOG, event, moment)
    return retired


def keys_of(transaction: Connection, member_id: str, moment: datetime) -> tuple[MemberKey, ...]:
    """The member's keys that are valid at `moment`, oldest first."""
    return tuple(
        known for known in all_keys(transaction).values() if known.member_id == member_id and known.valid_at(moment)
    )


def all_keys(transaction: Connection) -> dict[str, MemberKey]:
    """Every key ever registered by its id, oldest first; Tampered where log and table don't say the same."""
    known = _from_log(transaction)
    try:
        rows = transaction.execute(select(public_keys)).all()
    except (TypeError, ValueError) as error:
        raise Tampered("public keys: a row holds a moment that is none, edited by hand; restore a backup") from error
    in_table = {row.key_id: _member_key(row) for row in rows}
    for key_id in sorted(in_table.keys() | known.keys()):
        logged = known.get(key_id)
        if logged != in_table.get(key_id) and (logged is None or logged.member_id != COALITION):
            raise Tampered(
                f"public keys: the row of {key_id} is not what the log of keys says, edited by hand; restore a backup"
            )
    return dict(sorted(known.items(), key=lambda item: (item[1].valid_from, item[0])))


def _from_log(transaction: Connection) -> dict[str, MemberKey]:
    """The keys as their events made them; Tampered where an event is none that could have been logged."""
    known: dict[str, MemberKey] = {}
    for entry in log.read(transaction, LOG):
        try:
            event = json.loads(entry.body)
            if event["event"] == SUCCESSION:
                continue
            key_id, at = event["key_id"], clock.from_text(event["at"])
            if event["event"] == "registered":
                key = PublicKey.from_text(event["public_key"])
                if key.key_id != key_id or key_id in known:
                    raise _tampered(entry.number)
                known[key_id] = MemberKey(key, event["member"], at, None, None)
            elif event["event"] == "retired" and known[key_id].retired_at is None:
                because = RetiredBecause(event["because"])
                known[key_id] = replace(known[key_id], retired_at=at, retired_because=because)
            else:
                raise _tampered(entry.number)
        except (BadInput, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise _tampered(entry.number) from error
    return known


def _tampered(number: int) -> Tampered:
    return Tampered(f"log {LOG}: row {number} holds no event of a key; nothing is read from it, restore a backup")


def _member_key(row: Row[tuple[object, ...]]) -> MemberKey:
    try:
        key = PublicKey.from_text(row.public_key)
        because = None if row.retired_because is None else RetiredBecause(row.retired_because)
    except (BadInput, ValueError) as error:
        raise Tampered(f"public keys: the row of {row.key_id} was edited by hand; restore a backup") from error
    if key.key_id != row.key_id:
        raise Tampered(f"public keys: the row of {row.key_id} holds another key; restore a backup")
    return MemberKey(key, row.member_id, row.valid_from, row.retired_at, because)
