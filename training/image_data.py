"""What the image descriptor learns from: scenes, and views of them as a copy may look.

By leave of their makers: frames of drawn films of our own, pages of Debian's `openclipart-png` (public domain; part
`train`) and pages of emoji (npm `@lobehub/fluent-emoji-3d`, MIT, and `@twemoji/svg`, CC BY 4.0). No clip of a test or a
benchmark is among them, and nobody's film.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from figure_data import read_emoji
from numpy.typing import NDArray
from pictures import EDITS, SHAPES, Picture, background, drawn_frames, place, read_pictures, squeeze

FILMS = range(1000, 1400)
"""Seeds of the drawn films; those of tests and benchmarks begin at 2000, of other training data at 600000."""
PAGES, EMOJI_PAGES = 3000, 1000
LONGEST = 320
RESERVED = 8
"""Every eighth scene is only laid over others: what is seen in a view and is not its own must not be an anchor."""


@dataclass(frozen=True, slots=True)
class Scenes:
    """Pictures one after another in one array, and of each the film or page that it is of."""

    pixels: NDArray[np.uint8]
    shapes: NDArray[np.int64]
    """(n, 2)"""
    owners: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.shapes)

    def offsets(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(3 * self.shapes.prod(axis=1))])


def scenes(cache: Path, emoji: Path, pictures: Path, workers: int) -> Scenes:
    """From our generator, npm's modules and Debian's clip art; made once and kept in `cache`."""
    kept = cache / "scenes.npy"
    about = cache / "scenes.npz"
    if not about.exists():
        made: list[Picture] = []
        owners: list[int] = []
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            for seed, frames in zip(FILMS, pool.map(_film, FILMS), strict=True):
                made += frames
                owners += [seed] * len(frames)
        pages = read_pictures(pictures, part="train", count=PAGES, seed=7, shared=True)
        for page in [*pages, *_emoji_pages(emoji)]:
            made.append(_shrunk(page))
            owners.append(10_000 + len(made))
        np.save(kept, np.concatenate([each.ravel() for each in made]))
        np.savez(about, shapes=np.array([each.shape[:2] for each in made]), owners=np.array(owners))
    stored = np.load(about)
    return Scenes(np.load(kept, mmap_mode="r"), stored["shapes"], stored["owners"])


def _film(seed: int) -> list[Picture]:
    return [_shrunk(frame) for frame in drawn_frames([seed])[0]]


def _shrunk(picture: Picture) -> Picture:
    scale = LONGEST / max(picture.shape[:2])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _emoji_pages(folder: Path) -> Iterator[Picture]:
    squares = [
        *read_emoji(folder / "@lobehub/fluent-emoji-3d/assets", ".webp", {"train"}).values(),
        *read_emoji(folder / "@twemoji/svg", ".svg", {"train"}).values(),
    ]
    random = np.random.default_rng(8)
    for _ in range(EMOJI_PAGES):
        page = background(SHAPES[random.integers(len(SHAPES))], random)
        for _ in range(random.integers(2, 6)):
            place(page, squares[random.integers(len(squares))], random.uniform(0.25, 0.7), random)
        yield page


class Views:
    """Views of scenes: mild ones as a re-encoded copy may look, strong ones with several edits."""

    def __init__(self, material: Scenes) -> None:
        self.scenes = material
        self._offsets = material.offsets()
        numbers = np.arange(len(material))
        self._others = numbers[numbers % RESERVED == 0]
        anchors = numbers[numbers % RESERVED != 0]
        self.of_films = anchors[material.owners[anchors] < FILMS.stop]
        self.of_pages = anchors[material.owners[anchors] >= FILMS.stop]

    def scene(self, number: int) -> Picture:
        height, width = self.scenes.shapes[number]
        return np.array(self.scenes.pixels[self._offsets[number] : self._offsets[number + 1]]).reshape(height, width, 3)

    def mild(self, number: int, random: np.random.Generator, side: int) -> Picture:
        picture = self.scene(number)
        if random.random() < 0.5:
            picture = _cropped(picture, random, 0.92)
        return squeeze(_worn(picture, random, 0.15), side)

    def strong(self, number: int, random: np.random.Generator, side: int) -> Picture:
        picture = self.scene(number)
        if random.random() < 0.1:
            picture = self._within_another(picture, random)
        if random.random() < 0.7:
            picture = _cropped(picture, random, 0.45)
        if random.random() < 0.35:
            picture = np.ascontiguousarray(picture[:, ::-1])
        if random.random() < 0.15:
            picture = _turned(picture, random)
        if random.random() < 0.55:
            picture = _recoloured(picture, random)
        laid_over = random.random()
        if laid_over < 0.25:
            other = cv2.resize(self._other(random), picture.shape[1::-1], interpolation=cv2.INTER_AREA)
            share = random.uniform(0.3, 0.6)
            picture = cv2.addWeighted(picture, 1 - share, other, share, 0)
        elif laid_over < 0.35:
            picture = EDITS["overlay"](picture, random)
        if random.random() < 0.25:
            picture = self._patched(picture, random)
        if random.random() < 0.15:
            picture = EDITS["caption"](picture, random)
        return squeeze(_worn(picture, random, 0.25), side)

    def _other(self, random: np.random.Generator) -> Picture:
        return self.scene(int(random.choice(self._others)))

    def _within_another(self, picture: Picture, random: np.random.Generator) -> Picture:
        """Most of a larger picture."""
        ground = self._other(random)
        place(ground, np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]), random.uniform(0.6, 0.9), random)
        return ground

    def _patched(self, picture: Picture, random: np.random.Generator) -> Picture:
        """A part of another picture, a tenth to two fifths of the height, covers something."""
        patch = _cropped(self._other(random), random, 0.4)
        opaque = np.dstack([patch, np.full(patch.shape[:2], 255, np.uint8)])
        patched = picture.copy()
        place(patched, opaque, random.uniform(0.1, 0.4), random)
        return patched


def _cropped(picture: Picture, random: np.random.Generator, least: float) -> Picture:
    """A part of as much of width and height or more, of nearly the same aspect."""
    share = random.uniform(least, 1)
    height, width = (round(size * min(1.0, share * random.uniform(0.88, 1.14))) for size in picture.shape[:2])
    top, left = random.integers(picture.shape[0] - height + 1), random.integers(picture.shape[1] - width + 1)
    return np.ascontiguousarray(picture[top : top + height, left : left + width])


def _turned(picture: Picture, random: np.random.Generator) -> Picture:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-15, 15), random.uniform(1.0, 1.2))
    edge = cv2.BORDER_REPLICATE if random.random() < 0.5 else cv2.BORDER_CONSTANT
    return cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=edge)


def _recoloured(picture: Picture, random: np.random.Generator) -> Picture:
    kind = random.random()
    if kind < 0.15:
        return EDITS["grey"](picture, random)
    if kind < 0.2:
        return 255 - picture
    if kind < 0.45:
        picture = EDITS["hue"](picture, random)
    if kind > 0.85:
        return np.clip(picture * random.uniform(0.6, 1.4, 3) + random.uniform(-20, 20, 3), 0, 255).astype(np.uint8)
    gain, lift, power = random.uniform(0.6, 1.5), random.uniform(-35, 35), np.exp(random.uniform(-0.6, 0.6))
    curve = 255 * np.clip((np.arange(256) / 255) ** power * gain + lift / 255, 0, 1)
    return cv2.LUT(picture, curve.astype(np.uint8))


def _worn(picture: Picture, random: np.random.Generator, chance: float) -> Picture:
    """Shrunk, blurred, noisy, compressed: each by chance."""
    if random.random() < chance:
        scale = random.uniform(0.25, 0.7)
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if random.random() < chance:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.005, 0.012) * max(picture.shape[:2]))
    if random.random() < chance:
        noise = random.normal(0, random.uniform(5, 30), picture.shape).astype(np.float32)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if random.random() < 2 * chance:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 80))]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return picture
