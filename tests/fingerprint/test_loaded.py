"""Models from outside: how a picture reaches them, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.fingerprint import loaded
from tomeishi.fingerprint.loaded import Card, LoadedDescriptor, read_card
from tomeishi.fingerprint.onnx_file import check_model
from tomeishi.fingerprint.trial import tried
from tomeishi.testing import onnx_files
from tomeishi.testing.onnx_files import node, part, stand_in, tensor, value

WORDS: dict[str, Any] = {"name": "fields", "licence": "CC0-1.0", "threshold": 0.05}
CARD = Card("fields", 64, (0.5, 0.5, 0.5), (0.25, 0.5, 1.0), "nchw", "rows", 48, 0.05, "CC0-1.0", "sha256:" + 64 * "0")


def test_a_trial_reads_from_the_model_what_the_card_leaves_out() -> None:
    card = tried(stand_in(layout="nhwc", side=80, dim=40), WORDS)
    assert (card.layout, card.size, card.output, card.dim) == ("nhwc", 80, "rows", 40)
    assert card.digest.startswith("sha256:")


def test_channels_are_red_green_blue_and_levelled_by_mean_and_std() -> None:
    square = np.zeros((64, 64, 3), np.uint8)
    square[..., 0] = 255
    batch = loaded.prepared(CARD, "tensor(float)", square)
    assert batch.shape == (1, 3, 64, 64)
    assert batch[0, :, 0, 0] == pytest.approx([2.0, -1.0, -0.5])
    assert loaded.prepared(CARD, "tensor(uint8)", square).dtype == np.uint8


def test_both_layouts_of_one_model_give_the_same_rows(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (1, 90, 120, 3), np.uint8)
    rows = []
    for layout in ("nchw", "nhwc"):
        data = stand_in(layout=layout)
        kept = loaded.keep(tmp_path / layout, tried(data, WORDS), data)
        rows.append(kept.describe(picture).values)
    assert rows[0] == pytest.approx(rows[1], abs=1e-6)


_GRAPH_IN_GRAPH = stand_in()
for _ in range(40):
    _GRAPH_IN_GRAPH = onnx_files.model(
        [node("If", ["x"], "y", [part(1, "then_branch") + part(6, onnx_files.inside(_GRAPH_IN_GRAPH))])], [], [], []
    )

HOSTILE = {
    "weights beside it": (stand_in(beside="../../etc/passwd"), "keeps weights in files beside it"),
    "an operator of its own": (stand_in(domain="evil.ops"), r"needs the operator 'evil\.ops\.MatMul'"),
    "an operator that opens files": (
        onnx_files.model([node("EPContext", ["x"], "y", domain="com.microsoft")], [], [], []),
        "needs the operator",
    ),
    "weights beside it, in a constant": (
        onnx_files.model(
            [node("Constant", [], "y", [part(1, "value") + part(5, tensor("w", np.ones(4, np.float32), beside="w"))])],
            [], [], [],
        ),
        "keeps weights in files beside it",
    ),
    "graphs without end": (_GRAPH_IN_GRAPH, "graphs inside graphs"),
    "nothing": (b"", "is no ONNX model"),
    "a cut file": (stand_in()[:-40], "is no ONNX model|damaged"),
    "a length past the end": (part(7, b"\x0a\xff\xff\xff\xff\x0f") + part(8, b""), "damaged"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(200), "is no ONNX model"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_what_no_descriptor_needs_is_refused_before_a_runtime_sees_it(what: str) -> None:
    data, why = HOSTILE[what]
    with pytest.raises(BadInput, match=why) as refused:
        check_model(data)
    assert "\n" not in str(refused.value)


def test_an_honest_model_passes() -> None:
    check_model(stand_in())


def _huge() -> bytes:
    """A model that asks for 4 TB when it runs."""
    shape = part(8, "shape") + onnx_files.whole_numbers([1 << 20, 1 << 20])
    return onnx_files.model(
        [node("ConstantOfShape", ["shape"], "large"), node("ReduceMean", ["large"], "rows")],
        [shape], [value("pixels", [1, 3, 64, 64])], [value("rows", [1, 48])],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (_huge(), "."),
        (onnx_files.model([node("Flatten", ["pixels"], "rows")], [], [value("pixels", [1, 3, 64, 64])],
                          [value("rows", [1, 12288])]), "gives rows of 12288 numbers"),
        (stand_in(dim=4), "gives rows of 4 numbers"),
        (onnx_files.model([node("Flatten", ["words"], "rows")], [], [value("words", [1, 77])],
                          [value("rows", [1, 77])]), "not one batch of pictures"),
    ],
    ids=["asks for 4 TB", "too long a row", "too short a row", "takes no picture"],
)  # fmt: skip
def test_a_model_that_cannot_be_used_is_refused_in_one_line(data: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why) as refused:
        tried(data, WORDS)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "Image"}, "small letters"),
        ({"name": "image"}, "none of image"),
        ({"name": "../up"}, "small letters"),
        ({"threshold": 3.0}, "cosine distance"),
        ({"std": (1.0, 0.0, 1.0)}, "std above 0"),
        ({"size": 4096}, "side lies in 16 to 1024"),
        ({"layout": "chw"}, "nchw or nhwc"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        Card(**{**CARD.to_json(), **change})


def test_a_kept_card_comes_back_and_a_spoilt_one_is_told(tmp_path: Path) -> None:
    loaded.keep(tmp_path, CARD, b"bytes")
    assert read_card(tmp_path / "fields" / "card.json") == CARD
    for spoilt in ("{", "[]", json.dumps({**CARD.to_json(), "more": 1}), "{}"):
        (tmp_path / "fields" / "card.json").write_text(spoilt)
        with pytest.raises(BadInput, match=r"card\.json: is no card of a descriptor"):
            loaded.loaded(tmp_path)


def test_bytes_that_are_not_those_of_the_card_never_run(tmp_path: Path) -> None:
    pictures = np.zeros((1, 64, 64, 3), np.uint8)
    kept = loaded.keep(tmp_path, CARD, stand_in())
    with pytest.raises(Tampered, match="not the model that was added as fields"):
        kept.describe(pictures)
    with pytest.raises(NotFound):
        LoadedDescriptor(CARD, tmp_path / "nowhere.onnx").describe(pictures)
