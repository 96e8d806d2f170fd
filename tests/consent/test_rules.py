from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tomeishi.consent.entries import Entry, EntryKind, Level, Scope, SignedEntry, Statement, WorkRef
from tomeishi.consent.permission import Permission
from tomeishi.consent.rules import permission
from tomeishi.values import Use

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WORK = WorkRef("member_1", "work_1", "ref_1")
ALL_WORKS, THE_WORK, THE_FILE = (
    Scope(Level.MEMBER, "member_1"),
    Scope(Level.WORK, "work_1"),
    Scope(Level.REFERENCE, "ref_1"),
)


def entry(kind: EntryKind, number: int, *, signed: bool = True, recorded_at: datetime = NOON, **changes: Any) -> Entry:
    fields: dict[str, Any] = {"id": f"entry_{number}", "kind": kind, "member_id": "member_1", "declared_at": NOON}
    statement = Statement(**(fields | changes))
    return Entry(
        statement=statement,
        number=number,
        digest="",
        recorded_at=recorded_at,
        signed=SignedEntry(statement.words, "key_1", b"") if signed else None,
        recorded_by=None if signed else "Sato",
    )


def grant(number: int, scope: Scope = THE_WORK, **changes: Any) -> Entry:
    fields: dict[str, Any] = {"scope": scope, "uses": (Use.REPRODUCE,)}
    return entry(EntryKind.GRANT, number, **(fields | changes))


def reserve(number: int, scope: Scope = THE_WORK, **changes: Any) -> Entry:
    return entry(EntryKind.RESERVATION, number, scope=scope, **changes)


def revoke(number: int, revokes: str, **changes: Any) -> Entry:
    return entry(EntryKind.REVOCATION, number, revokes=revokes, **changes)


def ask(*entries: Entry, **changes: Any) -> Permission:
    asked: dict[str, Any] = {
        "work": WORK,
        "use": Use.REPRODUCE,
        "provider": "acme",
        "model": None,
        "moment": NOON + DAY,
    }
    return permission(entries, **(asked | changes))


def test_silence_is_not_allowed_by_policy() -> None:
    answer = ask()
    assert (answer.allowed, answer.because) == (False, ())
    assert answer.english == (
        "Not allowed: no entry in the ledger permits acme to reproduce this work "
        "(coalition policy: no entry means not allowed)."
    )
    assert answer.japanese == (
        "許諾なし：acmeがこの作品を複製・公開することを認める記載は台帳にありません"
        "（記載のない利用は認めないという団体の方針による）。"
    )


@pytest.mark.parametrize("scope", [ALL_WORKS, THE_WORK, THE_FILE])
def test_a_grant_allows_its_use_in_its_scope(scope: Scope) -> None:
    answer = ask(grant(1, scope))
    assert (answer.allowed, answer.because) == (True, ("entry_1",))
    assert answer.english == "Allowed: grant entry_1, signed by the member, permits acme to reproduce this work."


@pytest.mark.parametrize(
    "changes",
    [
        {"use": Use.TRAIN},
        {"work": WorkRef("member_1", "work_2", "ref_2")},
        {"work": WorkRef("member_2", "work_1", "ref_1")},
    ],
)
def test_a_grant_allows_nothing_else(changes: dict[str, Any]) -> None:
    assert not ask(grant(1), **changes).allowed


def test_a_question_about_the_work_as_such_is_not_answered_by_an_entry_on_one_file() -> None:
    assert not ask(grant(1, THE_FILE), work=WorkRef("member_1", "work_1")).allowed
    assert ask(grant(1), reserve(2, THE_FILE), work=WorkRef("member_1", "work_1")).allowed


def test_a_grant_to_one_provider_is_no_grant_to_another() -> None:
    to_acme = grant(1, provider="acme")
    assert ask(to_acme, provider="acme").allowed
    assert ask(to_acme, provider=" ＡＣＭＥ ").allowed
    assert not ask(to_acme, provider="bolt").allowed


@pytest.mark.parametrize("nobody", [None, "", " "])
def test_a_question_without_a_provider_is_covered_by_a_grant_to_all_only(nobody: str | None) -> None:
    answer = ask(grant(1, provider="acme"), provider=nobody)
    assert not answer.allowed
    assert "permits providers in general to reproduce" in answer.english
    assert ask(grant(1), provider=nobody).allowed


def test_a_reservation_against_one_provider_answers_a_question_for_any() -> None:
    entries = (grant(1), reserve(2, provider="bolt"))
    assert ask(*entries, provider="acme").allowed
    assert not ask(*entries, provider="bolt").allowed
    answer = ask(*entries, provider=None)
    assert not answer.allowed
    assert "refuses bolt permission" in answer.english


def test_a_grant_for_one_model_is_no_grant_for_the_next() -> None:
    for_two = grant(1, provider="acme", model="clip-2")
    assert ask(for_two, model="clip-2").allowed
    assert not ask(for_two, model="clip-3").allowed
    assert not ask(for_two, model=None).allowed
    assert "acme (model clip-3)" in ask(for_two, model="clip-3").english


def test_a_grant_for_every_model_covers_each() -> None:
    assert ask(grant(1, provider="acme"), model="clip-3").allowed


@pytest.mark.parametrize("uses", [None, (Use.REPRODUCE, Use.TRAIN)])
def test_a_reservation_in_the_same_scope_beats_a_grant_whichever_is_newer(uses: tuple[Use, ...] | None) -> None:
    for first, second in ((1, 2), (2, 1)):
        answer = ask(grant(first, provider="acme"), reserve(second, uses=uses))
        assert (answer.allowed, answer.because) == (False, (f"entry_{second}",))


@pytest.mark.parametrize(
    ("granted", "reserved", "allowed"),
    [
        (ALL_WORKS, THE_WORK, False),
        (ALL_WORKS, THE_FILE, False),
        (THE_WORK, THE_FILE, False),
        (THE_WORK, ALL_WORKS, True),
        (THE_FILE, ALL_WORKS, True),
        (THE_FILE, THE_WORK, True),
    ],
)
def test_the_narrower_scope_decides(granted: Scope, reserved: Scope, allowed: bool) -> None:
    answer = ask(grant(1, granted), reserve(2, reserved))
    assert (answer.allowed, answer.because) == (allowed, ("entry_1",) if allowed else ("entry_2",))


def test_a_reservation_of_another_use_leaves_a_grant_standing() -> None:
    assert ask(grant(1), reserve(2, uses=(Use.TRAIN,))).allowed


def test_a_grant_ends_where_its_term_ends() -> None:
    limited = grant(1, valid_from=NOON + DAY, valid_until=NOON + 2 * DAY)
    answers = [ask(limited, moment=NOON + days * DAY / 2) for days in range(1, 6)]
    assert [answer.allowed for answer in answers] == [False, True, True, False, False]
    assert "begins at 2026-11-24T12:00:00Z" in answers[0].english
    assert "until 2026-11-25T12:00:00Z" in answers[1].english
    assert "ended at 2026-11-25T12:00:00Z" in answers[3].english
    assert answers[3].because == ("entry_1",)


def test_a_revoked_grant_permits_nothing_after_its_moment() -> None:
    entries = (grant(1), revoke(2, "entry_1", declared_at=NOON + DAY, recorded_at=NOON + DAY))
    assert ask(*entries, moment=NOON + DAY - timedelta(microseconds=1)).allowed
    answer = ask(*entries, moment=NOON + DAY)
    assert (answer.allowed, answer.because) == (False, ("entry_2",))
    assert "ended at 2026-11-24T12:00:00Z by revocation entry_2" in answer.english


def test_a_revocation_works_from_its_recording_not_from_an_earlier_declaration() -> None:
    late = revoke(2, "entry_1", declared_at=NOON + DAY, recorded_at=NOON + 3 * DAY)
    assert ask(grant(1), late, moment=NOON + 2 * DAY).allowed
    assert not ask(grant(1), late, moment=NOON + 3 * DAY).allowed


def test_a_revocation_with_notice_works_when_the_notice_has_run_out() -> None:
    notice = revoke(2, "entry_1", valid_from=NOON + 5 * DAY)
    assert ask(grant(1), notice, moment=NOON + 4 * DAY).allowed
    assert not ask(grant(1), notice, moment=NOON + 5 * DAY).allowed


@pytest.mark.parametrize("valid_from", [None, NOON])
def test_nothing_recorded_later_changes_the_answer_of_a_moment(valid_from: datetime | None) -> None:
    late = grant(1, recorded_at=NOON + 2 * DAY, valid_from=valid_from)
    answer = ask(late, moment=NOON + DAY)
    assert (answer.allowed, answer.because) == (False, ())
    assert answer == ask(moment=NOON + DAY)
    assert ask(late, moment=NOON + 2 * DAY).allowed


def test_another_member_revokes_nothing() -> None:
    assert ask(grant(1), revoke(2, "entry_1", member_id="member_2")).allowed


def test_a_revoked_reservation_gives_way_to_the_grant() -> None:
    assert ask(grant(1), reserve(2), revoke(3, "entry_2")).allowed


def test_a_second_grant_survives_the_revocation_of_the_first() -> None:
    answer = ask(grant(1), grant(2), revoke(3, "entry_1"))
    assert (answer.allowed, answer.because) == (True, ("entry_2",))


def test_every_grant_that_decided_is_named() -> None:
    assert ask(grant(2), grant(1), grant(3, ALL_WORKS)).because == ("entry_1", "entry_2")


def test_an_unsigned_grant_counts_and_says_who_recorded_it() -> None:
    answer = ask(grant(1, signed=False))
    assert answer.allowed
    assert "recorded by Sato and not signed by the member" in answer.english
    assert "Satoが記録、権利者の署名なし" in answer.japanese


def test_an_unsigned_grant_never_stands_against_a_signed_reservation() -> None:
    answer = ask(grant(1, THE_FILE, signed=False), reserve(2, ALL_WORKS))
    assert (answer.allowed, answer.because) == (False, ("entry_2",))
    assert ask(grant(1, THE_FILE, signed=False), reserve(2, ALL_WORKS, signed=False)).allowed


def test_a_refusal_needs_no_signature() -> None:
    assert not ask(grant(1), reserve(2, signed=False)).allowed
    assert not ask(grant(1), revoke(2, "entry_1", signed=False)).allowed


def test_an_unsigned_revocation_never_ends_a_signed_reservation() -> None:
    assert not ask(grant(1), reserve(2), revoke(3, "entry_2", signed=False)).allowed
    assert ask(grant(1), reserve(2, signed=False), revoke(3, "entry_2", signed=False)).allowed


def test_a_grant_with_conditions_says_so() -> None:
    assert "on the conditions in its note" in ask(grant(1, note="up to 30 s")).english


@pytest.mark.parametrize("use", Use)
def test_every_use_is_said_in_both_languages(use: Use) -> None:
    for answer in (ask(use=use), ask(grant(1, uses=(use,)), use=use), ask(reserve(1), use=use)):
        assert answer.english.endswith(".")
        assert answer.japanese.endswith("。")
        assert "legal" not in answer.english
        assert "法" not in answer.japanese
