"""Which kind of document a file is, told by its name and its first bytes, and the reader for it."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from tomeishi.consent.standards import ai_txt, cawg, embedded, headers, odrl, page, robots, rsl, tdmrep
from tomeishi.consent.standards.signal import Reading, Signal

HEAD_BYTES = 4096
_GROUP = re.compile(rb"^[ \t]*user-agent[ \t]*:", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(rb"HTTP/\d")
_FIELD = re.compile(rb"[A-Za-z][A-Za-z-]*:[ \t]|[ \t\r]*$")


class Form(StrEnum):
    """Kinds of documents that are read."""

    HEADERS = "headers"
    ROBOTS = "robots"
    AI_TXT = "ai-txt"
    TDMREP = "tdmrep"
    RSL = "rsl"
    HTML = "html"
    ODRL = "odrl"
    C2PA_JSON = "c2pa-json"
    EPUB = "epub"
    MEDIA = "media"


READERS: Mapping[Form, Callable[[bytes, Reading], tuple[Signal, ...]]] = {
    Form.HEADERS: headers.read,
    Form.ROBOTS: robots.read,
    Form.AI_TXT: ai_txt.read,
    Form.TDMREP: tdmrep.read_file,
    Form.RSL: rsl.read,
    Form.HTML: page.read,
    Form.ODRL: odrl.read,
    Form.C2PA_JSON: cawg.read_text,
    Form.EPUB: embedded.read_epub,
    Form.MEDIA: embedded.read_packets,
}

_NAMES = {"robots.txt": Form.ROBOTS, "ai.txt": Form.AI_TXT, "tdmrep.json": Form.TDMREP}
_ENDINGS = {".html": Form.HTML, ".htm": Form.HTML, ".xhtml": Form.HTML, ".epub": Form.EPUB, ".xmp": Form.MEDIA}
_ENDINGS |= {".headers": Form.HEADERS}


def form_of(name: str, head: bytes) -> Form:
    """The form of a file by its name (without folders) and its first `HEAD_BYTES`; what is nothing else is media."""
    name = name.lower()
    if name in _NAMES:
        return _NAMES[name]
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lowered = start.lower()
    if start.startswith(b"PK\x03\x04") and b"application/epub+zip" in head:
        return Form.EPUB
    for ending, form in _ENDINGS.items():
        if name.endswith(ending):
            return form
    if start.startswith((b"{", b"[")):
        return _json_form(start)
    if start.startswith(b"<"):
        if b"<html" in lowered or lowered.startswith(b"<!doctype html"):
            return Form.HTML
        return Form.MEDIA if b"xmpmeta" in start or b"<rdf:RDF" in start else Form.RSL
    if _STATUS.match(start):
        return Form.HEADERS
    if _GROUP.search(start) and b"\x00" not in head:
        return Form.ROBOTS
    lines = start.splitlines()[:3]
    return Form.HEADERS if lines and all(map(_FIELD.match, lines)) else Form.MEDIA


def _json_form(start: bytes) -> Form:
    if b'"manifests"' in start or b'"active_manifest"' in start:
        return Form.C2PA_JSON
    return Form.TDMREP if start.startswith(b"[") else Form.ODRL
