"""Every shipped index keeps the contract of the seam, and the suite notices one that does not."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import Metric
from tomeishi.index.exact import ExactIndex
from tomeishi.index.faiss_index import FaissIndex
from tomeishi.index.vectors import RowBlock
from tomeishi.testing import indexes
from tomeishi.testing.indexes import Check, IndexCase

CASES = {
    "exact-cosine": IndexCase(ExactIndex, Metric.COSINE, recall=1, rounding=1e-7),
    "exact-hamming": IndexCase(ExactIndex, Metric.HAMMING, recall=1, rounding=0),
    "faiss": IndexCase(FaissIndex, Metric.COSINE, recall=0.95, rounding=5e-4),
}


@pytest.mark.parametrize("check", indexes.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", CASES)
def test_an_index_keeps_the_contract(name: str, check: Check, tmp_path: Path) -> None:
    check(CASES[name], tmp_path)


class Reversed(ExactIndex):
    """Farthest of the k first."""

    def search(self, queries: RowBlock, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        distances, rows = super().search(queries, k)
        return distances[:, ::-1], rows[:, ::-1]


class Blind(ExactIndex):
    """Sees only the first hundred rows."""

    def search(self, queries: RowBlock, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return type(self)(self._values[:100]).search(queries, k) if self.rows > 100 else super().search(queries, k)


class Careless(ExactIndex):
    """Takes anything for numbers."""

    def search(self, queries: RowBlock, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        cleaned: NDArray[np.float32] = np.nan_to_num(queries.astype(np.float32))
        return super().search(cleaned, k)


@pytest.mark.parametrize(
    ("engine", "check"),
    [
        (Reversed, indexes.reports_true_distances_nearest_first),
        (Reversed, indexes.pads_where_fewer_rows_exist),
        (Blind, indexes.finds_the_nearest),
        (Blind, indexes.orders_equal_rows_by_number),
        (Careless, indexes.refuses_what_cannot_be_compared),
    ],
)
def test_the_suite_notices_a_broken_index(engine: type[ExactIndex], check: Check, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        check(IndexCase(engine, Metric.COSINE, recall=1, rounding=1e-7), tmp_path)
