"""From what was found in an item to its verdict. Pure.

- `denied`: something found is surely one (by the policy's `block`) and the ledger does not allow the use.
- `unknown`: it could not be read or not looked at, or what was found needs a person: a resemblance that the policy says
  to review, or a grant with conditions.
- `allowed`: works were found, and for each of them a grant.
- `no_match`: it was looked at by the checks that are named, and nothing was found.

The order is that of gravity. A wider sign gives way to a narrower one: where a work is recognised by its digest, its
code or its pictures and allowed, neither its member's own domain nor a general reservation inside the file denies it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tomeishi.values import Band, Verdict


class AuditVerdict(StrEnum):
    """Of one item of a data set."""

    NO_MATCH = "no_match"
    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


class Check(StrEnum):
    """What is looked at, cheapest first."""

    DIGEST = "digest"
    """The very bytes of a reference."""
    ISCC = "iscc"
    """An Instance-Code that the data set recorded."""
    SOURCE = "source"
    """An address at a member's domain."""
    RESERVATIONS = "reservations"
    """Refusals inside the file (Content Credentials, XMP), and in recorded headers."""
    NAMES = "names"
    """Names of works and characters in captions and other words."""
    MATCH = "match"
    """Pictures and films that resemble a reference."""
    CHARACTER = "character"
    """Figures that resemble an enrolled character; at most for a person to look at."""


_RECOGNISED = frozenset({Check.DIGEST, Check.ISCC, Check.MATCH})
_YIELDING = frozenset({Check.SOURCE, Check.RESERVATIONS})

UNREADABLE, UNDECIDED, CONDITIONS = "unreadable", "undecided", "conditions"
"""Reasons of `unknown`; those of the other verdicts are checks."""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing found in an item, with the ledger's answer. A resemblance, never a legal finding."""

    check: Check
    work_id: str | None
    """None where a whole member, or nobody in particular, is concerned."""
    member_id: str | None
    reference_id: str | None
    character_id: str | None
    kind: str
    """Kind of resemblance (`values.Kind`), or of what was found instead of one."""
    band: Band
    score: float
    allowed: bool
    conditional: bool
    entries: tuple[str, ...]
    policy: Verdict
    detail: str
    segment: tuple[float, float, float, float] | None = None
    """Seconds of the item, then of the reference."""
    thumbnail: bytes | None = None
    """Of the item, JPEG."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The verdict of one item, and why."""

    verdict: AuditVerdict
    reason: str
    deciding: AuditFinding | None
    detail: str


def settle(findings: Sequence[AuditFinding], problem: str | None) -> Settled:
    """The verdict over `findings` (cheapest check first) of an item that `problem` kept from being wholly read."""
    counting = _counting(findings)
    for each in counting:
        if not each.allowed and each.policy is Verdict.BLOCK:
            return Settled(AuditVerdict.DENIED, each.check.value, each, each.detail)
    if problem is not None:
        return Settled(AuditVerdict.UNKNOWN, UNREADABLE, None, problem)
    for each in counting:
        if not each.allowed and each.policy is Verdict.REVIEW:
            return Settled(AuditVerdict.UNKNOWN, UNDECIDED, each, each.detail)
        if each.allowed and each.conditional:
            return Settled(AuditVerdict.UNKNOWN, CONDITIONS, each, each.detail)
    allowed = next((each for each in counting if each.allowed), None)
    if allowed is not None:
        return Settled(AuditVerdict.ALLOWED, allowed.check.value, allowed, allowed.detail)
    return Settled(AuditVerdict.NO_MATCH, "", None, "")


def _counting(findings: Sequence[AuditFinding]) -> list[AuditFinding]:
    recognised = [each for each in findings if each.check in _RECOGNISED]
    if not recognised or not all(each.allowed for each in recognised):
        return list(findings)
    owners = {each.member_id for each in recognised}
    return [
        each
        for each in findings
        if each.check not in _YIELDING or (each.member_id is not None and each.member_id not in owners)
    ]
