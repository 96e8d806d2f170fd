"""A book answers as the ledger does, whatever was recorded, taken back or rolled back meanwhile."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from tomeishi.consent import ledger
from tomeishi.consent.book import Book
from tomeishi.consent.entries import EntryKind, Level, Scope, Statement
from tomeishi.errors import Tampered
from tomeishi.registry import works
from tomeishi.storage.db import Database
from tomeishi.values import Use


class _TakenBack(Exception):
    pass


NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def member(database: Database) -> str:
    with database.transaction() as tx:
        return works.add_member(tx, "Studio Kumo")


def _state(database: Database, member: str, count: int = 1) -> None:
    with database.transaction() as tx:
        recorder = ledger.Recorder(tx)
        for _ in range(count):
            recorder.record_unsigned(_statement(member), "hana", NOON + timedelta(minutes=1))


def _statement(member: str) -> Statement:
    return Statement(
        kind=EntryKind.GRANT,
        member_id=member,
        declared_at=NOON,
        scope=Scope(Level.MEMBER, member),
        uses=(Use.TRAIN,),
    )


def test_a_book_reads_on_where_it_stopped(database: Database, member: str) -> None:
    book = Book()
    for count in (0, 3, 0, 2):
        _state(database, member, count)
        with database.reading() as tx:
            assert book.read(tx).entries == ledger.entries(tx)


def test_what_a_transaction_takes_back_leaves_the_book(database: Database, member: str) -> None:
    book = Book()
    _state(database, member, 2)
    with suppress(_TakenBack), database.transaction() as tx:
        ledger.Recorder(tx, known=book.read(tx).entries).record_unsigned(_statement(member), "hana", NOON)
        assert len(book.read(tx).entries) == 3
        raise _TakenBack
    with database.reading() as tx:
        assert book.read(tx).entries == ledger.entries(tx)
    _state(database, member)
    with database.reading() as tx:
        assert book.read(tx).entries == ledger.entries(tx)


def test_an_older_snapshot_is_answered_by_what_it_sees(database: Database, member: str) -> None:
    book = Book()
    _state(database, member)
    with database.reading() as earlier:
        _state(database, member)
        with database.reading() as later:
            assert len(book.read(later).entries) == 2
        assert len(book.read(earlier).entries) == 1


def test_a_new_entry_that_is_not_chained_to_the_last_one_is_refused(
    database: Database, member: str, by_hand: object
) -> None:
    book = Book()
    _state(database, member, 2)
    with database.reading() as tx:
        book.read(tx)
    _state(database, member)
    by_hand(f"UPDATE log_entries SET previous = 'sha256:{64 * '0'}' WHERE log = 'consent' AND number = 3")  # type: ignore[operator]
    with database.reading() as tx, pytest.raises(Tampered, match="row 3"):
        book.read(tx)


def test_what_is_revoked_is_known_by_its_place(database: Database, member: str) -> None:
    book = Book()
    _state(database, member)
    with database.transaction() as tx:
        (granted,) = book.read(tx).entries
        ended = Statement(kind=EntryKind.REVOCATION, member_id=member, declared_at=NOON, revokes=granted.id)
        ledger.Recorder(tx, known=[granted]).record_unsigned(ended, "hana", NOON + timedelta(minutes=2))
    with database.reading() as tx:
        known = book.read(tx)
    assert [known.places.is_revoked(each) for each in known.entries] == [True, False]
