"""One key of the installation after the other, so that what an earlier one signed still holds.

A succession is an event of the log of keys, signed by both: the old key says who follows it, and the new one whom it
follows. One signature would not do: whoever can write to the database, but holds no key, could else put in a key of
their own, as a predecessor that nobody ever had.
"""

import base64
import json
from contextlib import closing, suppress
from datetime import datetime
from itertools import takewhile

from sqlalchemy import Connection

from tomeishi import clock
from tomeishi.access.keys import PublicKey, SigningKey
from tomeishi.access.public_keys import LOG, SUCCESSION, RetiredBecause, all_keys, retire
from tomeishi.errors import BadInput, TomeishiError
from tomeishi.storage import log
from tomeishi.storage.db import Database


def succeed(transaction: Connection, old: SigningKey, new: SigningKey, at: datetime) -> None:
    """From `at` (now) on `new` signs in place of `old`, which is retired where it was registered."""
    if old.public in predecessors(transaction, new.public):
        return  # begun before, and interrupted
    message = _message(old.public, new.public)
    event = {
        "event": SUCCESSION,
        "key_id": old.public.key_id,
        "public_key": old.public.text,
        "successor": new.public.text,
        "signed_by_old": base64.b64encode(old.sign(message)).decode(),
        "signed_by_new": base64.b64encode(new.sign(message)).decode(),
    }
    log.append(transaction, LOG, event | {"at": clock.to_text(at)}, at)
    registered = all_keys(transaction).get(old.public.key_id)
    if registered is not None and registered.retired_at is None:
        retire(transaction, old.public.key_id, at, RetiredBecause.ROTATED)


def predecessors(transaction: Connection, current: PublicKey) -> tuple[PublicKey, ...]:
    """The keys that led to `current`, the latest first; what is not signed by both is none."""
    found = [current]
    for entry in reversed(log.read(transaction, LOG)):
        try:
            event = json.loads(entry.body)
            if event["event"] != SUCCESSION:
                continue
            old, new = PublicKey.from_text(event["public_key"]), PublicKey.from_text(event["successor"])
            by_old, by_new = (
                base64.b64decode(event[name], validate=True) for name in ("signed_by_old", "signed_by_new")
            )
        except (BadInput, KeyError, TypeError, ValueError, RecursionError):
            continue
        message = _message(old, new)
        if new in found and old not in found and old.verifies(by_old, message) and new.verifies(by_new, message):
            found.append(old)
    return tuple(found[1:])


def own_keys(current: PublicKey, database_url: str) -> tuple[PublicKey, ...]:
    """`current`, and those before it by the log of keys, back to one that was retired as compromised.

    Whoever has that one could have put in predecessors. Current alone where there is no database, or none that can be
    read: whoever verifies needs none.
    """
    with suppress(TomeishiError), closing(Database(database_url)) as database, database.reading() as tx:
        known = all_keys(tx)
        earlier = predecessors(tx, current)
        lost = {key_id for key_id, key in known.items() if key.retired_because == RetiredBecause.COMPROMISED}
        return (current, *takewhile(lambda key: key.key_id not in lost, earlier))
    return (current,)


def _message(old: PublicKey, new: PublicKey) -> bytes:
    return f"tomeishi succession of keys\n{old.text}\n{new.text}\n".encode()
