"""Things that move through the drawn films: birds, balls, kites, jellyfish."""

from math import cos, pi, sin

import numpy as np

from tomeishi.testing.drawing import Pen, hsv, mix, smooth
from tomeishi.testing.scenery import Mood

PROPS = {
    "hills": ("birds", "ball", "kite", "balloons", "butterflies", "plane"),
    "city": ("none", "birds", "balloons", "lanterns", "lanterns", "plane"),
    "room": ("none", "ball", "ball", "balloons", "lanterns", "butterflies"),
    "forest": ("none", "ball", "lanterns", "birds", "butterflies", "butterflies"),
    "deep": ("none", "none", "jellies", "jellies", "jellies", "ball"),
    "stars": ("none", "none", "balloons", "kite", "lanterns", "jellies"),
}
"""What may appear, by place; six chances each. Places without a line take those of the hills."""


def draw_prop(pen: Pen, prop: str, mood: Mood, x: float, t: float) -> None:
    """Draws one of `PROPS` around the plate's `x`, `t` seconds into the shot."""
    y = 285.0
    colour = mood.accent
    pale = mix(colour, (255, 252, 240), 0.6)
    if prop == "birds":
        for k in range(5):
            bird = pen.moved(x - 260 + 90 * t + 38 * k, y - 120 + 16 * (k % 3) + 5 * sin(t * 2 + k))
            flap = 7 * sin(t * 11 + k)
            bird.stroke(
                smooth([[-12, -flap], [-4, 1], [0, 3], [4, 1], [12, -flap]], closed=False, steps=3),
                mood.ink or (50, 44, 66),
                2.4,
            )
    elif prop == "ball":
        hop = abs(cos(t * 4.2))
        ball = pen.moved(x + 150 - 60 * t, 452 - 85 * hop, turn=-t * 4)
        ball.disc(0, 0, 20, None, colour)
        ball.outlined(None).shape(smooth([[-19, 0], [0, -6], [19, 0], [0, 6]]), pale)
    elif prop == "kite":
        kite = pen.moved(x + 150 + 20 * sin(t * 1.3), y - 105 + 14 * sin(t * 2.1), turn=0.4 + 0.2 * sin(t * 1.7))
        kite.outlined(None).stroke(
            smooth([[0, 30], [-18, 90], [6, 150], [-30, 240]], closed=False), (245, 245, 245), 1.4
        )
        kite.shape(np.array([[0, -36], [24, 0], [0, 34], [-24, 0]], np.float64), colour)
        kite.outlined(None).shape(np.array([[0, -36], [24, 0], [0, 0]], np.float64), pale)
        for k in range(3):
            kite.disc(5 * sin(t * 5 + k), 48 + 16 * k, 5, None, pale)
    elif prop == "balloons":
        for k in range(3):
            rise = pen.moved(x - 160 + 34 * k + 8 * sin(t * 1.4 + k), y + 40 - 34 * t - 22 * (k % 2))
            rise.outlined(None).stroke(smooth([[0, 24], [4, 50], [-3, 80]], closed=False), (240, 240, 240), 1.3)
            rise.disc(0, 0, 19, 24, hsv(0.31 * k + x / 170, 0.6, 0.95))
            rise.outlined(None).disc(-7, -9, 4, 6, (255, 255, 255))
    elif prop == "lanterns":
        for k in range(5):
            hung = pen.moved(x - 280 + 140 * k, y - 190 + 18 * sin(pi * k / 4), turn=0.12 * sin(t * 1.8 + k))
            hung.outlined(None).stroke([[0, -60], [0, 30]], (70, 50, 50), 1.6)
            hung.disc(0, 52, 20, 24, (232, 76, 60) if k % 2 else pale)
            hung.outlined(None).glow(0, 52, 46, 46, (255, 220, 140), 0.5)
    elif prop == "butterflies":
        for k in range(3):
            place = pen.moved(x + 120 * sin(t * 0.8 + k * 2.1), y + 20 + 46 * sin(t * 1.5 + k * 1.3), turn=0.3)
            beat = 0.35 + 0.65 * abs(sin(t * 9 + k))
            for side in (-1.0, 1.0):
                wing = place.moved(0, 0, sx=side * beat)
                wing.shape(
                    smooth([[0, 0], [6, -14], [17, -13], [13, -1], [14, 10], [5, 9]], steps=4),
                    pale if k % 2 else colour,
                )
    elif prop == "jellies":
        for k in range(3):
            pulse = sin(t * 3 + k * 2)
            jelly = pen.moved(
                x - 210 + 190 * k + 10 * sin(t + k), y - 60 - 40 * (k % 2) - 16 * t, turn=0.1 * sin(t + k)
            )
            for arm in range(4):
                tentacle = [[-15 + 10 * arm + 4 * sin(t * 4 + arm + row), 9.0 * row] for row in range(6)]
                jelly.outlined(None).stroke(smooth(tentacle, closed=False, steps=3), pale, 2.4)
            wide = 26 + 3 * pulse
            jelly.shape(
                smooth(
                    [
                        [-wide, 4],
                        [-wide * 0.8, -22 + 2 * pulse],
                        [0, -34 + 3 * pulse],
                        [wide * 0.8, -22 + 2 * pulse],
                        [wide, 4],
                        [0, -2],
                    ]
                ),
                pale if k % 2 else colour,
            )
            jelly.outlined(None).disc(-wide * 0.35, -20, 5, 3.5, (255, 255, 255))
    elif prop == "plane":
        plane = pen.moved(x - 250 + 120 * t, y - 110 + 10 * sin(t * 1.6), turn=-0.06 + 0.05 * sin(t * 2))
        plane.shape(smooth([[-46, -20], [-34, -18], [-28, -6], [22, -9], [42, 0], [22, 10], [-30, 8]], steps=4), colour)
        plane.shape(smooth([[-8, 2], [16, 1], [2, 24], [-12, 24]], steps=4), pale)
        plane.disc(16, -6, 7, 5, (190, 230, 245))
        plane.disc(45, 0, 3, 16 * abs(sin(t * 40)) + 2, (230, 230, 230))
