import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tomeishi.access.keys import new_key
from tomeishi.consent.entries import (
    EntryKind,
    Level,
    Scope,
    SignedEntry,
    Statement,
    WorkRef,
    sign_entry,
    statement_from,
)
from tomeishi.errors import BadInput
from tomeishi.values import Use, canonical

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WORK = Scope(Level.WORK, "work_1")


def stated(**changes: Any) -> Statement:
    fields: dict[str, Any] = {
        "id": "entry_1",
        "kind": EntryKind.GRANT,
        "member_id": "member_1",
        "scope": WORK,
        "uses": (Use.REPRODUCE,),
        "declared_at": NOON,
    }
    return Statement(**(fields | changes))


def revoked(**changes: Any) -> Statement:
    return stated(**({"kind": EntryKind.REVOCATION, "scope": None, "uses": None, "revokes": "entry_0"} | changes))


def rewritten(**changes: Any) -> str:
    return canonical(json.loads(stated().words) | changes).decode()


def test_the_words_are_canonical_and_hold_every_field() -> None:
    assert stated(provider="アクメ").words == (
        '{"declared_at":"2026-11-23T12:00:00Z","document":null,"format":"tomeishi-consent-1","id":"entry_1",'
        '"kind":"grant","member":"member_1","model":null,"note":"","provider":"アクメ","revokes":null,'
        '"scope":{"id":"work_1","level":"work"},"uses":["reproduce"],"valid_from":null,"valid_until":null}'
    )


@pytest.mark.parametrize(
    "statement",
    [
        stated(),
        stated(uses=tuple(Use), provider="acme", model="clip-2", valid_from=NOON, valid_until=NOON + timedelta(days=9)),
        stated(kind=EntryKind.RESERVATION, uses=None, scope=Scope(Level.MEMBER, "member_1"), note="全作品\n「留保」"),
        stated(scope=Scope(Level.REFERENCE, "ref_1"), document="sha256:" + "a" * 64),
        revoked(),
    ],
)
def test_a_statement_reads_back_from_its_words(statement: Statement) -> None:
    assert statement_from(statement.words) == statement


def test_equal_statements_have_equal_words() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    one = stated(uses=(Use.TRAIN, Use.REPRODUCE, Use.TRAIN), declared_at=tokyo)
    assert one.words == stated(uses=(Use.REPRODUCE, Use.TRAIN)).words


def test_two_statements_never_share_an_id() -> None:
    made = [Statement(kind=EntryKind.RESERVATION, member_id="member_1", scope=WORK, declared_at=NOON) for _ in range(2)]
    assert made[0].id != made[1].id


def test_levels_stand_from_wide_to_narrow() -> None:
    assert [level.value for level in sorted(Level, key=lambda level: level.rank)] == [
        "coalition",
        "member",
        "franchise",
        "work",
        "character",
        "element",
        "reference",
    ]


def test_a_scope_covers_what_lies_in_it() -> None:
    work = WorkRef("member_1", "work_1", "ref_1")
    assert Scope(Level.MEMBER, "member_1").covers(work)
    assert WORK.covers(work)
    assert Scope(Level.REFERENCE, "ref_1").covers(work)
    assert not Scope(Level.REFERENCE, "ref_1").covers(WorkRef("member_1", "work_1"))
    assert not Scope(Level.WORK, "member_1").covers(work)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"uses": None}, "names its uses"),
        ({"uses": ()}, "names its uses"),
        ({"kind": EntryKind.RESERVATION, "uses": ()}, "at least one use"),
        ({"scope": None}, "what it is about"),
        ({"scope": Scope(Level.MEMBER, "member_2")}, "for all works of member_2"),
        ({"revokes": "entry_0"}, "only a revocation"),
        ({"model": "clip-2"}, "without its provider"),
        ({"valid_until": NOON}, "after it begins"),
        ({"valid_from": NOON + timedelta(days=2), "valid_until": NOON + timedelta(days=1)}, "after it begins"),
        ({"document": "sha256:abc"}, "digest"),
        ({"provider": " "}, "1 to 200 characters"),
        ({"provider": "ac\nme"}, "one line"),
        ({"provider": "acme\u202e"}, "one line"),
        ({"provider": "a" * 201}, "1 to 200"),
        ({"declared_at": datetime(2026, 11, 23)}, "time zone"),  # noqa: DTZ001
        ({"note": "x" * 70_000}, "longer than 64 KiB"),
        ({"note": "\ud800"}, "canonical JSON"),
    ],
)
def test_a_statement_that_cannot_be_meant_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        stated(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"revokes": None},
        {"scope": WORK},
        {"uses": (Use.TRAIN,)},
        {"provider": "a"},
        {"valid_until": NOON + timedelta(days=1)},
    ],
)
def test_a_revocation_ends_a_whole_entry(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="a revocation"):
        revoked(**changes)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "no",
        "[]",
        "{}",
        "[" * 9000,
        "x" * 70_000,
        " " + stated().words,
        stated().words.replace('"uses":["reproduce"]', '"uses":["reproduce"],"uses":["train"]'),
        stated().words.replace("12:00:00Z", "12:00:00.000Z"),
        stated().words.replace("12:00:00Z", "12:00:00"),
        stated().words.replace("member_1", "member\\u005f1"),
        rewritten(territory="JP"),
        rewritten(format="tomeishi-consent-2"),
        rewritten(kind="licence"),
        rewritten(uses=["reproduce", "remix"]),
        rewritten(uses="train"),
        rewritten(uses=[["train"]]),
        rewritten(uses=["train", "reproduce"]),
        rewritten(scope="work_1"),
        rewritten(scope={"level": "galaxy", "id": "work_1"}),
        rewritten(scope={"level": "work", "id": "work_1", "part": 1}),
        rewritten(scope={"level": "work", "id": 1}),
        rewritten(provider=7),
        rewritten(declared_at=None),
        rewritten(declared_at="0001-01-01T00:00:00+23:00"),
        canonical({key: value for key, value in json.loads(stated().words).items() if key != "model"}).decode(),
    ],
)
def test_words_that_do_not_read_back_to_themselves_are_refused(words: str) -> None:
    with pytest.raises(BadInput):
        statement_from(words)


def test_a_signature_is_over_the_words_as_they_stand() -> None:
    key = new_key("Kumo Animation")
    signed = sign_entry(stated(), key)
    assert (signed.words, signed.key_id) == (stated().words, key.public.key_id)
    assert key.public.verifies(signed.signature, stated().words.encode())


def test_a_signed_entry_travels_as_one_line_of_text() -> None:
    signed = sign_entry(stated(note="条件\nあり"), new_key("Kumo Animation"))
    assert signed.to_text().count("\n") == 1
    assert SignedEntry.from_text(signed.to_text()) == signed
    assert SignedEntry.from_text(json.dumps(json.loads(signed.to_text()), indent=2)) == signed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "[" * 9000,
        '{"format":"tomeishi-signed-consent-2"}',
        '{"format":"tomeishi-signed-consent-1","key_id":"k","signature":"鍵","words":"w"}',
        '{"format":"tomeishi-signed-consent-1","key_id":"k","signature":"AA==","words":5}',
        '{"format":"tomeishi-signed-consent-1","key_id":"k","signature":"AA=="}',
        "x" * 300_000,
    ],
)
def test_text_that_is_no_signed_entry_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        SignedEntry.from_text(text)


def test_the_signature_is_written_in_base64() -> None:
    signed = sign_entry(stated(), new_key("Kumo Animation"))
    assert base64.b64decode(json.loads(signed.to_text())["signature"]) == signed.signature
