"""The standards' own worked examples, rewritten as ours, say what the standards say they say."""

import json
from pathlib import Path
from typing import Any

import pytest

from tomeishi.consent.standards.forms import HEAD_BYTES, READERS, form_of
from tomeishi.consent.standards.signal import Reading, Standard, combine

FOLDER = Path(__file__).parent / "standards"
CASES: list[dict[str, Any]] = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))


def _name(case: dict[str, Any]) -> str:
    return " ".join(str(case[key]) for key in ("file", "path", "agent") if key in case)


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_an_example_says_what_its_standard_says(case: dict[str, Any]) -> None:
    data = (FOLDER / case["file"]).read_bytes()
    form = form_of(case["file"], data[:HEAD_BYTES])
    if case["file"].endswith("robots.txt") or case["file"] == "aipref-same-path.txt":
        assert form == "robots"
    signals = READERS[form](data, Reading(case["file"], case.get("path"), case.get("agent")))
    assert dict(combine(signals).uses) == case["uses"]
    assert all(signal.derivation or signal.warnings for signal in signals)


def test_every_file_has_its_case() -> None:
    assert {case["file"] for case in CASES} == {path.name for path in FOLDER.iterdir()} - {"cases.json"}


def test_every_standard_has_an_example() -> None:
    found: set[Standard] = set()
    for name in {case["file"] for case in CASES}:
        data = (FOLDER / name).read_bytes()
        found |= {signal.standard for signal in READERS[form_of(name, data[:HEAD_BYTES])](data, Reading(name))}
    assert found == set(Standard)
