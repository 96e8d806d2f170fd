"""Rules of robots.txt and of formats made after it: groups by crawler, and patterns for paths (RFC 9309, 2.2).

A pattern is a beginning of the path; `*` stands for any letters, `$` at its end for the end. Both sides are compared
after percent-encoding is made equal (2.2.2), and the pattern with the most octets wins.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*([^#]*)")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_PRODUCT = re.compile(r"[A-Za-z_-]+")
_SITE_WIDE = frozenset({"sitemap", "host", "license"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a group: its label in lower case, its value, and the number of its line from 1."""

    label: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What a document says to one crawler."""

    group: str | None
    """The product token of the group that applies, `*` for the one for all others; None where there is neither."""
    rules: tuple[Rule, ...]
    site_wide: tuple[Rule, ...]
    """Rules that belong to no group by their nature, and those before the first group."""


def rules_for(text: str, agent: str | None) -> Rules:
    """The rules of all groups that name `agent`, otherwise of those for `*` (2.2.1)."""
    wanted = (_product(agent or "*"), "*")
    by_agent: dict[str, list[Rule]] = {}
    site_wide: list[Rule] = []
    current: set[str] = set()
    named = naming = False
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        label, colon, value = line.split("#", 1)[0].partition(":")
        if not colon:
            continue
        rule = Rule(label.strip(" \t").lower(), value.strip(" \t"), number)
        if rule.label == "user-agent":
            current = current if naming else set()
            named = naming = True
            product = _product(rule.value)
            if product in wanted:
                current.add(product)
                by_agent.setdefault(product, [])
        elif rule.label in _SITE_WIDE or not named:
            site_wide.append(rule)
        else:
            naming = False
            for name in current:
                by_agent[name].append(rule)
    group = next((name for name in wanted if name in by_agent), None)
    return Rules(group, tuple(by_agent[group]) if group is not None else (), tuple(site_wide))


def _product(value: str) -> str:
    """`ExampleBot/1.0` is `examplebot`: a product token is letters, `_` and `-` (2.2.1)."""
    found = _PRODUCT.match(value)
    return found[0].lower() if found else value.lower()


def equal_encoding(path: str) -> str:
    """`path` with its percent-encoding made comparable: unreserved letters plain, all others encoded in upper case."""
    plain = _PERCENT.sub(
        lambda found: chr(number) if chr(number := int(found[1], 16)) in _UNRESERVED else found[0].upper(), path
    )
    # A path from the command line may hold bytes that are no letters.
    return quote(plain, safe="/%:?#[]@!$&'()*+,;=-._~", errors="surrogatepass")


def matches(pattern: str, path: str) -> bool:
    """Whether `pattern` covers `path`; an empty pattern covers everything."""
    pattern, path = equal_encoding(pattern), equal_encoding(path)
    ends = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not rest:
        return not ends or path == first
    at = len(first)
    last = rest.pop() if ends else ""
    for part in rest:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return path.endswith(last) and len(path) - len(last) >= at


def longest_matches(patterns: Iterable[str], path: str) -> tuple[str, ...]:
    """The patterns that cover `path` with the most octets; several where they are equally long."""
    path = path_of(path)
    covering = {pattern: len(equal_encoding(pattern)) for pattern in patterns if matches(pattern, path)}
    return tuple(pattern for pattern, octets in covering.items() if octets == max(covering.values()))


def path_of(address: str) -> str:
    """The path, with its query, of an address; a path is itself. `*` and `$` of a pattern are left as they are."""
    found = _ADDRESS.match(address)
    if found is None:
        return address
    return found[1] if found[1].startswith("/") else f"/{found[1]}"
