"""Postings: which groups of an item's rows have a key, sorted by key and memory-mapped.

A version (see `snapshot` for the layout around it, and for how it gets into force) holds
├── items.json      item ids, in order
├── starts.npy      int64, where the rows of each item begin, and where the last ones end
├── times.npy       float64, seconds, of each row
├── rows.npy        uint8 (n, row_width)
├── quality.npy     float32
├── keys.npy        uint32, of each group, rising
├── first.npy       uint32, the group's first row
└── after.npy       uint8, how many rows later its last one lies

What a key means is the fingerprint room's affair. Nine bytes a group; building holds all groups in memory, once over
as they come and once sorted.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.fingerprint.descriptor import DescriptorSpec
from tomeishi.fingerprint.groups import Groups
from tomeishi.index import publishing
from tomeishi.index.columns import ColumnWriter, open_column, write_durably
from tomeishi.index.manifest import FORMAT, Manifest, version_of
from tomeishi.index.publishing import files_in, in_force, read_version, verify_files
from tomeishi.index.volume import Item
from tomeishi.values import canonical

_ENGINE = "postings"
_MOST_ROWS = 1 << 32


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Pairs of an asked key and a stored group: places in what was asked, and rows of the whole version."""

    asked: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


class Postings:
    """An opened version. Everything is mapped at once, so it keeps answering after it was replaced and removed."""

    def __init__(self, folder: Path, manifest_digest: str | None = None) -> None:
        """Tampered as `snapshot.Snapshot` says."""
        self.folder = folder
        self.manifest, self.digest, self.item_ids = read_version(folder, manifest_digest)
        self._ordinals = {item_id: ordinal for ordinal, item_id in enumerate(self.item_ids)}
        self._starts: NDArray[np.int64] = open_column(folder / "starts.npy")
        self._times: NDArray[np.float64] = open_column(folder / "times.npy")
        self._rows: NDArray[np.uint8] = open_column(folder / "rows.npy")
        self._quality: NDArray[np.float32] = open_column(folder / "quality.npy")
        self._keys: NDArray[np.uint32] = open_column(folder / "keys.npy")
        self._first: NDArray[np.uint32] = open_column(folder / "first.npy")
        self._after: NDArray[np.uint8] = open_column(folder / "after.npy")
        rows = {len(self._times), len(self._rows), len(self._quality), self.manifest.rows, int(self._starts[-1])}
        groups = {len(self._keys), len(self._first), len(self._after)}
        items = {len(self._starts) - 1, len(self.item_ids), self.manifest.items}
        if max(len(rows), len(groups), len(items)) > 1 or self.manifest.engine != _ENGINE:
            raise Tampered(f"the files in {folder} do not belong together; build the index again")

    def look_up(self, keys: NDArray[np.uint32], at_most: int) -> Found:
        """Stored groups of each key. A key that more than `at_most` groups have says nothing, and is passed over."""
        asked, places = look_up(self._keys, keys, at_most)
        first = self._first[places].astype(np.int64)
        return Found(asked, first, first + self._after[places])

    def owners(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The item, by its place in `item_ids`, that each row belongs to."""
        return np.searchsorted(self._starts, rows, "right") - 1

    def rows(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        """Times (n,) and values (n, row_width) of rows by their numbers in the whole version."""
        return self._times[numbers], self._rows[numbers]

    def item(self, item_id: str) -> Item:
        """The rows of one item as they were published."""
        if item_id not in self._ordinals:
            raise NotFound(f"no item {item_id} in the index {self.folder}")
        ordinal = self._ordinals[item_id]
        mine = slice(int(self._starts[ordinal]), int(self._starts[ordinal + 1]))
        return Item(item_id, np.array(self._times[mine]), np.array(self._rows[mine]), np.array(self._quality[mine]))

    def verify(self) -> None:
        """Read every file; Tampered names the first whose digest does not hold."""
        verify_files(self.folder, self.manifest)


def look_up(
    stored: NDArray[np.uint32], keys: NDArray[np.uint32], at_most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of places in `keys` and in `stored`, which rises, of equal keys; those stored oftener are passed over."""
    low, high = (np.searchsorted(stored, keys, side) for side in ("left", "right"))
    counts = np.where(high - low <= at_most, high - low, 0)
    asked = np.repeat(np.arange(len(keys)), counts)
    inside = np.arange(len(asked)) - np.repeat(np.cumsum(counts) - counts, counts)
    return asked, low[asked] + inside


def publish_postings(
    root: Path, spec: DescriptorSpec, items: Iterable[tuple[Item, Groups]], checkpoint: str
) -> Postings:
    """Build the version of `items`, each with the groups of its own rows, and put it in force; nothing is done, and
    `items` not read, where one of the same checkpoint and descriptor is in force already."""
    wanted = version_of(checkpoint, spec.key, spec.weights_digest, _ENGINE)
    return publishing.publish(
        root,
        spec.key,
        lambda manifest: manifest.version == wanted,
        lambda building: _build(building, spec, items, checkpoint),
        Postings,
    )


def current_postings(root: Path, descriptor_key: str) -> Postings | None:
    """The version in force; None where nothing was published yet."""
    return in_force(root, descriptor_key, Postings)


def _build(building: Path, spec: DescriptorSpec, items: Iterable[tuple[Item, Groups]], checkpoint: str) -> Manifest:
    item_ids: dict[str, None] = {}
    starts = [0]
    keys, first, after = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint32)], [np.zeros(0, np.uint8)]
    with ExitStack() as stack:
        times = stack.enter_context(ColumnWriter(building / "times.npy", np.float64))
        rows = stack.enter_context(ColumnWriter(building / "rows.npy", np.uint8, spec.row_width))
        quality = stack.enter_context(ColumnWriter(building / "quality.npy", np.float32))
        for item, groups in items:
            if item.item_id in item_ids:
                raise BadInput(f"item {item.item_id} was given twice; an index holds each item once")
            if starts[-1] + len(item.rows) >= _MOST_ROWS:
                raise BadInput(f"{spec.key}: an index holds at most {_MOST_ROWS:,} rows")
            times.append(item.times_s)
            rows.append(item.rows)
            quality.append(item.quality)
            keys.append(groups.keys)
            first.append((groups.first + starts[-1]).astype(np.uint32))
            after.append((groups.last - groups.first).astype(np.uint8))
            starts.append(starts[-1] + len(item.rows))
            item_ids[item.item_id] = None
    order = np.argsort(np.concatenate(keys), kind="stable")
    for name, column in (("keys", keys), ("first", first), ("after", after), ("starts", [np.array(starts, np.int64)])):
        whole = np.concatenate(column)
        with ColumnWriter(building / f"{name}.npy", whole.dtype) as out:
            out.append(whole if name == "starts" else whole[order])
    write_durably(building / "items.json", canonical(list(item_ids)))
    return Manifest(
        FORMAT,
        spec.key,
        spec.weights_digest,
        spec.metric,
        spec.dim,
        starts[-1],
        len(item_ids),
        _ENGINE,
        checkpoint,
        files_in(building),
    )
