"""An HTML page: robots words, TDMRep and RSL in its head. Comments, scripts' texts and the body state nothing."""

from html.parser import HTMLParser

from tomeishi.consent.standards import robots_tags, rsl, tdmrep
from tomeishi.consent.standards.headers import pointer
from tomeishi.consent.standards.signal import Authority, Reading, Signal, Standard, no_statement
from tomeishi.consent.standards.text import LARGEST_TEXT, Refused, raw_of, text_of

_MOST_ELEMENTS = 2_000


def read(data: bytes, reading: Reading) -> tuple[Signal, ...]:
    """A page may be of any size, its head must end within 512 KiB: what lies past them is not looked at."""
    try:
        head = _head(data)
    except (Refused, AssertionError) as error:
        # The parser of Python 3.11 asserts that a marked section has a name.
        return (no_statement(Standard.ROBOTS_TAG, reading, Authority.PAGE, str(error), raw_of(data)),)
    names = {"robots", *([reading.agent.lower()] if reading.agent else [])}
    found: list[Signal] = [
        robots_tags.read_words(content, reading, Authority.PAGE) for name, content in head.meta if name in names
    ]
    reservations = [content for name, content in head.meta if name == tdmrep.RESERVATION]
    policies = [content for name, content in head.meta if name == tdmrep.POLICY]
    found += tdmrep.read_values(reservations, policies, reading, Authority.PAGE)
    found += [pointer(address, reading, Authority.PAGE) for address in head.licences]
    for text in head.documents:
        found += rsl.read(text.encode(), reading, Authority.PAGE)
    return tuple(found)


def _head(data: bytes) -> "_Head":
    whole = len(data) <= LARGEST_TEXT
    head = _Head()
    head.feed(text_of(data if whole else data[: data.rfind(b">", 0, LARGEST_TEXT) + 1]))
    if not whole and not head.over:
        raise Refused(f"its head does not end within {LARGEST_TEXT:,} bytes")
    return head


class _Head(HTMLParser):
    """Collects from the head until it ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.meta: list[tuple[str, str]] = []
        self.licences: list[str] = []
        self.documents: list[str] = []
        self.over = False
        self._seen = 0
        self._script: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._seen += 1
        if tag == "body" or self._seen > _MOST_ELEMENTS:
            self.over = True
        if self.over:
            return
        # The first of equal attributes counts (HTML, tokenization).
        given = {name: value or "" for name, value in reversed(attrs)}
        if tag == "meta" and given.get("name"):
            self.meta.append((given["name"].strip().lower(), given.get("content", "")))
        elif tag == "link" and "license" in given.get("rel", "").lower().split():
            if given.get("type", "").strip().lower() == rsl.MEDIA_TYPE:
                self.licences.append(given.get("href", ""))
        elif tag == "script" and given.get("type", "").strip().lower() == rsl.MEDIA_TYPE:
            self._script = []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._script is not None:
            self.documents.append("".join(self._script))
            self._script = None
        elif tag == "head":
            self.over = True
