"""Pictures for learning the whitening and for measuring it: read, split, composed and edited, all seeded.

Clip art comes cut out on nothing, which no film is. A page here is a small scene: one large drawing and one
smaller over a sky and a ground of random colours. No two pages of one call share a drawing unless `shared` says so.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.testing.films import film, frames

Picture = NDArray[np.uint8]
Edit = Callable[[Picture, np.random.Generator], Picture]

SHAPES = ((288, 512), (288, 512), (384, 512), (512, 512), (512, 384))
LEFT_OUT = ("shapes", "computer/icons", "computer/buttons", "special", "signs_and_symbols", "geography")
"""Folders of near-identical icons and plain forms: as scenes they say nothing."""


def part_of(path: Path) -> str:
    """`train` (half), `tune` or `test` (a quarter each) by the name without its number: variants stay together."""
    share = hashlib.sha256(path.stem.rstrip("0123456789_").encode()).digest()[0]
    return "train" if share < 128 else "tune" if share < 192 else "test"


def read_pictures(folder: Path, *, part: str, count: int, seed: int = 0, shared: bool = False) -> list[Picture]:
    """Up to `count` pages made of the drawings of `part`, uint8 RGB, longest side 512."""
    random = np.random.default_rng(seed)
    paths = [
        path
        for path in sorted(folder.rglob("*.png"))
        if part_of(path) == part and not path.relative_to(folder).as_posix().startswith(LEFT_OUT)
    ]
    drawings = _endless(paths, random) if shared else iter(random.permutation(np.array(paths, dtype=object)))
    pages: list[Picture] = []
    while len(pages) < count:
        page = background(SHAPES[random.integers(len(SHAPES))], random)
        for share in (random.uniform(0.6, 0.95), random.uniform(0.25, 0.45)):
            path = next(drawings, None)
            if path is None:
                return pages
            place(page, _drawing(path), share, random)
        pages.append(page)
    return pages


def drawn_frames(seeds: Iterable[int]) -> list[list[Picture]]:
    """For each seed a drawn film's frames, one every 3 s of its first 24, at 512 x 288."""
    return [list(frames(film(seed, 24.0), 1 / 3, 512, 288)) for seed in seeds]


def _endless(paths: list[Path], random: np.random.Generator) -> Iterator[Path]:
    while True:
        yield paths[random.integers(len(paths))]


def _drawing(path: Path) -> NDArray[np.uint8]:
    """RGBA; an empty square where OpenCV can't read it."""
    raw = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if raw is None or raw.ndim != 3 or min(raw.shape[:2]) < 16:
        return np.zeros((16, 16, 4), np.uint8)
    if raw.shape[2] == 3:
        raw = np.dstack([raw, np.full(raw.shape[:2], 255, np.uint8)])
    scale = 512 / max(raw.shape[:2])
    if scale < 1:
        raw = cv2.resize(raw, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(raw, cv2.COLOR_BGRA2RGBA)


def background(shape: tuple[int, int], random: np.random.Generator) -> Picture:
    """A sky fading downwards over a ground of another colour, with soft stains."""
    height, width = shape
    high, low, ground = random.uniform(0, 255, (3, 3))
    fade = np.linspace(0, 1, height)[:, None, None]
    page = np.broadcast_to(high * (1 - fade) + low * fade, (height, width, 3)).copy()
    horizon = int(height * random.uniform(0.5, 1.2))
    page[horizon:] = ground
    stains = cv2.resize(random.normal(0, 1, (6, 8, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(page + random.uniform(0, 14) * stains, 0, 255).astype(np.uint8)


def place(page: Picture, drawing: NDArray[np.uint8], share: float, random: np.random.Generator) -> None:
    """Paste `drawing` so that it fills `share` of the page's height or width, somewhere wholly inside."""
    scale = share * min(page.shape[0] / drawing.shape[0], page.shape[1] / drawing.shape[1])
    drawing = cv2.resize(drawing, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = drawing.shape[:2]
    top, left = random.integers(page.shape[0] - height + 1), random.integers(page.shape[1] - width + 1)
    alpha = drawing[:, :, 3:] / 255
    patch = page[top : top + height, left : left + width]
    patch[:] = (patch * (1 - alpha) + drawing[:, :, :3] * alpha).astype(np.uint8)


def squeeze(picture: Picture, side: int) -> Picture:
    """The square that the network sees."""
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)


def _jpeg(quality: int) -> Edit:
    def edit(picture: Picture, random: np.random.Generator) -> Picture:
        data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1])

    return edit


def _scaled(picture: Picture, random: np.random.Generator) -> Picture:
    return cv2.resize(picture, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)


def _grey(picture: Picture, random: np.random.Generator) -> Picture:
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def _bright(picture: Picture, random: np.random.Generator) -> Picture:
    gain, lift = (1.35, 25) if random.random() < 0.5 else (0.7, -15)
    return np.clip(picture * gain + lift, 0, 255).astype(np.uint8)


def _blur(picture: Picture, random: np.random.Generator) -> Picture:
    return cv2.GaussianBlur(picture, (0, 0), 3)


def _noise(picture: Picture, random: np.random.Generator) -> Picture:
    return np.clip(picture + random.normal(0, 20, picture.shape), 0, 255).astype(np.uint8)


def _crop(share: float) -> Edit:
    """`share` of width and of height goes, from sides drawn at random."""

    def edit(picture: Picture, random: np.random.Generator) -> Picture:
        height, width = picture.shape[:2]
        top, left = int(height * share * random.random()), int(width * share * random.random())
        return np.ascontiguousarray(
            picture[top : top + int(height * (1 - share)), left : left + int(width * (1 - share))]
        )

    return edit


def _logo(picture: Picture, random: np.random.Generator) -> Picture:
    """A disc with letters in a corner, a fifth of the height."""
    edited, radius = picture.copy(), picture.shape[0] // 10
    centre = (picture.shape[1] - radius - 12, radius + 12)
    colour = tuple(int(c) for c in random.integers(0, 256, 3))
    cv2.circle(edited, centre, radius, colour, -1, cv2.LINE_AA)
    cv2.putText(
        edited, "TV", (centre[0] - radius // 2, centre[1] + 6), cv2.FONT_HERSHEY_DUPLEX, 0.6, (255,) * 3, 1, cv2.LINE_AA
    )
    return edited


def _caption(picture: Picture, random: np.random.Generator) -> Picture:
    """Two lines on a dark bar across the bottom fifth."""
    edited, height = picture.copy(), picture.shape[0]
    edited[int(height * 0.8) :] = edited[int(height * 0.8) :] // 4
    for row in (0.88, 0.96):
        place = (20, int(height * row))
        cv2.putText(
            edited, "when nobody looks they dance", place, cv2.FONT_HERSHEY_DUPLEX, 0.7, (255,) * 3, 1, cv2.LINE_AA
        )
    return edited


def _mirror(picture: Picture, random: np.random.Generator) -> Picture:
    return np.ascontiguousarray(picture[:, ::-1])


def _letterbox(picture: Picture, random: np.random.Generator) -> Picture:
    height = int(picture.shape[0] * 0.16)
    return cv2.copyMakeBorder(picture, height, height, 0, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0))


def _pillarbox(picture: Picture, random: np.random.Generator) -> Picture:
    width = int(picture.shape[1] * 0.2)
    boxed = cv2.copyMakeBorder(picture, 0, 0, width, width, cv2.BORDER_CONSTANT, value=(24, 26, 30))
    return _jpeg(50)(boxed, random)


def _hue(picture: Picture, random: np.random.Generator) -> Picture:
    turned = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    turned[:, :, 0] = (turned[:, :, 0].astype(int) + random.integers(20, 160)) % 180
    return cv2.cvtColor(turned, cv2.COLOR_HSV2RGB)


def _overlay(picture: Picture, random: np.random.Generator) -> Picture:
    """Four translucent blobs, three tenths of the height each."""
    edited = picture.copy()
    for _ in range(4):
        x, y = int(random.integers(picture.shape[1])), int(random.integers(picture.shape[0]))
        colour = tuple(int(c) for c in random.integers(0, 256, 3))
        cv2.circle(edited, (x, y), int(picture.shape[0] * 0.15), colour, -1, cv2.LINE_AA)
    return cv2.addWeighted(edited, 0.6, picture, 0.4, 0)


def _aspect(picture: Picture, random: np.random.Generator) -> Picture:
    return cv2.resize(picture, None, fx=0.75, fy=1.0, interpolation=cv2.INTER_AREA)


EDITS: Mapping[str, Edit] = {
    "jpeg quality 20": _jpeg(20),
    "scaled to 30 %": _scaled,
    "grey": _grey,
    "brightness and contrast": _bright,
    "blur, deviation 3": _blur,
    "noise, deviation 20": _noise,
    "crop 5 %": _crop(0.05),
    "crop 25 %": _crop(0.25),
    "logo": _logo,
    "caption": _caption,
    "mirror": _mirror,
    "letterbox": _letterbox,
    "pillarbox": _pillarbox,
    "hue": _hue,
    "overlay": _overlay,
    "aspect 3:4": _aspect,
}
"""Of pictures whose longest side is 512."""
