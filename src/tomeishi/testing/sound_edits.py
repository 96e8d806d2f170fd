"""Changes to sound that people and services make: codecs, filters, rooms, noise, tempo, pitch, speed, a voice over it.

Sound is mono float32 in [-1, 1] at `rate_hz`. Every change is seeded by `rng` and says how it moves time: what is
heard at second t of the result was at second `slope` * t of what went in.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from tomeishi.errors import BadInput

Sound = NDArray[np.float32]

_PIECE = 4096


@dataclass(frozen=True, slots=True)
class SoundEdit:
    """One change, with the slope that it gives the time axis."""

    slope: float
    apply: Callable[[Sound, int, np.random.Generator], Sound]


def filtered(sound: Sound, rate_hz: int, filters: str, out_hz: int | None = None) -> Sound:
    """`sound` through a chain of FFmpeg's audio filters, at `rate_hz` again, or at `out_hz`."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="flt", sample_rate=rate_hz, layout="mono", time_base=Fraction(1, rate_hz))
    chain = [source]
    for words in [
        *filters.split(","),
        f"aresample={out_hz or rate_hz}",
        "aformat=sample_fmts=flt:channel_layouts=mono",
    ]:
        name, _, settings = words.partition("=")
        chain.append(graph.add(name, settings))
    chain.append(graph.add("abuffersink"))
    graph.link_nodes(*chain).configure()
    out: list[Sound] = []

    def take() -> None:
        while True:
            try:
                frame = graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            if isinstance(frame, AudioFrame):
                out.append(frame.to_ndarray().reshape(-1).astype(np.float32))

    for start in range(0, len(sound), _PIECE):
        graph.push(_frame(sound[start : start + _PIECE], rate_hz, start))
        take()
    graph.push(None)
    take()
    return np.concatenate(out) if out else np.zeros(0, np.float32)


def coded(sound: Sound, rate_hz: int, codec: str, form: str, bit_rate: int) -> Sound:
    """`sound` encoded in memory and decoded again."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout="mono")
        if not isinstance(stream, av.AudioStream):
            raise BadInput(f"{codec} does not encode sound")
        stream.bit_rate = bit_rate
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate_hz)
        for start in range(0, len(sound), _PIECE):
            for piece in resampler.resample(_frame(sound[start : start + _PIECE], rate_hz, start)):
                container.mux(stream.encode(piece))
        for piece in resampler.resample(None):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as again:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
        pieces = [each.to_ndarray() for frame in again.decode(audio=0) for each in resampler.resample(frame)]
    return np.concatenate(pieces, axis=1).reshape(-1)[: len(sound)].astype(np.float32)


def pitched(sound: Sound, rate_hz: int, cents: float) -> Sound:
    """Higher or lower by `cents`, at the same tempo."""
    factor = 2 ** (cents / 1200)
    return filtered(sound, rate_hz, f"asetrate={round(rate_hz * factor)},aresample={rate_hz},atempo={1 / factor:.6f}")


def noisy(sound: Sound, rng: np.random.Generator, ratio_db: float) -> Sound:
    """White noise over it, `ratio_db` weaker than the sound itself."""
    power = float(np.mean(sound.astype(np.float64) ** 2)) + 1e-12
    noise = rng.standard_normal(len(sound)) * np.sqrt(power / 10 ** (ratio_db / 10))
    return np.asarray(sound + noise, dtype=np.float32)


def in_a_room(sound: Sound, rate_hz: int, rng: np.random.Generator, decay_s: float = 0.6) -> Sound:
    """As heard in a room: the direct sound, and a decaying diffuse tail about as strong."""
    t = np.arange(int(decay_s * rate_hz)) / rate_hz
    tail = rng.standard_normal(len(t)) * np.exp(-6.9 * t / decay_s)
    tail *= 1.0 / np.sqrt((tail**2).sum())
    tail[0] += 1.0
    size = len(sound) + len(tail)
    heard = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound)]
    return np.asarray(heard / max(1.0, float(np.abs(heard).max())), dtype=np.float32)


def voice(seconds: float, rate_hz: int, rng: np.random.Generator) -> Sound:
    """Something with the rhythm and colour of speech: voiced syllables with formants, hissing consonants, pauses."""
    count = int(seconds * rate_hz)
    out = np.zeros(count + rate_hz)
    at, pitch = 0, float(rng.uniform(95, 210))
    while at < count:
        length = int(rng.uniform(0.11, 0.28) * rate_hz)
        t = np.arange(length) / rate_hz
        glide = pitch * 2 ** (rng.uniform(-0.25, 0.25) + rng.uniform(-0.2, 0.2) * t / t[-1])
        phase = 2 * np.pi * np.cumsum(glide) / rate_hz
        formants = (rng.uniform(300, 800), rng.uniform(900, 2200), rng.uniform(2300, 3000))
        syllable = np.zeros(length)
        for harmonic in range(1, int(3600 / pitch)):
            near = sum(np.exp(-(((harmonic * pitch - f) / (90 + 0.06 * f)) ** 2)) for f in formants)
            syllable += (near + 0.02) / harmonic**0.5 * np.sin(harmonic * phase)
        hiss = int(rng.uniform(0.02, 0.07) * rate_hz)
        syllable[:hiss] += 0.25 * rng.standard_normal(hiss)
        out[at : at + length] += (syllable * np.abs(np.sin(np.pi * t / t[-1])) ** 0.6)[: len(out) - at]
        at += length + int((rng.uniform(0.15, 0.5) if rng.random() < 0.15 else rng.uniform(0, 0.05)) * rate_hz)
    return (out[:count] / max(1e-6, float(np.abs(out[:count]).max()))).astype(np.float32)


def spoken_over(sound: Sound, rate_hz: int, rng: np.random.Generator) -> Sound:
    """A voice over it, as loud as the sound itself."""
    speech = voice(len(sound) / rate_hz, rate_hz, rng)[: len(sound)]
    level = float(np.sqrt(np.mean(sound.astype(np.float64) ** 2)))
    own = float(np.sqrt(np.mean(speech.astype(np.float64) ** 2))) + 1e-9
    return (sound[: len(speech)] + speech * (level / own)).astype(np.float32)


def _tempo(factor: float) -> SoundEdit:
    return SoundEdit(factor, lambda sound, rate, rng: filtered(sound, rate, f"atempo={factor}"))


def _pitch(cents: float) -> SoundEdit:
    return SoundEdit(1.0, lambda sound, rate, rng: pitched(sound, rate, cents))


def _speed(factor: float) -> SoundEdit:
    return SoundEdit(factor, lambda sound, rate, rng: filtered(sound, rate, f"asetrate={round(rate * factor)}"))


SOUND_EDITS: dict[str, SoundEdit] = {
    "as it is": SoundEdit(1.0, lambda sound, rate, rng: sound),
    "mp3 48k": SoundEdit(1.0, lambda sound, rate, rng: coded(sound, rate, "libmp3lame", "mp3", 48_000)),
    "low-pass 2 kHz": SoundEdit(1.0, lambda sound, rate, rng: filtered(sound, rate, "lowpass=f=2000,lowpass=f=2000")),
    "phone band": SoundEdit(
        1.0,
        lambda sound, rate, rng: filtered(
            sound, rate, "highpass=f=300,highpass=f=300,lowpass=f=3400,lowpass=f=3400,aresample=8000"
        ),
    ),
    "reverb": SoundEdit(1.0, in_a_room),
    "noise 10 dB": SoundEdit(1.0, lambda sound, rate, rng: noisy(sound, rng, 10)),
    "noise 0 dB": SoundEdit(1.0, lambda sound, rate, rng: noisy(sound, rng, 0)),
    "tempo 1.03": _tempo(1.03),
    "tempo 1.05": _tempo(1.05),
    "tempo 1.10": _tempo(1.10),
    "pitch +30 cents": _pitch(30),
    "pitch +100 cents": _pitch(100),
    "speed 1.02": _speed(1.02),
    "speed 1.05": _speed(1.05),
    "speech over it": SoundEdit(1.0, spoken_over),
}
"""By name, in the order of the tables."""


def _frame(samples: Sound, rate_hz: int, at: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, at, Fraction(1, rate_hz)
    return frame
