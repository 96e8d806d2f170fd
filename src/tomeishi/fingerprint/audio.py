"""Landmarks of sound: the places on a log-frequency spectrogram that stand out from what is around them.

Sound at RATE_HZ is looked at every HOP samples through two windows, a long one for low tones and a short one for high
ones, on an axis of BINS_PER_OCTAVE bins an octave: there a change of pitch is a shift, and a change of tempo a
stretch of the other axis. A landmark is a bin that no neighbour outdoes. The MOST_A_SECOND that stand out most around
any moment are kept, whatever the level: noise adds landmarks and seldom takes one. Pure: samples in, arrays out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.fingerprint.fingerprint import Fingerprint

Sound = NDArray[np.float32]

RATE_HZ = 8000
HOP = 128
FRAME_S = HOP / RATE_HZ
BINS_PER_OCTAVE = 36
BINS = 148
"""From 200 Hz up to 3.4 kHz: a telephone passes nearly all of it."""

SPEC = DescriptorSpec(
    name="sound",
    version=1,
    dim=16,
    metric=Metric.LANDMARKS,
    threshold=0.0,
    source="own: spectral landmarks on a log-frequency axis (docs/decisions/0016-sound-by-groups-of-landmarks.md)",
    weights_digest=None,
)
"""A row is one landmark: its place on the frequency axis in 256ths of a bin, unsigned, high byte first."""

_LOWEST_HZ = 200.0
_WINDOWS = ((2048, 0, 60), (1024, 60, BINS))
"""Samples of a window, and the bins that it is for."""
_LONGEST = max(size for size, _, _ in _WINDOWS)
_PIECE_FRAMES = 2048
_AROUND_FRAMES, _AROUND_BINS = 31, 30
"""How far around a bin its surroundings reach, on either side: half a second, and most of an octave."""
_BEYOND = _AROUND_FRAMES + 10
"""Frames that are looked at on either side of a piece, so that pieces join without a seam."""
_REACH_FRAMES, _REACH_BINS = 9, 4
"""Within 0.14 s and a semitone there is one landmark."""
_LEAST_DB = 3.0
_QUIET_DB = -75.0
"""Under full scale: digital silence, and the hum that a codec makes of it."""
_FLOOR = 1e-10
_MOST_A_SECOND = 30
_STRENGTH_DB = 60.0
"""What a quality of 1 stands for."""


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """n landmarks in order of time: seconds float64 (n,), bins float64 (n,), and decibel above what is around."""

    times_s: NDArray[np.float64]
    bins: NDArray[np.float64]
    strength: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.times_s)

    def where(self, kept: NDArray[np.bool_]) -> "Landmarks":
        return Landmarks(self.times_s[kept], self.bins[kept], self.strength[kept])


def landmarks(pieces: Iterable[Sound]) -> Landmarks:
    """Of sound at RATE_HZ that comes in pieces of any length; the result does not depend on where they are cut."""
    found = list(_found(_blocks(pieces)))
    frames = np.concatenate([each[0] for each in found]) if found else np.zeros(0, np.int64)
    bins = np.concatenate([each[1] for each in found]) if found else np.zeros(0, np.float64)
    strength = np.concatenate([each[2] for each in found]) if found else np.zeros(0, np.float32)
    everything = Landmarks(frames.astype(np.float64) * FRAME_S, bins, strength)
    return everything.where(_standing_out(frames, strength))


def fingerprint_of(marks: Landmarks, start_s: float, duration_s: float) -> Fingerprint:
    """As it is kept: `start_s` is when the sound begins, `duration_s` when the media ends."""
    places = np.clip(np.rint(marks.bins * 256), 0, 0xFFFF).astype(">u2")
    return Fingerprint.of(
        SPEC,
        times_s=marks.times_s + start_s,
        rows=places.view(np.uint8).reshape(-1, 2),
        quality=np.clip(marks.strength / _STRENGTH_DB, 0, 1).astype(np.float32),
        duration_s=duration_s,
    )


def landmarks_of(times_s: NDArray[np.float64], rows: NDArray[np.uint8], quality: NDArray[np.float32]) -> Landmarks:
    """What a fingerprint's columns say."""
    return Landmarks(times_s, bins_of(rows), (quality * _STRENGTH_DB).astype(np.float32))


def marks_in(fingerprint: Fingerprint) -> Landmarks:
    """The landmarks that a fingerprint keeps."""
    return landmarks_of(fingerprint.times_s, fingerprint.rows.astype(np.uint8, copy=False), fingerprint.quality)


def bins_of(rows: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Where landmarks lie on the frequency axis, (n,), by their rows (n, 2)."""
    return rows[:, 0] + rows[:, 1] / 256.0


def _blocks(pieces: Iterable[Sound]) -> Iterator[tuple[Sound, int, int, int]]:
    """Samples of _PIECE_FRAMES frames with what lies around them; frames that lead, count, and follow."""
    lead, around = 0, _BEYOND * HOP
    held = np.zeros(0, np.float32)
    wanted = _PIECE_FRAMES * HOP
    for piece in pieces:
        held = np.concatenate([held, piece])
        while len(held) >= lead * HOP + wanted + around + _LONGEST:
            yield held, lead, _PIECE_FRAMES, _BEYOND
            drop = lead * HOP + wanted - around
            held, lead = held[drop:], _BEYOND
    left = len(held) // HOP - lead
    if left > 0:
        yield held, lead, left, 0


def _found(
    blocks: Iterable[tuple[Sound, int, int, int]],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float32]]]:
    """Frames, bins and strengths of all local maxima."""
    at = 0
    for samples, lead, count, follow in blocks:
        level = _levels(samples, lead + count + follow)
        contrast = level - cv2.blur(
            level, (2 * _AROUND_BINS + 1, 2 * _AROUND_FRAMES + 1), borderType=cv2.BORDER_REFLECT
        )
        top = cv2.dilate(level, np.ones((2 * _REACH_FRAMES + 1, 2 * _REACH_BINS + 1), np.uint8))
        frames, bins = np.nonzero((level >= top) & (contrast >= _LEAST_DB) & (level > _QUIET_DB))
        kept = (bins > 0) & (bins < BINS - 1) & (frames >= lead) & (frames < lead + count)
        frames, bins = frames[kept], bins[kept]
        below, here, above = (level[frames, bins + step].astype(np.float64) for step in (-1, 0, 1))
        # The top of the parabola through three bins: tones seldom fall on the middle of one.
        exact = bins + np.clip(0.5 * (below - above) / np.minimum(below - 2 * here + above, -1e-3), -0.5, 0.5)
        yield (
            frames.astype(np.int64) - lead + at,
            np.asarray(exact, np.float64),
            contrast[frames, bins].astype(np.float32),
        )
        at += count


def _levels(samples: Sound, count: int) -> NDArray[np.float32]:
    """Decibel (count, BINS): 0 for a tone at full scale. Frame k is the sound around sample (k + 0.5) HOP."""
    out = np.empty((count, BINS), np.float32)
    padded = np.concatenate([np.zeros(_LONGEST, np.float32), samples, np.zeros(_LONGEST, np.float32)])
    for size, low, high in _WINDOWS:
        window = np.hanning(size + 1)[:-1].astype(np.float32)
        first = _LONGEST + HOP // 2 - size // 2
        frames = np.lib.stride_tricks.sliding_window_view(padded[first:], size)[::HOP][:count]
        power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
        out[:, low:high] = power @ _weights(size, low, high)
    return np.asarray(10 * np.log10(out + _FLOOR), dtype=np.float32)


def _weights(size: int, low: int, high: int) -> NDArray[np.float32]:
    """(size // 2 + 1, high - low): mean power of the frequencies around each bin, at least of two neighbouring ones."""
    centres = _LOWEST_HZ * 2 ** (np.arange(low - 1, high + 1) / BINS_PER_OCTAVE)
    step_hz = RATE_HZ / size
    hertz = np.arange(size // 2 + 1)[:, None] * step_hz
    middle = centres[1:-1]
    left, right = np.minimum(centres[:-2], middle - step_hz), np.maximum(centres[2:], middle + step_hz)
    slopes = np.minimum((hertz - left) / (middle - left), (right - hertz) / (right - middle)).clip(0)
    full_scale = (size / 4) ** 2
    return np.asarray(slopes / slopes.sum(axis=0) / full_scale, dtype=np.float32)


def _standing_out(frames: NDArray[np.int64], strength: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which are among the _MOST_A_SECOND strongest of the second around them."""
    reach = round(0.5 / FRAME_S)
    stronger = np.zeros(len(frames), np.int32)
    for step in range(1, len(frames)):
        near = frames[step:] - frames[:-step] <= reach
        if not near.any():
            break
        later = strength[step:] > strength[:-step]
        stronger[:-step] += near & later
        stronger[step:] += near & ~later
    return stronger < _MOST_A_SECOND
