"""Still and animated pictures, in the guarded process: Pillow, one format at a time, told by the file's first bytes.

Pictures are turned as their EXIF orientation says. What shines through is shown on white. An animation's frame that
states no delay, or 10 ms or less, lasts 100 ms, as browsers show it.
"""

import importlib
import io
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from tomeishi.media.child import Emit, OutputSpent, Unreadable

_SHORTEST_DELAY_S = 0.010
_USUAL_DELAY_S = 0.100
_LARGEST_16_BIT = 257
"""A 16-bit grey value divided by this is its 8-bit value."""


def form_of(head: bytes) -> str | None:
    """Pillow's name of the picture format that begins with `head`; None where it begins no picture."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"II*\0", b"MM\0*")):
        return "TIFF"
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
        return "AVIF"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and head[15:18] == b"\0\0\0":
        return "BMP"
    return None


_PLUGINS = {"JPEG": ("Jpeg", "Mpo"), "WEBP": ("WebP",), "AVIF": ("Avif",)}
"""What Pillow does not import by `preinit`."""


def prepare(*forms: str) -> None:
    """Import Pillow and what it otherwise loads on first use, when nothing can be opened any more."""
    from PIL import Image

    Image.preinit()
    plugins = [plugin for form in forms for plugin in _PLUGINS.get(form, ())]
    for name in ("copy", "tomeishi.media.choosing", *(f"PIL.{plugin}ImagePlugin" for plugin in plugins)):
        importlib.import_module(name)
    for name in ("ExifTags", "ImageColor", "ImageFile", "ImageOps", "ImagePalette", "TiffImagePlugin"):
        importlib.import_module(f"PIL.{name}")


def answer(task: Mapping[str, Any], form: str, file: io.FileIO | io.BytesIO, emit: Emit) -> None:
    from PIL import Image, UnidentifiedImageError

    most = task["limits"]["pixels"]
    # Pillow refuses above twice this before it decodes anything, also for a frame inside an animation.
    Image.MAX_IMAGE_PIXELS = most // 2
    warnings.simplefilter("ignore")
    try:
        picture = Image.open(file, formats=[form, "MPO"] if form == "JPEG" else [form])
        if picture.width * picture.height > most:
            raise _too_large(most)
        if _animated(picture):
            _answer_animation(task, form, picture, emit)
        else:
            _answer_still(task, form, picture, emit)
    except Image.DecompressionBombError as error:
        raise _too_large(most) from error
    except UnidentifiedImageError as error:
        raise Unreadable(f"is damaged or cut off before the picture begins ({form})") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError) as error:
        raise Unreadable(f"is damaged: {error} ({form})") from error


def _too_large(most: int) -> Unreadable:
    return Unreadable(f"the picture is larger than the limit of {most:,} pixels")


def _animated(picture: Any) -> bool:
    # A multi-picture JPEG or TIFF holds several stills, not a film: the first stands for the file.
    return picture.format in ("GIF", "WEBP", "PNG", "AVIF") and bool(getattr(picture, "is_animated", False))


def _answer_still(task: Mapping[str, Any], form: str, picture: Any, emit: Emit) -> None:
    from PIL import ImageFile, ImageOps

    partial: tuple[str, float] | None = None
    emit("info", **_description(form, picture, animated=False))
    if task["do"] == "probe":
        emit("done")
        return
    try:
        picture.load()
    except OSError as error:
        if "truncated" not in str(error):
            raise
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        picture.load()
        if all(low == high for low, high in _extremes(picture)):
            raise Unreadable(f"is cut off before any of the picture ({form})") from error
        partial = "the picture is cut off", 1.0
    flat = _flat(ImageOps.exif_transpose(picture))
    if task["do"] == "frames":
        _hand_over(flat, emit, time_s=0.0, serves=list(range(len(task["times_s"]))))
    else:
        _hand_over(_shrunk(flat, task["plan"]["max_side"]), emit, time_s=0.0, scene_change=False)
    emit("done", duration_s=1.0, partial=partial)


def _extremes(picture: Any) -> list[tuple[float, float]]:
    """Smallest and largest value of each band."""
    extremes = picture.getextrema()
    return list(extremes) if isinstance(extremes[0], tuple) else [extremes]


def _answer_animation(task: Mapping[str, Any], form: str, picture: Any, emit: Emit) -> None:
    emit("info", **_description(form, picture, animated=True))
    if task["do"] in ("probe", "still"):
        emit("done")
    elif task["do"] == "frames":
        _answer_frames_at(task["times_s"], picture, emit)
    else:
        _answer_samples(task, picture, emit)


def _answer_samples(task: Mapping[str, Any], picture: Any, emit: Emit) -> None:
    from tomeishi.media.choosing import Cuts, Grid, thumbnail_of

    plan, limits = task["plan"], task["limits"]
    grid, cuts = Grid(plan["rate_hz"]), Cuts() if plan["scene_changes"] else None
    reading = _Animation(picture)
    partial: tuple[str, float] | None = None
    for start_s, _end_s in reading:
        if start_s >= limits["duration_s"]:
            partial = f"only the first {limits['duration_s']:.0f} s are looked at", limits["duration_s"]
            break
        flat = _flat(picture)
        cut = cuts is not None and cuts.sees(thumbnail_of(flat.convert("L")), start_s)
        if grid.takes(start_s) or cut:
            try:
                _hand_over(_shrunk(flat, plan["max_side"]), emit, time_s=start_s, scene_change=cut)
            except OutputSpent:
                partial = f"the samples passed the limit of {limits['output_bytes']:,} bytes", start_s
                break
    if partial is None and reading.broke_off:
        partial = "the animation is damaged or cut off", reading.end_s
    emit("done", duration_s=partial[1] if partial else reading.end_s, partial=partial)


class _Animation:
    """Steps through the frames of a picture, which then shows the current one; yields start and end in seconds."""

    def __init__(self, picture: Any) -> None:
        self._picture = picture
        self.end_s = 0.0
        self.broke_off = False

    def __iter__(self) -> Iterator[tuple[float, float]]:
        number = 0
        while True:
            try:
                self._picture.seek(number)
                self._picture.load()
            except EOFError:
                return
            except (OSError, SyntaxError, ValueError, IndexError) as error:
                if number == 0:
                    raise Unreadable(f"is damaged: {error}") from error
                self.broke_off = True
                return
            delay_s = float(self._picture.info.get("duration") or 0) / 1000
            start_s, self.end_s = self.end_s, self.end_s + (delay_s if delay_s > _SHORTEST_DELAY_S else _USUAL_DELAY_S)
            yield start_s, self.end_s
            number += 1


def _answer_frames_at(times_s: list[float], picture: Any, emit: Emit) -> None:
    waiting = sorted(range(len(times_s)), key=times_s.__getitem__)
    last: tuple[float, Any] | None = None
    for start_s, end_s in _Animation(picture):
        serves = []
        while waiting and times_s[waiting[0]] < end_s - 1e-6:
            serves.append(waiting.pop(0))
        last = start_s, _flat(picture)
        if serves:
            _hand_over(last[1], emit, time_s=start_s, serves=serves)
    if waiting and last is not None:
        _hand_over(last[1], emit, time_s=last[0], serves=waiting)
    emit("done")


def _flat(picture: Any) -> Any:
    """`picture` as 8-bit RGB on white."""
    from PIL import Image

    if picture.mode.startswith("I") or picture.mode == "F":
        # Pillow clips wide grey values instead of scaling them; only 16-bit grey has a known range.
        return picture.point(lambda value: value / _LARGEST_16_BIT).convert("L").convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        through = picture.convert("RGBA")
        white = Image.new("RGBA", through.size, "white")
        return Image.alpha_composite(white, through).convert("RGB")
    return picture.convert("RGB")


def _shrunk(picture: Any, max_side: int) -> Any:
    from PIL import Image

    width, height = picture.size
    if max(width, height) <= max_side:
        return picture
    scale = max_side / max(width, height)
    return picture.resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BOX)


def _hand_over(picture: Any, emit: Emit, **fields: object) -> None:
    emit("frame", picture.tobytes(), width=picture.width, height=picture.height, **fields)


def _description(form: str, picture: Any, *, animated: bool) -> dict[str, object]:
    """The fields of an `info` message; the size is as displayed."""
    orientation = picture.getexif().get(_ORIENTATION, 1)
    width, height = picture.size if orientation not in _SIDEWAYS else picture.size[::-1]
    return {
        "media": "video" if animated else "image",
        "container": form.lower(),
        "duration_s": 0.0 if animated else 1.0,
        "video": {
            "index": 0,
            "codec": form.lower(),
            "width": width,
            "height": height,
            "rotation": _ROTATIONS.get(orientation, 0),
            "rate_hz": None,
            "has_b_frames": False,
        },
        "sound": None,
    }


_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)
_ROTATIONS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
"""EXIF 2.32, tag Orientation: degrees clockwise until the picture stands upright, mirroring aside."""
