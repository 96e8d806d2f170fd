"""Overlaps between members are verified: rows that resemble each other are not enough."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.anchors import Anchors
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.fingerprint.local import local_features
from tomeishi.index.snapshot import publish
from tomeishi.index.volume import Item, Source
from tomeishi.matching.calibration import shipped
from tomeishi.matching.matches import SameFrame
from tomeishi.matching.overlaps import overlapping
from tomeishi.matching.snapshots import Searchable
from tomeishi.registry.references import Reference
from tomeishi.testing.films import film, frames
from tomeishi.values import MediaKind, digest_of

COUNT, RATE_HZ = 24, 2.0
TIMES = np.arange(COUNT) / RATE_HZ


def _spec(name: str, dim: int, metric: Metric, threshold: float) -> DescriptorSpec:
    return DescriptorSpec(name, 1, dim, metric, threshold, "a test", None)


IMAGE, BITS = _spec("rows", 64, Metric.COSINE, 0.5), _spec("bits", 256, Metric.HAMMING, 31)


def _rows(noise: int) -> NDArray[np.float32]:
    """One run of unlike pictures, with a little noise."""
    rows = np.random.default_rng(1).normal(size=(COUNT, 64)) + np.random.default_rng(noise).normal(size=(COUNT, 64)) / 8
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _anchors(seed: int) -> Anchors:
    shown = frames(film(seed, COUNT / RATE_HZ), RATE_HZ, 320, 180)
    return Anchors(TIMES, tuple(local_features(picture) for picture, _ in zip(shown, TIMES, strict=False)))


def _reference(name: str, member: str) -> Reference:
    return Reference(
        name, f"work of {name}", name, member, member, f"{name}.mp4", f"/{name}.mp4", digest_of(name.encode()), 1,
        MediaKind.VIDEO, COUNT / RATE_HZ, None, datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def _found(folder: Path, films: dict[str, int]) -> list[str]:
    """Which of two references, described by the same rows, overlap, when they show the films of these seeds."""
    quality = np.ones(COUNT, np.float32)
    bits = {name: np.random.default_rng(n).integers(0, 256, (COUNT, 32), np.uint8) for n, name in enumerate(films)}
    items = {
        IMAGE: [Item(name, TIMES, _rows(n), quality) for n, name in enumerate(films)],
        BITS: [Item(name, TIMES, bits[name], quality) for name in films],
    }
    image, pdq = (
        publish(folder, spec, [Source(i.item_id, i.item_id, COUNT, lambda i=i: i) for i in of], digest_of(b"all"))  # type: ignore[misc]
        for spec, of in items.items()
    )
    searchable = Searchable(image, pdq, dict.fromkeys(films, COUNT / RATE_HZ))
    registered = [_reference(name, name) for name in films]
    anchors = {name: _anchors(seed) for name, seed in films.items()}
    same = SameFrame(IMAGE.threshold, BITS.threshold)
    found = overlapping(registered[0], registered, searchable, same, shipped(), anchors.__getitem__)
    return [other for other, _, _ in found]


def test_two_that_show_the_same_film_overlap(tmp_path: Path) -> None:
    assert _found(tmp_path, {"one": 61, "other": 61}) == ["other"]


def test_two_whose_rows_alone_are_alike_do_not(tmp_path: Path) -> None:
    assert _found(tmp_path, {"one": 61, "other": 62}) == []
