"""The places of the drawn films, each painted once onto a plate for every shot that plays there."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tomeishi.testing.drawing import Pen, textured
from tomeishi.testing.elsewhere import paint_deep, paint_heaven, paint_room, paint_stars
from tomeishi.testing.outdoors import paint_city, paint_forest, paint_hills, paint_sea, paint_snow
from tomeishi.testing.scenery import HIGH, WIDE, Mood, Moving, Place

PLACES: Mapping[str, Place] = MappingProxyType(
    {
        "hills": paint_hills,
        "city": paint_city,
        "sea": paint_sea,
        "forest": paint_forest,
        "room": paint_room,
        "sky": paint_heaven,
        "snow": paint_snow,
        "deep": paint_deep,
        "stars": paint_stars,
    }
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A painted plate, uint8 (h, w, 3) RGB, with its ground line and what stirs in it."""

    plate: NDArray[np.uint8]
    ground: float
    moving: Moving


def paint(place: str, seed: int, mood: Mood, scale: float, *, wash: float, grain: float) -> Scene:
    """Paints one of `PLACES`, `scale` pixels a unit."""
    rng = np.random.default_rng([seed, 0x9A1])
    plate = np.zeros((round(HIGH * scale), round(WIDE * scale), 3), np.uint8)
    pen = Pen(plate, np.array([[scale, 0, 0], [0, scale, 0]], np.float64), unit=scale)
    ground, moving = PLACES[place](pen, rng, mood)
    textured(plate, rng, wash=wash, grain=grain)
    return Scene(plate, ground, moving)
