"""The cast: what a character of a drawn film looks like, and how it is drawn in a pose.

A figure stands with its feet at (0, 0), is one unit tall to the crown (ears and hats rise above), and looks
towards positive x.
"""

from dataclasses import dataclass
from math import cos, sin

import numpy as np

from tomeishi.testing.acting import Pose
from tomeishi.testing.drawing import Colour, Pen, hsv, mix, oval, smooth

HEADS = ("round", "wide", "egg", "square", "rice", "drop")
EARS = ("none", "cat", "rabbit", "bear", "floppy", "antenna", "horns", "fins")
TOPS = (
    "none",
    "cap",
    "straw",
    "beret",
    "bobble",
    "sprout",
    "ribbon",
    "crown",
    "helmet",
    "bob",
    "spiky",
    "buns",
    "nori",
)
EYES = ("dot", "shine", "oval", "sleepy", "visor", "wide")
MOUTHS = ("plain", "muzzle", "beak", "whiskers")
BODIES = ("pear", "box", "dress", "tube", "ball")
WEARS = ("none", "stripes", "scarf", "cape", "overalls", "belly", "buttons", "satchel")
TAILS = ("none", "cat", "fox", "puff")
MARKS = ("none", "freckles", "scar", "glasses", "patch", "star", "whorls", "blaze", "moustache")
PROPS = ("none", "staff", "sword", "umbrella", "book", "flag", "lantern", "flower", "balloon")


@dataclass(frozen=True, slots=True)
class Look:
    """What makes a character recognisable; each word is one of this module's tuples."""

    head: str
    ears: str
    top: str
    eyes: str
    mouth: str
    body: str
    wear: str
    tail: str
    skin: Colour
    second: Colour
    """Muzzle, belly, inner ear."""
    cloth: Colour
    accent: Colour
    """Hat, scarf, hair."""
    head_share: float = 0.5
    """Of the whole height."""
    stout: float = 1.0
    """Width of the body against the ordinary."""
    mark: str = "none"
    """Of the face."""
    prop: str = "none"
    """Held in the near hand."""


@dataclass(frozen=True, slots=True)
class Character:
    """A recurring figure of a drawn film, with its Japanese name, its reading and its English name."""

    name: str
    reading: str
    english: str
    look: Look


_LIGHT = (-0.35, -0.6)


def draw_figure(pen: Pen, look: Look, now: Pose, t: float) -> None:
    """Draws `look` in the pose `now`; `t` seconds moves cloth, tail and ears."""
    pen.glow(0, 0, 0.34 * look.stout * (1 - 0.4 * now.lift), 0.055, (20, 20, 40), 0.55)
    whole = pen.moved(0, -now.lift, turn=now.lean, sx=1 + now.squash, sy=1 - now.squash)
    head_height = look.head_share
    neck = -(1 - head_height) - 0.02
    hip = -0.17
    wide = 0.19 * look.stout
    sway = sin(t * 5.2) * 0.06 + now.lean * 0.5
    _tail(whole.moved(-wide * 0.6, hip - 0.03, turn=sway), look)
    if look.wear == "cape":
        hem = -0.34 - 0.07 * sin(t * 6) - now.lean * 0.5
        cape = smooth([[0.06, neck + 0.02], [-0.1, neck], [hem, hip + 0.08], [hem + 0.16, hip + 0.13], [0.05, hip]])
        whole.shaded(cape, look.accent, _shade(look.accent), towards=_LIGHT)
    _arm(whole.moved(wide * 0.35, neck + 0.09), look, -now.left_arm, 0.7)
    _leg(whole.moved(wide * 0.42, hip), look, now.left_leg, _shade(look.skin))
    _leg(whole.moved(-wide * 0.42, hip), look, now.right_leg, look.skin)
    _body(whole, look, neck, hip, wide)
    if look.prop != "none":
        _prop(whole.moved(*_hand(-wide * 0.72, neck + 0.1, now.right_arm)), look)
    _arm(whole.moved(-wide * 0.72, neck + 0.1), look, now.right_arm, 1.0)
    if look.wear == "scarf":
        flow = sin(t * 7) * 0.05
        ends = smooth([[-0.08, neck], [-0.22, neck + 0.03 + flow], [-0.36, neck - 0.02 - flow], [-0.34, neck + 0.07]])
        whole.shaded(ends, look.accent, _shade(look.accent), towards=_LIGHT)
        whole.shaded(oval(0, neck + 0.025, wide * 0.95, 0.058), look.accent, _shade(look.accent), towards=_LIGHT)
    size = head_height / 2
    _head(whole.moved(0.01, neck + 0.04, turn=now.nod).moved(0, -size, sx=size, sy=size), look, now, t)


def _shade(colour: Colour) -> Colour:
    """The same paint in shadow: darker and a little towards violet."""
    return mix(mix(colour, (60, 40, 110), 0.28), (0, 0, 0), 0.08)


def _arm(pen: Pen, look: Look, angle: float, side: float) -> None:
    sleeve = look.cloth if look.wear not in ("none", "belly") else look.skin
    colour = sleeve if side == 1.0 else _shade(sleeve)
    bend = angle * 0.25 + (0.25 if side == 1.0 else -0.25)
    elbow = np.array([-sin(angle), cos(angle)]) * 0.11
    hand = elbow + np.array([-sin(angle + bend), cos(angle + bend)]) * 0.1
    pen.limb(smooth([[0, 0], elbow, hand], closed=False), colour, 0.075)
    pen.disc(float(hand[0]), float(hand[1]), 0.046, None, look.skin if side == 1.0 else _shade(look.skin))


def _hand(x: float, y: float, angle: float) -> tuple[float, float]:
    """Where the near arm that hangs from (x, y) ends."""
    bend = angle * 0.25 + 0.25
    return x - sin(angle) * 0.11 - sin(angle + bend) * 0.1, y + cos(angle) * 0.11 + cos(angle + bend) * 0.1


def _prop(pen: Pen, look: Look) -> None:
    """What the figure holds, its grip at (0, 0)."""
    wood, steel, bare = (128, 88, 56), (206, 214, 224), pen.outlined(None)
    if look.prop == "staff":
        pen.limb([[-0.02, 0.3], [0.0, -0.5]], wood, 0.032)
        pen.disc(0.0, -0.52, 0.06, None, look.second)
    elif look.prop == "sword":
        pen.shape(np.array([[-0.022, -0.03], [-0.022, -0.4], [0.0, -0.46], [0.022, -0.4], [0.022, -0.03]]), steel)
        pen.limb([[-0.07, -0.03], [0.07, -0.03]], look.accent, 0.03)
        pen.limb([[0, 0.06], [0, -0.02]], wood, 0.03)
    elif look.prop == "umbrella":
        pen.limb([[0, 0.05], [0, -0.52]], wood, 0.02)
        canopy = smooth([[-0.34, -0.36], [-0.2, -0.56], [0, -0.64], [0.2, -0.56], [0.34, -0.36], [0.17, -0.4],
                         [0, -0.37], [-0.17, -0.4]])  # fmt: skip
        pen.shaded(canopy, look.cloth, _shade(look.cloth), towards=_LIGHT)
    elif look.prop == "book":
        pen.shape(np.array([[-0.11, -0.09], [0.07, -0.09], [0.07, 0.11], [-0.11, 0.11]]), look.accent)
        bare.stroke([[-0.07, -0.04], [0.03, -0.04]], look.second, 0.02)
    elif look.prop == "flag":
        pen.limb([[0, 0.22], [0, -0.52]], wood, 0.024)
        pen.shape(smooth([[0, -0.52], [-0.16, -0.5], [-0.3, -0.53], [-0.28, -0.34], [-0.15, -0.32], [0, -0.34]]),
                  look.accent)  # fmt: skip
    elif look.prop == "lantern":
        pen.limb([[0, 0], [0, 0.07]], wood, 0.02)
        pen.shape(oval(0, 0.14, 0.07, 0.08, power=4), (255, 216, 110))
        pen.limb([[-0.06, 0.06], [0.06, 0.06]], look.accent, 0.03)
    elif look.prop == "flower":
        pen.limb([[0, 0.05], [0.01, -0.2]], (96, 158, 74), 0.022)
        for turn in range(5):
            pen.disc(0.06 * cos(turn * 1.257), -0.24 + 0.06 * sin(turn * 1.257), 0.045, None, look.accent)
        pen.disc(0, -0.24, 0.04, None, (250, 206, 80))
    else:
        bare.stroke([[0, 0], [-0.03, -0.3], [0.0, -0.52]], (70, 60, 70), 0.012)
        pen.shaded(oval(0, -0.68, 0.13, 0.16), look.accent, _shade(look.accent), towards=_LIGHT)


def _leg(pen: Pen, look: Look, angle: float, colour: Colour) -> None:
    knee = np.array([sin(angle), cos(angle)]) * 0.075
    back = min(0.0, angle) * 0.9
    foot = knee + np.array([sin(angle + back), cos(angle + back)]) * 0.075
    pen.limb(smooth([[0, -0.02], knee, foot], closed=False), colour, 0.085)
    shoe = look.accent if look.wear != "none" else _shade(look.skin)
    sole = pen.moved(float(foot[0]), float(foot[1]), turn=-angle * 0.5)
    sole.shape(smooth([[-0.055, -0.03], [0.02, -0.035], [0.095, -0.005], [0.095, 0.03], [-0.055, 0.03]]), shoe)


def _body(pen: Pen, look: Look, neck: float, hip: float, wide: float) -> None:
    top, low = neck + 0.0, hip + 0.05
    middle, half = (top + low) / 2, (low - top) / 2
    cloth = look.cloth if look.wear not in ("none", "belly") else look.skin
    if look.body == "pear":
        shape = smooth([[-wide * 0.55, top], [wide * 0.55, top], [wide * 1.1, low - half * 0.6], [wide * 0.7, low],
                        [-wide * 0.7, low], [-wide * 1.1, low - half * 0.6]])  # fmt: skip
    elif look.body == "box":
        shape = oval(0, middle, wide * 1.05, half * 1.05, power=5)
    elif look.body == "dress":
        shape = smooth([[-wide * 0.5, top], [wide * 0.5, top], [wide * 0.75, middle], [wide * 1.45, low],
                        [0, low + 0.03], [-wide * 1.45, low], [-wide * 0.75, middle]])  # fmt: skip
    elif look.body == "tube":
        shape = oval(0, middle, wide * 0.8, half * 1.1, power=3)
    else:
        shape = oval(0, middle + 0.01, wide * 1.25, half * 1.15)
    pen.shaded(shape, cloth, _shade(cloth), towards=_LIGHT)
    bare = pen.outlined(None)
    if look.wear == "stripes":
        for row in (-0.55, -0.05, 0.45):
            y = middle + row * half
            bare.stroke([[-wide * 0.72, y], [0, y + 0.018], [wide * 0.72, y]], look.accent, 0.035)
    elif look.wear == "belly":
        bare.disc(wide * 0.15, middle + half * 0.2, wide * 0.68, half * 0.7, look.second)
    elif look.wear == "buttons":
        for row in (-0.45, 0.0, 0.45):
            bare.disc(wide * 0.2, middle + row * half, 0.021, None, look.accent)
    elif look.wear == "overalls":
        bare.shape(oval(0, middle + half * 0.45, wide * 0.78, half * 0.55, power=4), look.accent)
        for side in (-0.4, 0.45):
            bare.stroke([[wide * side, middle], [wide * side * 1.05, top + 0.02]], look.accent, 0.035)
            bare.disc(wide * side, middle + 0.01, 0.017, None, look.second)
    elif look.wear == "satchel":
        bare.stroke([[-wide * 0.5, top + 0.02], [wide * 0.75, low - 0.06]], look.accent, 0.03)
        pen.shape(oval(wide * 0.7, low - 0.04, 0.085, 0.065, power=4), look.accent)
        bare.stroke([[wide * 0.7 - 0.075, low - 0.06], [wide * 0.7, low - 0.03], [wide * 0.7 + 0.075, low - 0.06]],
                    look.second, 0.014)  # fmt: skip


def _tail(pen: Pen, look: Look) -> None:
    if look.tail == "cat":
        pen.limb(smooth([[0, 0], [-0.14, 0.02], [-0.24, -0.1], [-0.2, -0.25], [-0.27, -0.3]], closed=False),
                 look.skin, 0.05)  # fmt: skip
    elif look.tail == "fox":
        brush = smooth([[0, 0.03], [-0.16, 0.06], [-0.34, -0.04], [-0.42, -0.24], [-0.28, -0.16], [-0.12, -0.08]])
        pen.shaded(brush, look.skin, _shade(look.skin), towards=_LIGHT)
        pen.outlined(None).shape(smooth([[-0.33, -0.08], [-0.415, -0.235], [-0.29, -0.165]]), look.second)
    elif look.tail == "puff":
        pen.disc(-0.06, 0, 0.075, None, look.second)


def _head(pen: Pen, look: Look, now: Pose, t: float) -> None:
    """Drawn in a frame where the head spans -1..1 in both directions."""
    shade = _shade(look.skin)
    if look.top in ("bob", "buns"):  # hair falls behind the head
        back = smooth([[-0.95, -0.6], [0, -1.12], [0.85, -0.6], [0.78, 0.55], [0.4, 0.8], [-0.75, 0.85], [-1.08, 0.5]])
        pen.shaded(back, _shade(look.accent), mix(_shade(look.accent), (0, 0, 0), 0.2), towards=_LIGHT)
    _ears(pen, look, t)
    shapes = {
        "round": lambda: oval(0, 0, 0.98, 0.96),
        "wide": lambda: oval(0, 0.06, 1.2, 0.88, power=2.4),
        "egg": lambda: oval(0, 0, 0.86, 1.0, power=2.2),
        "square": lambda: oval(0, 0, 0.98, 0.92, power=4.5),
        "rice": lambda: smooth([[-0.22, -0.98], [0.22, -0.98], [0.78, -0.1], [1.06, 0.6], [0.8, 0.94], [0, 0.99],
                                [-0.8, 0.94], [-1.06, 0.6], [-0.78, -0.1]]),
        "drop": lambda: smooth([[0.12, -1.2], [0.55, -0.55], [0.95, 0.1], [0.85, 0.7], [0.3, 0.97], [-0.3, 0.97],
                                [-0.85, 0.7], [-0.95, 0.1], [-0.4, -0.6]]),
    }  # fmt: skip
    pen.shaded(shapes[look.head](), look.skin, shade, towards=_LIGHT)
    if now.view == "back":
        if look.top in ("bob", "spiky", "buns"):  # nothing but hair
            pen.shaded(oval(0, -0.05, 0.97, 0.98), look.accent, _shade(look.accent), towards=_LIGHT)
        _top(pen, look, t)
        return
    sides = {"front": (-0.35, 0.35), "profile": (0.38,)}.get(now.view, (-0.2, 0.5))
    face = pen.moved({"front": -0.16, "profile": 0.34}.get(now.view, 0.0), 0.0)
    bare = pen.outlined(None)
    blush = mix(look.skin, (255, 105, 120), 0.5)
    for x in (-0.5, 0.68) if now.view == "threequarter" else (sides[0] - 0.24, sides[-1] + 0.2):
        bare.disc(x, 0.36, 0.15, 0.095, blush)
    if now.view == "profile" and look.mouth == "plain":
        pen.disc(0.95, 0.16, 0.13, 0.1, look.skin)
    _mark(pen, look, sides, under=True)
    _eyes(bare, look, now, sides)
    _mouth(face, look, now)
    _mark(pen, look, sides, under=False)
    _top(pen, look, t)


def _mark(pen: Pen, look: Look, sides: tuple[float, ...], *, under: bool) -> None:
    """What the face wears beside its features: painted `under` the eyes, or over them."""
    ink, bare = (38, 28, 52), pen.outlined(None)
    if under:
        if look.mark == "patch":
            bare.disc(sides[0], 0.0, 0.33, 0.36, mix(look.skin, look.accent, 0.55))
        elif look.mark == "blaze":
            middle = (sides[0] + sides[-1]) / 2
            bare.shape(smooth([[middle - 0.12, -0.85], [middle + 0.12, -0.85], [middle, 0.1]]), look.second)
        elif look.mark == "freckles":
            for side in sides:
                for x, y in ((-0.12, 0.3), (0.02, 0.36), (0.14, 0.29)):
                    bare.disc(side + x, y, 0.036, None, mix(look.skin, (120, 60, 30), 0.55))
        elif look.mark == "whorls":
            for side in sides:
                bare.disc(side + (0.15 if side > 0 else -0.15), 0.36, 0.17, None, look.accent)
                bare.disc(side + (0.15 if side > 0 else -0.15), 0.36, 0.09, None, look.skin)
    elif look.mark == "scar":
        bare.stroke([[sides[0] - 0.18, -0.36], [sides[0] + 0.1, 0.42]], mix(look.skin, (150, 30, 50), 0.65), 0.06)
    elif look.mark == "glasses":
        for side in sides:
            ring = oval(side, 0.02, 0.29, 0.29)
            bare.stroke(np.concatenate([ring, ring[:1]]), ink, 0.055)
        bare.stroke([[sides[0] + 0.29, 0.0], [sides[-1] - 0.29, 0.0]], ink, 0.055)
    elif look.mark == "star":
        x = sides[0] - 0.2
        points = [
            [x + r * sin(k * 0.6283), 0.38 - r * cos(k * 0.6283)] for k in range(10) for r in [0.17 - 0.1 * (k % 2)]
        ]
        bare.shape(np.array(points), look.accent)
    elif look.mark == "moustache":
        x = (sides[0] + sides[-1]) / 2 + (0.25 if len(sides) == 1 else 0.0)
        for side in (-1.0, 1.0):
            bare.shape(smooth([[x, 0.26], [x + side * 0.26, 0.28], [x + side * 0.44, 0.2], [x + side * 0.2, 0.42]]),
                       _shade(look.accent))  # fmt: skip


def _eyes(pen: Pen, look: Look, now: Pose, sides: tuple[float, ...]) -> None:
    ink = (38, 28, 52)
    if look.eyes == "visor":
        middle = 0.16 if now.view == "threequarter" else (sides[0] + sides[-1]) / 2
        pen.shape(oval(middle, -0.02, 0.72 if len(sides) == 2 else 0.5, 0.3, power=4), ink)
        for x in (-0.12, 0.46) if now.view == "threequarter" else sides:
            pen.disc(x, -0.02, 0.12, 0.04 if now.blink else 0.17, (120, 245, 235))
        return
    for x in sides:
        if now.blink:
            pen.stroke(smooth([[x - 0.14, 0.0], [x, 0.07], [x + 0.14, 0.0]], closed=False), ink, 0.06)
        elif look.eyes == "dot":
            pen.disc(x, 0.02, 0.1, 0.13, ink)
            pen.disc(x + 0.035, -0.03, 0.035, None, (255, 255, 255))
        elif look.eyes == "oval":
            pen.disc(x, 0.0, 0.1, 0.22, ink)
            pen.disc(x + 0.03, -0.09, 0.045, 0.06, (255, 255, 255))
        elif look.eyes == "sleepy":
            pen.disc(x, 0.03, 0.13, 0.15, ink)
            pen.shape(np.array([[x - 0.2, -0.16], [x + 0.2, -0.16], [x + 0.2, 0.0], [x - 0.2, 0.0]]), look.skin)
            pen.stroke([[x - 0.17, 0.01], [x + 0.17, 0.01]], ink, 0.05)
        elif look.eyes == "wide":
            pen.disc(x, 0.0, 0.23, 0.26, ink)
            pen.disc(x, 0.0, 0.19, 0.22, (255, 255, 255))
            pen.disc(x + 0.06, 0.03, 0.09, 0.11, ink)
        else:
            iris = mix(look.accent, (40, 30, 70), 0.35)
            pen.disc(x, 0.0, 0.19, 0.27, ink)
            pen.disc(x, 0.06, 0.155, 0.19, iris)
            pen.disc(x, 0.03, 0.08, 0.12, ink)
            pen.disc(x + 0.06, -0.1, 0.068, 0.085, (255, 255, 255))
            pen.disc(x - 0.06, 0.13, 0.035, 0.04, (255, 255, 255))
    brow = -0.36 - 0.08 * now.mouth
    if now.brow:
        middle = (sides[0] + sides[-1]) / 2 + (0.3 if len(sides) == 1 else 0.0)
        for x in sides:
            fall = 0.16 * now.brow * (1 if x < middle else -1)
            pen.stroke(
                [[x - 0.19, brow + 0.05 - fall], [x + 0.19, brow + 0.05 + fall]], mix(ink, look.skin, 0.2), 0.075
            )
    elif look.eyes in ("shine", "wide", "oval") and now.view != "threequarter":
        for x in sides:
            pen.stroke(smooth([[x - 0.13, brow + 0.04], [x, brow - 0.05], [x + 0.13, brow + 0.04]], closed=False),
                       mix(ink, look.skin, 0.25), 0.05)  # fmt: skip
    elif look.eyes in ("shine", "wide", "oval"):
        for x, tilt in ((-0.22, 0.05), (0.52, -0.02)):
            pen.stroke(smooth([[x - 0.13, brow + tilt], [x, brow - 0.05], [x + 0.13, brow + 0.03]], closed=False),
                       mix(ink, look.skin, 0.25), 0.05)  # fmt: skip


def _mouth(pen: Pen, look: Look, now: Pose) -> None:
    ink, bare = (62, 32, 52), pen.outlined(None)
    open_by = 0.24 * now.mouth
    y = 0.42
    if look.mouth == "beak":
        colour = (250, 170, 60)
        if open_by > 0.03:
            pen.shape(smooth([[-0.12, y], [0.42, y], [0.16, y + 0.2 + open_by]]), mix(colour, (150, 40, 30), 0.5))
        pen.shape(smooth([[-0.16, y - 0.02], [0.14, y - 0.17], [0.5, y + 0.02], [0.16, y + 0.1]]), colour)
        return
    if look.mouth == "muzzle":
        bare.disc(0.17, 0.4, 0.4, 0.29, look.second)
        bare.disc(0.2, 0.25, 0.12, 0.08, ink)
        y = 0.47
    elif look.mouth == "whiskers":
        bare.shape(smooth([[0.1, 0.25], [0.26, 0.25], [0.18, 0.33]]), mix(ink, (255, 120, 130), 0.6))
        for side in (-1.0, 1.0):
            for lift in (-0.06, 0.06):
                start = 0.18 + side * 0.42
                bare.stroke(
                    [[start, 0.36 + lift], [start + side * 0.5, 0.33 + lift * 2.6]], mix(ink, look.skin, 0.2), 0.028
                )
        y = 0.43
    if open_by > 0.04:
        bare.shape(
            smooth([[-0.02, y], [0.17, y - 0.02], [0.38, y], [0.3, y + open_by * 1.3], [0.06, y + open_by * 1.3]]), ink
        )
        if open_by > 0.1:
            bare.disc(0.18, y + open_by * 1.08, 0.11, open_by * 0.36, (240, 110, 110))
    elif now.mouth < 0:
        bare.stroke(smooth([[0.0, y + 0.12], [0.17, y + 0.03], [0.36, y + 0.12]], closed=False), ink, 0.05)
    elif look.mouth in ("muzzle", "whiskers"):
        bare.stroke(smooth([[-0.02, y + 0.02], [0.08, y + 0.08], [0.18, y], [0.28, y + 0.08], [0.38, y + 0.02]],
                           closed=False), ink, 0.045)  # fmt: skip
    else:
        bare.stroke(smooth([[0.0, y], [0.17, y + 0.09], [0.36, y]], closed=False), ink, 0.05)


def _ears(pen: Pen, look: Look, t: float) -> None:
    flick = 0.06 * sin(t * 3.1) + (0.12 if (t * 0.6) % 1.0 < 0.06 else 0.0)
    bare = pen.outlined(None)
    skin, inner = look.skin, look.second
    if look.ears == "cat":
        for side, lean in ((-1.0, -0.35 - flick), (1.0, 0.35 + flick)):
            ear = pen.moved(side * 0.6, -0.62, turn=lean)
            ear.shaded(
                smooth([[-0.34, 0.2], [-0.06, -0.62], [0.06, -0.62], [0.34, 0.2]]), skin, _shade(skin), towards=_LIGHT
            )
            bare.moved(side * 0.6, -0.62, turn=lean).shape(smooth([[-0.17, 0.12], [0.0, -0.42], [0.17, 0.12]]), inner)
    elif look.ears == "rabbit":
        for side, lean in ((-0.9, -0.22 - flick), (1.0, 0.2 + flick * 2)):
            ear = pen.moved(side * 0.38, -0.8, turn=lean)
            ear.shaded(oval(0, -0.5, 0.21, 0.74), skin, _shade(skin), towards=_LIGHT)
            bare.moved(side * 0.38, -0.8, turn=lean).disc(0.02, -0.48, 0.1, 0.54, inner)
    elif look.ears == "bear":
        for side in (-1.0, 1.0):
            pen.shaded(oval(side * 0.7, -0.72, 0.31, 0.31), skin, _shade(skin), towards=_LIGHT)
            bare.disc(side * 0.7, -0.7, 0.17, None, inner)
    elif look.ears == "floppy":
        for side in (-1.0, 1.0):
            ear = pen.moved(side * 0.86, -0.5, turn=side * (-0.25 - flick))
            ear.shaded(oval(0, 0.42, 0.27, 0.62), look.accent, _shade(look.accent), towards=_LIGHT)
    elif look.ears == "antenna":
        for side in (-1.0, 1.0):
            tip = (side * 0.62, -1.5 + flick)
            pen.limb(smooth([[side * 0.25, -0.8], [side * 0.36, -1.25], tip], closed=False), skin, 0.07)
            pen.disc(tip[0], tip[1], 0.15, None, look.accent)
    elif look.ears == "horns":
        for side in (-1.0, 1.0):
            pen.shape(smooth([[side * 0.75, -0.45], [side * 0.92, -1.0], [side * 0.72, -1.32], [side * 0.62, -0.95],
                              [side * 0.4, -0.7]]), inner)  # fmt: skip
    elif look.ears == "fins":
        for side in (-1.0, 1.0):
            fin = smooth(
                [[side * 0.85, -0.3], [side * 1.5, -0.62], [side * 1.28, -0.12], [side * 1.5, 0.3], [side * 0.85, 0.25]]
            )
            pen.shaded(fin, look.accent, _shade(look.accent), towards=_LIGHT)


def _top(pen: Pen, look: Look, t: float) -> None:
    bare, colour, dark = pen.outlined(None), look.accent, _shade(look.accent)
    if look.top == "cap":
        pen.shaded(smooth([[-0.94, -0.42], [-0.78, -0.98], [0, -1.22], [0.72, -1.0], [0.92, -0.46], [0, -0.52]]),
                   colour, dark, towards=_LIGHT)  # fmt: skip
        pen.shape(smooth([[0.1, -0.62], [0.9, -0.66], [1.5, -0.4], [1.4, -0.3], [0.7, -0.44], [0.1, -0.48]]), dark)
        bare.disc(0.3, -0.82, 0.14, None, look.second)
    elif look.top == "straw":
        pen.shape(oval(0, -0.62, 1.5, 0.24), (232, 200, 120))
        pen.shaded(smooth([[-0.76, -0.66], [-0.66, -1.16], [0, -1.34], [0.66, -1.16], [0.76, -0.66], [0, -0.56]]),
                   (240, 212, 138), (206, 168, 96), towards=_LIGHT)  # fmt: skip
        bare.stroke(smooth([[-0.74, -0.76], [0, -0.67], [0.74, -0.76]], closed=False), colour, 0.17)
    elif look.top == "beret":
        pen.shaded(smooth([[-0.98, -0.66], [-1.1, -1.0], [-0.4, -1.36], [0.5, -1.24], [0.86, -0.8], [0.2, -0.66]]),
                   colour, dark, towards=_LIGHT)  # fmt: skip
        pen.limb([[-0.2, -1.3], [-0.14, -1.46]], colour, 0.08)
    elif look.top == "bobble":
        pen.shaded(smooth([[-0.98, -0.36], [-0.82, -1.0], [0, -1.34], [0.82, -1.0], [0.98, -0.36], [0, -0.5]]),
                   colour, dark, towards=_LIGHT)  # fmt: skip
        pen.limb(smooth([[-0.96, -0.4], [0, -0.55], [0.96, -0.4]], closed=False), look.second, 0.22)
        pen.disc(0.0, -1.42, 0.22, None, look.second)
    elif look.top == "sprout":
        wind = 0.12 * sin(t * 4)
        pen.limb(smooth([[0, -0.92], [0.03, -1.15], [wind, -1.36]], closed=False), (98, 160, 72), 0.08)
        for side in (-1.0, 1.0):
            leaf = pen.moved(wind, -1.36, turn=side * 0.45 + wind, sx=side)
            leaf.shaded(
                smooth([[0, 0], [0.22, -0.24], [0.62, -0.22], [0.36, 0.02]]),
                (140, 205, 92),
                (88, 158, 80),
                towards=_LIGHT,
            )
    elif look.top == "ribbon":
        for side in (-1.0, 1.0):
            bow = pen.moved(0.42, -0.92, turn=0.25, sx=side)
            bow.shaded(
                smooth([[0, 0], [0.3, -0.32], [0.58, -0.24], [0.52, 0.2], [0.26, 0.2]]), colour, dark, towards=_LIGHT
            )
        pen.disc(0.42, -0.92, 0.12, None, dark)
    elif look.top == "crown":
        pen.shaded(np.array([[-0.58, -0.72], [-0.68, -1.34], [-0.3, -1.04], [0, -1.46], [0.3, -1.04], [0.68, -1.34],
                             [0.58, -0.72], [0, -0.62]]), (250, 206, 80), (214, 150, 50), towards=_LIGHT)  # fmt: skip
        bare.disc(0, -0.9, 0.1, None, colour)
    elif look.top == "helmet":
        pen.shaded(smooth([[-1.08, -0.2], [-1.0, -0.86], [0, -1.3], [1.0, -0.86], [1.08, -0.2], [0.5, -0.52],
                           [-0.5, -0.5]]), colour, dark, towards=_LIGHT)  # fmt: skip
        bare.stroke(
            smooth([[-0.55, -0.98], [-0.2, -1.12], [0.1, -1.14]], closed=False), mix(colour, (255, 255, 255), 0.6), 0.09
        )
        pen.disc(0.1, -0.72, 0.2, None, look.second)
    elif look.top in ("bob", "buns"):
        if look.top == "buns":
            for side in (-1.0, 1.0):
                pen.shaded(oval(side * 0.72, -1.0, 0.36, 0.34), colour, dark, towards=_LIGHT)
        pen.shaded(smooth([[-1.04, 0.2], [-1.04, -0.52], [-0.5, -1.08], [0.3, -1.12], [0.9, -0.72], [0.98, -0.1],
                           [0.72, -0.36], [0.5, -0.3], [0.34, -0.5], [0.05, -0.3], [-0.2, -0.46], [-0.5, -0.26],
                           [-0.78, -0.2]]), colour, dark, towards=_LIGHT)  # fmt: skip
        bare.stroke(
            smooth([[-0.55, -0.8], [-0.1, -0.95], [0.3, -0.93]], closed=False), mix(colour, (255, 255, 255), 0.4), 0.06
        )
    elif look.top == "spiky":
        tips = [[-1.0, 0.05], [-1.3, -0.4], [-0.92, -0.5], [-1.1, -1.02], [-0.6, -0.88], [-0.42, -1.42], [-0.02, -1.0],
                [0.42, -1.36], [0.5, -0.9], [1.02, -0.92], [0.84, -0.5], [1.02, -0.16], [0.6, -0.42], [0.36, -0.3],
                [0.1, -0.5], [-0.2, -0.28], [-0.5, -0.46], [-0.74, -0.16]]  # fmt: skip
        pen.shaded(np.array(tips), colour, dark, towards=_LIGHT)
    elif look.top == "nori":
        bare.shape(smooth([[-0.72, 0.62], [0.8, 0.62], [0.86, 0.95], [0, 0.98], [-0.8, 0.95]]), (34, 48, 44))


def draw_look(rng: np.random.Generator, hue: float) -> Look:
    """A look by chance; `hue`, in turns, is the film's own, which its costumes circle around."""

    def one(words: tuple[str, ...]) -> str:
        return words[int(rng.integers(len(words)))]

    ears, top = one(EARS), one(TOPS)
    person = ears == "none" and top in ("bob", "spiky", "buns", "cap", "straw", "beret")
    skin = hsv(rng.uniform(0.04, 0.08), rng.uniform(0.2, 0.5), rng.uniform(0.8, 1.0)) if person else hsv(
        hue + rng.uniform(0.3, 0.7), rng.uniform(0.12, 0.6), rng.uniform(0.7, 1.0)
    )  # fmt: skip
    cloth = hsv(hue + rng.uniform(-0.1, 0.35), rng.uniform(0.4, 0.8), rng.uniform(0.6, 0.95))
    accent = hsv(hue + rng.uniform(0.35, 0.95), rng.uniform(0.5, 0.85), rng.uniform(0.45, 0.9))
    return Look(
        head=one(HEADS[:4] if person else HEADS), ears=ears, top=top, eyes=one(EYES),
        mouth="plain" if person else one(MOUTHS), body=one(BODIES), wear=one(WEARS),
        tail="none" if person else one(TAILS), skin=skin, second=mix(skin, (255, 246, 232), 0.7), cloth=cloth,
        accent=accent, head_share=rng.uniform(0.44, 0.56), stout=rng.uniform(0.8, 1.3),
    )  # fmt: skip
