"""docs/reference says what the code does: generated parts are made again, written ones name all there is."""

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tomeishi
from tomeishi.config import Settings
from tomeishi.evidence import verify

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE: Any = _generator()
COMMANDS = dict(GENERATE.commands())
GROUPS = {" ".join(name.split()[:2]) for name in COMMANDS if name.count(" ") == 2}


@pytest.mark.parametrize("name", GENERATE.PARTS)
def test_a_generated_part_is_what_the_code_says(name: str) -> None:
    file, write = GENERATE.PARTS[name]
    page = (REFERENCE / file).read_text(encoding="utf-8")
    assert page == GENERATE.filled(page, name, write()), "run make docs"


def test_every_command_says_how_it_ends_and_no_other_does() -> None:
    assert set(GENERATE.EXIT_CODES) == set(COMMANDS)


def test_every_public_name_of_the_package_is_explained_and_no_other() -> None:
    page = (REFERENCE / "python.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == sorted(tomeishi.__all__)


@pytest.mark.parametrize("word", ["Kind", "Band", "Use", "Verdict"])
def test_words_are_listed_whole(word: str) -> None:
    page = (REFERENCE / "python.md").read_text(encoding="utf-8")
    section = page.split(f"### {word}\n", 1)[1].split("\n### ")[0]
    assert re.findall(r"`(\w+)`", section) == [each.value for each in getattr(tomeishi, word)]


def test_examples_in_python_run(follow_furnished: object, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (REFERENCE / "python.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        exec(compile(block, "python.md", "exec"), names)
    assert Path("comparison.html").exists()
    settings = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", settings, re.DOTALL | re.MULTILINE)
    monkeypatch.setenv("TOMEISHI_HOME", "elsewhere")
    exec(compile(example, "settings.md", "exec"), names)


def test_every_place_of_an_installation_is_named(tmp_path: Path) -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    settings = Settings(tmp_path, f"sqlite:///{tmp_path / 'registry.sqlite'}")
    for place in (settings.blobs, settings.index, settings.keys, settings.policy, tmp_path / "registry.sqlite"):
        assert f"`{place.name}" in page


def test_every_check_of_a_package_is_explained_and_no_other() -> None:
    page = (REFERENCE / "package-format.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", page.split("## What each check means")[1], re.MULTILINE)
    made = re.findall(r'Check\(\s*"(\w+)"', inspect.getsource(verify))
    assert set(rows) == {*made, "time_stamp"}


def test_every_file_of_the_seal_is_explained() -> None:
    page = (REFERENCE / "package-format.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in page for name in verify.SEAL)
    assert verify.FORMAT in page


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_command_that_a_page_names_is_one(page: Path) -> None:
    """Also where it is not run: in running text, tables and examples."""
    for line in re.findall(
        r"(?<![\w/.-])tomeishi ((?:[a-z]+(?:-[a-z]+)* ?)+)(?=[^a-z])", page.read_text(encoding="utf-8")
    ):
        words = line.split()
        nouns = {name.split()[0] for name in COMMANDS if " " in name}
        # What follows `audit` may be a data set: `audit run` is what it means then.
        if words[0] in nouns - {"audit"} and len(words) > 1:
            assert {" ".join(words[:2]), " ".join(words[:3])} & (COMMANDS.keys() | GROUPS), line


def test_options_that_pages_name_are_there() -> None:
    reference = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    for page in PAGES:
        for command in re.findall(r"tomeishi [a-z][^`\n]*", page.read_text(encoding="utf-8").replace("\\\n", " ")):
            for option in re.findall(r"(?<=[ \[])--[a-z][a-z-]+", command):
                assert f"`{option}" in reference or f"{option} " in reference, f"{page.name}: {command}"
