"""From decoded frames to what a viewer sees, in the guarded process: square pixels, turned, RGB."""

from dataclasses import dataclass
from typing import cast

from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from PIL import Image

from tomeishi.media.child import Emit, Unreadable
from tomeishi.media.choosing import THUMBNAIL, thumbnail_of
from tomeishi.media.tracks import Opened, description, too_large

_WIDEST_PIXEL = 10
"""A pixel shape beyond 10:1 or 1:10 is a broken header, and is taken as square."""
_UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED."""
_EIGHT_BIT_LUMA = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray")
"""Pixel formats whose first plane is a grey picture as it stands."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How stored pixels become displayed ones: first transposed, then mirrored left-right and top-bottom."""

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False
    degrees: int = 0
    """Clockwise, for people; mirroring is not in it."""

    @classmethod
    def of(cls, frame: VideoFrame) -> "Turn":
        """From the display matrix (ISO/IEC 14496-12, 8.3.2: x' = ax + cy, y' = bx + dy), to the nearest quarter."""
        data = frame.side_data.get(SideDataType.DISPLAYMATRIX)  # type: ignore[call-overload]  # its stub takes names only
        if data is None:
            return cls()
        a, b, _u, c, d, *_rest = memoryview(bytes(data)).cast("i")
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(False, a < 0, d < 0, 180 if a < 0 and d < 0 else 0)
        return cls(True, c < 0, b < 0, 90 if c < 0 else 270)


class Painter:
    """Turns decoded frames into RGB at the size they are displayed at, or smaller, and hands them over."""

    def __init__(self, opened: Opened, most_pixels: int) -> None:
        self._most_pixels = most_pixels
        self._reformatter = VideoReformatter()
        aspect = float(opened.video.sample_aspect_ratio or 1)
        self._aspect = aspect if 1 / _WIDEST_PIXEL <= aspect <= _WIDEST_PIXEL else 1.0

    def displayed_size(self, frame: VideoFrame) -> tuple[int, int]:
        """Width and height in square pixels, before turning."""
        width, height = max(1, round(frame.width * self._aspect)), frame.height
        if width * height > self._most_pixels:
            raise Unreadable(too_large(width, height, self._most_pixels))
        return width, height

    def describe(self, opened: Opened, frame: VideoFrame, emit: Emit) -> None:
        width, height = self.displayed_size(frame)
        turn = Turn.of(frame)
        if turn.transpose:
            width, height = height, width
        emit("info", **description(opened, turned=turn.degrees, width=width, height=height))

    def hand_over(
        self, frame: VideoFrame, emit: Emit, *, time_s: float, max_side: int | None = None, **fields: object
    ) -> None:
        """Emit `frame` with its longer side at most `max_side`; averaged by area where it becomes smaller."""
        width, height = self.displayed_size(frame)
        if max_side is not None and max(width, height) > max_side:
            scale = max_side / max(width, height)
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
        # Where a file doesn't say, players take BT.709 for HD and BT.601 below; FFmpeg alone would always take BT.601.
        unsaid = frame.colorspace == _UNSPECIFIED and frame.height >= 720
        rgb = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=Colorspace.ITU709 if unsaid else None,
            interpolation=Interpolation.AREA,
            threads=1,
        )
        turn = Turn.of(frame)
        emit(
            "frame",
            _rows(rgb, 3),
            time_s=time_s,
            width=width,
            height=height,
            transpose=turn.transpose,
            mirror_x=turn.mirror_x,
            mirror_y=turn.mirror_y,
            **fields,
        )


def thumbnail(frame: VideoFrame) -> Image.Image:
    """A tiny grey picture for `Cuts`; nothing of the full frame is converted."""
    if frame.format.name in _EIGHT_BIT_LUMA:
        plane = frame.planes[0]
        # A plane offers the buffer protocol, so that Pillow looks at FFmpeg's own memory and copies nothing.
        data = cast(bytes, plane)
        return thumbnail_of(Image.frombuffer("L", (frame.width, frame.height), data, "raw", "L", plane.line_size, 1))
    grey = frame.reformat(*THUMBNAIL, format="gray", interpolation=Interpolation.POINT, threads=1)
    return thumbnail_of(Image.frombytes("L", THUMBNAIL, _rows(grey, 1)))


def _rows(frame: VideoFrame, bytes_per_pixel: int) -> bytes:
    """The first plane's pixels without the padding at the end of its lines."""
    plane = frame.planes[0]
    width, line = frame.width * bytes_per_pixel, plane.line_size
    data = memoryview(plane)
    if line == width:
        return bytes(data[: width * frame.height])
    return b"".join(data[start : start + width] for start in range(0, line * frame.height, line))
