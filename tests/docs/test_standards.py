"""docs/reference/standards.md names all that is read, and the examples of the how-to page run."""

import re
from pathlib import Path

import pytest

from tomeishi.consent.standards.signal import Authority, Reading, Signal, Stance, Standard
from tomeishi.consent.standards.text import DEEPEST, LARGEST_TEXT

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference" / "standards.md").read_text(encoding="utf-8")


def test_every_standard_has_its_row_and_no_other_has() -> None:
    section = PAGE.split("## What is read and written")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)
    assert sorted(set(rows) - {"standard"}) == sorted(each.value for each in Standard)


def test_every_key_of_a_signal_is_explained() -> None:
    written = Signal(Standard.RSL, Reading("here").source, Authority.SITE, {}).to_json()
    section = PAGE.split("A signal:")[1].split("\n## ")[0]
    named = [
        name for row in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]
    assert sorted(named) == sorted(written)


def test_every_stance_and_every_authority_is_explained() -> None:
    assert not [each for each in (*Stance, *Authority) if f"`{each}`" not in PAGE]


def test_bounds_are_those_of_the_code() -> None:
    assert f"over {LARGEST_TEXT >> 10} KiB" in PAGE
    assert f"deeper than {DEEPEST} levels" in PAGE


def test_the_example_in_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (DOCS / "how-to" / "read-signals.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    exec(compile(example, "read-signals.md", "exec"), {})
    written = capsys.readouterr().out
    assert "Content-Usage: / train-ai=n, search=y" in written
    assert '<prohibits type="usage">ai-train</prohibits>' in written
    assert '"tdm-reservation": 1' in written
