"""Conformance suite of the index seam: what every VectorIndex must do, whoever wrote it.

An extension's tests run each check for each of its cases, in a fresh folder:

    @pytest.mark.parametrize("check", indexes.CHECKS)
    def test_my_index_keeps_the_contract(check, tmp_path):
        check(IndexCase(MyIndex, Metric.COSINE, recall=0.9, rounding=5e-4), tmp_path)

Truth is computed here anew, by the plain definition of the distances, and shares no code with any index.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput
from tomeishi.fingerprint.descriptor import Metric
from tomeishi.index.vectors import RowBlock, VectorIndex


@dataclass(frozen=True, slots=True)
class IndexCase:
    """One implementation and what it promises."""

    engine: type[VectorIndex]
    metric: Metric
    recall: float
    """Least share of the true 10 nearest that it finds among 3,000 rows of `clustered_rows`; 1 promises exactness."""
    rounding: float
    """Most by which a distance may differ from that to the original row."""

    @property
    def is_exact(self) -> bool:
        return self.recall == 1


Check = Callable[[IndexCase, Path], None]


def clustered_rows(metric: Metric, count: int, width: int = 32, seed: int = 0) -> RowBlock:
    """Rows in bundles of about ten, as neighbouring frames are; `width` columns."""
    random = np.random.default_rng(seed)
    bundle = random.integers(0, max(1, count // 10), count)
    if metric is Metric.HAMMING:
        centres = random.integers(0, 256, (max(1, count // 10), width), np.uint8)
        flips = random.random((count, width * 8)) < 0.05
        return centres[bundle] ^ np.packbits(flips, axis=1)
    centres = random.standard_normal((max(1, count // 10), width))
    return unit(centres[bundle] + 0.4 * random.standard_normal((count, width)))


def altered(rows: RowBlock, seed: int = 1) -> RowBlock:
    """Queries: the rows, each changed a little."""
    random = np.random.default_rng(seed)
    if rows.dtype == np.uint8:
        return np.bitwise_xor(rows, np.packbits(random.random((len(rows), rows.shape[1] * 8)) < 0.02, axis=1))
    return unit(rows + 0.03 * random.standard_normal(rows.shape))


def unit(values: NDArray[Any]) -> NDArray[np.float32]:
    """Rows of unit length."""
    rows: NDArray[np.float32] = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    return rows


def true_distances(rows: NDArray[Any], queries: NDArray[Any]) -> NDArray[np.float64]:
    """All distances (q, n), by definition."""
    if rows.dtype == np.uint8:
        bits, query_bits = np.unpackbits(rows, axis=1), np.unpackbits(queries, axis=1)
        return np.array([(query != bits).sum(axis=1) for query in query_bits], np.float64).reshape(len(queries), -1)
    inner = queries.astype(np.float64) @ rows.astype(np.float64).T
    return np.maximum(1 - inner, 0)


def true_nearest(rows: RowBlock, queries: RowBlock, k: int) -> NDArray[np.int64]:
    """Row numbers (q, k) of the nearest, ties by the lowest number."""
    return np.argsort(true_distances(rows, queries).astype(np.float32), axis=1, kind="stable")[:, :k]


def finds_the_nearest(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 3000)
    queries = altered(rows[::30])
    _, found = case.engine.build(folder / "index", rows, case.metric).search(queries, 10)
    truth = true_nearest(rows, queries, 10)
    if case.is_exact:
        assert np.array_equal(found, truth)
    recall = np.mean([len(np.intersect1d(*pair)) / 10 for pair in zip(found, truth, strict=True)])
    assert recall >= case.recall, f"recall@10 {recall:.3f}, promised {case.recall}"
    assert np.mean(found[:, 0] == truth[:, 0]) >= case.recall


def reports_true_distances_nearest_first(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 3000)
    queries = altered(rows[::60])
    distances, found = case.engine.build(folder / "index", rows, case.metric).search(queries, 10)
    assert distances.dtype == np.float32
    assert found.dtype == np.int64
    assert (np.diff(distances, axis=1) >= 0).all()
    expected = np.take_along_axis(true_distances(rows, queries), found, axis=1)
    assert np.abs(distances - expected).max() <= case.rounding


def orders_equal_rows_by_number(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 600)
    copies = [7, 150, 151, 599]
    rows[copies] = rows[7]
    distances, found = case.engine.build(folder / "index", rows, case.metric).search(rows[7:8], 4)
    assert found.tolist() == [copies]
    assert np.unique(distances).size == 1


def finds_no_row_twice(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 1000)
    _, found = case.engine.build(folder / "index", rows, case.metric).search(altered(rows[:20]), 50)
    assert all(np.unique(numbers).size == 50 for numbers in found)


def pads_where_fewer_rows_exist(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 3)
    distances, found = case.engine.build(folder / "index", rows, case.metric).search(rows[:2], 5)
    assert distances.shape == found.shape == (2, 5)
    assert sorted(found[0, :3]) == [0, 1, 2]
    assert (found[:, 3:] == -1).all()
    assert np.isposinf(distances[:, 3:]).all()


def returns_every_row_when_asked_for_all(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 700)
    _, found = case.engine.build(folder / "index", rows, case.metric).search(rows[:3], 700)
    assert all(np.array_equal(np.sort(numbers), np.arange(700)) for numbers in found)


def an_empty_index_answers(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 5)
    index = case.engine.build(folder / "index", rows[:0], case.metric)
    distances, found = index.search(rows, 2)
    assert index.rows == 0
    assert np.isposinf(distances).all()
    assert (found == -1).all()
    assert index.read(0, 0).shape == (0, rows.shape[1])


def no_queries_get_no_answers(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 1000)
    distances, found = case.engine.build(folder / "index", rows, case.metric).search(rows[:0], 3)
    assert distances.shape == found.shape == (0, 3)


def answers_the_same_after_reopening(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 2000)
    queries = altered(rows[:100])
    built = case.engine.build(folder / "index", rows, case.metric)
    opened = case.engine.open(folder / "index")
    assert (opened.rows, opened.metric) == (2000, case.metric)
    before, after = built.search(queries, 10), opened.search(queries, 10)
    assert np.array_equal(before[0], after[0])
    assert np.array_equal(before[1], after[1])


def builds_the_same_bytes_from_the_same_rows(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 2000)
    contents = []
    for name in ("first", "second"):
        case.engine.build(folder / name, rows, case.metric, seed=7)
        files = sorted(path for path in (folder / name).rglob("*") if path.is_file())
        contents.append({path.relative_to(folder / name): path.read_bytes() for path in files})
    assert contents[0] == contents[1]


def builds_from_a_memory_map(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 500)
    np.save(folder / "mapped.npy", rows)
    mapped = np.load(folder / "mapped.npy", mmap_mode="r")
    index = case.engine.build(folder / "index", mapped, case.metric)
    (folder / "mapped.npy").unlink()
    assert index.search(rows[:5], 1)[1].ravel().tolist() == [0, 1, 2, 3, 4]


def reads_its_rows_back(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 300)
    read = case.engine.build(folder / "index", rows, case.metric).read(100, 120)
    assert read.dtype == rows.dtype
    assert read.shape == (20, rows.shape[1])
    difference = true_distances(rows[100:120], read).diagonal()
    assert difference.max() <= case.rounding
    if case.is_exact:
        assert np.array_equal(read, rows[100:120])


def batches_answer_as_single_queries_do(case: IndexCase, folder: Path) -> None:
    """Exactly where exactness is promised; else in the nearest row, as often as recall is promised."""
    rows = clustered_rows(case.metric, 2000)
    queries = altered(rows[:60])
    index = case.engine.build(folder / "index", rows, case.metric)
    together = index.search(queries, 5)
    singly = [np.concatenate(part) for part in zip(*(index.search(query[None], 5) for query in queries), strict=True)]
    if case.is_exact:
        assert np.array_equal(together[0], singly[0])
        assert np.array_equal(together[1], singly[1])
    assert np.mean(together[1][:, 0] == singly[1][:, 0]) >= case.recall


def works_at_odd_widths(case: IndexCase, folder: Path) -> None:
    for width in (1, 5, 9, 33):
        rows = clustered_rows(case.metric, 200, width)
        index = case.engine.build(folder / str(width), rows, case.metric)
        distances, _ = index.search(rows[:50], 1)
        assert distances.max() <= case.rounding


def refuses_what_cannot_be_compared(case: IndexCase, folder: Path) -> None:
    rows = clustered_rows(case.metric, 200)
    index = case.engine.build(folder / "index", rows, case.metric)
    wrong: list[tuple[Any, int]] = [(rows[:2, :-1], 1), (rows[0], 1), (rows[:2].astype(np.float64), 1), (rows[:2], 0)]
    if case.metric is Metric.COSINE:
        nan, long = rows[:2].copy(), rows[:2] * 2
        nan[1, 0] = np.nan
        wrong += [(nan, 1), (long, 1)]
        _refuses(lambda: case.engine.build(folder / "nan", nan, case.metric))
    for queries, k in wrong:
        _refuses(lambda queries=queries, k=k: index.search(queries, k))  # type: ignore[misc]
    _refuses(lambda: case.engine.build(folder / "wrong", rows.astype(np.float64), case.metric))  # type: ignore[arg-type]


def _refuses(action: Callable[[], object]) -> None:
    try:
        action()
    except BadInput as error:
        message = str(error)
    else:
        raise AssertionError("took what it should refuse with BadInput")
    assert message
    assert "\n" not in message


CHECKS: tuple[Check, ...] = (
    finds_the_nearest,
    reports_true_distances_nearest_first,
    orders_equal_rows_by_number,
    finds_no_row_twice,
    pads_where_fewer_rows_exist,
    returns_every_row_when_asked_for_all,
    an_empty_index_answers,
    no_queries_get_no_answers,
    answers_the_same_after_reopening,
    builds_the_same_bytes_from_the_same_rows,
    builds_from_a_memory_map,
    reads_its_rows_back,
    batches_answer_as_single_queries_do,
    works_at_odd_widths,
    refuses_what_cannot_be_compared,
)
