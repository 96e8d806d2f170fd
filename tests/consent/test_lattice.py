"""Answers over the whole lattice, with conditions: who decided, who lost and why, and what is left open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tomeishi.access.keys import COALITION
from tomeishi.consent.conditions import Conditions, Output, Question, Why
from tomeishi.consent.entries import Entry, EntryKind, Level, Scope, SignedEntry, Statement, WorkRef
from tomeishi.consent.permission import Permission
from tomeishi.consent.rules import answer
from tomeishi.consent.scopes import Element
from tomeishi.values import Use

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ALL = Scope(Level.COALITION, COALITION)
LATTICE = [
    ALL,
    Scope(Level.MEMBER, "member_1"),
    Scope(Level.FRANCHISE, "frn_1"),
    Scope(Level.WORK, "work_1"),
    Scope(Level.CHARACTER, "chr_1", "work_1"),
    Scope(Level.ELEMENT, "chr_1", "work_1", Element.VOICE),
    Scope(Level.REFERENCE, "ref_1"),
]
CHARACTER, VOICE = LATTICE[4], LATTICE[5]
WORK = WorkRef("member_1", "work_1", franchise_ids=("frn_1",))
PLACE = WorkRef("member_1", "work_1", "ref_1", "chr_1", Element.VOICE, ("frn_1",))
PICO = WorkRef("member_1", "work_1", character_id="chr_1", franchise_ids=("frn_1",))


def entry(kind: EntryKind, number: int, *, signed: bool = True, recorded_at: datetime = NOON, **changes: Any) -> Entry:
    scope = changes.get("scope")
    member = COALITION if scope is not None and scope.level is Level.COALITION else "member_1"
    fields: dict[str, Any] = {"id": f"entry_{number}", "kind": kind, "member_id": member, "declared_at": NOON}
    statement = Statement(**(fields | changes))
    return Entry(
        statement=statement,
        number=number,
        digest="",
        recorded_at=recorded_at,
        signed=SignedEntry(statement.words, "key_1", b"") if signed else None,
        recorded_by=None if signed else "Sato",
    )


def grant(number: int, scope: Scope, **changes: Any) -> Entry:
    return entry(EntryKind.GRANT, number, scope=scope, **({"uses": (Use.GENERATE_CHARACTER,)} | changes))


def reserve(number: int, scope: Scope, **changes: Any) -> Entry:
    return entry(EntryKind.RESERVATION, number, scope=scope, **changes)


def revoke(number: int, revokes: str, **changes: Any) -> Entry:
    return entry(EntryKind.REVOCATION, number, revokes=revokes, **changes)


def ask(*entries: Entry, moment: datetime = NOON + DAY, **changes: Any) -> Permission:
    asked: dict[str, Any] = {"work": PICO, "use": Use.GENERATE_CHARACTER, "provider": "acme"}
    return answer(entries, Question(**(asked | changes)), moment)


def whys(found: Permission) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {lost.entry: (lost.why.value, lost.against) for lost in found.lost}


@pytest.mark.parametrize(("wide", "narrow"), [(w, n) for n in range(1, 7) for w in range(n + 1)])
def test_the_narrower_of_a_grant_and_a_reservation_decides(wide: int, narrow: int) -> None:
    found = ask(reserve(1, LATTICE[wide]), grant(2, LATTICE[narrow]), work=PLACE)
    assert found.allowed == (wide < narrow)
    assert found.because == (("entry_2",) if wide < narrow else ("entry_1",))
    assert whys(found) == (
        {"entry_1": ("granted", ("entry_2",))} if wide < narrow else {"entry_2": ("reserved", ("entry_1",))}
    )
    if 0 < wide < narrow:
        assert not ask(grant(1, LATTICE[wide]), reserve(2, LATTICE[narrow]), work=PLACE).allowed


def test_the_coalition_reserves_for_all_and_a_signed_grant_of_a_member_opens_it() -> None:
    reserved = reserve(1, ALL, uses=(Use.TRAIN,))
    found = ask(reserved, use=Use.TRAIN)
    assert (found.allowed, found.because) == (False, ("entry_1",))
    assert "signed by the coalition" in found.english
    assert "団体の署名あり" in found.japanese
    assert ask(reserved, grant(2, CHARACTER, uses=(Use.TRAIN,)), use=Use.TRAIN).allowed
    unsigned = ask(reserved, grant(2, CHARACTER, uses=(Use.TRAIN,), signed=False), use=Use.TRAIN)
    assert whys(unsigned) == {"entry_2": ("unsigned", ("entry_1",))}


def test_nobody_but_whoever_stated_it_ends_an_entry() -> None:
    reserved = reserve(1, ALL)
    ended = revoke(2, "entry_1")
    assert not ask(reserved, ended, grant(3, CHARACTER, signed=False)).allowed
    own = entry(EntryKind.REVOCATION, 2, revokes="entry_1", member_id=COALITION)
    assert ask(reserved, own, grant(3, CHARACTER, signed=False)).allowed
    theirs = entry(EntryKind.REVOCATION, 4, revokes="entry_3", member_id=COALITION)
    assert ask(grant(3, CHARACTER), theirs).allowed


def test_a_franchise_reaches_its_works_alone() -> None:
    assert ask(grant(1, LATTICE[2])).allowed
    assert not ask(grant(1, LATTICE[2]), work=WorkRef("member_1", "work_1", character_id="chr_1")).allowed


def test_a_grant_for_a_work_says_which_of_its_characters_are_reserved() -> None:
    found = ask(grant(1, LATTICE[3]), reserve(2, CHARACTER), work=WORK)
    assert (found.allowed, found.because) == (True, ("entry_1",))
    (proviso,) = found.conditions
    assert proviso.apart_from == (("entry_2", CHARACTER),)
    assert found.english.endswith(
        "permits acme to generate characters of this work, except for what reservation entry_2 refuses."
    )
    assert found.japanese.endswith("次の範囲に限り認められています：留保 entry_2 の対象を除く。")
    assert not ask(grant(1, LATTICE[3]), reserve(2, CHARACTER)).allowed
    other = WorkRef("member_1", "work_1", character_id="chr_2")
    assert ask(grant(1, LATTICE[3]), reserve(2, CHARACTER), work=other).conditions == ()


LICENCE = Conditions(("JP",), (Output.STILL, Output.VIDEO), 30, (Element.VOICE, Element.LIKENESS))


def licensed(number: int = 1, **changes: Any) -> Entry:
    """As real licences read: one character, stills and short clips, no voice, no likeness, three years."""
    until = NOON.replace(year=2029)
    return grant(number, CHARACTER, **({"provider": "acme", "conditions": LICENCE, "valid_until": until} | changes))


def test_a_licence_answers_with_the_conditions_that_the_question_leaves_open() -> None:
    found = ask(licensed())
    assert found.allowed
    (proviso,) = found.conditions
    assert (proviso.entry, proviso.conditions, proviso.apart_from) == ("entry_1", LICENCE, ())
    assert found.english == (
        "Allowed: grant entry_1, signed by the member, permits acme to generate this character "
        "until 2029-11-23T12:00:00Z, but only as still pictures or video, in clips of at most 30 s, in JP, "
        "without the voice and likeness of performers."
    )
    assert found.japanese == (
        "許諾あり：acmeがこのキャラクターを生成することは、許諾 entry_1（権利者の署名あり）により "
        "2029-11-23T12:00:00Z まで、"
        "次の範囲に限り認められています：出力は静止画・動画、1本30秒以内、地域はJP、声・実演家の肖像を除く。"
    )
    assert found.to_json()["conditions"] == [
        {
            "entry": "entry_1",
            "territories": ["JP"],
            "outputs": ["still", "video"],
            "longest_clip_s": 30,
            "excluded": ["voice", "likeness"],
            "apart_from": [],
        }
    ]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"territory": "US"}, Why.TERRITORY),
        ({"output": Output.SOUND}, Why.OUTPUT),
        ({"output": Output.VIDEO, "duration_s": 31}, Why.TOO_LONG),
        ({"work": PLACE}, Why.EXCLUDED),
    ],
)
def test_what_lies_outside_the_conditions_is_not_allowed_and_says_so(asked: dict[str, Any], why: Why) -> None:
    found = ask(licensed(), **asked)
    assert (found.allowed, found.because) == (False, ("entry_1",))
    assert whys(found) == {"entry_1": (why.value, ())}
    assert "what was asked lies outside that" in found.english
    assert found.japanese.startswith("許諾なし：")


def test_a_question_that_meets_all_conditions_is_allowed_plainly() -> None:
    costume = WorkRef("member_1", "work_1", character_id="chr_1", element=Element.COSTUME)
    found = ask(licensed(), work=costume, territory="JP", output=Output.VIDEO, duration_s=30)
    assert (found.allowed, found.conditions) == (True, ())
    assert "generate the costumes of this character until" in found.english


def test_training_is_not_in_a_licence_that_does_not_name_it() -> None:
    assert not ask(licensed(), use=Use.TRAIN).allowed
    assert not ask(licensed(), moment=NOON.replace(year=2029)).allowed
    assert not ask(licensed(), provider="bolt").allowed
    assert ask(licensed(), provider="bolt").lost == ()  # what others have agreed is not told


def test_a_grant_without_conditions_makes_the_others_superfluous() -> None:
    found = ask(licensed(), grant(2, LATTICE[1]), grant(3, LATTICE[3]))
    assert (found.because, found.conditions) == (("entry_3",), ())
    assert whys(found) == {"entry_1": ("conditional", ("entry_3",)), "entry_2": ("wider", ("entry_3",))}


def test_any_one_of_several_provisos_will_do() -> None:
    found = ask(licensed(), grant(2, LATTICE[3], conditions=Conditions(territories=("KR",))))
    assert found.because == ("entry_1", "entry_2")
    assert [each.conditions.territories for each in found.conditions] == [("JP",), ("KR",)]


def test_a_reservation_for_one_territory_answers_whoever_names_none() -> None:
    entries = (grant(1, LATTICE[3]), reserve(2, CHARACTER, conditions=Conditions(territories=("US",))))
    assert not ask(*entries).allowed
    assert not ask(*entries, territory="US").allowed
    found = ask(*entries, territory="JP")
    assert found.allowed
    assert whys(found) == {"entry_2": ("territory", ())}


def test_a_version_is_named_with_its_model() -> None:
    named = grant(1, CHARACTER, provider="acme", model="clip", version="2")
    assert ask(named, model="Clip", version="2").allowed
    assert not ask(named, model="clip", version="3").allowed
    assert not ask(named, model="clip").allowed
    assert "(model clip, version 2)" in ask(named, model="clip", version="2").english
    assert not ask(grant(1, CHARACTER), reserve(2, CHARACTER, provider="acme", model="clip", version="2")).allowed


def test_every_entry_that_lost_is_told_with_its_reason() -> None:
    found = ask(
        reserve(1, ALL),
        reserve(2, LATTICE[1]),
        grant(3, LATTICE[3], valid_until=NOON + DAY / 2),
        grant(4, CHARACTER),
        revoke(5, "entry_4"),
        grant(6, CHARACTER, valid_from=NOON + 9 * DAY),
        grant(7, CHARACTER, signed=False),
        grant(8, CHARACTER, recorded_at=NOON + 9 * DAY),
    )
    assert (found.allowed, found.because) == (False, ("entry_2",))
    assert whys(found) == {
        "entry_1": ("wider", ("entry_2",)),
        "entry_3": ("ended", ()),
        "entry_4": ("revoked", ("entry_5",)),
        "entry_6": ("not_begun", ()),
        "entry_7": ("unsigned", ("entry_1", "entry_2")),
    }
    for lost in found.to_json()["lost"]:
        assert lost["text"]["en"]
        assert lost["text"]["ja"]


@pytest.mark.parametrize("use", list(Use))
@pytest.mark.parametrize("work", [WORK, PICO, PLACE])
def test_every_question_is_named_in_both_languages(use: Use, work: WorkRef) -> None:
    found = ask(use=use, work=work)
    assert "this work" in found.english or "this character" in found.english
    assert "この作品" in found.japanese or "このキャラクター" in found.japanese
    assert "{" not in found.english + found.japanese
