"""Writes frames and sound into a media file, the container and codecs by the name's suffix."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tomeishi.errors import BadInput

SOUND_RATE_HZ = 48000

CODECS = {
    ".mp4": ("libx264", "aac"),
    ".mkv": ("libx264", "libopus"),
    ".webm": ("libvpx", "libopus"),
}
PICTURE_OPTIONS = {
    # Two B-frames that nothing refers to, and a key frame at least every two seconds of film.
    "libx264": {"preset": "superfast", "bf": "2", "b-pyramid": "none", "g": "48", "crf": "23"},
    "libvpx": {"deadline": "realtime", "cpu-used": "6", "g": "48", "crf": "12", "b": "2M"},
}


def write_media(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    rate_hz: float,
    sound: NDArray[np.float32] | None = None,
    bit_rate: int | None = None,
) -> None:
    """Encodes `frames` (uint8, (h, w, 3) RGB, even sides) and mono `sound` at 48 kHz beside them.

    `.mp4` H.264 + AAC, `.mkv` H.264 + Opus, `.webm` VP8 + Opus. `bit_rate`, in bits a second, replaces the
    constant quality. Same input, same bytes.
    """
    if path.suffix not in CODECS:
        raise BadInput(f"cannot write {path.name}: the name must end in {', '.join(CODECS)}")
    picture_codec, sound_codec = CODECS[path.suffix]
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise BadInput(f"cannot write {path.name}: there is not one frame")
    options = dict(PICTURE_OPTIONS[picture_codec])
    if bit_rate is not None:
        options.pop("crf")
        options["b"] = str(bit_rate)
    with av.open(path, "w", options={"fflags": "+bitexact"}) as container:
        rate = Fraction(rate_hz).limit_denominator(1001)
        picture = add_picture(container, picture_codec, rate, first.shape[1], first.shape[0], options)
        picture.thread_count = 1
        track = add_sound(container, sound_codec) if sound is not None else None
        written = 0
        for number, pixels in enumerate(chain([first], frames)):
            # OpenCV's conversion (BT.601, studio range) is several times faster than FFmpeg's.
            planes = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV_I420), np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(picture.encode(frame))
            if track is not None and sound is not None and number % 24 == 0:
                until = min(len(sound), int((number + 24) / rate * SOUND_RATE_HZ))
                _encode_sound(container, track, sound[written:until], written)
                written = until
        container.mux(picture.encode(None))
        if track is not None and sound is not None:
            _encode_sound(container, track, sound[written:], written)
            container.mux(track.encode(None))


def add_picture(
    container: OutputContainer, codec: str, rate: Fraction, width: int, height: int, options: Mapping[str, str]
) -> VideoStream:
    """A new 4:2:0 video stream; `rate` in frames a second."""
    stream = container.add_stream(codec, rate=rate, options=dict(options))
    if not isinstance(stream, VideoStream):
        raise BadInput(f"{codec} does not encode pictures")
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    return stream


def add_sound(container: OutputContainer, codec: str) -> AudioStream:
    """A new mono sound stream at 48 kHz."""
    stream = container.add_stream(codec, rate=SOUND_RATE_HZ, layout="mono")
    if not isinstance(stream, AudioStream):
        raise BadInput(f"{codec} does not encode sound")
    return stream


def _encode_sound(container: OutputContainer, track: AudioStream, samples: NDArray[np.float32], at: int) -> None:
    if not len(samples):
        return
    frame = av.AudioFrame.from_ndarray(np.clip(samples, -1, 1)[None, :], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE_HZ, at, Fraction(1, SOUND_RATE_HZ)
    container.mux(track.encode(frame))
