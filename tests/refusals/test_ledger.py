"""A ledger edited by hand: named to the row, and never the source of a permission."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from tomeishi.access.keys import new_key
from tomeishi.access.public_keys import RetiredBecause, register_public_key, retire
from tomeishi.consent import ledger
from tomeishi.consent.entries import EntryKind, Level, Scope, Statement, WorkRef, sign_entry
from tomeishi.errors import Tampered
from tomeishi.storage import log
from tomeishi.storage.db import Database
from tomeishi.storage.tables import members, works
from tomeishi.values import Use, canonical, digest_of

ByHand = Callable[..., None]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WORK = WorkRef("member_kumo", "work_kumo")
KEY, OTHER_KEY = new_key("kumo"), new_key("hoshi")


def statement(provider: str) -> Statement:
    return Statement(
        kind=EntryKind.GRANT,
        member_id="member_kumo",
        scope=Scope(Level.WORK, "work_kumo"),
        uses=(Use.REPRODUCE,),
        provider=provider,
        declared_at=NOON,
    )


@pytest.fixture
def database(database: Database) -> Database:
    """Three grants: to acme and bolt signed, to comet recorded by Sato."""
    with database.transaction() as tx:
        for name, key in (("kumo", KEY), ("hoshi", OTHER_KEY)):
            tx.execute(insert(members).values(id=f"member_{name}", name=name, created_at=NOON))
            register_public_key(tx, f"member_{name}", key.public, NOON)
        tx.execute(insert(works).values(id="work_kumo", member_id="member_kumo", title="kumo", created_at=NOON))
        ledger.record(tx, sign_entry(statement("acme"), KEY), NOON)
        ledger.record(tx, sign_entry(statement("bolt"), KEY), NOON)
        ledger.record_unsigned(tx, statement("comet"), "Sato", NOON)
    return database


def rewrite(
    by_hand: ByHand, database: Database, number: int, change: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> None:
    """Edits one body and makes the whole chain anew, as somebody would who knows how it is made."""
    with database.reading() as tx:
        entries = log.read(tx, ledger.LOG)
    previous, edits = log.genesis(ledger.LOG), []
    for entry in entries:
        body = entry.body if entry.number != number else canonical(dict(change(json.loads(entry.body)))).decode()
        digest = digest_of(log.encoded(ledger.LOG, entry.number, previous, entry.recorded_at, body))
        edits.append(
            (
                "UPDATE log_entries SET body = ?, previous = ?, digest = ? WHERE log = 'consent' AND number = ?",
                (body, previous, digest, entry.number),
            )
        )
        previous = digest
    by_hand(*edits)
    with database.reading() as tx:
        assert log.verify(tx, ledger.LOG) == []


def assert_refused(database: Database, number: int) -> None:
    with database.reading() as tx:
        with pytest.raises(Tampered, match=f"log consent: row {number}[: ]"):
            ledger.ask(tx, WORK, Use.REPRODUCE, "acme", None, NOON)
        with pytest.raises(Tampered, match=f"row {number}[: ]"):
            ledger.history(tx, WORK)
    with database.transaction() as tx, pytest.raises(Tampered, match=f"row {number}[: ]"):
        ledger.record(tx, sign_entry(statement("dynamo"), KEY), NOON)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_row_edited_by_hand_is_named_and_nothing_is_answered(
    database: Database, by_hand: ByHand, number: int
) -> None:
    widen = "UPDATE log_entries SET body = replace(body, 'reproduce', 'train') WHERE number = ?"
    by_hand((widen, (number,)))
    assert_refused(database, number)


def test_a_row_taken_out_is_named(database: Database, by_hand: ByHand) -> None:
    by_hand(("DELETE FROM log_entries WHERE log = 'consent' AND number = 2", ()))
    assert_refused(database, 2)


def test_words_of_a_signed_row_cannot_be_changed_even_with_the_whole_chain(database: Database, by_hand: ByHand) -> None:
    rewrite(by_hand, database, 2, lambda body: body | {"words": body["words"].replace("bolt", "acme")})
    assert_refused(database, 2)


def test_a_signature_by_another_member_cannot_be_put_in(database: Database, by_hand: ByHand) -> None:
    signed = sign_entry(statement("acme"), OTHER_KEY)
    put_in = json.loads(signed.to_text())
    put_in.pop("format")
    rewrite(by_hand, database, 2, lambda body: put_in)
    assert_refused(database, 2)


def test_a_row_put_in_with_an_unknown_key_is_named(database: Database, by_hand: ByHand) -> None:
    put_in = json.loads(sign_entry(statement("acme"), new_key("kumo")).to_text())
    put_in.pop("format")
    rewrite(by_hand, database, 3, lambda body: put_in)
    assert_refused(database, 3)


def test_a_row_put_in_behind_a_retirement_is_named(database: Database) -> None:
    with database.transaction() as tx:
        retire(tx, KEY.public.key_id, NOON, RetiredBecause.COMPROMISED)
        body = json.loads(sign_entry(statement("dynamo"), KEY).to_text())
        body.pop("format")
        log.append(tx, ledger.LOG, body, NOON + timedelta(minutes=1))
    with database.reading() as tx, pytest.raises(Tampered, match=r"row 4: key .* was not valid"):
        ledger.entries(tx)


def test_a_row_that_repeats_another_is_named(database: Database) -> None:
    with database.transaction() as tx:
        body = json.loads(log.read(tx, ledger.LOG)[0].body)
        log.append(tx, ledger.LOG, body, NOON)
    with database.reading() as tx, pytest.raises(Tampered, match=r"row 4: repeats entry .* of row 1"):
        ledger.entries(tx)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"words": "{}"},
        {"words": "{}", "recorded_by": "Sato"},
        {"words": 5, "recorded_by": "Sato"},
        {"words": statement("acme").words, "recorded_by": 5},
        {"words": statement("acme").words, "recorded_by": ""},
        {"words": statement("acme").words, "recorded_by": "Sato", "key_id": KEY.public.key_id},
        {"words": statement("acme").words, "key_id": KEY.public.key_id, "signature": "?"},
        {"words": statement("acme").words, "key_id": KEY.public.key_id, "signature": None},
    ],
    ids=range(9),
)
def test_a_row_that_nobody_could_have_recorded_is_named(database: Database, body: dict[str, Any]) -> None:
    with database.transaction() as tx:
        log.append(tx, ledger.LOG, body, NOON)
    assert_refused(database, 4)


def test_a_member_key_exchanged_by_hand_is_detected(database: Database, by_hand: ByHand) -> None:
    exchange = "UPDATE public_keys SET member_id = 'member_hoshi' WHERE key_id = ?"
    by_hand((exchange, (KEY.public.key_id,)))
    with database.reading() as tx, pytest.raises(Tampered, match=r"public keys: the row of .* is not what the log"):
        ledger.ask(tx, WORK, Use.REPRODUCE, "acme", None, NOON)


def test_a_cut_end_shows_only_against_a_head_noted_before(database: Database, by_hand: ByHand) -> None:
    with database.reading() as tx:
        noted = ledger.head(tx)
    by_hand(("DELETE FROM log_entries WHERE log = 'consent' AND number = 3", ()))
    with database.reading() as tx:
        assert len(ledger.entries(tx)) == 2
        assert ledger.head(tx) != noted
