"""The ledger as one process has read it: a row is read and checked once, and a page asks what is known already.

`ledger.entries` reads and checks everything, a quarter of a millisecond an entry. What was checked once stays right:
rows are only ever added, and a key's retirement reaches back to none. So a book reads on from where it stopped, after
seeing that the entry where it stopped is the one that the transaction has there. Where it is another one (a backup was
restored, or what a transaction wrote was taken back), the book returns to the last entry that both have.

What is edited by hand behind the last entry is noticed by whoever reads the ledger anew (`log verify`, a new process);
the book goes on answering by what was signed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

from sqlalchemy import Connection

from tomeishi.consent import ledger
from tomeishi.consent.answers import Places
from tomeishi.consent.entries import Entry
from tomeishi.storage import log


@dataclass(frozen=True)
class Known:
    """The ledger of one moment."""

    entries: tuple[Entry, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Entry]:
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def places(self) -> Places:
        return Places(self.entries)


class Book:
    """Of one installation; shared between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known = Known(())

    def read(self, tx: Connection) -> Known:
        """All entries that the transaction sees; Tampered as `ledger.entries`."""
        with self._lock:
            shared = _shared(tx, self._known.entries)
            more = ledger.behind(tx, shared)
            if more or len(shared) != len(self._known.entries):
                self._known = Known((*shared, *more))
            return self._known


def _shared(tx: Connection, entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries up to the last one that the transaction has as well, or some before it."""
    number, digest = ledger.head(tx)
    if entries and entries[-1].number == number and entries[-1].digest == digest:
        return entries
    length, step = min(len(entries), number), 1
    while length and not log.holds(tx, ledger.LOG, length, entries[length - 1].digest):
        length, step = max(length - step, 0), 2 * step
    return entries[:length]
