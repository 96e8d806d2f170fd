"""Snapshots: what they hold, how they are swapped, and what damage does to them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.index import snapshot as snapshot_module
from tomeishi.index.snapshot import Item, Snapshot, current, publish
from tomeishi.testing.indexes import clustered_rows

COSINE = DescriptorSpec("picture", 1, 16, Metric.COSINE, 0.2, "this test", "sha256:" + "0" * 64)
HAMMING = DescriptorSpec("bits", 1, 256, Metric.HAMMING, 31, "this test", None)
SPECS = pytest.mark.parametrize("spec", [COSINE, HAMMING], ids=["cosine", "hamming"])


def item(item_id: str, count: int = 20, seed: int = 0, spec: DescriptorSpec = COSINE) -> Item:
    rows = clustered_rows(spec.metric, count, spec.row_width, seed)
    return Item(item_id, 0.5 * np.arange(count, dtype=np.float64), rows, np.linspace(0, 1, count).astype(np.float32))


def items(count: int = 3, spec: DescriptorSpec = COSINE) -> list[Item]:
    return [item(f"ref_{number}", 20 + number, number, spec) for number in range(count)]


def in_force(root: Path) -> Snapshot:
    snapshot = current(root, COSINE.key)
    assert snapshot is not None
    return snapshot


def flip(path: Path, position: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("spec", "engine"),
    [(COSINE, "exact"), (COSINE, "faiss"), (COSINE, None), (HAMMING, "exact"), (HAMMING, None)],
)
def test_a_search_names_item_and_time(spec: DescriptorSpec, engine: str | None, tmp_path: Path) -> None:
    given = items(spec=spec)
    snapshot = publish(tmp_path, spec, given, "c1", engine=engine)
    distances, found, times = snapshot.search(given[2].rows[5:7], 1)
    assert distances.max() < 1e-3
    assert [snapshot.item_ids[ordinal] for ordinal in found[:, 0]] == ["ref_2", "ref_2"]
    assert times[:, 0].tolist() == [2.5, 3.0]


def test_where_fewer_rows_exist_the_item_is_minus_one_and_the_time_no_number(tmp_path: Path) -> None:
    snapshot = publish(tmp_path, COSINE, [item("only", 2)], "c1")
    distances, found, times = snapshot.search(item("q", 1).rows, 3)
    assert found[0, 2] == -1
    assert np.isnan(times[0, 2])
    assert np.isposinf(distances[0, 2])


@SPECS
def test_items_are_read_back_as_they_were_published(spec: DescriptorSpec, tmp_path: Path) -> None:
    given = items(spec=spec)
    publish(tmp_path, spec, given, "c1")
    snapshot = current(tmp_path, spec.key)
    assert snapshot is not None
    assert snapshot.item_ids == ("ref_0", "ref_1", "ref_2")
    for expected in given:
        read = snapshot.item(expected.item_id)
        assert np.array_equal(read.rows, expected.rows)
        assert np.array_equal(read.times_s, expected.times_s)
        assert np.array_equal(read.quality, expected.quality)


def test_an_item_without_rows_keeps_its_place(tmp_path: Path) -> None:
    snapshot = publish(tmp_path, COSINE, [item("a", 3), item("mute", 0), item("b", 3, seed=1)], "c1")
    assert snapshot.item_ids == ("a", "mute", "b")
    assert len(snapshot.item("mute").rows) == 0
    assert snapshot.search(item("b", 3, seed=1).rows, 1)[1].ravel().tolist() == [2, 2, 2]


@pytest.mark.parametrize("engine", ["exact", "faiss"])
def test_a_snapshot_of_nothing_answers(engine: str, tmp_path: Path) -> None:
    snapshot = publish(tmp_path, COSINE, [], "c1", engine=engine)
    assert snapshot.item_ids == ()
    assert (snapshot.search(item("q").rows, 2)[1] == -1).all()


def test_nothing_is_in_force_before_the_first_publishing(tmp_path: Path) -> None:
    assert current(tmp_path, COSINE.key) is None


def test_an_unknown_item_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="ref_9"):
        publish(tmp_path, COSINE, items(), "c1").item("ref_9")


def test_the_same_checkpoint_is_not_built_again(tmp_path: Path) -> None:
    unread = iter(items())
    first = publish(tmp_path, COSINE, items(), "c1")
    assert publish(tmp_path, COSINE, unread, "c1").digest == first.digest
    assert len(list(unread)) == 3


@pytest.mark.parametrize(
    "changed", [replace(COSINE, weights_digest="sha256:" + "1" * 64), COSINE], ids=["weights", "checkpoint"]
)
def test_another_checkpoint_or_other_weights_make_another_version(changed: DescriptorSpec, tmp_path: Path) -> None:
    first = publish(tmp_path, COSINE, items(), "c1")
    second = publish(tmp_path, changed, items(), "c1" if changed is not COSINE else "c2")
    assert second.folder != first.folder
    assert in_force(tmp_path).digest == second.digest


@pytest.mark.parametrize("engine", ["exact", "faiss"])
def test_the_same_checkpoint_gives_the_same_snapshot_anywhere(engine: str, tmp_path: Path) -> None:
    digests = {publish(tmp_path / name, COSINE, items(), "c1", engine=engine).digest for name in ("a", "b")}
    assert len(digests) == 1


def test_large_registries_get_faiss_and_bits_stay_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_module, "EXACT_UP_TO", 40)
    engines = [
        publish(tmp_path, spec, [item("a", count, spec=spec)], str(count)).manifest.engine
        for spec, count in [(COSINE, 39), (COSINE, 40), (HAMMING, 40)]
    ]
    assert engines == ["exact", "faiss", "exact"]


@pytest.mark.parametrize("engine", ["exact", "faiss"])
def test_a_reader_goes_on_after_its_snapshot_was_replaced_and_removed(engine: str, tmp_path: Path) -> None:
    given = [item(f"ref_{number}", 500, number) for number in range(3)]
    old = publish(tmp_path, COSINE, given, "c0", engine=engine)
    reader = in_force(tmp_path)
    for number in range(1, 5):
        publish(tmp_path, COSINE, items(1), f"c{number}")
    assert not old.folder.exists()
    _, found, times = reader.search(given[1].rows[8:9], 1)
    assert (found[0, 0], times[0, 0]) == (1, 4.0)
    assert len(reader.item("ref_2").rows) == 500


def test_the_last_two_before_the_one_in_force_are_kept(tmp_path: Path) -> None:
    published = [publish(tmp_path, COSINE, items(1), f"c{number}").folder for number in range(5)]
    folders = {path for path in (tmp_path / COSINE.key).iterdir() if path.is_dir()}
    assert folders == set(published[-3:])


def test_going_back_to_an_earlier_checkpoint_puts_it_in_force(tmp_path: Path) -> None:
    first = publish(tmp_path, COSINE, items(1), "c1").digest
    publish(tmp_path, COSINE, items(2), "c2")
    assert publish(tmp_path, COSINE, items(1), "c1").digest == first
    assert in_force(tmp_path).digest == first


def _with_a_nan() -> Item:
    broken = item("ref_x")
    broken.rows[3, 2] = np.nan
    return broken


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (lambda: item("ref_x", spec=HAMMING), "ref_x: rows of picture-1"),
        (_with_a_nan, "ref_x: row 3"),
        (lambda: replace(item("ref_x"), times_s=np.arange(3.0)), "as many times"),
        (lambda: replace(item("ref_x"), times_s=np.full(20, np.nan)), "not NaN"),
        (lambda: item("ref_0"), "twice"),
    ],
    ids=["type", "nan", "times", "nan-times", "twice"],
)
def test_a_wrong_item_is_refused_and_leaves_nothing(wrong, match, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    before = publish(tmp_path, COSINE, items(), "c1").digest
    seen = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match=match):
        publish(tmp_path, COSINE, [*items(), wrong()], "c2")
    assert in_force(tmp_path).digest == before
    assert sorted(tmp_path.rglob("*")) == seen


@pytest.mark.parametrize(("spec", "engine"), [(COSINE, "annoy"), (HAMMING, "faiss")])
def test_an_engine_that_does_not_fit_is_refused(spec: DescriptorSpec, engine: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="exact"):
        publish(tmp_path, spec, [], "c1", engine=engine)
    assert list(tmp_path.iterdir()) == []


def test_a_key_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="descriptor key"):
        current(tmp_path, "../elsewhere")


@pytest.mark.parametrize("name", ["manifest.json", "items.json"])
def test_an_altered_small_file_is_noticed_when_opening(name: str, tmp_path: Path) -> None:
    flip(publish(tmp_path, COSINE, items(), "c1").folder / name, 5)
    with pytest.raises(Tampered, match=name):
        current(tmp_path, COSINE.key)


@pytest.mark.parametrize("name", ["vectors/rows.npy", "owners.npy", "times.npy", "quality.npy"])
def test_an_altered_large_file_is_noticed_by_verify(name: str, tmp_path: Path) -> None:
    publish(tmp_path, COSINE, items(), "c1").verify()
    flip(in_force(tmp_path).folder / name)
    with pytest.raises(Tampered, match=name):
        in_force(tmp_path).verify()


@pytest.mark.parametrize("name", ["vectors/rows.npy", "owners.npy", "manifest.json", "items.json"])
def test_a_cut_or_missing_file_is_noticed_when_opening(name: str, tmp_path: Path) -> None:
    path = publish(tmp_path, COSINE, items(), "c1").folder / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Tampered):
        current(tmp_path, COSINE.key)
    path.unlink()
    with pytest.raises(Tampered):
        current(tmp_path, COSINE.key)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1}'])
def test_a_broken_pointer_is_noticed_when_opening(text: str, tmp_path: Path) -> None:
    publish(tmp_path, COSINE, items(), "c1")
    (tmp_path / COSINE.key / "current").write_text(text)
    with pytest.raises(Tampered, match="current"):
        current(tmp_path, COSINE.key)


def test_another_format_is_named(tmp_path: Path) -> None:
    folder = publish(tmp_path, COSINE, items(), "c1").folder
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(BadInput, match="format 99"):
        Snapshot(folder)


def test_publishing_mends_a_damaged_snapshot(tmp_path: Path) -> None:
    shutil.rmtree(publish(tmp_path, COSINE, items(), "c1").folder / "vectors")
    publish(tmp_path, COSINE, items(), "c1")
    in_force(tmp_path).verify()
