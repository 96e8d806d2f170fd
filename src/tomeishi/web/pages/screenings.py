"""Screenings: files are handed in, one request each, and what is found appears as it is found (server-sent events)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from tomeishi.access.permissions import Action
from tomeishi.errors import BadInput
from tomeishi.jobs import queue
from tomeishi.jobs.queue import ENDED, Job, State
from tomeishi.review import matches as room
from tomeishi.review import screenings
from tomeishi.review.matches import StoredMatch
from tomeishi.review.screenings import StoredScreening
from tomeishi.values import Band, Use, Verdict, new_id
from tomeishi.web.asking import Asked, permits
from tomeishi.web.pages.consents import Choice
from tomeishi.web.shell import language_of
from tomeishi.web.tasks import SCREEN
from tomeishi.web.templating import page
from tomeishi.web.uploads import Upload
from tomeishi.web.words import Words, words_in

router = APIRouter(include_in_schema=False)

AT_ONCE = 50
LOOK_S = 0.7
"""Between looks while something is under way."""
LOOKS = 600
"""After so many the stream ends; the browser asks for it again."""


@dataclass(frozen=True, slots=True)
class Found:
    path: str
    band: Band
    work: str


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    provider: str | None
    state: State
    share: float | None
    """Of the work done, where it is known."""
    reason: str | None
    matches: tuple[Found, ...]
    verdict: Verdict | None
    verdict_name: str
    at: datetime
    looks: tuple[str, ...] | None = None
    """Works whose look it comes near; None where that was not asked for."""


@dataclass(frozen=True, slots=True)
class ScreeningsPage:
    screenings: tuple[Row, ...]
    live: bool
    """Whether something is under way."""
    may_screen: bool
    provider: str
    uses: tuple[Choice, ...]
    more: str | None


@router.get("/screenings")
def screenings_page(
    request: Request,
    asked: Annotated[Asked, permits(Action.READ_SCREENINGS)],
    before: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """What was handed in, the newest first."""
    words = words_in(language_of(request, asked.principal))
    return page(request, "screenings.html", {"page": _page(asked, words, before)}, principal=asked.principal)


@router.post("/screenings")
def hand_in(asked: Annotated[Asked, permits(Action.WRITE_SCREENINGS)], upload: Upload) -> Response:
    """One file: kept by its digest, and queued."""
    fields = upload.fields
    use = fields.get("use") or None
    if use is not None and use not in {each.value for each in Use}:
        raise BadInput(f"no use {use[:40]!r}")
    asked.platform.keep(upload.file, upload.digest)
    payload = {
        "media": upload.digest,
        "name": upload.name,
        "provider": fields.get("provider", "").strip() or asked.principal.organisation.provider,
        "model": fields.get("model", "").strip() or None,
        "use": use,
        "style": fields.get("style") == "true",
        "principal": asked.principal.id,
        "organisation": asked.principal.organisation.id,
    }
    with asked.platform.transaction() as tx:
        queue.enqueue(tx, SCREEN, new_id("req"), payload, asked.at, asked_by=asked.principal.id)
    return RedirectResponse("/screenings", 303)


@router.get("/screenings/events")
async def watch(request: Request, asked: Annotated[Asked, permits(Action.READ_SCREENINGS)]) -> Response:
    """The list as it changes, until nothing is under way."""
    return StreamingResponse(_changes(request, asked), media_type="text/event-stream")


async def _changes(request: Request, asked: Asked) -> AsyncIterator[str]:
    words = words_in(language_of(request, asked.principal))
    before = ""
    for _ in range(LOOKS):
        shown = await run_in_threadpool(_page, asked, words, None)
        answer = page(request, "screenings/list.html", {"page": shown}, principal=asked.principal)
        text = bytes(answer.body).decode()
        if text != before:
            yield "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"
            before = text
        if not shown.live:
            yield "event: done\ndata: \n\n"
            return
        await asyncio.sleep(LOOK_S)


def _page(asked: Asked, words: Words, before: str | None) -> ScreeningsPage:
    principal = asked.principal
    sight = principal.sight(Action.READ_SCREENINGS)
    with asked.platform.reading() as tx:
        jobs = [] if before else _under_way(tx, asked)
        kept = screenings.list_screenings(tx, sight, AT_ONCE, before)
        may_review = bool(principal.reach(Action.READ_MATCHES))
        found = room.by_screenings(tx, sight, [each.id for each in kept]) if may_review else []
    rows = (*(_of_job(each) for each in jobs), *(_of_screening(each, found, words) for each in kept))
    return ScreeningsPage(
        screenings=rows,
        live=any(each.state not in ENDED for each in jobs),
        may_screen=bool(principal.reach(Action.WRITE_SCREENINGS)),
        provider=principal.organisation.provider or "",
        uses=tuple(Choice(use.value, words.use(use)) for use in Use),
        more=f"/screenings?before={kept[-1].id}" if len(kept) == AT_ONCE else None,
    )


def _under_way(tx: Any, asked: Asked) -> list[Job]:
    """The asker's own jobs that have not ended well: what ended well is a screening."""
    mine = queue.listed(tx, asked_by=asked.principal.id, limit=AT_ONCE)
    return [each for each in mine if each.kind == SCREEN and each.state is not State.DONE]


def _of_job(job: Job) -> Row:
    total = job.progress.total
    share = None if job.state in ENDED else job.progress.done / total if total else 0.0
    payload = job.payload
    return Row(payload["name"], payload["provider"], job.state, share, job.reason, (), None, "", job.created_at)


def _of_screening(stored: StoredScreening, found: Sequence[StoredMatch], words: Words) -> Row:
    told = stored.words
    cut = told["skipped"] or told.get("partial")
    verdict = Verdict(told["verdict"])
    return Row(
        name=told.get("query") or told.get("prompt", "")[:80],
        provider=stored.provider,
        state=State.DONE,
        share=None,
        reason=cut["reason"] if cut else None,
        matches=tuple(
            Found(f"/matches/{each.id}?state=all", each.band, each.title)
            for each in found
            if each.screening_id == stored.id
        ),
        verdict=verdict,
        verdict_name=words.verdict(verdict),
        at=stored.made_at,
        looks=None if told.get("styles") is None else tuple(near["title"] for near in told["styles"]),
    )
