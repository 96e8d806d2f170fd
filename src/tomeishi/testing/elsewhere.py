"""Places of the drawn films away from the ground: a room, islands in the sky, the deep sea, another planet."""

from math import cos, pi, sin

import numpy as np

from tomeishi.testing.drawing import Pen, hsv, mix, oval, smooth
from tomeishi.testing.scenery import (
    HIGH,
    WIDE,
    Mood,
    Moving,
    drifting_clouds,
    paint_cloud,
    paint_house,
    paint_sky,
    paint_tree,
    ridge,
)


def paint_room(pen: Pen, rng: np.random.Generator, mood: Mood) -> tuple[float, Moving]:
    wall = mix(mix(mood.low, mood.middle, 0.25), (70, 60, 90), 0.45 if mood.dark else 0.0)
    pen.fade([(0, mix(wall, mood.high, 0.25)), (0.75, wall), (1, wall)])
    stripe = mix(wall, mood.light, 0.16)
    pattern = int(rng.integers(3))
    for k, x in enumerate(np.arange(0, WIDE, 44).tolist()):
        if pattern == 0:
            pen.box(x, 0, x + 20, 365, stripe)
        else:
            for y in np.arange(16 + (k % 2) * 22, 350, 44).tolist():
                if pattern == 1:
                    pen.disc(x, y, 6, None, stripe)
                else:
                    pen.shape(np.array([[x, y - 8], [x + 7, y], [x, y + 8], [x - 7, y]]), stripe)
    floor = mood.tinted(mix((190, 134, 92), mood.near, rng.uniform(0.1, 0.5)), 0.1)
    pen.box(0, 365, WIDE, 505, floor)
    pen.box(0, 357, WIDE, 371, mix(wall, (255, 255, 255), 0.5))
    for k, y in enumerate((390, 416, 448, 486)):
        pen.stroke([[0, y], [WIDE, y]], mix(floor, (60, 30, 30), 0.25), 2)
        for x in np.arange(60 * (k % 2), WIDE, 150 + 10 * k).tolist():
            pen.stroke([[x, y], [x - 10, y + 26 + 5 * k]], mix(floor, (60, 30, 30), 0.25), 1.6)
    out = pen.outlined(mood.ink)
    wx, ww, wh = rng.uniform(330, 560), rng.uniform(120, 190), rng.uniform(110, 150)
    out.box(wx, 140, wx + ww, 140 + wh, mood.high)
    out.box(wx, 140 + wh * 0.55, wx + ww, 140 + wh, mood.low)
    pen.disc(wx + ww * 0.7, 140 + wh * 0.3, 15, None, mood.light)
    pen.shape(
        smooth(
            [
                [wx + 2, 138 + wh],
                [wx + ww * 0.3, 140 + wh * 0.7],
                [wx + ww * 0.6, 140 + wh * 0.85],
                [wx + ww - 2, 140 + wh * 0.75],
                [wx + ww - 2, 138 + wh],
            ]
        ),
        mood.middle,
    )
    frame = (250, 246, 238)
    for line in (
        [[wx, 140], [wx + ww, 140], [wx + ww, 140 + wh], [wx, 140 + wh], [wx, 140]],
        [[wx + ww / 2, 140], [wx + ww / 2, 140 + wh]],
        [[wx, 140 + wh / 2], [wx + ww, 140 + wh / 2]],
    ):
        pen.stroke(line, frame, 7)
    cloth = mix(mood.accent, mood.light, 0.25)
    for side in (-1, 1):
        x = wx + (0 if side < 0 else ww)
        out.shape(
            smooth(
                [
                    [x - 22, 126],
                    [x + 22, 126],
                    [x + 16 + side * 8, 210],
                    [x + 12 + side * 14, 145 + wh + 30],
                    [x - 24 + side * 10, 145 + wh + 30],
                    [x - 16, 210],
                ]
            ),
            cloth,
        )
    sx = rng.choice([rng.uniform(40, 160), rng.uniform(740, 850)])
    wood = mix(floor, (90, 50, 40), 0.35)
    out.box(sx, 130, sx + 118, 372, wood)
    for shelf in range(3):
        y = 142 + shelf * 76
        pen.box(sx + 8, y, sx + 110, y + 64, mix(wood, (30, 18, 26), 0.45))
        x = sx + 10.0
        while x < sx + 100:
            w, h = rng.uniform(7, 15), rng.uniform(34, 58)
            pen.box(
                x,
                y + 64 - h,
                x + w - 1,
                y + 64,
                mood.tinted(hsv(rng.random(), rng.uniform(0.35, 0.7), rng.uniform(0.55, 0.95))),
            )
            x += w
    rug = rng.uniform(300, 680)
    pen.disc(rug, 452, 230, 36, mix(mood.accent, floor, 0.35))
    pen.disc(rug, 452, 200, 29, mix(mood.accent, mood.light, 0.45))
    pen.disc(rug, 452, 150, 20, mix(mood.accent, floor, 0.2))
    lx = float((wx + 480) % 900 + 40)
    clock_x, clock_y = float((wx + 300) % 800 + 100), 200.0

    def moving(pen: Pen, t: float) -> None:
        lamp = pen.moved(lx, 40, turn=0.05 * sin(t * 1.6))
        lamp.stroke([[0, -60], [0, 90]], (60, 50, 60), 3)
        lamp.shape(smooth([[-14, 84], [14, 84], [44, 122], [-44, 122]], steps=4), mood.accent)
        lamp.disc(0, 123, 14, 8, (255, 244, 200))
        lamp.glow(0, 150, 120, 120, (255, 236, 170), 0.4)
        dial = pen.moved(clock_x, clock_y)
        swing = 0.35 * sin(t * 3.4)
        dial.stroke([[0, 20], [sin(swing) * 70, 20 + cos(swing) * 62]], (150, 104, 50), 4)
        dial.disc(sin(swing) * 70, 20 + cos(swing) * 62, 11, None, (236, 186, 84))
        dial.disc(0, 0, 36, None, mix(wood, (40, 20, 20), 0.3))
        dial.disc(0, 0, 30, None, (252, 246, 230))
        dial.stroke([[0, 0], [sin(t * 0.9) * 22, -cos(t * 0.9) * 22]], (50, 40, 50), 3)
        dial.stroke([[0, 0], [sin(t * 0.08 + 2) * 14, -cos(t * 0.08 + 2) * 14]], (50, 40, 50), 4)

    return 446.0, moving


def paint_heaven(pen: Pen, rng: np.random.Generator, mood: Mood) -> tuple[float, Moving]:
    paint_sky(pen, rng, mood, 430)
    lit = mix(mood.low, (255, 255, 255), 0.3 if mood.dark else 0.7)
    for k in range(3):
        x, y = rng.uniform(80, 920), rng.uniform(120, 290)
        size = rng.uniform(46, 92)
        pen.shape(
            smooth(
                [
                    [x - size, y],
                    [x - size * 0.5, y + size * 0.55],
                    [x, y + size * 1.15],
                    [x + size * 0.4, y + size * 0.6],
                    [x + size, y],
                ]
            ),
            mix(mood.far, (110, 80, 90), 0.35),
        )
        pen.shape(oval(x, y, size * 1.08, size * 0.22), mood.middle)
        if k % 2:
            paint_house(pen, rng, x - size * 0.3, y + 2, size * 0.7, mood)
        paint_tree(pen, rng, x + size * 0.4, y + 2, size * 0.8, mood.near, int(rng.integers(2)))
    for _ in range(26):
        x, size = rng.uniform(-40, WIDE + 40), rng.uniform(40, 80)
        paint_cloud(pen, x, rng.uniform(400, 470), size, lit, mix(lit, mood.high, 0.28), int(x))
    drifting = drifting_clouds(rng, mood, int(rng.integers(3, 7)), 380, 42)
    balloons = [
        (
            rng.uniform(60, 940),
            rng.uniform(130, 300),
            rng.uniform(20, 38),
            hsv(rng.random(), 0.6, 0.92),
            rng.uniform(0, 7),
        )
        for _ in range(int(rng.integers(1, 4)))
    ]

    def moving(pen: Pen, t: float) -> None:
        drifting(pen, t)
        for x, y, size, colour, phase in balloons:
            ball = pen.moved((x + 16 * t) % WIDE, y + 9 * sin(t * 1.1 + phase) - 5 * t)
            ball.stroke([[-size * 0.5, size * 0.7], [-size * 0.22, size * 1.5]], (90, 70, 60), 1.5)
            ball.stroke([[size * 0.5, size * 0.7], [size * 0.22, size * 1.5]], (90, 70, 60), 1.5)
            ball.disc(0, 0, size, size * 1.08, colour)
            ball.disc(0, 0, size * 0.58, size * 1.08, mix(colour, (255, 250, 230), 0.55))
            ball.disc(0, 0, size * 0.2, size * 1.08, colour)
            ball.box(-size * 0.26, size * 1.45, size * 0.26, size * 1.8, (160, 110, 70))

    return 432.0, moving


def paint_deep(pen: Pen, rng: np.random.Generator, mood: Mood) -> tuple[float, Moving]:
    water = hsv(0.5 + rng.uniform(-0.06, 0.16), 0.7, 0.75)
    pen.fade([(0, mix(water, mood.light, 0.45)), (0.5, mix(water, mood.high, 0.3)), (1, mix(water, (14, 22, 70), 0.7))])
    for _ in range(7):
        x = rng.uniform(0, WIDE)
        layer = pen.pixels.copy()
        Pen(layer, pen.matrix, unit=pen.unit).shape(
            np.array([[x, -5], [x + 40, -5], [x - 60, 430], [x - 150, 430]]), mood.light
        )
        pen.pixels[:] = (pen.pixels * 0.9 + layer * 0.1).astype(np.uint8)
    for k in range(3):
        pen.shape(
            ridge(rng, 315 + 38 * k, 32 - 8 * k, 1.5), mix(mix(water, (20, 30, 90), 0.5), mood.near, 0.2 + 0.22 * k)
        )
    for _ in range(int(rng.integers(8, 16))):
        x, y, size = rng.uniform(0, WIDE), rng.uniform(385, 425), rng.uniform(34, 92)
        coral = mix(hsv(rng.random(), 0.6, 0.95), water, 0.25)
        style = rng.integers(3)
        if style == 0:
            for arm in range(7):
                turn = -pi / 2 + (arm - 3) * 0.27
                tip = [x + cos(turn) * size * 0.85, y + sin(turn) * size * (0.7 + 0.12 * (arm % 2))]
                pen.stroke(
                    smooth([[x, y], [x + cos(turn) * size * 0.35, y + sin(turn) * size * 0.5], tip], closed=False),
                    coral,
                    size * 0.09,
                )
                pen.disc(tip[0], tip[1], size * 0.08, None, mix(coral, (255, 255, 255), 0.3))
        elif style == 1:
            for puff in range(5):
                pen.disc(
                    x + (puff - 2) * size * 0.22,
                    y - size * (0.2 + 0.13 * (puff % 2)),
                    size * 0.2,
                    None,
                    mix(coral, (20, 20, 80), 0.09 * puff),
                )
        else:
            for tube in range(4):
                h = size * rng.uniform(0.5, 1)
                pen.box(x + tube * size * 0.17, y - h, x + (tube + 0.75) * size * 0.17, y, coral)
                pen.disc(
                    x + (tube + 0.38) * size * 0.17, y - h, size * 0.075, size * 0.035, mix(coral, (30, 10, 60), 0.5)
                )
    sand = mix((222, 204, 160), water, 0.35)
    pen.shape(ridge(rng, 415, 8, 1.0), sand)
    bubbles = [(rng.uniform(0, WIDE), rng.uniform(0, HIGH), rng.uniform(2, 8), rng.uniform(0, 7)) for _ in range(26)]
    fish = [
        (
            rng.uniform(0, WIDE),
            rng.uniform(90, 340),
            rng.uniform(10, 24),
            rng.choice([-1, 1]) * rng.uniform(35, 90),
            hsv(rng.random(), 0.6, 0.95),
            rng.uniform(0, 7),
        )
        for _ in range(9)
    ]
    weeds = [(rng.uniform(0, WIDE), rng.uniform(60, 150), rng.uniform(0, 7)) for _ in range(14)]
    green = mix(hsv(0.38 + rng.uniform(-0.08, 0.1), 0.6, 0.55), water, 0.25)

    def moving(pen: Pen, t: float) -> None:
        for x, tall, phase in weeds:
            stem = [[x + 13 * k / 4 * sin(t * 1.5 + phase + k * 0.8), 428 - tall * k / 4] for k in range(5)]
            pen.stroke(smooth(stem, closed=False, steps=4), green, 6)
        for x, y, size, speed, colour, phase in fish:
            swim = pen.moved(
                (x + speed * t) % (WIDE + 60) - 30,
                y + 7 * sin(t * 1.6 + phase),
                sx=size if speed > 0 else -size,
                sy=size,
            )
            beat = 0.25 * sin(t * 9 + phase)
            swim.shape(
                smooth([[-0.8, 0], [-1.5, -0.5 + beat], [-1.35, beat], [-1.5, 0.5 + beat]], steps=3),
                mix(colour, (60, 20, 60), 0.3),
            )
            swim.disc(0, 0, 1.0, 0.58, colour)
            swim.disc(-0.1, 0.05, 0.22, 0.5, mix(colour, (255, 255, 255), 0.5))
            swim.disc(0.55, -0.12, 0.14, None, (30, 24, 40))
        for x, y, size, phase in bubbles:
            at = (x + 9 * sin(t * 1.8 + phase), (y - (20 + size * 7) * t) % HIGH)
            pen.disc(*at, size, None, mix(water, (255, 255, 255), 0.45))
            pen.disc(at[0] - size * 0.3, at[1] - size * 0.3, size * 0.3, None, (255, 255, 255))

    return 440.0, moving


def paint_stars(pen: Pen, rng: np.random.Generator, mood: Mood) -> tuple[float, Moving]:
    pen.fade([(0, (14, 12, 44)), (0.6, mix((34, 22, 80), mood.high, 0.35)), (1, mix((60, 30, 96), mood.low, 0.4))])
    for _ in range(5):
        pen.glow(
            rng.uniform(0, WIDE),
            rng.uniform(30, 340),
            rng.uniform(120, 300),
            rng.uniform(60, 150),
            hsv(rng.random(), 0.6, 0.8),
            0.35,
        )
    for _ in range(190):
        pen.disc(
            rng.uniform(0, WIDE),
            rng.uniform(0, 420),
            rng.uniform(0.4, 1.8),
            None,
            mix((255, 255, 255), hsv(rng.random(), 0.5, 1), 0.3),
        )
    for _ in range(int(rng.integers(2, 4))):
        x, y, r = rng.uniform(80, 920), rng.uniform(70, 270), rng.uniform(26, 78)
        globe = hsv(rng.random(), 0.5, 0.85)
        pen.disc(x, y, r, None, mix(globe, (20, 10, 60), 0.5))
        pen.disc(x - r * 0.1, y - r * 0.1, r * 0.88, None, globe)
        for k in range(3):
            pen.disc(
                x - r * 0.15 + r * 0.2 * k,
                y - r * 0.4 + r * 0.4 * k,
                r * (0.5 - 0.12 * k),
                r * 0.09,
                mix(globe, mood.light, 0.35),
            )
        if rng.random() < 0.6:
            ring = smooth(
                np.array([[cos(a) * r * 1.7, sin(a) * r * 0.36] for a in np.linspace(-0.35, pi + 0.35, 12)]),
                closed=False,
            ) @ np.array([[0.96, -0.27], [0.27, 0.96]])
            pen.stroke(ring + np.array([x, y]), mix(globe, (255, 240, 210), 0.6), 6)
    soil = mix(mood.middle, (140, 110, 160), 0.5)
    for k in range(2):
        pen.shape(ridge(rng, 370 + 32 * k, 18 - 8 * k, 1.2), mix(soil, (20, 10, 60), 0.35 - 0.3 * k))
    for _ in range(15):
        x, y, r = rng.uniform(0, WIDE), rng.uniform(420, 492), rng.uniform(12, 38)
        pen.disc(x, y, r, r * 0.28, mix(soil, (20, 10, 50), 0.4))
        pen.disc(x + 2, y + r * 0.05, r * 0.86, r * 0.2, mix(soil, (20, 10, 50), 0.2))
    rocket = (rng.uniform(0, WIDE), rng.uniform(120, 260), rng.choice([-1, 1]) * rng.uniform(50, 90))
    falling = [(rng.uniform(0, WIDE), rng.uniform(0, 240), rng.random()) for _ in range(4)]
    paint_colour = mood.accent

    def moving(pen: Pen, t: float) -> None:
        for x, y, phase in falling:
            run = (t * 0.55 + phase) % 1.0
            head = (x - 300 * run, y + 150 * run)
            if run < 0.7:
                pen.stroke([head, (head[0] + 46, head[1] - 23)], (255, 246, 210), 2)
                pen.disc(*head, 2.6, None, (255, 255, 255))
        x, y, speed = rocket
        side = 1 if speed > 0 else -1
        ship = pen.moved((x + speed * t) % (WIDE + 160) - 80, y + 8 * sin(t * 1.4), turn=side * -0.12, sx=side)
        flame = 26 + 10 * sin(t * 31)
        ship.shape(smooth([[-34, -9], [-34 - flame, 0], [-34, 9]], steps=4), (255, 170, 60))
        ship.shape(smooth([[-34, -5], [-34 - flame * 0.5, 0], [-34, 5]], steps=4), (255, 240, 160))
        for fin in (-1.0, 1.0):
            ship.shape(np.array([[-32, fin * 12], [-46, fin * 28], [-10, fin * 15]], np.float64), paint_colour)
        ship.shape(smooth([[-36, -14], [10, -18], [46, 0], [10, 18], [-36, 14]]), (242, 240, 236))
        ship.shape(smooth([[18, -16], [46, 0], [18, 16]], steps=4), paint_colour)
        ship.disc(-2, 0, 9, None, (120, 200, 226))

    return 440.0, moving
