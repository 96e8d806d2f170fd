"""What a media file is, as it says and as far as its first frame shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tomeishi.config import Limits
from tomeishi.errors import UnreadableMedia
from tomeishi.media.guard import Guarded, Message, one_line, shown
from tomeishi.values import MediaKind


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The pictures of a file. Width and height are as displayed: in square pixels, and turned."""

    index: int
    codec: str
    width: int
    height: int
    rotation: int
    """Degrees clockwise by which the stored pixels are turned for display: 0, 90, 180 or 270."""
    rate_hz: float | None
    """Mean frame rate where the file states one; single frames may last longer or shorter."""
    has_b_frames: bool


@dataclass(frozen=True, slots=True)
class SoundStream:
    """The sound of a file, as stored."""

    index: int
    codec: str
    rate_hz: int
    channels: int


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """One media file. A still picture lasts 1 s; an animated GIF, WebP, AVIF or PNG counts as video."""

    path: Path
    kind: MediaKind
    container: str
    size_bytes: int
    duration_s: float
    """As the file declares it, 0 where it does not; `Sampling.duration_s` is what was found."""
    video: VideoStream | None
    sound: SoundStream | None


def probe(path: Path, limits: Limits) -> MediaInfo:
    """Decodes one frame at most. Raises NotFound, UnreadableMedia."""
    with Guarded(path, {"do": "probe"}, limits, largest_body=0) as guarded:
        return info_of(guarded, guarded.expect("info"))


def info_of(guarded: Guarded, message: Message) -> MediaInfo:
    """The checked `info` message of a decoding process; raises UnreadableMedia where it makes no sense."""
    fields = message.fields
    try:
        video, sound = fields["video"], fields["sound"]
        return MediaInfo(
            path=guarded.path,
            kind=MediaKind(fields["media"]),
            container=one_line(fields["container"], 40),
            size_bytes=guarded.size_bytes,
            duration_s=_number(fields["duration_s"], 1e9),
            video=None if video is None else _video(video),
            sound=None if sound is None else _sound(sound),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableMedia(f"{shown(guarded.path)}: the decoding process gave no clear account of it") from error


def _video(fields: Mapping[str, Any]) -> VideoStream:
    rate = fields["rate_hz"]
    return VideoStream(
        index=int(_number(fields["index"], 1e6)),
        codec=one_line(fields["codec"], 40),
        width=int(_number(fields["width"], 1e6)),
        height=int(_number(fields["height"], 1e6)),
        rotation=int(_number(fields["rotation"], 270)),
        rate_hz=None if rate is None else _number(rate, 1e9),
        has_b_frames=bool(fields["has_b_frames"]),
    )


def _sound(fields: Mapping[str, Any]) -> SoundStream:
    return SoundStream(
        index=int(_number(fields["index"], 1e6)),
        codec=one_line(fields["codec"], 40),
        rate_hz=int(_number(fields["rate_hz"], 1e9)),
        channels=int(_number(fields["channels"], 1e6)),
    )


def _number(value: object, most: float) -> float:
    """`value` as a number in [0, most]; not-a-number is in no range."""
    if not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"not a number from 0 to {most:g}: {value!r}")
    return float(value)
