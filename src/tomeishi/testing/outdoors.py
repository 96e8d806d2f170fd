"""Places of the drawn films on the earth and under its weather: hills, city, sea, forest, snow."""

from math import sin

import numpy as np

from tomeishi.testing.drawing import Pen, hsv, mix, oval, smooth
from tomeishi.testing.scenery import (
    HIGH,
    WIDE,
    Mood,
    Moving,
    drifting_clouds,
    height_of,
    paint_house,
    paint_sky,
    paint_tree,
    paint_tufts,
    ridge,
)


def paint_hills(pen: Pen, rng: np.random.Generator, mood: Mood) -> tuple[float, Moving]:
    paint_sky(pen, rng, mood, 300)
    for k in range(3):
        pen.shape(ridge(rng, 210 + 45 * k, 42 - 7 * k, 1.3 + 0.5 * k), mix(mood.far, mood.middle, k / 3))
    slope = ridge(rng, 335, 24, 1.1)
    pen.shape(slope, mood.middle)
    kind = int(rng.integers(3))
    for x in sorted(rng.uniform(30, WIDE - 30, int(rng.integers(4, 11)))):
        if rng.random() < 0.28:
            paint_house(pen, rng, x, height_of(slope, x) + 10, rng.uniform(48, 80), mood)
        else:
            paint_tree(
                pen,
                rng,
                x,
                height_of(slope, x) + 9,
                rng.uniform(45, 110),
                mix(mood.middle, mood.near, rng.uniform(0.3, 1)),
                kind,
            )
    meadow = ridge(rng, 388, 9, 1.0)
    pen.shape(meadow, mood.near)
    path = mix(mood.near, (246, 222, 178), 0.55)
    bend = rng.uniform(250, 750)
    pen.shape(
        smooth(
            [
                [bend - 14, 386],
                [bend + 14, 386],
                [bend + 60, 430],
                [bend - 40, 520],
                [bend - 330, 520],
                [bend - 80, 430],
            ]
        ),
        path,
    )
    paint_tufts(pen, rng, 400, 495, mood, 150, flowers=True)
    return 425.0, drifting_clouds(rng, mood, int(rng.integers(2, 6)), 150)


def paint_city(pen: Pen, rng: np.random.Generator, mood: Mood) -> tuple[float, Moving]:
    paint_sky(pen, rng, mood, 380)
    blinking: list[tuple[float, float, float, float]] = []
    for row in range(3):
        x = -20.0
        colour = mix(mood.far, (28, 26, 62) if mood.dark else mood.near, 0.25 + 0.25 * row)
        while x < WIDE:
            w, h = rng.uniform(46, 105), rng.uniform(70, 300 - row * 65)
            tone = mix(colour, hsv(rng.random(), 0.4, 0.7), 0.16)
            top = 408 - h
            pen.box(x, top, x + w, 420, tone)
            pen.box(x + w * 0.76, top, x + w, 420, mix(tone, (10, 10, 40), 0.22))
            style = rng.random()
            if style < 0.3:
                pen.shape(np.array([[x, top], [x + w * 0.5, top - 26], [x + w, top]]), mix(tone, mood.accent, 0.4))
            elif style < 0.5:
                pen.stroke([[x + w * 0.4, top], [x + w * 0.4, top - 34]], tone, 2.5)
                blinking.append((x + w * 0.4, top - 34, 3.0, rng.random()))
            elif style < 0.62:
                pen.disc(x + w * 0.5, top, w * 0.3, None, tone)
            step = rng.uniform(11, 18)
            for wy in np.arange(top + 10, 400, step * 1.15).tolist():
                for wx in np.arange(x + 7, x + w * 0.72, step).tolist():
                    if rng.random() < (0.6 if mood.dark else 0.9):
                        pane = (
                            mix((255, 216, 120), mood.accent, rng.uniform(0, 0.35))
                            if mood.dark
                            else mix(tone, mood.light, 0.5)
                        )
                        pen.box(wx, wy, wx + step * 0.5, wy + step * 0.6, pane)
            x += w + rng.uniform(-6, 22)
    pen.box(0, 400, WIDE, 505, mix(mood.near, (52, 50, 70), 0.7))
    pen.box(0, 396, WIDE, 412, mix(mood.near, (170, 166, 180), 0.6))
    for x in np.arange(15, WIDE, 70).tolist():
        pen.box(x, 462, x + 34, 467, mix(mood.light, mood.near, 0.3))
    for x in np.arange(rng.uniform(20, 100), WIDE, 190).tolist():
        pen.stroke([[x, 400], [x, 290], [x + 22, 282]], (52, 46, 66), 4)
        pen.disc(x + 26, 284, 8, 5, mood.light)
        pen.glow(x + 26, 290, 70, 70, mood.light, 0.5 if mood.dark else 0.1)
    cars = [
        (rng.uniform(0, WIDE), rng.choice([-1, 1]) * rng.uniform(60, 170), hsv(rng.random(), 0.65, 0.85))
        for _ in range(3)
    ]
    drifting = drifting_clouds(rng, mood, 2, 90, 34)

    def moving(pen: Pen, t: float) -> None:
        drifting(pen, t)
        for x, y, size, phase in blinking:
            if (t * 0.8 + phase) % 1 < 0.5:
                pen.disc(x, y, size, None, (255, 80, 80))
        for x0, speed, colour in cars:
            side = 1 if speed > 0 else -1
            car = pen.moved((x0 + speed * t + 100) % (WIDE + 200) - 100, 418, sx=side)
            car.shape(
                smooth(
                    [[-38, 0], [-38, -13], [-22, -16], [-12, -28], [14, -28], [24, -15], [39, -11], [39, 0]], steps=4
                ),
                colour,
            )
            car.shape(np.array([[-15, -16], [-9, -25], [11, -25], [18, -16]], np.float64), (190, 225, 240))
            for wheel in (-22, 22):
                car.disc(wheel, 0, 8, None, (36, 32, 44))
                car.disc(wheel, 0, 3.5, None, (200, 200, 210))
            if mood.dark:
                car.glow(60, -7, 36, 16, (255, 246, 190), 0.6)

    return 448.0, moving


def paint_sea(pen: Pen, rng: np.random.Generator, mood: Mood) -> tuple[float, Moving]:
    horizon = rng.uniform(215, 265)
    paint_sky(pen, rng, mood, horizon)
    deep = mix(hsv(0.53 + rng.uniform(-0.07, 0.1), 0.65, 0.38 if mood.dark else 0.72), mood.high, 0.3)
    bands = 9
    for k in range(bands):
        y = horizon + (400 - horizon) * (k / bands) ** 1.4
        pen.box(0, y, WIDE, 505, mix(mix(deep, mood.low, 0.45), mix(deep, (120, 225, 205), 0.28), k / bands))
    if rng.random() < 0.75:
        x = rng.uniform(150, 850)
        rock = mix(mood.far, deep, 0.35)
        pen.shape(
            smooth(
                [
                    [x - 120, horizon + 5],
                    [x - 70, horizon - 25],
                    [x - 10, horizon - 52],
                    [x + 60, horizon - 20],
                    [x + 130, horizon + 5],
                ]
            ),
            rock,
        )
        if rng.random() < 0.6:
            pen.shape(
                np.array(
                    [[x - 9, horizon - 115], [x + 9, horizon - 115], [x + 14, horizon - 40], [x - 14, horizon - 40]]
                ),
                (240, 236, 226),
            )
            pen.box(x - 11, horizon - 92, x + 11, horizon - 76, mood.accent)
            pen.box(x - 8, horizon - 128, x + 8, horizon - 114, (255, 224, 130))
            pen.shape(np.array([[x - 12, horizon - 127], [x, horizon - 142], [x + 12, horizon - 127]]), mood.accent)
    sand = mood.tinted((240, 214, 160) if not mood.dark else (126, 112, 124))
    pen.shape(ridge(rng, 402, 9, 0.9), mix(sand, (255, 255, 255), 0.55))
    pen.shape(ridge(rng, 411, 8, 0.9), sand)
    for _ in range(60):
        x, y = rng.uniform(0, WIDE), rng.uniform(425, 495)
        pen.disc(
            x,
            y,
            rng.uniform(1, 4),
            rng.uniform(0.7, 2),
            mix(sand, (90, 60, 60) if rng.random() < 0.6 else (255, 255, 255), 0.3),
        )
    for _ in range(int(rng.integers(0, 3))):
        paint_tree(pen, rng, rng.uniform(60, 940), 432, rng.uniform(120, 190), mix(mood.near, (60, 130, 80), 0.4), 2)
    crests = [
        (rng.uniform(0, WIDE), horizon + 8 + (392 - horizon) * rng.random() ** 1.3, rng.uniform(0, 7))
        for _ in range(46)
    ]
    drifting = drifting_clouds(rng, mood, int(rng.integers(1, 4)), horizon - 80, 40)
    boat_x, boat_speed = rng.uniform(100, 900), rng.choice([-1, 1]) * rng.uniform(10, 26)
    sail = mix((255, 252, 240), mood.accent, 0.2)

    def moving(pen: Pen, t: float) -> None:
        drifting(pen, t)
        for x, y, phase in crests:
            near = (y - horizon) / (400 - horizon)
            shift, reach = 9 * sin(t * 1.4 + phase), (8 + 26 * near) * (0.6 + 0.4 * sin(t * 1.1 + phase * 2))
            pen.stroke(
                smooth(
                    [[x + shift - reach, y], [x + shift, y - 2 - 2 * near], [x + shift + reach, y]],
                    closed=False,
                    steps=3,
                ),
                mix(deep, mood.light, 0.55),
                1 + 1.6 * near,
            )
        boat = pen.moved((boat_x + boat_speed * t) % WIDE, horizon + 42 + 2.5 * sin(t * 2), turn=0.06 * sin(t * 1.7))
        boat.shape(smooth([[-40, -6], [40, -6], [28, 10], [-28, 10]], steps=4), mix(mood.accent, (90, 50, 40), 0.4))
        boat.stroke([[0, -6], [0, -72]], (80, 58, 50), 3)
        boat.shape(smooth([[3, -70], [40, -16], [3, -13]], steps=4), sail)
        boat.shape(smooth([[-3, -60], [-26, -16], [-3, -13]], steps=4), mix(sail, mood.accent, 0.5))

    return 450.0, moving


def paint_forest(pen: Pen, rng: np.random.Generator, mood: Mood) -> tuple[float, Moving]:
    pen.fade([(0, mix(mood.high, mood.near, 0.35)), (0.6, mood.low), (1, mood.near)])
    pen.glow(rng.uniform(300, 700), 200, 330, 260, mood.light, 0.6)
    for row in range(4):
        tone = mix(mood.far, mix(mood.near, (20, 20, 50), 0.35), row / 3.2)
        for x in (np.arange(rng.uniform(-30, 30), WIDE, 150 - row * 4) + rng.uniform(-45, 45)).tolist():
            w, foot = 8 + row * 8 + rng.uniform(0, 7), 335 + row * 26
            lean = rng.uniform(-14, 14)
            pen.shape(
                np.array(
                    [
                        [x - w * 0.6 + lean, -10],
                        [x + w * 0.6 + lean, -10],
                        [x + w * 0.7, foot - 40],
                        [x + w * 1.5, foot],
                        [x - w * 1.5, foot],
                        [x - w * 0.7, foot - 40],
                    ]
                ),
                tone,
            )
            if row > 1:
                pen.stroke([[x + lean * 0.6, 120], [x + lean * 0.6 + w * 1.9, 62]], tone, w * 0.5)
                pen.stroke([[x + w * 0.3, 60], [x + w * 0.35, foot - 20]], mix(tone, mood.light, 0.16), w * 0.25)
        pen.shape(ridge(rng, 326 + row * 26, 7, 2.0), mix(mood.middle, tone, 0.55))
    for _ in range(34):
        x, y, r = rng.uniform(-20, WIDE + 20), rng.uniform(-20, 70), rng.uniform(26, 62)
        pen.disc(x, y, r, r * 0.72, mix(mood.near, mood.light if rng.random() < 0.35 else (16, 26, 46), 0.25))
    for _ in range(4):
        x = rng.uniform(150, 800)
        shaft = np.array([[x, -10], [x + 42, -10], [x + 170, 420], [x + 70, 420]], np.float64)
        layer = pen.pixels.copy()
        Pen(layer, pen.matrix, unit=pen.unit).shape(shaft, mood.light)
        pen.pixels[:] = (pen.pixels * 0.88 + layer * 0.12).astype(np.uint8)
    for _ in range(int(rng.integers(3, 9))):
        x, y, r = rng.uniform(30, 970), rng.uniform(412, 440), rng.uniform(8, 20)
        cap = mood.tinted(hsv(rng.random(), 0.65, 0.9))
        pen.shape(oval(x, y - r * 0.5, r * 0.3, r * 0.8, power=3), (244, 232, 214))
        pen.shape(smooth([[x - r, y - r], [x - r * 0.6, y - r * 1.8], [x + r * 0.6, y - r * 1.8], [x + r, y - r]]), cap)
        for dx in (-0.4, 0.15, 0.5):
            pen.disc(x + dx * r, y - r * 1.35, r * 0.13, None, (255, 250, 240))
    paint_tufts(pen, rng, 405, 495, mood, 130, flowers=rng.random() < 0.5)
    sparks = [(rng.uniform(0, WIDE), rng.uniform(120, 430), rng.uniform(0, 7), rng.uniform(8, 26)) for _ in range(22)]
    leaves = rng.random() < 0.5
    leaf = mix(mood.accent, (250, 190, 90), 0.4)

    def moving(pen: Pen, t: float) -> None:
        for x, y, phase, speed in sparks:
            if leaves:
                fall = (y + speed * 2.2 * t) % 480
                pen.moved(x + 24 * sin(t * 1.2 + phase), fall, turn=t * 2 + phase).disc(0, 0, 6, 2.8, leaf)
            else:
                at = (x + 18 * sin(t * 0.9 + phase), y + 14 * sin(t * 1.3 + phase * 2))
                shine = 0.5 + 0.5 * sin(t * 3 + phase)
                pen.glow(*at, 13, 13, mood.light, 0.8 * shine)
                pen.disc(*at, 1.8, None, mood.light)

    return 430.0, moving


def paint_snow(pen: Pen, rng: np.random.Generator, mood: Mood) -> tuple[float, Moving]:
    paint_sky(pen, rng, mood, 320)
    white = mix((248, 250, 255), mood.low, 0.45 if mood.dark else 0.12)
    for k in range(3):
        peaks: list[list[float]] = [[-20, 420]]
        for x in np.arange(-20, WIDE + 60, 75 + 25 * k).tolist():
            peaks.append([float(x), 335 + 18 * k - (rng.uniform(60, 190) - 32 * k if len(peaks) % 2 else 20)])
        tone = mix(mood.far, mood.high, 0.35 - 0.1 * k)
        pen.shape(np.array([*peaks, [WIDE + 20, 420]], np.float64), tone)
        for left, top, right in zip(peaks, peaks[1:], peaks[2:], strict=False):
            if top[1] < left[1] - 40 and top[1] < right[1] - 40:
                a, b = np.array(left), np.array(top)
                c = np.array(right)
                pen.shape(
                    np.array(
                        [
                            b,
                            b + (c - b) * 0.42,
                            b + (c - b) * 0.25 + (-6, 4),
                            b + (c + a - 2 * b) * 0.17,
                            b + (a - b) * 0.2 + (5, 5),
                            b + (a - b) * 0.38,
                        ]
                    ),
                    white,
                )
    slope = ridge(rng, 352, 14, 1.2)
    pen.shape(slope, mix(white, mood.high, 0.26))
    for x in rng.uniform(20, 980, int(rng.integers(7, 18))):
        paint_tree(
            pen, rng, x, height_of(slope, x) + 12, rng.uniform(50, 120), mix(mood.near, white, rng.uniform(0.0, 0.4)), 1
        )
    if rng.random() < 0.6:
        x = rng.uniform(150, 850)
        paint_house(pen, rng, x, height_of(slope, x) + 22, 96, mood)
        pen.shape(
            smooth([[x - 54, 0.0], [x - 20, -40], [x + 30, -42], [x + 54, 0], [x, -8]])
            + np.array([0, height_of(slope, x) - 28]),
            white,
        )
    pen.shape(ridge(rng, 398, 9, 0.8), white)
    for _ in range(34):
        x, y = rng.uniform(0, WIDE), rng.uniform(415, 495)
        pen.disc(x, y, rng.uniform(14, 50), rng.uniform(1.5, 4), mix(white, mood.high, 0.17))
    flakes = [(rng.uniform(0, WIDE), rng.uniform(0, HIGH), rng.uniform(1.4, 4.2), rng.uniform(0, 7)) for _ in range(70)]

    def moving(pen: Pen, t: float) -> None:
        for x, y, size, phase in flakes:
            pen.disc(
                (x + 22 * t + 14 * sin(t + phase)) % WIDE,
                (y + (24 + size * 16) * t) % HIGH,
                size,
                None,
                (255, 255, 255),
            )

    return 438.0, moving
