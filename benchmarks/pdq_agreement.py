"""PDQ as written here against Meta's reference code, bit by bit and in time: `python -m benchmarks.pdq_agreement`.

The reference code is asked through its binding `pdqhash`, which set-up does not install: it comes with the extra
`peers` and is compiled where it has no wheel. Pictures: drawn films as they are, blurred, cut to odd sizes and
mirrored; noise, gradients, discs and blank ones of any size from 8 to 700 pixels a side. A difference is counted in
bits of 256; quality is the same or is not. Speed: batches of drawn frames, in turns with `pdqhash` picture by picture.
"""

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator

import cv2
import numpy as np
import pdqhash
from numpy.typing import NDArray

from benchmarks.record import record
from tomeishi.fingerprint.pdq import Pdq
from tomeishi.testing.films import film, frames

SIZES = ((512, 288), (640, 360), (320, 180), (426, 240), (288, 512), (500, 375))
SECONDS, RATE_HZ = 30.0, 2.0
BATCH = 16
ROUNDS = 15

Pictures = NDArray[np.uint8]


def drawn(films: int) -> Iterator[tuple[str, Pictures]]:
    for seed in range(films):
        width, height = SIZES[seed % len(SIZES)]
        pictures = np.stack(list(frames(film(seed, SECONDS), RATE_HZ, width, height)))
        yield "drawn films", pictures
        some = pictures[:: max(1, films // 10)]
        yield "blurred", np.stack([np.asarray(cv2.GaussianBlur(each, (0, 0), 3), np.uint8) for each in some])
        yield "odd cuts", some[:, 5 : 5 + height // 2 + seed, 3 : 3 + width // 3 + seed]
        yield "mirrored", some[:, :, ::-1]


def made(count: int, seed: int) -> Iterator[tuple[str, Pictures]]:
    random = np.random.default_rng(seed)
    for number in range(count):
        height, width = (int(side) for side in random.integers(8, 701, 2))
        down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
        slopes = random.uniform(-1, 1, (3, 2))
        aslant = np.stack([128 + 63 * (a * down + b * across) for a, b in slopes], axis=-1)
        disc = np.zeros((height, width, 3), np.uint8)
        centre = (int(random.integers(width)), int(random.integers(height)))
        cv2.circle(disc, centre, int(random.integers(2, 60)), [int(level) for level in random.integers(0, 256, 3)], -1)
        yield "noise", random.integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        yield "gradients, aslant", aslant.astype(np.uint8)[np.newaxis]
        one_way = np.repeat((down, across)[number % 2][..., np.newaxis] * 255, 3, axis=-1)
        yield "gradients, one way", one_way.astype(np.uint8)[np.newaxis]
        yield "one disc", disc[np.newaxis]
        yield "blank", np.full((1, height, width, 3), number % 256, np.uint8)


def agreement(batches: Iterator[tuple[str, Pictures]]) -> dict[str, dict[str, object]]:
    differing: dict[str, Counter[int]] = {}
    same_quality: Counter[str] = Counter()
    for kind, pictures in batches:
        rows = Pdq().describe(pictures)
        for picture, row, quality in zip(pictures, rows.values, rows.quality, strict=True):
            bits, published = pdqhash.compute(picture)
            differing.setdefault(kind, Counter())[int((np.unpackbits(row) != bits).sum())] += 1
            same_quality[kind] += bool(quality == np.float32(published) / np.float32(100))
    return {
        kind: {
            "pictures": counts.total(),
            "differing_bits": {str(bits): counts[bits] for bits in sorted(counts)},
            "same_quality": same_quality[kind],
        }
        for kind, counts in differing.items()
    }


def speed() -> dict[str, object]:
    """Milliseconds a frame of 512 x 288, the median of rounds; one thread each."""
    cv2.setNumThreads(1)
    pictures = np.stack(list(frames(film(1, BATCH / RATE_HZ), RATE_HZ, 512, 288)))
    taken: dict[str, list[float]] = {"batch": [], "one_by_one": [], "pdqhash": []}
    for _ in range(ROUNDS):
        moments = [time.perf_counter()]
        Pdq().describe(pictures)
        moments.append(time.perf_counter())
        for each in pictures:
            Pdq().describe(each[np.newaxis])
        moments.append(time.perf_counter())
        for each in pictures:
            pdqhash.compute(each)
        moments.append(time.perf_counter())
        for name, seconds in zip(taken, np.diff(moments).tolist(), strict=True):
            taken[name].append(seconds * 1000 / len(pictures))
    return {f"{name}_ms": round(statistics.median(values), 2) for name, values in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--made", type=int, default=400, help="sizes; five pictures of each")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    figures = {
        "speed": speed(),
        "agreement": agreement(drawn(options.films)) | agreement(made(options.made, options.seed)),
    }
    settings = {"films": options.films, "made": options.made, "batch": BATCH, "rounds": ROUNDS}
    print(json.dumps(figures, indent=1))
    print(record("pdq-agreement", seed=options.seed, settings=settings, figures=figures))


if __name__ == "__main__":
    main()
