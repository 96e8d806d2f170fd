"""Snapshots: what they hold, how they are swapped, and what damage does to them."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.index import snapshot as snapshot_module
from tomeishi.index.snapshot import Snapshot, current
from tomeishi.index.snapshot import publish as publish_sources
from tomeishi.index.volume import Item, Source
from tomeishi.testing.indexes import clustered_rows
from tomeishi.values import digest_of

COSINE = DescriptorSpec("picture", 1, 16, Metric.COSINE, 0.2, "this test", "sha256:" + "0" * 64)
HAMMING = DescriptorSpec("bits", 1, 256, Metric.HAMMING, 31, "this test", None)
SPECS = pytest.mark.parametrize("spec", [COSINE, HAMMING], ids=["cosine", "hamming"])


def item(item_id: str, count: int = 20, seed: int = 0, spec: DescriptorSpec = COSINE) -> Item:
    rows = clustered_rows(spec.metric, count, spec.row_width, seed)
    return Item(item_id, 0.5 * np.arange(count, dtype=np.float64), rows, np.linspace(0, 1, count).astype(np.float32))


def items(count: int = 3, spec: DescriptorSpec = COSINE) -> list[Item]:
    return [item(f"ref_{number}", 20 + number, number, spec) for number in range(count)]


def source(given: Item) -> Source:
    mark = digest_of(given.rows.tobytes() + given.times_s.tobytes() + given.quality.tobytes())
    return Source(given.item_id, mark, len(given.rows), lambda: given)


def publish(
    root: Path, spec: DescriptorSpec, given: Iterable[Item], checkpoint: str, *, engine: str | None = None
) -> Snapshot:
    return publish_sources(root, spec, (source(each) for each in given), checkpoint, engine=engine)


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


@pytest.mark.parametrize("name", ["manifest.json", "items.json", "volumes/0/items.json"])
def test_an_altered_small_file_is_noticed_when_opening(name: str, tmp_path: Path) -> None:
    flip(publish(tmp_path, COSINE, items(), "c1").folder / name, 5)
    with pytest.raises(Tampered, match=name):
        current(tmp_path, COSINE.key)


@pytest.mark.parametrize("name", ["vectors/rows.npy", "times.npy", "quality.npy"])
def test_an_altered_large_file_is_noticed_by_verify(name: str, tmp_path: Path) -> None:
    publish(tmp_path, COSINE, items(), "c1").verify()
    flip(in_force(tmp_path).folder / "volumes" / "0" / name)
    with pytest.raises(Tampered, match=name):
        in_force(tmp_path).verify()


@pytest.mark.parametrize(
    "name", ["volumes/0/vectors/rows.npy", "volumes/0/times.npy", "volumes/0/items.json", "manifest.json", "items.json"]
)
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
    shutil.rmtree(publish(tmp_path, COSINE, items(), "c1").folder / "volumes" / "0" / "vectors")
    publish(tmp_path, COSINE, items(), "c1")
    in_force(tmp_path).verify()


def unreadable(given: Item) -> Source:
    def read() -> Item:
        raise AssertionError(f"{given.item_id} is in the index already")

    return replace(source(given), read=read)


GREAT = [item(f"old_{number}", 100, number) for number in range(4)]


def test_what_is_added_makes_a_volume_and_nothing_else_is_read(tmp_path: Path) -> None:
    publish(tmp_path, COSINE, GREAT, "c1")
    new = item("new", 30, 9)
    snapshot = publish_sources(tmp_path, COSINE, [*map(unreadable, GREAT), source(new)], "c2")
    assert [volume.rows for volume in snapshot.volumes] == [400, 30]
    assert snapshot.item_ids == (*(each.item_id for each in GREAT), "new")
    assert np.array_equal(snapshot.item("new").rows, new.rows)
    assert np.array_equal(snapshot.item("old_2").rows, GREAT[2].rows)


def test_an_older_version_shares_its_files_with_the_newer_one(tmp_path: Path) -> None:
    first = publish(tmp_path, COSINE, GREAT, "c1")
    second = publish(tmp_path, COSINE, [*GREAT, item("new", 30, 9)], "c2")
    name = Path("volumes/0/vectors/rows.npy")
    assert (first.folder / name).samefile(second.folder / name)
    first.verify()
    second.verify()


@pytest.mark.parametrize("engine", ["exact", "faiss"])
def test_a_search_looks_into_all_volumes(engine: str, tmp_path: Path) -> None:
    grown = [*GREAT, item("new", 30, 9)]
    publish(tmp_path / "grown", COSINE, GREAT, "c1", engine=engine)
    snapshot = publish(tmp_path / "grown", COSINE, grown, "c2", engine=engine)
    whole = publish(tmp_path / "whole", COSINE, grown, "c2", engine=engine)
    assert (len(snapshot.volumes), len(whole.volumes)) == (2, 1)
    queries = np.concatenate([each.rows[::7] for each in grown])
    mine, theirs = snapshot.search(queries, 9), whole.search(queries, 9)
    assert np.allclose(mine[0], theirs[0], atol=1e-6)
    assert np.array_equal(mine[1], theirs[1])
    assert np.array_equal(mine[2], theirs[2])


def test_an_item_that_is_gone_is_found_no_more(tmp_path: Path) -> None:
    publish(tmp_path, COSINE, GREAT, "c1")
    less = [*GREAT[:1], *GREAT[2:]]
    snapshot = publish_sources(tmp_path, COSINE, map(unreadable, less), "c2")
    distances, found, times = snapshot.search(GREAT[1].rows, 300)
    assert [volume.rows for volume in snapshot.volumes] == [400]
    assert snapshot.manifest.rows == 300
    assert all(np.unique(numbers).tolist() == [0, 1, 2] for numbers in found)
    assert np.isfinite(distances).all()
    assert np.isfinite(times).all()
    with pytest.raises(NotFound, match="old_1"):
        snapshot.item("old_1")


def test_where_too_few_rows_count_the_rest_is_empty(tmp_path: Path) -> None:
    publish(tmp_path, COSINE, GREAT, "c1")
    snapshot = publish(tmp_path, COSINE, GREAT[:3], "c2")
    distances, found, _ = snapshot.search(GREAT[3].rows[:2], 350)
    assert (found[:, 300:] == -1).all()
    assert np.isposinf(distances[:, 300:]).all()
    assert np.isfinite(distances[:, :300]).all()


def test_an_item_with_other_rows_answers_with_the_new_ones_alone(tmp_path: Path) -> None:
    publish(tmp_path, COSINE, GREAT, "c1")
    shorter = replace(GREAT[1], times_s=np.arange(40.0) + 900, rows=GREAT[1].rows[:40], quality=GREAT[1].quality[:40])
    snapshot = publish(tmp_path, COSINE, [GREAT[0], shorter, *GREAT[2:]], "c2")
    assert [volume.rows for volume in snapshot.volumes] == [400, 40]
    assert snapshot.manifest.rows == 340
    assert snapshot.item("old_1").times_s.tolist() == shorter.times_s.tolist()
    _, found, times = snapshot.search(GREAT[1].rows[50:60], 1)
    mine = found[:, 0] == snapshot.item_ids.index("old_1")
    assert (times[mine] >= 900).all()


def test_an_item_that_is_what_it_was_before_is_written_anew(tmp_path: Path) -> None:
    """The last copy speaks; an older one that would be right again does not."""
    changed = replace(GREAT[1], quality=np.full(100, 0.25, np.float32))
    publish(tmp_path, COSINE, GREAT, "c1")
    publish(tmp_path, COSINE, [GREAT[0], changed, *GREAT[2:]], "c2")
    snapshot = publish(tmp_path, COSINE, GREAT, "c3")
    assert np.array_equal(snapshot.item("old_1").quality, GREAT[1].quality)
    assert snapshot.manifest.rows == 400


def test_a_volume_of_which_much_is_gone_is_written_anew(tmp_path: Path) -> None:
    publish(tmp_path, COSINE, GREAT, "c1")
    snapshot = publish(tmp_path, COSINE, GREAT[:2], "c2")
    assert [volume.rows for volume in snapshot.volumes] == [200]


def test_volumes_do_not_pile_up(tmp_path: Path) -> None:
    """A hundred times one item more: each row is written seldom, and a search looks into few volumes."""
    given: list[Item] = []
    written = 0
    for number in range(100):
        given.append(item(f"ref_{number:03}", 10, number))
        before = set(current(tmp_path, COSINE.key).volumes if number else ())  # type: ignore[union-attr]
        kept = {volume.folder / "items.json" for volume in before}
        snapshot = publish(tmp_path, COSINE, given, f"c{number}")
        written += sum(
            volume.rows
            for volume in snapshot.volumes
            if not any((volume.folder / "items.json").samefile(path) for path in kept if path.exists())
        )
        assert len(snapshot.volumes) <= 7
    assert snapshot.manifest.rows == 1000
    assert written < 6_000
    assert snapshot.item_ids[-1] == "ref_099"


def test_small_volumes_that_are_many_together_get_faiss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_module, "EXACT_UP_TO", 480)
    publish(tmp_path, COSINE, GREAT, "c1")
    grown = [*GREAT, item("new", 90, 9)]
    snapshot = publish(tmp_path, COSINE, grown, "c2")
    assert [(volume.engine, volume.rows) for volume in snapshot.volumes] == [("faiss", 490)]
    later = publish(tmp_path, COSINE, [*grown, item("newer", 20, 10)], "c3")
    assert [(volume.engine, volume.rows) for volume in later.volumes] == [("faiss", 490), ("exact", 20)]
    assert later.manifest.engine == "faiss"


def test_other_weights_share_nothing(tmp_path: Path) -> None:
    publish(tmp_path, COSINE, GREAT, "c1")
    snapshot = publish(tmp_path, replace(COSINE, weights_digest="sha256:" + "1" * 64), [*GREAT, item("new", 30)], "c2")
    assert [volume.rows for volume in snapshot.volumes] == [430]


def test_a_file_system_without_second_names_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    publish(tmp_path, COSINE, GREAT, "c1")
    monkeypatch.setattr("os.link", refuse)
    snapshot = publish(tmp_path, COSINE, [*GREAT, item("new", 30, 9)], "c2")
    assert len(snapshot.volumes) == 2
    snapshot.verify()
