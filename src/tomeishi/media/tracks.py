"""Films and sound files, in the guarded process: open the container, choose its streams, say what they are.

Only containers for media are opened, and only the one file that was handed in: a playlist is not a container, and
nothing a file names (a segment, an external track, an address) is ever opened.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import av
import av.error

# PyAV imports these when it opens a file, which is too late: by then nothing can be opened.
import av.subtitles.codeccontext
import av.subtitles.stream
import av.subtitles.subtitle
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition

from tomeishi.media.child import Unreadable

CONTAINERS = (
    "mov,matroska,avi,mpegts,mpeg,flv,live_flv,asf,ogg,wav,w64,aiff,caf,mp3,aac,ac3,eac3,dts,flac,wv,tta,ape,amr,au,"
    "ivf,mxf,gxf,dv,nut,rm,h264,hevc,m4v,mpegvideo,obu,yuv4mpegpipe,loas,latm"
)
"""FFmpeg's names of what may be opened. Left out on purpose: playlists (hls, dash, concat), devices, picture lists."""

WITHOUT_A_LENGTH = "mp3,aac,ac3,eac3,dts,amr,mpeg,mpegts,h264,hevc,m4v,mpegvideo,obu,yuv4mpegpipe,loas,latm"
"""Containers whose header states no duration: what FFmpeg reports there is an estimate, or comes from the end found."""

TIMELINE_FROM_ZERO = "mov"
"""MP4 and QuickTime count from the start of the film, so a first frame at 1 s is shown at 1 s (an empty edit).
Other containers may count from anywhere, and there the earliest stream's start is second 0."""

_LONGEST_DECLARED_S = 1e8
"""Three years: a header that says more is as wrong as one that says this."""

_FAILURES = (av.error.FFmpegError, OSError, ValueError)
"""What PyAV raises for damaged media; a lack of memory is none of these on purpose (see `attempt`)."""


@dataclass(slots=True)
class Opened:
    """An open container and the streams that were chosen; `origin` is second 0 on the container's own clock."""

    container: InputContainer
    video: Any
    sound: Any
    origin: float
    declared_s: float
    """How long the header says the film is, from `origin`; 0 where it says nothing."""


def open_media(file: io.FileIO, most_pixels: int) -> Opened:
    """Raises `Unreadable` where the file is no media container or holds neither picture nor sound."""
    try:
        container = av.open(
            file,
            "r",
            options={
                "format_whitelist": CONTAINERS,
                "protocol_whitelist": "none",
                "max_pixels": str(most_pixels),
                "threads": "1",
            },
            metadata_errors="replace",
            buffer_size=1 << 18,
            io_open=_open_nothing_else,
        )
    except MemoryError:
        raise
    except _FAILURES as error:
        raise Unreadable(_why_not_opened(error)) from error
    video = _chosen(container, "video")
    sound = _chosen(container, "audio")
    if video is None and sound is None:
        raise Unreadable("holds neither pictures nor sound that can be decoded")
    if video is not None:
        context = video.codec_context
        if context.width * context.height > most_pixels:
            raise Unreadable(too_large(context.width, context.height, most_pixels))
        context.options = {"max_pixels": str(most_pixels)}
    for stream in (video, sound):
        if stream is not None:
            stream.codec_context.thread_count = 1
    start = (container.start_time or 0) / av.time_base
    origin = min(start, 0.0) if TIMELINE_FROM_ZERO in container.format.name.split(",") else start
    length = (container.duration or 0) / av.time_base
    declared = min(max(0.0, start - origin + length), _LONGEST_DECLARED_S) if length > 0 else 0.0
    return Opened(container, video, sound, origin, declared)


def too_large(width: int, height: int, most_pixels: int) -> str:
    return f"frames of {width} x {height} pixels are larger than the limit of {most_pixels:,} pixels"


def _open_nothing_else(_url: str, _flags: int, _options: Mapping[str, str]) -> io.RawIOBase:
    raise PermissionError("a media file may not open another")


def _chosen(container: InputContainer, kind: str) -> Any:
    """The stream a player would show: FFmpeg's choice, unless that is a cover picture or cannot be decoded."""
    usable = [
        stream
        for stream in (container.streams.video if kind == "video" else container.streams.audio)
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic
    ]
    best = container.streams.best("video" if kind == "video" else "audio")
    return best if best in usable else next(iter(usable), None)


def _why_not_opened(error: Exception) -> str:
    if isinstance(error, av.error.InvalidDataError | av.error.EOFError):
        return "is damaged, cut off before its index, or not a video, sound or picture file"
    return "is not a video, sound or picture file of a kind that can be read"


def packets(opened: Opened, *streams: Any) -> "Iterator[Packet[Any]]":
    """Packets of `streams` in file order, then one empty packet each; raises `Damaged` where the file breaks off."""
    try:
        yield from opened.container.demux(*streams)
    except MemoryError:
        raise
    except _FAILURES as error:
        raise Damaged(reason(error)) from error


class Damaged(Exception):
    """The container cannot be read any further; the text says why."""


def reason(error: Exception) -> str:
    """FFmpeg's own words for an error, without its error number and file name."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def decoded(packet: "Packet[Any]") -> list[Any] | None:
    """The frames that `packet` completes, or None where it cannot be decoded."""
    try:
        return list(packet.decode())
    except av.error.EOFError:
        return []
    except MemoryError:
        raise
    except _FAILURES:
        return None


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns a stream's time stamps into seconds from the start of the film.

    With two integers: PyAV's fractions cost more than a small frame's decoding, and one float would round twice.
    """

    numerator: int
    denominator: int
    origin: float

    @classmethod
    def of(cls, stream: Any, opened: Opened) -> "Clock":
        return cls(stream.time_base.numerator, stream.time_base.denominator, opened.origin)

    def seconds(self, stamp: int) -> float:
        return stamp * self.numerator / self.denominator - self.origin

    def ends_s(self, packet: "Packet[Any]") -> float | None:
        """When `packet` has been shown or heard; None for one without a time, or that is not to be shown."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or packet.is_discard:
            return None
        return self.seconds(stamp + (packet.duration or 0))


def description(opened: Opened, *, turned: int = 0, width: int = 0, height: int = 0) -> dict[str, object]:
    """The fields of an `info` message; `width` and `height` are as displayed, `turned` degrees clockwise."""
    video, sound = opened.video, opened.sound
    rate = (video.average_rate or video.guessed_rate) if video is not None else None
    return {
        "media": "video" if video is not None else "sound",
        "container": opened.container.format.name.split(",")[0],
        "duration_s": opened.declared_s,
        "video": None
        if video is None
        else {
            "index": video.index,
            "codec": video.codec_context.name,
            "width": width,
            "height": height,
            "rotation": turned,
            "rate_hz": float(rate) if rate else None,
            "has_b_frames": bool(video.codec_context.has_b_frames),
        },
        "sound": None
        if sound is None
        else {
            "index": sound.index,
            "codec": sound.codec_context.name,
            "rate_hz": int(sound.codec_context.sample_rate or 0),
            "channels": int(sound.codec_context.layout.nb_channels),
        },
    }


def short_of(opened: Opened, reached_s: float) -> str | None:
    """Why a file that ended at `reached_s` is cut off, or None where it lasted as long as its header says.

    Headers are rounded and streams end unevenly: up to 1 s, or 2 % of a long film, means nothing.
    """
    declared = opened.declared_s
    if opened.container.format.name.split(",")[0] in WITHOUT_A_LENGTH.split(","):
        return None
    if declared - reached_s <= max(1.0, 0.02 * declared):
        return None
    return f"the file declares {declared:.1f} s and ends after {reached_s:.1f} s"
