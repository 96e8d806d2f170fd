"""Under which conditions a statement holds, and what a question says about them.

A condition that a question leaves open is never passed over: it comes back with the answer (`left_open`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tomeishi.consent.scopes import Element, WorkRef
from tomeishi.errors import BadInput
from tomeishi.values import Use

LONGEST_S = 1_000_000


class Output(StrEnum):
    """Kind of what comes out."""

    STILL = "still"
    VIDEO = "video"
    SOUND = "sound"


class Why(StrEnum):
    """Why an entry about what was asked did not prevail."""

    NOT_BEGUN = "not_begun"
    ENDED = "ended"
    REVOKED = "revoked"
    RESERVED = "reserved"
    """A grant, against a reservation of its own scope or a narrower one."""
    UNSIGNED = "unsigned"
    """An unsigned grant, against a signed reservation."""
    GRANTED = "granted"
    """A reservation, against a narrower grant."""
    WIDER = "wider"
    """A narrower entry of the same kind decided."""
    CONDITIONAL = "conditional"
    """A grant whose conditions the question leaves open, where another stands without any."""
    TERRITORY = "territory"
    OUTPUT = "output"
    TOO_LONG = "too_long"
    EXCLUDED = "excluded"
    """The grant leaves out the element that was asked about."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to do. None: not said, that is, any."""

    work: WorkRef
    use: Use
    provider: str | None = None
    model: str | None = None
    version: str | None = None
    territory: str | None = None
    """ISO 3166-1, two letters."""
    output: Output | None = None
    duration_s: float | None = None
    """Length of the clip, in seconds."""

    def __post_init__(self) -> None:
        if self.territory is not None:
            check_territory(self.territory)
        if self.duration_s is not None and not 0 <= self.duration_s <= LONGEST_S:
            raise BadInput(f"a clip lasts 0 to {LONGEST_S:,} seconds; another length was given")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a grant is limited to; of a reservation only `territories` and `outputs`: what the refusal is limited to."""

    territories: tuple[str, ...] | None = None
    """ISO 3166-1, two letters each; None: everywhere."""
    outputs: tuple[Output, ...] | None = None
    """None: all."""
    longest_clip_s: int | None = None
    """In whole seconds; says nothing about stills."""
    excluded: tuple[Element, ...] = ()
    """Elements that are left out of it, in everything it covers."""

    def __post_init__(self) -> None:
        if self.territories is not None:
            for code in self.territories:
                check_territory(code)
            object.__setattr__(self, "territories", tuple(sorted(set(self.territories))))
        if self.outputs is not None:
            object.__setattr__(self, "outputs", tuple(output for output in Output if output in self.outputs))
        object.__setattr__(self, "excluded", tuple(each for each in Element if each in self.excluded))
        if self.territories == () or self.outputs == ():
            raise BadInput("name at least one territory or output, or leave the condition out")
        longest = self.longest_clip_s
        if longest is not None and (isinstance(longest, bool) or not 1 <= longest <= LONGEST_S):
            raise BadInput(f"the longest clip has 1 to {LONGEST_S:,} whole seconds, not {longest}")

    def unmet(self, asked: Question) -> Why | None:
        """The first condition that the question contradicts; what it leaves open contradicts nothing."""
        if self is NONE:
            return None
        if self.territories is not None and asked.territory is not None and asked.territory not in self.territories:
            return Why.TERRITORY
        if self.outputs is not None and asked.output is not None and asked.output not in self.outputs:
            return Why.OUTPUT
        if asked.work.element is not None and asked.work.element in self.excluded:
            return Why.EXCLUDED
        too_long = self.longest_clip_s is not None and (asked.duration_s or 0) > self.longest_clip_s
        return Why.TOO_LONG if too_long and asked.output is not Output.STILL else None

    def left_open(self, asked: Question) -> "Conditions":
        """Those that the question says nothing about, and that the use is still bound to."""
        if self is NONE:
            return NONE
        open_length = asked.duration_s is None and asked.output is not Output.STILL
        found = Conditions(
            self.territories if asked.territory is None else None,
            self.outputs if asked.output is None else None,
            self.longest_clip_s if open_length else None,
            self.excluded if asked.work.element is None else (),
        )
        return NONE if found == NONE else found

    def to_json(self) -> dict[str, Any]:
        return {
            "territories": None if self.territories is None else list(self.territories),
            "outputs": None if self.outputs is None else [output.value for output in self.outputs],
            "longest_clip_s": self.longest_clip_s,
            "excluded": [element.value for element in self.excluded],
        }


NONE = Conditions()


def check_territory(code: str) -> None:
    """The form alone: codes are added and withdrawn, and old words stay readable. `ledger` knows today's codes."""
    if not re.fullmatch(r"[A-Z]{2}", code):
        raise BadInput(f"a territory is two capital letters (ISO 3166-1), such as JP, not {code[:20]!r}")


_CODES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO
    JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR
    MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO
    RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
TERRITORIES = frozenset(_CODES.split())
"""ISO 3166-1 as of 2026: what a new entry may name. A slip such as UK would otherwise be a condition never met."""
