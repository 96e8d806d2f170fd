"""Drawings of figures with known identity: any pose, expression, costume, view, and hand of an artist.

    figure = identity(7)
    sheet = model_sheet(figure, 10)                       # ten drawings by the hand of the drawn films
    drawing = draw(figure, Situation(hand="clay"))        # RGBA, cut out on nothing
    frame = placed(background, drawing, 0.4, (0.5, 0.9))  # a new scene

All is a pure function of its arguments. An identity's traits are those of `figures.Look`: face, hair, dress, colours,
marks and props; `cast` draws identities of one artist, who repeats himself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.testing import figures
from tomeishi.testing.acting import ACTIONS, VIEWS, Pose, pose
from tomeishi.testing.drawing import hsv, mix
from tomeishi.testing.figures import Look, draw_figure, draw_look
from tomeishi.testing.hands import HANDS

Drawing = NDArray[np.uint8]
"""RGBA (h, w, 4), cut to the figure; colour not multiplied by alpha."""

EXPRESSIONS = {
    "smile": (0.0, 0.0, False),
    "laugh": (0.9, 0.0, False),
    "asleep": (0.0, 0.0, True),
    "angry": (-0.5, 1.0, False),
    "sad": (-1.0, -1.0, False),
    "talking": (0.5, 0.0, False),
}
"""Mouth, brow and closed eyes, as in `acting.Pose`."""
_MARGIN = 0.75
"""Around a figure of height 1, for hats, props and reach."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One character: looks by costume, the first the usual one. Face, hair and colours of the skin never change."""

    seed: int
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """How a figure is drawn; `action` and `moment` (any real) give the pose."""

    action: str = "look"
    moment: float = 0.0
    expression: str = "smile"
    costume: int = 0
    """Counted over the figure's looks, wrapping around."""
    view: str = "threequarter"
    hand: str = "cel"
    mirrored: bool = False


def identity(seed: int) -> Figure:
    """A figure for any seed, with three costumes."""
    random = np.random.default_rng([seed, 0xF16])
    return Figure(seed, _looks(random, float(random.random())))


def cast(artist: int, count: int) -> tuple[Figure, ...]:
    """`count` figures of one artist: of one family of colours, and with few heads, eyes and bodies between them."""
    random = np.random.default_rng([artist, 0xCA5])
    hue = float(random.random())
    heads, eyes, bodies = (
        [words[i] for i in random.permutation(len(words))[:2]]
        for words in (figures.HEADS, figures.EYES, figures.BODIES)
    )
    made = []
    for number in range(count):
        looks = _looks(random, hue + float(random.uniform(-0.06, 0.06)))
        head, eye, body = (words[int(random.integers(2))] for words in (heads, eyes, bodies))
        same = tuple(replace(look, head=head, eyes=eye, body=body) for look in looks)
        made.append(Figure(artist * 10_000 + number, same))
    return tuple(made)


def _looks(random: np.random.Generator, hue: float) -> tuple[Look, ...]:
    usual = draw_look(random, hue)
    usual = replace(
        usual,
        mark=figures.MARKS[int(random.integers(len(figures.MARKS)))] if random.random() < 0.6 else "none",
        prop=figures.PROPS[int(random.integers(len(figures.PROPS)))] if random.random() < 0.4 else "none",
    )
    others = []
    for _ in range(2):
        cloth = hsv(float(random.random()), float(random.uniform(0.3, 0.85)), float(random.uniform(0.4, 0.95)))
        body = figures.BODIES[int(random.integers(len(figures.BODIES)))]
        wear = figures.WEARS[int(random.integers(len(figures.WEARS)))]
        others.append(replace(usual, cloth=mix(cloth, usual.cloth, 0.25), body=body, wear=wear, prop="none"))
    return (usual, *others)


def situation(random: np.random.Generator, *, hand: str, costumes: int = 3, mirrored: bool = True) -> Situation:
    """One by chance; the back is seen seldom."""
    return Situation(
        action=ACTIONS[int(random.integers(len(ACTIONS)))],
        moment=float(random.uniform(0, 20)),
        expression=list(EXPRESSIONS)[int(random.integers(len(EXPRESSIONS)))],
        costume=int(random.integers(costumes)),
        view=VIEWS[int(random.choice(len(VIEWS), p=(0.45, 0.3, 0.17, 0.08)))],
        hand=hand,
        mirrored=mirrored and bool(random.random() < 0.5),
    )


def draw(figure: Figure, now: Situation, *, height_px: int = 256) -> Drawing:
    """The figure, cut to what is drawn; `height_px` is that of a standing figure to the crown."""
    hand = HANDS[now.hand]
    look = hand.redrawn(figure.looks[now.costume % len(figure.looks)])
    mouth, brow, blink = EXPRESSIONS[now.expression]
    acted = replace(pose(now.action, now.moment, 0.0), mouth=mouth, brow=brow, blink=blink, view=now.view)
    high = round(height_px * (1 + 2 * _MARGIN))
    white, black = (_on(ground, look, acted, now, height_px, high) for ground in (255, 0))
    # What is drawn on black and on white alike is opaque; what differs by all of it is nothing.
    alpha = 1 - (white - black).max(axis=2) / 255
    colour = np.clip(black / np.maximum(alpha, 1e-3)[..., None], 0, 255) / 255
    sheet = np.dstack([colour, alpha]).astype(np.float32)
    if hand.finish:
        sheet = hand.finish(sheet, figure.seed)
    if now.mirrored:
        sheet = sheet[:, ::-1]
    drawn = np.round(np.clip(sheet, 0, 1) * 255).astype(np.uint8)
    rows, columns = (np.flatnonzero((drawn[..., 3] > 60).any(axis=axis)) for axis in (1, 0))
    return np.ascontiguousarray(drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _on(ground: int, look: Look, acted: Pose, now: Situation, unit: int, high: int) -> NDArray[np.float32]:
    pixels = np.full((high, high, 3), ground, np.uint8)
    matrix = np.array([[unit, 0, high / 2], [0, unit, high - unit * (_MARGIN - 0.35)]], np.float64)
    hand = HANDS[now.hand]
    draw_figure(hand.pen(pixels, matrix, hand.line, hand.line_width, unit), look, acted, now.moment)
    return pixels.astype(np.float32)


def model_sheet(figure: Figure, count: int, *, hand: str = "cel", seed: int = 0) -> list[Drawing]:
    """`count` drawings by one hand: first the views in the usual dress, then poses, expressions and costumes."""
    random = np.random.default_rng([figure.seed, seed, 0x5EE7])
    turnaround = [Situation(view=view, hand=hand) for view in VIEWS]
    rest = [situation(random, hand=hand, mirrored=False) for _ in range(max(0, count - len(turnaround)))]
    return [draw(figure, now) for now in [*turnaround, *rest][:count]]


def on_paper(drawings: Sequence[Drawing], *, margin: int = 40, paper: int = 255) -> NDArray[np.uint8]:
    """One picture (h, w, 3) with the drawings in a row, `margin` pixels of grey level `paper` around each."""
    high = max(each.shape[0] for each in drawings) + 2 * margin
    wide = sum(each.shape[1] + margin for each in drawings) + margin
    sheet, x = np.full((high, wide, 3), paper, np.uint8), margin
    for each in drawings:
        alpha = each[..., 3:].astype(np.float32) / 255
        part = sheet[margin : margin + each.shape[0], x : x + each.shape[1]]
        part[:] = np.round(part * (1 - alpha) + each[..., :3] * alpha)
        x += each.shape[1] + margin
    return sheet


def placed(
    background: NDArray[np.uint8], drawing: Drawing, share: float, at: tuple[float, float]
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """A copy of `background` (h, w, 3) with the drawing on it, and its box x, y, w, h in shares of the frame.

    `share` is the drawing's height against the frame's; `at` is where its feet stand, in shares of the frame.
    """
    frame, (height, width) = background.copy(), background.shape[:2]
    scale = share * height / drawing.shape[0]
    size = max(1, round(drawing.shape[1] * scale)), max(1, round(drawing.shape[0] * scale))
    small = cv2.resize(drawing, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = round(at[0] * width - size[0] / 2), round(at[1] * height - size[1])
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + size[0], width), min(top + size[1], height)
    if x0 < x1 and y0 < y1:
        part = small[y0 - top : y1 - top, x0 - left : x1 - left].astype(np.float32)
        alpha, under = part[..., 3:] / 255, frame[y0:y1, x0:x1]
        under[:] = np.round(under * (1 - alpha) + part[..., :3] * alpha)
    return frame, (x0 / width, y0 / height, max(0, x1 - x0) / width, max(0, y1 - y0) / height)
