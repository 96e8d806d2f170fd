"""How the figures of the drawn films act: a pose for every moment of an action."""

from dataclasses import dataclass
from math import cos, pi, sin


@dataclass(frozen=True, slots=True)
class Pose:
    """One moment of acting. Angles in radians; arms hang at 0 and point straight up at pi."""

    lift: float = 0.0
    squash: float = 0.0
    """Over 0 wide and low, under 0 stretched."""
    lean: float = 0.0
    nod: float = 0.0
    left_leg: float = 0.0
    right_leg: float = 0.0
    left_arm: float = 0.3
    right_arm: float = 0.3
    mouth: float = 0.0
    """0 a smile, 1 wide open, under 0 the corners hang."""
    blink: bool = False
    brow: float = 0.0
    """-1 sad to 1 angry; at 0 brows are drawn only where the eyes have them."""
    view: str = "threequarter"
    """One of `VIEWS`: how the figure is turned towards us."""


VIEWS = ("threequarter", "front", "profile", "back")
ACTIONS = ("walk", "run", "jump", "wave", "dance", "talk", "look", "float")


def pose(action: str, t: float, phase: float) -> Pose:
    """The pose of `action` at `t` seconds; `phase` in turns sets two actors apart."""
    blink = (t * 0.41 + phase) % 1.0 < 0.05
    beat = 2 * pi * (t * 1.9 + phase)
    if action in ("walk", "run"):
        pace, reach = (beat, 0.55) if action == "walk" else (beat * 1.7, 0.95)
        swing = sin(pace)
        arms = swing * reach * 0.9
        return Pose(
            lift=abs(cos(pace)) * (0.03 if action == "walk" else 0.09),
            lean=0.05 if action == "walk" else 0.2,
            nod=0.04 * sin(2 * pace),
            left_leg=swing * reach,
            right_leg=-swing * reach,
            left_arm=0.15 - arms,
            right_arm=0.15 + arms,
            mouth=0.3 if action == "run" else 0.0,
            blink=blink,
        )
    if action == "jump":
        hop = (t * 1.25 + phase) % 1.0
        if hop < 0.22:
            return Pose(squash=0.16 * sin(hop / 0.22 * pi), left_arm=0.5, right_arm=0.5, blink=blink)
        rise = (hop - 0.22) / 0.78
        up = 4 * rise * (1 - rise)
        return Pose(
            lift=0.36 * up, squash=-0.1 * up, left_leg=0.5 * up, right_leg=-0.4 * up,
            left_arm=0.5 + 2.2 * up, right_arm=0.5 + 2.2 * up, mouth=0.9 * up,
        )  # fmt: skip
    if action == "wave":
        return Pose(
            lean=0.04 * sin(beat / 2), nod=0.08 * sin(beat / 2), left_arm=0.35,
            right_arm=2.5 + 0.4 * sin(beat * 1.3), mouth=0.5 + 0.3 * sin(beat), blink=blink,
        )  # fmt: skip
    if action == "dance":
        return Pose(
            lift=0.06 * abs(sin(beat)), squash=0.05 * cos(2 * beat), lean=0.16 * sin(beat), nod=-0.18 * sin(beat),
            left_leg=0.3 * sin(beat), right_leg=0.3 * sin(beat), left_arm=1.6 + 1.1 * sin(beat),
            right_arm=1.6 - 1.1 * sin(beat), mouth=0.6,
        )  # fmt: skip
    if action == "talk":
        chatter = abs(sin(t * 9.1 + phase * 7)) * (0.45 + 0.55 * abs(sin(t * 3.3 + phase)))
        return Pose(
            lean=0.03 * sin(beat / 2), nod=0.09 * sin(beat * 0.7), left_arm=0.35 + 0.2 * sin(beat * 0.6),
            right_arm=1.0 + 0.5 * sin(beat * 0.8), mouth=chatter, blink=blink,
        )  # fmt: skip
    if action == "float":
        sway = sin(beat / 3)
        return Pose(
            lift=0.26 + 0.08 * sway, lean=0.14 * cos(beat / 3), left_leg=0.35 + 0.2 * sway, right_leg=0.1,
            left_arm=1.1 + 0.3 * sway, right_arm=1.4 - 0.3 * sway, mouth=0.2, blink=blink,
        )  # fmt: skip
    return Pose(
        squash=0.015 * sin(beat), lean=0.05 * sin(t * 1.1 + phase), nod=0.14 * sin(t * 1.7 + phase * 6), blink=blink
    )
