"""Letterbox and pillarbox removal: the picture inside a uniform frame of any colour.

Each sample is judged alone, never by its neighbours in the film: a descriptor is pure, so that a still taken from
a film has the very row that the film has there, and rows can be made while frames are still arriving. The price is
a frame too dark for its bars to be told from it: it keeps them. The opposite error, eating a dark or plain scene,
would make unlike frames alike, so a border has to satisfy all of this:

- its lines are of one colour from the sample's edge inwards, but for coding noise;
- it ends in a straight edge, across which a third of the line or more changes colour at once, and stays changed
  over the next eighth of the side, which lines of text mostly don't;
- its opposite side has the same colour and the same depth, or would have but for a picture that is dark there;
- it is between 1/50 and 21/50 of the side deep.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CELLS = 64
"""Every line is averaged into this many cells, which takes most of the noise away and keeps the depth exact."""
TOLERANCE = 14.0
"""Levels that a border's cell may stray from its colour: ringing, blocking and noise of poor encodes."""
UNIFORM_SHARE = 0.97
"""Share of a border line's cells that keep the tolerance; the rest may be dust or a speck of a logo."""
EDGE_SHARE = 1 / 3
"""Share of cells that change colour where the border ends, there and on average behind it."""
BEHIND = 1 / 8
"""Share of the side that is looked at behind the edge."""
SOFTEST_EDGE = 0.03
"""Share of the side over which a coder may have smeared that edge."""
SHALLOWEST = 0.02
DEEPEST = 0.42

_LUMA_AND_CHANNELS = np.array(
    [[0.299, 0.4, 0.0, 0.0], [0.587, 0.0, 0.4, 0.0], [0.114, 0.0, 0.0, 0.4]],
    np.float32,
)
"""Differences as luma, and at two fifths as single channels: coders smear colour much further than light."""

Sample = NDArray[np.uint8]


def unborder(samples: NDArray[np.uint8]) -> list[Sample]:
    """Views of samples (n, height, width, 3) without their borders: n pictures, each of its own size.

    A sample without borders comes back whole, and so does a blank one.
    """
    return [_without_bars(sample) for sample in samples]


def _without_bars(sample: Sample) -> Sample:
    """Bars above and below first, then those at the sides of what is left: a window box has both."""
    depth = _depth(cv2.resize(sample, (CELLS, sample.shape[0]), interpolation=cv2.INTER_AREA))
    sample = sample[depth : sample.shape[0] - depth]
    # INTER_AREA falls back to bilinear where one side grows: a sample narrower than CELLS is only repeated.
    columns = cv2.resize(sample, (sample.shape[1], CELLS), interpolation=cv2.INTER_AREA).transpose(1, 0, 2)
    depth = _depth(columns)
    return sample[:, depth : sample.shape[1] - depth]


def _depth(lines: NDArray[Any]) -> int:
    """Lines taken by a border at either end of (lines, CELLS, 3); 0 for none."""
    count = len(lines)
    edges = np.concatenate([lines[:1], lines[-1:]]).astype(np.float32)
    colours = np.median(edges, axis=1)
    if np.abs(colours[0] - colours[1]).max() > TOLERANCE:
        return 0
    away = np.abs((lines.astype(np.float32) - colours.mean(axis=0)) @ _LUMA_AND_CHANNELS).max(axis=2)
    share = (away > TOLERANCE).mean(axis=1)
    first, last = _run(share), _run(share[::-1])
    # The shallower side decides: where the other runs deeper, the picture itself is dark there.
    inwards = share if first <= last else share[::-1]
    depth = min(first, last)
    sharp = inwards[depth : depth + max(2, round(count * SOFTEST_EDGE))] >= EDGE_SHARE
    if not SHALLOWEST * count <= depth <= DEEPEST * count or not sharp.any():
        return 0
    depth += int(np.argmax(sharp))
    return depth if inwards[depth : depth + max(2, round(count * BEHIND))].mean() >= EDGE_SHARE else 0


def _run(share: NDArray[np.float64]) -> int:
    """Uniform lines from the start."""
    uniform = share <= 1 - UNIFORM_SHARE
    return int(len(uniform) if uniform.all() else np.argmin(uniform))
