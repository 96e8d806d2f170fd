"""Exact search, checked against the plain definition of its distances."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tomeishi.errors import BadInput, Tampered
from tomeishi.fingerprint.descriptor import Metric
from tomeishi.index.exact import ROW_BLOCK, ExactIndex, nearest
from tomeishi.testing.indexes import altered, clustered_rows, true_nearest, unit

METRICS = pytest.mark.parametrize("metric", list(Metric))


@METRICS
def test_rows_in_several_blocks_are_ranked_as_one(metric: Metric) -> None:
    rows = clustered_rows(metric, 2 * ROW_BLOCK + 17, width=8)
    queries = altered(rows[::400])
    assert np.array_equal(nearest(rows, queries, 20)[1], true_nearest(rows, queries, 20))


@METRICS
def test_equal_rows_in_several_blocks_come_lowest_number_first(metric: Metric) -> None:
    rows = clustered_rows(metric, 1, width=8).repeat(2 * ROW_BLOCK + 5, axis=0)
    distances, found = nearest(rows, rows[:300], 7)
    assert (found == np.arange(7)).all()
    assert np.unique(distances).size == 1


def test_nearly_equal_rows_are_told_apart_by_their_true_distance() -> None:
    """A float32 matrix product alone is off by more than these rows differ."""
    random = np.random.default_rng(3)
    query = unit(random.standard_normal((1, 256)))
    rows = unit(query + 1e-5 * random.standard_normal((500, 256)))
    assert np.array_equal(nearest(rows, query, 500)[1], true_nearest(rows, query, 500))


def test_hamming_counts_differing_bits() -> None:
    rows = np.packbits([[0, 0, 0, 0, 0, 0, 0, 1] * 4, [1] * 32], axis=1)
    distances, found = nearest(rows, np.zeros((1, 4), np.uint8), 2)
    assert distances.tolist() == [[4, 32]]
    assert found.tolist() == [[0, 1]]


def test_an_index_that_is_not_one_is_reported_as_tampered(tmp_path: Path) -> None:
    (tmp_path / "rows.npy").write_bytes(b"no rows")
    with pytest.raises(Tampered, match=r"rows\.npy"):
        ExactIndex.open(tmp_path)


def test_a_query_that_is_not_a_number_is_named() -> None:
    rows = clustered_rows(Metric.COSINE, 10)
    queries = rows[:3].copy()
    queries[2, 4] = np.nan
    with pytest.raises(BadInput, match="query 2"):
        ExactIndex(rows).search(queries, 1)


@METRICS
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(1, 60), unrelated=st.integers(0, 60), k=st.integers(1, 10))
def test_adding_unrelated_rows_removes_no_nearer_row(
    metric: Metric, seed: int, count: int, unrelated: int, k: int
) -> None:
    """Rows farther away than the nearest leave these as they were."""
    rows = clustered_rows(metric, count, width=4, seed=seed)
    query = rows[:1]
    far = -query if query.dtype == np.float32 else np.bitwise_not(query)
    more = np.concatenate([rows, np.repeat(far, unrelated, axis=0)])
    before, after = nearest(rows, query, k), nearest(more, query, k)
    kept = min(k, count)
    assert np.array_equal(before[0][:, :kept], after[0][:, :kept])
    assert np.array_equal(before[1][:, :kept], after[1][:, :kept])


@METRICS
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(0, 400), cut=st.integers(0, 12), k=st.integers(1, 15))
def test_searching_in_batches_equals_searching_one_by_one(
    metric: Metric, seed: int, count: int, cut: int, k: int
) -> None:
    rows = clustered_rows(metric, count, width=8, seed=seed)
    queries = clustered_rows(metric, 12, width=8, seed=seed + 1)
    together = nearest(rows, queries, k)
    for part in (slice(cut, cut + 1), slice(0, cut), slice(cut, None)):
        alone = nearest(rows, queries[part], k)
        assert np.array_equal(alone[0], together[0][part])
        assert np.array_equal(alone[1], together[1][part])
