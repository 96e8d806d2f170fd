"""The ledger's answer: allowed or not, because of which entries, against which others, and on what conditions."""

from dataclasses import dataclass
from typing import Any

from tomeishi.consent.conditions import Conditions, Why
from tomeishi.consent.scopes import Scope
from tomeishi.values import Use


@dataclass(frozen=True, slots=True)
class Lost:
    """A grant or reservation about what was asked that did not prevail."""

    entry: str
    why: Why
    against: tuple[str, ...]
    """Ids of the entries that it lost to; empty where it lost to a date or a condition."""

    def to_json(self) -> dict[str, Any]:
        english, japanese = _WHY[self.why]
        return {
            "entry": self.entry,
            "why": self.why.value,
            "against": list(self.against),
            "text": {"en": english, "ja": japanese},
        }


@dataclass(frozen=True, slots=True)
class Proviso:
    """What one grant still requires where the question left it open. Any one proviso that is met will do."""

    entry: str
    conditions: Conditions
    apart_from: tuple[tuple[str, Scope], ...]
    """Reservations about a part of what was asked, and that part: it is not allowed."""

    def to_json(self) -> dict[str, Any]:
        return {
            "entry": self.entry,
            **self.conditions.to_json(),
            "apart_from": [
                {
                    "entry": entry,
                    "level": scope.level.value,
                    "id": scope.id,
                    "element": None if scope.element is None else scope.element.value,
                }
                for entry, scope in self.apart_from
            ],
        }


@dataclass(frozen=True, slots=True)
class Permission:
    """For one use of one work by one provider at one moment. No entry means not allowed."""

    use: Use
    allowed: bool
    because: tuple[str, ...]
    """Ids of the entries that decided; empty where nothing was ever granted."""
    english: str
    japanese: str
    lost: tuple[Lost, ...] = ()
    """In the order recorded."""
    conditions: tuple[Proviso, ...] = ()
    """Where not empty, what was asked is allowed only as far as one of these is met."""

    def to_json(self) -> dict[str, Any]:
        return {
            "use": self.use.value,
            "allowed": self.allowed,
            "because": list(self.because),
            "text": {"en": self.english, "ja": self.japanese},
            "lost": [each.to_json() for each in self.lost],
            "conditions": [each.to_json() for each in self.conditions],
        }


_WHY = {
    Why.NOT_BEGUN: ("had not begun to hold", "まだ効力が生じていない"),
    Why.ENDED: ("its term was over", "期間が満了している"),
    Why.REVOKED: ("had been revoked", "撤回されている"),
    Why.RESERVED: ("a reservation of the same or a narrower scope wins", "同じ範囲またはより狭い範囲の留保が優先する"),
    Why.UNSIGNED: (
        "not signed by the member, it can't stand against a signed reservation",
        "権利者の署名がないため、署名のある留保に対抗できない",
    ),
    Why.GRANTED: ("a grant of a narrower scope wins", "より狭い範囲の許諾が優先する"),
    Why.WIDER: ("an entry of a narrower scope says the same", "より狭い範囲の記載が同じことを定めている"),
    Why.CONDITIONAL: ("another grant stands without conditions", "条件のない別の許諾がある"),
    Why.TERRITORY: ("it is for other territories", "対象地域が異なる"),
    Why.OUTPUT: ("it is for other kinds of output", "対象となる出力の種類が異なる"),
    Why.TOO_LONG: ("the clip is longer than it permits", "許諾された長さを超えている"),
    Why.EXCLUDED: ("it leaves out what was asked about", "対象から除かれている"),
}
