"""XMP packets (ISO 16684-1) in the bytes of pictures, films and PDFs, found by a bounded search, never by decoding.

Packets that are compressed, in UTF-16, or cut into several segments (JPEG's extended XMP) are not found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from tomeishi.consent.standards.text import Refused, local, xml_of

LARGEST_PACKET = 256 << 10
MOST_PACKETS = 16
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ENDS = {b"<x:xmpmeta": b"</x:xmpmeta>", b"<rdf:RDF": b"</rdf:RDF>"}


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: its bytes, and its root, or why it could not be read."""

    data: bytes
    root: Element | None
    problem: str = ""


def packets(data: bytes) -> tuple[Packet, ...]:
    """The first packets of a file's bytes, in their order."""
    found: list[Packet] = []
    at = 0
    while len(found) < MOST_PACKETS:
        starts = {begin: place for begin in _ENDS if (place := data.find(begin, at)) >= 0}
        if not starts:
            break
        begin = min(starts, key=lambda each: starts[each])
        start = starts[begin]
        end = data.find(_ENDS[begin], start, start + LARGEST_PACKET)
        if end < 0:
            at = start + len(begin)
            found.append(Packet(data[start : start + 256], None, f"no end within {LARGEST_PACKET:,} bytes"))
            continue
        at = end + len(_ENDS[begin])
        found.append(_parsed(data[start:at]))
    return tuple(found)


def _parsed(data: bytes) -> Packet:
    try:
        return Packet(data, xml_of(data))
    except Refused as error:
        return Packet(data, None, str(error))


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the file itself with its text, from whichever of RDF's forms."""

    name: str
    value: str


def properties(root: Element, namespace: str) -> Iterator[Property]:
    """Properties of a namespace on the descriptions at the top: as attributes, text, `rdf:resource` or list items."""
    tops = [root] if local(root, RDF) == "RDF" else [each for each in root if local(each, RDF) == "RDF"]
    for description in (each for top in tops for each in top if local(each, RDF) == "Description"):
        start = f"{{{namespace}}}"
        for key, value in description.attrib.items():
            if key.startswith(start):
                yield Property(key[len(start) :], value.strip())
        for child in description:
            name = local(child, namespace)
            if name is not None:
                yield Property(name, _value(child))


def _value(element: Element) -> str:
    resource = element.get(f"{{{RDF}}}resource")
    if resource is not None:
        return resource.strip()
    return " ".join("".join(element.itertext()).split())
