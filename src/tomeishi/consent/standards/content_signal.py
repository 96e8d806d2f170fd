"""Content Signals (Cloudflare, September 2025; contentsignals.org): `Content-Signal: search=yes, ai-train=no`.

A line of a robots.txt group, where a path may stand before the signals, or a header. A signal that is left out says
nothing.
"""

from collections.abc import Sequence

from tomeishi.consent.standards.aipref import split_rule
from tomeishi.consent.standards.mapping import hear
from tomeishi.consent.standards.paths import Rule, longest_matches
from tomeishi.consent.standards.signal import Authority, Reading, Signal, Stance, Standard, kept

LABEL = "content-signal"
_VALUES = {"yes": Stance.ALLOW, "no": Stance.DENY}


def read_header(lines: Sequence[str], reading: Reading) -> tuple[Signal, ...]:
    return tuple(_signal(line, reading, Authority.HEADER, None, ()) for line in lines)


def read_rules(rules: Sequence[Rule], reading: Reading) -> tuple[Signal, ...]:
    """The lines of the group that applies; with a path, those of the longest match."""
    lines = [(*split_rule(rule.value), rule.line) for rule in rules if rule.label == LABEL]
    paths = [path for path, *_ in lines]
    deciding = paths if reading.path is None else longest_matches(paths, reading.path)
    return tuple(
        _signal(signals, reading, Authority.SITE, path or "/", (f"line {number}",))
        for path, signals, number in lines
        if path in deciding
    )


def _signal(raw: str, reading: Reading, authority: Authority, scope: str | None, derivation: tuple[str, ...]) -> Signal:
    said = []
    for part in raw.split(","):
        token, _, value = part.strip().partition("=")
        if token:
            said.append((token.strip().lower(), _VALUES.get(value.strip().lower(), Stance.UNKNOWN)))
    heard = hear(Standard.CONTENT_SIGNAL, said)
    return Signal(
        standard=Standard.CONTENT_SIGNAL,
        source=reading.source,
        authority=authority,
        uses=heard.uses,
        scope=scope,
        raw=kept(raw),
        warnings=heard.warnings,
        derivation=(*derivation, *heard.derivation),
        fetched_at=reading.fetched_at,
    )
