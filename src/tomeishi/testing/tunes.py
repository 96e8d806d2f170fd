"""Procedural music: a melody over chords, bass and brushes, one tune for each seed."""

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 6, 7, 9, 11), (0, 2, 3, 5, 7, 9, 10))
_PROGRESSIONS = ((0, 4, 5, 3), (0, 5, 3, 4), (3, 4, 2, 5), (0, 3, 1, 4), (5, 3, 0, 4), (0, 2, 3, 4), (1, 4, 0, 5))
# Strength of the harmonics 1, 2, 3...: music box, clarinet, plucked string, whistle, toy organ.
_TIMBRES = ((1, 0, 0.4, 0, 0.15), (1, 0.05, 0.6, 0.05, 0.3), (1, 0.6, 0.35, 0.2, 0.1), (1, 0.1), (1, 0.7, 0, 0.5))


def tune(seed: int, duration_s: float, rate_hz: int) -> Sound:
    """Mono samples in [-1, 1], exactly `round(duration_s * rate_hz)` of them."""
    rng = np.random.default_rng([seed, 0x70E])
    beat_s = 60.0 / rng.uniform(84, 148)
    scale = _SCALES[rng.integers(len(_SCALES))]
    key = 57 + int(rng.integers(0, 12))
    chords = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    voice, harmony = (_TIMBRES[i] for i in rng.permutation(len(_TIMBRES))[:2])
    decay = rng.uniform(2.0, 6.0)
    out = np.zeros(round(duration_s * rate_hz), np.float32)
    degree = int(rng.integers(4, 9))
    motif = [(int(rng.integers(-2, 3)), float(rng.choice([0.5, 0.5, 1.0, 1.0, 1.5]))) for _ in range(5)]
    bars = int(duration_s / (4 * beat_s)) + 1
    for bar in range(bars):
        start = bar * 4 * beat_s
        root = chords[bar % len(chords)]
        for third in (0, 2, 4):
            _note(out, rate_hz, start, 3.8 * beat_s, _pitch(key - 12, scale, root + third), harmony, 0.055, 1.2)
        for step in range(4):
            lift = (0, 4, 0, 2)[step]
            _note(
                out,
                rate_hz,
                start + step * beat_s,
                0.9 * beat_s,
                _pitch(key - 24, scale, root + lift),
                (1, 0.4),
                0.16,
                3,
            )
            _brush(out, rng, rate_hz, start + (step + 0.5) * beat_s)
        at = 0.0
        if bar % 4 == 3:
            motif = [(int(rng.integers(-2, 3)), length) for _, length in motif]
        for leap, length in motif:
            degree = min(12, max(2, degree + leap))
            if at == 0.0:  # the bar's first note belongs to its chord
                degree = min((root + k for k in (0, 2, 4, 7, 9, 11)), key=lambda d: abs(d - degree))
            if at + length <= 4:
                pitch = _pitch(key, scale, degree)
                _note(out, rate_hz, start + at * beat_s, length * beat_s * 0.95, pitch, voice, 0.22, decay)
            at += length
    fade = min(len(out), round(0.25 * rate_hz))
    out[len(out) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return np.clip(out, -1, 1)


def _pitch(key: int, scale: tuple[int, ...], degree: int) -> float:
    """Hertz of a scale degree above MIDI note `key`."""
    octave, step = divmod(degree, len(scale))
    return float(440.0 * 2 ** ((key + 12 * octave + scale[step] - 69) / 12))


def _note(
    out: Sound,
    rate_hz: int,
    start_s: float,
    length_s: float,
    pitch_hz: float,
    timbre: tuple[float, ...],
    volume: float,
    decay: float,
) -> None:
    first = round(start_s * rate_hz)
    count = min(round(length_s * rate_hz), len(out) - first)
    if count <= 0:
        return
    t = np.arange(count, dtype=np.float32) / np.float32(rate_hz)
    wave = np.zeros(count, np.float32)
    for harmonic, strength in enumerate(timbre, start=1):
        if strength and harmonic * pitch_hz < rate_hz * 0.45:
            wave += np.float32(strength) * np.sin(np.float32(2 * np.pi * harmonic * pitch_hz) * t)
    attack, release = np.minimum(1, t * 120), np.minimum(1, (t[-1] - t) * 60)
    out[first : first + count] += np.float32(volume) * wave * np.exp(-np.float32(decay) * t) * attack * release


def _brush(out: Sound, rng: np.random.Generator, rate_hz: int, start_s: float) -> None:
    first = round(start_s * rate_hz)
    count = min(round(0.06 * rate_hz), len(out) - first)
    if count > 0:
        t = np.arange(count, dtype=np.float32) / np.float32(rate_hz)
        out[first : first + count] += (rng.random(count, np.float32) - 0.5) * np.float32(0.12) * np.exp(-70 * t)
