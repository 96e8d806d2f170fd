"""The house rules that a linter does not know, read from the source itself."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "tomeishi"
MODULES = sorted(PACKAGE.rglob("*.py"))


def _nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_starts_with_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py" and p.parent != PACKAGE], ids=_name)
def test_a_room_init_holds_only_its_docstring(path: Path) -> None:
    """Importing one module of a room must not pull in the others."""
    assert len(ast.parse(path.read_text(encoding="utf-8")).body) == 1


@pytest.mark.parametrize("path", [p for p in MODULES if _name(p) != "storage/db.py"], ids=_name)
def test_only_the_database_module_commits(path: Path) -> None:
    """One request or job is one transaction, opened at its edge."""
    calls = [n.func for n in _nodes(path) if isinstance(n, ast.Call)]
    assert not [f for f in calls if isinstance(f, ast.Attribute) and f.attr in {"commit", "rollback"}]


@pytest.mark.parametrize("path", [p for p in MODULES if _name(p) != "clock.py"], ids=_name)
def test_only_the_clock_reads_the_time(path: Path) -> None:
    """Time is a value that is passed on, so that the past can be asked about."""
    names = [n.attr for n in _nodes(path) if isinstance(n, ast.Attribute)]
    assert not {"now", "utcnow", "today"} & {
        n.attr
        for n in _nodes(path)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id in {"datetime", "date"}
    }, names


@pytest.mark.parametrize("path", [p for p in MODULES if _name(p) not in {"config.py"}], ids=_name)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    """A module that reads the environment cannot be understood from its arguments."""
    nodes = list(_nodes(path))
    written = [n.value for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)]
    named = [n for n in nodes if isinstance(n, ast.Attribute) and n.attr in {"environ", "getenv"}]
    read = [n for n in named if n not in written]
    assert not [n for n in read if isinstance(n.value, ast.Name) and n.value.id == "os"]


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_public_name_says_hash(path: Path) -> None:
    """A digest is cryptographic and a fingerprint perceptual; `hash` alone says neither."""
    defined = [n.name for n in _nodes(path) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    assert not [n for n in defined if not n.startswith("_") and "hash" in n.lower().split("_")]


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_nothing_is_pickled(path: Path) -> None:
    """Files from outside are hostile, and a pickle is a program."""
    imported = {a.name for n in _nodes(path) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module or "" for n in _nodes(path) if isinstance(n, ast.ImportFrom)}
    assert not {"pickle", "marshal", "shelve", "dill"} & imported


def test_no_module_outgrows_six_hundred_lines() -> None:
    long = {_name(p): n for p in MODULES if (n := len(p.read_text(encoding="utf-8").splitlines())) > 600}
    assert not long


def test_every_append_only_table_has_its_triggers() -> None:
    from tomeishi.storage.tables import APPEND_ONLY

    text = "".join(p.read_text(encoding="utf-8") for p in (PACKAGE / "storage" / "migrations").rglob("*.py"))
    assert "APPEND_ONLY" in text or all(table in text for table in APPEND_ONLY)
    assert "BEFORE UPDATE" in text
    assert "BEFORE DELETE" in text


def test_no_text_names_a_download_host_or_a_path_of_one_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    if tracked == [""]:
        pytest.skip("not a git checkout: the list of files is not known")
    hosts = re.compile("|".join(("pypi" + r"\.org", "python" + "hosted", "npm" + r"js\.(org|com)")))
    paths = re.compile(r"(^|[^A-Za-z.])/(work|root|farm)/")
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".lock", ".txt", ".json", ".html", ".typ", ".sh"} and path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not hosts.search(text), name
            assert not paths.search(text), name
