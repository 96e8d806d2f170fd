import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
from pypdf import PdfReader

from tomeishi.consent.permission import Permission
from tomeishi.evidence.capture import Capture
from tomeishi.evidence.contents import Contents
from tomeishi.evidence.documents import LANGUAGES, Signer, _words, report, timecode
from tomeishi.evidence.frame_pairs import FramePair, to_png
from tomeishi.evidence.typeface import _covered, printable, shows
from tomeishi.screening.findings import Finding, MadeBy, Screening
from tomeishi.values import Band, Interval, Kind, Partial, Segment, Skipped, Use, Verdict, digest_of

SIGNER = Signer("証拠管理室", "ed25519:" + "a1" * 16)
LISTED = [("query/query.mp4", 1_234_567, digest_of(b"film")), ("screening.json", 512, digest_of(b"screening"))]


def finding(title: str = "星屑のリリィ", segments: int = 1) -> Finding:
    return Finding(
        work_id="work_1",
        title=title,
        member_id="member_1",
        member="スタジオ星屑",
        reference_id="reference_1",
        reference_path="ep01.mp4",
        reference_digest=digest_of(b"reference"),
        kind=Kind.EDIT,
        band=Band.STRONG,
        score=0.9312,
        segments=tuple(Segment(Interval(i, i + 0.5), Interval(2 * i, 2 * i + 1), 0.9) for i in range(segments)),
        permission=Permission(Use.REPRODUCE, False, (), "No grant is recorded.", "許諾の記録がありません。"),
        verdict=Verdict.BLOCK,
    )


def contents(*findings: Finding, capture: Capture | None = None, pairs: bool = False) -> Contents:
    made_by = MadeBy("0.1.0", (("pdq-1", None), ("image-2", digest_of(b"weights"))), digest_of(b"policy"), ())
    screening = Screening(
        "clip.mp4", digest_of(b"film"), 60.0, findings, (Kind.COPY, Kind.EDIT), Verdict.REVIEW, None, None, made_by
    )
    picture = to_png(np.full((36, 64, 3), 99, np.uint8))
    made = tuple((FramePair(0, 0.25, 0.5, picture, picture),) for _ in findings) if pairs else ()
    return Contents(
        package_id="evidence_1",
        created_at=datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC),
        screening=screening,
        query=None,
        seal_query=False,
        registry={},
        consent={},
        frame_pairs=made,
        capture=capture or Capture(),
    )


def pdf_of(made: Contents, language: str) -> bytes:
    return report(made, 1_234_567, LISTED, SIGNER, language)


def text_of(made: Contents, language: str) -> str:
    """All text, without the spaces and breaks that typesetting puts in."""
    reader = PdfReader(io.BytesIO(pdf_of(made, language)))
    return re.sub(r"[\s\u200b]", "", normalize("NFKC", "".join(page.extract_text() for page in reader.pages)))


def test_the_japanese_report_says_what_was_found() -> None:
    text = text_of(contents(finding(), pairs=True), "ja")
    for words in ("類似調査", "星屑のリリィ", "スタジオ星屑", "許諾なし", "許諾の記録がありません", "証拠管理室"):
        assert words in text
    assert "法的な判断を示すものではありません" in text
    assert "2026年11月23日10:02:03" in text
    assert digest_of(b"film").removeprefix("sha256:") in text
    assert SIGNER.key_id in text


def test_the_english_report_says_what_was_found() -> None:
    text = text_of(contents(finding(), pairs=True), "en")
    for words in ("EvidenceReport", "星屑のリリィ", "Nopermission", "Nograntisrecorded", "0:00:00.250", "×2.00"):
        assert words in text
    assert "Itisnotalegalfinding" in text
    assert "23Nov2026,01:02:03UTC" in text
    assert digest_of(b"screening").removeprefix("sha256:") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_marked_as_pdf_a_tagged_and_dated(language: str) -> None:
    reader = PdfReader(io.BytesIO(pdf_of(contents(finding()), language)))
    root: Any = reader.root_object
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert "2026-11-23" in metadata
    assert root["/Lang"] == language
    assert root["/MarkInfo"]["/Marked"]
    assert len(reader.pages) >= 2
    assert {tuple(round(float(side)) for side in page.mediabox[2:]) for page in reader.pages} == {(595, 842)}
    assert not [page for page in reader.pages if "/Annots" in page], "no links out of an evidence report"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_contents_give_the_same_pdf(language: str) -> None:
    made = contents(finding(), pairs=True)
    assert pdf_of(made, language) == pdf_of(made, language)


HOSTILE = '#read("/etc/passwd") #panic() $x$ *bold* <tag> @ref \\ // "quotes" `raw` #import "@preview/x:1.0.0"'


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_from_outside_are_shown_and_never_run(language: str) -> None:
    capture = Capture(source_url="https://x.example/" + HOSTILE, prompt=HOSTILE, provider=HOSTILE, model=HOSTILE)
    made = contents(finding(HOSTILE), capture=capture)
    made = replace(made, screening=replace(made.screening, query=HOSTILE, partial=Partial(HOSTILE, 1.0)))
    manifest = {"active_manifest": "a", "manifests": {"a": {"claim_generator": HOSTILE}}, "validation_state": HOSTILE}
    text = text_of(replace(made, c2pa_manifest=manifest), language)
    shown = re.sub(r"\s", "", HOSTILE)
    assert text.count(shown) >= 7
    assert "root:" not in text


@pytest.mark.parametrize("manifest", [{}, {"manifests": 3, "active_manifest": "a"}, {"validation_state": ["x"]}])
def test_a_manifest_of_any_form_is_reported(manifest: dict[str, object]) -> None:
    assert "C2PA" in text_of(replace(contents(), c2pa_manifest=manifest), "en")


def test_characters_without_a_glyph_are_spelt_out() -> None:
    text = text_of(contents(finding("絵文字😀 عربي \u202eevil\u202c \x07")), "ja")
    assert "絵文字[U+1F600]" in text
    assert "[U+202E]evil[U+202C][U+0007]" in text


def test_nothing_found_and_nothing_stated_is_a_report_too() -> None:
    text = text_of(contents(), "en")
    assert "Noresemblancetoregisteredworkswasfound" in text
    assert text.count("Notrecorded") == 6


def test_a_query_that_could_not_be_read_is_never_reported_as_clean() -> None:
    made = contents()
    made = replace(made, screening=replace(made.screening, skipped=Skipped("clip.mp4", "not media")))
    text = text_of(made, "ja")
    assert "調査は行われていません" in text
    assert "検出されませんでした" not in text


def test_fifty_segments_and_long_titles_fit_their_pages() -> None:
    made = contents(finding("とても長い題名" * 60, segments=50), finding("A" * 500, segments=230))
    text = text_of(made, "ja")
    assert "0:00:49.000–0:00:49.500" in text
    assert "ほか30区間" in text


def test_both_languages_have_the_same_words() -> None:
    japanese, english = _words("ja"), _words("en")
    assert japanese.keys() == english.keys()
    for group in ("kinds", "kind_meanings", "bands", "band_meanings", "verdicts", "verdict_meanings", "uses"):
        assert japanese[group].keys() == english[group].keys()
    assert set(japanese["kinds"]) == {kind.value for kind in Kind}
    assert set(japanese["bands"]) == {band.value for band in Band}
    assert set(japanese["uses"]) == {use.value for use in Use}
    assert set(japanese["verdicts"]) == {verdict.value for verdict in Verdict}


def test_time_codes_round_to_the_millisecond_and_carry() -> None:
    assert timecode(0) == "0:00:00.000"
    assert timecode(59.9996) == "0:01:00.000"
    assert timecode(7325.0405) == "2:02:05.040"


def test_kana_and_accents_written_in_two_parts_are_joined() -> None:
    assert printable("\u30cf\u309a\u30fc\u30c8 cafe\u0301") == "パート café"
    assert printable("葛\U000e0100城\ufe0f") == "葛城"


def test_long_words_get_places_to_break_and_long_texts_end() -> None:
    assert "\u200b" in printable("https://video.example/" + "a" * 100)
    assert "\u200b" not in printable("short words stay as they are")
    assert printable("あ" * 30, 10) == "あ" * 10 + "…"


def test_the_typeface_covers_what_reports_are_made_of() -> None:
    assert _covered()
    assert all(shows(c) for language in LANGUAGES for c in str(_words(language)) if c not in "\n")
    assert not shows("😀")
