"""Snapshots: what is searched, made from a checkpoint of the registry, never edited in place.

root/<descriptor key>/
├── current             which version is in force, the digest of its manifest, and which were before it
├── lock                held while one process publishes
└── <version>/          digest of checkpoint, descriptor, weights, engine and format
    ├── manifest.json   what this is, and size and digest of every other file
    ├── items.json      item ids, in order
    ├── owners.npy      int32, the item (by its place in that order) that each row belongs to
    ├── times.npy       float64, seconds from the start of the item
    ├── quality.npy     float32, in [0, 1]
    └── vectors/        the engine's own files

A version is written beside the others, made durable and renamed; then `current` is replaced in one step. Whoever dies
in between leaves the version in force as it was. Files that a process has mapped stay readable after their removal.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.index import publishing
from tomeishi.index.columns import ColumnWriter, open_column, storing, write_durably
from tomeishi.index.exact import ExactIndex, check_lengths
from tomeishi.index.manifest import FORMAT, Manifest, version_of
from tomeishi.index.publishing import files_in, in_force, read_version, verify_files
from tomeishi.index.vectors import RowBlock, VectorIndex
from tomeishi.values import canonical

EXACT_UP_TO = 100_000
"""Rows from which cosine rows get a faiss index: up to there exact search of two frames for each second of a film
takes about a tenth of decoding it at 1080p (benchmarks/index_scale.py)."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """The fingerprint of one item: times_s float64 (n,), rows (n, row_width), quality float32 (n,); n may be 0."""

    item_id: str
    times_s: NDArray[np.float64]
    rows: RowBlock
    quality: NDArray[np.float32]


class Snapshot:
    """An opened snapshot. Everything is mapped at once, so it keeps answering after it was replaced and removed."""

    def __init__(self, folder: Path, manifest_digest: str | None = None) -> None:
        """Tampered unless the manifest has `manifest_digest` (where given), items.json its digest, and all files
        their sizes; `verify` reads the large ones too."""
        self.folder = folder
        self.manifest, self.digest, self.item_ids = read_version(folder, manifest_digest)
        self._ordinals = {item_id: ordinal for ordinal, item_id in enumerate(self.item_ids)}
        self._owners: NDArray[np.int32] = open_column(folder / "owners.npy")
        self._times: NDArray[np.float64] = open_column(folder / "times.npy")
        self._quality: NDArray[np.float32] = open_column(folder / "quality.npy")
        self._index = _engine(self.manifest.engine).open(folder / "vectors")
        lengths = {self._index.rows, len(self._owners), len(self._times), len(self._quality), self.manifest.rows}
        if len(lengths) > 1 or len(self.item_ids) != self.manifest.items or self._index.metric != self.manifest.metric:
            raise Tampered(f"the files in {folder} do not belong together; build the index again")

    def search(self, queries: RowBlock, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float64]]:
        """Distances, places in `item_ids`, and times in seconds, each (q, k), nearest first, ties as published.

        Where fewer than k rows exist: distance inf, item -1, time NaN.
        """
        distances, rows = self._index.search(queries, k)
        items = np.full(rows.shape, -1, np.int64)
        times = np.full(rows.shape, np.nan, np.float64)
        found = rows >= 0
        items[found] = self._owners[rows[found]]
        times[found] = self._times[rows[found]]
        return distances, items, times

    def item(self, item_id: str) -> Item:
        """One item as it was published; its rows as near as the engine keeps them."""
        if item_id not in self._ordinals:
            raise NotFound(f"no item {item_id} in the index {self.folder}")
        # The bounds have the column's own type, or numpy would copy the whole column to compare them.
        bounds = np.array([self._ordinals[item_id], self._ordinals[item_id] + 1], np.int32)
        start, stop = (int(row) for row in np.searchsorted(self._owners, bounds))
        return Item(
            item_id,
            np.array(self._times[start:stop]),
            self._index.read(start, stop),
            np.array(self._quality[start:stop]),
        )

    def verify(self) -> None:
        """Read every file; Tampered names the first whose digest does not hold."""
        verify_files(self.folder, self.manifest)


def publish(
    root: Path, spec: DescriptorSpec, items: Iterable[Item], checkpoint: str, *, engine: str | None = None
) -> Snapshot:
    """Build the snapshot of `items` and put it in force; nothing is done, and `items` not read, where one of the same
    checkpoint, descriptor and weights is in force already.

    `engine` is `exact` or `faiss`; by default faiss from EXACT_UP_TO cosine rows on. Items are streamed: memory holds
    one item and all ids. The disk needs room for the rows twice while building. Processes that publish
    for the same descriptor wait for each other, and the last one's checkpoint stays.
    """
    if engine is not None:
        _engine(engine)
    if engine == "faiss" and spec.metric is not Metric.COSINE:
        raise BadInput(f"{spec.key} compares by {spec.metric}; faiss indexes only cosine rows, use exact")
    return publishing.publish(
        root,
        spec.key,
        lambda manifest: _is_of(manifest, checkpoint, spec, engine),
        lambda building: _build(building, spec, items, checkpoint, engine),
        Snapshot,
    )


def current(root: Path, descriptor_key: str) -> Snapshot | None:
    """The snapshot in force; None where nothing was published yet."""
    return in_force(root, descriptor_key, Snapshot)


def _build(
    building: Path, spec: DescriptorSpec, items: Iterable[Item], checkpoint: str, engine: str | None
) -> Manifest:
    staged = building / "staged.npy"
    item_ids: dict[str, None] = {}
    with ExitStack() as stack:
        rows = stack.enter_context(ColumnWriter(staged, spec.row_dtype, spec.row_width))
        owners = stack.enter_context(ColumnWriter(building / "owners.npy", np.int32))
        times = stack.enter_context(ColumnWriter(building / "times.npy", np.float64))
        quality = stack.enter_context(ColumnWriter(building / "quality.npy", np.float32))
        for item in items:
            _check_item(item, spec)
            if item.item_id in item_ids:
                raise BadInput(f"item {item.item_id} was given twice; an index holds each item once")
            owners.append(np.full(len(item.rows), len(item_ids), np.int32))
            times.append(item.times_s)
            quality.append(item.quality)
            rows.append(item.rows)
            item_ids[item.item_id] = None
    write_durably(building / "items.json", canonical(list(item_ids)))
    if engine is None:
        engine = "faiss" if spec.metric is Metric.COSINE and rows.length >= EXACT_UP_TO else "exact"
    _engine(engine).build(building / "vectors", open_column(staged), spec.metric)
    with storing(staged):
        staged.unlink()
    return Manifest(
        FORMAT,
        spec.key,
        spec.weights_digest,
        spec.metric,
        spec.dim,
        rows.length,
        len(item_ids),
        engine,
        checkpoint,
        files_in(building),
    )


def _check_item(item: Item, spec: DescriptorSpec) -> None:
    count = len(item.rows)
    if item.rows.shape != (count, spec.row_width) or item.rows.dtype != spec.row_dtype:
        raise BadInput(
            f"item {item.item_id}: rows of {spec.key} are {spec.row_dtype} (n, {spec.row_width}), "
            f"not {item.rows.dtype} {item.rows.shape}"
        )
    if item.times_s.shape != (count,) or item.quality.shape != (count,):
        raise BadInput(f"item {item.item_id}: {count} rows need as many times and qualities")
    if not (np.isfinite(item.times_s).all() and np.isfinite(item.quality).all()):
        raise BadInput(f"item {item.item_id}: times and qualities are numbers, not NaN or infinite")
    check_lengths(item.rows, f"item {item.item_id}: row")


def _engine(name: str) -> type[VectorIndex]:
    if name == "exact":
        return ExactIndex
    if name == "faiss":
        # Loading faiss takes half a second and 45 MB, which small registries never need.
        from tomeishi.index.faiss_index import FaissIndex

        return FaissIndex
    raise BadInput(f"no index engine {name!r}; there are exact and faiss")


def _is_of(manifest: Manifest, checkpoint: str, spec: DescriptorSpec, engine: str | None) -> bool:
    return manifest.version == version_of(checkpoint, spec.key, spec.weights_digest, engine or manifest.engine)
