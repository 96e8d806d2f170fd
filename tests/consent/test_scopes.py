import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tomeishi.access.keys import COALITION
from tomeishi.consent.conditions import TERRITORIES, Conditions, Output, Question, Why
from tomeishi.consent.entries import EntryKind, Level, Scope, Statement, WorkRef, statement_from
from tomeishi.consent.scopes import Element
from tomeishi.errors import BadInput
from tomeishi.values import Use, canonical

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
THE_WORK = WorkRef("member_1", "work_1")
THE_CHARACTER = WorkRef("member_1", "work_1", character_id="chr_1")
ITS_VOICE = WorkRef("member_1", "work_1", character_id="chr_1", element=Element.VOICE)
CHARACTER = Scope(Level.CHARACTER, "chr_1", "work_1")
OTHER = Scope(Level.CHARACTER, "chr_2", "work_1")
VOICES = Scope(Level.ELEMENT, "work_1", "work_1", Element.VOICE)
VOICE = Scope(Level.ELEMENT, "chr_1", "work_1", Element.VOICE)


def stated(**changes: Any) -> Statement:
    fields: dict[str, Any] = {
        "id": "entry_1",
        "kind": EntryKind.GRANT,
        "member_id": "member_1",
        "scope": CHARACTER,
        "uses": (Use.GENERATE_CHARACTER,),
        "declared_at": NOON,
    }
    return Statement(**(fields | changes))


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(Level.COALITION, COALITION), [True, True, True]),
        (Scope(Level.MEMBER, "member_1"), [True, True, True]),
        (Scope(Level.WORK, "work_1"), [True, True, True]),
        (CHARACTER, [False, True, True]),
        (OTHER, [False, False, False]),
        (VOICES, [False, False, True]),
        (VOICE, [False, False, True]),
        (Scope(Level.ELEMENT, "chr_1", "work_1", Element.PROP), [False, False, False]),
        (Scope(Level.REFERENCE, "ref_1"), [False, False, False]),
    ],
)
def test_a_scope_covers_what_lies_in_it(scope: Scope, covered: list[bool]) -> None:
    assert [scope.covers(work) for work in (THE_WORK, THE_CHARACTER, ITS_VOICE)] == covered


@pytest.mark.parametrize(
    ("scope", "inside"),
    [
        (Scope(Level.WORK, "work_1"), [False, False, False]),
        (CHARACTER, [True, False, False]),
        (OTHER, [True, False, False]),
        (VOICES, [True, True, False]),
        (VOICE, [True, True, False]),
        (Scope(Level.ELEMENT, "chr_2", "work_1", Element.VOICE), [True, False, False]),
        (Scope(Level.CHARACTER, "chr_9", "work_9"), [False, False, False]),
    ],
)
def test_a_scope_lies_inside_what_it_is_a_part_of(scope: Scope, inside: list[bool]) -> None:
    assert [scope.lies_inside(work) for work in (THE_WORK, THE_CHARACTER, ITS_VOICE)] == inside


def test_a_franchise_covers_the_works_that_are_in_it() -> None:
    scope = Scope(Level.FRANCHISE, "frn_1")
    assert scope.covers(WorkRef("member_1", "work_1", franchise_ids=("frn_0", "frn_1")))
    assert not scope.covers(THE_WORK)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Scope(Level.CHARACTER, "chr_1"),
        lambda: Scope(Level.ELEMENT, "chr_1", "work_1"),
        lambda: Scope(Level.ELEMENT, "chr_1", None, Element.VOICE),
        lambda: Scope(Level.WORK, "work_1", "work_1"),
        lambda: Scope(Level.WORK, "work_1", element=Element.VOICE),
        lambda: Scope(Level.COALITION, "member_1"),
        lambda: Scope(Level.WORK, " "),
        lambda: Conditions(territories=("jp",)),
        lambda: Conditions(territories=("JPN",)),
        lambda: Conditions(territories=()),
        lambda: Conditions(outputs=()),
        lambda: Conditions(longest_clip_s=0),
        lambda: Conditions(longest_clip_s=10**7),
        lambda: Question(THE_WORK, Use.TRAIN, territory="Japan"),
        lambda: Question(THE_WORK, Use.TRAIN, duration_s=-1),
        lambda: Question(THE_WORK, Use.TRAIN, duration_s=float("nan")),
        lambda: Question(THE_WORK, Use.TRAIN, duration_s=10**400),
    ],
    ids=range(17),
)
def test_what_cannot_be_meant_is_refused(make: Any) -> None:
    with pytest.raises(BadInput):
        make()


def test_todays_territories_are_known_and_no_slips() -> None:
    assert {"JP", "GB", "US", "KR", "TW"} <= TERRITORIES
    assert not {"UK", "EU", "JA"} & TERRITORIES
    assert len(TERRITORIES) == 249


LICENCE = Conditions(("JP", "US"), (Output.STILL, Output.VIDEO), 30, (Element.VOICE, Element.LIKENESS))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"territory": "JP", "output": Output.VIDEO, "duration_s": 30}, None),
        ({"territory": "KR"}, Why.TERRITORY),
        ({"output": Output.SOUND}, Why.OUTPUT),
        ({"duration_s": 30.5}, Why.TOO_LONG),
        ({"duration_s": 99, "output": Output.STILL}, None),
        ({"work": ITS_VOICE}, Why.EXCLUDED),
    ],
)
def test_a_condition_is_unmet_where_the_question_contradicts_it(changes: dict[str, Any], why: Why | None) -> None:
    fields: dict[str, Any] = {"work": THE_CHARACTER, "use": Use.TRAIN}
    assert LICENCE.unmet(Question(**(fields | changes))) is why


def test_what_a_question_leaves_open_is_left_as_a_condition() -> None:
    def left(**asked: Any) -> Conditions:
        fields: dict[str, Any] = {"work": THE_CHARACTER, "use": Use.TRAIN}
        return LICENCE.left_open(Question(**(fields | asked)))

    assert left() == LICENCE
    assert left(territory="JP", duration_s=3) == Conditions(
        outputs=LICENCE.outputs, excluded=(Element.VOICE, Element.LIKENESS)
    )
    assert left(output=Output.STILL, territory="JP") == Conditions(excluded=(Element.VOICE, Element.LIKENESS))
    named = WorkRef("member_1", "work_1", character_id="chr_1", element=Element.COSTUME)
    assert left(work=named, territory="JP", output=Output.VIDEO, duration_s=3) == Conditions()


SECOND = (
    '{"authority":"製作委員会の代表として","conditions":{"excluded":["voice","likeness"],"longest_clip_s":30,'
    '"outputs":["still","video"],"territories":["JP","US"]},"declared_at":"2026-11-23T12:00:00Z","document":null,'
    '"format":"tomeishi-consent-2","id":"entry_1","issuer":"ライツ部","kind":"grant","member":"member_1",'
    '"model":"clip","note":"","provider":"acme","revokes":null,'
    '"scope":{"element":null,"id":"chr_1","level":"character","work":"work_1"},"uses":["generate_character"],'
    '"valid_from":null,"valid_until":null,"version":"2"}'
)
"""What the second format looks like, for ever."""


def licence() -> Statement:
    return stated(
        provider="acme",
        model="clip",
        version="2",
        conditions=LICENCE,
        issuer="ライツ部",
        authority="製作委員会の代表として",
    )


def test_the_second_format_says_what_the_first_cannot() -> None:
    assert licence().words == SECOND
    assert statement_from(SECOND) == licence()


FIRST = (
    '{"declared_at":"2026-11-23T12:00:00Z","document":null,"format":"tomeishi-consent-1","id":"entry_1","kind":"grant",'
    '"member":"member_1","model":null,"note":"","provider":null,"revokes":null,'
    '"scope":{"id":"work_1","level":"work"},"uses":["reproduce"],"valid_from":null,"valid_until":null}'
)


def test_the_first_format_is_read_and_written_as_ever() -> None:
    assert statement_from(FIRST).words == FIRST
    assert stated(scope=Scope(Level.WORK, "work_1"), uses=(Use.REPRODUCE,)).words == FIRST


@pytest.mark.parametrize(
    "statement",
    [
        licence(),
        stated(),
        stated(scope=VOICE),
        stated(scope=VOICES, kind=EntryKind.RESERVATION, uses=None),
        stated(scope=Scope(Level.FRANCHISE, "frn_1")),
        stated(
            member_id=COALITION, scope=Scope(Level.COALITION, COALITION), kind=EntryKind.RESERVATION, uses=(Use.TRAIN,)
        ),
        stated(scope=Scope(Level.WORK, "work_1"), conditions=Conditions(longest_clip_s=5)),
        stated(kind=EntryKind.REVOCATION, scope=None, uses=None, revokes="entry_0", issuer="法務部"),
    ],
)
def test_a_statement_reads_back_from_its_words(statement: Statement) -> None:
    assert statement.format == "tomeishi-consent-2"
    assert statement_from(statement.words) == statement


def rewritten(words: str, **changes: Any) -> str:
    return canonical(json.loads(words) | changes).decode()


CONDITIONS = {"excluded": [], "longest_clip_s": None, "outputs": None, "territories": ["JP"]}


@pytest.mark.parametrize(
    "words",
    [
        rewritten(FIRST, format="tomeishi-consent-2"),
        rewritten(FIRST, format="tomeishi-consent-3"),
        rewritten(FIRST, version=None, issuer=None, authority=None, conditions=CONDITIONS | {"territories": None}),
        rewritten(SECOND, format="tomeishi-consent-1"),
        rewritten(SECOND, conditions=None),
        rewritten(SECOND, conditions={}),
        rewritten(SECOND, conditions=CONDITIONS | {"more": 1}),
        rewritten(SECOND, conditions=CONDITIONS | {"territories": ["US", "JP"]}),
        rewritten(SECOND, conditions=CONDITIONS | {"territories": [7]}),
        rewritten(SECOND, conditions=CONDITIONS | {"territories": "JP"}),
        rewritten(SECOND, conditions=CONDITIONS | {"longest_clip_s": 2.5}),
        rewritten(SECOND, conditions=CONDITIONS | {"longest_clip_s": True}),
        rewritten(SECOND, conditions=CONDITIONS | {"outputs": ["hologram"]}),
        rewritten(SECOND, conditions=CONDITIONS | {"excluded": ["soul"]}),
        rewritten(SECOND, scope={"level": "character", "id": "chr_1"}),
        rewritten(SECOND, scope={"level": "character", "id": "chr_1", "work": None, "element": None}),
        rewritten(SECOND, scope=["character"]),
        rewritten(SECOND, version=2),
        rewritten(SECOND, provider=None),
    ],
    ids=range(19),
)
def test_words_that_do_not_read_back_to_themselves_are_refused(words: str) -> None:
    with pytest.raises(BadInput):
        statement_from(words)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": "2"}, "without its model"),
        (
            {"member_id": COALITION, "scope": Scope(Level.COALITION, COALITION)},
            "can't grant what belongs to its members",
        ),
        ({"scope": Scope(Level.COALITION, COALITION)}, "nobody else does"),
        ({"member_id": COALITION, "kind": EntryKind.RESERVATION}, "nobody else does"),
        ({"kind": EntryKind.RESERVATION, "conditions": Conditions(longest_clip_s=5)}, "belong to a grant"),
        ({"kind": EntryKind.RESERVATION, "conditions": Conditions(excluded=(Element.VOICE,))}, "belong to a grant"),
        (
            {
                "kind": EntryKind.REVOCATION,
                "scope": None,
                "uses": None,
                "revokes": "entry_0",
                "conditions": Conditions(territories=("JP",)),
            },
            "ends a whole entry",
        ),
        ({"issuer": "a\nb"}, "one line"),
    ],
)
def test_a_statement_that_cannot_be_meant_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        stated(**changes)
