"""robots.txt (RFC 9309): who may fetch what, by `protego`, and the rules about use that stand in its groups.

A path that may not be fetched refuses every use that needs a copy of it; a path that may be fetched allows none. The
rules `Content-Usage` and `Content-Signal` are handed to their own modules, `License:` (RSL 1.0, 4.4) is named and not
followed. A document past 512 KiB says nothing.
"""

from protego import Protego

from tomeishi.consent.standards import aipref, content_signal
from tomeishi.consent.standards.mapping import hear
from tomeishi.consent.standards.paths import Rule, Rules, path_of, rules_for
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

_KNOWN = frozenset(
    {"allow", "disallow", "crawl-delay", "request-rate", "visit-time", aipref.LABEL, content_signal.LABEL}
)
_HOST = "http://site.invalid"
_MOST_RULES = 5_000


def read(data: bytes, reading: Reading) -> tuple[Signal, ...]:
    """What the group for `reading.agent` says; with a path only what holds there."""
    try:
        text = text_of(data)
        rules = _group(text, reading)
        fetching = _fetching(text, rules, reading)
    except (Refused, ValueError) as error:
        return (no_statement(Standard.ROBOTS, reading, Authority.SITE, str(error), raw_of(data)),)
    about_use = (*aipref.read_rules(rules.rules, reading), *content_signal.read_rules(rules.rules, reading))
    if reading.path is not None and fetching[0].uses:
        # attach-05, 3.1: what may not be fetched has no usage preferences. Its refusal is the stricter one anyway.
        about_use = tuple(each for each in about_use if each.standard is not Standard.AIPREF)
    licences = tuple(_licence(each, reading) for each in rules.site_wide + rules.rules if each.label == "license")
    return (*fetching, *about_use, *licences)


def _group(text: str, reading: Reading) -> Rules:
    rules = rules_for(text, reading.agent)
    if len(rules.rules) > _MOST_RULES:
        raise Refused(f"more than {_MOST_RULES:,} rules for one crawler")
    return rules


def _fetching(text: str, rules: Rules, reading: Reading) -> tuple[Signal, ...]:
    """One signal for the path asked about, by `protego`; without a path one for each `Disallow`."""
    warnings = _warnings(rules)
    group = "no group applies" if rules.group is None else f"group for {rules.group}"
    if reading.path is None:
        refusals = [rule for rule in rules.rules if rule.label == "disallow" and rule.value]
        scopes = [(rule.value, f"line {rule.line}: Disallow: {rule.value}") for rule in refusals]
        return tuple(_signal(reading, scope, (group, step), step, warnings) for scope, step in scopes) or (
            _signal(reading, None, (group, "nothing is disallowed"), text, warnings),
        )
    path = path_of(reading.path)
    # One group is handed on, the one that applies: a file that names 10,000 crawlers must not cost 10,000 rule sets.
    fetching = "".join(f"{rule.label}: {rule.value}\n" for rule in rules.rules if rule.label in ("allow", "disallow"))
    if Protego.parse(f"User-agent: *\n{fetching}").can_fetch(_HOST + path, "*"):
        return (_signal(reading, None, (group, f"{path} may be fetched"), text, warnings),)
    return (_signal(reading, path, (group, f"{path} may not be fetched"), text, warnings),)


def _signal(
    reading: Reading, refused: str | None, derivation: tuple[str, ...], raw: str, warnings: tuple[str, ...]
) -> Signal:
    heard = hear(Standard.ROBOTS, [("disallow", Stance.DENY)] if refused is not None else [])
    return Signal(
        standard=Standard.ROBOTS,
        source=reading.source,
        authority=Authority.SITE,
        uses=heard.uses,
        scope=refused,
        raw=kept(raw),
        warnings=warnings,
        derivation=(*derivation, *heard.derivation),
        fetched_at=reading.fetched_at,
    )


def _warnings(rules: Rules) -> tuple[str, ...]:
    outside = [rule for rule in rules.site_wide if rule.label in _KNOWN]
    strange = [rule for rule in rules.rules if rule.label not in _KNOWN and rule.label != "license"]
    return (
        *(f"line {rule.line}: {rule.label} stands before the first group: it says nothing" for rule in outside[:20]),
        *(f"line {rule.line}: {shown(rule.label)} is not a known rule: it says nothing" for rule in strange[:20]),
    )


def _licence(rule: Rule, reading: Reading) -> Signal:
    return Signal(
        standard=Standard.RSL,
        source=reading.source,
        authority=Authority.SITE,
        uses={},
        raw=kept(rule.value),
        warnings=("terms lie elsewhere and are not fetched: read that document too",),
        derivation=(f"line {rule.line}: License: {shown(rule.value)}",),
        fetched_at=reading.fetched_at,
    )
