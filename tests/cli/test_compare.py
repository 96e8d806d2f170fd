"""`tomeishi compare`: two files, no installation, and a page that needs nothing else."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tomeishi.testing.edits import Planted

Command = Callable[..., Any]


def test_it_says_which_seconds_resemble_which(
    tomeishi: Command, quoted: Path, references: tuple[Path, ...], tmp_path: Path
) -> None:
    outcome = tomeishi("compare", quoted, references[0], "--json")
    words = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (1, "")
    assert (words["kind"], words["band"]) == ("copy", "strong")
    assert words["segments"][0] == pytest.approx([0, 8, 2, 10], abs=0.6)
    assert (words["query"]["path"], words["reference"]["path"]) == (str(quoted), str(references[0]))
    assert re.fullmatch("sha256:[0-9a-f]{64}", words["query"]["digest"])
    assert words["checked"] == ["copy", "edit", "sound"]
    assert words["sound"]["segments"][0] == pytest.approx([0, 8, 2, 10], abs=0.8)
    assert not (tmp_path / "home").exists()


def test_two_films_that_share_nothing_do_not_resemble(
    tomeishi: Command, clean: Path, references: tuple[Path, ...]
) -> None:
    outcome = tomeishi("compare", clean, references[0], "--json")
    words = json.loads(outcome.out)
    assert (outcome.code, words["kind"], words["band"], words["segments"]) == (0, None, None, [])
    plain = tomeishi("compare", clean, references[0])
    assert plain.code == 0
    assert "no resemblance found" in plain.out


def test_in_words(tomeishi: Command, quoted: Path, references: tuple[Path, ...]) -> None:
    outcome = tomeishi("compare", quoted, references[0])
    assert outcome.code == 1
    assert outcome.out.startswith("strong: copy, score ")
    assert "resembles" in outcome.out


def test_the_page_is_whole_by_itself_and_in_both_languages(
    tomeishi: Command, copied: tuple[Path, Planted], references: tuple[Path, ...], tmp_path: Path
) -> None:
    page = tmp_path / "new folder" / "comparison.html"
    outcome = tomeishi("compare", copied[0], references[0], "--html", page, "--json")
    told = json.loads(outcome.out)
    segments = [*told["segments"], *told["sound"]["segments"]]
    html = page.read_text(encoding="utf-8")
    assert (outcome.code, outcome.err) == (1, f"wrote {page}\n")
    assert all(source.startswith("data:") for source in re.findall(r"""src=["']?([^"'\s>]+)""", html))
    html = re.sub(r"data:image/png;base64,[\w+/=]+", "data:", html)
    assert not re.search(r"https?:|//[a-z]", html)
    assert "url(" not in html
    assert "@import" not in html
    assert "<link" not in html
    assert html.count("<polygon") == len(segments) >= 1
    assert len(re.findall(r'lang="ja"', html)) == len(re.findall(r'lang="en"', html)) - 1  # <html lang="en">
    assert "強い類似" in html
    assert "Strong resemblance" in html
    assert "not a legal finding" in html
    assert copied[0].name in html


def test_names_of_files_cannot_write_into_the_page(
    tomeishi: Command, clean: Path, references: tuple[Path, ...], tmp_path: Path
) -> None:
    query = tmp_path / '"><img src=x onerror=alert(1)>.mp4'
    query.write_bytes(clean.read_bytes())
    assert tomeishi("compare", query, references[0], "--html", tmp_path / "page.html").code == 0
    assert "<img src=x" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_page_that_cannot_be_written_is_an_error(
    tomeishi: Command, clean: Path, references: tuple[Path, ...], tmp_path: Path
) -> None:
    (tmp_path / "taken").mkdir()
    outcome = tomeishi("compare", clean, references[0], "--html", tmp_path / "taken")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"tomeishi: {tmp_path / 'taken'}: cannot write the page")
