"""`/v1/matches`: the queue, and people's decisions."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from tomeishi import clock
from tomeishi.access.permissions import Action
from tomeishi.review import decisions, matches
from tomeishi.review.matches import Order, StoredMatch, Wanted
from tomeishi.review.states import CommonPoint, DecisionKind, DismissedBecause, State
from tomeishi.review.track_record import track_record
from tomeishi.values import Band, Interval, Kind, Verdict
from tomeishi.web.api.answering import (
    Body,
    Id,
    IfMatch,
    LongText,
    Moment,
    Paged,
    Repeated,
    Text,
    etag,
    next_token,
    once,
    version_in,
)
from tomeishi.web.asking import Asked, permits

router = APIRouter(prefix="/v1", tags=["matches"])

Reading = Annotated[Asked, permits(Action.READ_MATCHES)]
Deciding = Annotated[Asked, permits(Action.DECIDE_MATCHES)]


class MatchShape(BaseModel):
    id: str
    screening: str
    query: str
    work: str
    title: str
    member: str
    member_name: str
    reference: str
    provider: str | None
    model: str | None
    kind: Kind
    band: Band
    score: float
    segments: list[list[float]]
    """`[query start, query end, reference start, reference end]`, in seconds, ends excluded."""
    allowed: bool
    """By the ledger, when it was screened."""
    verdict: Verdict
    state: State
    reason: DismissedBecause | None
    assignee: str | None
    version: int
    """How many decisions were made; the ETag."""
    found_at: str


class Facet(BaseModel):
    value: str
    matches: int


class FacetShape(BaseModel):
    facets: dict[str, list[Facet]]
    counted: int
    more: bool
    """Whether there are more matches than were counted."""
    by_work_of: int
    """Of how many, the surest ones, the works were counted."""


class MatchList(BaseModel):
    matches: list[MatchShape]
    next_page_token: str


class DecisionShape(BaseModel):
    number: int
    kind: DecisionKind
    by: str
    at: str
    words: dict[str, Any]


class DecisionList(BaseModel):
    decisions: list[DecisionShape]


class BandRecord(BaseModel):
    band: Band
    confirmed: int
    decided: int


class TrackRecordShape(BaseModel):
    bands: list[BandRecord]


class Confirmed(Body):
    points: list[CommonPoint] = Field(min_length=1, max_length=9)
    note: LongText = ""


class Stretch(Body):
    start: float = Field(ge=0)
    end: float = Field(ge=0)


class Dismissed(Body):
    reason: DismissedBecause
    exclude: Stretch | None = Field(default=None, description="a stretch of the reference that never counts again")
    note: LongText = ""


class Noted(Body):
    note: LongText = ""


class AskedMember(Body):
    question: LongText = Field(min_length=1)


class Assigned(Body):
    matches: list[Text] = Field(min_length=1, max_length=1000)
    assignee: Text | None = Field(default=None, description="id of a person; none takes them away")


def _wanted(
    state: Annotated[list[State] | None, Query(description="open ones, if none is named")] = None,
    band: Annotated[list[Band] | None, Query()] = None,
    work: Annotated[Id | None, Query()] = None,
    member: Annotated[Id | None, Query()] = None,
    reference: Annotated[Id | None, Query()] = None,
    screening: Annotated[Id | None, Query()] = None,
    provider: Annotated[Id | None, Query()] = None,
    assignee: Annotated[Id | None, Query()] = None,
    unassigned: bool = False,
    found_from: Annotated[Moment | None, Query()] = None,
    found_until: Annotated[Moment | None, Query()] = None,
) -> Wanted:
    return Wanted(
        states=tuple(state) if state else (State.OPEN,),
        bands=tuple(band or ()),
        work_id=work,
        member_id=member,
        reference_id=reference,
        screening_id=screening,
        provider=provider,
        assignee_id=assignee,
        unassigned=unassigned,
        found_from=found_from,
        found_until=found_until,
    )


Filter = Annotated[Wanted, Depends(_wanted)]


@router.get("/matches")
def list_matches(asked: Reading, page: Paged, wanted: Filter, order: Order = Order.SUREST) -> MatchList:
    """The queue: a page of the matches that fit and may be seen."""
    after = page.after(float, str)
    with asked.platform.reading() as tx:
        rows = matches.queue(
            tx,
            asked.principal.sight(Action.READ_MATCHES),
            wanted,
            page.size,
            order=order,
            after=(after[0], after[1]) if after else None,
        )
    return MatchList(
        matches=[shape_of(each) for each in rows],
        next_page_token=next_token(rows, page, lambda each: [each.score, each.id]),
    )


@router.get("/matches:facets")
def count_matches(asked: Reading, wanted: Filter) -> FacetShape:
    """How many of the matches that fit fall under each state, band, provider, work and assignee."""
    with asked.platform.reading() as tx:
        found = matches.facets(tx, asked.principal.sight(Action.READ_MATCHES), wanted)
    return FacetShape(
        facets={
            name: [Facet(value=value, matches=number) for value, number in counts]
            for name, counts in found.counts.items()
        },
        counted=found.counted,
        more=found.more,
        by_work_of=found.by_work_of,
    )


@router.get("/track-record")
def read_track_record(asked: Reading) -> TrackRecordShape:
    """In how many of the decided matches of each band people saw the resemblance; of all members together."""
    with asked.platform.reading() as tx:
        rows = track_record(tx)
    return TrackRecordShape(
        bands=[BandRecord(band=each.band, confirmed=each.confirmed, decided=each.decided) for each in rows]
    )


@router.get("/matches/{match_id}")
def read_match(match_id: Id, asked: Reading, response: Response) -> MatchShape:
    """One match; its ETag goes into the If-Match of a decision."""
    with asked.platform.reading() as tx:
        found = matches.match(tx, match_id, asked.principal.sight(Action.READ_MATCHES))
    response.headers["ETag"] = etag(found.decisions)
    return shape_of(found)


@router.get("/matches/{match_id}/decisions")
def list_decisions(match_id: Id, asked: Reading) -> DecisionList:
    """All decisions on a match, the first one first."""
    with asked.platform.reading() as tx:
        matches.match(tx, match_id, asked.principal.sight(Action.READ_MATCHES))
        rows = decisions.history(tx, match_id)
    return DecisionList(
        decisions=[
            DecisionShape(
                number=each.number, kind=each.kind, by=each.by, at=clock.to_text(each.at), words=dict(each.words)
            )
            for each in rows
        ]
    )


@router.post("/matches/{match_id}:confirm", response_model=MatchShape)
def confirm(match_id: Id, body: Confirmed, repeat: Repeated, asked: Deciding, if_match: IfMatch = None) -> Response:
    """They do resemble each other, in at least one named point."""

    def verb(tx: Any, version: int | None) -> None:
        decisions.confirm(tx, match_id, body.points, asked.principal.id, asked.at, note=body.note, version=version)

    return _decided(asked, repeat, match_id, if_match, verb)


@router.post("/matches/{match_id}:dismiss", response_model=MatchShape)
def dismiss(match_id: Id, body: Dismissed, repeat: Repeated, asked: Deciding, if_match: IfMatch = None) -> Response:
    """Put aside, for a reason; `exclude` removes the cause for good."""
    exclude = None if body.exclude is None else Interval(body.exclude.start, body.exclude.end)

    def verb(tx: Any, version: int | None) -> None:
        if exclude is not None:
            seen = matches.match(tx, match_id, asked.principal.sight(Action.READ_MATCHES))
            asked.principal.require_for(Action.WRITE_EXCLUSIONS, member_id=seen.member_id)
        decisions.dismiss(
            tx,
            match_id,
            body.reason,
            asked.principal.id,
            asked.at,
            note=body.note,
            exclude=exclude,
            version=version,
        )

    return _decided(asked, repeat, match_id, if_match, verb)


@router.post("/matches/{match_id}:hold", response_model=MatchShape)
def hold(match_id: Id, body: Noted, repeat: Repeated, asked: Deciding, if_match: IfMatch = None) -> Response:
    """To be decided later."""

    def verb(tx: Any, version: int | None) -> None:
        decisions.hold(tx, match_id, asked.principal.id, asked.at, note=body.note, version=version)

    return _decided(asked, repeat, match_id, if_match, verb)


@router.post("/matches/{match_id}:ask", response_model=MatchShape)
def ask(match_id: Id, body: AskedMember, repeat: Repeated, asked: Deciding, if_match: IfMatch = None) -> Response:
    """Wait for an answer of the member."""

    def verb(tx: Any, version: int | None) -> None:
        decisions.ask(tx, match_id, body.question, asked.principal.id, asked.at, version=version)

    return _decided(asked, repeat, match_id, if_match, verb)


@router.post("/matches/{match_id}:reopen", response_model=MatchShape)
def reopen(match_id: Id, body: Noted, repeat: Repeated, asked: Deciding, if_match: IfMatch = None) -> Response:
    """Open again, whatever was decided."""

    def verb(tx: Any, version: int | None) -> None:
        decisions.reopen(tx, match_id, asked.principal.id, asked.at, note=body.note, version=version)

    return _decided(asked, repeat, match_id, if_match, verb)


@router.post("/matches/{match_id}:undo", response_model=MatchShape)
def undo(match_id: Id, repeat: Repeated, asked: Deciding, if_match: IfMatch = None) -> Response:
    """Take one's own last decision back, within ten minutes."""

    def verb(tx: Any, version: int | None) -> None:
        decisions.undo(tx, match_id, asked.principal.id, asked.at, version=version)

    return _decided(asked, repeat, match_id, if_match, verb)


@router.post("/matches:assign", response_model=MatchList)
def assign(body: Assigned, repeat: Repeated, asked: Annotated[Asked, permits(Action.ASSIGN_MATCHES)]) -> Response:
    """Give up to 1000 matches to one person, or to nobody; all or none."""
    sight = asked.principal.sight(Action.READ_MATCHES)

    def verb(tx: Any) -> MatchList:
        for match_id in body.matches:
            matches.match(tx, match_id, sight)
        decisions.assign(tx, body.matches, body.assignee, asked.principal.id, asked.at)
        found = [shape_of(matches.match(tx, match_id, sight)) for match_id in body.matches]
        return MatchList(matches=found, next_page_token="")

    return once(asked, repeat, verb)


def shape_of(match: StoredMatch) -> MatchShape:
    return MatchShape(
        id=match.id,
        screening=match.screening_id,
        query=match.query,
        work=match.work_id,
        title=match.title,
        member=match.member_id,
        member_name=match.member,
        reference=match.reference_id,
        provider=match.provider,
        model=match.model,
        kind=match.kind,
        band=match.band,
        score=match.score,
        segments=match.finding["segments"],
        allowed=match.allowed,
        verdict=match.verdict,
        state=match.state,
        reason=match.reason,
        assignee=match.assignee_id,
        version=match.decisions,
        found_at=clock.to_text(match.found_at),
    )


def _decided(asked: Asked, repeat: Any, match_id: str, if_match: str | None, verb: Any) -> Response:
    """One decision on a match that may be seen and decided on, for the version that was looked at."""
    sight = asked.principal.sight(Action.DECIDE_MATCHES)
    version = version_in(if_match)

    def work(tx: Any) -> MatchShape:
        matches.match(tx, match_id, sight)
        verb(tx, version)
        return shape_of(matches.match(tx, match_id, sight))

    return once(asked, repeat, work)
