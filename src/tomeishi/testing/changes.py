"""What the edits do to a frame: pure functions of a uint8 (h, w, 3) RGB frame and its `Moment`.

`tomeishi.testing.edits.EDITS` says in one line each what they do; the same seed alters the same way.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tomeishi.errors import BadInput
from tomeishi.testing.drawing import Pen, hsv, smooth
from tomeishi.testing.places import paint
from tomeishi.testing.scenery import draw_mood

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Moment:
    """What an edit may know besides the frame."""

    seed: int
    time_s: float
    """In the altered copy."""
    other: Pixels | None = None
    """The frame of another film at this time, any size."""


def reencode(frame: Pixels, moment: Moment) -> Pixels:
    return frame


def downscale_quarter(frame: Pixels, moment: Moment) -> Pixels:
    return fitted(frame, max(16, frame.shape[1] // 4), max(16, frame.shape[0] // 4))


def grey(frame: Pixels, moment: Moment) -> Pixels:
    grey = _u8(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
    return np.repeat(grey[..., None], 3, axis=2)


def brightness_contrast(frame: Pixels, moment: Moment) -> Pixels:
    up = moment.seed % 2 == 0
    contrast, brightness = (1.35, 28.0) if up else (0.7, -18.0)
    return _clipped((frame.astype(np.float32) - 128) * contrast + 128 + brightness)


def blur(frame: Pixels, moment: Moment) -> Pixels:
    return _u8(cv2.GaussianBlur(frame, (0, 0), sigmaX=frame.shape[0] / 144))


def noise(frame: Pixels, moment: Moment) -> Pixels:
    rng = np.random.default_rng([moment.seed, round(moment.time_s * 1000)])
    grain = rng.standard_normal(frame.shape[:2], np.float32) * np.float32(18)
    return _clipped(frame + grain[..., None])


def aspect(frame: Pixels, moment: Moment) -> Pixels:
    return fitted(frame, frame.shape[1] * 3 // 4, frame.shape[0])


def logo(frame: Pixels, moment: Moment, share: float | None = None) -> Pixels:
    """`share` is how much of the picture it covers, and stands in its corner; None: a sixth of the height."""
    out = frame.copy()
    height, width = out.shape[:2]
    unit = height / 360
    radius = 30.0 if share is None else float(np.sqrt(share * height * width / np.pi)) / unit
    beside, above = (70.0, 44.0) if share is None else (radius + 8, radius + 8)
    x, y = (
        (beside, above), (width / unit - beside, above), (width / unit - beside, 360 - above), (beside, 360 - above)
    )[moment.seed % 4]  # fmt: skip
    pen = Pen(out, np.array([[unit, 0, x * unit], [0, unit, y * unit]]), line=(30, 30, 40), line_width=3, unit=unit)
    pen.disc(0, 0, radius, None, hsv(moment.seed * 0.37, 0.8, 0.95))
    star = [
        [np.sin(k * np.pi / 5) * (21 if k % 2 else 9), np.cos(k * np.pi / 5) * (21 if k % 2 else 9)] for k in range(10)
    ]
    pen.outlined(None).shape(np.array(star) * radius / 30, (255, 255, 255))
    return _clipped(frame * 0.2 + out * np.float32(0.8))


_CAPTIONS = (
    "WAIT FOR THE ENDING...",
    "who else cried at this part??",
    "POV: you missed the last train",
    "best scene EVER (part 7)",
)


@lru_cache(maxsize=8)
def _caption_plate(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """RGBA, the caption at the foot or the head of the picture."""
    plate = Image.new("RGBA", (width, height))
    font = ImageFont.load_default(height * 0.085)
    ImageDraw.Draw(plate).text(
        (width / 2, height * (0.9 if seed % 3 else 0.12)), _CAPTIONS[seed % len(_CAPTIONS)], fill=(255, 255, 255, 255),
        font=font, anchor="mm", stroke_width=max(1, height // 120), stroke_fill=(0, 0, 0, 255),
    )  # fmt: skip
    return np.asarray(plate)


def caption(frame: Pixels, moment: Moment) -> Pixels:
    plate = _caption_plate(frame.shape[1], frame.shape[0], moment.seed)
    return np.where(plate[..., 3:] > 127, plate[..., :3], frame)


def crop_5(frame: Pixels, moment: Moment) -> Pixels:
    height, width = frame.shape[:2]
    top, left = round(height * 0.05), round(width * 0.05)
    return np.ascontiguousarray(frame[top : height - top, left : width - left])


def crop_25(frame: Pixels, moment: Moment) -> Pixels:
    height, width = frame.shape[:2]
    kept_h, kept_w = round(height * 0.75**0.5), round(width * 0.75**0.5)
    across, down = np.random.default_rng([moment.seed, 25]).random(2)
    top, left = int((height - kept_h) * down), int((width - kept_w) * across)
    return np.ascontiguousarray(frame[top : top + kept_h, left : left + kept_w])


def letterbox(frame: Pixels, moment: Moment) -> Pixels:
    bar = round(frame.shape[0] / 6)
    return _u8(cv2.copyMakeBorder(frame, bar, bar, 0, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0)))


def pad_20(frame: Pixels, moment: Moment) -> Pixels:
    high, wide = round(frame.shape[0] * 0.2), round(frame.shape[1] * 0.2)
    colour = hsv(moment.seed * 0.29 + 0.05, 0.35, 0.92)
    return _u8(cv2.copyMakeBorder(frame, high, high, wide, wide, cv2.BORDER_CONSTANT, value=colour))


def mirror(frame: Pixels, moment: Moment) -> Pixels:
    return np.ascontiguousarray(frame[:, ::-1])


def rotate_5(frame: Pixels, moment: Moment) -> Pixels:
    height, width = frame.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 5.0 if moment.seed % 2 == 0 else -5.0, 1.0)
    return _u8(cv2.warpAffine(frame, turn, (width, height), flags=cv2.INTER_LINEAR))


def rotate_90(frame: Pixels, moment: Moment) -> Pixels:
    return np.ascontiguousarray(np.rot90(frame, 1 if moment.seed % 2 else -1))


def hue(frame: Pixels, moment: Moment) -> Pixels:
    turned = _u8(cv2.cvtColor(frame, cv2.COLOR_RGB2HSV))
    turned[..., 0] = (turned[..., 0].astype(np.int16) + 30) % 180
    return _u8(cv2.cvtColor(turned, cv2.COLOR_HSV2RGB))


def picture_in_picture(frame: Pixels, moment: Moment) -> Pixels:
    height, width = frame.shape[:2]
    out = fitted(_other(moment), width, height).copy()
    small = fitted(frame, round(width * 0.45), round(height * 0.45))
    edge = round(height * 0.04)
    top = edge if moment.seed % 2 else height - edge - small.shape[0]
    left = edge if moment.seed // 2 % 2 else width - edge - small.shape[1]
    out[top - 3 : top + small.shape[0] + 3, left - 3 : left + small.shape[1] + 3] = 245
    out[top : top + small.shape[0], left : left + small.shape[1]] = small
    return out


def stacked(frame: Pixels, moment: Moment) -> Pixels:
    pair = [frame, fitted(_other(moment), frame.shape[1], frame.shape[0])]
    return np.concatenate(pair[::-1] if moment.seed % 2 else pair, axis=moment.seed // 2 % 2)


def overlay_50(frame: Pixels, moment: Moment) -> Pixels:
    over = fitted(_other(moment), frame.shape[1], frame.shape[0])
    return _u8(cv2.addWeighted(frame, 0.5, over, 0.5, 0.0))


@lru_cache(maxsize=4)
def _television(width: int, height: int, seed: int) -> tuple[Pixels, NDArray[np.float32], Pixels]:
    """A drawn room with a television (h, w, 3), the corners of its screen (4, 2) in pixels, and its reflections."""
    rng = np.random.default_rng([seed, 0x7E1])
    scale = max(width / 640, height / 360)
    scene = paint("room", seed, draw_mood(rng, float(rng.random()), (50, 40, 50)), scale, wash=3, grain=3)
    top, left = round(100 * scale), round(rng.uniform(60, 300) * scale)
    room = np.ascontiguousarray(scene.plate[top : top + height, left : left + width])
    pen = Pen(room, np.array([[width / 640, 0, 0], [0, height / 360, 0]]), line=(30, 26, 30), line_width=2, unit=scale)
    near, far = 18.0, 46.0
    sides = [near, far] if seed % 2 else [far, near]
    corners = np.array(
        [[125, 26 + sides[0]], [530, 26 + sides[1]], [530, 300 - sides[1]], [125, 300 - sides[0]]], float
    )
    middle = corners.mean(axis=0)
    pen.shape(np.array([[90, 318], [560, 318], [580, 352], [70, 352]], float), (120, 82, 60))
    pen.box(300, 285, 350, 322, (50, 48, 56))
    pen.shape((corners - middle) * (1.07, 1.11) + middle, (38, 36, 42))
    pen.outlined(None).shape(smooth([[34, 330], [46, 250], [60, 330]]), (90, 150, 90))
    glass = np.zeros_like(room)
    shine = Pen(glass, pen.matrix, unit=scale)
    shine.shape(np.array([[190, 20], [250, 20], [160, 310], [100, 310]], float), (22, 22, 26))
    return room, (corners * (width / 640, height / 360)).astype(np.float32), glass


def screen_in_screen(frame: Pixels, moment: Moment) -> Pixels:
    height, width = frame.shape[:2]
    room, corners, glass = _television(width, height, moment.seed)
    square = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    onto = cv2.getPerspectiveTransform(square, corners)
    shown = _u8(cv2.warpPerspective(frame, onto, (width, height), flags=cv2.INTER_AREA))
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 255)
    lit = np.minimum(shown.astype(np.uint16) * 15 // 16 + glass, 255).astype(np.uint8)
    return _u8(np.where(mask[..., None] > 0, lit, room))


def _other(moment: Moment) -> Pixels:
    if moment.other is None:
        raise BadInput("this edit shows a second film; give `other`")
    return moment.other


def _u8(pixels: object) -> Pixels:
    return np.asarray(pixels, np.uint8)


def _clipped(levels: NDArray[np.floating]) -> Pixels:
    return _u8(np.clip(levels + 0.5, 0, 255).astype(np.uint8))


def fitted(frame: Pixels, width: int, height: int) -> Pixels:
    if frame.shape[:2] == (height, width):
        return frame
    smaller = width < frame.shape[1]
    return _u8(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR))
