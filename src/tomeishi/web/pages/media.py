"""What is looked at of a match: both films in ranges, frame pairs, the curve. To those who may see the match alone.

A file is named by the match, found by its digest, and told by its first bytes what it is; its name opens nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from tomeishi.access.permissions import Action
from tomeishi.errors import NotFound
from tomeishi.evidence.looks import File
from tomeishi.registry import references
from tomeishi.review import matches as room
from tomeishi.review.matches import StoredMatch
from tomeishi.values import Box, Interval, Segment
from tomeishi.web.asking import Asked, permits
from tomeishi.web.templating import page
from tomeishi.web.times import time_code

router = APIRouter(include_in_schema=False, prefix="/matches/{match_id}")

_KINDS = (
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"OggS", "video/ogg"),
    (0, b"\x89PNG", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"AVI ", "video/x-msvideo"),
)
"""Offset and bytes that a file of each kind begins with; anything else is handed over as bytes and nothing more."""


@dataclass(frozen=True, slots=True)
class PairSide:
    picture: str
    regions: tuple[str, ...]
    """Points of polygons, in shares of the picture."""


@dataclass(frozen=True, slots=True)
class PairView:
    query_time_s: float
    query_time: str
    reference_time: str
    query: PairSide
    reference: PairSide


@dataclass(frozen=True, slots=True)
class CurveView:
    limit: str
    above: int
    """Samples at or above the limit."""
    drawn: dict[str, Any]
    """What the script draws."""


@dataclass(frozen=True, slots=True)
class DrawingView:
    picture: str
    name: str
    title: str
    similarity: str


@dataclass(frozen=True, slots=True)
class PortrayalView:
    """Which character a match is about, by which drawings, and who else it might be."""

    name: str
    nearest: tuple[DrawingView, ...]
    other: DrawingView | None
    traits: tuple[str, ...]
    variants: tuple[tuple[str, bool], ...]
    tracks: tuple[str, ...]


@router.get("/media/{side}")
def media(asked: Annotated[Asked, permits(Action.READ_MATCHES)], match_id: str, side: str) -> Response:
    """One of the two files, whole or in ranges (RFC 9110, 14)."""
    match, (query, reference) = _found(asked, match_id)
    file = {"query": query, "reference": reference}.get(side)
    if file is None:
        raise NotFound(f"the {side[:20]} of match {match.id} is no longer there")
    path = file.require()
    return FileResponse(path, media_type=_kind(path), headers={"Cache-Control": "private, max-age=3600"})


@router.get("/pairs")
def pairs(request: Request, asked: Annotated[Asked, permits(Action.READ_MATCHES)], match_id: str) -> Response:
    """The frame pairs, as a part of the page."""
    match, (query, reference) = _found(asked, match_id)
    segments = segments_of(match)
    found = asked.platform.looks.pairs(query, reference, segments) if query and reference else []
    regions = match.finding.get("regions") or [None] * len(segments)
    views = [
        PairView(
            each.query_time_s,
            time_code(each.query_time_s),
            time_code(each.reference_time_s),
            _side(match, number, "query", regions[each.segment]),
            _side(match, number, "reference", regions[each.segment]),
        )
        for number, each in enumerate(found)
    ]
    return page(request, "review/pairs.html", {"pairs": views}, principal=asked.principal)


@router.get("/pictures/{number}/{side}")
def picture(asked: Annotated[Asked, permits(Action.READ_MATCHES)], match_id: str, number: int, side: str) -> Response:
    """One side of one frame pair."""
    match, (query, reference) = _found(asked, match_id)
    if query is None or reference is None:
        raise NotFound("one of the two files is no longer there")
    path = asked.platform.looks.picture(query, reference, segments_of(match), number, side)
    return FileResponse(path, media_type="image/webp", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/curve")
def curve(request: Request, asked: Annotated[Asked, permits(Action.READ_MATCHES)], match_id: str) -> Response:
    """The similarity curve, as a part of the page."""
    match, (query, reference) = _found(asked, match_id)
    found = asked.platform.curve(match, query, reference) if query and reference else []
    limit = asked.platform.same_frame
    drawn = {"points": found, "limit": limit, "length": max(match.duration_s, found[-1][0] if found else 0)}
    view = CurveView(f"{limit:.2f}", sum(s >= limit for _, s in found), drawn)
    return page(request, "review/curve.html", {"curve": view}, principal=asked.principal)


@router.get("/portrayal")
def portrayal(request: Request, asked: Annotated[Asked, permits(Action.READ_MATCHES)], match_id: str) -> Response:
    """The drawings that the figure resembles, as a part of the page."""
    match, _ = _found(asked, match_id)
    shown = _drawings(match)
    views = [
        DrawingView(f"/matches/{match.id}/drawings/{n}", each["name"], each["title"], f"{each['similarity']:.2f}")
        for n, each in enumerate(shown)
    ]
    with_other = match.finding.get("nearest_other") is not None
    view = PortrayalView(
        match.finding["name"],
        tuple(views[:-1] if with_other else views),
        views[-1] if with_other else None,
        tuple(match.finding["compare"]),
        tuple(match.finding["variants"].items()),
        tuple(f"{time_code(each['query'][0])} – {time_code(each['query'][1])}" for each in match.finding["tracks"]),
    )
    return page(request, "review/portrayal.html", {"portrayal": view}, principal=asked.principal)


@router.get("/drawings/{number}")
def drawing(asked: Annotated[Asked, permits(Action.READ_MATCHES)], match_id: str, number: int) -> Response:
    """One of those drawings, cut out."""
    match, _ = _found(asked, match_id)
    shown = _drawings(match)
    if not 0 <= number < len(shown):
        raise NotFound("no such drawing")
    with asked.platform.reading() as tx:
        reference = references.reference(tx, shown[number]["reference_id"])
    file = File(Path(reference.location), reference.digest)
    path = asked.platform.looks.drawing(file, shown[number]["time"], Box(*shown[number]["box"]))
    return FileResponse(path, media_type="image/webp", headers={"Cache-Control": "private, max-age=3600"})


def _drawings(match: StoredMatch) -> list[dict[str, Any]]:
    """The nearest of the character, and last the nearest of another one where that may be seen."""
    other = match.finding.get("nearest_other")
    if "nearest" not in match.finding:
        raise NotFound(f"match {match.id} is not about a character")
    return [*match.finding["nearest"], *([other] if other is not None else [])]


def segments_of(match: StoredMatch) -> list[Segment]:
    """As the screening found them."""
    spans = match.finding["segments"]
    turned = match.finding.get("backwards") or [False] * len(spans)
    return [
        Segment(Interval(q0, q1), Interval(r0, r1), match.score, backwards=backwards)
        for (q0, q1, r0, r1), backwards in zip(spans, turned, strict=True)
    ]


def _found(asked: Asked, match_id: str) -> tuple[StoredMatch, tuple[File | None, File | None]]:
    with asked.platform.reading() as tx:
        match = room.match(tx, match_id, asked.principal.sight(Action.READ_MATCHES))
        reference = references.reference(tx, match.reference_id)
    return match, asked.platform.files_of(match, reference)


def _side(match: StoredMatch, number: int, side: str, regions: dict[str, Any] | None) -> PairSide:
    outlines = [] if regions is None else [regions[side]]
    drawn = tuple(" ".join(f"{x:.4f},{y:.4f}" for x, y in outline) for outline in outlines if outline)
    return PairSide(f"/matches/{match.id}/pictures/{number}/{side}", drawn)


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(16)
    return next((kind for at, mark, kind in _KINDS if start[at:].startswith(mark)), "application/octet-stream")
