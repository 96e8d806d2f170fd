"""Edits of sound do to it what their names say."""

import numpy as np
import pytest

from tomeishi.testing.sound_edits import SOUND_EDITS, Sound, noisy, voice

RATE_HZ = 22_050


def tone(hertz: float, seconds: float = 2.0) -> Sound:
    return (0.4 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def strongest_hz(sound: Sound) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.fft.rfftfreq(len(sound), 1 / RATE_HZ)[spectrum.argmax()])


@pytest.mark.parametrize("name", SOUND_EDITS)
def test_an_edit_lasts_as_long_as_its_slope_says_and_is_the_same_again(name: str) -> None:
    edit, sound = SOUND_EDITS[name], tone(500.0)
    once, again = (edit.apply(sound, RATE_HZ, np.random.default_rng(4)) for _ in range(2))
    assert len(once) / RATE_HZ == pytest.approx(2.0 / edit.slope, abs=0.08)
    assert np.array_equal(once, again)
    assert np.isfinite(once).all()


@pytest.mark.parametrize(
    ("name", "factor"),
    [("pitch +100 cents", 2 ** (1 / 12)), ("speed 1.05", 1.05), ("tempo 1.10", 1.0), ("mp3 48k", 1.0)],
)
def test_pitch_follows_pitch_and_speed_alone(name: str, factor: float) -> None:
    altered = SOUND_EDITS[name].apply(tone(500.0), RATE_HZ, np.random.default_rng(0))
    assert strongest_hz(altered) == pytest.approx(500.0 * factor, rel=0.01)


def test_noise_is_as_loud_as_asked() -> None:
    sound = tone(500.0)
    noise = noisy(sound, np.random.default_rng(0), 10.0) - sound
    assert 10 * np.log10(np.mean(sound**2) / np.mean(noise**2)) == pytest.approx(10, abs=0.3)


def test_a_voice_has_pauses_and_no_silence_throughout() -> None:
    speech = voice(10.0, RATE_HZ, np.random.default_rng(2))
    level = np.sqrt(np.mean(speech[: len(speech) // 100 * 100].reshape(100, -1) ** 2, axis=1))
    assert (level > 0.02).mean() > 0.5
    assert np.abs(speech).max() == pytest.approx(1.0, abs=0.01)
