"""How a drawn film is told: its shots, who acts in them, how the camera moves, and the drawing of one frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.testing.acting import ACTIONS, pose
from tomeishi.testing.drawing import Colour, Pen
from tomeishi.testing.figures import Character, draw_figure
from tomeishi.testing.places import PLACES, Scene
from tomeishi.testing.props import PROPS, draw_prop
from tomeishi.testing.scenery import HIGH, WIDE, Mood, draw_mood

VIEW_WIDE, VIEW_HIGH = 640.0, 360.0
"""What the camera sees of a plate at zoom 1, in drawing units."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One figure's part in a shot."""

    character: Character
    action: str
    phase: float
    start: float
    """Where in the plate it stands first, x."""
    speed: float
    """Units a second; its sign is where it looks."""
    facing: int
    size: float
    """Height in units."""
    depth: float
    """How far below the ground line its feet are."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One take: a place, its light, who acts in it, and how the camera goes from `look_from` to `look_to`."""

    start_s: float
    end_s: float
    place: str
    seed: int
    mood: Mood
    actors: tuple[Actor, ...]
    look_from: tuple[float, float, float]
    """Centre x, units that the camera is raised, zoom; unraised, the ground line lies just above the lower edge."""
    look_to: tuple[float, float, float]
    prop: str


def shots(seed: int, duration_s: float, cast: tuple[Character, ...]) -> tuple[Shot, ...]:
    """The takes of a film, in order, without gaps; each 2 to 4 s but the last, which may be shorter or longer."""
    rng = np.random.default_rng([seed, 0x5407])
    hue, ink = hue_of(seed), _ink(seed)
    places = [list(PLACES)[i] for i in rng.permutation(len(PLACES))]
    made: list[Shot] = []
    start = 0.0
    while start < duration_s:
        end = start + float(rng.uniform(2.0, 4.0))
        if duration_s - end < 1.0:
            end = duration_s
        place = places[len(made) % 5] if rng.random() < 0.75 else places[int(rng.integers(len(places)))]
        made.append(_shot(cast, rng, start, end, place, draw_mood(rng, hue, ink)))
        start = end
    return tuple(made)


def frame_at(take: Shot, scene: Scene, t: float, scale: float, width: int, height: int) -> NDArray[np.uint8]:
    share = t / (take.end_s - take.start_s)
    eased = 0.15 * share + 0.85 * share * share * (3 - 2 * share)
    x, raised, zoom = (a + (b - a) * eased for a, b in zip(take.look_from, take.look_to, strict=True))
    half_wide, half_high = width / scale / zoom / 2, height / scale / zoom / 2
    x = min(max(x, half_wide), WIDE - half_wide)
    y = min(max(scene.ground + 28 - half_high - raised, half_high), HIGH - half_high)
    # Plate pixels and screen pixels share `scale`; the camera only zooms and shifts.
    shift = (width / 2 - x * scale * zoom, height / 2 - y * scale * zoom)
    camera = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]], np.float64)
    pixels = np.asarray(
        cv2.warpAffine(scene.plate, camera, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT),
        np.uint8,
    )
    lens = np.array([[scale * zoom, 0, shift[0]], [0, scale * zoom, shift[1]]], np.float64)
    pen = Pen(pixels, lens, line_width=2.0, unit=scale)
    scene.moving(pen, t + (take.seed % 97))
    draw_prop(pen.outlined(take.mood.ink), take.prop, take.mood, take.look_from[0], t)
    for actor in take.actors:
        stage = pen.outlined(take.mood.ink)
        spot = actor.start + actor.speed * t
        at = stage.moved(spot, scene.ground + actor.depth, sx=actor.facing * actor.size, sy=actor.size)
        now = pose(actor.action, t + take.start_s, actor.phase)
        draw_figure(at, actor.character.look, now, t + take.start_s + actor.phase)
    return pixels


def hue_of(seed: int) -> float:
    """Golden-ratio steps keep the colours of neighbouring seeds far apart."""
    return (seed * 0.61803398875 + 0.13) % 1.0


def _ink(seed: int) -> Colour | None:
    inks = ((46, 32, 54), (92, 50, 44), None, (30, 40, 92), (20, 20, 24), (70, 34, 96))
    return inks[int(np.random.default_rng([seed, 0x1A]).integers(len(inks)))]


def _shot(
    cast: tuple[Character, ...], rng: np.random.Generator, start: float, end: float, place: str, mood: Mood
) -> Shot:
    length = end - start
    framing = ("wide", "medium", "pair", "close", "group")[int(rng.choice(5, p=[0.22, 0.28, 0.2, 0.16, 0.14]))]
    order = [cast[i] for i in rng.permutation(len(cast))]
    middle = float(rng.uniform(350, 650))
    acting = [ACTIONS[int(rng.integers(len(ACTIONS)))] for _ in order]
    actors: list[Actor] = []
    if framing in ("wide", "medium"):
        size = float(rng.uniform(85, 125) if framing == "wide" else rng.uniform(165, 215))
        side = int(rng.choice([-1, 1]))
        walking = acting[0] in ("walk", "run")
        speed = side * size * (0.75 if acting[0] == "walk" else 1.35) if walking else 0.0
        offset = -speed * length / 2 if walking else float(rng.uniform(-110, 110))
        actors.append(Actor(order[0], acting[0], rng.random(), middle + offset, speed, side, size, 0.0))
        if framing == "wide" and len(order) > 1 and rng.random() < 0.6:
            behind = middle + offset - side * size * 0.9
            second = acting[0] if walking else acting[1]
            actors.append(Actor(order[1], second, rng.random(), behind, speed, side, size * 0.92, 6.0))
        raised = 10.0
        zoom_from = float(rng.uniform(1.0, 1.25))
    elif framing == "pair":
        for k, character in enumerate(order[:2]):
            side = 1 if k == 0 else -1
            size = float(rng.uniform(150, 190))
            actors.append(
                Actor(
                    character,
                    "talk" if acting[k] in ("walk", "run") else acting[k],
                    rng.random(),
                    middle - side * rng.uniform(75, 110),
                    0.0,
                    side,
                    size,
                    4.0 * k,
                )
            )
        raised, zoom_from = 0.0, float(rng.uniform(1.05, 1.3))
    elif framing == "close":
        size = float(rng.uniform(330, 400))
        action = acting[0] if acting[0] in ("talk", "wave", "look", "dance") else "talk"
        side = int(rng.choice([-1, 1]))
        actors.append(Actor(order[0], action, rng.random(), middle + rng.uniform(-60, 60), 0.0, side, size, 130.0))
        raised, zoom_from = 30.0, 1.0
    else:
        for k, character in enumerate(order[:3]):
            action = "dance" if rng.random() < 0.5 else acting[k]
            action = "jump" if action in ("walk", "run") else action
            actors.append(
                Actor(
                    character,
                    action,
                    rng.random(),
                    middle + (k - 1) * rng.uniform(105, 135),
                    0.0,
                    int(rng.choice([-1, 1])),
                    float(rng.uniform(120, 160)),
                    5.0 * (k % 2),
                )
            )
        raised, zoom_from = 4.0, float(rng.uniform(1.0, 1.2))
    if any(actor.action in ("jump", "float") for actor in actors):
        raised, zoom_from = raised + 26.0, 1.0
    pan = float(rng.uniform(25, 55)) * length * float(rng.choice([-1, 1])) * 0.5
    move = rng.random()
    pan = actors[0].speed * length * 0.35 if actors[0].speed else pan if move < 0.55 else pan * 0.25
    zoom_to = zoom_from * float(rng.uniform(1.12, 1.3)) if move > 0.5 else zoom_from * 1.03
    if rng.random() < 0.35:
        zoom_from, zoom_to = zoom_to, zoom_from
    tilt = float(rng.uniform(-8, 22))
    return Shot(
        start_s=start,
        end_s=end,
        place=place,
        seed=int(rng.integers(1 << 31)),
        mood=mood,
        actors=tuple(sorted(actors, key=lambda actor: actor.depth)),
        look_from=(middle - pan, raised + tilt, zoom_from),
        look_to=(middle + pan, raised, zoom_to),
        prop=PROPS.get(place, PROPS["hills"])[int(rng.integers(6))],
    )
