"""What files carry inside: XMP in real containers, EPUB packages, Content Credentials as JSON."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image, PngImagePlugin
from pypdf import PdfWriter

from tomeishi.consent.standards import cawg, embedded
from tomeishi.consent.standards.mapping import terms_of
from tomeishi.consent.standards.signal import Authority, Reading, Stance, Standard, combine
from tomeishi.consent.standards.xmp import LARGEST_PACKET, MOST_PACKETS, packets
from tomeishi.values import Use

HERE = Reading("here")
NAMESPACES = (
    'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" xmlns:x="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:tdm="http://www.w3.org/ns/tdmrep/"'
)


def _xmp(properties: str, attributes: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {NAMESPACES} {attributes}>{properties}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


REFUSED = _xmp("<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED</plus:DataMining>")


def _picture(kind: str, packet: bytes) -> bytes:
    written, picture = io.BytesIO(), Image.new("RGB", (8, 8))
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", packet.decode())
        picture.save(written, "PNG", pnginfo=text)
    elif kind == "TIFF":
        picture.save(written, "TIFF", tiffinfo={700: packet})
    else:
        picture.save(written, kind, xmp=packet)
    return written.getvalue()


def _pdf(packet: bytes) -> bytes:
    writer, written = PdfWriter(), io.BytesIO()
    writer.add_blank_page(72, 72)
    writer.xmp_metadata = packet
    writer.write(written)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "PDF"])
def test_a_packet_is_found_in_the_bytes_of_a_file(kind: str) -> None:
    data = _pdf(REFUSED) if kind == "PDF" else _picture(kind, REFUSED)
    (signal,) = embedded.read_packets(data, HERE)
    assert (signal.standard, signal.authority) == (Standard.PLUS, Authority.EMBEDDED)
    assert signal.stance(Use.TRAIN) is Stance.DENY


@pytest.mark.parametrize("form", ["element", "attribute", "resource", "bare"])
def test_the_value_is_found_in_each_of_its_forms(form: str) -> None:
    address = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"
    packet = {
        "element": _xmp(f"<plus:DataMining>{address}</plus:DataMining>"),
        "attribute": _xmp("", f'plus:DataMining="{address}"'),
        "resource": _xmp(f'<plus:DataMining rdf:resource="{address}"/>'),
        "bare": _xmp("<plus:DataMining>DMI-PROHIBITED-AIMLTRAINING</plus:DataMining>"),
    }[form]
    (signal,) = embedded.read_packets(packet, HERE)
    assert dict(signal.uses) == {Use.TRAIN: Stance.DENY, Use.FINE_TUNE: Stance.DENY}


def test_all_nine_values_are_known_and_only_two_leave_anything() -> None:
    freeing = set()
    values = [term.token for term in terms_of(Standard.PLUS)]
    assert len(values) == 9
    for value in values:
        (signal,) = embedded.read_packets(_xmp(f"<plus:DataMining>{value}</plus:DataMining>"), HERE)
        assert not signal.warnings
        if {Stance.ALLOW, Stance.CONSTRAINED} & set(signal.uses.values()):
            freeing.add(value)
    assert freeing == {"DMI-ALLOWED", "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING"}


@pytest.mark.parametrize("value", ["DMI-SOMETHING", "dmi-allowed", "", "http://elsewhere/DMI-ALLOWED"])
def test_another_value_is_unknown(value: str) -> None:
    (signal,) = embedded.read_packets(_xmp(f"<plus:DataMining>{value}</plus:DataMining>"), HERE)
    assert signal.uses == {}
    assert signal.warnings


@pytest.mark.parametrize(
    ("value", "terms"),
    [
        ("SEECONSTRAINT", "<plus:OtherConstraints>ask</plus:OtherConstraints>"),
        ("SEEEMBEDDEDRIGHTSEXPR", "<x:EmbdEncRightsExpr>ask</x:EmbdEncRightsExpr>"),
        ("SEELINKEDRIGHTSEXPR", "<x:LinkedEncRightsExpr>ask</x:LinkedEncRightsExpr>"),
    ],
)
def test_a_value_that_points_elsewhere_is_on_terms_only_where_they_are_there(value: str, terms: str) -> None:
    mining = f"<plus:DataMining>DMI-PROHIBITED-{value}</plus:DataMining>"
    (without,) = embedded.read_packets(_xmp(mining), HERE)
    (with_terms,) = embedded.read_packets(_xmp(mining + terms), HERE)
    assert without.stance(Use.TRAIN) is Stance.DENY
    assert (with_terms.stance(Use.TRAIN), with_terms.conditions) == (Stance.CONSTRAINED, ("ask",))


def test_tdmrep_in_a_pdf_is_read() -> None:
    (signal,) = embedded.read_packets(_pdf(_xmp("<tdm:reservation>1</tdm:reservation>")), HERE)
    assert (signal.standard, signal.stance(Use.TRAIN)) == (Standard.TDMREP, Stance.DENY)


def test_a_packet_without_an_end_is_told_and_the_next_one_is_read() -> None:
    data = b"<x:xmpmeta" + b" " * (LARGEST_PACKET + 1) + REFUSED
    broken, whole = embedded.read_packets(data, HERE)
    assert "no end within" in broken.warnings[0]
    assert whole.stance(Use.TRAIN) is Stance.DENY


def test_packets_without_end_in_number_are_not_read_for_ever() -> None:
    assert len(packets(REFUSED * (MOST_PACKETS + 5))) == MOST_PACKETS


def _epub(meta: str, *, packed: bool = True) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OPS/package.opf"/></rootfiles></container>',
        )
        if packed:
            archive.writestr(
                "OPS/package.opf",
                f'<package xmlns="http://www.idpf.org/2007/opf"><metadata>{meta}</metadata></package>',
            )
    return written.getvalue()


@pytest.mark.parametrize(
    "meta", ['<meta name="tdm:reservation" content="1"/>', '<meta property="tdm:reservation">1</meta>']
)
def test_an_epub_of_either_version_is_read(meta: str) -> None:
    (signal,) = embedded.read_epub(_epub(meta), HERE)
    assert (signal.standard, signal.stance(Use.TRAIN)) == (Standard.TDMREP, Stance.DENY)


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"", _epub("", packed=False), _epub("<!DOCTYPE x>")])
def test_a_broken_epub_says_nothing(data: bytes) -> None:
    (signal,) = embedded.read_epub(data, HERE)
    assert signal.uses == {}
    assert signal.warnings[0].startswith("no statement")


def test_an_epub_that_unpacks_to_too_much_is_refused() -> None:
    (signal,) = embedded.read_epub(_epub(" " * (50 << 20)), HERE)
    assert "larger than" in signal.warnings[0]


def _store(entries: Mapping[str, Any], state: str = "Valid", active: str = "m") -> dict[str, Any]:
    assertion = {"label": "cawg.training-mining", "data": {"entries": entries}}
    return {"validation_state": state, "active_manifest": active, "manifests": {"m": {"assertions": [assertion]}}}


YES = {"cawg.ai_generative_training": {"use": "allowed"}}


def test_a_signed_assertion_is_the_strongest_source() -> None:
    (signal,) = cawg.read(_store(YES), HERE)
    assert (signal.authority, signal.stance(Use.TRAIN)) == (Authority.SIGNED, Stance.ALLOW)


@pytest.mark.parametrize("state", ["Invalid", "", "valid"])
def test_a_signature_that_does_not_hold_never_counts(state: str) -> None:
    (signal,) = cawg.read(_store(YES, state), HERE)
    assert signal.uses == {}
    assert "does not hold" in signal.warnings[0]


def test_credentials_that_lie_elsewhere_are_told() -> None:
    (signal,) = cawg.read({"validation_state": "NotFetched", "remote_manifest": "http://h/m"}, HERE)
    assert signal.uses == {}


def test_an_ingredient_may_refuse_and_not_allow() -> None:
    assert cawg.read(_store(YES, active="other"), HERE)[0].uses == {}
    no = {"cawg.ai_generative_training": {"use": "notAllowed"}}
    assert cawg.read(_store(no, active="other"), HERE)[0].stance(Use.TRAIN) is Stance.DENY


@pytest.mark.parametrize("name", ["constraint_info", "constraints_info"])
def test_constrained_is_a_refusal_unless_it_says_how(name: str) -> None:
    entry = {"cawg.ai_inference": {"use": "constrained"}}
    assert cawg.read(_store(entry), HERE)[0].stance(Use.INPUT) is Stance.DENY
    (signal,) = cawg.read(_store({"cawg.ai_inference": {"use": "constrained", name: "ask"}}), HERE)
    assert (signal.stance(Use.INPUT), signal.conditions) == (Stance.CONSTRAINED, ("cawg.ai_inference: ask",))


@pytest.mark.parametrize("entry", [{"use": "yes"}, {"use": True}, {}, "allowed", None, []])
def test_another_choice_is_unknown(entry: Any) -> None:
    (signal,) = cawg.read(_store({"cawg.ai_inference": entry}), HERE)
    assert signal.uses == {}
    assert signal.warnings


def test_leave_for_models_that_generate_nothing_is_no_leave_to_train() -> None:
    (signal,) = cawg.read(_store({"cawg.ai_training": {"use": "allowed"}}), HERE)
    assert signal.stance(Use.TRAIN) is Stance.CONSTRAINED


def test_generative_training_refused_beats_other_training_allowed() -> None:
    entries = {"cawg.ai_training": {"use": "allowed"}, "cawg.ai_generative_training": {"use": "notAllowed"}}
    assert combine(cawg.read(_store(entries), HERE)).stance(Use.TRAIN) is Stance.DENY
