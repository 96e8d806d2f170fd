"""Today: what waits for whoever is signed in, what is under way, and what happened lately."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from tomeishi.access import events, people
from tomeishi.access.permissions import Action
from tomeishi.access.principals import Principal
from tomeishi.jobs import queue
from tomeishi.jobs.queue import Job, State
from tomeishi.registry import works
from tomeishi.review import matches as room
from tomeishi.review.matches import Wanted
from tomeishi.review.states import State as Stands
from tomeishi.web.asking import Asked, permits
from tomeishi.web.pages.matches import Filter, MatchCard, card
from tomeishi.web.pages.settings import EventRow, event_row
from tomeishi.web.shell import language_of
from tomeishi.web.templating import page
from tomeishi.web.words import words_in

router = APIRouter(include_in_schema=False)

LATELY = 8


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    count: int
    path: str | None
    hot: bool


@dataclass(frozen=True, slots=True)
class JobRow:
    name: str
    state: State
    share: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class TodayPage:
    first: MatchCard | None
    """The surest open match."""
    decided: int
    figures: tuple[Figure, ...]
    may_screen: bool
    jobs: tuple[JobRow, ...]
    happened: tuple[EventRow, ...]


@router.get("/")
def today(request: Request, asked: Annotated[Asked, permits(Action.READ_SELF)]) -> Response:
    """Where everybody begins."""
    mine = asked.principal
    with asked.platform.reading() as tx:
        first, counts = _matches(tx, mine)
        registered = _registered(tx, mine)
        jobs = queue.listed(tx, asked_by=None if mine.reach(Action.READ_EVENTS) else mine.id, limit=6)
        happened = events.newest(tx, LATELY) if mine.reach(Action.READ_EVENTS) else []
        named = {each.id: each.name for each in people.list_people(tx)}
    words = words_in(language_of(request, mine))
    shown = TodayPage(
        first=first,
        decided=counts.get("confirmed", 0) + counts.get("dismissed", 0),
        figures=tuple(_figures(counts, mine, registered)),
        may_screen=bool(mine.reach(Action.READ_SCREENINGS)),
        jobs=tuple(job_row(each) for each in jobs),
        happened=tuple(event_row(each, named, words) for each in happened),
    )
    return page(request, "today.html", {"page": shown}, principal=mine, counts={"matches": counts.get("open", 0)})


def job_row(job: Job) -> JobRow:
    """A job for people: what it is about, and how far it is while it runs."""
    running = job.state is State.RUNNING and job.progress.total
    share = job.progress.done / job.progress.total if running and job.progress.total else None
    name = str(job.payload.get("name") or job.payload.get("query") or job.kind)
    return JobRow(name, job.state, share, job.reason)


def _matches(tx: Any, mine: Principal) -> tuple[MatchCard | None, Mapping[str, int]]:
    if not mine.reach(Action.READ_MATCHES):
        return None, {}
    sight = mine.sight(Action.READ_MATCHES)
    counts = room.sums(tx, sight, Wanted(states=()))["state"]
    counts["mine"] = sum(room.sums(tx, sight, Wanted(assignee_id=mine.id))["state"].values())
    waiting = room.queue(tx, sight, Wanted(), 1)
    return (card(waiting[0], Filter()) if waiting else None), counts


def _registered(tx: Any, mine: Principal) -> int | None:
    if not mine.reach(Action.READ_WORKS):
        return None
    sight = mine.sight(Action.READ_WORKS)
    return works.newest_works(tx, 0, member_id=None if sight.everything else sight.member_id or "")[1]


def _figures(counts: Mapping[str, int], mine: Principal, registered: int | None) -> list[Figure]:
    found = [] if registered is None else [Figure("works", registered, "/works", False)]
    if not mine.reach(Action.READ_MATCHES):
        return found
    held = counts.get("held", 0) + counts.get("asked", 0)
    return [
        Figure("to_review", counts.get(Stands.OPEN, 0), "/matches", counts.get(Stands.OPEN, 0) > 0),
        Figure("held", held, "/matches?state=held", False),
        Figure("mine", counts["mine"], f"/matches?assignee={mine.id}", False),
        *found,
    ]
