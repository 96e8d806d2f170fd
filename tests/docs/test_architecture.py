"""ARCHITECTURE.md describes the floors and the folders that there are."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
BUILT = TEXT.split("## Rooms", 1)[1].split("## Where later rooms", 1)[0]
PACKAGE = ROOT / "src" / "tomeishi"


def _rooms() -> set[str]:
    return {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def test_the_floors_are_those_that_the_linter_checks() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    block = re.search(r"## Floors.*?```\n(.*?)```", TEXT, re.DOTALL)
    assert block is not None
    assert block[1].splitlines() == settings["tool"]["importlinter"]["contracts"][0]["layers"]


def test_every_room_is_described() -> None:
    assert not {room for room in _rooms() if f"`{room}`" not in BUILT}


def test_no_room_is_described_that_is_not_there() -> None:
    described = set(re.findall(r"^\| `([a-z]+)` \|", BUILT, re.MULTILINE))
    assert described <= _rooms()
