"""Bytes from outside to text, JSON and XML, within bounds. What breaks a bound is refused whole, never read in part."""

import json
import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

LARGEST_TEXT = 512 << 10
"""Bytes of one document. RFC 9309 (2.5) asks for at least 500 KiB of a robots.txt to be read; none of the other
formats comes near it."""

DEEPEST = 64
"""Levels of JSON or XML."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


class Refused(Exception):
    """The document cannot be read as its format; the message says why. Readers turn it into "no statement"."""


def text_of(data: bytes) -> str:
    """UTF-8, with or without its mark. Raises Refused: too large, another encoding, control characters."""
    if len(data) > LARGEST_TEXT:
        raise Refused(f"larger than {LARGEST_TEXT:,} bytes")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("UTF-16, where UTF-8 is asked for")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"not UTF-8: byte {error.start} is 0x{data[error.start]:02x}") from error
    check_controls(text)
    return text


def check_controls(text: str) -> None:
    """Raises Refused where a character would hide or move others."""
    if found := _CONTROLS.search(text):
        raise Refused(f"control character U+{ord(found[0]):04X} at character {found.start()}")


def raw_of(data: bytes) -> str:
    """The beginning of bytes that may not be text, for a signal to keep."""
    return data[: LARGEST_TEXT >> 4].decode("utf-8", "backslashreplace")


def json_of(data: bytes) -> Any:
    """JSON (RFC 8259) without what readers disagree about: a key that stands twice, and numbers that are none."""
    text = text_of(data)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except RecursionError as error:
        raise Refused(f"JSON deeper than {DEEPEST} levels") from error
    except ValueError as error:
        raise Refused(f"not JSON: {error}") from error
    if _deeper(value, DEEPEST):
        raise Refused(f"JSON deeper than {DEEPEST} levels")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Refused("half of a surrogate pair, which is no letter") from error
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(f"the key {twice[:60]!r} stands twice")
    return found


def _no_number(name: str) -> Any:
    raise Refused(f"{name} is no JSON number")


def _deeper(value: Any, levels: int) -> bool:
    within = [value]
    for _ in range(levels):
        containers = [each for each in within if isinstance(each, dict | list)]
        within = [inner for each in containers for inner in (each.values() if isinstance(each, dict) else each)]
        if not within:
            return False
    return any(isinstance(each, dict | list) for each in within)


def xml_of(data: bytes) -> Element:
    """The root of an XML document without a document type, hence without entities of its own."""
    if len(data) > LARGEST_TEXT:
        raise Refused(f"larger than {LARGEST_TEXT:,} bytes")
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise Refused(f"XML that declares a document type or entities ({type(error).__name__})") from error
    except (ParseError, ValueError, LookupError) as error:
        raise Refused(f"not XML: {error}") from error
    within = [root]
    for _ in range(DEEPEST):
        within = [inner for each in within for inner in each]
        if not within:
            return root
    raise Refused(f"XML deeper than {DEEPEST} levels")


def local(element: Element, namespace: str) -> str | None:
    """The element's name where it lies in `namespace`, otherwise None."""
    start = f"{{{namespace}}}"
    return element.tag[len(start) :] if isinstance(element.tag, str) and element.tag.startswith(start) else None
