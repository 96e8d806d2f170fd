"""The glossary and the source use the same words."""

import ast
import json
import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import pytest

from tomeishi.values import Band, Kind, Use, Verdict

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "tomeishi"
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
MODULES = sorted(PACKAGE.rglob("*.py"))


def _rows(heading: str) -> list[list[str]]:
    """Cells of the table rows below `heading`, header left out."""
    section = GLOSSARY.split(f"{heading}\n", 1)[1]
    section = re.split(r"^#{2,3} ", section, maxsplit=1, flags=re.MULTILINE)[0]
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in section.splitlines() if "|" in line]
    return rows[2:]


NEVER = {row[0]: row[1] for row in _rows("## Words that public names do not use")}


def _public_names(tree: ast.Module) -> Iterator[str]:
    """Public classes, functions, methods and constants of a module, the fields of its classes, and parameters."""
    scopes: list[ast.Module | ast.ClassDef] = [tree]
    while scopes:
        for node in scopes.pop().body:
            match node:
                case ast.ClassDef(name=name):
                    scopes.append(node)
                    yield name
                case ast.FunctionDef(name=name, args=given):
                    yield name
                    if not name.startswith("_") or name == "__init__":
                        yield from (a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs))
                case ast.AnnAssign(target=ast.Name(id=name)):
                    yield name
                case ast.Assign(targets=targets):
                    yield from (target.id for target in targets if isinstance(target, ast.Name))


def _words(name: str) -> set[str]:
    """`SameFrame` and `same_frames` to their words, in lower case: alone, in pairs, and without a plural's ending."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    words = {part.lower() for part in parts}
    joined = {"".join(pair).lower() for pair in pairwise(parts)}
    return {form for word in words | joined for form in (word, word.removesuffix("s"), word.removesuffix("es"))}


def _found(source: str) -> set[str]:
    names = {name for name in _public_names(ast.parse(source)) if not name.startswith("_")}
    return {name for name in names if _words(name) & NEVER.keys()}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_public_names_use_the_words_of_the_glossary(path: Path) -> None:
    names = _found(path.read_text(encoding="utf-8"))
    if _words(path.stem) & NEVER.keys():
        names.add(path.stem)
    assert not names, {name: [NEVER[word] for word in _words(name) & NEVER.keys()] for name in names}


@pytest.mark.parametrize(
    "source",
    [
        "def find_suspects(): ...",
        "class PerceptualHash: ...",
        "def search(tenant_id: str): ...",
        "class A:\n    embeddings: list",
        "class A:\n    def hashes(self): ...",
        "def opt_out(): ...",
        "TICKETS = 1",
    ],
)
def test_a_word_to_avoid_is_noticed_wherever_it_hides(source: str) -> None:
    assert _found(source)


@pytest.mark.parametrize(
    "source", ["def pdqhash_rows(): ...", "def _hash(): ...", "def originally(): ...", "x.hash = 1"]
)
def test_a_word_inside_another_or_in_a_private_name_is_no_concern(source: str) -> None:
    assert not _found(source)


@pytest.mark.parametrize(
    ("heading", "values"),
    [("### kind of resemblance", Kind), ("### band", Band), ("### use", Use), ("### verdict", Verdict)],
)
def test_every_value_is_explained_and_no_other(heading: str, values: type[StrEnum]) -> None:
    assert [row[0] for row in _rows(heading)] == [value.value for value in values]


@pytest.mark.parametrize(
    ("heading", "labels"),
    [("### kind of resemblance", "kinds"), ("### band", "bands"), ("### use", "uses"), ("### verdict", "verdicts")],
)
def test_japanese_reports_say_what_the_glossary_says(heading: str, labels: str) -> None:
    words = json.loads((PACKAGE / "evidence" / "templates" / "words.ja.json").read_text(encoding="utf-8"))
    assert {row[0]: row[1] for row in _rows(heading)} == words[labels]


def test_every_word_has_its_japanese_term() -> None:
    entries = re.split(r"^### ", GLOSSARY.split("## Words that public names")[0], flags=re.MULTILINE)[1:]
    japanese = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
    assert not [entry.splitlines()[0] for entry in entries if not japanese.search(entry.splitlines()[1])]
