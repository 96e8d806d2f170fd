from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tomeishi.config import Limits
from tomeishi.errors import BadInput, UnreadableMedia
from tomeishi.media.sound import sound

Write = Callable[..., Path]
LIMITS = Limits()
EVEN = [Fraction(number, 24) for number in range(48)]


def tone(path: Path, seconds: float, *, channels: int = 1, codec: str = "pcm_s16le") -> Path:
    """440 Hz at half height on the left, silence on the right."""
    wave = np.sin(2 * np.pi * 440 * np.arange(int(44100 * seconds)) / 44100) / 2
    samples = np.zeros((channels, wave.size))
    samples[0] = wave
    with av.open(path, "w") as container:
        stream: Any = container.add_stream(codec, rate=44100, layout="mono" if channels == 1 else "stereo")
        for start in range(0, wave.size, 4410):
            piece = (samples[:, start : start + 4410] * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(piece.T.reshape(1, -1), format="s16", layout=stream.layout.name)
            frame.sample_rate, frame.pts, frame.time_base = 44100, start, Fraction(1, 44100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def strongest_hz(samples: np.ndarray[Any, Any], rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.fft.rfftfreq(samples.size, 1 / rate_hz)[spectrum.argmax()])


def test_sound_comes_as_mono_floats_at_the_rate_asked_for(tmp_path: Path) -> None:
    heard = sound(tone(tmp_path / "a.wav", 2), 16000, LIMITS)
    assert heard.samples.dtype == np.float32
    assert heard.samples.size == pytest.approx(32000, abs=32)
    assert strongest_hz(heard.samples, 16000) == pytest.approx(440, abs=1)
    assert np.abs(heard.samples).max() == pytest.approx(0.5, abs=0.02)
    assert (heard.rate_hz, heard.start_s, heard.partial) == (16000, 0.0, None)


def test_all_channels_are_mixed(tmp_path: Path) -> None:
    heard = sound(tone(tmp_path / "a.wav", 1, channels=2), 16000, LIMITS)
    assert np.abs(heard.samples).max() == pytest.approx(0.25, abs=0.02)


def test_the_sound_of_a_film_is_on_the_films_clock(tmp_path: Path, write: Write) -> None:
    film = write(tmp_path / "a.mp4", EVEN, tone_s=2)
    heard = sound(film, 16000, LIMITS)
    assert heard.start_s == pytest.approx(0, abs=0.05)
    assert heard.start_s + heard.samples.size / 16000 == pytest.approx(2, abs=0.06)
    assert strongest_hz(heard.samples[4000:28000], 16000) == pytest.approx(440, abs=1)


def test_a_hole_in_the_time_stamps_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(path, "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for start in (0, 8000 * 3):
            frame = av.AudioFrame.from_ndarray(np.full((1, 8000), 16384, np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, start, Fraction(1, 8000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    heard = sound(path, 8000, LIMITS)
    assert heard.samples.size == pytest.approx(8000 * 4, abs=80)
    assert np.abs(heard.samples[9000:23000]).max() == 0
    assert heard.samples[25000] == pytest.approx(0.5, abs=0.01)


def test_sound_cut_off_is_partial(tmp_path: Path) -> None:
    whole = tone(tmp_path / "a.mkv", 10).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    heard = sound(tmp_path / "cut.mkv", 8000, LIMITS)
    assert heard.partial is not None
    assert heard.partial.until == pytest.approx(5, abs=0.1)


def test_only_as_much_is_heard_as_the_limit_allows(tmp_path: Path) -> None:
    heard = sound(tone(tmp_path / "a.wav", 4), 8000, Limits(duration_s=2))
    assert heard.samples.size / 8000 == pytest.approx(2, abs=0.3)
    assert heard.partial is not None


def test_a_silent_film_has_no_sound(tmp_path: Path, write: Write) -> None:
    with pytest.raises(UnreadableMedia, match=r"a\.mp4: holds pictures and no sound"):
        sound(write(tmp_path / "a.mp4", EVEN[:12]), 16000, LIMITS)


def test_a_senseless_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        sound(tmp_path / "a.wav", 0, LIMITS)
