"""What sites state: robots.txt and its rules, tdmrep.json, RSL, ai.txt, pages and headers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tomeishi.consent.standards import ai_txt, aipref, headers, page, robots, rsl, tdmrep
from tomeishi.consent.standards.signal import Authority, Reading, Signal, Stance, Standard, combine
from tomeishi.consent.standards.tdmrep import Contact, LocationRule
from tomeishi.errors import BadInput
from tomeishi.values import Use

HERE = Reading("here")
ROOT = Reading("here", "/")
ALLOWED = dict.fromkeys(Use, Stance.ALLOW)


def _train(signals: Sequence[Signal]) -> Stance:
    return combine(signals).stance(Use.TRAIN)


@pytest.mark.parametrize(
    "value",
    ["", "train-ai", 'train-ai="n"', "train-ai=?0", "train-ai=no", "train-ai=N", "train-ai=(n)", "train-genai=n"],
)
def test_what_is_neither_y_nor_n_is_unknown(value: str) -> None:
    assert _train(aipref.read_header([value], HERE)) is Stance.UNKNOWN


@pytest.mark.parametrize(
    ("value", "hint"),
    [("train-genai=n", "earlier draft"), ("ai-train=n", "train-ai"), ("bots=n", "earlier draft"), ("foo=n", "unknown")],
)
def test_a_label_that_is_none_is_told(value: str, hint: str) -> None:
    (signal,) = aipref.read_header([value], HERE)
    assert hint in signal.warnings[0]


def test_lines_of_one_header_are_one_dictionary() -> None:
    (signal,) = aipref.read_header(["train-ai=y", "train-ai=n"], HERE)
    assert signal.stance(Use.TRAIN) is Stance.DENY
    assert "train-ai stands more than once: the last one counts" in signal.warnings


def test_a_broken_header_says_nothing_and_keeps_its_text() -> None:
    (signal,) = aipref.read_header(["train-ai=n, =="], HERE)
    assert signal.uses == {}
    assert signal.raw == "train-ai=n, =="
    assert signal.warnings[0].startswith("no statement: not an RFC 9651 dictionary")


def test_a_path_that_may_not_be_fetched_refuses_and_one_that_may_allows_nothing() -> None:
    text = b"User-agent: *\nDisallow: /x\n"
    assert _train(robots.read(text, Reading("here", "/x/1"))) is Stance.DENY
    assert _train(robots.read(text, Reading("here", "/y"))) is Stance.UNKNOWN


def test_without_a_path_every_rule_is_told_with_its_scope() -> None:
    found = robots.read(b"User-agent: *\nDisallow: /x\nDisallow: /y\nContent-Usage: /z train-ai=y\n", HERE)
    assert [(each.standard, each.scope) for each in found] == [
        (Standard.ROBOTS, "/x"),
        (Standard.ROBOTS, "/y"),
        (Standard.AIPREF, "/z"),
    ]


def test_a_rule_before_the_first_group_says_nothing_and_is_told() -> None:
    (signal,) = robots.read(b"Content-Usage: train-ai=y\nUser-agent: *\nAllow: /\n", ROOT)
    assert signal.uses == {}
    assert "stands before the first group" in signal.warnings[0]


def test_a_licence_that_robots_points_to_is_named_and_not_followed() -> None:
    signal = robots.read(b"License: https://hoshikawa.example/l.xml\n", ROOT)[-1]
    assert (signal.standard, signal.uses) == (Standard.RSL, {})
    assert "not fetched" in signal.warnings[0]


def test_a_written_group_can_be_appended_to_a_robots_file() -> None:
    written = aipref.write_rules({"/": {Use.TRAIN: Stance.DENY, Use.FINE_TUNE: Stance.DENY}, "/open/": ALLOWED})
    assert written.text.splitlines() == [
        "User-agent: *",
        "Allow: /",
        "Content-Usage: / train-ai=n",
        "Content-Usage: /open/ train-ai=y, search=y",
    ]
    assert _train(robots.read(written.text.encode(), Reading("here", "/open/1"))) is Stance.ALLOW


@pytest.mark.parametrize("path", ["open", "/a b", "/a#b", "/a\nDisallow: /"])
def test_a_path_that_would_break_the_file_is_refused(path: str) -> None:
    with pytest.raises(BadInput, match="not a path"):
        aipref.write_rules({path: ALLOWED})


@pytest.mark.parametrize("value", ["2", '"1"', "true", "null", "1.0", "[]"])
def test_a_reservation_of_another_value_is_unset(value: str) -> None:
    (signal,) = tdmrep.read_file(f'[{{"location": "/", "tdm-reservation": {value}}}]'.encode(), ROOT)
    assert signal.uses == {}
    assert "unset" in signal.warnings[0]


def test_the_first_rule_that_matches_counts_even_where_a_later_one_is_longer() -> None:
    rules = [LocationRule("/", {}), LocationRule("/open/", ALLOWED)]
    text = tdmrep.write_file(rules).text.encode()
    assert _train(tdmrep.read_file(text, Reading("here", "/open/1"))) is Stance.DENY


def test_the_nearer_to_the_work_supersedes_and_what_is_unset_does_not() -> None:
    site = tdmrep.signal("1", None, HERE, Authority.SITE, raw="")
    header = tdmrep.signal("0", None, HERE, Authority.HEADER, raw="")
    unset = tdmrep.signal("7", None, HERE, Authority.EMBEDDED, raw="")
    assert _train(tdmrep.settled([site, header])) is Stance.ALLOW
    assert _train(tdmrep.settled([unset, site])) is Stance.DENY


def test_the_priority_of_tdmrep_supersedes_no_other_standard() -> None:
    site = tdmrep.signal("1", None, HERE, Authority.SITE, raw="")
    other = replace(site, standard=Standard.RSL)
    header = tdmrep.signal("0", None, HERE, Authority.HEADER, raw="")
    assert _train(tdmrep.settled([other, header])) is Stance.DENY


def test_a_policy_asks_for_consent_first() -> None:
    text = tdmrep.write_policy("https://h.example/p/1", Contact("星川スタジオ", email="r@h.example"), fee=True)
    assert '"obtainConsent"' in text
    assert '"mailto:r@h.example"' in text
    with pytest.raises(BadInput, match="a purpose is"):
        tdmrep.write_policy("u", Contact("n"), purpose="fun")


def test_the_two_words_that_mirror_each_other_are_told_apart() -> None:
    text = '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>{}</license></content></rsl>'
    wrong = text.format('<permits type="usage">train-ai</permits>').encode()
    right = text.format('<permits type="usage">ai-train</permits>').encode()
    (signal,) = rsl.read(wrong, ROOT)
    assert signal.uses == {}
    assert "RSL 1.0 says ai-train" in signal.warnings[0]
    assert _train(rsl.read(right, ROOT)) is Stance.ALLOW


@pytest.mark.parametrize(
    "terms",
    [
        '<payment type="attribution"/>',
        "<payment><custom>https://a.example/ask</custom></payment>",
        '<reporting type="audit" profile="https://a.example/audit"/>',
        '<permits type="user">non-commercial</permits>',
        '<prohibits type="geo">JP</prohibits>',
        "<surprise/>",
        '<other xmlns="urn:x"/>',
    ],
)
def test_a_permit_beside_a_condition_is_on_terms(terms: str) -> None:
    text = (
        '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><permits type="usage">ai-train</permits>'
        f"{terms}</license></content></rsl>"
    )
    (signal,) = rsl.read(text.encode(), ROOT)
    assert signal.stance(Use.TRAIN) is Stance.CONSTRAINED
    assert signal.conditions


def test_a_prohibition_beats_a_permit_in_any_licence() -> None:
    text = (
        '<rsl xmlns="https://rslstandard.org/rsl"><content url="/">'
        '<license><permits type="usage">all</permits></license>'
        '<license><prohibits type="usage">ai-train</prohibits></license></content></rsl>'
    )
    assert _train(rsl.read(text.encode(), ROOT)) is Stance.DENY


def test_a_content_that_permits_uses_refuses_those_that_no_licence_of_it_lists() -> None:
    text = (
        '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><permits type="usage">search</permits>'
        '</license>{}</content><content url="/b/"><license><permits type="usage">ai-train</permits></license></content>'
        "</rsl>"
    )
    another = '<license><permits type="usage">ai-input</permits><payment type="attribution"/></license>'
    (alone,) = rsl.read(text.format("").encode(), ROOT)
    assert (alone.stance(Use.SEARCH), alone.stance(Use.TRAIN), alone.stance(Use.INPUT)) == (
        Stance.ALLOW,
        Stance.DENY,
        Stance.DENY,
    )
    assert "permits lists other uses only" in alone.derivation[-1]
    both = combine(rsl.read(text.format(another).encode(), ROOT)).uses
    assert (both[Use.SEARCH], both[Use.INPUT], both[Use.TRAIN]) == (Stance.ALLOW, Stance.CONSTRAINED, Stance.DENY)
    assert _train(rsl.read(text.format("").encode(), replace(ROOT, path="/b/one"))) is Stance.ALLOW
    only_prohibits = text.format("").replace("permits", "prohibits").encode()
    assert rsl.read(only_prohibits, ROOT)[0].stance(Use.TRAIN) is Stance.UNKNOWN


def test_a_written_rsl_document_is_the_standards() -> None:
    written = rsl.write([rsl.Content("/ep/*", {Use.TRAIN: Stance.DENY, Use.SEARCH: Stance.ALLOW}, terms="https://h/t")])
    assert '<rsl xmlns="https://rslstandard.org/rsl">' in written.text
    assert '<prohibits type="usage">ai-train</prohibits>' in written.text
    assert '<permits type="usage">search</permits>' not in rsl.write([rsl.Content("/", {})]).text
    assert written.lost == tuple(f"/ep/*: {use}: unknown is written as deny" for use in ("fine_tune", "input", "index"))


def test_an_ai_txt_speaks_of_kinds_of_files() -> None:
    text = b"User-Agent: *\nDisallow: *.jpg\nAllow: *.png\n"
    assert _train(ai_txt.read(text, Reading("here", "/a.jpg"))) is Stance.DENY
    assert _train(ai_txt.read(text, Reading("here", "/a.png"))) is Stance.CONSTRAINED
    assert _train(ai_txt.read(text, Reading("here", "/a.gif"))) is Stance.UNKNOWN


def test_another_format_called_ai_txt_says_nothing() -> None:
    (signal,) = ai_txt.read(b"# ai.txt\nSite-Name: x\nTraining: allow\n", HERE)
    assert signal.uses == {}
    assert signal.warnings


def test_a_page_is_read_in_its_head_only() -> None:
    text = b'<html><head><META NAME="Robots" CONTENT="NoAI"></head><body><meta name="tdm-reservation" content="0">'
    (signal,) = page.read(text, HERE)
    assert (signal.standard, signal.authority, signal.stance(Use.TRAIN)) == (
        Standard.ROBOTS_TAG,
        Authority.PAGE,
        Stance.DENY,
    )


def test_a_licence_within_a_page_is_read() -> None:
    text = (
        '<head><link rel="license" type="application/rsl+xml" href="/l.xml"><script type="application/rsl+xml">'
        '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><prohibits type="usage">ai-all</prohibits>'
        "</license></content></rsl></script></head>"
    )
    found = page.read(text.encode(), ROOT)
    assert _train(found) is Stance.DENY
    assert any("not fetched" in warning for each in found for warning in each.warnings)


def test_only_the_last_answer_of_a_dump_counts_and_its_date_is_kept() -> None:
    dump = (
        b"HTTP/1.1 302 Found\nContent-Usage: train-ai=y\n\n"
        b"HTTP/1.1 200 OK\nDate: Wed, 21 Oct 2026 04:48:02 GMT\nContent-Usage:\n train-ai=n\n\n<html>"
    )
    (signal,) = headers.read(dump, HERE)
    assert signal.stance(Use.TRAIN) is Stance.DENY
    assert signal.declared_at == datetime(2026, 10, 21, 4, 48, 2, tzinfo=UTC)


def test_a_tag_for_another_crawler_is_not_for_this_one() -> None:
    dump = b"HTTP/2 200\nX-Robots-Tag: otherbot: noai\nX-Robots-Tag: noindex\n"
    assert _train(headers.read(dump, HERE)) is Stance.UNKNOWN
    assert _train(headers.read(dump, Reading("here", agent="OtherBot"))) is Stance.DENY
    assert combine(headers.read(dump, HERE)).stance(Use.INDEX) is Stance.DENY


def test_content_signals_stand_in_headers_too() -> None:
    found = headers.read(b"HTTP/2 200\nContent-Signal: ai-train=no, search=yes, ai-input=maybe\n", HERE)
    together = combine(found)
    assert (together.stance(Use.TRAIN), together.stance(Use.SEARCH), together.stance(Use.INPUT)) == (
        Stance.DENY,
        Stance.ALLOW,
        Stance.UNKNOWN,
    )


@pytest.mark.parametrize("filler", ["<p>", "あ>", "<!-- -->", "x"])
def test_a_long_page_is_read_where_its_head_ends_soon(filler: str) -> None:
    body = filler * (600_000 // len(filler))
    head = '<html><head><meta name="robots" content="noai">'
    assert _train(page.read(f"{head}</head><body>{body}".encode(), HERE)) is Stance.DENY
    (signal,) = page.read(f"{head}<style>{body}".encode(), HERE)
    assert signal.uses == {}
    assert "does not end within" in signal.warnings[0]
