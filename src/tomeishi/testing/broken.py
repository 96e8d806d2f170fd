"""Files that are bad, or odd, in one stated way: what the refusal tests feed to everything that reads media.

Each maker writes `target` and returns it. The odd ones are good films that naive readers get wrong.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tomeishi.errors import BadInput
from tomeishi.testing.films import DrawnFilm, frames, music
from tomeishi.testing.recording import CODECS, PICTURE_OPTIONS, SOUND_RATE_HZ, add_picture, add_sound, write_media

Pixels = NDArray[np.uint8]


def truncated(source: Path, target: Path, share: float) -> Path:
    """The first `share`, in (0, 1), of the bytes of `source`."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def empty(target: Path) -> Path:
    """Zero bytes."""
    target.write_bytes(b"")
    return target


def text(target: Path) -> Path:
    """Plain text, whatever the name says."""
    target.write_text("これは動画ではありません。\nThis is not a film.\n" * 40, encoding="utf-8")
    return target


def giant_picture(target: Path, side: int = 100_000) -> Path:
    """A PNG of under 200 bytes whose valid header declares `side` x `side` pixels, RGB."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pieces = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")
    target.write_bytes(b"\x89PNG\r\n\x1a\n" + pieces)
    return target


def lying_about_duration(source: Path, target: Path, claimed_s: float) -> Path:
    """`source`, an .mp4, .mkv or .webm, with the durations that its headers declare changed to `claimed_s`.

    An .mp4 keeps its sample table, from which FFmpeg sees through a claim that is too long, not one that is too short.
    """
    data = bytearray(source.read_bytes())
    if source.suffix == ".mp4":
        header = _only(data, "moov", "mvhd")
        (movie_rate,) = struct.unpack_from(">I", data, header + 12)
        struct.pack_into(">I", data, header + 16, _ticks(claimed_s, movie_rate))
        for track in _boxes(data, "moov", "trak"):
            struct.pack_into(">I", data, _only(data, "tkhd", inside=track) + 20, _ticks(claimed_s, movie_rate))
            media = _only(data, "mdia", "mdhd", inside=track)
            (media_rate,) = struct.unpack_from(">I", data, media + 12)
            struct.pack_into(">I", data, media + 16, _ticks(claimed_s, media_rate))
    else:
        # Matroska: element Duration (0x4489), eight bytes of float, in units of TimestampScale (here 1 ms).
        at = data.find(b"\x44\x89\x88")
        if at < 0:
            raise BadInput(f"{source.name} declares no duration that could be changed")
        struct.pack_into(">d", data, at + 3, claimed_s * 1000)
    target.write_bytes(data)
    return target


def sound_only(film: DrawnFilm, target: Path) -> Path:
    """The film's music without a picture; .mp4 or .m4a AAC, .webm or .mkv Opus."""
    samples = music(film)
    with av.open(target, "w") as container:
        track = add_sound(container, "aac" if target.suffix in (".mp4", ".m4a") else "libopus")
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate = SOUND_RATE_HZ
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return target


def picture_only(film: DrawnFilm, target: Path, *, width: int = 320, height: int = 180) -> Path:
    """The film without sound."""
    write_media(target, frames(film, 24, width, height), rate_hz=24)
    return target


def uneven_rate(film: DrawnFilm, target: Path, *, width: int = 320, height: int = 180) -> tuple[float, ...]:
    """The film with a variable frame rate, silent; returns the times of its frames, in seconds.

    24 frames a second for a second, 8 in the next, and so on; the last frame ends with the film.
    """
    kept = [k for k in range(round(film.duration_s * 24)) if (k // 24) % 2 == 0 or k % 3 == 0]
    drawn = ((k, pixels) for k, pixels in enumerate(frames(film, 24, width, height)) if k in set(kept))
    _write_silent(target, drawn, width, height)
    return tuple(k / 24 for k in kept)


def rotated(source: Path, target: Path, degrees: int) -> Path:
    """`source`, an .mp4, with a display matrix that turns its picture clockwise by 90, 180 or 270 when shown."""
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    data = bytearray(source.read_bytes())
    for track in _boxes(data, "moov", "trak"):
        header = _only(data, "tkhd", inside=track)
        width, height = struct.unpack_from(">II", data, header + 76)
        if not width:
            continue  # sound has no size
        # ISO/IEC 14496-12, 8.3.2: a, b, u, c, d, v, x, y, w; a point p goes to (a x + c y + x0, b x + d y + y0).
        x = {90: height, 180: width, 270: 0}[degrees]
        y = {90: 0, 180: height, 270: width}[degrees]
        one = 1 << 16
        struct.pack_into(
            ">9i", data, header + 40, cosine * one, sine * one, 0, -sine * one, cosine * one, 0, x, y, 1 << 30
        )
    target.write_bytes(data)
    return target


def trimmed_by_edit_list(source: Path, target: Path, skip_s: float) -> Path:
    """`source`, an .mp4, whose edit list hides the first `skip_s` seconds of picture and sound that it still holds."""
    data = bytearray(source.read_bytes())
    (movie_rate,) = struct.unpack_from(">I", data, _only(data, "moov", "mvhd") + 12)
    for track in _boxes(data, "moov", "trak"):
        (media_rate,) = struct.unpack_from(">I", data, _only(data, "mdia", "mdhd", inside=track) + 12)
        edits = _only(data, "edts", "elst", inside=track)
        length, begin = struct.unpack_from(">Ii", data, edits + 8)
        shorter = length - _ticks(skip_s, movie_rate)
        struct.pack_into(">Ii", data, edits + 8, shorter, begin + _ticks(skip_s, media_rate))
        struct.pack_into(">I", data, _only(data, "tkhd", inside=track) + 20, shorter)
    target.write_bytes(data)
    return target


def starting_late(film: DrawnFilm, target: Path, offset_s: float, *, width: int = 320, height: int = 180) -> Path:
    """The film, silent, whose first frame carries the time `offset_s` (to 1/24 s) instead of 0."""
    late = round(offset_s * 24)
    _write_silent(
        target, ((k + late, pixels) for k, pixels in enumerate(frames(film, 24, width, height))), width, height
    )
    return target


def flat(target: Path, colour: tuple[int, int, int], duration_s: float = 3.0) -> Path:
    """A film of one colour (RGB): black, white, or any other; silent."""
    frame = np.full((180, 320, 3), colour, np.uint8)
    write_media(target, (frame for _ in range(round(duration_s * 24))), rate_hz=24)
    return target


def noise(target: Path, duration_s: float = 3.0, seed: int = 0) -> Path:
    """A film of independent grey noise, as from an untuned set; silent."""
    rng = np.random.default_rng(seed)

    def static() -> Iterator[Pixels]:
        for _ in range(round(duration_s * 24)):
            yield np.repeat(rng.integers(0, 256, (180, 320, 1), np.uint8), 3, axis=2)

    write_media(target, static(), rate_hz=24)
    return target


def animated_picture(film: DrawnFilm, target: Path, delays_ms: Sequence[int] = (100, 400, 50, 250, 1000, 200)) -> Path:
    """A GIF or WebP by suffix: one drawn frame per delay (GIF: multiples of 10 ms), drawn for its time to 50 ms."""
    starts = np.concatenate([[0], np.cumsum(delays_ms)])
    if starts[-1] > film.duration_s * 1000:
        raise BadInput(f"{sum(delays_ms)} ms of delays, but the film has {film.duration_s} s")
    every = list(frames(film, 20, 320, 180))
    drawn = [Image.fromarray(every[int(start) // 50]) for start in starts[:-1]]
    drawn[0].save(target, save_all=True, append_images=drawn[1:], duration=list(delays_ms), loop=0)
    return target


def _write_silent(target: Path, timed: Iterable[tuple[int, Pixels]], width: int, height: int) -> None:
    """Frames with their times in 1/24 s."""
    codec, _ = CODECS[target.suffix]
    with av.open(target, "w") as container:
        stream = add_picture(container, codec, Fraction(24), width, height, PICTURE_OPTIONS[codec])
        for time, pixels in timed:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _ticks(seconds: float, rate: int) -> int:
    return min(round(seconds * rate), (1 << 32) - 2)


def _boxes(data: bytearray, *names: str, inside: int | None = None) -> list[int]:
    """Where the boxes (ISO/IEC 14496-12) at the path `names` have their bodies: in the file, or in the box `inside`.

    A place is the offset of the body: its version and flags, where it has them.
    """
    if inside is None:
        at, end = 0, len(data)
    else:
        at, end = inside, inside - 8 + int(struct.unpack_from(">I", data, inside - 8)[0])
    found: list[int] = []
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8:
            break
        if kind == names[0].encode():
            found += [at + 8] if len(names) == 1 else _boxes(data, *names[1:], inside=at + 8)
        at += size
    return found


def _only(data: bytearray, *names: str, inside: int | None = None) -> int:
    found = _boxes(data, *names, inside=inside)
    if not found:
        raise BadInput(f"no {'/'.join(names)} box: not an .mp4 that can be altered")
    return found[0]
