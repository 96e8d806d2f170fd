"""All edits that recall is measured on: our own, FFmpeg's filters, and AugLy's transforms where it is installed.

Each is a function of the frames of one clip, uint8 (h, w, 3) RGB, with its parameters as words that go into the result.
The others' edits are there because ours may be edits that we happen to undo.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import av
import av.filter
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import Worker
from tomeishi.testing.changes import Moment, logo
from tomeishi.testing.edits import EDITS, edited

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Alteration:
    """One edit. `apply` takes the frames, as many frames of another film, a seed, and frames a second."""

    name: str
    by: str
    """`tomeishi.testing`, `ffmpeg` or `augly`."""
    what: str
    """Parameters, for the result."""
    apply: Callable[[Sequence[Pixels], Sequence[Pixels], int, float], list[Pixels]]
    bit_rate: int | None = None
    """Bits a second that the clip is encoded with; None leaves the encoder's ordinary quality."""
    speed: float = 1.0
    """Film seconds per second of the clip."""


LOGO_SHARE = 0.2


def own() -> list[Alteration]:
    large = Alteration("logo_20_percent", "tomeishi.testing", "a logo over 20 % of the picture, by seed", _with_logo)
    return [*(_own(name) for name in EDITS), large]


def _with_logo(frames: Sequence[Pixels], others: Sequence[Pixels], seed: int, rate_hz: float) -> list[Pixels]:
    return [logo(frame, Moment(seed, number / rate_hz), LOGO_SHARE) for number, frame in enumerate(frames)]


def _own(name: str) -> Alteration:
    def apply(frames: Sequence[Pixels], others: Sequence[Pixels], seed: int, rate_hz: float) -> list[Pixels]:
        return [
            edited(frame, (name,), Moment(seed, number / rate_hz, other))
            for number, (frame, other) in enumerate(zip(frames, others, strict=True))
        ]

    return Alteration(name, "tomeishi.testing", EDITS[name].what, apply, EDITS[name].bit_rate)


def retimed() -> list[Alteration]:
    return [
        Alteration(f"speed_x{speed:g}", "tomeishi.testing", f"{speed:g} times its speed", _as_it_is, None, speed)
        for speed in (0.5, 0.75, 1.5, 2.0)
    ]


def _as_it_is(frames: Sequence[Pixels], others: Sequence[Pixels], seed: int, rate_hz: float) -> list[Pixels]:
    return list(frames)


Filters = tuple[tuple[str, str], ...]
FFMPEG: Mapping[str, Filters] = {
    "blur_strong": (("gblur", "sigma=4"),),
    "hue_120_saturated": (("hue", "h=120:s=1.4"),),
    "vintage": (("curves", "preset=vintage"), ("vignette", "angle=PI/4")),
    "negative": (("negate", ""),),
    "lens": (("lenscorrection", "k1=-0.22:k2=-0.02"),),
    "crop_40_percent": (("crop", "iw*0.775:ih*0.775:iw*0.2:ih*0.05"),),
    "white_frame": (("pad", "iw*1.5:ih*1.4:iw*0.1:ih*0.3:white"),),
    "grid": (("drawgrid", "w=iw/6:h=ih/6:t=3:c=white@0.7"),),
    "mosaic": (("pixelize", "w=8:h=8"),),
    "sheared": (("shear", "shx=0.15:fillcolor=black"),),
    "rotate_12_filled": (("rotate", "0.21:ow=rotw(0.21):oh=roth(0.21):c=gray"),),
    "upside_down_mirror": (("vflip", ""),),
    "noise_strong": (("noise", "alls=45:allf=t"),),
    "red_and_crop": (("colorchannelmixer", "rr=1:gg=0.55:bb=0.45"), ("crop", "iw*0.9:ih*0.9"), ("hflip", "")),
}
"""Names and arguments of filters that FFmpeg's LGPL build has."""


def ffmpeg() -> list[Alteration]:
    return [_filtered(name, filters) for name, filters in FFMPEG.items()]


def _filtered(name: str, filters: Filters) -> Alteration:
    def apply(frames: Sequence[Pixels], others: Sequence[Pixels], seed: int, rate_hz: float) -> list[Pixels]:
        height, width = frames[0].shape[:2]
        graph = av.filter.Graph()
        beat = 1 / Fraction(rate_hz).limit_denominator(1001)
        chain = [graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24"), time_base=beat)]
        chain += [graph.add(each, arguments or None) for each, arguments in filters]
        chain += [graph.add("format", "rgb24"), graph.add("buffersink")]
        graph.link_nodes(*chain).configure()
        altered = []
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, beat
            graph.vpush(frame)
            altered.append(np.asarray(graph.vpull().to_ndarray(), np.uint8))
        return altered

    return Alteration(name, "ffmpeg", ",".join(f"{each}={words}".rstrip("=") for each, words in filters), apply)


AUGLY: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "emoji": ("overlay_emoji", {"opacity": 1.0, "emoji_size": 0.35, "x_pos": 0.35, "y_pos": 0.4}),
    "meme": ("meme_format", {"text": "WHEN THE RENDER ENDS", "caption_height": 140}),
    "screenshot": ("overlay_onto_screenshot", {}),
    "text_over": ("overlay_text", {"font_size": 0.16, "x_pos": 0.1, "y_pos": 0.45}),
    "stripes": ("overlay_stripes", {"line_width": 0.25, "line_density": 0.35, "line_opacity": 0.8}),
    "perspective": ("perspective_transform", {"sigma": 35.0}),
    "pixelization": ("pixelization", {"ratio": 0.25}),
    "pad_square": ("pad_square", {}),
    "colour_jitter": ("color_jitter", {"brightness_factor": 1.3, "contrast_factor": 1.4, "saturation_factor": 1.8}),
    "jpeg_8": ("encoding_quality", {"quality": 8}),
    "skew": ("skew", {"skew_factor": 0.25}),
    "sharpen": ("sharpen", {"factor": 8.0}),
    "half_transparent": ("opacity", {"level": 0.5}),
    "rotate_20": ("rotate", {"degrees": 20.0}),
    "shuffled_pixels": ("shuffle_pixels", {"factor": 0.15}),
    "change_aspect": ("change_aspect_ratio", {"ratio": 0.8}),
}


def augly(worker: Worker) -> list[Alteration]:
    """None where AugLy does not run here."""
    if worker.why is not None:
        return []
    return [_transformed(worker, name, *call) for name, call in AUGLY.items()]


@cache
def alterations() -> Mapping[str, Alteration]:
    """All that can be done here, by name; once in a process, and AugLy's process beside it."""
    every = [*own(), *retimed(), *ffmpeg(), *augly(Worker("augly"))]
    return {each.name: each for each in every}


def _transformed(worker: Worker, name: str, transform: str, parameters: Mapping[str, Any]) -> Alteration:
    def apply(frames: Sequence[Pixels], others: Sequence[Pixels], seed: int, rate_hz: float) -> list[Pixels]:
        altered = worker.ask(np.stack(frames), name=transform, parameters=parameters, seed=seed)
        return [np.array(frame, np.uint8) for frame in altered]

    words = ", ".join(f"{key}={value}" for key, value in parameters.items())
    return Alteration(name, "augly", f"{transform}({words})", apply)
