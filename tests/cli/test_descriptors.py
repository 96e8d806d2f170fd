"""Descriptors of one's own: added, listed, filled in, and searched by when they are named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tomeishi import wiring
from tomeishi.storage.tables import fingerprint_files
from tomeishi.testing.onnx_files import stand_in

Command = Callable[..., Any]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "fields.onnx"
    path.write_bytes(stand_in())
    return path


def test_an_added_descriptor_is_listed_and_its_references_are_counted(
    tomeishi: Command, installed: Any, model: Path
) -> None:
    added = tomeishi(
        "descriptors", "add", str(model), "--name", "fields", "--licence", "CC0-1.0", "--threshold", "0.05"
    )
    assert (added.code, "fields-1: 48 numbers a row, 64 pixels a side" in added.out) == (0, True), added.err
    assert "2 references were registered before it: run `tomeishi descriptors fill`" in added.err
    rows = {row["descriptor"]: row for row in json.loads(tomeishi("descriptors", "list", "--json").out)}
    assert list(rows) == ["image-2", "pdq-1", "fields-1"]
    assert (rows["fields-1"]["references"], rows["fields-1"]["missing"]) == (0, 2)
    assert (rows["image-2"]["references"], rows["image-2"]["missing"]) == (2, 0)
    assert "CC0-1.0" in rows["fields-1"]["source"]


def test_what_was_registered_before_is_filled_in_and_then_found_by_it(
    tomeishi: Command, installed: Any, model: Path, quoted: Path, clean: Path
) -> None:
    tomeishi("descriptors", "add", str(model), "--name", "fields", "--threshold", "0.05")
    early = tomeishi("screen", str(quoted), "--descriptor", "fields")
    assert early.code == 2
    assert "2 references have no rows by fields; run `tomeishi descriptors fill`" in early.err
    assert tomeishi("descriptors", "fill").code == 0
    snapshots = {row["descriptor"]: row for row in json.loads(tomeishi("index", "info", "--json").out)}
    assert snapshots["fields-1"]["items"] == 2
    found = tomeishi("screen", str(quoted), str(clean), "--descriptor", "fields", "--jsonl")
    first, second = (json.loads(line) for line in found.out.splitlines())
    assert {each["reference_id"] for each in first["findings"]} == {installed.references[0]}
    assert second["findings"] == []
    assert "fields-1" in [each["key"] for each in first["made_by"]["descriptors"]]


def test_what_an_earlier_version_described_is_told_of_filled_in_and_found_again(
    tomeishi: Command, installed: Any, quoted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with wiring.open(installed.home) as platform, platform.transaction() as tx:
        of_image = fingerprint_files.c.descriptor == "image-2"
        tx.execute(update(fingerprint_files).where(of_image).values(descriptor="image-1"))
    early = json.loads(tomeishi("screen", str(quoted), "--jsonl").out)
    assert "copy" not in [each["kind"] for each in early["findings"]]
    assert "run `tomeishi descriptors fill`" in caplog.text
    doctor = tomeishi("doctor")
    assert doctor.code == 2
    assert "2 references were described by another version; run `tomeishi descriptors fill`" in doctor.out
    assert tomeishi("descriptors", "fill").code == 0
    caplog.clear()
    late = json.loads(tomeishi("screen", str(quoted), "--jsonl").out)
    assert "copy" in [each["kind"] for each in late["findings"]]
    assert "descriptors fill" not in caplog.text
    assert tomeishi("doctor").code == 0


def test_one_that_was_never_added_is_told_and_a_name_is_used_once(
    tomeishi: Command, installed: Any, model: Path, quoted: Path
) -> None:
    assert "no descriptor was added as 'nothing'" in tomeishi("screen", str(quoted), "--descriptor", "nothing").err
    assert tomeishi("descriptors", "add", str(model), "--name", "fields").code == 0
    again = tomeishi("descriptors", "add", str(model), "--name", "fields")
    assert (again.code, "a descriptor of that name was added" in again.err) == (2, True)


def test_a_model_that_changed_since_is_not_run(tomeishi: Command, installed: Any, model: Path, quoted: Path) -> None:
    tomeishi("descriptors", "add", str(model), "--name", "fields")
    (installed.home / "descriptors" / "fields" / "model.onnx").write_bytes(stand_in(dim=40))
    filled = tomeishi("descriptors", "fill")
    assert filled.code == 2
    assert "is not the model that was added as fields" in filled.err


def test_a_card_says_what_options_say(tomeishi: Command, installed: Any, model: Path) -> None:
    card = model.with_suffix(".json")
    card.write_text(json.dumps({"name": "fields", "mean": [0, 0, 0], "std": [1, 1, 1], "threshold": 0.1}))
    assert tomeishi("descriptors", "add", str(model), "--card", str(card)).code == 0
    kept = json.loads((installed.home / "descriptors" / "fields" / "card.json").read_text())
    assert (kept["mean"], kept["threshold"], kept["size"], kept["layout"]) == ([0, 0, 0], 0.1, 64, "nchw")
