"""Where in a picture a figure may be: boxes of what stands apart from its surroundings, stands out or moves.

Three looks that need no training share one small copy of the picture:

- *apart*: the geodesic distance of colour from the border (Wei et al., "Geodesic Saliency Using Background Priors",
  ECCV 2012): ground that reaches the border is near it, a figure before the ground is not;
- *moving*: what differs from the frame before once the camera's own shift is taken out;
- *tiles* at three scales, for a still picture, which has one chance.

What a threshold cuts out of the first two, and hangs together, is a box; the surest few are kept.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.values import WHOLE_PICTURE, Box

MOST = 6
"""Boxes of one frame of a film, with the whole picture as the last one: a close-up may fill it."""
MOST_IN_A_STILL = 24
_SIDE = 128
"""Longer side of the small copy."""
_LEVELS = (0.08, 0.16, 0.27, 0.42, 0.6)
"""Of the largest value of a map."""
_CLOSING = np.ones((3, 3), np.uint8)
_SMALLEST, _LARGEST = 0.004, 0.72
"""Shares of the picture that a figure's box may have."""
_FLATTEST = 4.0
"""Longer against shorter side of a box: more is a line of text or a branch."""
_SAME_BOX = 0.6
"""Intersection over union from which two boxes are one."""

_SHEET_SIDE = 512
_GROUND = 7.0
"""Distance in Lab up to which a pixel is of the plain ground."""
_PLAIN_BORDER = 0.85
_SHEET_LEAST = 0.35
"""Of the height of the largest: smaller things on a sheet are no drawings of the figure."""

_Map = NDArray[np.float32]


def regions(picture: NDArray[np.uint8], before: NDArray[np.uint8] | None = None, *, still: bool = False) -> list[Box]:
    """Boxes in `picture` (h, w, 3), surest first; `before` is the frame a moment ago of the same shot and size."""
    height, width = picture.shape[:2]
    scale = _SIDE / max(height, width)
    size = max(8, round(width * scale)), max(8, round(height * scale))
    small = _lab(picture, size)
    found = _boxes(_apart(small, (0, 0, 0, 0)))
    if before is not None and before.shape == picture.shape:
        found += _boxes(_moving(small, _lab(before, size)))
    if not found and not still:
        return []
    chosen = _distinct([box for _, box in sorted(found, key=lambda each: -each[0])], MOST - 1)
    if still:
        return _distinct([*chosen, WHOLE_PICTURE, *_tiles(width / height)], MOST_IN_A_STILL)
    return _distinct([*chosen, WHOLE_PICTURE], MOST)


def on_plain_ground(picture: NDArray[np.uint8]) -> list[Box] | None:
    """The figures of a model sheet, largest first: what stands on one plain colour. None where there is no such ground.

    What is much smaller than the largest (captions, arrows, swatches) is left out.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, _SHEET_SIDE / max(height, width))
    lab = _lab(picture, (max(8, round(width * scale)), max(8, round(height * scale))))
    border = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    ground = np.median(border, axis=0)
    if float((np.linalg.norm(border - ground, axis=1) < _GROUND).mean()) < _PLAIN_BORDER:
        return None
    figure = (np.linalg.norm(lab - ground, axis=2) >= _GROUND).astype(np.uint8)
    reach = max(3, round(max(figure.shape) / 60)) | 1
    joined = cv2.morphologyEx(figure, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    parts = sorted(
        (tuple(int(each) for each in stats[n]) for n in range(1, count)), key=lambda part: -part[3] * part[2]
    )
    if not parts:
        return []
    high, large = max(part[3] for part in parts[:3]), parts[0][2] * parts[0][3]
    deep, wide = figure.shape
    return [
        Box(x / wide, y / deep, across / wide, down / deep)
        for x, y, across, down, area in parts
        if down >= _SHEET_LEAST * high
        and across * down >= _SHEET_LEAST**2 * large
        and area >= 0.15 * across * down
        and max(across, down) <= _FLATTEST * min(across, down)
    ]


def _lab(picture: NDArray[np.uint8], size: tuple[int, int]) -> _Map:
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _apart(lab: _Map, closed: tuple[int, int, int, int]) -> _Map:
    """Least sum of colour steps on any way to the border, (h, w); steps of noise and shading cost nothing.

    `closed` sides (top, bottom, left, right) are no ground: in a close-up the figure itself reaches the lower one.
    """
    smooth = cv2.GaussianBlur(lab, (0, 0), 0.8)
    down = np.maximum(np.linalg.norm(smooth[1:] - smooth[:-1], axis=2) - 2.0, 0)
    across = np.maximum(np.linalg.norm(smooth[:, 1:] - smooth[:, :-1], axis=2) - 2.0, 0)
    far = np.full(lab.shape[:2], np.inf, np.float32)
    for side, line in zip(closed, (far[0], far[-1], far[:, 0], far[:, -1]), strict=True):
        line[1 if side else 0 : len(line) - side] = np.inf if side else 0
    for _ in range(sum(lab.shape[:2])):
        nearer = far.copy()
        np.minimum(nearer[1:], far[:-1] + down, out=nearer[1:])
        np.minimum(nearer[:-1], far[1:] + down, out=nearer[:-1])
        np.minimum(nearer[:, 1:], far[:, :-1] + across, out=nearer[:, 1:])
        np.minimum(nearer[:, :-1], far[:, 1:] + across, out=nearer[:, :-1])
        if np.array_equal(nearer, far):
            break
        far = nearer
    return far


def _moving(lab: _Map, before: _Map) -> _Map:
    light = lab[..., 0], before[..., 0]
    (x, y), _ = cv2.phaseCorrelate(light[1].astype(np.float64), light[0].astype(np.float64))
    shift = np.array([[1, 0, x], [0, 1, y]], np.float64)
    if max(abs(x), abs(y)) < _SIDE / 4:
        before = np.asarray(
            cv2.warpAffine(before, shift, lab.shape[1::-1], borderMode=cv2.BORDER_REPLICATE), np.float32
        )
    changed = np.linalg.norm(lab - before, axis=2)
    return np.asarray(cv2.GaussianBlur(np.maximum(changed - 6.0, 0), (0, 0), 2.0), np.float32)


def _boxes(values: _Map) -> list[tuple[float, Box]]:
    """(how much the inside stands out, box) of what hangs together above each of the levels."""
    most = float(np.quantile(values, 0.998))
    if most <= 1e-3:
        return []
    height, width = values.shape
    values = np.minimum(values / most, 1)
    sums = np.asarray(cv2.integral(values), np.float64)
    found = []
    for level in _LEVELS:
        above = cv2.morphologyEx((values > level).astype(np.uint8), cv2.MORPH_CLOSE, _CLOSING)
        count, _, stats, _ = cv2.connectedComponentsWithStats(above)
        for number in range(1, count):
            x, y, across, down, _ = (int(each) for each in stats[number])
            share = across * down / (width * height)
            if not _SMALLEST <= share <= _LARGEST or max(across, down) > _FLATTEST * min(across, down):
                continue
            x0, y0 = max(0, x - across // 4), max(0, y - down // 4)
            x1, y1 = min(width, x + across + across // 4), min(height, y + down + down // 4)
            inside = _sum(sums, x, y, x + across, y + down)
            ring = (_sum(sums, x0, y0, x1, y1) - inside) / max(1, (x1 - x0) * (y1 - y0) - across * down)
            sureness = (inside / (across * down) - ring) * share**0.3
            found.append((sureness, Box(x / width, y / height, across / width, down / height)))
    return found


def _sum(sums: NDArray[np.float64], x0: int, y0: int, x1: int, y1: int) -> float:
    return float(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0])


def _distinct(boxes: list[Box], most: int) -> list[Box]:
    kept: list[Box] = []
    for box in boxes:
        if len(kept) == most:
            break
        if all(box.shared(other) < _SAME_BOX for other in kept):
            kept.append(box)
    return kept


def _tiles(aspect: float) -> list[Box]:
    """Squares of the picture's height, of two thirds and of half of it, half a side apart."""
    boxes = []
    for part in (1.0, 2 / 3, 1 / 2):
        across, down = (part / aspect, part) if aspect >= 1 else (part, part * aspect)
        for y in np.linspace(0, 1 - down, max(1, round(2 * (1 - down) / down) + 1)):
            for x in np.linspace(0, 1 - across, max(1, round(2 * (1 - across) / across) + 1)):
                boxes.append(Box(float(x), float(y), across, down))
    return boxes
