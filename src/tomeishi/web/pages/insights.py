"""Insights: how often people confirmed what was found, by band, beside what was measured."""

from dataclasses import dataclass
from math import sqrt
from typing import Annotated

from fastapi import APIRouter, Request, Response

from tomeishi.access.permissions import Action
from tomeishi.matching.calibration import shipped
from tomeishi.review import matches as room
from tomeishi.review.matches import Wanted
from tomeishi.review.states import DismissedBecause, State
from tomeishi.review.track_record import reasons, track_record
from tomeishi.values import Band
from tomeishi.web.asking import Asked, permits
from tomeishi.web.templating import page

router = APIRouter(include_in_schema=False)

BAR = 340.0
"""Width of the longest bar, in the drawing's own units."""
ROW = 40


@dataclass(frozen=True, slots=True)
class BandRow:
    band: Band
    confirmed: int
    decided: int
    waiting: int
    interval: str
    false_segments: float | None
    y: int
    all_width: float
    confirmed_width: float


@dataclass(frozen=True, slots=True)
class ReasonRow:
    name: DismissedBecause
    count: int


@dataclass(frozen=True, slots=True)
class InsightsPage:
    rows: tuple[BandRow, ...]
    decided: int
    chart_height: int
    reasons: tuple[ReasonRow, ...]


@router.get("/insights")
def insights(request: Request, asked: Annotated[Asked, permits(Action.READ_MATCHES)]) -> Response:
    """The track record is that of all members together; what waits is what the reader may see."""
    sight = asked.principal.sight(Action.READ_MATCHES)
    with asked.platform.reading() as tx:
        records = track_record(tx)
        waiting = room.sums(tx, sight, Wanted(states=(State.OPEN, State.HELD, State.ASKED)))["band"]
        dismissed = reasons(tx, sight)
    most = max((each.decided for each in records), default=0) or 1
    false_segments = {each.band: each.false_segments_per_100_hours for each in shipped().bands}
    rows = tuple(
        BandRow(
            each.band,
            each.confirmed,
            each.decided,
            waiting.get(each.band, 0),
            wilson(each.confirmed, each.decided),
            false_segments.get(each.band),
            number * ROW,
            round(BAR * each.decided / most, 1),
            round(BAR * each.confirmed / most, 1),
        )
        for number, each in enumerate(records)
    )
    shown = InsightsPage(
        rows,
        sum(each.decided for each in records),
        ROW * len(rows) - (ROW - 28),
        tuple(ReasonRow(reason, count) for reason, count in dismissed),
    )
    return page(request, "insights.html", {"page": shown}, principal=asked.principal)


def wilson(right: int, of: int) -> str:
    """The 95 % interval of a share (Wilson 1927), in whole percent; empty where nothing was counted."""
    if not of:
        return ""
    z = 1.959964
    share, spread = right / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return f"{100 * max(0.0, middle - half):.0f}–{100 * min(1.0, middle + half):.0f}%"
