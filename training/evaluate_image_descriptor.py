"""Measure the shipped image descriptor on pictures that its whitening never saw, and PDQ beside it.

    python evaluate_image_descriptor.py --pictures /usr/share/openclipart/png [--films FOLDER] OUT.json

Galleries: pages of clip art (part `test`, seed 0), frames of drawn films (seeds from 2000; films of the whitening begin
at 1000), and, where a folder of films is given, one frame every 3 s of each. A film that is there in two encodes
must share its name up to the first underscore. Queries are the gallery's pictures, edited (pictures.EDITS, seed 1).
Unrelated are pictures of different pages or films; pairs in which either has a quality under --quality are left out
and counted apart: title cards and near-black frames of unlike films resemble each other.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from export_image_descriptor import learn_projection, pooled_features, read_weights, run
from numpy.typing import NDArray
from pictures import EDITS, Picture, drawn_frames, read_pictures, squeeze

from tomeishi.config import Limits
from tomeishi.fingerprint.descriptor import Descriptor, Metric, Rows
from tomeishi.fingerprint.image import ImageDescriptor
from tomeishi.fingerprint.pdq import Pdq
from tomeishi.fingerprint.samples import detail
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


def _good(gallery: Gallery, least_quality: float) -> Gallery:
    kept = [i for i, picture in enumerate(gallery.pictures) if detail(picture) >= least_quality]
    return Gallery(gallery.name, [gallery.pictures[i] for i in kept], gallery.owners[kept])


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
    result: dict[str, Any] = {
        "pictures": len(good),
        "good": int(good.sum()),
        "unrelated": _spread(apart[clear], QUANTILES) | {"pairs": int(clear.sum()) // 2},
        "false": float((apart[clear] <= spec.threshold).mean()),
        "false, any quality": float((apart[unlike] <= spec.threshold).mean()),
        "edits": {},
    }
    for name, edit in EDITS.items():
        copies = described(rule, [edit(picture, random) for picture in gallery.pictures])
        across = distances(spec.metric, copies, originals)
        own = np.diag(across)[good]
        # Among its own film's frames a still scene has no wrong answer: what counts is the film.
        found = (gallery.owners[across.argmin(axis=1)] == gallery.owners)[good]
        result["edits"][name] = _spread(own, NEAR_QUANTILES) | {
            "within": float((own <= spec.threshold).mean()),
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


def choices(folder: Path, side: int, galleries: list[Gallery]) -> None:
    """What else could have been shipped: layer, pooling power and whitening, at one input size.

    Recall of edited copies at a distance that one unrelated pair in 1,000 reaches, mean over edits without borders.
    """
    weights = read_weights()
    model = pooled_features(weights, side, (1.0, 3.0, 5.0))

    def features(pictures: list[Picture]) -> dict[str, NDArray[np.float32]]:
        return run(model, np.stack([squeeze(picture, side) for picture in pictures]))

    pages = features(read_pictures(folder, part="train", count=1200, shared=True))
    films = features([frame for film in drawn_frames(range(1000, 1060)) for frame in film])
    edits = {name: edit for name, edit in EDITS.items() if name not in ("letterbox", "pillarbox")}
    random = np.random.default_rng(1)
    for gallery in galleries:
        originals = features(gallery.pictures)
        copies = [features([edit(picture, random) for picture in gallery.pictures]) for edit in edits.values()]
        unlike = gallery.owners[:, None] != gallery.owners[None]
        for layer in originals:
            for learned, whitening in ((None, 0.0), ("both", 0.0), ("both", 0.5), ("both", 1.0)):
                projection = None
                if learned:
                    projection = learn_projection(np.concatenate([pages[layer], films[layer]]), 256, whitening)

                def rows(values: NDArray[np.float32], projection: Any = projection) -> NDArray[np.float64]:
                    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
                    if projection is None:
                        return unit.astype(np.float64)
                    turned = (unit - projection.mean) @ projection.axes
                    return turned / np.linalg.norm(turned, axis=1, keepdims=True)

                own = rows(originals[layer])
                reached = np.quantile(1 - (own @ own.T)[unlike], 1e-3)
                recall = [float((1 - np.einsum("ij,ij->i", rows(c[layer]), own) <= reached).mean()) for c in copies]
                print(
                    f"{gallery.name:12s} side {side} {layer:9s} whitening {whitening if learned else 'none'}"
                    f" recall {np.mean(recall):.4f} worst {min(recall):.3f}",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of Debian's openclipart-png")
    parser.add_argument("--films", type=Path, help="folder of films, measured as well")
    parser.add_argument("--quality", type=float, default=0.3, help="least quality of a frame that counts")
    parser.add_argument(
        "--choices", type=int, metavar="SIDE", help="compare layers and poolings on part `tune` instead"
    )
    parser.add_argument("out", type=Path, nargs="?", default=Path("image-descriptor.json"))
    arguments = parser.parse_args()
    part = "tune" if arguments.choices else "test"
    galleries = [
        clip_art(arguments.pictures, part),
        drawn(range(3000, 3020) if arguments.choices else range(2000, 2040)),
    ]
    if arguments.films:
        galleries.append(real(arguments.films))
    if arguments.choices:
        choices(arguments.pictures, arguments.choices, [_good(gallery, arguments.quality) for gallery in galleries])
        return
    rules: list[Descriptor] = [ImageDescriptor(), Pdq()]
    results = {
        rule.spec.key: {
            "threshold": rule.spec.threshold,
            "weights": rule.spec.weights_digest,
            "ms": round(milliseconds(rule, galleries[0].pictures), 2),
            "galleries": {gallery.name: measured(rule, gallery, arguments.quality) for gallery in galleries},
        }
        for rule in rules
    }
    arguments.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
