"""What the places of the drawn films are made of: light and palette, skies, clouds, trees, houses.

A plate spans 1000 x 500 drawing units; figures walk at its ground line, and a camera sees 640 x 360 of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

from tomeishi.testing.drawing import Colour, Pen, Points, hsv, mix, oval, smooth

WIDE, HIGH = 1000.0, 500.0

Moving = Callable[[Pen, float], None]
"""`moving(pen, t)` draws over a plate what stirs at `t` seconds."""

Place = Callable[[Pen, np.random.Generator, "Mood"], tuple[float, Moving]]
"""Paints a plate; returns the y of the ground line, and what stirs."""


@dataclass(frozen=True, slots=True)
class Mood:
    """The colours of a shot: one light, one palette."""

    high: Colour
    low: Colour
    far: Colour
    middle: Colour
    near: Colour
    light: Colour
    accent: Colour
    ink: Colour | None
    """Of outlines; None for a film drawn without."""
    dark: bool

    def tinted(self, colour: Colour, share: float = 0.22) -> Colour:
        """`colour` as this light shows it."""
        return mix(colour, self.low, share)


def draw_mood(rng: np.random.Generator, hue: float, ink: Colour | None) -> Mood:
    """A light by chance, its palette around the film's own `hue` (turns)."""
    time = ("morning", "noon", "dusk", "night", "candy")[int(rng.integers(5))]
    tilt = hue + rng.uniform(-0.08, 0.08)
    if time == "night":
        high, low, light = hsv(0.66 + 0.1 * hue, 0.75, 0.2), hsv(tilt, 0.55, 0.48), (255, 240, 190)
    elif time == "dusk":
        high, low, light = hsv(tilt + 0.08, 0.6, 0.55), hsv(0.02 + 0.09 * rng.random(), 0.55, 1.0), (255, 226, 160)
    elif time == "candy":
        high, low, light = hsv(tilt, 0.42, 0.95), hsv(tilt + 0.22, 0.3, 1.0), (255, 250, 240)
    elif time == "morning":
        high, low, light = hsv(0.52 + 0.1 * hue, 0.35, 0.92), hsv(tilt, 0.15, 1.0), (255, 246, 214)
    else:
        high, low, light = hsv(0.53 + 0.1 * hue, 0.66, 0.93), hsv(0.5 + 0.08 * hue, 0.22, 1.0), (255, 255, 244)
    dim = 0.5 if time == "night" else 0.78 if time == "dusk" else 1.0
    land = tilt + rng.choice([0.0, 0.12, 0.33, 0.5])
    rich = rng.uniform(0.3, 0.68)
    return Mood(
        high=high,
        low=low,
        far=mix(hsv(land + 0.07, rich * 0.7, 0.78 * dim), low, 0.5),
        middle=mix(hsv(land + 0.02, rich, 0.68 * dim), low, 0.18),
        near=hsv(land - 0.03, rich * 1.1, 0.6 * dim),
        light=light,
        accent=hsv(tilt + rng.uniform(0.4, 0.6), 0.72, 0.6 + 0.35 * dim),
        ink=ink,
        dark=time == "night",
    )


def ridge(rng: np.random.Generator, y: float, swing: float, waves: float) -> Points:
    """A rolling outline from side to side, closed along the bottom."""
    x = np.linspace(0, WIDE, 90)
    line = sum(
        rng.uniform(0.3, 1)
        / (k + 1)
        * np.sin(x / WIDE * 2 * pi * waves * (k + rng.uniform(0.6, 1.2)) + rng.uniform(0, 7))
        for k in range(4)
    )
    top = np.stack([x, y + swing * np.asarray(line)], axis=1)
    return np.concatenate([top, [[WIDE, HIGH + 5], [0, HIGH + 5]]])


def height_of(ridge: Points, x: float) -> float:
    return float(np.interp(x, ridge[:90, 0], ridge[:90, 1]))


def paint_sky(pen: Pen, rng: np.random.Generator, mood: Mood, horizon: float) -> None:
    pen.fade([(0, mood.high), (horizon / HIGH, mood.low), (1, mood.low)])
    x, y = rng.uniform(180, 820), rng.uniform(80, 180)
    pen.glow(x, y, 210, 210, mood.light, 0.55)
    size = rng.uniform(22, 46)
    pen.disc(x, y, size, None, mood.light)
    if mood.dark:
        if rng.random() < 0.6:
            pen.disc(x + size * 0.4, y - size * 0.2, size * 0.85, None, mix(mood.high, mood.low, y / horizon))
        for _ in range(90):
            spot = rng.uniform(0.5, 1.7)
            pen.disc(
                rng.uniform(0, WIDE),
                rng.uniform(0, horizon * 0.9),
                spot,
                None,
                mix(mood.light, mood.high, rng.uniform(0, 0.6)),
            )


def paint_cloud(pen: Pen, x: float, y: float, size: float, lit: Colour, shade: Colour, kind: int) -> None:
    """A heap of puffs, flat below."""
    puffs = ((-1.0, 0.0, 0.5), (-0.45, -0.35, 0.62), (0.2, -0.48, 0.74), (0.8, -0.12, 0.56), (0.1, 0.02, 0.7))
    turned = puffs if kind % 2 else tuple((-a, b, c) for a, b, c in puffs)
    for dx, dy, r in turned:
        pen.disc(x + dx * size, y + (dy + 0.1) * size, r * size, r * size * 0.78, shade)
    for dx, dy, r in turned:
        pen.disc(x + (dx - 0.04) * size, y + (dy - 0.02) * size, r * size * 0.93, r * size * 0.68, lit)


def drifting_clouds(rng: np.random.Generator, mood: Mood, count: int, low: float, big: float = 46) -> Moving:
    lit = mix(mood.low, (255, 255, 255), 0.25 if mood.dark else 0.75)
    shade = mix(lit, mood.high, 0.3)
    heaps = [
        (rng.uniform(-100, WIDE), rng.uniform(40, low), rng.uniform(0.45, 1) * big, rng.uniform(5, 20), k)
        for k in range(count)
    ]

    def moving(pen: Pen, t: float) -> None:
        for x, y, size, speed, kind in heaps:
            paint_cloud(pen, (x + speed * t + 150) % (WIDE + 300) - 150, y, size, lit, shade, kind)

    return moving


def paint_tree(pen: Pen, rng: np.random.Generator, x: float, y: float, size: float, leaf: Colour, kind: int) -> None:
    trunk, dark, lit = mix((110, 74, 60), leaf, 0.25), mix(leaf, (30, 20, 60), 0.32), mix(leaf, (255, 250, 200), 0.28)
    pen.glow(x, y, size * 0.5, size * 0.09, (15, 15, 40), 0.4)
    if kind == 0:
        pen.shape(
            smooth(
                [
                    [x - size * 0.05, y - size * 0.6],
                    [x + size * 0.05, y - size * 0.6],
                    [x + size * 0.08, y],
                    [x - size * 0.08, y],
                ]
            ),
            trunk,
        )
        for dx, dy, r in ((-0.26, -0.62, 0.27), (0.27, -0.6, 0.26), (0, -0.86, 0.34), (0.02, -0.58, 0.3)):
            pen.disc(x + dx * size, y + dy * size, r * size, None, dark)
        for dx, dy, r in ((-0.29, -0.67, 0.21), (0.22, -0.66, 0.2), (-0.05, -0.92, 0.27)):
            pen.disc(x + dx * size, y + dy * size, r * size, None, leaf)
        for dx, dy, r in ((-0.33, -0.73, 0.1), (-0.12, -1.0, 0.14)):
            pen.disc(x + dx * size, y + dy * size, r * size, r * size * 0.8, lit)
    elif kind == 1:
        pen.box(x - size * 0.05, y - size * 0.3, x + size * 0.05, y, trunk)
        for tier, (up, half) in enumerate(((0.2, 0.36), (0.48, 0.29), (0.76, 0.21))):
            base, peak = y - up * size, y - (up + 0.44) * size
            pen.shape(
                smooth([[x, peak], [x + half * size, base], [x, base + size * 0.05], [x - half * size, base]], steps=3),
                dark,
            )
            right, left = [x + half * size * 0.35, base - size * 0.03], [x - half * size * 0.88, base - size * 0.015]
            pen.shape(smooth([[x - size * 0.01, peak], right, left], steps=3), mix(leaf, lit, 0.2 * tier))
    else:
        pen.shape(
            smooth(
                [[x - size * 0.03, y - size], [x + size * 0.05, y - size], [x + size * 0.1, y], [x - size * 0.07, y]]
            ),
            trunk,
        )
        for arm in range(6):
            turn = pi * (0.05 + arm * 0.18) + rng.uniform(-0.1, 0.1)
            tip = np.array([x + cos(turn) * size * 0.52, y - size - sin(turn) * size * 0.22 + size * 0.12])
            mid = np.array([x + cos(turn) * size * 0.3, y - size - sin(turn) * size * 0.33])
            pen.shape(smooth([[x, y - size], mid, tip, mid + np.array([0, size * 0.09])]), leaf if arm % 2 else dark)


def paint_tufts(
    pen: Pen, rng: np.random.Generator, y0: float, y1: float, mood: Mood, count: int, *, flowers: bool
) -> None:
    for _ in range(count):
        x, y = rng.uniform(0, WIDE), rng.uniform(y0, y1)
        size = 4 + 9 * (y - y0) / (y1 - y0 + 1)
        blade = mix(mood.near, mood.light if rng.random() < 0.6 else (20, 30, 50), 0.2)
        for dx in (-0.5, 0.0, 0.5):
            pen.stroke([[x, y], [x + dx * size, y - size * (1.1 - abs(dx) * 0.5)]], blade, 1.6)
        if flowers and rng.random() < 0.45:
            bloom = mix(hsv(rng.random(), 0.5, 1.0), mood.low, 0.25)
            for k in range(5):
                pen.disc(
                    x + cos(k * 1.257) * size * 0.27, y - size + sin(k * 1.257) * size * 0.27, size * 0.2, None, bloom
                )
            pen.disc(x, y - size, size * 0.15, None, (255, 224, 110))


def paint_house(pen: Pen, rng: np.random.Generator, x: float, y: float, size: float, mood: Mood) -> None:
    wall = mood.tinted(hsv(rng.random(), rng.uniform(0.05, 0.25), 0.65 if mood.dark else 0.96))
    roof = mood.tinted(hsv(rng.random(), 0.6, 0.45 if mood.dark else 0.75))
    glass = (255, 222, 130) if mood.dark else mood.tinted((150, 200, 220))
    pen.box(x - size * 0.4, y - size * 0.55, x + size * 0.4, y, wall)
    pen.box(x + size * 0.2, y - size * 0.55, x + size * 0.4, y, mix(wall, (40, 30, 80), 0.2))
    pen.box(x + size * 0.18, y - size * 1.02, x + size * 0.3, y - size * 0.6, mix(roof, (60, 40, 60), 0.4))
    pen.shape(
        np.array(
            [
                [x - size * 0.5, y - size * 0.52],
                [x - size * 0.2, y - size * 0.95],
                [x + size * 0.3, y - size * 0.95],
                [x + size * 0.5, y - size * 0.52],
            ]
        ),
        roof,
    )
    pen.shape(oval(x - size * 0.08, y - size * 0.13, size * 0.09, size * 0.2, power=3), mix(roof, (40, 20, 30), 0.35))
    for dx in (-0.27, 0.12):
        pen.box(x + (dx - 0.07) * size, y - size * 0.42, x + (dx + 0.07) * size, y - size * 0.26, glass)
