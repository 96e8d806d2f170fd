"""`X-Robots-Tag` headers and `<meta name="robots">`: `noai`, `noimageai`, `noindex` and their like.

`noai` and `noimageai` come from DeviantArt (November 2022) and no crawler's operator is known to have written down that
it obeys them; they are statements all the same. No value of these fields allows anything.
"""

import re
from collections.abc import Sequence

from tomeishi.consent.standards.mapping import hear, terms_of
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

_NAMED = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*:(?!\S*/)\s*(.*)", re.DOTALL)
_WITH_VALUE = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_ELSEWHERE = frozenset(
    {"all", "index", "follow", "nofollow", "noarchive", "nocache", "nosnippet", "notranslate", "noodp", "noydir"}
    | {"indexifembedded", "nositelinkssearchbox", "nopagereadaloud"}
)
"""Words of these fields that are about other things than our uses."""


def read_header(lines: Sequence[str], reading: Reading) -> tuple[Signal, ...]:
    """One signal a line; a line for another crawler than `reading.agent` says nothing."""
    return tuple(_line(line, reading) for line in lines)


def _line(line: str, reading: Reading) -> Signal:
    named = _NAMED.match(line)
    if named is None or named[1].lower() in _WITH_VALUE:
        return read_words(line, reading, Authority.HEADER)
    if named[1].lower() != (reading.agent or "").lower():
        return no_statement(
            Standard.ROBOTS_TAG, reading, Authority.HEADER, f"it is for the crawler {named[1][:60]}", line
        )
    return read_words(named[2], reading, Authority.HEADER)


def read_words(words: str, reading: Reading, authority: Authority) -> Signal:
    """Words separated by commas; letters' case is no matter."""
    known = {term.token for term in terms_of(Standard.ROBOTS_TAG)}
    found = [word for part in words.split(",") if (word := part.strip().lower())]
    heard = hear(Standard.ROBOTS_TAG, [(word, Stance.DENY) for word in found if word in known])
    strange = [
        word
        for word in found
        if word not in known and word not in _ELSEWHERE and word.partition(":")[0].strip() not in _WITH_VALUE
    ]
    return Signal(
        standard=Standard.ROBOTS_TAG,
        source=reading.source,
        authority=authority,
        uses=heard.uses,
        raw=kept(words),
        warnings=tuple(f"{shown(word)} is not a known word: unknown" for word in strange[:20]),
        derivation=heard.derivation,
        fetched_at=reading.fetched_at,
    )
