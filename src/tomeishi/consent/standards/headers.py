"""A dump of HTTP headers, as `curl -I` prints it: the fields of the last answer, and what they state.

Fields of one name are kept apart in their order (RFC 9110, 5.3); a line that begins with a blank goes on the one before
(RFC 9112, 5.2). The answers before the last are redirections: their fields are about another address.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tomeishi.consent.standards import aipref, content_signal, robots_tags, tdmrep
from tomeishi.consent.standards.rsl import MEDIA_TYPE
from tomeishi.consent.standards.signal import (
    Authority,
    Reading,
    Signal,
    Standard,
    kept,
    no_statement,
    shown,
)
from tomeishi.consent.standards.text import Refused, raw_of, text_of

STATUS = re.compile(r"HTTP/\d(\.\d)? \d{3}")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)")


def read(data: bytes, reading: Reading) -> tuple[Signal, ...]:
    """What every field that states something states."""
    try:
        fields = fields_of(text_of(data))
    except Refused as error:
        return (no_statement(Standard.AIPREF, reading, Authority.HEADER, str(error), raw_of(data)),)

    def lines(name: str) -> list[str]:
        return [value for each, value in fields if each == name]

    declared = _date(lines("date"))
    found = (
        *aipref.read_header(lines(aipref.LABEL), reading),
        *content_signal.read_header(lines(content_signal.LABEL), reading),
        *robots_tags.read_header(lines("x-robots-tag"), reading),
        *tdmrep.read_values(lines(tdmrep.RESERVATION), lines(tdmrep.POLICY), reading, Authority.HEADER),
        *_licences(lines("link"), reading),
    )
    return tuple(replace(each, declared_at=declared) for each in found)


def fields_of(text: str) -> list[tuple[str, str]]:
    """Names in lower case with their values. Raises Refused where a line is no field."""
    fields: list[tuple[str, str]] = []
    ended = False
    for line in text.splitlines():
        if STATUS.match(line):
            fields, ended = [], False
        elif not line.strip():
            ended = bool(fields)
        elif ended:
            break
        elif line[0] in " \t" and fields:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
        elif (field := _FIELD.fullmatch(line)) is not None:
            fields.append((field[1].lower(), field[2].strip()))
        else:
            raise Refused(f"{shown(line)} is not a header field")
    return fields


def _date(lines: Sequence[str]) -> datetime | None:
    try:
        moment = parsedate_to_datetime(lines[-1]) if lines else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _licences(lines: Sequence[str], reading: Reading) -> tuple[Signal, ...]:
    """`Link: <…>; rel="license"; type="application/rsl+xml"` (RSL 1.0, 4)."""
    pointers = [line for line in lines if MEDIA_TYPE in line.lower() and "license" in line.lower()]
    return tuple(pointer(line, reading, Authority.HEADER) for line in pointers)


def pointer(text: str, reading: Reading, authority: Authority) -> Signal:
    """Terms that lie elsewhere: named, never fetched."""
    return Signal(
        standard=Standard.RSL,
        source=reading.source,
        authority=authority,
        uses={},
        raw=kept(text),
        warnings=("terms lie elsewhere and are not fetched: read that document too",),
        derivation=(f"licence at {shown(text)}",),
        fetched_at=reading.fetched_at,
    )
