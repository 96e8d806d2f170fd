"""What the server answers, as values. Keys that a newer server adds are left out; keys are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

Shape = TypeVar("Shape")


def read(shape: type[Shape], words: Mapping[str, Any]) -> Shape:
    """The value of a dataclass from the JSON object of the server."""
    known = {each.name for each in fields(shape)}  # type: ignore[arg-type]  # every Shape is a dataclass
    return shape(**{name: value for name, value in words.items() if name in known})


@dataclass(frozen=True, slots=True)
class Member:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Work:
    id: str
    member: str
    member_name: str
    title: str
    names: list[dict[str, Any]]
    characters: list[dict[str, Any]]
    cross_ids: dict[str, str]
    references: int
    created_at: str


@dataclass(frozen=True, slots=True)
class Reference:
    id: str
    work: str
    path: str
    digest: str
    size_bytes: int
    kind: str
    duration: float
    partial: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class Audit:
    id: str
    provider: str
    model: str | None
    use: str
    moment: str
    datasets: list[str]
    checks: list[str]
    finished: bool
    summary: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    kind: str
    state: str
    """`queued`, `running`, `done`, `failed` or `cancelled`."""
    done: int
    total: int | None
    message: str | None
    result: dict[str, Any] | None
    error: str | None
    created_at: str
    ended_at: str | None

    @property
    def has_ended(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Screening:
    id: str | None
    """None for a prompt in which nothing was found."""
    kind: str
    made_at: str
    provider: str | None
    model: str | None
    verdict: str
    findings: list[dict[str, Any]]
    """As `screen --jsonl` writes them."""
    withheld: int
    checked: list[str]
    made_by: dict[str, Any]
    query: str | None = None
    prompt: str | None = None
    digest: str | None = None
    duration: float | None = None
    partial: dict[str, Any] | None = None
    skipped: dict[str, Any] | None = None
    styles: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Match:
    id: str
    screening: str
    query: str
    work: str
    title: str
    member: str
    member_name: str
    reference: str
    provider: str | None
    model: str | None
    kind: str
    band: str
    score: float
    segments: list[list[float]]
    allowed: bool
    verdict: str
    state: str
    reason: str | None
    assignee: str | None
    version: int
    found_at: str


@dataclass(frozen=True, slots=True)
class Consent:
    id: str
    kind: str
    number: int
    digest: str
    recorded_at: str
    recorded_by: str | None
    words: str
    signature: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Exclusion:
    id: str
    reference: str
    start: float
    end: float
    reason: str
    created_at: str


@dataclass(frozen=True, slots=True)
class EvidencePackage:
    id: str
    screening: str
    member: str | None
    digest: str
    size_bytes: int
    made_by: str
    made_at: str


@dataclass(frozen=True, slots=True)
class Verification:
    state: str
    """`intact`, `altered` and so on, as `verify --json` says it."""
    package: str | None
    created_at: str | None
    key_id: str | None
    checks: list[dict[str, Any]]
    digest: str
