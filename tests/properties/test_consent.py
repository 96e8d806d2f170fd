"""What holds of every ledger, whatever its entries."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tomeishi.access.keys import COALITION
from tomeishi.consent import conditions as asking
from tomeishi.consent.answers import Answers, Lines
from tomeishi.consent.conditions import NONE, Conditions, Output
from tomeishi.consent.entries import Entry, EntryKind, Level, Scope, SignedEntry, Statement, WorkRef, statement_from
from tomeishi.consent.rules import answer, permission
from tomeishi.consent.scopes import Element
from tomeishi.consent.subjects import Subjects
from tomeishi.values import Use

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OURS = WorkRef("member_1", "work_1", "ref_1")
USES = (Use.REPRODUCE, Use.TRAIN)
PROVIDERS = (None, "acme", "bolt")
MODELS = (None, "clip-1", "clip-2")

moments = st.integers(0, 4).map(lambda hours: NOON + timedelta(hours=hours))
scopes = st.sampled_from(
    [
        Scope(Level.COALITION, COALITION),
        Scope(Level.MEMBER, "member_1"),
        Scope(Level.FRANCHISE, "frn_1"),
        Scope(Level.WORK, "work_1"),
        Scope(Level.CHARACTER, "chr_1", "work_1"),
        Scope(Level.CHARACTER, "chr_2", "work_1"),
        Scope(Level.ELEMENT, "work_1", "work_1", Element.VOICE),
        Scope(Level.ELEMENT, "chr_1", "work_1", Element.VOICE),
        Scope(Level.REFERENCE, "ref_1"),
    ]
)
places = [
    OURS,
    WorkRef("member_1", "work_1"),
    WorkRef("member_1", "work_1", character_id="chr_1", franchise_ids=("frn_1",)),
    WorkRef("member_1", "work_1", "ref_1", "chr_1", Element.VOICE),
]
conditions = st.builds(
    Conditions,
    st.none() | st.sets(st.sampled_from(["JP", "US"]), min_size=1).map(tuple),
    st.none() | st.sets(st.sampled_from(Output), min_size=1).map(tuple),
    st.none() | st.integers(1, 3),
    st.sets(st.sampled_from([Element.VOICE, Element.PROP])).map(tuple),
)
questions = st.tuples(
    st.sampled_from(places),
    st.sampled_from(USES),
    st.sampled_from(PROVIDERS),
    st.sampled_from(MODELS),
    moments,
)


@st.composite
def statements(draw: st.DrawFn, number: int, kinds: tuple[EntryKind, ...], member_id: str) -> Statement:
    kind = draw(st.sampled_from(kinds))
    declared_at, valid_from = draw(moments), draw(st.none() | moments)
    if kind is EntryKind.REVOCATION:
        return Statement(
            kind=kind,
            member_id=member_id,
            declared_at=declared_at,
            valid_from=valid_from,
            revokes=f"entry_{draw(st.integers(0, 4))}",
            id=f"entry_{number}",
        )
    scope, provider = draw(scopes), draw(st.sampled_from(PROVIDERS))
    by_coalition = scope.level is Level.COALITION
    if by_coalition and kind is EntryKind.GRANT:
        scope, by_coalition = Scope(Level.WORK, "work_1"), False
    limits = draw(st.just(NONE) | conditions)
    if kind is EntryKind.RESERVATION:
        limits = Conditions(limits.territories, limits.outputs)
    begins = valid_from or declared_at
    uses = st.sets(st.sampled_from(USES), min_size=1).map(tuple)
    return Statement(
        kind=kind,
        member_id=COALITION if by_coalition else member_id,
        conditions=limits,
        declared_at=declared_at,
        scope=Scope(Level.MEMBER, member_id) if scope.level is Level.MEMBER else scope,
        uses=draw(uses if kind is EntryKind.GRANT else st.none() | uses),
        provider=provider,
        model=draw(st.sampled_from(MODELS)) if provider else None,
        valid_from=valid_from,
        valid_until=draw(st.none() | st.integers(1, 5).map(lambda hours: begins + timedelta(hours=hours))),
        id=f"entry_{number}",
    )


@st.composite
def recorded(
    draw: st.DrawFn, number: int, kinds: tuple[EntryKind, ...] = tuple(EntryKind), member_id: str = "member_1"
) -> Entry:
    statement, signed = draw(statements(number, kinds, member_id)), draw(st.booleans())
    return Entry(
        statement=statement,
        number=number,
        digest="",
        recorded_at=draw(moments),
        signed=SignedEntry(statement.words, "key_1", b"") if signed else None,
        recorded_by=None if signed else "Sato",
    )


@st.composite
def ledgers(draw: st.DrawFn) -> list[Entry]:
    return [draw(recorded(number)) for number in range(draw(st.integers(0, 5)))]


seeded = settings(derandomize=True, deadline=None, max_examples=60)
detailed = st.builds(
    asking.Question,
    st.sampled_from(places),
    st.sampled_from(USES),
    st.sampled_from(PROVIDERS),
    st.sampled_from(MODELS),
    st.none(),
    st.sampled_from([None, "JP", "US"]),
    st.none() | st.sampled_from(Output),
    st.none() | st.integers(0, 4).map(float),
)
Question = tuple[WorkRef, Use, str | None, str | None, datetime]


@seeded
@given(ledgers(), questions, st.randoms(use_true_random=False))
def test_the_order_of_the_entries_changes_no_answer(entries: list[Entry], asked: Question, dice: Random) -> None:
    assert permission(dice.sample(entries, len(entries)), *asked) == permission(entries, *asked)


@seeded
@given(ledgers(), questions)
def test_every_question_has_an_answer_and_every_reason_is_an_entry(entries: list[Entry], asked: Question) -> None:
    answer = permission(entries, *asked)
    assert set(answer.because) <= {entry.id for entry in entries}
    assert answer.because or not answer.allowed
    assert answer.english.startswith("Allowed: " if answer.allowed else "Not allowed")
    assert answer.japanese.startswith("許諾あり：" if answer.allowed else "許諾なし：")


@seeded
@given(ledgers(), questions, recorded(7, (EntryKind.RESERVATION,)))
def test_adding_a_reservation_never_permits_more(entries: list[Entry], asked: Question, reserved: Entry) -> None:
    assert permission(entries, *asked).allowed or not permission([*entries, reserved], *asked).allowed


@seeded
@given(ledgers(), questions, recorded(7, (EntryKind.GRANT,)))
def test_adding_a_grant_never_permits_less(entries: list[Entry], asked: Question, grant: Entry) -> None:
    assert permission([*entries, grant], *asked).allowed or not permission(entries, *asked).allowed


@seeded
@given(ledgers(), questions, recorded(7, member_id="member_2"))
def test_an_entry_of_another_member_changes_no_answer(entries: list[Entry], asked: Question, other: Entry) -> None:
    assume(other.statement.member_id != COALITION)
    asked = (OURS, *asked[1:4], NOON + timedelta(hours=4))
    assert permission([*entries, other], *asked) == permission(entries, *asked)


@seeded
@given(ledgers(), questions, st.booleans())
def test_a_revoked_grant_permits_nothing_after_its_moment(entries: list[Entry], asked: Question, signed: bool) -> None:
    work, use, provider, model, moment = asked
    ends = [
        recorded_revocation(10 + entry.number, entry, moment, signed)
        for entry in entries
        if entry.statement.kind is EntryKind.GRANT
    ]
    assert not permission([*entries, *ends], *asked).allowed
    before = (work, use, provider, model, moment - timedelta(microseconds=1))
    assert permission([*entries, *ends], *before) == permission(entries, *before)


@seeded
@given(ledgers(), questions, recorded(7))
def test_nothing_recorded_later_changes_the_answer_of_a_moment(
    entries: list[Entry], asked: Question, late: Entry
) -> None:
    late = replace(late, recorded_at=asked[4] + timedelta(microseconds=1))
    assert permission([*entries, late], *asked) == permission(entries, *asked)


@seeded
@given(st.lists(st.sampled_from(EntryKind), max_size=3), st.data(), st.sampled_from(USES))
def test_what_is_allowed_without_a_name_is_allowed_under_every_name(
    kinds: list[EntryKind], data: st.DataObject, use: Use
) -> None:
    entries = [data.draw(recorded(number, (kind,))) for number, kind in enumerate([EntryKind.GRANT, *kinds])]
    to_all = replace(entries[0].statement, provider=None, model=None, valid_until=None)
    entries[0] = replace(entries[0], statement=to_all)
    moment = NOON + timedelta(hours=4)
    for provider in PROVIDERS:
        if permission(entries, OURS, use, None, None, moment).allowed:
            assert permission(entries, OURS, use, provider, None, moment).allowed
        for model in MODELS:
            if permission(entries, OURS, use, provider, None, moment).allowed:
                assert permission(entries, OURS, use, provider, model, moment).allowed


@seeded
@given(ledgers(), questions)
def test_taking_signatures_from_grants_never_permits_more(entries: list[Entry], asked: Question) -> None:
    unsigned = [
        replace(entry, signed=None, recorded_by="Sato") if entry.statement.kind is EntryKind.GRANT else entry
        for entry in entries
    ]
    assert permission(entries, *asked).allowed or not permission(unsigned, *asked).allowed


@seeded
@given(recorded(1))
def test_every_statement_reads_back_from_its_words(entry: Entry) -> None:
    assert statement_from(entry.statement.words) == entry.statement


@seeded
@given(ledgers(), detailed, moments, st.randoms(use_true_random=False))
def test_every_detailed_question_has_one_answer_whatever_the_order(
    entries: list[Entry], asked: asking.Question, moment: datetime, dice: Random
) -> None:
    found = answer(entries, asked, moment)
    assert answer(dice.sample(entries, len(entries)), asked, moment) == found
    ids = {entry.id for entry in entries}
    assert {*found.because, *(lost.entry for lost in found.lost)} <= ids
    assert all(set(lost.against) <= ids for lost in found.lost)
    assert {proviso.entry for proviso in found.conditions} <= set(found.because)
    assert found.allowed or not found.conditions
    assert not found.allowed or not {lost.entry for lost in found.lost} & set(found.because)


@seeded
@given(ledgers(), detailed, moments, conditions, st.integers(0, 4))
def test_adding_conditions_to_a_grant_never_permits_more(
    entries: list[Entry], asked: asking.Question, moment: datetime, more: Conditions, which: int
) -> None:
    changed = [
        replace(entry, statement=replace(entry.statement, conditions=_both(entry.statement.conditions, more)))
        if entry.number == which and entry.statement.kind is EntryKind.GRANT
        else entry
        for entry in entries
    ]
    assert answer(entries, asked, moment).allowed or not answer(changed, asked, moment).allowed


def _both(one: Conditions, other: Conditions) -> Conditions:
    """At least as strict as either, where they have anything in common; else the one unchanged."""
    lengths = [each for each in (one.longest_clip_s, other.longest_clip_s) if each is not None]
    territories = set(one.territories or other.territories or ()) & set(other.territories or one.territories or ())
    outputs = set(one.outputs or other.outputs or ()) & set(other.outputs or one.outputs or ())
    return Conditions(
        tuple(territories) or one.territories,
        tuple(outputs) or one.outputs,
        min(lengths, default=None),
        (*one.excluded, *other.excluded),
    )


@seeded
@given(ledgers(), detailed, detailed, moments)
def test_what_is_allowed_on_conditions_is_allowed_for_whoever_meets_them(
    entries: list[Entry], open_question: asking.Question, other: asking.Question, moment: datetime
) -> None:
    found = answer(entries, open_question, moment)
    asked = replace(
        open_question,
        work=_narrowed(open_question.work, other.work),
        territory=open_question.territory or other.territory,
        output=open_question.output or other.output,
        duration_s=other.duration_s if open_question.duration_s is None else open_question.duration_s,
    )
    meets = [
        proviso.conditions.unmet(asked) is None
        and not any(scope.covers(asked.work) or scope.lies_inside(asked.work) for _, scope in proviso.apart_from)
        for proviso in found.conditions
    ]
    if found.allowed and (any(meets) or not meets):
        assert answer(entries, asked, moment).allowed


def _narrowed(work: WorkRef, other: WorkRef) -> WorkRef:
    """The same place, more exactly: with a character or element where the question named none."""
    return replace(work, character_id=work.character_id or other.character_id, element=work.element or other.element)


@seeded
@given(ledgers(), detailed, moments)
def test_entries_by_what_they_are_about_give_the_same_answers(
    entries: list[Entry], asked: asking.Question, moment: datetime
) -> None:
    joined = {"work_1": tuple((franchise_id, NOON) for franchise_id in asked.work.franchise_ids)}
    known = Subjects({"work_1": "member_1"}, {"chr_1": "work_1"}, {"ref_1": "work_1"}, joined)
    answers = Answers(entries, known)
    outside = replace(asked, work=replace(asked.work, franchise_ids=()))
    assert answers.ask(outside, moment) == answer(entries, asked, moment)
    stretches = [each for each in answers.moments(asked.work, answers.relevant(asked.work)) if each <= moment]
    if stretches:
        assert answers.ask(outside, stretches[-1]) == answers.ask(outside, moment)


@seeded
@given(ledgers(), st.lists(st.tuples(detailed, moments), min_size=1, max_size=6))
def test_lines_are_answered_as_each_would_be_from_all_entries(
    entries: list[Entry], asked: list[tuple[asking.Question, datetime]]
) -> None:
    joined = {"work_1": (("frn_1", NOON + timedelta(hours=1)),)}
    known = Subjects({"work_1": "member_1"}, {"chr_1": "work_1"}, {"ref_1": "work_1"}, joined)
    expected = [
        answer(entries, replace(each, work=known.at(replace(each.work, franchise_ids=()), moment)), moment).to_json()
        for each, moment in asked
    ]
    lines = Lines(Answers(entries, known), known, NOON).answered(_as_line(*each) for each in asked)
    assert [json.loads(text) for text, _ in lines] == expected


def _as_line(asked: asking.Question, moment: datetime) -> str:
    named = {
        "work": asked.work.work_id,
        "character": asked.work.character_id,
        "reference": asked.work.reference_id,
        "element": asked.work.element,
        "use": asked.use,
        "provider": asked.provider,
        "model": asked.model,
        "version": asked.version,
        "territory": asked.territory,
        "output": asked.output,
        "duration": asked.duration_s,
        "at": moment.isoformat(),
    }
    return json.dumps({name: value for name, value in named.items() if value is not None})


def recorded_revocation(number: int, entry: Entry, moment: datetime, signed: bool) -> Entry:
    statement = Statement(
        kind=EntryKind.REVOCATION,
        member_id=entry.statement.member_id,
        declared_at=moment,
        revokes=entry.id,
        id=f"entry_{number}",
    )
    return Entry(
        statement=statement,
        number=number,
        digest="",
        recorded_at=moment,
        signed=SignedEntry(statement.words, "key_1", b"") if signed else None,
        recorded_by=None if signed else "Sato",
    )
