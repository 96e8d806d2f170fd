"""Hands: how unlike artists draw one figure. Each is a pen, proportions, a palette and what it does to the sheet.

A hand changes everything but what makes the figure itself: line, shading, proportions, eyes, paper, colours within
a family. `cel` is the hand of the drawn films.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.testing.drawing import Colour, Pen, Points, mix
from tomeishi.testing.figures import Look

Sheet = NDArray[np.float32]
"""RGBA (h, w, 4) in [0, 1], colour not multiplied by alpha."""


class FlatPen(Pen):
    """Cut paper: one tone a shape."""

    __slots__ = ()

    def shaded(self, points: Points, fill: Colour, shade: Colour, *, towards: tuple[float, float]) -> None:
        self.shape(points, fill)


class _MaskedPen(Pen):
    """A pen that fills a shape by a rule of the place inside it."""

    __slots__ = ()

    def shape(self, points: Points, fill: Colour) -> None:
        placed = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        height, width = self.pixels.shape[:2]
        x0, y0 = np.maximum(np.floor(placed.min(axis=0)).astype(int) - 2, 0)
        x1, y1 = np.minimum(np.ceil(placed.max(axis=0)).astype(int) + 3, (width, height))
        if x0 >= x1 or y0 >= y1:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [np.round((placed - (x0, y0)) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        under = self.pixels[y0:y1, x0:x1]
        share = (mask.astype(np.float32) / 255)[..., None]
        colour = self.inside(mask, np.array(fill, np.float32), int(x0), int(y0))
        under[:] = np.clip(under + (colour - under) * share * self.cover + 0.5, 0, 255)
        if self.line is not None:
            Pen.stroke(self, np.concatenate([points, points[:1]]), self.line, self._outline())

    def shaded(self, points: Points, fill: Colour, shade: Colour, *, towards: tuple[float, float]) -> None:
        self.shape(points, fill)

    def _outline(self) -> float:
        return self.line_width * self.unit / max(hypot(self.matrix[0, 0], self.matrix[1, 0]), 1e-6)

    @property
    def cover(self) -> float:
        return 1.0

    def inside(self, mask: NDArray[np.uint8], fill: NDArray[np.float32], x0: int, y0: int) -> NDArray[np.float32]:
        """Colours (h, w, 3) or (3,) for a shape whose mask's corner lies at (x0, y0)."""
        raise NotImplementedError


class ClayPen(_MaskedPen):
    """Soft bodies lit from above left: plasticine, or what is called 3D."""

    __slots__ = ()

    def inside(self, mask: NDArray[np.uint8], fill: NDArray[np.float32], x0: int, y0: int) -> NDArray[np.float32]:
        deep = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)
        round_ = np.sqrt(np.maximum(deep / max(float(deep.max()), 1.0), 0))
        round_ = cv2.GaussianBlur(round_, (0, 0), max(1.0, float(deep.max()) * 0.25))
        across, down = cv2.Sobel(round_, cv2.CV_32F, 1, 0), cv2.Sobel(round_, cv2.CV_32F, 0, 1)
        steep = max(float(np.abs(down).max()), 1e-3)
        light = (0.45 * across + 0.9 * down)[1:-1, 1:-1] / steep
        dark, bright = fill * 0.55 + np.array((20, 0, 30), np.float32), fill + (255 - fill) * 0.55
        lit = np.clip(light, 0, 1)[..., None], np.clip(-light, 0, 1)[..., None]
        lighted: NDArray[np.float32] = (fill * (1 - lit[0] - lit[1]) + bright * lit[0] + dark * lit[1]).astype(
            np.float32
        )
        return lighted


class HatchPen(_MaskedPen):
    """Ink on paper: pale washes, hatching on the far side, an unsteady line."""

    __slots__ = ()

    def inside(self, mask: NDArray[np.uint8], fill: NDArray[np.float32], x0: int, y0: int) -> NDArray[np.float32]:
        height, width = mask.shape
        y, x = np.mgrid[0:height, 0:width]
        pale = fill * 0.45 + np.array((250, 246, 236), np.float32) * 0.55
        gap = max(4, round(self.unit * 0.02))
        hatched = ((x + x0 + y + y0) % gap < max(1, gap // 4)) & (x > width * 0.58 - (y - height / 2) * 0.2)
        colours: NDArray[np.float32] = np.where(hatched[..., None], fill * 0.35, pale).astype(np.float32)
        return colours

    def stroke(self, points: object, colour: Colour, width: float) -> None:
        knots = np.asarray(points, np.float64)
        shake = np.random.default_rng(round(abs(float(knots.sum())) * 1e6)).normal(0, 0.006, knots.shape)
        Pen.stroke(self, knots + shake * min(1.0, float(np.ptp(knots))), colour, width * 0.9)


class WashPen(_MaskedPen):
    """Watercolour: thin paint that pools at the edge of a shape."""

    __slots__ = ()

    @property
    def cover(self) -> float:
        return 0.9

    def inside(self, mask: NDArray[np.uint8], fill: NDArray[np.float32], x0: int, y0: int) -> NDArray[np.float32]:
        inner = cv2.GaussianBlur(mask, (0, 0), max(1.0, self.unit * 0.018)).astype(np.float32)[..., None] / 255
        return (fill * (0.72 + 0.28 * inner) + (255 - fill) * 0.16 * inner).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Hand:
    """One artist."""

    name: str
    pen: type[Pen] = Pen
    line: Colour | None = None
    line_width: float = 0.012
    """Of a figure's height."""
    head: float = 1.0
    """Factor of the share of the head."""
    stout: float = 1.0
    eyes: str | None = None
    """How this artist draws all ordinary eyes; visors and closed lids stay."""
    saturation: float = 1.0
    value: float = 1.0
    tint: Colour | None = None
    """What a fifth of every colour is mixed with."""
    finish: Callable[[Sheet, int], Sheet] | None = None
    """What happens to the finished sheet; the int seeds its chance."""

    def redrawn(self, look: Look) -> Look:
        """`look` in this hand's proportions and palette."""
        eyes = self.eyes if self.eyes and look.eyes not in ("visor", "sleepy") else look.eyes
        return replace(
            look,
            eyes=eyes,
            head_share=min(0.72, max(0.2, look.head_share * self.head)),
            stout=look.stout * self.stout,
            skin=self._paint(look.skin),
            second=self._paint(look.second),
            cloth=self._paint(look.cloth),
            accent=self._paint(look.accent),
        )

    def _paint(self, colour: Colour) -> Colour:
        grey = round(0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2])
        duller = mix((grey, grey, grey), colour, min(1.0, self.saturation))
        lit = mix((0, 0, 0), duller, self.value) if self.value <= 1 else mix(duller, (255, 255, 255), self.value - 1)
        return mix(lit, self.tint, 0.2) if self.tint else lit


def _pixels(sheet: Sheet, seed: int) -> Sheet:
    """48 rows of large pixels in 6 steps a channel."""
    height, width = sheet.shape[:2]
    small = cv2.resize(sheet, (max(8, round(width * 48 / height)), 48), interpolation=cv2.INTER_AREA)
    small[..., :3] = np.round(small[..., :3] * 5) / 5
    small[..., 3] = small[..., 3] > 0.5
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.float32)


def _poster(sheet: Sheet, seed: int) -> Sheet:
    """Four steps of light a channel, smoothed first, as of a print with few inks."""
    smooth = cv2.GaussianBlur(sheet[..., :3], (0, 0), sheet.shape[0] / 160)
    return np.dstack([np.round(smooth * 3) / 3, sheet[..., 3]]).astype(np.float32)


def _paper(sheet: Sheet, seed: int) -> Sheet:
    """Pigment that dried unevenly, and edges that ran."""
    random, (height, width) = np.random.default_rng(seed), sheet.shape[:2]
    clouds = cv2.resize(
        random.normal(0, 1, (12, 12)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    fine = random.normal(0, 1, (height, width)).astype(np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    drift = cv2.GaussianBlur(random.normal(0, 1, (height, width, 2)).astype(np.float32), (0, 0), height / 40)
    drift *= height * 0.006 / max(float(drift.std()), 1e-6)
    run = cv2.remap(sheet, x + drift[..., 0], y + drift[..., 1], cv2.INTER_LINEAR)
    dried = np.clip(run[..., :3] + (0.05 * clouds + 0.02 * fine)[..., None], 0, 1)
    return np.dstack([dried, run[..., 3]]).astype(np.float32)


def _crayon(sheet: Sheet, seed: int) -> Sheet:
    """Strokes that leave paper between them."""
    random, (height, width) = np.random.default_rng(seed), sheet.shape[:2]
    grain = cv2.GaussianBlur(random.normal(0, 1, (height, width)).astype(np.float32), (0, 0), sigmaX=5, sigmaY=0.9)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(random.uniform(20, 70)), 1.5)
    grain = cv2.warpAffine(grain, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    bare = (grain > 0.6 * grain.std())[..., None] * 0.55
    colour = sheet[..., :3] + (0.97 - sheet[..., :3]) * bare
    return np.dstack([colour, sheet[..., 3]]).astype(np.float32)


HANDS: dict[str, Hand] = {
    hand.name: hand
    for hand in (
        Hand("cel", line=(40, 30, 60)),
        Hand("flat", FlatPen, saturation=0.85, eyes="dot"),
        Hand("clay", ClayPen, head=1.1, stout=1.15, eyes="shine"),
        Hand("ink", HatchPen, line=(30, 26, 30), line_width=0.008, saturation=0.5, head=0.85),
        Hand("wash", WashPen, value=1.12, saturation=0.8, finish=_paper),
        Hand("pixel", line=(24, 20, 40), line_width=0.02, head=1.12, finish=_pixels),
        Hand("chibi", line=(70, 40, 50), line_width=0.018, head=1.36, stout=0.9, eyes="shine", value=1.08),
        Hand("lanky", line=(20, 20, 26), line_width=0.006, head=0.62, stout=0.75, eyes="oval", tint=(90, 110, 140)),
        Hand("tale", ClayPen, line=(96, 62, 40), line_width=0.01, saturation=0.7, tint=(240, 205, 150), finish=_crayon),
        Hand("poster", FlatPen, line=(18, 18, 24), line_width=0.026, eyes="wide", finish=_poster),
    )
}  # fmt: skip
