"""Where a query came from, as the person who made the report stated it. Nothing here is checked by the tool."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tomeishi import clock
from tomeishi.errors import BadInput

LONGEST = 100_000
"""Characters of a prompt; longer text belongs in a file of its own."""


@dataclass(frozen=True, slots=True)
class Capture:
    """All None where nobody stated anything: a report says "not recorded" and guesses nothing."""

    source_url: str | None = None
    captured_at: datetime | None = None
    prompt: str | None = None
    provider: str | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        for name, text in (("source-url", self.source_url), ("provider", self.provider), ("model", self.model)):
            if text is not None and len(text) > 8192:
                raise BadInput(f"--{name}: {len(text)} characters, at most 8192")
        if self.prompt is not None and len(self.prompt) > LONGEST:
            raise BadInput(f"--prompt: {len(self.prompt)} characters, at most {LONGEST}")
        if self.captured_at is not None:
            clock.to_text(self.captured_at)

    def to_json(self) -> dict[str, Any]:
        return {
            "source_url": self.source_url,
            "captured_at": None if self.captured_at is None else clock.to_text(self.captured_at),
            "prompt": self.prompt,
            "provider": self.provider,
            "model": self.model,
        }
