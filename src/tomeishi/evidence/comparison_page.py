"""The comparison as one self-contained HTML page: timelines with ribbons, the similarity curve, frame pairs.

Nothing is loaded from anywhere: pictures are data URIs, style and script are inline. English and Japanese are both
in the page; a switch shows one.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from PIL import Image

from tomeishi.config import Limits
from tomeishi.errors import StorageFailure
from tomeishi.evidence.frame_pairs import frame_pairs
from tomeishi.matching import calibration, sound_calibration
from tomeishi.matching.comparison import Comparison
from tomeishi.matching.matches import Match
from tomeishi.matching.score import BandLimit
from tomeishi.values import Interval, Outline, covered_s

_WIDTH = 1000.0
"""Of the drawings, in their own units."""
_CURVE_HEIGHT = 120.0
_PAIRS = 8
"""Frame pairs on a page, about: enough to judge by, few enough to look at."""


@dataclass(frozen=True, slots=True)
class _Ribbon:
    query_x: float
    query_width: float
    reference_x: float
    reference_width: float
    points: str
    strength: float
    query: str
    reference: str
    speed: str


@dataclass(frozen=True, slots=True)
class _Pair:
    query: str
    reference: str
    query_time: str
    reference_time: str
    query_x: float
    reference_x: float
    query_outline: str
    """A path in units of a thousandth of width and height; empty where nothing was verified."""
    reference_outline: str
    query_shape: float
    """Width over height."""
    reference_shape: float


@dataclass(frozen=True, slots=True)
class _Page:
    """What the template is given."""

    comparison: Comparison
    query_name: str
    reference_name: str
    query_duration: str
    reference_duration: str
    ribbons: tuple[_Ribbon, ...]
    heard: tuple[_Ribbon, ...]
    """The same for sound."""
    pairs: tuple[_Pair, ...]
    curve: str
    limit_y: float
    ticks: tuple[tuple[float, str], ...]
    matched_s: float
    heard_s: float
    false_segments: float | None
    """Of this band per 100 hours of unrelated film, at most; None where nothing matched or nothing was measured."""
    false_sound: float | None
    """The same for what is heard."""


def write_page(comparison: Comparison, path: Path, limits: Limits) -> None:
    """The page at `path`, overwriting an older one."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("tomeishi.evidence").joinpath("comparison.html").read_text("utf-8"))
    html = template.render(page=_page(comparison, limits))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise StorageFailure(f"{path}: cannot write the page: {error.strerror}") from error


def _page(comparison: Comparison, limits: Limits) -> _Page:
    query, reference = comparison.query, comparison.reference
    seen, heard = ((() if each is None else each.segments) for each in (comparison.match, comparison.heard))
    per_segment = max(2, _PAIRS // max(1, len(seen)))
    pairs = frame_pairs(query.path, reference.path, seen, limits, per_segment)
    q_scale, r_scale = _WIDTH / max(query.duration_s, 1e-3), _WIDTH / max(reference.duration_s, 1e-3)
    return _Page(
        comparison=comparison,
        query_name=query.path.name,
        reference_name=reference.path.name,
        query_duration=time_code(query.duration_s),
        reference_duration=time_code(reference.duration_s),
        ribbons=tuple(_ribbon(s.query, s.reference, s.score, q_scale, r_scale) for s in seen),
        heard=tuple(_ribbon(s.query, s.reference, s.score, q_scale, r_scale) for s in heard),
        pairs=tuple(
            _Pair(
                _data_uri(pair.query_png),
                _data_uri(pair.reference_png),
                time_code(pair.query_time_s),
                time_code(pair.reference_time_s),
                round(pair.query_time_s * q_scale, 2),
                round(pair.reference_time_s * r_scale, 2),
                _path(pair.regions.query if pair.regions else ()),
                _path(pair.regions.reference if pair.regions else ()),
                _shape(pair.query_png),
                _shape(pair.reference_png),
            )
            for pair in pairs
        ),
        curve=" ".join(f"{t * q_scale:.1f},{_CURVE_HEIGHT * (1 - s):.1f}" for t, s in comparison.curve),
        limit_y=_CURVE_HEIGHT * (1 - comparison.same),
        ticks=tuple((round(t * q_scale, 2), time_code(t, tenths=False)) for t in _tick_times(query.duration_s)),
        matched_s=covered_s(segment.query for segment in seen),
        heard_s=covered_s(segment.query for segment in heard),
        false_segments=_measured(comparison.match, calibration.shipped().bands),
        false_sound=_measured(comparison.heard, sound_calibration.shipped().bands),
    )


def _measured(found: Match | None, bands: Sequence[BandLimit]) -> float | None:
    """False segments per 100 hours of a match's band."""
    if found is None:
        return None
    return next((limit.false_segments_per_100_hours for limit in bands if limit.band is found.band), None)


def _ribbon(query: Interval, reference: Interval, score: float, q_scale: float, r_scale: float) -> _Ribbon:
    left, right = query.start * q_scale, query.end * q_scale
    low, high = reference.start * r_scale, reference.end * r_scale
    return _Ribbon(
        query_x=round(left, 2),
        query_width=round(max(right - left, 2), 2),
        reference_x=round(low, 2),
        reference_width=round(max(high - low, 2), 2),
        points=f"{left:.1f},34 {right:.1f},34 {high:.1f},106 {low:.1f},106",
        strength=round(0.35 + 0.65 * score, 2),
        query=f"{time_code(query.start)} - {time_code(query.end)}",
        reference=f"{time_code(reference.start)} - {time_code(reference.end)}",
        speed=f"{reference.length / query.length:.2f}",
    )


def _path(outline: Outline) -> str:
    return "M" + "L".join(f"{x * 1000:.0f},{y * 1000:.0f}" for x, y in outline) + "Z" if outline else ""


def _shape(png: bytes) -> float:
    with Image.open(io.BytesIO(png)) as picture:
        return round(picture.width / picture.height, 4)


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _tick_times(duration_s: float) -> list[float]:
    """Round times, at most about a dozen."""
    steps = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
    step = next((s for s in steps if duration_s / s <= 12), 7200)
    return [n * step for n in range(int(duration_s / step) + 1)]


def time_code(seconds: float, *, tenths: bool = True) -> str:
    """`m:ss.s`, or `h:mm:ss.s` from an hour on."""
    units = round(seconds * 10) if tenths else round(seconds) * 10
    minutes, rest = divmod(units, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest / 10:04.1f}" if tenths else f"{rest // 10:02d}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"
