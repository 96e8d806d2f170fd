"""A signal: what one document says, in one standard, about our uses; and what several say together.

Unknown is silence: it loses against every statement and allows nothing. Between statements the strictest wins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tomeishi import clock
from tomeishi.values import Use

LONGEST_RAW = 4096
"""Characters of a document that a signal keeps; a source of any length is known by its file."""


class Stance(StrEnum):
    """What is said about one use. Constrained: on terms that a person has to read, so not allowed as it stands."""

    ALLOW = "allow"
    CONSTRAINED = "constrained"
    DENY = "deny"
    UNKNOWN = "unknown"


STRICTEST_FIRST = (Stance.DENY, Stance.CONSTRAINED, Stance.ALLOW, Stance.UNKNOWN)

_FREEDOM = {Stance.DENY: 0, Stance.UNKNOWN: 0, Stance.CONSTRAINED: 1, Stance.ALLOW: 2}


class Standard(StrEnum):
    """The formats that are read, by the names that `consent read` prints."""

    AIPREF = "aipref"
    ROBOTS = "robots"
    ROBOTS_TAG = "robots-tag"
    CONTENT_SIGNAL = "content-signal"
    TDMREP = "tdmrep"
    RSL = "rsl"
    CAWG = "cawg"
    C2PA = "c2pa"
    PLUS = "plus"
    AI_TXT = "ai-txt"
    ODRL = "odrl"


class Authority(StrEnum):
    """Where a signal stood, strongest first: the nearer to the work, and the better sealed, the stronger."""

    SIGNED = "signed"
    """Inside the file, under a signature that holds."""
    EMBEDDED = "embedded"
    """Inside the file; anybody may have changed it."""
    PAGE = "page"
    """In the page that shows it."""
    HEADER = "header"
    """Beside it, in the answer that brought it."""
    SITE = "site"
    """In a document about a whole site."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read, and for whom."""

    source: str
    """Its name: a file, an address."""
    path: str | None = None
    """Path on the site that is asked about, beginning with `/`; None asks for every rule that there is."""
    agent: str | None = None
    """Product token of the crawler asked about; None for those that no rule names."""
    fetched_at: datetime | None = None
    """Preferences hold as fetched; what a site says later does not reach back (AIPREF attachment, "When Preferences
    Apply")."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One statement with its origin. `uses` leaves out what is unknown."""

    standard: Standard
    source: str
    authority: Authority
    uses: Mapping[Use, Stance]
    scope: str | None = None
    """Path or address pattern it holds for; None where it speaks of all that it came with."""
    raw: str = ""
    conditions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    derivation: tuple[str, ...] = ()
    fetched_at: datetime | None = None
    declared_at: datetime | None = None

    def stance(self, use: Use) -> Stance:
        return self.uses.get(use, Stance.UNKNOWN)

    def to_json(self) -> dict[str, Any]:
        return {
            "standard": self.standard.value,
            "source": self.source,
            "authority": self.authority.value,
            "scope": self.scope,
            "uses": {use.value: self.stance(use).value for use in Use},
            "conditions": list(self.conditions),
            "warnings": list(self.warnings),
            "derivation": list(self.derivation),
            "raw": self.raw,
            "fetched_at": None if self.fetched_at is None else clock.to_text(self.fetched_at),
            "declared_at": None if self.declared_at is None else clock.to_text(self.declared_at),
        }


def no_statement(standard: Standard, reading: Reading, authority: Authority, why: str, raw: str = "") -> Signal:
    """What could not be read says nothing, and keeps its text and the reason."""
    return Signal(
        standard=standard,
        source=reading.source,
        authority=authority,
        uses={},
        raw=kept(raw),
        warnings=(f"no statement: {why}",),
        fetched_at=reading.fetched_at,
    )


def kept(raw: str) -> str:
    """As much of a document's text as a signal carries."""
    return raw if len(raw) <= LONGEST_RAW else f"{raw[:LONGEST_RAW]}… ({len(raw)} characters)"


def shown(text: str) -> str:
    """Text from outside inside a sentence of ours: quoted, on one line, at most 60 characters of it."""
    return repr(text if len(text) <= 60 else text[:60] + "…")


def permits_more(after: Mapping[Use, Stance], before: Mapping[Use, Stance]) -> bool:
    """Whether any use is freer in `after`. Refused and unknown are equally unfree: neither may be done."""
    unknown = Stance.UNKNOWN
    return any(_FREEDOM[after.get(use, unknown)] > _FREEDOM[before.get(use, unknown)] for use in Use)


@dataclass(frozen=True, slots=True)
class Together:
    """What several signals amount to, with every one that decided and every one that lost."""

    uses: Mapping[Use, Stance]
    derivation: tuple[str, ...] = field(default=())

    def stance(self, use: Use) -> Stance:
        return self.uses.get(use, Stance.UNKNOWN)

    def to_json(self) -> dict[str, Any]:
        return {
            "uses": {use.value: self.stance(use).value for use in Use},
            "derivation": list(self.derivation),
        }


def combine(signals: Iterable[Signal]) -> Together:
    """The strictest statement for each use, whoever made it and in whatever order (AIPREF vocabulary, "Combining
    Preferences": any refusal refuses, otherwise any allowance allows, otherwise unknown)."""
    uses: dict[Use, Stance] = {}
    derivation: list[str] = []
    everything = tuple(signals)
    for use in Use:
        stated = sorted(
            (STRICTEST_FIRST.index(each.stance(use)), list(Authority).index(each.authority), _name(each))
            for each in everything
            if each.stance(use) is not Stance.UNKNOWN
        )
        if not stated:
            continue
        strictest = stated[0][0]
        uses[use] = STRICTEST_FIRST[strictest]
        deciding = dict.fromkeys(name for rank, _, name in stated if rank == strictest)
        losing = dict.fromkeys(f"{name} says {STRICTEST_FIRST[rank]}" for rank, _, name in stated if rank != strictest)
        step = f"{use}: {uses[use]}, by {'; '.join(deciding)}"
        derivation.append(step + (f"; stricter than {'; '.join(losing)}" if losing else ""))
    return Together(uses, tuple(derivation))


def _name(signal: Signal) -> str:
    where = signal.source if signal.scope is None else f"{signal.source} for {signal.scope}"
    return f"{signal.standard} ({signal.authority}: {where})"


@dataclass(frozen=True, slots=True)
class Written:
    """A text in a standard, and what of our uses it could not say."""

    text: str
    lost: tuple[str, ...]
