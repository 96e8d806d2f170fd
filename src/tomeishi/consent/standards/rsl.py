"""Really Simple Licensing 1.0 (RSL-SPEC-1.0, 2025): `<rsl>` documents.

Sections 3.3 (`content`: patterns of RFC 9309), 3.4 (`license`) and 3.5 (`permits`, `prohibits`, words of usage between
blanks). Its word is `ai-train`; `train-ai` is AIPREF's, and says nothing here. Several licences of one content are
distinct sets of terms, their order without meaning (3.1.1, 3.4): each is a signal of its own, and a use that is both
permitted and prohibited is not licensed. Where a content permits uses, it refuses those that no licence of it lists
(3.5); where it only prohibits, a use that it does not name is unknown. A narrower content goes before a wider one
(3.1.1): what it permits by the use's own word, not by `all` or `ai-all`, no wider one takes back.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tomeishi import clock
from tomeishi.consent.standards.mapping import hear, lost_between, put_into
from tomeishi.consent.standards.paths import matches, path_of
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
from tomeishi.consent.standards.text import Refused, local, raw_of, xml_of
from tomeishi.errors import BadInput
from tomeishi.values import Use

NAMESPACE = "https://rslstandard.org/rsl"
MEDIA_TYPE = "application/rsl+xml"
_TOKENS = ("ai-train", "ai-input", "ai-index", "search")
_USES = tuple(hear(Standard.RSL, [("all", Stance.DENY)]).uses)
_MOST_CONTENTS = 1_000


def read(data: bytes, reading: Reading, authority: Authority = Authority.SITE) -> tuple[Signal, ...]:
    """One signal for each `<license>`; with a path those of the contents that cover it."""
    try:
        contents = _contents(data)
    except Refused as error:
        return (no_statement(Standard.RSL, reading, authority, str(error), raw_of(data)),)
    raw = raw_of(data)
    found: list[_Found] = []
    for content in contents:
        url = content.get("url")
        if url is None:
            found.append(_Found(no_statement(Standard.RSL, reading, authority, "a <content> without url", raw), 0, {}))
        elif reading.path is None or matches(path_of(url) if url else "", path_of(reading.path)):
            licences = [each for each in content if local(each, NAMESPACE) == "license"]
            found += _only_listed([_licence(each, content, url, reading, authority, raw) for each in licences])
    return tuple(each.signal for each in (found if reading.path is None else _narrower_first(found)))


@dataclass(frozen=True, slots=True)
class _Found:
    signal: Signal
    width: int
    """Letters of the content's path: more are narrower."""
    by_word: Mapping[Use, Stance]
    """What the licence says by the words of single uses."""


def _only_listed(found: Sequence[_Found]) -> list[_Found]:
    """The licences of one content, those that permit something with all refused that none of them permits."""
    listed = {use for each in found for use, stance in each.signal.uses.items() if stance is not Stance.DENY}
    return [replace(each, signal=_refusing(each.signal, listed)) for each in found]


def _refusing(signal: Signal, listed: Set[Use]) -> Signal:
    uses = _refusing_others(signal.uses, listed)
    new = [use for use in uses if use not in signal.uses]
    step = [f"permits lists other uses only, which refuses {', '.join(new)}"] if new else []
    return replace(signal, uses=uses, derivation=(*signal.derivation, *step))


def _refusing_others(uses: Mapping[Use, Stance], listed: Set[Use] = frozenset()) -> dict[Use, Stance]:
    """With a refusal of every use that is neither named nor `listed` elsewhere, where one is permitted (3.5)."""
    if all(stance is Stance.DENY for stance in uses.values()):
        return dict(uses)
    return {**uses, **{use: Stance.DENY for use in _USES if use not in uses and use not in listed}}


def _narrower_first(found: Sequence[_Found]) -> list[_Found]:
    """Without what wider contents prohibit and a narrower one permits by name, and none as narrow prohibits."""
    kept_ones = []
    for each in found:
        narrower = [other for other in found if other.width > each.width]
        taken = [
            use for use, stance in each.signal.uses.items() if stance is Stance.DENY and _is_permitted(use, narrower)
        ]
        if taken:
            uses = {use: stance for use, stance in each.signal.uses.items() if use not in taken}
            step = f"a narrower content permits {', '.join(sorted(taken))}"
            each = replace(each, signal=replace(each.signal, uses=uses, derivation=(*each.signal.derivation, step)))
        kept_ones.append(each)
    return kept_ones


def _is_permitted(use: Use, narrower: Sequence[_Found]) -> bool:
    speaking = [each for each in narrower if use in each.signal.uses]
    narrowest = [each for each in speaking if each.width == max(other.width for other in speaking)]
    by_word = any(each.by_word.get(use) in (Stance.ALLOW, Stance.CONSTRAINED) for each in narrowest)
    return by_word and all(each.signal.uses[use] is not Stance.DENY for each in narrowest)


def _contents(data: bytes) -> list[Element]:
    root = xml_of(data)
    if local(root, NAMESPACE) != "rsl":
        raise Refused(f"the root is not <rsl> of {NAMESPACE}")
    contents = [each for each in root if local(each, NAMESPACE) == "content"]
    if len(contents) > _MOST_CONTENTS:
        raise Refused(f"more than {_MOST_CONTENTS:,} contents")
    return contents


def _licence(licence: Element, content: Element, url: str, reading: Reading, authority: Authority, raw: str) -> _Found:
    warnings: list[str] = []
    conditions = _conditions(licence, content, warnings)
    said = [(token, Stance.DENY) for token in _usage(licence, "prohibits", warnings)]
    allowed = Stance.CONSTRAINED if conditions else Stance.ALLOW
    said += [(token, allowed) for token in _usage(licence, "permits", warnings)]
    heard = hear(Standard.RSL, said)
    by_word = hear(Standard.RSL, [(token, stance) for token, stance in said if token in _TOKENS]).uses
    signal = Signal(
        standard=Standard.RSL,
        source=reading.source,
        authority=authority,
        uses=heard.uses,
        scope=url,
        raw=kept(raw),
        conditions=conditions,
        warnings=(*warnings, *heard.warnings),
        derivation=(f"content {shown(url)}", *heard.derivation),
        fetched_at=reading.fetched_at,
        declared_at=_declared(content.get("lastmod"), warnings),
    )
    return _Found(signal, len(path_of(url)) if url else 0, by_word)


def _usage(licence: Element, name: str, warnings: list[str]) -> list[str]:
    tokens: list[str] = []
    for each in licence:
        if local(each, NAMESPACE) != name:
            continue
        kind = each.get("type")
        if kind == "usage":
            tokens += [token for part in (each.text or "").split(",") for token in part.split()]
        elif kind not in ("user", "geo"):
            warnings.append(f"<{name}> of type {shown(kind or '')}: unknown")
    return tokens


def _conditions(licence: Element, content: Element, warnings: list[str]) -> tuple[str, ...]:
    """What a licence asks of whoever wants to use it; a `permits` next to any of these is on terms."""
    found: list[str] = []
    if content.get("server"):
        found.append(f"a licence has to be had from {shown(content.get('server') or '')}")
    if content.get("encrypted", "false").strip().lower() != "false":
        found.append("it is encrypted: the licence brings the key")
    for each in licence:
        name, kind, text = local(each, NAMESPACE), each.get("type"), " ".join((each.text or "").split())
        if name in ("permits", "prohibits") and kind != "usage":
            found.append(f"{name} {kind or 'without type'}: {shown(text)}")
        elif name == "payment" and (kind == "free" or (kind is None and not len(each))):
            continue  # without a type it is free (3.7); with a way to pay it hardly is
        elif name == "reporting":
            found.append(f"reporting: {shown(kind or 'without type')}")
        elif name == "payment":
            where = [" ".join((part.text or "").split()) for part in each]
            found.append(f"payment: {' '.join([shown(kind or 'purchase'), *map(shown, filter(None, where))])}")
        elif name not in ("permits", "prohibits", "payment", "legal", None):
            warnings.append(f"<{name}>: unknown element of a licence")
            found.append(f"<{name}>")
        elif name is None:
            found.append("an element of another vocabulary")
    return tuple(found)


def _declared(text: str | None, warnings: list[str]) -> datetime | None:
    if text is None:
        return None
    try:
        return clock.from_text(text)
    except BadInput:
        warnings.append(f"lastmod {shown(text)} is not a moment")
        return None


@dataclass(frozen=True, slots=True)
class Content:
    """One `<content>`: an address or path pattern, what is said of it, and where to ask."""

    url: str
    uses: Mapping[Use, Stance]
    terms: str | None = None


def write(contents: Sequence[Content]) -> Written:
    """A document with one licence for each content.

    What is allowed on terms is prohibited here: a licence on terms is made with the member, at `terms`.
    """
    root = Element("rsl", {"xmlns": NAMESPACE})
    lost: list[str] = []
    for each in contents:
        words = put_into(Standard.RSL, _TOKENS, each.uses)
        content = SubElement(root, "content", {"url": each.url})
        licence = SubElement(content, "license")
        for name, stance in (("permits", Stance.ALLOW), ("prohibits", Stance.DENY)):
            tokens = [token for token, said in words.said if said is stance]
            if tokens:
                SubElement(licence, name, {"type": "usage"}).text = " ".join(tokens)
        if any(said is Stance.ALLOW for _, said in words.said):
            SubElement(licence, "payment", {"type": "free"})
        if each.terms is not None:
            SubElement(content, "terms").text = each.terms
        lost += [f"{each.url}: {line}" for line in lost_between(each.uses, _refusing_others(words.reads_as))]
    indent(root)
    try:
        text = tostring(root, encoding="unicode", xml_declaration=False)
        xml_of(text.encode())
    except (Refused, ValueError, TypeError) as error:
        raise BadInput(f"an address holds what XML cannot carry: {error}") from error
    return Written(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n', tuple(lost))
