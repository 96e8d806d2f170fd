"""Approximate search for large registries: faiss finds candidates, the rows themselves decide.

Two files: `lists.faiss`, inverted lists of 1-bit RaBitQ codes read by fast scan (Gao and Long 2024; about 55 bytes a
row at 256 dimensions), and `rows.npy`, the rows in float16. Both are opened memory-mapped; of the lists faiss takes up
to about their size into memory of its own (58 MB measured at 1 million rows). A search asks faiss for max(100, 4k)
candidates and re-ranks them by their distance to the float16 rows.

faiss runs every search on one thread and gives the interpreter free meanwhile: callers that want more cores search
from several threads or processes. The build uses all cores; how many does not change a byte.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import sqrt
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput, Tampered
from tomeishi.fingerprint.descriptor import Metric
from tomeishi.index.columns import ColumnWriter, open_column, storing, sync_folder
from tomeishi.index.exact import check_search, checked_blocks, nearest
from tomeishi.index.vectors import RowBlock

CANDIDATES = 100
"""Fewest rows that faiss proposes; 1-bit codes alone reach recall@10 .56 where re-ranking 100 reaches .93."""
_CANDIDATES_PER_ANSWER = 4
_TRAINING_ROWS_PER_LIST = 40
"""faiss asks for at least 39."""
_TRAINING_ROUNDS = 10
"""Of k-means."""
_TWO_LEVELS_FROM = 256
_LISTS_PER_ROOT = 2
"""Lists for each root of the number of rows."""
_LOOKED_INTO, _AMONG = 64, 2000
"""Lists whose rows are compared, of so many; more as the root where there are more, which keeps what is found."""
_TRAINING_BYTES = 256 << 20
"""Most memory for the rows that k-means sees."""
_ADD_BLOCK = 1 << 16
_QUERY_BLOCK = 64
"""Queries asked together: faiss holds 64 KB for each of them, a kilobyte for each list that it looks into."""
_RERANK_BYTES = 4 << 20


class FaissIndex:
    """Inverted lists of 1-bit codes, re-ranked from float16 rows; cosine only."""

    def __init__(self, values: NDArray[np.float16], lists: Any) -> None:
        """`lists` is faiss's index of `values`, None where there are no rows."""
        self._values = values
        self._lists = lists

    @classmethod
    def build(cls, folder: Path, rows: RowBlock, metric: Metric, *, seed: int = 0, like: Self | None = None) -> Self:
        if metric is not Metric.COSINE:
            raise BadInput(f"a faiss index compares by cosine, not by {metric}; use the exact index")
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with ColumnWriter(folder / "rows.npy", np.float16, rows.shape[1]) as column:
            for block in checked_blocks(rows, metric):
                column.append(block)
        if len(rows):
            _write_lists(folder / "lists.faiss", _fill_lists(rows, seed, like.centroids if like else None))
        with storing(folder):
            sync_folder(folder)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        values = open_column(folder / "rows.npy")
        path = folder / "lists.faiss"
        if values.ndim != 2 or values.dtype != np.float16:
            raise Tampered(f"{folder / 'rows.npy'} holds no rows of a faiss index; build the index again")
        if not len(values):
            return cls(values, None)
        try:
            lists = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise Tampered(f"{path} cannot be read by faiss; build the index again") from error
        if not isinstance(lists, faiss.IndexIVFRaBitQFastScan) or (lists.ntotal, lists.d) != values.shape:
            raise Tampered(f"{path} does not belong to the rows beside it; build the index again")
        lists.nprobe = _looked_into(lists.nlist)
        return cls(values, lists)

    @property
    def rows(self) -> int:
        return len(self._values)

    @property
    def centroids(self) -> NDArray[np.float32]:
        """Of the lists, (lists, width)."""
        if self._lists is None:
            return np.zeros((0, self._values.shape[1]), np.float32)
        found: NDArray[np.float32] = self._lists.quantizer.reconstruct_n(0, self._lists.nlist)
        return found

    @property
    def metric(self) -> Metric:
        return Metric.COSINE

    def search(self, queries: RowBlock, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """See VectorIndex. Distances are to the float16 rows: within 0.0005 of those to the originals."""
        check_search(queries, k, self._values.shape[1], self.metric)
        wanted = max(CANDIDATES, _CANDIDATES_PER_ANSWER * k)
        if wanted >= self.rows:
            return nearest(self._values, queries, k)
        queries = np.ascontiguousarray(queries, np.float32)
        candidates = self._candidates(queries, wanted, self._lists.nprobe)
        short = np.flatnonzero(np.count_nonzero(candidates >= 0, axis=1) < k)
        if len(short):  # the lists nearest to these queries hold fewer than k rows: look into all of them
            candidates[short] = self._candidates(queries[short], wanted, self._lists.nlist)
        return self._re_ranked(queries, candidates, k)

    def _candidates(self, queries: RowBlock, wanted: int, lists: int) -> NDArray[np.int64]:
        rows = np.empty((len(queries), wanted), np.int64)
        probing = faiss.SearchParametersIVF(nprobe=lists)  # type: ignore[call-arg]  # its stub forgets keywords
        with _one_thread():
            for start in range(0, len(queries), _QUERY_BLOCK):
                part = slice(start, start + _QUERY_BLOCK)
                rows[part] = self._lists.search(queries[part], wanted, params=probing)[1]
        return rows

    def _re_ranked(
        self, queries: RowBlock, candidates: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        distances = np.empty((len(queries), k), np.float32)
        rows = np.empty((len(queries), k), np.int64)
        step = max(1, _RERANK_BYTES // (4 * candidates.shape[1] * self._values.shape[1]))
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            found = candidates[part]
            values = self._values[found].astype(np.float32)
            distance = np.maximum(1 - np.vecdot(queries[part, None], values), 0).astype(np.float32)
            distance[found < 0] = np.inf
            order = np.lexsort((found, distance), axis=1)[:, :k]
            distances[part] = np.take_along_axis(distance, order, 1)
            rows[part] = np.take_along_axis(found, order, 1)
        return distances, rows

    def read(self, start: int, stop: int) -> RowBlock:
        return self._values[start:stop].astype(np.float32)


def _fill_lists(rows: RowBlock, seed: int, learned: NDArray[np.float32] | None) -> Any:
    """faiss's index of `rows`: the same bytes for the same rows, seed and centroids."""
    count, width = rows.shape
    lists = max(1, min(round(_LISTS_PER_ROOT * sqrt(count)), count // _TRAINING_ROWS_PER_LIST))
    wanted = min(count, _TRAINING_ROWS_PER_LIST * lists, _TRAINING_BYTES // (4 * width))
    chosen = np.random.default_rng(seed).choice(count, wanted, replace=False, shuffle=False)
    sample = np.ascontiguousarray(rows[np.sort(chosen)])
    fitting = learned is not None and 2 * len(learned) >= lists and learned.shape[1] == width
    centroids = learned if fitting and learned is not None else _centroids(sample, lists, seed)
    quantizer = faiss.IndexFlatL2(width)
    quantizer.add(centroids)
    index = faiss.IndexIVFRaBitQFastScan(quantizer, width, len(centroids))
    index.train(sample)  # of the codes: faiss trains no quantizer that has all its centroids
    for start in range(0, count, _ADD_BLOCK):
        index.add(np.ascontiguousarray(rows[start : start + _ADD_BLOCK]))
    return index


def _looked_into(lists: int) -> int:
    return min(lists, round(_LOOKED_INTO * sqrt(max(1.0, lists / _AMONG))))


def _centroids(sample: NDArray[np.float32], lists: int, seed: int) -> NDArray[np.float32]:
    """Centres of `lists` lists, by k-means on two levels: the root of their number first, then each part in proportion.

    That takes the root of the work of one level, and finds as much (decision 0013).
    """
    top = round(sqrt(lists)) if lists >= _TWO_LEVELS_FROM else 1
    coarse = _k_means(sample, top, seed)
    parts = faiss.IndexFlatL2(sample.shape[1])
    parts.add(coarse)
    own: NDArray[np.int64] = parts.search(sample, 1)[1][:, 0]
    sizes = np.bincount(own, minlength=top)
    # What is left after rounding down goes where the shares were cut most.
    shares = sizes / len(sample) * lists
    given = np.floor(shares).astype(np.int64)
    given[np.argsort(given - shares, kind="stable")[: lists - given.sum()]] += 1
    fine = [_k_means(np.ascontiguousarray(sample[own == part]), int(n), seed) for part, n in enumerate(given) if n]
    return np.concatenate(fine)


def _k_means(sample: NDArray[np.float32], centres: int, seed: int) -> NDArray[np.float32]:
    parameters = faiss.ClusteringParameters()
    parameters.seed, parameters.niter = seed, _TRAINING_ROUNDS
    # Small indexes are meant; faiss would warn on stderr.
    parameters.min_points_per_centroid, parameters.max_points_per_centroid = 1, len(sample)
    clustering = faiss.Clustering(sample.shape[1], centres, parameters)
    clustering.train(sample, faiss.IndexFlatL2(sample.shape[1]))
    found: NDArray[np.float32] = faiss.vector_to_array(clustering.centroids).reshape(centres, sample.shape[1])
    return found


def _write_lists(path: Path, index: Any) -> None:
    # Through a Python file: faiss's own writer overlooks an error in the last flush and cannot fsync.
    with storing(path), path.open("xb") as file:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]  # not in its stub
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _one_thread() -> Iterator[None]:
    """faiss on one thread for the calling thread; OpenMP keeps this number per thread, and it is put back."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
