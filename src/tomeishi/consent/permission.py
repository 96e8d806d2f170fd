"""The ledger's answer: allowed or not, and because of which entries."""

from dataclasses import dataclass
from typing import Any

from tomeishi.values import Use


@dataclass(frozen=True, slots=True)
class Permission:
    """For one use of one work by one provider at one moment. No entry means not allowed."""

    use: Use
    allowed: bool
    because: tuple[str, ...]
    """Ids of the entries that decided; empty where nothing was ever granted."""
    english: str
    japanese: str

    def to_json(self) -> dict[str, Any]:
        return {
            "use": self.use.value,
            "allowed": self.allowed,
            "because": list(self.because),
            "text": {"en": self.english, "ja": self.japanese},
        }
