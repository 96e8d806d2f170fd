"""How far a statement reaches: a lattice of seven levels, from all works of all members to one file.

    coalition > member > franchise > work > character > element > reference

A scope names one thing of one level. A question names a place in the lattice (`WorkRef`); a scope *covers* it where
the place lies in what the scope names, and lies *inside* it where the scope names only a part of what is asked about.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from tomeishi.access.keys import COALITION
from tomeishi.errors import BadInput

_BREAKING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that no name holds: control and direction marks would let one name pass for another."""


class Level(StrEnum):
    """From wide to narrow; a narrower one beats a wider one (`rules`)."""

    COALITION = "coalition"
    """All works of all members, present and future. The coalition may only reserve there, never grant."""
    MEMBER = "member"
    """All works of the member, present and future."""
    FRANCHISE = "franchise"
    """All works of a named group of a member's works, also those that are added to it later."""
    WORK = "work"
    CHARACTER = "character"
    ELEMENT = "element"
    """All that is of one kind in a work, or of one character: its costumes, props, places, voice or likeness."""
    REFERENCE = "reference"

    @property
    def rank(self) -> int:
        """0 is the widest."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Level)}


class Element(StrEnum):
    """What contracts list one by one beside a figure itself (they call it an asset class)."""

    COSTUME = "costume"
    PROP = "prop"
    """Things, vehicles and weapons too."""
    PLACE = "place"
    """Rooms, landscapes, worlds."""
    VOICE = "voice"
    LIKENESS = "likeness"
    """Of a performer: face and body of the person, not of the figure."""


@dataclass(frozen=True, slots=True)
class WorkRef:
    """What a question is about. Without a reference it is about the work as such, not about any one file of it."""

    member_id: str
    work_id: str
    reference_id: str | None = None
    character_id: str | None = None
    """Without one it is about any of the work's characters."""
    element: Element | None = None
    """Without one it is about all of them."""
    franchise_ids: tuple[str, ...] = ()
    """Those that the work was in at the moment asked about."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an entry is about: one thing, named by its level and id."""

    level: Level
    id: str
    """Of an element: the work or character that it is of."""
    work_id: str | None = None
    """The work that a character or element belongs to; None at all other levels."""
    element: Element | None = None

    def __post_init__(self) -> None:
        check_name("scope", self.id)
        check_name("scope", self.work_id)
        if (self.element is not None) != (self.level is Level.ELEMENT):
            raise BadInput(f"scope {self.level}: an element is named at the level element, and only there")
        if (self.work_id is not None) != (self.level in (Level.CHARACTER, Level.ELEMENT)):
            raise BadInput(f"scope {self.level}: a character and an element name their work, and nothing else does")
        if self.level is Level.COALITION and self.id != COALITION:
            raise BadInput(f"scope coalition: its id is {COALITION!r}, not {self.id!r}")

    def covers(self, work: WorkRef) -> bool:
        """Whether all that is asked about lies in it."""
        match self.level:
            case Level.COALITION:
                return True
            case Level.MEMBER:
                return self.id == work.member_id
            case Level.FRANCHISE:
                return self.id in work.franchise_ids
            case Level.WORK:
                return self.id == work.work_id
            case Level.CHARACTER:
                return self.id == work.character_id
            case Level.ELEMENT:
                return self.element is work.element and self.id in (work.work_id, work.character_id)
            case Level.REFERENCE:
                return self.id == work.reference_id

    def lies_inside(self, work: WorkRef) -> bool:
        """Whether it is a part of what is asked about: one character of the work, one element of a character."""
        if self.work_id != work.work_id or self.covers(work):
            return False
        if self.level is Level.CHARACTER:
            return work.character_id is None
        of_all = self.id == work.work_id or work.character_id in (None, self.id)
        return of_all and work.element in (None, self.element)


def check_name(what: str, name: str | None) -> None:
    """A name or id is one line of up to 200 characters without control or direction marks; None is let through."""
    if name is None:
        return
    if not name.strip() or len(name) > 200 or any(unicodedata.category(letter) in _BREAKING for letter in name):
        raise BadInput(f"{what}: a name has 1 to 200 characters on one line, not {name[:60]!r}")
