"""ODRL policies, ISCC codes, the forms of files, and the table of terms."""

import io
import json

import iscc_lib
import pytest

from tomeishi.consent.standards import odrl
from tomeishi.consent.standards.forms import Form, form_of
from tomeishi.consent.standards.iscc import codes_of
from tomeishi.consent.standards.mapping import TERMS, put_into, terms_of
from tomeishi.consent.standards.signal import Reading, Stance, Standard, combine
from tomeishi.consent.standards.text import Refused, json_of, text_of, xml_of
from tomeishi.errors import BadInput
from tomeishi.values import Use

HERE = Reading("here")


def test_a_policy_says_our_own_uses_too() -> None:
    uses = {Use.GENERATE_CHARACTER: Stance.ALLOW, Use.REPRODUCE: Stance.CONSTRAINED, Use.GENERATE_STYLE: Stance.DENY}
    written = odrl.write("urn:p:1", "urn:w:1", uses)
    assert written.lost == ()
    assert dict(combine(odrl.read(written.text.encode(), HERE)).uses) == uses


def test_every_context_that_a_policy_names_is_shipped() -> None:
    policy = json.loads(odrl.write("urn:p:1", "urn:w:1", {Use.SEARCH: Stance.ALLOW}, assigner="urn:m:1").text)
    assert policy["@type"] == "Offer"
    for address in policy["@context"]:
        assert odrl.context(address)["@context"]
    with pytest.raises(BadInput, match="no context"):
        odrl.context("http://elsewhere/")


@pytest.mark.parametrize(
    "narrowing",
    [
        {"constraint": [{"leftOperand": "dateTime"}]},
        {"duty": [{"action": "compensate"}]},
        {"assignee": "urn:x"},
        {"action": {"@id": "odrl:ai-training", "refinement": []}},
        {"action": [{"rdf:value": {"@id": "odrl:ai-training"}, "refinement": [{"leftOperand": "x"}]}]},
    ],
)
def test_a_permission_that_is_narrowed_is_on_terms(narrowing: dict[str, object]) -> None:
    policy = {"uid": "u", "target": "t", "permission": [{"action": "ai-training"} | narrowing]}
    assert combine(odrl.read(json.dumps(policy).encode(), HERE)).stance(Use.TRAIN) is Stance.CONSTRAINED


def test_a_prohibition_beats_a_permission_and_no_constraint_softens_it() -> None:
    policy = {
        "target": "t",
        "permission": {"action": "http://www.w3.org/ns/odrl/2/data-mining"},
        "prohibition": {"action": "gen-ai", "constraint": [{"leftOperand": "x"}]},
    }
    (signal,) = odrl.read(json.dumps(policy).encode(), HERE)
    assert (signal.stance(Use.TRAIN), signal.stance(Use.INPUT)) == (Stance.DENY, Stance.ALLOW)


@pytest.mark.parametrize("kind", ["Request", "odrl:Request", "Assertion", "http://www.w3.org/ns/odrl/2/Request"])
def test_what_somebody_asks_for_is_no_permission(kind: str) -> None:
    policy = {"@type": kind, "permission": [{"action": "ai-training"}]}
    (signal,) = odrl.read(json.dumps(policy).encode(), HERE)
    assert signal.uses == {}


def test_an_action_that_is_not_known_allows_nothing() -> None:
    (signal,) = odrl.read(b'{"permission": [{"action": "use"}, {"action": "play"}]}', HERE)
    assert signal.uses == {}
    assert len(signal.warnings) == 2


def test_codes_are_those_of_the_standard() -> None:
    """The library carries the standard's own vectors; the second Meta-Code vector (title, extra) is repeated here."""
    assert iscc_lib.conformance_selftest()
    codes = codes_of("Die Unendliche Geschichte", io.BytesIO(b"film"), "Von Michael Ende")
    assert codes.meta == "ISCC:AAAZXZ6OU4E45RB5"


def test_codes_follow_the_file_and_the_composite_names_all_units() -> None:
    one, again, other = (codes_of("星のピコ丸", io.BytesIO(data)) for data in (b"film", b"film", b"film 2"))
    assert one == again
    assert (one.meta, one.instance != other.instance) == (other.meta, True)
    units = iscc_lib.iscc_decompose(one.iscc)
    assert len(units) == 3
    with_picture = codes_of("星のピコ丸", io.BytesIO(b"film"), luma=bytes(range(256)) * 4)
    assert with_picture.content is not None
    assert len(iscc_lib.iscc_decompose(with_picture.iscc)) == 4


@pytest.mark.parametrize(("title", "luma"), [(" ", None), ("x", b"short")])
def test_codes_need_a_title_and_a_whole_picture(title: str, luma: bytes | None) -> None:
    with pytest.raises(BadInput):
        codes_of(title, io.BytesIO(b"film"), luma=luma)


@pytest.mark.parametrize(
    ("name", "head", "form"),
    [
        ("robots.txt", b"", Form.ROBOTS),
        ("saved.txt", b"# hi\nUser-agent: *\n", Form.ROBOTS),
        ("AI.txt", b"User-agent: *\n", Form.AI_TXT),
        ("tdmrep.json", b"{}", Form.TDMREP),
        ("a.json", b' [{"location": "/"}]', Form.TDMREP),
        ("a.json", b'{"active_manifest": "x"}', Form.C2PA_JSON),
        ("a.json", b'\xef\xbb\xbf{"@context": "x"}', Form.ODRL),
        ("license.xml", b'<?xml version="1.0"?><rsl>', Form.RSL),
        ("a", b"<!DOCTYPE html><html>", Form.HTML),
        ("a.html", b"hello", Form.HTML),
        ("a.xmp", b"<x:xmpmeta", Form.MEDIA),
        ("a", b"HTTP/2 200\r\n", Form.HEADERS),
        ("a", b"cache-control: no-store\r\ncontent-usage: train-ai=n\r\n", Form.HEADERS),
        ("a.jpg", b"\xff\xd8\xff\xe0", Form.MEDIA),
        ("a.zip", b"PK\x03\x04....mimetypeapplication/epub+zip", Form.EPUB),
        ("a.txt", b"nothing of the kind", Form.MEDIA),
    ],
)
def test_a_form_is_told_by_name_and_content(name: str, head: bytes, form: Form) -> None:
    assert form_of(name, head) is form


def test_no_term_touches_what_a_generator_puts_out() -> None:
    outputs = {Use.REPRODUCE, Use.GENERATE_CHARACTER, Use.GENERATE_STYLE}
    assert not [term.token for term in TERMS if outputs & {*term.allows, *term.in_part, *term.refuses}]


def test_every_standard_has_its_terms_and_every_term_says_what_is_lost() -> None:
    assert all(terms_of(standard) for standard in Standard)
    assert all(term.lost for term in TERMS)


def test_a_yes_that_would_free_more_is_not_written() -> None:
    words = put_into(Standard.TDMREP, ("tdm-reservation",), {Use.TRAIN: Stance.ALLOW, Use.FINE_TUNE: Stance.ALLOW})
    assert words.said == ()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xfea\x00", "UTF-16"),
        ("é".encode("latin-1"), "not UTF-8"),
        (b"a\x00b", "U+0000"),
        (b"a\x1b[2J", "U+001B"),
        (b"x" * (1 << 20), "larger than"),
    ],
)
def test_text_that_is_none_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why.replace("+", r"\+")):
        text_of(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b"[NaN]", "no JSON number"),
        (b"[" * 100 + b"]" * 100, "deeper than"),
        (b"[" * 400_000, "deeper than"),
        (b'{"a":' * 90_000, "deeper than"),
        (b"[" + b"9" * 5000 + b"]", "not JSON"),
        (b"{", "not JSON"),
        (b'["\\ud800"]', "surrogate"),
    ],
)
def test_json_that_readers_could_disagree_about_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        json_of(data)


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b"<!DOCTYPE x><x/>",
        b"<x>" * 100 + b"</x>" * 100,
        b"<x>",
        b"",
        b'<?xml version="1.0" encoding="utf-7"?><x/>',
        b"<x>\x00</x>",
    ],
)
def test_xml_that_could_do_more_than_say_something_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        xml_of(data)
