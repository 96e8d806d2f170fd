"""Tiny films whose frames carry their own number, so that a test can tell which frame it was given."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
WIDTH, HEIGHT, BITS = 160, 96, 8


def numbered(number: int) -> Pixels:
    """Eight columns, light for a 1 and dark for a 0 of `number`, above a grey floor."""
    pixels = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    for bit in range(BITS):
        pixels[: HEIGHT // 2, bit * 20 : (bit + 1) * 20] = 220 if number >> bit & 1 else 30
    return pixels


def number_of(pixels: Pixels) -> int:
    """The number that a picture of `numbered` carries, at any size and after any codec."""
    height, width = pixels.shape[:2]
    row = pixels[height // 4].astype(int).mean(axis=1)
    return sum(int(row[int((bit + 0.5) * width / BITS)] > 125) << bit for bit in range(BITS))


def _write(
    path: Path,
    times: Sequence[Fraction | float],
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
    draw: Callable[[int], Pixels] = numbered,
    tone_s: float = 0.0,
    pixel_format: str = "yuv420p",
) -> Path:
    base = Fraction(1, 24000)
    with av.open(path, "w") as container:
        first = draw(0)
        stream: Any = container.add_stream(codec, rate=24, options=options or {})
        stream.width, stream.height = first.shape[1], first.shape[0]
        stream.pix_fmt = pixel_format
        stream.thread_count = 1
        stream.time_base = stream.codec_context.time_base = base
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        sound: Any = container.add_stream("aac", rate=48000, layout="mono") if tone_s else None
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(draw(number), format="rgb24")
            frame.pts, frame.time_base = round(Fraction(time) / base), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            wave = np.sin(2 * np.pi * 440 * np.arange(int(48000 * tone_s)) / 48000).astype(np.float32) / 2
            samples = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
            samples.sample_rate = 48000
            container.mux(sound.encode(samples))
            container.mux(sound.encode(None))
    return path


@pytest.fixture
def write() -> Callable[..., Path]:
    """Writes a numbered film with a frame at each of the given times."""
    return _write


@pytest.fixture
def read_number() -> Callable[[Pixels], int]:
    return number_of
