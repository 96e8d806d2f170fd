from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from tomeishi.access.keys import COALITION, SigningKey, new_key
from tomeishi.access.public_keys import RetiredBecause, register_public_key, retire
from tomeishi.consent import ledger, rules
from tomeishi.consent.conditions import Conditions
from tomeishi.consent.entries import Entry, EntryKind, Level, Scope, SignedEntry, Statement, WorkRef, sign_entry
from tomeishi.consent.scopes import Element
from tomeishi.errors import BadInput, Conflict, NotFound, NotPermitted
from tomeishi.storage import log
from tomeishi.storage.db import Database
from tomeishi.storage.tables import characters, franchise_works, franchises, members, reference_files, works
from tomeishi.values import Use

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KUMO_WORK = WorkRef("member_kumo", "work_kumo", "ref_kumo")
KUMO_KEY, HOSHI_KEY = new_key("kumo"), new_key("hoshi")


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """Two members, kumo and hoshi, each with a work, a reference and a key."""
    with database.transaction() as transaction:
        for name, key in (("kumo", KUMO_KEY), ("hoshi", HOSHI_KEY)):
            member, work = f"member_{name}", f"work_{name}"
            transaction.execute(insert(members).values(id=member, name=name, created_at=NOON))
            transaction.execute(insert(works).values(id=work, member_id=member, title=name, created_at=NOON))
            transaction.execute(
                insert(reference_files).values(
                    id=f"ref_{name}",
                    work_id=work,
                    path="a.mp4",
                    location="/a.mp4",
                    digest="",
                    size_bytes=1,
                    kind="video",
                    duration_s=1.0,
                    created_at=NOON,
                )
            )
            register_public_key(transaction, member, key.public, NOON)
        yield transaction
    database.close()


def grant(**changes: Any) -> Statement:
    fields: dict[str, Any] = {
        "kind": EntryKind.GRANT,
        "member_id": "member_kumo",
        "scope": Scope(Level.WORK, "work_kumo"),
        "uses": (Use.REPRODUCE,),
        "provider": "acme",
        "declared_at": NOON,
    }
    return Statement(**(fields | changes))


def reservation(**changes: Any) -> Statement:
    return grant(kind=EntryKind.RESERVATION, **changes)


def revocation(revokes: str, **changes: Any) -> Statement:
    fields: dict[str, Any] = {"member_id": "member_kumo", "declared_at": NOON}
    return Statement(kind=EntryKind.REVOCATION, revokes=revokes, **(fields | changes))


def record(tx: Connection, statement: Statement, at: datetime = NOON, key: SigningKey = KUMO_KEY) -> Entry:
    return ledger.record(tx, sign_entry(statement, key), at)


def allowed(tx: Connection, moment: datetime = NOON + DAY) -> bool:
    return ledger.ask(tx, KUMO_WORK, Use.REPRODUCE, "acme", None, moment).allowed


def test_an_empty_ledger_allows_nothing(tx: Connection) -> None:
    assert not allowed(tx)
    assert ledger.entries(tx) == ()
    assert ledger.head(tx) == (0, log.genesis("consent"))


def test_a_signed_grant_is_kept_as_received_and_allows(tx: Connection) -> None:
    signed = sign_entry(grant(note="三十秒まで"), KUMO_KEY)
    entry = ledger.record(tx, SignedEntry.from_text(signed.to_text()), NOON)
    assert ledger.entries(tx) == (entry,)
    assert (entry.signed, entry.recorded_by, entry.number) == (signed, None, 1)
    assert ledger.head(tx) == (1, entry.digest)
    assert allowed(tx)


def test_an_unsigned_grant_says_who_recorded_it(tx: Connection) -> None:
    entry = ledger.record_unsigned(tx, grant(), "佐藤", NOON)
    assert ledger.entries(tx) == (entry,)
    assert (entry.signed, entry.recorded_by) == (None, "佐藤")
    answer = ledger.ask(tx, KUMO_WORK, Use.REPRODUCE, "acme", None, NOON)
    assert answer.because == (entry.id,)
    assert "recorded by 佐藤 and not signed" in answer.english


def test_an_entry_can_be_checked_again_from_its_json(tx: Connection) -> None:
    record(tx, grant())
    words = ledger.entries(tx)[0].to_json()
    fields = {"words": words["words"], **words["signature"]}
    signed = SignedEntry.from_fields(fields)
    assert KUMO_KEY.public.verifies(signed.signature, signed.words.encode())


def test_a_past_moment_gets_the_answer_of_that_moment(tx: Connection) -> None:
    granted = record(tx, grant(), NOON)
    record(tx, revocation(granted.id, declared_at=NOON + DAY), NOON + 2 * DAY)
    assert [allowed(tx, NOON + days * DAY) for days in (-1, 0, 1, 2, 3)] == [False, True, True, False, False]


def test_entries_read_once_answer_as_often_as_asked(tx: Connection) -> None:
    record(tx, grant())
    entries = ledger.entries(tx)
    for use in Use:
        assert rules.permission(entries, KUMO_WORK, use, "acme", None, NOON) == ledger.ask(
            tx, KUMO_WORK, use, "acme", None, NOON
        )


def test_the_history_of_a_work_holds_all_that_was_stated_about_it(tx: Connection) -> None:
    wide = record(tx, reservation(scope=Scope(Level.MEMBER, "member_kumo"), provider=None, uses=None))
    narrow = record(tx, grant())
    record(tx, grant(member_id="member_hoshi", scope=Scope(Level.WORK, "work_hoshi")), key=HOSHI_KEY)
    ended = record(tx, revocation(narrow.id))
    assert ledger.history(tx, KUMO_WORK) == (wide, narrow, ended)


def test_the_order_of_arrival_changes_no_answer_afterwards(tx: Connection, tmp_path: Path) -> None:
    statements = [grant(), reservation(uses=(Use.TRAIN,)), grant(uses=(Use.TRAIN,)), reservation(provider="bolt")]
    for statement in reversed(statements):
        record(tx, statement)
    entries = ledger.entries(tx)
    for use in Use:
        for provider in ("acme", "bolt", None):
            asked = (KUMO_WORK, use, provider, None, NOON)
            assert rules.permission(entries, *asked).allowed == rules.permission(entries[::-1], *asked).allowed


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=5)])
def test_a_clock_that_is_a_little_ahead_is_borne(tx: Connection, ahead: timedelta) -> None:
    record(tx, grant(declared_at=NOON + ahead))
    assert allowed(tx, NOON + ahead)


def test_a_clock_in_the_future_is_refused(tx: Connection) -> None:
    late = grant(declared_at=NOON + timedelta(minutes=5, seconds=1))
    with pytest.raises(BadInput, match="in the future"):
        record(tx, late)
    with pytest.raises(BadInput, match="in the future"):
        ledger.record_unsigned(tx, late, "Sato", NOON)
    record(tx, grant(valid_from=NOON + DAY))
    assert ledger.head(tx)[0] == 1


def test_a_clock_in_the_future_counts_where_it_is_said_to_be_known(tx: Connection) -> None:
    late = grant(declared_at=NOON + DAY)
    ledger.record(tx, sign_entry(late, KUMO_KEY), NOON, future=True)
    assert not allowed(tx, NOON + timedelta(hours=1))
    assert allowed(tx, NOON + DAY)


def test_the_same_entry_is_recorded_once(tx: Connection) -> None:
    signed = sign_entry(grant(), KUMO_KEY)
    ledger.record(tx, signed, NOON)
    with pytest.raises(Conflict, match="recorded already, as number 1"):
        ledger.record(tx, signed, NOON + DAY)


@pytest.mark.parametrize(
    ("scope", "error"),
    [
        (Scope(Level.WORK, "work_hoshi"), NotPermitted),
        (Scope(Level.REFERENCE, "ref_hoshi"), NotPermitted),
        (Scope(Level.WORK, "work_none"), NotFound),
        (Scope(Level.REFERENCE, "work_kumo"), NotFound),
    ],
)
def test_a_member_states_nothing_about_what_is_not_theirs(tx: Connection, scope: Scope, error: type[Exception]) -> None:
    with pytest.raises(error):
        record(tx, grant(scope=scope))
    with pytest.raises(error):
        ledger.record_unsigned(tx, grant(scope=scope), "Sato", NOON)
    assert ledger.entries(tx) == ()


def test_an_unknown_member_states_nothing(tx: Connection) -> None:
    nobody = grant(member_id="member_none", scope=Scope(Level.MEMBER, "member_none"))
    with pytest.raises(NotFound, match="member_none"):
        ledger.record_unsigned(tx, nobody, "Sato", NOON)


def test_a_revocation_names_an_entry_of_its_own_member(tx: Connection) -> None:
    granted = record(tx, grant())
    with pytest.raises(NotFound, match="entry_none"):
        record(tx, revocation("entry_none"))
    with pytest.raises(NotPermitted, match="another member"):
        record(tx, revocation(granted.id, member_id="member_hoshi"), key=HOSHI_KEY)
    ended = record(tx, revocation(granted.id))
    with pytest.raises(BadInput, match="final"):
        record(tx, revocation(ended.id))


def test_only_the_member_ends_a_signed_reservation(tx: Connection) -> None:
    reserved = record(tx, reservation())
    with pytest.raises(NotPermitted, match="signed"):
        ledger.record_unsigned(tx, revocation(reserved.id), "Sato", NOON)
    record(tx, revocation(reserved.id))


def test_a_forged_signature_is_refused(tx: Connection) -> None:
    signed = sign_entry(grant(), KUMO_KEY)
    forged = bytes([signed.signature[0] ^ 1]) + signed.signature[1:]
    for signature in (forged, b"", bytes(64)):
        with pytest.raises(NotPermitted, match="not one of key"):
            ledger.record(tx, replace(signed, signature=signature), NOON)
    assert ledger.entries(tx) == ()


def test_a_signature_over_other_words_is_refused(tx: Connection) -> None:
    signed = sign_entry(grant(), KUMO_KEY)
    with pytest.raises(NotPermitted, match="over these words"):
        ledger.record(tx, replace(signed, words=grant(provider="bolt").words), NOON)
    assert ledger.entries(tx) == ()


def test_words_that_are_no_statement_are_refused_though_signed(tx: Connection) -> None:
    words = '{"format":"tomeishi-consent-1"}'
    with pytest.raises(BadInput):
        ledger.record(tx, SignedEntry(words, KUMO_KEY.public.key_id, KUMO_KEY.sign(words.encode())), NOON)


def test_a_key_of_another_member_is_refused(tx: Connection) -> None:
    with pytest.raises(NotPermitted, match="not a key of member member_kumo"):
        record(tx, grant(), key=HOSHI_KEY)
    assert ledger.entries(tx) == ()


def test_an_unknown_key_is_refused(tx: Connection) -> None:
    with pytest.raises(NotPermitted, match="not registered"):
        record(tx, grant(), key=new_key("kumo"))


def test_a_key_counts_from_its_registration_only(tx: Connection) -> None:
    with pytest.raises(NotPermitted, match="not valid when"):
        record(tx, grant(declared_at=NOON - DAY), at=NOON - DAY)


@pytest.mark.parametrize("because", RetiredBecause)
def test_a_retired_key_signs_nothing_new_and_what_it_signed_stays(tx: Connection, because: RetiredBecause) -> None:
    granted = record(tx, grant())
    retire(tx, KUMO_KEY.public.key_id, NOON, because)
    for at in (NOON, NOON + DAY):
        with pytest.raises(NotPermitted, match=f"retired \\({because}\\)"):
            record(tx, grant(), at=at)
    assert ledger.entries(tx) == (granted,)
    assert allowed(tx)


def test_a_new_key_ends_what_a_stolen_one_granted(tx: Connection) -> None:
    granted = record(tx, grant())
    retire(tx, KUMO_KEY.public.key_id, NOON, RetiredBecause.COMPROMISED)
    new = new_key("kumo")
    register_public_key(tx, "member_kumo", new.public, NOON + DAY)
    record(tx, revocation(granted.id, declared_at=NOON + DAY), NOON + DAY, new)
    assert not allowed(tx, NOON + DAY)


@pytest.mark.parametrize("name", ["", " ", "Sato\nmember", "x" * 201])
def test_whoever_records_is_named(tx: Connection, name: str) -> None:
    with pytest.raises(BadInput, match="recorded by"):
        ledger.record_unsigned(tx, grant(), name, NOON)


@pytest.fixture
def lattice(tx: Connection) -> Connection:
    """A character of each member's work, and kumo's franchise with its work."""
    for name in ("kumo", "hoshi"):
        values = {"id": f"chr_{name}", "work_id": f"work_{name}", "name": name, "position": 0, "created_at": NOON}
        tx.execute(insert(characters).values(values))
    tx.execute(insert(franchises).values(id="frn_kumo", member_id="member_kumo", name="kumo", created_at=NOON))
    tx.execute(insert(franchise_works).values(franchise_id="frn_kumo", work_id="work_kumo", added_at=NOON))
    return tx


@pytest.mark.parametrize(
    "scope",
    [
        Scope(Level.FRANCHISE, "frn_kumo"),
        Scope(Level.CHARACTER, "chr_kumo", "work_kumo"),
        Scope(Level.ELEMENT, "chr_kumo", "work_kumo", Element.VOICE),
        Scope(Level.ELEMENT, "work_kumo", "work_kumo", Element.PLACE),
    ],
)
def test_a_member_states_what_holds_at_any_level_of_its_own(lattice: Connection, scope: Scope) -> None:
    entry = record(lattice, grant(scope=scope, conditions=Conditions(territories=("JP",))))
    assert ledger.entries(lattice) == (entry,)


@pytest.mark.parametrize(
    ("scope", "error"),
    [
        (Scope(Level.FRANCHISE, "frn_none"), NotFound),
        (Scope(Level.CHARACTER, "chr_hoshi", "work_hoshi"), NotPermitted),
        (Scope(Level.CHARACTER, "chr_hoshi", "work_kumo"), NotFound),
        (Scope(Level.CHARACTER, "chr_kumo", "work_hoshi"), NotFound),
        (Scope(Level.CHARACTER, "chr_none", "work_kumo"), NotFound),
        (Scope(Level.ELEMENT, "work_hoshi", "work_hoshi", Element.VOICE), NotPermitted),
        (Scope(Level.ELEMENT, "chr_hoshi", "work_kumo", Element.VOICE), NotFound),
        (Scope(Level.ELEMENT, "work_none", "work_none", Element.VOICE), NotFound),
    ],
)
def test_nothing_is_stated_about_a_part_of_what_is_not_theirs(
    lattice: Connection, scope: Scope, error: type[Exception]
) -> None:
    with pytest.raises(error):
        record(lattice, grant(scope=scope))
    assert ledger.entries(lattice) == ()


def test_a_territory_that_is_none_is_refused_when_it_is_recorded(tx: Connection) -> None:
    with pytest.raises(BadInput, match="no territory UK in ISO 3166-1"):
        record(tx, grant(conditions=Conditions(territories=("UK",))))


def test_the_coalition_signs_with_a_key_registered_for_it_alone(tx: Connection) -> None:
    everything = {"member_id": COALITION, "scope": Scope(Level.COALITION, COALITION), "provider": None}
    reserved = reservation(**everything)
    with pytest.raises(NotPermitted, match="not a key of member coalition"):
        record(tx, reserved)
    key = new_key("installation")
    register_public_key(tx, COALITION, key.public, NOON)
    entry = record(tx, reserved, key=key)
    with pytest.raises(NotPermitted, match="not a key of member member_kumo"):
        record(tx, grant(), key=key)
    assert ledger.history(tx, KUMO_WORK) == (entry,)
    with pytest.raises(NotPermitted, match="stated by another member"):
        record(tx, revocation(entry.id))
    with pytest.raises(NotPermitted, match="only by a revocation that the member signed"):
        ledger.record_unsigned(tx, revocation(entry.id, member_id=COALITION), "Sato", NOON)
    record(tx, revocation(entry.id, member_id=COALITION), key=key)


def test_many_are_recorded_with_one_reading_of_the_ledger(tx: Connection) -> None:
    recorder = ledger.Recorder(tx)
    first = recorder.record(sign_entry(grant(), KUMO_KEY), NOON)
    recorder.record(sign_entry(revocation(first.id), KUMO_KEY), NOON)
    with pytest.raises(Conflict, match="recorded already"):
        recorder.record(sign_entry(first.statement, KUMO_KEY), NOON)
    assert recorder.holds(first.statement.words)
    assert not recorder.holds(grant().words)
    assert [entry.number for entry in ledger.entries(tx)] == [1, 2]
