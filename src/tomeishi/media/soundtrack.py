"""Sound, in the guarded process: decode, mix to mono, resample, hand over as 32-bit floats."""

from collections.abc import Iterator, Mapping
from typing import Any

import av
import av.error
from av.audio.frame import AudioFrame

from tomeishi.media.child import Emit, OutputSpent, Unreadable
from tomeishi.media.tracks import Clock, Damaged, Opened, decoded, description, packets, short_of

_GAP_S = 0.1
"""A hole in the time stamps that is filled with silence; smaller ones are rounding."""
_FLOAT_BYTES = 4
_SILENCE_AT_ONCE = 1 << 18
_AT_ONCE_BYTES = 1 << 15
"""A second of sound at 8 kHz: decoders give it in fiftieths, and each message costs both sides a switch."""


def describe_only(opened: Opened, emit: Emit) -> None:
    """Answer a task about pictures for a file that holds sound alone: what it is, and how long by its header."""
    reading = _Reading()
    if next(_frames(opened, reading), None) is None:
        raise Unreadable("holds no sound that could be decoded, and no picture")
    emit("info", **description(opened))
    emit("done", duration_s=opened.declared_s, partial=None)


class _Reading:
    def __init__(self) -> None:
        self.end_s = 0.0
        self.bad_packets = 0
        self.broke_off: str | None = None


def _frames(opened: Opened, reading: _Reading) -> Iterator[AudioFrame]:
    clock = Clock.of(opened.sound, opened)
    try:
        for packet in packets(opened, opened.sound):
            heard = decoded(packet)
            if heard is None:
                reading.bad_packets += 1
                continue
            reading.end_s = max(reading.end_s, clock.ends_s(packet) or 0.0)
            yield from heard
    except Damaged as error:
        reading.broke_off = str(error)


def answer(task: Mapping[str, Any], opened: Opened, emit: Emit) -> None:
    if opened.sound is None:
        raise Unreadable("holds pictures and no sound")
    rate_hz, limits = task["rate_hz"], task["limits"]
    resampler = _resampler(rate_hz)
    reading = _Reading()
    start_s: float | None = None
    sent = 0
    partial: tuple[str, float] | None = None

    waiting = bytearray()
    handed_over = 0

    def hand_over() -> None:
        nonlocal handed_over
        if waiting:
            emit("sound", bytes(waiting))
            handed_over += len(waiting) // _FLOAT_BYTES
            waiting.clear()

    def send(pieces: list[AudioFrame]) -> int:
        count = 0
        for piece in pieces:
            waiting.extend(memoryview(piece.planes[0])[: piece.samples * _FLOAT_BYTES])
            count += piece.samples
            if len(waiting) >= _AT_ONCE_BYTES:
                hand_over()
        return count

    try:
        for frame in _frames(opened, reading):
            if frame.pts is not None and frame.time_base is not None:
                time_s = float(frame.pts * frame.time_base) - opened.origin
                if start_s is None:
                    start_s = max(0.0, time_s)
                    emit("info", **description(opened))
                if time_s >= limits["duration_s"]:
                    partial = f"only the first {limits['duration_s']:.0f} s are listened to", limits["duration_s"]
                    break
                missing = round((time_s - start_s) * rate_hz) - sent
                if missing > _GAP_S * rate_hz:
                    hand_over()
                    sent += _send_silence(missing, emit)
                    handed_over = sent
            try:
                # Its time stamps are dropped: gaps are filled here, and the resampler would refuse a jump.
                frame.pts = None
                sent += send(resampler.resample(frame))
            except (av.error.FFmpegError, ValueError):
                # The layout or rate changed in the middle of the stream: start over with the new one.
                resampler = _resampler(rate_hz)
                sent += send(resampler.resample(frame))
        if sent:
            sent += send(resampler.resample(None))
        hand_over()
    except OutputSpent:
        sent = handed_over
        partial = f"the sound passed the limit of {limits['output_bytes']:,} bytes", (start_s or 0.0) + sent / rate_hz
    if not sent:
        raise Unreadable("holds no sound that could be decoded")
    end_s = (start_s or 0.0) + sent / rate_hz
    if partial is None and reading.broke_off is not None:
        partial = f"the file is damaged after {end_s:.1f} s: {reading.broke_off}", end_s
    if partial is None and opened.video is None:
        # In a film the sound may rightly end before the picture, so only a sound file is held to its header.
        short = short_of(opened, max(end_s, reading.end_s))
        partial = (short, end_s) if short else None
    if partial is None and reading.bad_packets:
        partial = f"{reading.bad_packets} pieces of sound could not be decoded", end_s
    emit("done", start_s=start_s or 0.0, partial=partial)


def _resampler(rate_hz: int) -> av.AudioResampler:
    # Without a largest value, channels are added up and mixed sound may reach far beyond 1.
    return av.AudioResampler(format="flt", layout="mono", rate=rate_hz, options={"rematrix_maxval": "1.0"})


def _send_silence(samples: int, emit: Emit) -> int:
    left = samples
    while left:
        now = min(left, _SILENCE_AT_ONCE)
        emit("sound", bytes(now * _FLOAT_BYTES))
        left -= now
    return samples
