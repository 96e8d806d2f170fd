"""What the figure descriptor learns from: figures cut out, with their identity; grounds; views of the one on the other.

Three sources, all by leave of their makers: our own drawings (draw_figures.py), emoji by four hands (npm
`@lobehub/fluent-emoji-3d` and `@iconify-json/fluent-emoji-flat`, MIT, `@twemoji/svg` and
`@iconify-json/streamline-emojis`, CC BY 4.0), and Debian's `openclipart-png` (public domain). Emoji are split by what
they show (`emoji_part`).
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from draw_figures import SIDE, squared
from numpy.typing import NDArray
from pictures import LEFT_OUT, drawn_frames, part_of

Square = NDArray[np.uint8]
"""RGBA (128, 128, 4), the figure's longer side filling it."""
ROOM = 1.15
"""Side of the crop that the descriptor is given, against the longer side of the figure's box."""
SKINS = {"1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"}
GROUND_FILMS = range(600_000, 600_040)
GROUND_SIDE = 144


def emoji_code(name: str) -> str:
    """Lower-case code points joined by hyphens, without the variation selector that vendors set or leave out."""
    return "-".join(point for point in name.lower().split("-") if point != "fe0f")


def is_figure(code: str) -> bool:
    """Beings and things; no flags, letters, clocks and signs, and of the skin tones only the yellow one."""
    points = code.split("-")
    first = int(points[0], 16)
    flag = 0x1F1E6 <= first <= 0x1F1FF or points[0] in ("1f3f4", "1f3f3", "1f3c1", "1f6a9", "1f38c")
    sign = first < 0x1F300 or 0x1F500 <= first <= 0x1F567 or 0x1F6AB <= first <= 0x1F6C5 or 0x1F7E0 <= first <= 0x1F7EB
    return not (flag or sign or SKINS & set(points) or first >= 0x1FB00)


def emoji_part(code: str) -> str:
    """`train` (six tenths), `tune` or `test` (a tenth, three tenths); man, woman and person of one trade together."""
    people = {"1f468": "1f9d1", "1f469": "1f9d1"}
    points = [people.get(p, p) for p in code.split("-") if p not in SKINS | {"200d", "2640", "2642"}]
    share = hashlib.sha256("-".join(points).encode()).digest()[0] / 256
    return "train" if share < 0.6 else "tune" if share < 0.7 else "test"


def read_square(path: Path) -> Square | None:
    """None for what can't be read, has no cut-out figure, or is tiny."""
    if path.suffix == ".svg":
        return _cut_out(_rendered(path.read_text(encoding="utf-8")))
    return _cut_out(np.fromfile(path, np.uint8))


def _rendered(svg: str) -> NDArray[np.uint8]:
    import resvg_py

    return np.frombuffer(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=160, height=160)), np.uint8)


def _cut_out(data: NDArray[np.uint8]) -> Square | None:
    raw = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if raw is None or raw.ndim != 3 or raw.shape[2] != 4 or raw.dtype != np.uint8:
        return None
    cover = raw[..., 3] > 60
    if not cover.any():
        return None
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    cut = raw[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if min(cut.shape[:2]) < 10 or max(cut.shape[:2]) > 6 * min(cut.shape[:2]):
        return None
    return squared(cv2.cvtColor(cut, cv2.COLOR_BGRA2RGBA))


def read_emoji(folder: Path, suffix: str, parts: set[str]) -> dict[str, Square]:
    """By code."""
    found = {}
    for path in sorted(folder.glob(f"*{suffix}")):
        code = emoji_code(path.stem)
        if is_figure(code) and emoji_part(code) in parts:
            square = read_square(path)
            if square is not None:
                found[code] = square
    return found


def read_icons(folder: Path, parts: set[str], codes: dict[str, str]) -> dict[str, Square]:
    """By code: the icons of a package of Iconify whose names, without a closing number, have one in `codes`."""
    icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
    size = icons.get("width", 16)
    found: dict[str, Square] = {}
    for name, icon in sorted(icons["icons"].items()):
        code = codes.get(re.sub(r"-\d+$", "", name))
        if code is None or code in found or not is_figure(code) or emoji_part(code) not in parts:
            continue
        wide, high = icon.get("width", size), icon.get("height", icons.get("height", size))
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}">'
        square = _cut_out(_rendered(f"{head}{icon['body']}</svg>"))
        if square is not None:
            found[code] = square
    return found


def read_clip_art(folder: Path, part: str) -> list[Square]:
    squares = []
    for path in sorted(folder.rglob("*.png")):
        if part_of(path) == part and not path.relative_to(folder).as_posix().startswith(LEFT_OUT):
            square = read_square(path)
            if square is not None and (square[..., 3] > 128).mean() > 0.12:
                squares.append(square)
    return squares


def film_grounds(seeds: range = GROUND_FILMS) -> NDArray[np.uint8]:
    """Frames of drawn films (n, 144, 256, 3), figures and all: they are what stands near in a film."""
    frames = [frame for film in drawn_frames(seeds) for frame in film[::2]]
    return np.stack([cv2.resize(frame, (256, GROUND_SIDE), interpolation=cv2.INTER_AREA) for frame in frames])


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that training reads."""

    drawn: NDArray[np.uint8]
    """(figures, views, 128, 128, 4)"""
    artists: NDArray[np.int64]
    """(figures,), -1: of no cast"""
    emoji: NDArray[np.uint8]
    """(figures, 4, 128, 128, 4): by four hands"""
    drawn_by: NDArray[np.bool_]
    """(figures, 4): whose hands there are of an emoji, two or more"""
    clip_art: NDArray[np.uint8]
    """(figures, 128, 128, 4)"""
    grounds: NDArray[np.uint8]
    """(n, 144, 256, 3)"""


def material(cache: Path, emoji: Path, pictures: Path) -> Material:
    """From the folder that draw_figures.py filled (`cache`/drawn), of npm's modules and of Debian's clip art.

    What is read once is kept in `cache`.
    """
    kept = cache / "others.npz"
    if not kept.exists():
        flat = emoji / "@iconify-json/fluent-emoji-flat"
        named = json.loads((flat / "chars.json").read_text(encoding="utf-8"))
        codes = {name: emoji_code(code) for code, name in named.items()}
        hands = [
            read_emoji(emoji / "@lobehub/fluent-emoji-3d/assets", ".webp", {"train"}),
            read_emoji(emoji / "@twemoji/svg", ".svg", {"train"}),
            read_icons(flat, {"train"}, codes),
            read_icons(emoji / "@iconify-json/streamline-emojis", {"train"}, codes),
        ]
        shown = sorted({code for hand in hands for code in hand if sum(code in each for each in hands) > 1})
        nothing = np.zeros((SIDE, SIDE, 4), np.uint8)
        np.savez(
            kept,
            emoji=np.stack([np.stack([hand.get(code, nothing) for hand in hands]) for code in shown]),
            drawn_by=np.array([[code in hand for hand in hands] for code in shown]),
            clip_art=np.stack(read_clip_art(pictures, "train")),
            grounds=film_grounds(),
        )
    parts = [np.load(path, mmap_mode="r") for path in sorted((cache / "drawn").glob("figures-*.npy"))]
    drawn = np.concatenate(parts)
    others = np.load(kept)
    artists = np.load(cache / "drawn" / "artists.npy")[: len(drawn)]
    return Material(drawn, artists, *(others[name] for name in ("emoji", "drawn_by", "clip_art", "grounds")))


def view(
    square: Square, random: np.random.Generator, side: int, grounds: NDArray[np.uint8], near: Square | None
) -> NDArray[np.uint8]:
    """The figure as the descriptor is given it: cropped with errors, on some ground, near others, through a codec."""
    if random.random() < 0.5:
        square = redrawn(square, random)
    canvas, plain = _ground(random, side, grounds)
    crop = SIDE * ROOM * random.uniform(0.8, 1.3)
    scale = side / crop
    shift = random.uniform(-0.1, 0.1, 2) * side
    if near is not None and not plain and random.random() < 0.35:
        away = random.choice((-1, 1)) * random.uniform(0.5, 0.8) * side
        beside = (shift[0] + away, shift[1] + random.uniform(-0.2, 0.2) * side)
        _paste(canvas, near, scale * random.uniform(0.6, 1.2), beside, random)
    _paste(canvas, square, scale, (shift[0], shift[1]), random)
    if not plain and random.random() < 0.2:
        _cover(canvas, grounds, random)
    if random.random() < 0.15:
        _cut(canvas, random)
    return _filmed(_coloured(canvas, random), random)


def redrawn(square: Square, random: np.random.Generator) -> Square:
    """As another hand might have drawn it: other proportions, flat colours, a line around, softer, paler, shaded."""
    if random.random() < 0.4:
        square = _proportioned(square, random)
    colour, cover = np.ascontiguousarray(square[..., :3]), np.ascontiguousarray(square[..., 3])
    flat = cv2.medianBlur(colour, 5)
    line = cv2.dilate(cv2.Canny(flat, 60, 140), np.ones((2, 2), np.uint8)) > 0
    if random.random() < 0.4:
        step = int(random.integers(24, 72))
        colour = np.minimum(flat.astype(np.int32) // step * step + step // 2, 255).astype(np.uint8)
    if random.random() < 0.25:
        colour = cv2.GaussianBlur(colour, (0, 0), random.uniform(0.8, 2.0))
    drawn = colour.astype(np.float32)
    if random.random() < 0.3:
        grey = drawn.mean(axis=2, keepdims=True)
        drawn = grey + (drawn - grey) * random.uniform(0.0, 0.7)
    if random.random() < 0.3:
        drawn = 255 - (255 - drawn) * random.uniform(0.55, 0.9)
    if random.random() < 0.25:
        light = np.linspace(random.uniform(0.7, 1.2), random.uniform(0.7, 1.2), SIDE, dtype=np.float32)
        drawn = drawn * (light[:, None, None] if random.random() < 0.5 else light[None, :, None])
    if random.random() < 0.4:
        thick = int(random.integers(2, 6))
        around = cv2.morphologyEx((cover > 128).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((thick, thick))) > 0
        ink = random.uniform(0, 90, 3) if random.random() < 0.5 else np.full(3, random.uniform(0, 40))
        drawn[around | line if random.random() < 0.6 else around] = ink
        cover = np.where(around, np.uint8(255), cover)
    return np.dstack([np.clip(drawn, 0, 255).astype(np.uint8), cover])


def _proportioned(square: Square, random: np.random.Generator) -> Square:
    """A larger or smaller head, a stouter or leaner body: rows moved and stretched, smoothly."""
    down = np.linspace(0, 1, SIDE, dtype=np.float32)
    rows = down ** random.uniform(0.7, 1.45) * (SIDE - 1)
    wide = np.linspace(random.uniform(0.75, 1.15), random.uniform(0.75, 1.15), SIDE, dtype=np.float32)
    across = (np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2)[None] / wide[:, None] + (SIDE - 1) / 2
    return cv2.remap(square, across, np.repeat(rows[:, None], SIDE, axis=1).astype(np.float32), cv2.INTER_LINEAR)


def _ground(random: np.random.Generator, side: int, grounds: NDArray[np.uint8]) -> tuple[NDArray[np.float32], bool]:
    kind = random.random()
    if kind < 0.35:
        return np.full((side, side, 3), 255, np.float32), True
    if kind < 0.5:
        return np.full((side, side, 3), random.uniform(0, 255, 3), np.float32), True
    ground = grounds[random.integers(len(grounds))]
    size = int(random.integers(40, GROUND_SIDE))
    top, left = random.integers(GROUND_SIDE - size + 1), random.integers(256 - size + 1)
    patch = ground[top : top + size, left : left + size]
    if random.random() < 0.5:
        patch = patch[:, ::-1]
    canvas = cv2.resize(np.ascontiguousarray(patch), (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    if random.random() < 0.3:
        canvas = canvas[..., random.permutation(3)]
    return np.ascontiguousarray(canvas), False


def _paste(
    canvas: NDArray[np.float32],
    square: Square,
    scale: float,
    shift: tuple[float, float],
    random: np.random.Generator,
) -> None:
    """In place: its centre at the canvas's, shifted; a little turned and stretched, mirrored half of the time."""
    side = canvas.shape[0]
    turn, stretch = np.deg2rad(random.normal(0, 4)), random.uniform(0.93, 1.07)
    flip = -1.0 if random.random() < 0.5 else 1.0
    across, along = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    matrix = np.column_stack([across * scale * flip * stretch, along * scale / stretch, np.zeros(2)])
    matrix[:, 2] = side / 2 + np.array(shift) - matrix[:, :2] @ np.full(2, (SIDE - 1) / 2)
    # By halves first where it shrinks much, as area averaging does; colour counts by its cover.
    alpha = square[..., 3:].astype(np.float32) / 255
    layer = np.dstack([square[..., :3] * alpha, alpha]).astype(np.float32)
    laid = cv2.warpAffine(layer, matrix, (side, side), flags=cv2.INTER_LINEAR)
    canvas *= 1 - laid[..., 3:]
    canvas += laid[..., :3]


def _cover(canvas: NDArray[np.float32], grounds: NDArray[np.uint8], random: np.random.Generator) -> None:
    """Something stands before a part of the figure."""
    side = canvas.shape[0]
    wide, high = (random.uniform(0.15, 0.5, 2) * side).astype(int) + 1
    left, top = random.integers(-wide // 2, side - wide // 2), random.integers(-high // 2, side - high // 2)
    colour = grounds[random.integers(len(grounds)), random.integers(GROUND_SIDE), random.integers(256)]
    centre = (int(left + wide // 2), int(top + high // 2))
    fill = tuple(float(c) for c in colour)
    if random.random() < 0.5:
        cv2.ellipse(canvas, centre, (int(wide // 2), int(high // 2)), 0, 0, 360, fill, -1)
    else:
        cv2.rectangle(canvas, (int(left), int(top)), (int(left + wide), int(top + high)), fill, -1)


def _cut(canvas: NDArray[np.float32], random: np.random.Generator) -> None:
    """The picture ends within the crop; what lies outside repeats its edge."""
    side = canvas.shape[0]
    deep = int(side * random.uniform(0.08, 0.35))
    edge = random.integers(4)
    if edge == 0:
        canvas[:, :deep] = canvas[:, deep : deep + 1]
    elif edge == 1:
        canvas[:, side - deep :] = canvas[:, side - deep - 1 : side - deep]
    elif edge == 2:
        canvas[:deep] = canvas[deep : deep + 1]
    else:
        canvas[side - deep :] = canvas[side - deep - 1 : side - deep]


def _coloured(canvas: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.uint8]:
    """Light and colour a little off, never so far that it might be another figure's."""
    if random.random() < 0.6:
        grey = canvas.mean(axis=2, keepdims=True)
        canvas = grey + (canvas - grey) * random.uniform(0.8, 1.15)
        canvas = canvas * random.uniform(0.85, 1.12) + random.uniform(-10, 10)
        canvas = canvas * random.uniform(0.95, 1.05, 3)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _filmed(picture: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Small, blurred, compressed, then as large as it was."""
    side = picture.shape[0]
    if random.random() < 0.5:
        small = int(random.uniform(40, 1.2 * side))
        if small < side:
            picture = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
        if random.random() < 0.3:
            picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 1.2))
        if random.random() < 0.7:
            coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 90))])[1]
            picture = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        if picture.shape[0] != side:
            picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
    return picture
