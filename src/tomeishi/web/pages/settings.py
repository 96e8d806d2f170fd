"""Settings: one's own, and for those who may: people, API keys, the event log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from tomeishi.access import api_keys, events, organisations, people
from tomeishi.access.api_keys import ApiKey
from tomeishi.access.events import Event
from tomeishi.access.people import Person
from tomeishi.access.permissions import Action, KeyScope, Role
from tomeishi.errors import BadInput
from tomeishi.web.asking import Asked, permits
from tomeishi.web.shell import language_of
from tomeishi.web.templating import page
from tomeishi.web.words import Words, words_in

router = APIRouter(include_in_schema=False)

EVENTS = 100
KEYBOARD = (
    ("?", "keys.help"),
    ("␣", "keys.play"),
    (", .", "keys.steps"),
    ("[ ]", "keys.segments"),
    ("1–9", "keys.points"),
    ("D", "keys.mode"),
    ("M", "keys.mirror"),
    ("L", "keys.locked"),
    ("Y", "keys.confirm"),
    ("N", "keys.dismiss"),
    ("H", "keys.hold"),
    ("U", "keys.undo"),
    ("E", "keys.evidence"),
    ("J K", "keys.turn"),
    ("/", "keys.search"),
)


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: str
    name: str
    organisation: str
    roles: tuple[Role, ...]
    second_factor: bool
    shut: bool
    me: bool


@dataclass(frozen=True, slots=True)
class KeyRow:
    id: str
    name: str
    scopes: str
    until: datetime | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class EventRow:
    number: int
    at: datetime
    who: str
    what: str
    about: str


@dataclass(frozen=True, slots=True)
class SettingsPage:
    name: str
    organisation: str
    roles: tuple[Role, ...]
    may_have_second_factor: bool
    """A person who signs in by a password here."""
    has_second_factor: bool
    keyboard: tuple[tuple[str, str], ...]
    may_read_people: bool
    may_write_people: bool
    people: tuple[PersonRow, ...]
    organisations: tuple[organisations.Organisation, ...]
    all_roles: tuple[Role, ...]
    may_read_keys: bool
    may_write_keys: bool
    keys: tuple[KeyRow, ...]
    all_scopes: tuple[KeyScope, ...]
    new_key: str | None
    may_read_events: bool
    events: tuple[EventRow, ...]


@router.get("/settings")
def settings(request: Request, asked: Annotated[Asked, permits(Action.READ_SELF)]) -> Response:
    """One's own settings, and the house's as far as they may be seen."""
    return _shown(request, asked, None)


@router.post("/settings/people")
def add_person(
    asked: Annotated[Asked, permits(Action.WRITE_PEOPLE)],
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    organisation: Annotated[str, Form(max_length=40)],
    role: Annotated[Role, Form()],
) -> Response:
    """A new account, with one role to begin with."""
    with asked.platform.transaction() as tx:
        of = organisations.organisation(tx, organisation)
        person_id = people.add_person(tx, name, of, [role], asked.at, password=password)
        events.record(tx, asked.principal.id, "person.added", person_id, asked.at, {"role": role.value})
    return RedirectResponse("/settings", 303)


@router.post("/settings/people/{person_id}")
def shut_out(
    asked: Annotated[Asked, permits(Action.WRITE_PEOPLE)], person_id: str, shut: Annotated[str, Form()]
) -> Response:
    """Shut somebody out, or let them in again; nobody does it to themselves."""
    if person_id == asked.principal.id:
        raise BadInput("nobody can shut themselves out; ask another administrator")
    with asked.platform.transaction() as tx:
        if shut == "yes":
            people.disable(tx, person_id, asked.at)
        else:
            people.enable(tx, person_id)
        what = "person.disabled" if shut == "yes" else "person.enabled"
        events.record(tx, asked.principal.id, what, person_id, asked.at)
    return RedirectResponse("/settings", 303)


@router.post("/settings/keys")
def add_key(
    request: Request,
    asked: Annotated[Asked, permits(Action.WRITE_KEYS)],
    name: Annotated[str, Form(max_length=200)],
    scope: Annotated[list[KeyScope] | None, Form()] = None,
) -> Response:
    """A key of the asker's organisation; it is shown in this one answer."""
    with asked.platform.transaction() as tx:
        of = asked.principal.organisation
        key_id, key = api_keys.add_key(tx, name, of, scope or [], asked.at)
        events.record(tx, asked.principal.id, "key.added", key_id, asked.at, {"scopes": sorted(scope or [])})
    return _shown(request, asked, key)


@router.post("/settings/keys/{key_id}/revoke")
def revoke_key(asked: Annotated[Asked, permits(Action.WRITE_KEYS)], key_id: str) -> Response:
    """From now on it opens nothing."""
    with asked.platform.transaction() as tx:
        api_keys.revoke(tx, key_id, asked.at)
        events.record(tx, asked.principal.id, "key.revoked", key_id, asked.at)
    return RedirectResponse("/settings", 303)


def _shown(request: Request, asked: Asked, new_key: str | None) -> Response:
    mine = asked.principal
    words = words_in(language_of(request, mine))
    may = {action: bool(mine.reach(action)) for action in Action}
    with asked.platform.reading() as tx:
        everybody = people.list_people(tx)
        me = next((each for each in everybody if each.id == mine.id), None)
        names = {each.id: each.name for each in everybody}
        keys = api_keys.list_keys(tx) if may[Action.READ_KEYS] else []
        named = names | {each.id: each.name for each in keys}
        happened = events.newest(tx, EVENTS) if may[Action.READ_EVENTS] else []
        houses = organisations.list_organisations(tx)
    shown = SettingsPage(
        name=mine.name,
        organisation=mine.organisation.name,
        roles=tuple(sorted(mine.roles)),
        may_have_second_factor=me is not None and me.has_password,
        has_second_factor=me is not None and me.has_second_factor,
        keyboard=tuple((key, words(text)) for key, text in KEYBOARD),
        may_read_people=may[Action.READ_PEOPLE],
        may_write_people=may[Action.WRITE_PEOPLE],
        people=tuple(_person(each, mine.id) for each in everybody) if may[Action.READ_PEOPLE] else (),
        organisations=tuple(houses),
        all_roles=tuple(Role),
        may_read_keys=may[Action.READ_KEYS],
        may_write_keys=may[Action.WRITE_KEYS],
        keys=tuple(_key(each) for each in keys),
        all_scopes=tuple(KeyScope),
        new_key=new_key,
        may_read_events=may[Action.READ_EVENTS],
        events=tuple(event_row(each, named, words) for each in happened),
    )
    return page(request, "settings.html", {"page": shown}, principal=mine)


def event_row(event: Event, named: Mapping[str, str], words: Words) -> EventRow:
    """An event for people; a kind that has no words yet is told by its own name."""
    said: Any = words.texts.get(f"events.{event.what.replace('.', '_')}", event.what)
    return EventRow(
        event.number, event.at, named.get(event.by, event.by), said, named.get(event.subject, event.subject)
    )


def _person(person: Person, me: str) -> PersonRow:
    return PersonRow(
        person.id,
        person.name,
        person.organisation.name,
        tuple(sorted(person.roles)),
        person.has_second_factor,
        person.disabled_at is not None,
        person.id == me,
    )


def _key(key: ApiKey) -> KeyRow:
    return KeyRow(key.id, key.name, ", ".join(sorted(key.scopes)), key.expires_at, key.revoked_at is not None)
