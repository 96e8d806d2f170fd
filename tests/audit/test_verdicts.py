"""From findings to a verdict: the gravest wins, and a wider sign gives way to a narrower one."""

from dataclasses import replace

from tomeishi.audit.verdicts import AuditFinding, AuditVerdict, Check, settle
from tomeishi.values import Band, Verdict

DENIED = AuditFinding(
    check=Check.MATCH,
    work_id="wrk_1",
    member_id="mem_1",
    reference_id="ref_1",
    character_id=None,
    kind="copy",
    band=Band.STRONG,
    score=0.99,
    allowed=False,
    conditional=False,
    entries=(),
    policy=Verdict.BLOCK,
    detail="a copy",
)
ALLOWED = replace(DENIED, allowed=True, policy=Verdict.CLEAR, entries=("entry_1",))
SOURCE = replace(DENIED, check=Check.SOURCE, work_id=None, reference_id=None, detail="a domain")
RESERVED = replace(SOURCE, check=Check.RESERVATIONS, member_id=None, detail="a refusal in the file")


def _verdict(*findings: AuditFinding, problem: str | None = None) -> tuple[AuditVerdict, str]:
    settled = settle(findings, problem)
    return settled.verdict, settled.reason


def test_nothing_found_is_no_match() -> None:
    assert _verdict() == (AuditVerdict.NO_MATCH, "")


def test_what_could_not_be_read_is_unknown_even_where_a_grant_was_found() -> None:
    assert _verdict(problem="broken") == (AuditVerdict.UNKNOWN, "unreadable")
    assert _verdict(ALLOWED, problem="broken") == (AuditVerdict.UNKNOWN, "unreadable")


def test_a_denial_outranks_all_else() -> None:
    assert _verdict(ALLOWED, DENIED, problem="broken") == (AuditVerdict.DENIED, "match")


def test_the_cheapest_check_that_denies_gives_the_reason() -> None:
    assert _verdict(SOURCE, DENIED) == (AuditVerdict.DENIED, "source")


def test_a_resemblance_that_a_person_has_to_see_is_unknown() -> None:
    weak = replace(DENIED, band=Band.WEAK, policy=Verdict.REVIEW)
    assert _verdict(weak) == (AuditVerdict.UNKNOWN, "undecided")
    assert _verdict(replace(weak, policy=Verdict.CLEAR)) == (AuditVerdict.NO_MATCH, "")


def test_a_grant_with_conditions_needs_a_person() -> None:
    assert _verdict(replace(ALLOWED, conditional=True)) == (AuditVerdict.UNKNOWN, "conditions")


def test_a_recognised_and_permitted_work_speaks_for_its_members_domain_and_for_the_file() -> None:
    assert _verdict(SOURCE, RESERVED, ALLOWED) == (AuditVerdict.ALLOWED, "match")


def test_it_does_not_speak_for_another_members_domain() -> None:
    assert _verdict(replace(SOURCE, member_id="mem_2"), ALLOWED) == (AuditVerdict.DENIED, "source")


def test_a_name_in_a_caption_recognises_nothing() -> None:
    named = replace(ALLOWED, check=Check.NAMES)
    assert _verdict(RESERVED, named) == (AuditVerdict.DENIED, "reservations")


def test_one_permitted_work_does_not_excuse_another() -> None:
    other = replace(DENIED, work_id="wrk_2", member_id="mem_2")
    assert _verdict(RESERVED, ALLOWED, other) == (AuditVerdict.DENIED, "reservations")
