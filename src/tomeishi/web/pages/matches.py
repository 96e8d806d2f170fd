"""Matches: the queue of what people look at, by facets, and handing several to one person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from tomeishi.access import people
from tomeishi.access.permissions import Action
from tomeishi.access.principals import Principal
from tomeishi.review import decisions
from tomeishi.review import matches as room
from tomeishi.review.matches import Facets, StoredMatch, Wanted
from tomeishi.review.states import State
from tomeishi.values import Band
from tomeishi.web.asking import Asked, permits
from tomeishi.web.shell import language_of
from tomeishi.web.signing_in import local
from tomeishi.web.templating import page
from tomeishi.web.words import Words, words_in

router = APIRouter(include_in_schema=False)

AT_ONCE = 24
CHOICES = 8
"""Values shown of one facet."""
NOBODY = "nobody"
ALL = "all"


@dataclass(frozen=True, slots=True)
class Filter:
    """What the address of the queue says; empty: any. The review page carries it along, so that "next" stays in it."""

    state: str = ""
    """Of `State`, or `all`; empty: open."""
    band: str = ""
    work: str = ""
    provider: str = ""
    assignee: str = ""
    """Id of a person, or `nobody`."""

    @property
    def wanted(self) -> Wanted:
        """A word that is none of the values asks for nothing in particular."""
        states = (tuple(each for each in State if each.value == self.state) if self.state not in ("", ALL) else ()) or (
            () if self.state == ALL else (State.OPEN,)
        )
        return Wanted(
            states=states,
            bands=tuple(each for each in Band if each.value == self.band),
            work_id=self.work or None,
            provider=self.provider or None,
            assignee_id=self.assignee if self.assignee not in ("", NOBODY) else None,
            unassigned=self.assignee == NOBODY,
        )

    def address(self, path: str, changed: Mapping[str, str] | None = None) -> str:
        """`path` with this filter, some of it changed."""
        own = {name: getattr(self, name) for name in ("state", "band", "work", "provider", "assignee")}
        own |= changed or {}
        query = urlencode({name: value for name, value in own.items() if value})
        return f"{path}?{query}" if query else path


def filter_of(
    state: Annotated[str, Query(max_length=20)] = "",
    band: Annotated[str, Query(max_length=20)] = "",
    work: Annotated[str, Query(max_length=40)] = "",
    provider: Annotated[str, Query(max_length=200)] = "",
    assignee: Annotated[str, Query(max_length=40)] = "",
) -> Filter:
    """The filter in an address."""
    return Filter(state, band, work, provider, assignee)


@dataclass(frozen=True, slots=True)
class MatchCard:
    id: str
    path: str
    title: str
    band: Band
    decision: State
    work: str
    query: str
    provider: str | None
    allowed: bool
    assignee: str | None
    at: datetime
    query_picture: str
    reference_picture: str


@dataclass(frozen=True, slots=True)
class FacetChoice:
    name: str
    count: int | None
    """None: not counted, or not all of them."""
    path: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    choices: tuple[FacetChoice, ...]


@dataclass(frozen=True, slots=True)
class Colleague:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class MatchesPage:
    facets: tuple[Facet, ...]
    matches: tuple[MatchCard, ...]
    colleagues: tuple[Colleague, ...]
    """To whom matches can be handed; empty where the reader may hand out none."""
    total: int
    counted: bool
    """False: there are more than were counted."""
    more: str | None


@router.get("/matches")
def matches_page(
    request: Request,
    asked: Annotated[Asked, permits(Action.READ_MATCHES)],
    chosen: Annotated[Filter, Depends(filter_of)],
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """A page of the queue, the surest first."""
    sight = asked.principal.sight(Action.READ_MATCHES)
    words = words_in(language_of(request, asked.principal))
    with asked.platform.reading() as tx:
        found = room.queue(tx, sight, chosen.wanted, AT_ONCE, after=_after(after))
        counted = room.facets(tx, sight, chosen.wanted)
        names = {each.work_id: each.title for each in found}
        staff = colleagues(tx, asked.principal)
    more = (
        chosen.address("/matches", {"after": f"{found[-1].score!r},{found[-1].id}"}) if len(found) == AT_ONCE else None
    )
    shown = MatchesPage(
        facets=_facets(counted, chosen, words, names, {each.id: each.name for each in staff}),
        matches=tuple(card(each, chosen) for each in found),
        colleagues=staff if asked.principal.reach(Action.ASSIGN_MATCHES) else (),
        total=counted.counted,
        counted=not counted.more,
        more=more,
    )
    return page(request, "matches.html", {"page": shown}, principal=asked.principal)


@router.post("/matches/assign")
def assign(
    asked: Annotated[Asked, permits(Action.ASSIGN_MATCHES)],
    match: Annotated[list[str], Form(max_length=200)],
    assignee: Annotated[str, Form(max_length=40)] = "",
    then: Annotated[str, Form(alias="next", max_length=2000)] = "/matches",
) -> Response:
    """Hand some matches to one person, or to nobody: all of them or none."""
    sight = asked.principal.sight(Action.READ_MATCHES)
    with asked.platform.transaction() as tx:
        for each in match:
            seen = room.match(tx, each, sight)
            asked.principal.require_for(Action.ASSIGN_MATCHES, member_id=seen.member_id)
        decisions.assign(tx, match, assignee or None, asked.principal.id, asked.at)
    return RedirectResponse(local(then), 303)


def card(match: StoredMatch, chosen: Filter) -> MatchCard:
    """A match in a list, with its first frame pair."""
    pictures = f"/matches/{match.id}/pictures/0"
    return MatchCard(
        id=match.id,
        path=chosen.address(f"/matches/{match.id}"),
        title=f"{match.title}, {match.query}",
        band=match.band,
        decision=match.state,
        work=match.title,
        query=match.query,
        provider=match.provider,
        allowed=match.allowed,
        assignee=match.assignee,
        at=match.found_at,
        query_picture=f"{pictures}/query",
        reference_picture=f"{pictures}/reference",
    )


def colleagues(tx: Any, principal: Principal) -> tuple[Colleague, ...]:
    """Who can decide matches: everybody of the house, and for a member its own people."""
    house = principal.organisation
    return tuple(
        Colleague(each.id, each.name)
        for each in people.list_people(tx)
        if each.disabled_at is None
        and each.principal.reach(Action.DECIDE_MATCHES)
        and (principal.sight(Action.READ_MATCHES).everything or each.organisation.id == house.id)
    )


def _after(words: str) -> tuple[float, str] | None:
    score, _, last = words.partition(",")
    try:
        return (float(score), last) if last else None
    except ValueError:
        return None


def _facets(
    counted: Facets, chosen: Filter, words: Words, works: Mapping[str, str], staff: Mapping[str, str]
) -> tuple[Facet, ...]:
    def choices(name: str, parameter: str, said: Mapping[str, str]) -> tuple[FacetChoice, ...]:
        now = getattr(chosen, parameter)
        told = name != "work" or counted.by_work_of == counted.counted
        rows = [(value, count if told else None) for value, count in counted.counts[name] if value in said][:CHOICES]
        return tuple(
            FacetChoice(
                said[value], count, chosen.address("/matches", {parameter: "" if now == value else value}), now == value
            )
            for value, count in rows
        )

    state = chosen.state or State.OPEN.value
    by_state = tuple(
        FacetChoice(
            words(f"decision.{value}") if value != ALL else words("matches.everything"),
            None,
            chosen.address("/matches", {"state": value}),
            value == state,
        )
        for value in (*State, ALL)
    )
    bands = {each.value: words(f"band.{each}") for each in Band}
    providers = {value: value for value, _ in counted.counts["provider"] if value}
    people_of = {**staff, "": words("matches.nobody")}
    found = [
        Facet(words("matches.facet_decision"), by_state),
        Facet(words("matches.facet_band"), choices("band", "band", bands)),
        Facet(words("matches.facet_work"), choices("work", "work", works)),
        Facet(words("matches.facet_provider"), choices("provider", "provider", providers)),
        Facet(words("matches.facet_assignee"), _by_assignee(counted, chosen, people_of)),
    ]
    return tuple(each for each in found if each.choices)


def _turned(chosen: Filter, parameter: str, value: str, *, on: bool) -> str:
    """Where a choice leads: chosen, or where it is chosen already, no longer."""
    return chosen.address("/matches", {parameter: "" if on else value})


def _by_assignee(counted: Facets, chosen: Filter, said: Mapping[str, str]) -> tuple[FacetChoice, ...]:
    rows = [(value or NOBODY, said[value], count) for value, count in counted.counts["assignee"] if value in said]
    return tuple(
        FacetChoice(
            name,
            count,
            _turned(chosen, "assignee", value, on=chosen.assignee == value),
            chosen.assignee == value,
        )
        for value, name, count in rows[:CHOICES]
    )
