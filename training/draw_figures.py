"""Draw the figures that the character descriptor is trained on, once, to a folder of NumPy files.

    python draw_figures.py OUT [--artists 49] [--of-each 30] [--others 1530] [--views 10] [--count 1700] [--workers 1]

Half of the figures are casts (figures of one artist, hard to tell apart), half are `identity(seed)`. Each is drawn
`views` times in any pose, expression, costume, view, by any of the hands that are trained on. Held out for measuring:
the hands HELD_OUT_HANDS, artists from 50 and figure seeds from 500,000. A pure function of its arguments; done parts
are kept, so an interrupted run goes on.
"""

import argparse
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.testing.hands import HANDS
from tomeishi.testing.model_sheets import Figure, cast, draw, identity, situation

HELD_OUT_HANDS = ("wash", "chibi")
TRAINED_HANDS = tuple(hand for hand in HANDS if hand not in HELD_OUT_HANDS)
FIRST_HELD_OUT_ARTIST = 50
"""So that `Figure.seed`, ten thousand times the artist, stays under 500,000 too."""
FIRST_HELD_OUT_FIGURE = 500_000
SIDE = 128
PART = 100
"""Figures in one file."""


def squared(drawing: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.uint8]:
    """RGBA (side, side, 4): the drawing's longer side fills the square, centred, nothing around it."""
    scale = side / max(drawing.shape[:2])
    size = tuple(max(1, min(side, round(length * scale))) for length in drawing.shape[1::-1])
    colour, alpha = drawing[..., :3].astype(np.float32), drawing[..., 3:].astype(np.float32) / 255
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    # Colour is averaged by its cover: what lies under nothing must not bleed in.
    cover = cv2.resize(alpha, size, interpolation=method)
    colour = cv2.resize(colour * alpha, size, interpolation=method) / np.maximum(cover, 1e-3)[..., None]
    square = np.zeros((side, side, 4), np.uint8)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    small = np.dstack([np.clip(colour, 0, 255), cover * 255])
    square[top : top + size[1], left : left + size[0]] = np.round(small).astype(np.uint8)
    return square


def figures(artists: int, of_each: int, others: int) -> list[tuple[Figure, int]]:
    """Every figure with its artist (-1: none), mixed, so that any first part of them is like the whole."""
    if artists >= FIRST_HELD_OUT_ARTIST or others >= FIRST_HELD_OUT_FIGURE:
        raise SystemExit("those artists or figures are held out for measuring")
    made = [(figure, artist) for artist in range(1, artists + 1) for figure in cast(artist, of_each)]
    made += [(identity(seed), -1) for seed in range(others)]
    return [made[i] for i in np.random.default_rng(0).permutation(len(made))]


def _drawn(task: tuple[Path, list[Figure], int]) -> None:
    path, part, views = task
    if path.exists():
        return
    cv2.setNumThreads(1)
    squares = np.zeros((len(part), views, SIDE, SIDE, 4), np.uint8)
    for i, figure in enumerate(part):
        random = np.random.default_rng([figure.seed, len(figure.looks), 0x7A1])
        for view in range(views):
            hand = TRAINED_HANDS[int(random.integers(len(TRAINED_HANDS)))]
            squares[i, view] = squared(draw(figure, situation(random, hand=hand), height_px=100))
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, squares)
    unfinished.rename(path)
    print(path.name, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--artists", type=int, default=49)
    parser.add_argument("--of-each", type=int, default=30)
    parser.add_argument("--others", type=int, default=1530)
    parser.add_argument("--views", type=int, default=10)
    parser.add_argument("--count", type=int, default=1700, help="how many of the mixed list are drawn")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    listed = figures(arguments.artists, arguments.of_each, arguments.others)[: arguments.count]
    np.save(arguments.out / "artists.npy", np.array([artist for _, artist in listed]))
    tasks = [
        (
            arguments.out / f"figures-{i // PART:04d}.npy",
            [figure for figure, _ in listed[i : i + PART]],
            arguments.views,
        )
        for i in range(0, len(listed), PART)
    ]
    with Pool(arguments.workers) as pool:
        for _ in pool.imap(_drawn, tasks):
            pass


if __name__ == "__main__":
    main()
