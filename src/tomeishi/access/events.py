"""The event log: who did what to what, in the hash-chained log "events". Never media, passwords, keys or tokens."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tomeishi.storage import log

LOG = "events"


@dataclass(frozen=True, slots=True)
class Event:
    number: int
    at: datetime
    by: str
    """Id of a person or key, or `command line`."""
    what: str
    subject: str
    words: Mapping[str, Any]
    digest: str


def record(
    tx: Connection, by: str, what: str, subject: str, at: datetime, words: Mapping[str, Any] | None = None
) -> None:
    """`what` is noun.verb, as `person.added`."""
    log.append(tx, LOG, {"by": by, "what": what, "subject": subject, "words": dict(words or {})}, at)


def newest(tx: Connection, limit: int, before: int | None = None) -> list[Event]:
    """The newest first, those numbered below `before`; the chain is checked by `log verify`, not here."""
    found = []
    for entry in log.newest(tx, LOG, limit, before):
        body = json.loads(entry.body)
        found.append(
            Event(
                number=entry.number,
                at=entry.recorded_at,
                by=body["by"],
                what=body["what"],
                subject=body["subject"],
                words=body["words"],
                digest=entry.digest,
            )
        )
    return found
