"""Snapshots: what is searched, made from a checkpoint of the registry, never edited in place.

root/<descriptor key>/
├── current             which version is in force, the digest of its manifest, and which were before it
├── lock                held while one process publishes
└── <version>/          digest of checkpoint, descriptor, weights, engine and format
    ├── manifest.json   what this is, and size and digest of every other file
    ├── items.json      ids of all items that count, in order
    └── volumes/        sealed volumes (see `volume`), under the same names in every version that has them

A new version shares the volumes of the one before and adds one with what is new. An item that is gone or has other
rows stays in its old volume and no longer counts: of several volumes that hold an item the last one speaks, and only
if items.json names it. Volumes that pile up, or of which much no longer counts, are left out, and what of them still
counts is read again into the new one.

A version is written beside the others, made durable and renamed; then `current` is replaced in one step. Whoever dies
in between leaves the version in force as it was. Files that a process has mapped stay readable after their removal.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.index import publishing
from tomeishi.index.columns import storing, sync_folder, write_durably
from tomeishi.index.exact import check_search
from tomeishi.index.manifest import FORMAT, Manifest, version_of
from tomeishi.index.publishing import files_in, in_force, read_version, verify_files
from tomeishi.index.vectors import RowBlock
from tomeishi.index.volume import Item, Source, Volume, engine_of, fits, share_volume, write_volume
from tomeishi.values import canonical

EXACT_UP_TO = 100_000
"""Rows from which cosine rows get a faiss index: up to there exact search of two frames for each second of a film
takes about a tenth of decoding it at 1080p (benchmarks/index_scale.py)."""
_GROWS_BY = 2
"""A volume is at least so many times as large as the next smaller one: 10 million rows lie in a dozen at most."""
_WITHDRAWN = 0.25
"""Share of a volume's rows that may no longer count; past it the volume is written anew."""


class Snapshot:
    """An opened snapshot. Everything is mapped at once, so it keeps answering after it was replaced and removed."""

    def __init__(self, folder: Path, manifest_digest: str | None = None) -> None:
        """Tampered unless the manifest has `manifest_digest` (where given), items.json their digests, and all files
        their sizes; `verify` reads the large ones too."""
        self.folder = folder
        self.manifest, self.digest, self.item_ids = read_version(folder, manifest_digest)
        self.volumes = tuple(
            Volume(folder, name, self.manifest.volumes[name], self.manifest.files)
            for name in sorted(self.manifest.volumes, key=int)
        )
        self._places = {item_id: place for place, item_id in enumerate(self.item_ids)}
        last = _last_copies(self.volumes)
        self._where = {item_id: last[item_id] for item_id in self.item_ids if item_id in last}
        self._numbers = tuple(self._places_of(number) for number in range(len(self.volumes)))
        counted = sum(self.volumes[at].entries[number].rows for at, number in self._where.values())
        if (
            (len(self._where), counted) != (len(self.item_ids), self.manifest.rows)
            or len(self.item_ids) != self.manifest.items
            or any(volume.index.metric != self.manifest.metric for volume in self.volumes)
        ):
            raise Tampered(f"the files in {folder} do not belong together; build the index again")

    def _places_of(self, at: int) -> NDArray[np.int64]:
        """For each entry of a volume the place of its item in `item_ids`; -1 where it no longer counts."""
        entries = self.volumes[at].entries
        spoken = [self._where.get(entry.item_id) == (at, number) for number, entry in enumerate(entries)]
        places = [self._places[e.item_id] if counts else -1 for e, counts in zip(entries, spoken, strict=True)]
        return np.array(places, np.int64)

    def search(self, queries: RowBlock, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float64]]:
        """Distances, places in `item_ids`, and times in seconds, each (q, k), nearest first, ties by place.

        Where fewer than k rows exist: distance inf, item -1, time NaN.
        """
        width = self.manifest.dim if self.manifest.metric is Metric.COSINE else self.manifest.dim // 8
        check_search(queries, k, width, self.manifest.metric)
        nothing = (len(queries), 0 if self.volumes else k)
        distances = [np.full(nothing, np.inf, np.float32)]
        items = [np.full(nothing, -1, np.int64)]
        times = [np.full(nothing, np.nan, np.float64)]
        for volume, places in zip(self.volumes, self._numbers, strict=True):
            near, rows = volume.search(queries, k, places >= 0)
            found = rows >= 0
            distances.append(near)
            items.append(np.full(rows.shape, -1, np.int64))
            times.append(np.full(rows.shape, np.nan, np.float64))
            items[-1][found] = places[volume.owners(rows[found])]
            times[-1][found] = volume.times[rows[found]]
        near = np.concatenate(distances, axis=1)
        first = np.argsort(near, axis=1, kind="stable")[:, :k]
        return (
            np.take_along_axis(near, first, 1),
            np.take_along_axis(np.concatenate(items, axis=1), first, 1),
            np.take_along_axis(np.concatenate(times, axis=1), first, 1),
        )

    def item(self, item_id: str) -> Item:
        """One item as it was published; its rows as near as the engine keeps them."""
        if item_id not in self._where:
            raise NotFound(f"no item {item_id} in the index {self.folder}")
        at, number = self._where[item_id]
        return self.volumes[at].item(number)

    def spread(self, item_id: str, most: int) -> RowBlock:
        """At most so many rows of one item, evenly over it."""
        at, number = self._where[item_id]
        return self.volumes[at].spread(number, most)

    def verify(self) -> None:
        """Read every file; Tampered names the first whose digest does not hold."""
        verify_files(self.folder, self.manifest)


def publish(
    root: Path, spec: DescriptorSpec, sources: Iterable[Source], checkpoint: str, *, engine: str | None = None
) -> Snapshot:
    """Put the snapshot of `sources` in force; nothing is done, and `sources` not looked at, where one of the same
    checkpoint, descriptor and weights is in force already. Of `sources` only those are read that are new to the index.

    `engine` is `exact` or `faiss`; by default a volume has faiss from EXACT_UP_TO cosine rows on. Processes that
    publish for the same descriptor wait for each other, and the last one's checkpoint stays.
    """
    if engine is not None:
        engine_of(engine)
    if engine is not None and not fits(engine, spec.metric):
        raise BadInput(f"{spec.key} compares by {spec.metric}; faiss indexes only cosine rows, use exact")
    return publishing.publish(
        root,
        spec.key,
        lambda manifest: _is_of(manifest, checkpoint, spec, engine),
        lambda building: _build(building, _before(root, spec), spec, sources, checkpoint, engine),
        Snapshot,
    )


def current(root: Path, descriptor_key: str) -> Snapshot | None:
    """The snapshot in force; None where nothing was published yet."""
    return in_force(root, descriptor_key, Snapshot)


def _before(root: Path, spec: DescriptorSpec) -> Snapshot | None:
    """The snapshot in force, where it is whole and its rows were made by the same rule and weights."""
    try:
        snapshot = current(root, spec.key)
    except (Tampered, BadInput):
        return None
    same = snapshot is not None and snapshot.manifest.weights_digest == spec.weights_digest
    return snapshot if same and snapshot is not None and snapshot.manifest.dim == spec.dim else None


def _build(
    building: Path,
    before: Snapshot | None,
    spec: DescriptorSpec,
    sources: Iterable[Source],
    checkpoint: str,
    engine: str | None,
) -> Manifest:
    wanted: dict[str, Source] = {}
    for source in sources:
        if source.item_id in wanted:
            raise BadInput(f"item {source.item_id} was given twice; an index holds each item once")
        wanted[source.item_id] = source
    kept = _kept(before.volumes, wanted, spec.metric, engine) if before else []
    held = _held(kept, wanted)
    fresh = [source for item_id, source in wanted.items() if item_id not in held]
    volumes: dict[str, str] = {}
    files: dict[str, Mapping[str, Any]] = {}
    for volume in kept:
        share_volume(volume, building / "volumes" / volume.name)
        volumes[volume.name] = volume.engine
    if before:
        files = {name: entry for name, entry in before.manifest.files.items() if _volume_of(name) in volumes}
    if fresh:
        name = str(max((int(each.name) for each in kept), default=-1) + 1)
        folder = building / "volumes" / name
        trained = [each for each in before.volumes if each.engine == "faiss"] if before else []
        like = max(trained, key=lambda each: each.rows).index if trained else None
        volumes[name] = write_volume(folder, spec, fresh, lambda rows: engine or _engine_for(spec.metric, rows), like)
        files |= {f"volumes/{name}/{path}": entry for path, entry in files_in(folder).items()}
    if volumes:
        with storing(building):
            sync_folder(building / "volumes")
    ids = [each.item_id for volume in kept for each in volume.entries if each.item_id in held]
    ids = [*dict.fromkeys(ids), *(source.item_id for source in fresh)]
    write_durably(building / "items.json", canonical(ids))
    files |= files_in(building, deep=False)
    opened = [Volume(building, each, volumes[each], files) for each in volumes]
    last = _last_copies(opened)
    return Manifest(
        FORMAT,
        spec.key,
        spec.weights_digest,
        spec.metric,
        spec.dim,
        sum(opened[at].entries[number].rows for at, number in (last[item_id] for item_id in ids)),
        len(ids),
        engine or ("faiss" if "faiss" in volumes.values() else "exact"),
        checkpoint,
        files,
        volumes,
    )


def _kept(volumes: Sequence[Volume], wanted: Mapping[str, Source], metric: Metric, engine: str | None) -> list[Volume]:
    """The volumes that the next version shares; the others' items are read again."""
    held = _held(volumes, wanted)
    counting = {
        volume.name: sum(entry.rows for n, entry in enumerate(volume.entries) if held.get(entry.item_id) == (at, n))
        for at, volume in enumerate(volumes)
    }
    pending = sum(source.rows for item_id, source in wanted.items() if item_id not in held)
    kept = []
    for volume in sorted(volumes, key=lambda each: each.rows):
        worn = counting[volume.name] < (1 - _WITHDRAWN) * volume.rows or not counting[volume.name]
        if worn or (engine or volume.engine) != volume.engine or volume.rows < _GROWS_BY * pending:
            pending += counting[volume.name]
        else:
            kept.append(volume)
    compared = sum(volume.rows for volume in kept if volume.engine == "exact") + pending
    if engine is None and pending and _engine_for(metric, compared) == "faiss":
        kept = [volume for volume in kept if volume.engine == "faiss"]
    return sorted(kept, key=lambda each: int(each.name))


def _held(volumes: Sequence[Volume], wanted: Mapping[str, Source]) -> dict[str, tuple[int, int]]:
    """Items that are in `volumes` as they are wanted, with the place of the volume, and theirs in it."""
    return {
        item_id: (at, number)
        for item_id, (at, number) in _last_copies(volumes).items()
        if item_id in wanted and volumes[at].entries[number].mark == wanted[item_id].mark
    }


def _last_copies(volumes: Sequence[Volume]) -> dict[str, tuple[int, int]]:
    """For each item the place of the last volume that holds it, and its place there."""
    return {
        entry.item_id: (at, number) for at, volume in enumerate(volumes) for number, entry in enumerate(volume.entries)
    }


def _engine_for(metric: Metric, rows: int) -> str:
    return "faiss" if metric is Metric.COSINE and rows >= EXACT_UP_TO else "exact"


def _volume_of(name: str) -> str | None:
    """The volume that a file of a version belongs to."""
    parts = name.split("/")
    return parts[1] if parts[0] == "volumes" else None


def _is_of(manifest: Manifest, checkpoint: str, spec: DescriptorSpec, engine: str | None) -> bool:
    return manifest.version == version_of(checkpoint, spec.key, spec.weights_digest, engine or manifest.engine)
