"""IETF AIPREF: the `Content-Usage` header and the rule of the same name in robots.txt.

Read after draft-ietf-aipref-vocab-07 ("Vocabulary Definition", "Exemplary Serialization Format": two categories, `y`
and `n`, everything else unknown; the last of equal keys counts) and draft-ietf-aipref-attach-05 (sections 2 and 3),
both of August 2026 and neither an RFC.
"""

from collections.abc import Mapping, Sequence

from http_sf import StructuredFieldError, Token, parse

from tomeishi.consent.standards.mapping import Heard, Words, hear, put_into
from tomeishi.consent.standards.paths import Rule, longest_matches
from tomeishi.consent.standards.signal import (
    Authority,
    Reading,
    Signal,
    Stance,
    Standard,
    Written,
    kept,
    no_statement,
    shown,
)
from tomeishi.errors import BadInput
from tomeishi.values import Use

LABEL = "content-usage"
_TOKENS = ("train-ai", "search")
_VALUES = {"y": Stance.ALLOW, "n": Stance.DENY}


def read_header(lines: Sequence[str], reading: Reading) -> tuple[Signal, ...]:
    """The field's lines in their order; they are one dictionary (RFC 9651, 4.2)."""
    raw = ", ".join(lines)
    return (_signal(raw, reading, Authority.HEADER, None, ()),) if lines else ()


def read_rules(rules: Sequence[Rule], reading: Reading) -> tuple[Signal, ...]:
    """The rules of the group that applies. With a path only the longest match counts; rules of the same path combine
    (attach-05, 3.1). Whether the path may be fetched at all is for `robots` to say."""
    by_path: dict[str, list[str]] = {}
    for rule in rules:
        if rule.label == LABEL:
            path, preference = split_rule(rule.value)
            by_path.setdefault(path, []).append(preference)
    if reading.path is not None:
        by_path = {path: by_path[path] for path in longest_matches(by_path, reading.path)}
    found: list[Signal] = []
    for path, preferences in by_path.items():
        step = f"rule for {path or '/'}"
        if reading.path is not None:
            step += f": the longest that covers {reading.path}"
        found += [_signal(each, reading, Authority.SITE, path or "/", (step,)) for each in preferences]
    return tuple(found)


def split_rule(value: str) -> tuple[str, str]:
    """Path and preference of a rule's value; without a path the path is empty (attach-05, 3.2)."""
    if not value.startswith("/"):
        return "", value
    path, _, preference = value.replace("\t", " ").partition(" ")
    return path, preference.strip()


def _signal(raw: str, reading: Reading, authority: Authority, scope: str | None, derivation: tuple[str, ...]) -> Signal:
    twice: list[str] = []
    try:
        members = parse(
            raw.encode("ascii"), tltype="dictionary", on_duplicate_key=lambda key, _where: twice.append(key)
        )
    except (StructuredFieldError, UnicodeEncodeError, ValueError, RecursionError) as error:
        return no_statement(Standard.AIPREF, reading, authority, f"not an RFC 9651 dictionary: {_line(error)}", raw)
    heard = _heard(members) if isinstance(members, dict) else Heard({})
    again = tuple(f"{key} stands more than once: the last one counts" for key in dict.fromkeys(twice))
    return Signal(
        standard=Standard.AIPREF,
        source=reading.source,
        authority=authority,
        uses=heard.uses,
        scope=scope,
        raw=kept(raw),
        warnings=(*heard.warnings, *again),
        derivation=(*derivation, *heard.derivation),
        fetched_at=reading.fetched_at,
    )


def _heard(members: Mapping[str, object]) -> Heard:
    said = []
    for key, member in members.items():
        value = member[0] if isinstance(member, tuple) else member
        stance = _VALUES.get(str(value), Stance.UNKNOWN) if isinstance(value, Token) else Stance.UNKNOWN
        said.append((key, stance))
    return hear(Standard.AIPREF, said)


def _line(error: Exception) -> str:
    return shown(str(error).split("\n")[0])


def write_header(uses: Mapping[Use, Stance]) -> Written:
    """The field's value, empty where nothing can be said: `train-ai=n, search=y`."""
    words = put_into(Standard.AIPREF, _TOKENS, uses)
    return Written(_members(words), words.lost)


def write_rules(by_path: Mapping[str, Mapping[Use, Stance]], agent: str = "*") -> Written:
    """A group of robots.txt with a rule for each path. A path of which nothing can be said gets its rule nevertheless:
    without one it would fall to a shorter path that may allow."""
    lines = [f"User-agent: {agent}", "Allow: /"]
    lost: list[str] = []
    for path, uses in by_path.items():
        if not path.startswith("/") or any(letter in path for letter in " \t\r\n#"):
            raise BadInput(f"not a path of robots.txt: {path!r}; encode spaces and # with %20 and %23")
        words = put_into(Standard.AIPREF, _TOKENS, uses)
        lost += [f"{path}: {each}" for each in words.lost]
        lines.append(f"Content-Usage: {path} {_members(words)}".rstrip())
    return Written("\n".join(lines) + "\n", tuple(lost))


def _members(words: Words) -> str:
    return ", ".join(f"{token}={'y' if stance is Stance.ALLOW else 'n'}" for token, stance in words.said)
