import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tomeishi.consent.answers import Answers, Lines
from tomeishi.consent.entries import Entry, EntryKind, Level, Scope, SignedEntry, Statement
from tomeishi.consent.scopes import Element
from tomeishi.consent.subjects import Subjects
from tomeishi.errors import BadInput, NotFound
from tomeishi.values import Use

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KNOWN = Subjects(
    {"work_1": "member_1", "work_2": "member_2"},
    {"chr_1": "work_1", "chr_2": "work_2"},
    {"ref_1": "work_1"},
    {"work_1": (("frn_1", NOON + 2 * DAY),)},
)


def entry(kind: EntryKind, number: int, recorded_at: datetime = NOON, **changes: Any) -> Entry:
    fields: dict[str, Any] = {"id": f"entry_{number}", "kind": kind, "member_id": "member_1", "declared_at": NOON}
    statement = Statement(**(fields | changes))
    signed = SignedEntry(statement.words, "key_1", b"")
    return Entry(
        statement=statement, number=number, digest="", recorded_at=recorded_at, signed=signed, recorded_by=None
    )


def grant(number: int, scope: Scope, **changes: Any) -> Entry:
    return entry(EntryKind.GRANT, number, scope=scope, **({"uses": (Use.TRAIN,), "provider": "acme"} | changes))


ENTRIES = [
    grant(1, Scope(Level.CHARACTER, "chr_1", "work_1"), valid_until=NOON + 4 * DAY),
    entry(EntryKind.REVOCATION, 2, NOON + 3 * DAY, revokes="entry_1"),
    grant(3, Scope(Level.FRANCHISE, "frn_1"), uses=(Use.SEARCH,)),
]


def answered(*lines: Any, now: datetime = NOON) -> list[dict[str, Any]]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return [json.loads(text) for text, _ in Lines(Answers(ENTRIES, KNOWN), KNOWN, now).answered(texts)]


def asked(**changes: Any) -> dict[str, Any]:
    return {"character": "chr_1", "use": "train", "provider": "acme"} | changes


def test_a_line_is_answered_in_full() -> None:
    (answer,) = answered(asked(at="2026-11-24"))
    assert (answer["allowed"], answer["because"]) == (True, ["entry_1"])
    assert answer["text"]["en"].startswith("Allowed: grant entry_1")
    assert answer["text"]["ja"].startswith("許諾あり：")
    assert (answer["use"], answer["lost"], answer["conditions"]) == ("train", [], [])


def test_the_answer_is_that_of_the_moment() -> None:
    moments = [NOON - DAY, NOON, NOON + DAY, NOON + 3 * DAY, NOON + 9 * DAY]
    assert [a["allowed"] for a in answered(*(asked(at=each.isoformat()) for each in moments))] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert answered(asked())[0]["allowed"]
    assert not answered(asked(), now=NOON + 3 * DAY)[0]["allowed"]


def test_a_work_is_asked_for_with_the_franchises_of_the_moment() -> None:
    question = {"work": "work_1", "use": "search", "provider": "acme"}
    days = [(NOON + days * DAY).isoformat() for days in (1, 2)]
    assert [a["allowed"] for a in answered(*(question | {"at": at} for at in days))] == [False, True]


def test_every_answer_stands_for_its_line() -> None:
    found = answered(asked(), "", "  \n", asked(use="search"), asked())
    assert [each["allowed"] for each in found] == [True, False, True]
    assert found[0] == found[2]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no", "not a question"),
        ("[]", "not a question"),
        ("7", "not a question"),
        ("[" * 9000, "not a question"),
        ('{"work":"work_1","use":"train"} {"work":"work_1","use":"search"}', "not a question"),
        ('{"use":"train"}', "name a work or a character"),
        ('{"work":"work_1","use":"train","use":"search"}', "twice"),
        ('{"work":"work_1"}', "name a use"),
        (asked(use="remix"), "no use is called 'remix'"),
        (asked(use=7), "use: not a text"),
        (asked(user="x"), "unknown in a question: user"),
        (asked(character="chr_9"), "no character chr_9"),
        (asked(work="work_9", character=None), "no work work_9"),
        (asked(work="work_2"), "not of one work"),
        (asked(reference="ref_9"), "no reference ref_9"),
        (asked(element="soul"), "no element"),
        (asked(output="hologram"), "no output"),
        (asked(territory="Japan"), "two capital letters"),
        (asked(duration="30"), "duration: not a number"),
        (asked(duration=True), "duration: not a number"),
        (asked(duration=-1), "another length"),
        ('{"work":"work_1","use":"train","duration":NaN}', "another length"),
        ('{"work":"work_1","use":"train","duration":1' + "0" * 400 + "}", "another length"),
        (asked(at="soon"), "not a date"),
        (asked(at="2026-11-23T12:00:00"), "no time zone"),
        (asked(at=5), "at: not a text"),
        (asked(provider="x" * 20_000), "at most 16 KiB"),
        (asked(provider=["acme"]), "provider: not a text"),
    ],
    ids=range(28),
)
def test_a_bad_line_is_answered_on_its_line_and_harms_no_other(line: Any, reason: str) -> None:
    first, bad, last = answered(asked(), line, asked())
    assert reason in bad["error"]
    assert "allowed" not in bad
    assert first == last


def test_a_null_is_the_same_as_nothing_said() -> None:
    nothing = dict.fromkeys(("work", "reference", "element", "model", "version", "territory", "output", "duration"))
    assert answered(asked(**nothing)) == answered(asked())


def test_a_subject_is_one_place_of_one_work() -> None:
    place = KNOWN.subject(character_id="chr_1", reference_id="ref_1", element=Element.VOICE)
    assert (place.member_id, place.work_id, place.character_id) == ("member_1", "work_1", "chr_1")
    with pytest.raises(BadInput, match="not of one work: work_1, work_2"):
        KNOWN.subject("work_2", "chr_1")
    with pytest.raises(NotFound):
        KNOWN.subject("work_9")
