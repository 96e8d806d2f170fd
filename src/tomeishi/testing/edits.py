"""Altered copies of a film, as people make them, with the truth of what was planted where.

A frame edit is a pure function of a uint8 (h, w, 3) RGB frame and its `Moment`; the same seed alters the same way.
Edits compose from left to right. Time is altered by `write_edited` alone: start, end and speed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, count, repeat
from math import ceil
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import BadInput
from tomeishi.testing import changes
from tomeishi.testing.changes import Moment, Pixels, fitted
from tomeishi.testing.recording import SOUND_RATE_HZ, write_media
from tomeishi.values import Interval


@dataclass(frozen=True, slots=True)
class Edit:
    """One way to alter a copy."""

    change: Callable[[Pixels, Moment], Pixels]
    what: str
    """In one line, with units."""
    needs_other: bool = False
    bit_rate: int | None = None
    """Bits a second that the copy is encoded with; None leaves the encoder's ordinary quality."""


@dataclass(frozen=True, slots=True)
class Planted:
    """The truth about an altered copy: `query` shows `reference`, in seconds of either file."""

    query: Interval
    reference: Interval

    @property
    def speed(self) -> float:
        """Reference seconds per query second."""
        return self.reference.length / self.query.length


def edited(frame: Pixels, edits: Sequence[str], moment: Moment) -> Pixels:
    """`frame` after `edits`, names of `EDITS`, one after the other."""
    return reduce(lambda pixels, name: _edit(name).change(pixels, moment), edits, frame)


def write_edited(
    source: Path,
    target: Path,
    edits: Sequence[str] = (),
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    speed: float = 1.0,
    other: Path | None = None,
    before: Path | None = None,
    after: Path | None = None,
    pad_s: float = 3.0,
    rate_hz: float = 24.0,
    seed: int = 0,
) -> Planted:
    """Writes an altered copy of `source` from `start_s` to `end_s` (None: to its end), and says what is where.

    `speed` in [0.5, 2]; sound runs along with it, its pitch too. `before` and `after` put `pad_s` seconds of another
    film, unaltered, on either side. `other` is the second film of the edits that need one. A film that is shorter than
    what is asked of it as `other`, `before` or `after` begins again. Suffixes as in `write_media`.
    """
    chosen = [_edit(name) for name in edits]
    if not 0.5 <= speed <= 2.0:
        raise BadInput(f"speed {speed} is outside 0.5 to 2")
    if other is None and any(edit.needs_other for edit in chosen):
        raise BadInput(f"{', '.join(edits)}: an edit here shows a second film; give `other`")
    whole_s = length_s(source)
    reference = Interval(start_s, whole_s if end_s is None else end_s)
    if reference.end > whole_s + 1e-3:
        raise BadInput(f"{source.name} is {whole_s:.3f} s long; it cannot be copied up to {reference.end} s")
    frames = ceil(round(reference.length / speed * rate_hz, 6))
    pad = round(pad_s * rate_hz)
    lead = pad if before is not None else 0
    rates = [edit.bit_rate for edit in chosen if edit.bit_rate is not None]

    def altered() -> Iterator[Pixels]:
        others = repeat(None) if other is None else _shown(_around(other), 0.0, 1 / rate_hz, frames)
        seen = pictures(source, start_s, speed / rate_hz, frames)
        for number, (frame, second) in enumerate(zip(seen, others, strict=False)):
            yield _even(edited(frame, edits, Moment(seed, number / rate_hz, second)))

    def padding(path: Path | None, size: tuple[int, int]) -> Iterator[Pixels]:
        if path is not None:
            yield from (fitted(frame, *size) for frame in _shown(_around(path), 0.0, 1 / rate_hz, pad))

    def whole() -> Iterator[Pixels]:
        body = altered()
        first = next(body)
        size = (first.shape[1], first.shape[0])
        yield from padding(before, size)
        yield from chain([first], body)
        yield from padding(after, size)

    tracks = [_sound(source, start_s, frames / rate_hz, speed)]
    if before is not None:
        tracks.insert(0, _sound(before, 0.0, pad / rate_hz, 1.0))
    if after is not None:
        tracks.append(_sound(after, 0.0, pad / rate_hz, 1.0))
    write_media(target, whole(), rate_hz=rate_hz, sound=np.concatenate(tracks), bit_rate=min(rates, default=None))
    return Planted(query=Interval(lead / rate_hz, lead / rate_hz + reference.length / speed), reference=reference)


def clip(source: Path, target: Path, start_s: float, end_s: float) -> Planted:
    """Writes an unaltered, newly encoded stretch of `source`."""
    return write_edited(source, target, start_s=start_s, end_s=end_s)


def pictures(source: Path, start_s: float, step_s: float, wanted: int) -> Iterator[Pixels]:
    """The pictures of `source` on screen at start_s + k * step_s for k under `wanted`; the last one stays."""
    return _shown(_decoded(source, start_s), start_s, step_s, wanted)


def length_s(path: Path) -> float:
    """End of the last frame, or of the sound where the container says only that."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        last, frame_s = 0.0, 1 / float(stream.average_rate or 24)
        for packet in container.demux(stream):
            if packet.pts is not None and packet.time_base:
                last = max(last, float(packet.pts * packet.time_base))
        return last + frame_s


def _edit(name: str) -> Edit:
    if name not in EDITS:
        raise BadInput(f"no edit is called {name!r}; there are {', '.join(EDITS)}")
    return EDITS[name]


EDITS: Mapping[str, Edit] = MappingProxyType(
    {
        "reencode": Edit(changes.reencode, "encoded anew at 150 kbit/s", bit_rate=150_000),
        "downscale_quarter": Edit(changes.downscale_quarter, "a quarter of the width and height"),
        "grey": Edit(changes.grey, "no colour (BT.601 luma)"),
        "brightness_contrast": Edit(
            changes.brightness_contrast, "contrast x 1.35 and 28 levels up, or x 0.7 and 18 down, by seed"
        ),
        "blur": Edit(changes.blur, "Gaussian blur, sigma 1/144 of the height"),
        "noise": Edit(changes.noise, "Gaussian noise, sigma 18 grey levels"),
        "aspect": Edit(changes.aspect, "squeezed to 3/4 of its width"),
        "logo": Edit(changes.logo, "a logo of 1/6 of the height in a corner, by seed"),
        "caption": Edit(changes.caption, "one line of white text with a black edge, at the foot or the head by seed"),
        "crop_5": Edit(changes.crop_5, "5 % of width and height cut off on each side"),
        "crop_25": Edit(changes.crop_25, "25 % of the area cut off, keeping the proportions; where, by seed"),
        "letterbox": Edit(changes.letterbox, "black bars of 1/6 of the height above and below"),
        "pad_20": Edit(changes.pad_20, "a plain border of 20 % on each side, its colour by seed"),
        "mirror": Edit(changes.mirror, "left and right exchanged"),
        "rotate_5": Edit(changes.rotate_5, "turned by 5 degrees, black corners; left or right by seed"),
        "rotate_90": Edit(changes.rotate_90, "turned by 90 degrees; left or right by seed"),
        "hue": Edit(changes.hue, "hue turned by 60 degrees"),
        "picture_in_picture": Edit(
            changes.picture_in_picture, "at 45 % of width and height in a corner of another film", needs_other=True
        ),
        "stacked": Edit(
            changes.stacked, "above, below, left or right of another film, by seed; both at full size", needs_other=True
        ),
        "overlay_50": Edit(changes.overlay_50, "another film laid over it at 50 %", needs_other=True),
        "screen_in_screen": Edit(
            changes.screen_in_screen, "on a television seen at an angle in a drawn room; about half of the picture"
        ),
    }
)


def _even(frame: Pixels) -> Pixels:
    """Chroma at half resolution needs even sides: an odd last row or column goes."""
    return np.ascontiguousarray(frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2])


Timed = Iterator[tuple[float, av.VideoFrame]]


def _decoded(path: Path, start_s: float = 0.0) -> Timed:
    """Frames with their times from the start of the picture, beginning at or before `start_s`."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        if start_s > 0:
            container.seek(int(start_s * 1_000_000), backward=True)
        begin = float((stream.start_time or 0) * (stream.time_base or 0))
        for frame in container.decode(stream):
            yield float(frame.time or 0.0) - begin, frame


def _around(path: Path) -> Timed:
    """A film again and again."""
    whole_s = length_s(path)
    for turn in count():
        for time_s, frame in _decoded(path):
            yield turn * whole_s + time_s, frame


def _shown(film: Timed, start_s: float, step_s: float, wanted: int) -> Iterator[Pixels]:
    """The pictures on screen at start_s + k * step_s for k under `wanted`; the last one stays."""
    given, current = 0, None
    for time_s, frame in film:
        while current is not None and given < wanted and start_s + given * step_s < time_s - 1e-4:
            yield np.asarray(current.to_ndarray(format="rgb24"), np.uint8)
            given += 1
        if given == wanted:
            return
        current = frame
    if current is None:
        raise BadInput(f"no picture at {start_s} s")
    for _ in range(given, wanted):
        yield np.asarray(current.to_ndarray(format="rgb24"), np.uint8)


def _sound(path: Path, start_s: float, length_s: float, speed: float) -> NDArray[np.float32]:
    """Mono at 48 kHz, `length_s` seconds of it, read at `speed`; silence where there is none."""
    wanted = np.zeros(round(length_s * SOUND_RATE_HZ), np.float32)
    with av.open(path) as container:
        if not container.streams.audio:
            return wanted
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SOUND_RATE_HZ)
        pieces = [piece.to_ndarray()[0] for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    if not pieces:
        return wanted
    samples = np.concatenate(pieces)
    at = start_s * SOUND_RATE_HZ + np.arange(len(wanted)) * speed
    return np.asarray(np.interp(at, np.arange(len(samples)), samples, right=0.0), np.float32)
