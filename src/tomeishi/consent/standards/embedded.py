"""What a file carries inside: XMP packets in pictures, films and PDFs, and the package document of an EPUB."""

import io
import zipfile
from xml.etree.ElementTree import Element

from tomeishi.consent.standards import plus, tdmrep
from tomeishi.consent.standards.signal import Authority, Reading, Signal, Standard, no_statement
from tomeishi.consent.standards.text import LARGEST_TEXT, Refused, local, raw_of, xml_of
from tomeishi.consent.standards.xmp import packets, properties

_TDM = ("http://www.w3.org/ns/tdmrep/", "http://www.w3.org/ns/tdmrep#")
_CONTAINER = "urn:oasis:names:tc:opendocument:xmlns:container"
_OPF = "http://www.idpf.org/2007/opf"
_MOST_MEMBERS = 10_000


def read_packets(data: bytes, reading: Reading) -> tuple[Signal, ...]:
    """PLUS and TDMRep in the XMP packets of a file's bytes."""
    found: list[Signal] = []
    for packet in packets(data):
        raw = raw_of(packet.data)
        if packet.root is None:
            why = f"an XMP packet cannot be read: {packet.problem}"
            found.append(no_statement(Standard.PLUS, reading, Authority.EMBEDDED, why, raw))
            continue
        found += plus.read(packet.root, raw, reading)
        stated = [each for namespace in _TDM for each in properties(packet.root, namespace)]
        reservations = [each.value for each in stated if each.name == "reservation"]
        policies = [each.value for each in stated if each.name == "policy"]
        found += tdmrep.read_values(reservations, policies, reading, Authority.EMBEDDED)
    return tuple(found)


def read_epub(data: bytes, reading: Reading) -> tuple[Signal, ...]:
    """TDMRep in the package document: `name` and `content` in EPUB 2, `property` and text in EPUB 3."""
    try:
        package = _package(data)
    except Refused as error:
        return (no_statement(Standard.TDMREP, reading, Authority.EMBEDDED, str(error), ""),)
    values: dict[str, list[str]] = {"tdm:reservation": [], "tdm:policy": []}
    for element in package.iter():
        if local(element, _OPF) != "meta":
            continue
        for key in ("property", "name"):
            name = element.get(key)
            if name in values:
                values[name].append((element.get("content") if key == "name" else element.text) or "")
    return tdmrep.read_values(values["tdm:reservation"], values["tdm:policy"], reading, Authority.EMBEDDED)


def _package(data: bytes) -> Element:
    """The package document that `META-INF/container.xml` names (EPUB 3.3, 4.2.6.3)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.infolist()) > _MOST_MEMBERS:
                raise Refused(f"more than {_MOST_MEMBERS:,} files in the archive")
            container = xml_of(_member(archive, "META-INF/container.xml"))
            for element in container.iter():
                path = element.get("full-path")
                if local(element, _CONTAINER) == "rootfile" and path:
                    return xml_of(_member(archive, path))
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Refused(f"not an EPUB: {error}") from error
    raise Refused("not an EPUB: its container names no package document")


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Unpacked no further than a document may be large, whatever its entry says."""
    with archive.open(name) as member:
        return member.read(LARGEST_TEXT + 1)
