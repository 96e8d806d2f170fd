"""Exact search, the truth that every other index is measured against.

One file, `rows.npy`: float32 rows are compared by cosine, uint8 rows by differing bits. Answers depend on nothing but
rows and query: a fast pass finds whatever could be among the nearest, then each of those distances is computed anew,
alone and in float64, and ties go to the lowest row number. So neither the batch nor the number of threads shows.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput, Tampered
from tomeishi.fingerprint.descriptor import Metric
from tomeishi.index.columns import ColumnWriter, open_column, storing, sync_folder
from tomeishi.index.vectors import RowBlock

QUERY_BLOCK = 256
"""Queries compared at once."""
ROW_BLOCK = 4096
"""Rows compared at once: with 256 queries a pass holds about 20 MB, whatever the size of the index."""
_PAIR_BYTES = 16 << 20
"""Memory for computing distances anew."""
_LONGEST = 1.001
"""Length up to which a row counts as unit length; rounding to fp16 moves it by less than 0.0005."""

_Found = tuple[NDArray[np.float32], NDArray[np.int64]]


class ExactIndex:
    """Every row compared with every query, in blocks of a memory map."""

    def __init__(self, values: RowBlock) -> None:
        self._values = values

    @classmethod
    def build(cls, folder: Path, rows: RowBlock, metric: Metric, *, seed: int = 0, like: Self | None = None) -> Self:
        """See VectorIndex. Nothing here is drawn by chance or learned: `seed` and `like` change nothing."""
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with ColumnWriter(folder / "rows.npy", rows.dtype, rows.shape[1]) as column:
            for block in checked_blocks(rows, metric):
                column.append(block)
        with storing(folder):
            sync_folder(folder)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        values = open_column(folder / "rows.npy")
        if values.ndim != 2 or values.dtype not in (np.float32, np.uint8):
            raise Tampered(f"{folder / 'rows.npy'} holds no rows of an exact index; build the index again")
        return cls(values)

    @property
    def rows(self) -> int:
        return len(self._values)

    @property
    def metric(self) -> Metric:
        return Metric.HAMMING if self._values.dtype == np.uint8 else Metric.COSINE

    def search(self, queries: RowBlock, k: int) -> _Found:
        check_search(queries, k, self._values.shape[1], self.metric)
        return nearest(self._values, queries, k)

    def read(self, start: int, stop: int) -> RowBlock:
        part: NDArray[Any] = np.array(self._values[start:stop])
        return part


def checked_blocks(rows: RowBlock, metric: Metric) -> Iterator[RowBlock]:
    """`rows` in blocks that are fit to be searched, or BadInput with the number of the first row that is not."""
    expected = np.float32 if metric is Metric.COSINE else np.uint8
    if rows.ndim != 2 or rows.dtype != expected or not rows.shape[1]:
        raise BadInput(f"rows for {metric} are {np.dtype(expected)} (n, width), not {rows.dtype} {rows.shape}")
    for start in range(0, len(rows), ROW_BLOCK):
        block = rows[start : start + ROW_BLOCK]
        check_lengths(block, "row", start)
        yield block


def check_search(queries: RowBlock, k: int, width: int, metric: Metric) -> None:
    """BadInput unless `queries` can be compared with rows of this width and metric."""
    expected = np.float32 if metric is Metric.COSINE else np.uint8
    if queries.ndim != 2 or queries.dtype != expected or queries.shape[1] != width:
        raise BadInput(f"queries here are {np.dtype(expected)} (n, {width}), not {queries.dtype} {queries.shape}")
    if k < 1:
        raise BadInput(f"asked for the {k} nearest rows; ask for at least 1")
    check_lengths(queries, "query")


def check_lengths(block: RowBlock, what: str, start: int = 0) -> None:
    """BadInput with the number of the first row, counted from `start`, that cannot be compared by cosine."""
    if block.dtype == np.uint8:
        return
    lengths = np.sqrt(np.vecdot(block, block))
    wrong = np.flatnonzero(~(lengths <= _LONGEST))  # the negation also finds NaN
    if len(wrong):
        raise BadInput(
            f"{what} {start + wrong[0]} has length {lengths[wrong[0]]:g}; rows compared by cosine have unit length"
        )


def nearest(values: NDArray[Any], queries: RowBlock, k: int) -> _Found:
    """The k nearest of `values` for each query, see VectorIndex.search; `values` may also be float16."""
    reachable = min(k, len(values))
    distances = np.full((len(queries), k), np.inf, np.float32)
    rows = np.full((len(queries), k), -1, np.int64)
    for start in range(0, len(queries) if reachable else 0, QUERY_BLOCK):
        part = slice(start, start + QUERY_BLOCK)
        distances[part, :reachable], rows[part, :reachable] = _nearest_to_block(values, queries[part], reachable)
    return distances, rows


def _nearest_to_block(values: NDArray[Any], queries: RowBlock, k: int) -> _Found:
    candidates = _hamming_candidates if values.dtype == np.uint8 else _cosine_candidates
    distances = np.full((len(queries), k), np.inf, np.float32)
    rows = np.full((len(queries), k), -1, np.int64)
    own = np.repeat(np.arange(len(queries)), k)
    for start in range(0, len(values), ROW_BLOCK):
        at, row, distance = candidates(values[start : start + ROW_BLOCK], queries, distances[:, -1], k)
        at = np.concatenate([own, at])
        all_distances = np.concatenate([distances.ravel(), distance])
        all_rows = np.concatenate([rows.ravel(), row + start])
        order = np.lexsort((all_rows, all_distances, at))
        first = np.searchsorted(at[order], np.arange(len(queries)))
        kept = order[first[:, None] + np.arange(k)]
        distances, rows = all_distances[kept], all_rows[kept]
    return distances, rows


_Candidates = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def _cosine_candidates(block: NDArray[Any], queries: NDArray[Any], limit: NDArray[np.float32], k: int) -> _Candidates:
    """Query numbers, row numbers within `block` and distances of all that could be among the k nearest."""
    block = block.astype(np.float32, copy=False)
    rough = 1 - queries @ block.T
    # A float32 product of unit vectors is off by at most width x 2^-24 (Higham 2002, section 3.1), and both sides
    # of the comparison are; the rest is reserve.
    margin = np.float32((block.shape[1] + 8) * 2.0**-22)
    near = rough <= (_tightened(rough, limit, k) + margin)[:, None]
    if np.count_nonzero(near) > 16 * k * len(queries):
        near &= _first_copies(block, k)
    at, row = np.nonzero(near)
    distances = np.empty(len(at), np.float32)
    step = max(1, _PAIR_BYTES // (16 * block.shape[1]))
    for start in range(0, len(at), step):
        part = slice(start, start + step)
        inner = np.vecdot(queries[at[part]].astype(np.float64), block[row[part]].astype(np.float64))
        distances[part] = np.maximum(1 - inner, 0)
    return at, row, distances


def _hamming_candidates(block: NDArray[Any], queries: NDArray[Any], limit: NDArray[np.float32], k: int) -> _Candidates:
    """As for cosine; these distances are exact at once, so of later rows only strictly nearer ones can enter."""
    distance = np.zeros((len(queries), len(block)), np.uint16)
    for query_word, row_word in zip(_words(queries), _words(block), strict=True):
        distance += np.bitwise_count(query_word[:, None] ^ row_word)
    kth = _tightened(distance, limit, k)
    near = np.where(kth < limit, kth + 1, limit)[:, None] > distance
    if np.count_nonzero(near) > 16 * k * len(queries):
        near &= _first_copies(block, k)
    at, row = np.nonzero(near)
    return at, row, distance[at, row].astype(np.float32)


def _tightened(distances: NDArray[Any], limit: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """The limit that this block alone allows, where k rows have not been seen yet."""
    if k >= distances.shape[1] or np.isfinite(limit).all():
        return limit
    kth = np.partition(distances, k - 1, axis=1)[:, k - 1].astype(np.float32)
    return np.minimum(limit, kth)


def _first_copies(block: NDArray[Any], k: int) -> NDArray[np.bool_]:
    """False for every row that has k equal rows before it: blank or held frames would otherwise all be compared."""
    copies: dict[bytes, int] = {}
    wanted = np.empty(len(block), np.bool_)
    for number, row in enumerate(block):
        content = row.tobytes()
        copies[content] = copies.get(content, 0) + 1
        wanted[number] = copies[content] <= k
    return wanted


def _words(packed: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Packed rows (n, width) as 64-bit words (words, n), zeros behind; contiguous along the rows."""
    padded = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8)))
    return np.ascontiguousarray(padded.view(np.uint64).T)
