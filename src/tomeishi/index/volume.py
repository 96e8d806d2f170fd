"""A volume: the rows of some items, written once, sealed, and shared by every snapshot that needs it.

volumes/<number>/
├── items.json      id, mark and number of rows of each item, in order
├── times.npy       float64, seconds from the start of the item
├── quality.npy     float32, in [0, 1]
└── vectors/        the engine's own files
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput, Tampered
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.index.columns import ColumnWriter, open_column, storing, sync_folder, write_durably
from tomeishi.index.exact import ExactIndex, check_lengths
from tomeishi.index.manifest import bytes_of
from tomeishi.index.vectors import RowBlock, VectorIndex
from tomeishi.values import canonical, digest_of


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """The fingerprint of one item: times_s float64 (n,), rows (n, row_width), quality float32 (n,); n may be 0."""

    item_id: str
    times_s: NDArray[np.float64]
    rows: RowBlock
    quality: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """An item that an index should hold; read only where it does not hold it yet."""

    item_id: str
    mark: str
    """Another one wherever the item's rows are others."""
    rows: int
    """About how many."""
    read: Callable[[], Item]


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a volume, as its items.json names it."""

    item_id: str
    mark: str
    rows: int


class Volume:
    """An opened volume; everything is mapped at once."""

    def __init__(self, folder: Path, name: str, engine: str, files: Mapping[str, Mapping[str, Any]]) -> None:
        """`files` are those of the version `folder`. Tampered where the volume is not what they say."""
        self.name = name
        self.engine = engine
        self.folder = folder / "volumes" / name
        names = bytes_of(self.folder / "items.json")
        if digest_of(names) != files[f"volumes/{name}/items.json"]["digest"]:
            raise Tampered(f"{self.folder / 'items.json'} was altered; build the index again")
        self.entries = tuple(Entry(*fields) for fields in json.loads(names))
        self.starts = np.cumsum([0, *(entry.rows for entry in self.entries)], dtype=np.int64)
        self.times: NDArray[np.float64] = open_column(self.folder / "times.npy")
        self.quality: NDArray[np.float32] = open_column(self.folder / "quality.npy")
        self.index = engine_of(engine).open(self.folder / "vectors")
        if len({self.index.rows, len(self.times), len(self.quality), self.rows}) > 1:
            raise Tampered(f"the files in {self.folder} do not belong together; build the index again")

    @property
    def rows(self) -> int:
        return int(self.starts[-1])

    def owners(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place in `entries` of the item that each row belongs to."""
        return np.searchsorted(self.starts, rows, "right") - 1

    def search(
        self, queries: RowBlock, k: int, counts: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """As `VectorIndex.search`, over the rows of the entries that `counts` (entries,) says still count.

        More are asked for until enough of them do; so few are withdrawn (`snapshot`) that twice is seldom needed.
        """
        asked = k
        while True:
            distances, rows = self.index.search(queries, min(asked, max(self.rows, 1)))
            if counts.all() and rows.shape[1] == k:
                return distances, rows
            valid = rows >= 0
            valid[valid] = counts[self.owners(rows[valid])]
            if asked >= self.rows or (valid.sum(axis=1) >= k).all():
                break
            asked *= 2
        distances = np.where(valid, distances, np.float32(np.inf))
        rows = np.where(valid, rows, -1)
        first = np.argsort(~valid, axis=1, kind="stable")[:, :k]
        padding = ((0, 0), (0, k - first.shape[1]))
        return (
            np.pad(np.take_along_axis(distances, first, 1), padding, constant_values=np.inf),
            np.pad(np.take_along_axis(rows, first, 1), padding, constant_values=-1),
        )

    def item(self, number: int) -> Item:
        start, stop = int(self.starts[number]), int(self.starts[number + 1])
        return Item(
            self.entries[number].item_id,
            np.array(self.times[start:stop]),
            self.index.read(start, stop),
            np.array(self.quality[start:stop]),
        )

    def spread(self, number: int, most: int) -> RowBlock:
        """At most so many rows of an item, evenly over it."""
        start, stop = int(self.starts[number]), int(self.starts[number + 1])
        found = self.index.read(start, start)
        for row in np.unique(np.linspace(start, stop - 1, min(most, stop - start)).round().astype(np.int64)):
            found = np.concatenate([found, self.index.read(int(row), int(row) + 1)])
        return found


def write_volume(
    folder: Path,
    spec: DescriptorSpec,
    sources: Iterable[Source],
    choose: Callable[[int], str],
    like: VectorIndex | None,
) -> str:
    """Write the volume `folder` and say which engine it has: the one that `choose` names for its number of rows.

    Items are streamed: memory holds one item and all ids. The disk needs room for the rows twice meanwhile.
    """
    staged = folder / "staged.npy"
    entries: list[Entry] = []
    with storing(folder):
        folder.mkdir(parents=True)
    with ExitStack() as stack:
        rows = stack.enter_context(ColumnWriter(staged, spec.row_dtype, spec.row_width))
        times = stack.enter_context(ColumnWriter(folder / "times.npy", np.float64))
        quality = stack.enter_context(ColumnWriter(folder / "quality.npy", np.float32))
        for source in sources:
            item = source.read()
            _check_item(item, spec)
            times.append(item.times_s)
            quality.append(item.quality)
            rows.append(item.rows)
            entries.append(Entry(source.item_id, source.mark, len(item.rows)))
    write_durably(folder / "items.json", canonical([[each.item_id, each.mark, each.rows] for each in entries]))
    name = choose(rows.length)
    engine = engine_of(name)
    fitting = like if isinstance(like, engine) else None
    engine.build(folder / "vectors", open_column(staged), spec.metric, like=fitting)
    with storing(staged):
        staged.unlink()
        sync_folder(folder)
    return name


def share_volume(volume: Volume, folder: Path) -> None:
    """The same files in another version: as further names of them, or as copies where the file system has no such."""
    for path in sorted(volume.folder.rglob("*")):
        target = folder / path.relative_to(volume.folder)
        with storing(target):
            if path.is_dir():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, target)
            except OSError:
                shutil.copyfile(path, target)
                with target.open("rb+") as copied:
                    os.fsync(copied.fileno())
    for each in {folder, *(path for path in folder.rglob("*") if path.is_dir())}:
        with storing(each):
            sync_folder(each)


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


def engine_of(name: str) -> type[VectorIndex]:
    if name == "exact":
        return ExactIndex
    if name == "faiss":
        # Loading faiss takes half a second and 45 MB, which small registries never need.
        from tomeishi.index.faiss_index import FaissIndex

        return FaissIndex
    raise BadInput(f"no index engine {name!r}; there are exact and faiss")


def fits(engine: str, metric: Metric) -> bool:
    """Whether the engine can compare rows of that metric."""
    return engine == "exact" or metric is Metric.COSINE
