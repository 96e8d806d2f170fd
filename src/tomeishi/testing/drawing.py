"""A small vector pen over NumPy frames: what the drawn films are made with.

Colours are RGB, 0..255. Points are (n, 2) arrays of x, y in drawing units, y downwards; a pen's matrix takes
them to pixels, so the same drawing serves every frame size and every camera.
"""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, hypot, pi, sin

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Colour = tuple[int, int, int]
Points = NDArray[np.float64]

_SHIFT = 4  # OpenCV takes fixed-point coordinates: sixteenths of a pixel
_CIRCLE = np.stack([np.cos(np.linspace(0, 2 * pi, 37)[:-1]), np.sin(np.linspace(0, 2 * pi, 37)[:-1])], axis=1)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Colour for a hue in turns (any real), saturation and value clipped to [0, 1]."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(1.0, max(0.0, saturation)), min(1.0, max(0.0, value)))
    return round(red * 255), round(green * 255), round(blue * 255)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` with `share` in [0, 1] of `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


@lru_cache(maxsize=256)
def _curve(count: int, closed: bool, steps: int) -> NDArray[np.float64]:
    """The matrix that takes `count` knots to the points of their Catmull-Rom curve."""
    t = np.arange(steps) / steps
    weights = 0.5 * np.stack([2 * t**2 - t - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2])
    stretches = count if closed else count - 1
    matrix = np.zeros((stretches * steps + (not closed), count))
    for stretch in range(stretches):
        for neighbour in range(4):
            knot = stretch + neighbour - 1
            knot = knot % count if closed else min(max(knot, 0), count - 1)
            matrix[stretch * steps : (stretch + 1) * steps, knot] += weights[neighbour]
    if not closed:
        matrix[-1, -1] = 1.0
    return matrix


def smooth(points: ArrayLike | Sequence[object], *, closed: bool = True, steps: int = 6) -> Points:
    """A Catmull-Rom curve through `points`, `steps` points for each stretch."""
    knots = np.asarray(points, np.float64)
    return _curve(len(knots), closed, steps) @ knots


def oval(x: float, y: float, rx: float, ry: float, *, power: float = 2.0) -> Points:
    """An ellipse, or with `power` over 2 a superellipse: 4 is a rounded box."""
    shape = _CIRCLE if power == 2.0 else np.sign(_CIRCLE) * np.abs(_CIRCLE) ** (2.0 / power)
    return shape * (rx, ry) + (x, y)


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws into `pixels`, uint8 (h, w, 3) RGB, in place."""

    pixels: NDArray[np.uint8]
    matrix: NDArray[np.float64]
    """Float (2, 3): drawing units to pixels."""
    line: Colour | None = None
    """Colour of outlines; None draws shapes without."""
    line_width: float = 2.0
    """Of outlines, in units of the outermost drawing."""
    unit: float = 1.0
    """Pixels for one unit of the outermost drawing."""

    def moved(self, x: float, y: float, *, turn: float = 0.0, sx: float = 1.0, sy: float = 1.0) -> "Pen":
        """A pen whose origin lies at (x, y), turned by radians (clockwise on screen) and stretched."""
        c, s = cos(turn), sin(turn)
        local = np.array([[c * sx, -s * sy, x], [s * sx, c * sy, y], [0.0, 0.0, 1.0]])
        return replace(self, matrix=self.matrix @ local)

    def outlined(self, line: Colour | None) -> "Pen":
        return replace(self, line=line)

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        placed = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return np.round(placed * (1 << _SHIFT)).astype(np.int32)

    def _thick(self, width: float) -> int:
        return max(1, round(width * self.unit))

    def shape(self, points: Points, fill: Colour) -> None:
        """A filled polygon, with this pen's outline."""
        fixed = self._fixed(points)
        cv2.fillPoly(self.pixels, [fixed], fill, cv2.LINE_AA, _SHIFT)
        if self.line is not None:
            cv2.polylines(self.pixels, [fixed], True, self.line, self._thick(self.line_width), cv2.LINE_AA, _SHIFT)

    def shaded(self, points: Points, fill: Colour, shade: Colour, *, towards: tuple[float, float]) -> None:
        """A filled polygon whose far side, away from the light `towards`, stays in `shade`."""
        bare = self.outlined(None)
        bare.shape(points, shade)
        centre = points.mean(axis=0)
        bare.shape((points - centre) * 0.87 + centre + np.ptp(points, axis=0) * np.array(towards) * 0.055, fill)
        if self.line is not None:
            fixed = self._fixed(points)
            cv2.polylines(self.pixels, [fixed], True, self.line, self._thick(self.line_width), cv2.LINE_AA, _SHIFT)

    def disc(self, x: float, y: float, rx: float, ry: float | None, fill: Colour) -> None:
        """An ellipse; `ry` None makes it round."""
        self.shape(oval(x, y, rx, rx if ry is None else ry), fill)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Colour) -> None:
        self.shape(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64), fill)

    def stroke(self, points: ArrayLike | Sequence[object], colour: Colour, width: float) -> None:
        """An open line with round ends; `width` in this pen's own units."""
        fixed = self._fixed(np.asarray(points, np.float64))
        scale = hypot(self.matrix[0, 0], self.matrix[1, 0])
        cv2.polylines(self.pixels, [fixed], False, colour, max(1, round(width * scale)), cv2.LINE_AA, _SHIFT)

    def limb(self, points: ArrayLike | Sequence[object], colour: Colour, width: float) -> None:
        """A stroke with this pen's outline around it."""
        if self.line is not None:
            scale = hypot(self.matrix[0, 0], self.matrix[1, 0])
            self.stroke(points, self.line, width + 2 * self.line_width * self.unit / scale)
        self.stroke(points, colour, width)

    def glow(self, x: float, y: float, rx: float, ry: float, colour: Colour, strength: float) -> None:
        """A soft ellipse of light or shadow: `strength` in [0, 1] of `colour` in its middle, none at its rim."""
        height, width = self.pixels.shape[:2]
        (cx, cy) = self.matrix[:, :2] @ np.array([x, y]) + self.matrix[:, 2]
        px, py = abs(self.matrix[0, 0]) * rx, abs(self.matrix[1, 1]) * ry
        x0, x1 = max(0, int(cx - px)), min(width, int(cx + px) + 2)
        y0, y1 = max(0, int(cy - py)), min(height, int(cy + py) + 2)
        if x0 >= x1 or y0 >= y1:
            return
        across = ((np.arange(x0, x1, dtype=np.float32) - cx) / px) ** 2
        down = ((np.arange(y0, y1, dtype=np.float32) - cy) / py) ** 2
        share = np.maximum(0, 1 - (down[:, None] + across[None, :])) ** 2 * strength
        under = self.pixels[y0:y1, x0:x1]
        under[:] = under + (np.array(colour, np.float32) - under) * share[..., None]

    def fade(self, stops: Sequence[tuple[float, Colour]]) -> None:
        """Fills everything from top to bottom through `stops` (share of the height, colour)."""
        height = self.pixels.shape[0]
        at = np.arange(height) / max(1, height - 1)
        where = [stop for stop, _ in stops]
        rows = np.stack([np.interp(at, where, [c[channel] for _, c in stops]) for channel in range(3)], axis=1)
        self.pixels[:] = np.round(rows).astype(np.uint8)[:, None, :]


def textured(pixels: NDArray[np.uint8], rng: np.random.Generator, *, wash: float, grain: float) -> None:
    """Paints uneven pigment (`wash`) and paper grain (`grain`), both in grey levels, over `pixels` in place."""
    height, width = pixels.shape[:2]
    clouds = rng.normal(0, wash, (max(2, height // 40), max(2, width // 40))).astype(np.float32)
    field = cv2.resize(clouds, (width, height), interpolation=cv2.INTER_CUBIC)
    fine = rng.random((height // 2 + 1, width // 2 + 1), np.float32) - 0.5
    field = field + cv2.resize(fine, (width, height), interpolation=cv2.INTER_LINEAR) * np.float32(2 * grain)
    np.copyto(pixels, np.clip(pixels + field[..., None], 0, 255).astype(np.uint8))
