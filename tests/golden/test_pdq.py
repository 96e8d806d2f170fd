"""PDQ against Meta's reference code, against its publisher's printed vectors, and against its paper.

`pdq.json` holds what the reference code gave (`pdqhash.compute` 0.2.8, its binding) for the pictures that the formulas
below draw: whole numbers and a frozen generator only, so that every machine draws the same ones. Its publisher prints
vectors of photographs, which are not shipped here, and no numbers from within the algorithm. `Pdq` was seen to give
the printed bits of misc-images/wee.jpg, 6227401f601ff4ccafcc9fad4b0d95d371a2eb7265a3285234d228ca94deeb2d, of
dih/bridge-1-original.jpg, f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22, and of
dih/bridge-2-rotate-90.jpg, 30a10efd71cc3d429013d48d0ffffc52e34e0e17ada952a9d29685211ea9e5af.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.pdq import Pdq
from tomeishi.testing.films import film, frames

GOLDEN = json.loads((Path(__file__).parent / "pdq.json").read_text(encoding="utf-8"))["pictures"]
FORMULAS = ("blank", "across", "down", "aslant", "stripes", "checks", "discs", "noise", "stains")


def drawn(formula: str, height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """(height, width, 3) in whole numbers. `RandomState` is the generator of NumPy whose numbers never change."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[:height, :width]
    ramps = {"across": x * 255 // (width - 1), "down": y * 255 // (height - 1)}
    ramps["aslant"] = (ramps["across"] * (1 + seed) + ramps["down"]) // (2 + seed)
    match formula:
        case "blank":
            planes = [np.full((height, width), seed)] * 3
        case "across" | "down" | "aslant":
            planes = [ramps[formula], 255 - ramps[formula], ramps[formula] // 2]
        case "stripes":
            planes = [(x // (3 + seed) % 2) * 200, (y // (5 + seed) % 2) * 255, (x + y) % 256]
        case "checks":
            planes = [((x // (7 + seed) + y // (9 + seed)) % 2) * level for level in (255, 180, 40)]
        case "discs":
            planes = [np.full((height, width), level) for level in random.randint(0, 256, 3)]
            for _ in range(12):
                down, across, reach = random.randint(0, (height, width, max(3, height // 3)))
                inside = (y - down) ** 2 + (x - across) ** 2 < reach**2
                planes = [np.where(inside, random.randint(0, 256), plane) for plane in planes]
        case "noise":
            planes = list(random.randint(0, 256, (3, height, width)))
        case "stains":
            knots = random.randint(0, 256, (3, 8, 12))
            (top, down), (left, across) = divmod(y * 7 * 64 // height, 64), divmod(x * 11 * 64 // width, 64)
            planes = [
                (knot[top, left] * (64 - across) + knot[top, left + 1] * across) * (64 - down) // 4096
                + (knot[top + 1, left] * (64 - across) + knot[top + 1, left + 1] * across) * down // 4096
                for knot in knots
            ]
        case _:
            raise ValueError(formula)
    picture: NDArray[np.uint8] = np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)
    return picture


def named(entry: dict[str, str | int]) -> str:
    return "{formula} {width}x{height} {seed}".format_map(entry)


@pytest.mark.parametrize("entry", GOLDEN, ids=named)
def test_pdq_gives_the_bits_and_the_quality_of_the_reference_code(entry: dict[str, str | int]) -> None:
    picture = drawn(str(entry["formula"]), int(entry["height"]), int(entry["width"]), int(entry["seed"]))
    rows = Pdq().describe(picture[np.newaxis])
    assert rows.values[0].tobytes().hex() == entry["bits"]
    assert rows.quality[0] == np.float32(entry["quality"]) / np.float32(100)


def test_the_golden_pictures_cover_every_formula_and_sizes_below_and_above_the_reduced_one() -> None:
    assert {entry["formula"] for entry in GOLDEN} == {*FORMULAS}
    sides = {side for entry in GOLDEN for side in (entry["height"], entry["width"])}
    assert min(sides) == 8
    assert {64, 128, 129} <= sides
    assert max(sides) > 1000


def window(length: int) -> int:
    """Width of the box filter that prepares `length` samples for 64."""
    return -(-length // 128)


def boxed(lines: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Means along axis 1 over `width` neighbours; the window is cut, not padded, at the ends."""
    ahead = (width + 2) // 2
    sums = np.concatenate([np.zeros((len(lines), 1)), lines.cumsum(axis=1)], axis=1)
    at = np.arange(lines.shape[1])
    low, high = np.maximum(at + ahead - width, 0), np.minimum(at + ahead, lines.shape[1])
    means: NDArray[np.float64] = (sums[:, high] - sums[:, low]) / (high - low)
    return means


def oracle(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The 256 bits by the paper's text alone: luma, two box passes each way, 64 x 64, DCT, signs against the median."""
    luma = picture.astype(np.float64) @ (0.299, 0.587, 0.114)
    if luma.shape != (64, 64):
        for _ in range(2):
            luma = boxed(boxed(luma, window(luma.shape[1])).T, window(luma.shape[0])).T
    rows, columns = (((np.arange(64) + 0.5) * side / 64).astype(int) for side in luma.shape)
    small = luma[np.ix_(rows, columns)]
    basis = np.cos(np.pi / 128 * np.outer(np.arange(1, 17), 2 * np.arange(64) + 1))
    frequencies = basis @ small @ basis.T
    bits: NDArray[np.bool_] = (frequencies > np.sort(frequencies, axis=None)[127]).ravel()[::-1]
    return bits


@pytest.mark.parametrize(("height", "width"), [(64, 64), (40, 50), (200, 320), (288, 512), (129, 127), (600, 260)])
def test_pdq_agrees_with_its_paper_within_two_bits(height: int, width: int) -> None:
    pictures = [drawn(formula, height, width, 5) for formula in ("noise", "stains", "discs")]
    rows = Pdq().describe(np.stack(pictures)).values
    for picture, row in zip(pictures, rows, strict=True):
        assert (np.unpackbits(row).astype(bool) != oracle(picture)).sum() <= 2


def test_pdq_of_a_drawn_frame_agrees_with_its_paper() -> None:
    picture = next(frames(film(3, 1.0), 1.0, 512, 288))
    row = Pdq().describe(picture[np.newaxis]).values[0]
    assert (np.unpackbits(row).astype(bool) != oracle(picture)).sum() <= 2


def test_pdq_gives_the_bits_published_for_the_smallest_vector() -> None:
    """misc-images/small.jpg decodes to black but for a corner of brightness 1 and 2: it can be written down."""
    picture = np.zeros((399, 224, 3), np.uint8)
    picture[:8, :13] = picture[:13, :8] = 1
    picture[:8, :10] = picture[:11, :8] = 2
    rows = Pdq().describe(picture[np.newaxis])
    assert rows.values[0].tobytes().hex() == "0007001f003f003f007f00ff00ff00ff01ff01ff01ff03ff03ff03ff03ff03ff"
    assert rows.quality[0] == 0


def test_the_published_threshold_is_kept() -> None:
    assert Pdq().spec.threshold == 31
