"""docs/reference/screening.schema.json is what `screen --jsonl` writes, and notices what it must not write."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tomeishi.consent.permission import Permission
from tomeishi.screening.findings import Finding, MadeBy, Screening
from tomeishi.values import Band, Interval, Kind, Partial, Segment, Skipped, Use, Verdict, digest_of

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SCHEMA: dict[str, Any] = json.loads((REFERENCE / "screening.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def _finding(kind: Kind = Kind.EDIT, *, allowed: bool = False) -> Finding:
    because = ("ent_1", "ent_2") if allowed else ()
    return Finding(
        work_id="wrk_1",
        title="星のピコ丸",
        member_id="mem_1",
        member="星川スタジオ",
        reference_id="ref_1",
        reference_path="ep03.mp4",
        reference_digest=digest_of(b"reference"),
        kind=kind,
        band=Band.STRONG,
        score=0.97123456,
        segments=(
            Segment(Interval(12.0, 17.5), Interval(6.0, 11.5), 0.97123456),
            Segment(Interval(0, 1 / 3), Interval(30, 31), 0.4),
        ),
        permission=Permission(Use.REPRODUCE, allowed, because, "No entry.", "記録がありません。"),
        verdict=Verdict.CLEAR if allowed else Verdict.BLOCK,
    )


def _screening(
    findings: tuple[Finding, ...] = (),
    verdict: Verdict = Verdict.CLEAR,
    partial: Partial | None = None,
    skipped: Skipped | None = None,
    *,
    digest: str | None = "sha256:" + "0" * 64,
    snapshots: tuple[str, ...] = (digest_of(b"image"), digest_of(b"pdq")),
) -> dict[str, Any]:
    screening = Screening(
        query="clips/0192.mp4",
        query_digest=digest,
        duration_s=0.0 if skipped else 40.04004,
        findings=findings,
        checked=() if skipped else (Kind.COPY, Kind.EDIT),
        verdict=verdict,
        partial=partial,
        skipped=skipped,
        made_by=MadeBy("0.1.0", (("image-2", digest_of(b"weights")), ("pdq-1", None)), digest_of(b"policy"), snapshots),
    )
    line: dict[str, Any] = json.loads(json.dumps(screening.to_json(), ensure_ascii=False))
    return line


CUT = Partial("the file ends in the middle of a frame", 12.5)
MISSING = Skipped("gone.mp4", "gone.mp4: no such file")
FULL = _screening((_finding(), _finding(Kind.COPY, allowed=True)), Verdict.BLOCK)


@pytest.mark.parametrize(
    "line",
    [
        _screening(),
        FULL,
        _screening(snapshots=()),
        _screening(verdict=Verdict.REVIEW, partial=CUT),
        _screening((_finding(),), Verdict.BLOCK, CUT),
        _screening(verdict=Verdict.REVIEW, skipped=MISSING, digest=None),
        _screening(verdict=Verdict.BLOCK, skipped=MISSING),
    ],
    ids=["clear", "findings", "empty registry", "partial", "partial with findings", "missing", "unreadable"],
)
def test_what_a_screening_writes_is_valid(line: dict[str, Any]) -> None:
    VALIDATOR.validate(line)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("use", list(Use))
@pytest.mark.parametrize("band", list(Band))
def test_every_value_of_the_vocabulary_is_valid(kind: Kind, use: Use, band: Band) -> None:
    line = copy.deepcopy(FULL)
    line["findings"][0] |= {"kind": kind.value, "band": band.value}
    line["findings"][0]["permission"]["use"] = use.value
    VALIDATOR.validate(line)


def _keys(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of all keys within `value`."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(key, str):
            yield (*path, key)
        yield from _keys(inner, (*path, key))


def _without(line: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    line = copy.deepcopy(line)
    at: Any = line
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return line


@pytest.mark.parametrize("path", list(_keys(FULL)), ids=lambda path: ".".join(map(str, path)))
def test_a_missing_key_is_noticed(path: tuple[str | int, ...]) -> None:
    assert not VALIDATOR.is_valid(_without(FULL, path))


@pytest.mark.parametrize("path", [("partial", "reason"), ("partial", "until")])
def test_a_partial_without_its_account_is_noticed(path: tuple[str, ...]) -> None:
    assert not VALIDATOR.is_valid(_without(_screening(verdict=Verdict.REVIEW, partial=CUT), path))


@pytest.mark.parametrize("at", [lambda line: line, lambda line: line["findings"][0], lambda line: line["made_by"]])
def test_a_key_added_later_does_no_harm(at: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    line = copy.deepcopy(FULL)
    at(line)["added_later"] = {"anything": 1}
    VALIDATOR.validate(line)


@pytest.mark.parametrize(
    "line",
    [
        _screening(partial=CUT),
        _screening(skipped=MISSING, digest=None),
        {**_screening(verdict=Verdict.REVIEW, skipped=MISSING), "checked": ["copy"]},
        {**_screening(), "checked": []},
        {**_screening(), "digest": None},
        {**_screening(), "digest": "0" * 64},
        {**_screening(), "duration": -1},
        {**_screening(), "verdict": "allowed"},
    ],
    ids=[
        "partial and clear",
        "skipped and clear",
        "skipped and checked",
        "nothing checked, nothing said",
        "checked without a digest",
        "digest without its algorithm",
        "negative duration",
        "unknown verdict",
    ],
)
def test_what_must_never_be_written_is_noticed(line: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(line)


@pytest.mark.parametrize(
    "changed",
    [{"segments": []}, {"segments": [[0, 1, 2]]}, {"segments": [[0, 1, 2, 3, 4]]}, {"score": 1.01}, {"score": "high"}],
)
def test_a_finding_that_makes_no_sense_is_noticed(changed: dict[str, Any]) -> None:
    line = copy.deepcopy(FULL)
    line["findings"][0] |= changed
    assert not VALIDATOR.is_valid(line)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def _properties(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            yield name, inner
        for key, inner in schema.items():
            # Conditions repeat properties that are described elsewhere.
            if key not in ("allOf", "if", "then", "else"):
                yield from _properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _properties(inner)


def test_every_property_is_described() -> None:
    assert not [name for name, inner in _properties(SCHEMA) if not {"description", "$ref"} & inner.keys()]


def test_the_page_for_readers_names_every_key_and_no_other() -> None:
    page = (REFERENCE / "screening.md").read_text(encoding="utf-8")
    written = {str(path[-1]) for path in _keys(FULL)} | {"reason", "until"}
    assert not {key for key in written if f"`{key}`" not in page}
    rows = re.findall(r"^\| (`[^|]*`) \|", page, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} <= written
