"""`tomeishi index`: what is searched, and whether it is what is registered."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


def _rows(outcome: Any) -> list[dict[str, Any]]:
    assert outcome.code == 0, outcome.err
    rows: list[dict[str, Any]] = json.loads(outcome.out)
    return rows


def test_without_an_index_info_says_how_to_get_one(tomeishi: Command) -> None:
    assert _rows(tomeishi("index", "info", "--json")) == []
    assert "tomeishi index build" in tomeishi("index", "info").out


def test_info_counts_what_is_searched(tomeishi: Command, installed: Any) -> None:
    image, pdq, sound = _rows(tomeishi("index", "info", "--json"))
    assert image["descriptor"].startswith("image-")
    assert pdq["descriptor"].startswith("pdq-")
    assert sound["descriptor"].startswith("sound-")
    assert (image["items"], pdq["items"], sound["items"]) == (2, 2, 2)
    assert image["rows"] == pdq["rows"] > 20
    assert image["up_to_date"] is pdq["up_to_date"] is True
    plain = tomeishi("index", "info").out.splitlines()
    assert [line.split(":")[0] for line in plain] == [image["descriptor"], pdq["descriptor"], sound["descriptor"]]
    assert all("2 references" in line and "up to date" in line for line in plain)


def test_an_index_behind_the_registry_says_so_and_is_built_on_demand(tomeishi: Command, installed: Any) -> None:
    before = _rows(tomeishi("index", "info", "--json"))
    assert tomeishi("works", "exclude", installed.references[0], "0", "6", "--reason", "r").code == 0
    assert [row["up_to_date"] for row in _rows(tomeishi("index", "info", "--json"))] == [False, False, False]
    assert "behind the registry" in tomeishi("index", "info").out
    after = _rows(tomeishi("index", "build", "--json"))
    assert [row["up_to_date"] for row in after] == [True, True, True]
    assert after[0]["rows"] < before[0]["rows"]
    assert _rows(tomeishi("index", "build", "--json")) == after  # nothing was done


def test_a_screening_builds_what_is_behind(tomeishi: Command, installed: Any, quoted: Path) -> None:
    assert tomeishi("works", "exclude", installed.references[1], "0", "6", "--reason", "r").code == 0
    assert tomeishi("screen", quoted).code == 1
    assert [row["up_to_date"] for row in _rows(tomeishi("index", "info", "--json"))] == [True, True, True]
