"""Decisions are listed, short, and say what the code does."""

import re
from pathlib import Path

import pytest

from tomeishi.index.snapshot import EXACT_UP_TO

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
LIST = (FOLDER / "README.md").read_text(encoding="utf-8")
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_one_page_and_listed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    assert len(text.split()) <= 450
    assert f"]({path.name})" in LIST


def test_numbers_are_used_once_and_every_listed_decision_is_there() -> None:
    assert re.findall(r"\]\(([^)]+)\)", LIST) == [path.name for path in DECISIONS]
    assert len({path.name[:4] for path in DECISIONS}) == len(DECISIONS)


def test_the_limit_of_exact_search_is_the_one_in_the_code() -> None:
    assert f"{EXACT_UP_TO:,} rows" in (FOLDER / "0002-exact-first-then-faiss.md").read_text(encoding="utf-8")
