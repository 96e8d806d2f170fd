"""Landmarks of sound: where they are, and where there are none."""

import numpy as np
import pytest

from tomeishi.fingerprint.audio import BINS_PER_OCTAVE, RATE_HZ, Sound, fingerprint_of, landmarks, marks_in
from tomeishi.fingerprint.fingerprint import Fingerprint
from tomeishi.testing.tunes import tune

TUNE = tune(11, 60.0, RATE_HZ)


def tones(hertz: float, seconds: float = 4.0) -> Sound:
    """A short tone every half second."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (0.5 * np.sin(2 * np.pi * hertz * t) * np.exp(-8 * (t % 0.5))).astype(np.float32)


def test_music_has_some_thirty_landmarks_a_second() -> None:
    marks = landmarks([TUNE])
    assert 15 * 60 < len(marks) < 35 * 60
    assert (np.diff(marks.times_s) >= 0).all()


def test_where_the_sound_is_cut_into_pieces_changes_nothing() -> None:
    whole = landmarks([TUNE])
    cut = landmarks(np.split(TUNE, np.sort(np.random.default_rng(1).integers(0, len(TUNE), 40))))
    assert np.array_equal(whole.times_s, cut.times_s)
    assert np.array_equal(whole.bins, cut.bins)


def test_a_tone_lies_at_its_moment_and_an_octave_higher_twice_as_high() -> None:
    low, high = (landmarks([tones(hertz)]) for hertz in (440.0, 880.0))
    strongest = low.where(low.strength > low.strength.max() - 6)
    assert np.abs(strongest.bins - BINS_PER_OCTAVE * np.log2(440 / 200)).max() < 0.6
    assert {round(t * 2) for t in strongest.times_s} >= {1, 2, 3, 4, 5, 6}
    higher = high.where(high.strength > high.strength.max() - 6)
    assert np.median(higher.bins) - np.median(strongest.bins) == pytest.approx(BINS_PER_OCTAVE, abs=0.6)


@pytest.mark.parametrize("length", [0, 1, 100, 5 * RATE_HZ])
def test_silence_has_no_landmarks(length: int) -> None:
    assert len(landmarks([np.zeros(length, np.float32)])) == 0


def test_the_sound_of_nothing_at_all_has_no_landmarks() -> None:
    assert len(landmarks([])) == 0


def test_half_as_loud_has_nearly_the_same_landmarks() -> None:
    loud, quiet = landmarks([TUNE]), landmarks([TUNE * np.float32(0.5)])
    shared = set(zip(loud.times_s, np.rint(loud.bins), strict=True)) & set(
        zip(quiet.times_s, np.rint(quiet.bins), strict=True)
    )
    assert len(shared) > 0.85 * len(loud)


def test_a_fingerprint_keeps_landmarks_to_a_hundredth_of_a_bin() -> None:
    marks = landmarks([TUNE])
    data = fingerprint_of(marks, 0.25, 60.25).to_bytes()
    kept = marks_in(Fingerprint.from_bytes(data))
    assert np.allclose(kept.times_s, marks.times_s + 0.25)
    assert np.abs(kept.bins - marks.bins).max() < 0.01
    assert np.abs(kept.strength - np.minimum(marks.strength, 60)).max() < 0.01
    assert len(data) / 60 < 600  # bytes a second
