"""ai.txt as Spawning proposed it (2023): robots.txt's lines, with patterns for kinds of files, about training.

There is no text that defines it. Read here: a pattern without a leading `/` matches anywhere in the path; of the rules
that match the longest counts, and of equally long ones the refusal. Other formats called ai.txt are not this one.
"""

from tomeishi.consent.standards.mapping import hear
from tomeishi.consent.standards.paths import Rules, equal_encoding, matches, path_of, rules_for
from tomeishi.consent.standards.signal import (
    Authority,
    Reading,
    Signal,
    Stance,
    Standard,
    kept,
    no_statement,
    shown,
)
from tomeishi.consent.standards.text import Refused, raw_of, text_of

_STANCES = {"allow": Stance.ALLOW, "disallow": Stance.DENY}
_MOST_RULES = 5_000


def read(data: bytes, reading: Reading) -> tuple[Signal, ...]:
    """With a path the rule that counts there, without one a signal for each rule of the group that applies."""
    try:
        found = _group(data, reading)
    except Refused as error:
        return (no_statement(Standard.AI_TXT, reading, Authority.SITE, str(error), raw_of(data)),)
    strange = tuple(
        f"line {rule.line}: {shown(rule.label)} is not a rule of ai.txt: unknown"
        for rule in found.rules
        if rule.label not in _STANCES
    )[:20]
    rules = [rule for rule in found.rules if rule.label in _STANCES and rule.value]
    why = ""
    if reading.path is not None:
        path = path_of(reading.path)
        covering = [rule for rule in rules if matches(_pattern(rule.value), path)]
        covering.sort(key=lambda rule: (len(equal_encoding(rule.value)), rule.label == "disallow"))
        rules, why = covering[-1:], f": the longest that covers {path}"
    signals = []
    for rule in rules:
        heard = hear(Standard.AI_TXT, [("rule", _STANCES[rule.label])])
        signals.append(
            Signal(
                standard=Standard.AI_TXT,
                source=reading.source,
                authority=Authority.SITE,
                uses=heard.uses,
                scope=rule.value,
                raw=kept(f"{rule.label}: {rule.value}"),
                warnings=strange,
                derivation=(f"line {rule.line}: {rule.label} {shown(rule.value)}{why}", *heard.derivation),
                fetched_at=reading.fetched_at,
            )
        )
    if not signals and strange:
        return (no_statement(Standard.AI_TXT, reading, Authority.SITE, strange[0], raw_of(data)),)
    return tuple(signals)


def _group(data: bytes, reading: Reading) -> Rules:
    found = rules_for(text_of(data), reading.agent)
    if len(found.rules) > _MOST_RULES:
        raise Refused(f"more than {_MOST_RULES:,} rules for one crawler")
    if found.group is None:
        raise Refused("no group of rules applies")
    return found


def _pattern(value: str) -> str:
    """`*.jpg` means files that end so; robots.txt's patterns are beginnings."""
    if value.startswith("/") or value == "*":
        return value
    return f"*{value.removeprefix('*')}{'' if value.endswith(('*', '$')) else '$'}"
