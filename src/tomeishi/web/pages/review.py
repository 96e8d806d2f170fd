"""Review: one match in full, and what people decide on it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from tomeishi.access import people
from tomeishi.access.permissions import Action
from tomeishi.errors import BadInput
from tomeishi.evidence import stored
from tomeishi.evidence.stored import StoredPackage
from tomeishi.jobs import queue
from tomeishi.jobs.queue import ENDED
from tomeishi.matching.bands import bands_of
from tomeishi.registry import references
from tomeishi.review import decisions
from tomeishi.review import matches as room
from tomeishi.review.matches import StoredMatch
from tomeishi.review.states import UNDO, CommonPoint, Decision, DecisionKind, DismissedBecause, State, standing
from tomeishi.review.track_record import TrackRecord, track_record
from tomeishi.values import Band, Interval, Kind, MediaKind, covered_s, new_id
from tomeishi.web.asking import Asked, permits
from tomeishi.web.pages.matches import Filter, filter_of
from tomeishi.web.shell import language_of
from tomeishi.web.tasks import PACK
from tomeishi.web.templating import page
from tomeishi.web.times import length, time_code
from tomeishi.web.words import Words, words_in

router = APIRouter(include_in_schema=False, prefix="/matches/{match_id}")

PACKAGES = 100
"""Newest packages that are looked through for those of a match."""
WIDTH = 1000.0
"""Of the timelines, in their own units."""
_UPPER, _LOWER = 18, 86
"""Where ribbons leave the query's bar and reach the reference's."""


@dataclass(frozen=True, slots=True)
class Side:
    name: str
    kind: str
    media: str
    there: bool
    title: str
    length: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One segment as it is drawn and named."""

    ribbon: str
    query_x: float
    query_width: float
    reference_x: float
    reference_width: float
    query: str
    reference: str
    speed: str
    """Empty at the query's own speed."""


@dataclass(frozen=True, slots=True)
class Stretch:
    x: float
    width: float
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """The ledger's answer, as of the screening."""

    allowed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Decided:
    state: State
    by: str
    at: datetime | None
    points: tuple[str, ...]
    reason: str | None
    note: str
    may_undo: bool


@dataclass(frozen=True, slots=True)
class Happened:
    words: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReviewPage:
    id: str
    title: str
    place: int | None
    """None: too far back to be counted."""
    of: int
    before: str | None
    after: str | None
    segments_json: str
    query: Side
    reference: Side
    bars: tuple[Bar, ...]
    excluded: tuple[Stretch, ...]
    covered: str
    band: Band
    record: TrackRecord
    false_segments: float | None
    kind: str
    portrayed: bool
    """Whether it is about a character."""
    score: str
    score_limit: str
    work: str
    work_id: str
    member: str
    provider: str | None
    permission: Said
    decision: Decided
    may_decide: bool
    may_exclude: bool
    points: tuple[CommonPoint, ...]
    reasons: tuple[DismissedBecause, ...]
    history: tuple[Happened, ...]
    next: str
    """Where this match stands among the others, to come back to."""


@dataclass(frozen=True, slots=True)
class EvidencePart:
    id: str
    next: str
    packages: tuple[StoredPackage, ...]
    under_way: bool
    failed: str | None
    may_pack: bool


@router.get("")
def review(
    request: Request,
    asked: Annotated[Asked, permits(Action.READ_MATCHES)],
    match_id: str,
    chosen: Annotated[Filter, Depends(filter_of)],
) -> Response:
    """The whole page."""
    return page(request, "review.html", {"page": _page(request, asked, match_id, chosen)}, principal=asked.principal)


@dataclass(frozen=True, slots=True)
class Deciding:
    """One match, and somebody who may decide on it."""

    request: Request
    asked: Asked
    match_id: str
    chosen: Filter

    def by(self, decide: Callable[[Any, StoredMatch], object]) -> Response:
        """The decision in one transaction, then the panel as it stands."""
        with self.asked.platform.transaction() as tx:
            match = room.match(tx, self.match_id, self.asked.principal.sight(Action.READ_MATCHES))
            self.asked.principal.require_for(Action.DECIDE_MATCHES, member_id=match.member_id)
            decide(tx, match)
        shown = _page(self.request, self.asked, self.match_id, self.chosen)
        return page(self.request, "review/decision.html", {"page": shown}, principal=self.asked.principal)


def _deciding(
    request: Request,
    asked: Annotated[Asked, permits(Action.DECIDE_MATCHES)],
    match_id: str,
    chosen: Annotated[Filter, Depends(filter_of)],
) -> Deciding:
    return Deciding(request, asked, match_id, chosen)


Decider = Annotated[Deciding, Depends(_deciding)]
Note = Annotated[str, Form(max_length=4000)]


@router.post("/confirm")
def confirm(deciding: Decider, points: Annotated[list[CommonPoint] | None, Form()] = None, note: Note = "") -> Response:
    """They do resemble each other, in the points named."""
    by, at = deciding.asked.principal.id, deciding.asked.at
    return deciding.by(lambda tx, match: decisions.confirm(tx, match.id, points or [], by, at, note=note))


@router.post("/dismiss")
def dismiss(
    deciding: Decider,
    reason: Annotated[DismissedBecause, Form()],
    exclude: Annotated[str, Form(max_length=3)] = "",
    note: Note = "",
) -> Response:
    """Not similar, or fine; with `exclude`, the matched part of the reference never counts again."""
    principal, at = deciding.asked.principal, deciding.asked.at

    def put_aside(tx: Any, match: StoredMatch) -> None:
        if exclude:
            principal.require_for(Action.WRITE_EXCLUSIONS, member_id=match.member_id)
        part = _matched(match) if exclude else None
        decisions.dismiss(tx, match.id, reason, principal.id, at, note=note, exclude=part)

    return deciding.by(put_aside)


@router.post("/hold")
def hold(deciding: Decider, note: Note = "", way: Annotated[str, Form(max_length=4)] = "hold") -> Response:
    """To be decided later, or a question to the member."""
    by, at = deciding.asked.principal.id, deciding.asked.at
    if way == "ask":
        return deciding.by(lambda tx, match: decisions.ask(tx, match.id, note, by, at))
    return deciding.by(lambda tx, match: decisions.hold(tx, match.id, by, at, note=note))


@router.post("/undo")
def undo(deciding: Decider) -> Response:
    """Take one's own last decision back."""
    by, at = deciding.asked.principal.id, deciding.asked.at
    return deciding.by(lambda tx, match: decisions.undo(tx, match.id, by, at))


@router.post("/reopen")
def reopen(deciding: Decider) -> Response:
    """Open again, whatever was decided."""
    by, at = deciding.asked.principal.id, deciding.asked.at
    return deciding.by(lambda tx, match: decisions.reopen(tx, match.id, by, at))


@router.post("/evidence")
def evidence(
    request: Request,
    asked: Annotated[Asked, permits(Action.WRITE_EVIDENCE)],
    match_id: str,
    chosen: Annotated[Filter, Depends(filter_of)],
) -> Response:
    """Seal what the screening of this match found, by a job; the panel shows the package when it is there."""
    everything = asked.principal.sight(Action.WRITE_EVIDENCE).everything
    with asked.platform.transaction() as tx:
        match = room.match(tx, match_id, asked.principal.sight(Action.READ_MATCHES))
        if match.media is None:
            raise BadInput("the query was not kept; packages are made of files")
        payload = {
            "screening": match.screening_id,
            "media": match.media,
            "name": match.query,
            "member": None if everything else asked.principal.organisation.member_id,
            "provider": match.provider,
            "model": match.model,
            "source_url": None,
            "captured_at": None,
            "prompt": None,
            "principal": asked.principal.id,
        }
        queue.enqueue(tx, PACK, new_id("req"), payload, asked.at, asked_by=asked.principal.id)
    return _sealed(request, asked, match, chosen)


@router.get("/evidence")
def sealed(
    request: Request,
    asked: Annotated[Asked, permits(Action.READ_EVIDENCE)],
    match_id: str,
    chosen: Annotated[Filter, Depends(filter_of)],
) -> Response:
    """Packages of this match's screening, and whether another one is being made."""
    with asked.platform.reading() as tx:
        match = room.match(tx, match_id, asked.principal.sight(Action.READ_MATCHES))
    return _sealed(request, asked, match, chosen)


def _sealed(request: Request, asked: Asked, match: StoredMatch, chosen: Filter) -> Response:
    principal = asked.principal
    with asked.platform.reading() as tx:
        kept = stored.list_packages(tx, principal.sight(Action.READ_EVIDENCE), PACKAGES)
        mine = queue.listed(tx, asked_by=principal.id, limit=PACKAGES)
    waiting = [each for each in mine if each.kind == PACK and each.payload["screening"] == match.screening_id]
    failed = next((each.reason for each in waiting[:1] if each.reason), None)
    shown = EvidencePart(
        id=match.id,
        next=chosen.address(""),
        packages=tuple(each for each in kept if each.screening_id == match.screening_id),
        under_way=any(each.state not in ENDED for each in waiting),
        failed=failed,
        may_pack=bool(principal.reach(Action.WRITE_EVIDENCE)) and match.media is not None,
    )
    return page(request, "review/evidence.html", {"part": shown}, principal=principal)


def _matched(match: StoredMatch) -> Interval:
    """From the first matched moment of the reference to the last."""
    spans = match.finding["segments"]
    if not spans:
        raise BadInput("this match has no segment that could be excluded")
    return Interval(min(span[2] for span in spans), max(span[3] for span in spans))


def _page(request: Request, asked: Asked, match_id: str, chosen: Filter) -> ReviewPage:
    principal = asked.principal
    sight = principal.sight(Action.READ_MATCHES)
    words = words_in(language_of(request, principal))
    with asked.platform.reading() as tx:
        match = room.match(tx, match_id, sight)
        place, of = room.position(tx, sight, chosen.wanted, match)
        after = room.queue(tx, sight, chosen.wanted, 1, after=(match.score, match.id))
        before = room.preceding(tx, sight, chosen.wanted, match)
        reference = references.reference(tx, match.reference_id)
        excluded = references.exclusions(tx, reference.id)
        told = decisions.history(tx, match_id)
        record = next(each for each in track_record(tx) if each.band is match.band)
        names = {each.id: each.name for each in people.list_people(tx)}
    query_file, reference_file = asked.platform.files_of(match, reference)
    segments = match.finding["segments"]
    q_length = max(match.duration_s, *(span[1] for span in segments), 1e-3)
    r_length = max(reference.duration_s, *(span[3] for span in segments), 1e-3)
    limit = next(each for each in bands_of(match.kind) if each.band is match.band)
    answer = match.finding["permission"]
    return ReviewPage(
        id=match.id,
        title=match.id[-6:],
        place=place,
        of=max(of, place or 1),
        before=chosen.address(f"/matches/{before.id}") if before else None,
        after=chosen.address(f"/matches/{after[0].id}") if after else None,
        segments_json=json.dumps(segments),
        query=_side("query", match, query_file is not None, match.query, q_length, _kind_of(match)),
        reference=_side("reference", match, reference_file is not None, reference.title, r_length, reference.kind),
        bars=tuple(_bar(span, q_length, r_length) for span in segments),
        excluded=tuple(_stretch(each.interval, each.reason, r_length) for each in excluded),
        covered=f"{covered_s(Interval(span[0], span[1]) for span in segments):.1f}",
        band=match.band,
        record=record,
        false_segments=limit.false_segments_per_100_hours,
        kind=words.kind(match.kind),
        portrayed=match.kind is Kind.CHARACTER,
        score=f"{match.score:.3f}",
        score_limit=f"{limit.score:.2f}",
        work=match.title,
        work_id=match.work_id,
        member=match.member,
        provider=match.provider,
        permission=Said(answer["allowed"], answer["text"][words.language]),
        decision=_decided(match, told, names, principal.id, asked.at),
        may_decide=principal.may(Action.DECIDE_MATCHES, member_id=match.member_id),
        may_exclude=principal.may(Action.WRITE_EXCLUSIONS, member_id=match.member_id),
        points=tuple(CommonPoint),
        reasons=tuple(DismissedBecause),
        history=tuple(_happened(each, names, words) for each in reversed(told)),
        next=chosen.address(""),
    )


def _kind_of(match: StoredMatch) -> MediaKind:
    """A still picture occupies [0, 1), a film is longer or shorter."""
    return MediaKind.IMAGE if match.duration_s == 1.0 else MediaKind.VIDEO


def _side(name: str, match: StoredMatch, there: bool, title: str, duration_s: float, kind: MediaKind) -> Side:
    shown = "image" if kind is MediaKind.IMAGE else "video"
    return Side(name, shown, f"/matches/{match.id}/media/{name}", there, title, length(duration_s), duration_s)


def _bar(span: Sequence[float], query_s: float, reference_s: float) -> Bar:
    q0, q1 = (round(t / query_s * WIDTH, 2) for t in span[:2])
    r0, r1 = (round(t / reference_s * WIDTH, 2) for t in span[2:])
    speed = (span[3] - span[2]) / (span[1] - span[0])
    return Bar(
        ribbon=f"{q0},{_UPPER} {q1},{_UPPER} {r1},{_LOWER} {r0},{_LOWER}",
        query_x=q0,
        query_width=max(round(q1 - q0, 2), 2),
        reference_x=r0,
        reference_width=max(round(r1 - r0, 2), 2),
        query=time_code(span[0]),
        reference=time_code(span[2]),
        speed="" if abs(speed - 1) < 0.02 else f"{speed:.2f}",
    )


def _stretch(interval: Interval, reason: str, reference_s: float) -> Stretch:
    x = round(interval.start / reference_s * WIDTH, 2)
    return Stretch(x, round(max(interval.length / reference_s * WIDTH, 2), 2), reason)


def _decided(match: StoredMatch, told: Sequence[Decision], names: Mapping[str, str], me: str, at: datetime) -> Decided:
    """What stands now, and by the last decision that made it so."""
    now = standing(told)
    last = now.last if now.last is not None and now.last.kind is not DecisionKind.ASSIGN else None
    words = {} if last is None else last.words
    return Decided(
        state=match.state,
        by="" if last is None else names.get(last.by, last.by),
        at=None if last is None else last.at,
        points=tuple(words.get("points", ())),
        reason=match.reason.value if match.reason is not None else None,
        note=words.get("note") or words.get("question") or "",
        may_undo=last is not None and last.by == me and at < last.at + UNDO,
    )


def _happened(decision: Decision, names: Mapping[str, str], words: Words) -> Happened:
    said = words(f"did.{decision.kind}")
    if decision.kind is DecisionKind.ASSIGN:
        assignee = decision.words["assignee"]
        said += f": {names.get(assignee, assignee) if assignee else words('matches.nobody')}"
    return Happened(said, names.get(decision.by, decision.by), decision.at)
