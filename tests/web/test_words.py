"""The catalogue says everything in both languages, and templates say nothing that is not in it."""

import re
import string
import tomllib
from pathlib import Path

import pytest

from tomeishi import web
from tomeishi.web.words import LANGUAGES, preferred, words_in

FOLDER = Path(web.__file__).parent
CATALOGUE = tomllib.loads((FOLDER / "words.toml").read_text(encoding="utf-8"))
TEXTS = {f"{name}.{key}": both for name, section in CATALOGUE.items() for key, both in section.items()}
TEMPLATES = sorted(path for path in (FOLDER / "templates").rglob("*.html") if path.name != "api.html")
"""The documentation of REST speaks English alone, as the document that it shows does."""
SOURCES = [*TEMPLATES, *sorted((FOLDER / "pages").glob("*.py")), *sorted(FOLDER.glob("*.py"))]
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
SCRIPTS = "\n".join(path.read_text(encoding="utf-8") for path in (FOLDER / "static").glob("*.js"))

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
SAID_BY_KEY = frozenset(
    {"shell.other", "shell.other_code", "column.eidr", "column.isan", "column.anilist", "shell.comma"}
)
"""The language switch speaks the other language, codes and names stay what they are."""


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_stands_in_both_languages(key: str) -> None:
    english, japanese = TEXTS[key]
    assert english
    assert japanese
    if key not in SAID_BY_KEY:
        assert not JAPANESE.search(english)
        assert JAPANESE.search(japanese)


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_ask_for_the_same_values(key: str) -> None:
    english, japanese = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in TEXTS[key])
    assert english == japanese


def test_every_text_that_is_said_is_in_the_catalogue() -> None:
    said = set(re.findall(r"""\bt(?:ell)?\(\s*["']([a-z_]+\.[a-z_0-9]+)["']""", SOURCE))
    assert not {key for key in said - TEXTS.keys() if not key.endswith("_")}
    assert len(said) > 100


def test_every_section_that_a_value_chooses_from_is_in_the_catalogue() -> None:
    sections = set(re.findall(r"""\bt\(\s*["']([a-z_]+)\.[a-z_]*["']\s*~""", SOURCE))
    assert sections
    assert not sections - CATALOGUE.keys()


def test_every_event_that_is_written_down_has_its_words() -> None:
    written = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.parent.rglob("*.py"))
    kinds = set(re.findall(r"events\.record\([^\"]*\"([a-z_]+\.[a-z_]+)\"", written))
    assert len(kinds) > 15
    assert not {f"events.{kind.replace('.', '_')}" for kind in kinds} - TEXTS.keys()


def test_no_text_is_left_over() -> None:
    chosen = set(re.findall(r"""["']([a-z_]+\.[a-z_]*)["']\s*~""", SOURCE)) | {
        f"{n}." for n in ("checked", "did", "events")
    }
    unused = {
        key
        for key in TEXTS
        if not any(key.startswith(prefix) for prefix in chosen)
        and f'"{key}"' not in SOURCE
        and f"'{key}'" not in SOURCE
    }
    assert not unused


def test_the_scripts_of_verify_say_only_what_the_page_hands_them() -> None:
    checked = CATALOGUE["checked"]
    said = set(re.findall(r'"((?:archive|inventory|files|contents|signature|signer|stamp)_[a-z_]+)"', SCRIPTS))
    assert said <= checked.keys()
    assert {key for key in checked if key.startswith(("archive_", "stamp_", "signer_"))} <= said


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_words_of_its_own(path: Path) -> None:
    """Nothing in Japanese, and no run of English letters between tags."""
    text = re.sub(r"\{% block main_class %\}.*?\{% endblock %\}", "", path.read_text(encoding="utf-8"))
    text = re.sub(r"\{[{%].*?[%}]\}", "", text, flags=re.DOTALL)
    assert not JAPANESE.search(text)
    assert not re.findall(r">[^<>]*[A-Za-z]{3}[^<>]*<", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_style_and_no_script_of_its_own(path: Path) -> None:
    """The content security policy would refuse them."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on", text)
    assert not [
        kind for kind in re.findall(r"<script([^>]*)>", text) if "src=" not in kind and "application/json" not in kind
    ]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ja,en;q=0.5", "ja"),
        ("en-GB,ja;q=0.9", "en"),
        ("fr;q=1, ja;q=0.2, en;q=0.1", "ja"),
        ("fr", "en"),
        ("", "en"),
        ("ja;q=0", "en"),
        ("ja;q=x", "en"),
    ],
)
def test_a_browser_gets_the_language_that_it_asks_for(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


def test_uses_are_called_what_the_reports_call_them() -> None:
    assert [len(words_in(language).labels["uses"]) for language in LANGUAGES] == [8, 8]
