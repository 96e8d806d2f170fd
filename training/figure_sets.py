"""What the figure descriptor is measured on: sets of figures it was not trained on, each with a gallery and queries.

Emoji of two other vendors, sprites and portraits of games, and our own drawings by held-out artists and hands. Games'
art is share-alike or GPL: it is measured on and never trained on. Every set falls into a part `tune`, on which weights
may be chosen, and a part `test`, by figure.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from draw_figures import FIRST_HELD_OUT_FIGURE, HELD_OUT_HANDS, SIDE, squared
from figure_data import ROOM, Square, emoji_part, read_emoji, read_square
from numpy.typing import NDArray

from tomeishi.testing.model_sheets import Figure, cast, draw, identity, situation

FACING_AWAY = ("n", "ne", "nw")
NO_FIGURE = ("halo", "projectile", "die", "death", "shadow", "teleport", "flare", "fire")


@dataclass(frozen=True, slots=True)
class FigureSet:
    """Crops (n, 128, 128, 3) uint8; who is to be found by whom, and under which name."""

    name: str
    gallery: NDArray[np.uint8]
    enrolled: NDArray[np.str_]
    queries: NDArray[np.uint8]
    sought: NDArray[np.str_]


def crop(square: Square, ground: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """What the caller of the descriptor gives it: room around the figure, white or `ground` (128, 128, 3) behind it."""
    size = round(SIDE / ROOM)
    canvas = np.full((SIDE, SIDE, 3), 255, np.float32) if ground is None else ground.astype(np.float32)
    alpha = square[..., 3:].astype(np.float32) / 255
    layer = cv2.resize(np.dstack([square[..., :3] * alpha, alpha]), (size, size), interpolation=cv2.INTER_AREA)
    start = (SIDE - size) // 2
    inside = canvas[start : start + size, start : start + size]
    inside[:] = inside * (1 - layer[..., 3:]) + layer[..., :3]
    return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)


def _share(name: str) -> float:
    return hashlib.sha256(name.encode()).digest()[0] / 256


def _set(name: str, gallery: dict[str, list[Square]], queries: dict[str, list[Square]], part: str) -> FigureSet:
    """Of figures that have both."""
    names = sorted(n for n in gallery.keys() & queries.keys() if (_share(n) < 0.3) == (part == "tune"))
    shown = [(n, square) for n in names for square in gallery[n]]
    asked = [(n, square) for n in names for square in queries[n]]
    return FigureSet(
        name,
        np.stack([crop(square) for _, square in shown]),
        np.array([n for n, _ in shown]),
        np.stack([crop(square) for _, square in asked]),
        np.array([n for n, _ in asked]),
    )


def emoji_sets(modules: Path, gemojione: Path, part: str) -> list[FigureSet]:
    """Pairs of vendors: on emoji never trained on, and on all of them where neither vendor was trained on."""
    folders: dict[str, tuple[Path, str]] = {
        "fluent": (modules / "@lobehub/fluent-emoji-3d/assets", ".webp"),
        "twemoji": (modules / "@twemoji/svg", ".svg"),
        "openmoji": (modules / "openmoji/color/svg", ".svg"),
        "gemojione": (gemojione, ".png"),
    }
    parts = {part} if part == "tune" else {"test", "train"}
    read = {name: read_emoji(folder, suffix, parts) for name, (folder, suffix) in folders.items()}
    sets = []
    for first, second in (
        ("openmoji", "gemojione"),
        ("openmoji", "fluent"),
        ("gemojione", "twemoji"),
        ("fluent", "twemoji"),
    ):
        unseen = sorted(c for c in read[first].keys() & read[second].keys() if emoji_part(c) == part)
        sets.append(_pairs(f"emoji {first}-{second}, figures unseen", read[first], read[second], unseen))
    if part == "test":
        everything = sorted(read["openmoji"].keys() & read["gemojione"].keys())
        sets.append(_pairs("emoji openmoji-gemojione, vendors unseen", read["openmoji"], read["gemojione"], everything))
    return sets


def _pairs(name: str, first: dict[str, Square], second: dict[str, Square], codes: list[str]) -> FigureSet:
    return FigureSet(
        name,
        np.stack([crop(second[code]) for code in codes]),
        np.array(codes),
        np.stack([crop(first[code]) for code in codes]),
        np.array(codes),
    )


def wesnoth_sets(images: Path, part: str) -> list[FigureSet]:
    """Units: other frames, views from behind, and portraits of the same unit by other painters."""
    standing: dict[str, list[Square]] = {}
    away: dict[str, list[Square]] = defaultdict(list)
    frames: dict[str, list[Path]] = defaultdict(list)
    units = images / "units"
    for path in sorted(units.rglob("*.png")):
        base, *words = path.stem.split("-")
        name = f"{path.parent.relative_to(units).as_posix()}/{base}"
        if not words:
            square = read_square(path)
            if square is not None:
                standing[name] = [square]
        elif not any(word.startswith(NO_FIGURE) for word in words):
            frames[name].append(path)
    others: dict[str, list[Square]] = {}
    for name, paths in frames.items():
        behind = [p for p in paths if set(p.stem.split("-")) & set(FACING_AWAY)]
        plain = [p for p in paths if p not in behind]
        away[name] = _some(behind, 2, name)
        others[name] = _some(plain, 4, name)
    sets = [
        _set("wesnoth, other frame", standing, {n: s for n, s in others.items() if s}, part),
        _set("wesnoth, from behind", standing, {n: s for n, s in away.items() if s}, part),
    ]
    painted = defaultdict(list)
    for path in sorted((images / "portraits").rglob("*.png")):
        kind, stem = path.relative_to(images / "portraits").parts[0], path.stem
        unit = next((n for n in standing if n.startswith(kind[:4]) and n.rpartition("/")[2] == stem), None)
        square = read_square(path)
        if unit and square is not None:
            painted[unit].append(square)
    sets.append(_set("wesnoth, portrait to sprite", standing, painted, part))
    return sets


def _some(paths: list[Path], count: int, name: str) -> list[Square]:
    random = np.random.default_rng(list(name.encode()))
    chosen = [paths[i] for i in random.permutation(len(paths))[:count]]
    return [square for square in map(read_square, chosen) if square is not None]


def supertux_set(images: Path, part: str) -> FigureSet:
    """Creatures by folder; some folders hold variants of one creature under several names, which count as one."""
    gallery, queries = {}, {}
    for folder in sorted(path for path in (images / "creatures").iterdir() if path.is_dir()):
        squares = _some(sorted(folder.glob("*.png")), 5, folder.name)
        if len(squares) >= 2:
            gallery[folder.name], queries[folder.name] = squares[:1], squares[1:]
    return _set("supertux, other frame", gallery, queries, part)


def drawn_sets(grounds: NDArray[np.uint8], part: str, sheet: int = 3) -> list[FigureSet]:
    """Our own, artists and figures held out: by the hand of the sheet, by trained and held-out hands, and in scenes."""
    first = {"tune": 60, "test": 70}[part]
    artists = range(first, first + (5 if part == "tune" else 12))
    figures = [(f"cast {a}/{i}", figure) for a in artists for i, figure in enumerate(cast(a, 8))]
    start = FIRST_HELD_OUT_FIGURE + (0 if part == "tune" else 1000)
    figures += [(f"figure {seed}", identity(seed)) for seed in range(start, start + (20 if part == "tune" else 64))]
    gallery = [(n, crop(drawn)) for n, figure in figures for drawn in _drawings(figure, "cel", sheet, 1)]
    sets = []
    cases: list[tuple[str, tuple[str, ...], bool]] = [
        ("same hand", ("cel",), False),
        ("trained hands", ("clay", "ink", "pixel", "tale"), False),
        ("held-out hands", HELD_OUT_HANDS, False),
        ("same hand, in scenes", ("cel",), True),
        ("held-out hands, in scenes", HELD_OUT_HANDS, True),
    ]
    for number, (name, hands, scenes) in enumerate(cases):
        random = np.random.default_rng([number, first])
        queries = []
        for n, figure in figures:
            hand = hands[int(random.integers(len(hands)))]
            for drawn in _drawings(figure, hand, 2, 2 + number):
                queries.append((n, crop(drawn, _patch(grounds, random) if scenes else None)))
        sets.append(
            FigureSet(
                f"drawn, {name}",
                np.stack([c for _, c in gallery]),
                np.array([n for n, _ in gallery]),
                np.stack([c for _, c in queries]),
                np.array([n for n, _ in queries]),
            )
        )
    return sets


def _drawings(figure: Figure, hand: str, count: int, seed: int) -> list[Square]:
    random = np.random.default_rng([figure.seed, seed, 0xE7A])
    return [squared(draw(figure, situation(random, hand=hand), height_px=100)) for _ in range(count)]


def _patch(grounds: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    ground = grounds[random.integers(len(grounds))]
    size = int(random.integers(60, ground.shape[0]))
    top, left = random.integers(ground.shape[0] - size + 1), random.integers(ground.shape[1] - size + 1)
    patch = np.ascontiguousarray(ground[top : top + size, left : left + size])
    return cv2.resize(patch, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def everything(part: str, modules: Path, debian: Path, grounds: Callable[[], NDArray[np.uint8]]) -> list[FigureSet]:
    """All sets of one part; `debian` holds usr/ of the packages wesnoth-1.16-data, supertux-data, ruby-gemojione."""
    gemojione = next((debian / "usr/share/rubygems-integration").rglob("gemojione-*/assets/png"))
    games = debian / "usr/share/games"
    return [
        *emoji_sets(modules, gemojione, part),
        *wesnoth_sets(next((games / "wesnoth").rglob("data/core/images")), part),
        supertux_set(games / "supertux2/images", part),
        *drawn_sets(grounds(), part),
    ]
