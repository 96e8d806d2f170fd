"""`/v1/people`, `/v1/keys` and `/v1/events`: who works here, programs, and who did what."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from tomeishi import clock
from tomeishi.access import api_keys, events, organisations, people
from tomeishi.access.api_keys import ApiKey
from tomeishi.access.people import Person
from tomeishi.access.permissions import Action, KeyScope, OrganisationKind, Role
from tomeishi.errors import NotPermitted
from tomeishi.web.api.answering import Body, Id, Moment, Paged, Repeated, Text, next_token, once
from tomeishi.web.asking import Asked, permits

router = APIRouter(prefix="/v1", tags=["people"])

WritingPeople = Annotated[Asked, permits(Action.WRITE_PEOPLE)]
WritingKeys = Annotated[Asked, permits(Action.WRITE_KEYS)]


class OrganisationShape(BaseModel):
    id: str
    kind: OrganisationKind
    name: str


class OrganisationList(BaseModel):
    organisations: list[OrganisationShape]


class PersonShape(BaseModel):
    id: str
    name: str
    organisation: OrganisationShape
    roles: list[Role]
    language: str
    second_factor: bool
    disabled_at: str | None


class PersonList(BaseModel):
    people: list[PersonShape]


class NewPerson(Body):
    name: Text
    roles: list[Role] = Field(min_length=1, max_length=6)
    member: Text | None = Field(default=None, description="name of the member; else the coalition")
    provider: Text | None = None
    language: Text = "ja"
    password: Text | None = Field(default=None, description="none: signs in by OpenID Connect only")


class NewRoles(Body):
    roles: list[Role] = Field(min_length=1, max_length=6)


class KeyShape(BaseModel):
    id: str
    name: str
    organisation: OrganisationShape
    scopes: list[KeyScope]
    created_at: str
    expires_at: str | None
    revoked_at: str | None


class KeyMade(KeyShape):
    key: str
    """Shown this once."""


class KeyList(BaseModel):
    keys: list[KeyShape]


class NewKey(Body):
    name: Text
    scopes: list[KeyScope] = Field(min_length=1, max_length=5)
    member: Text | None = Field(default=None, description="name of the member; else the coalition")
    provider: Text | None = None
    expires_at: Moment | None = None


class EventShape(BaseModel):
    number: int
    at: str
    by: str
    what: str
    subject: str
    words: dict[str, Any]
    digest: str


class EventList(BaseModel):
    events: list[EventShape]
    next_page_token: str


@router.get("/organisations")
def list_organisations(asked: Annotated[Asked, permits(Action.REQUEST_APPROVALS)]) -> OrganisationList:
    """Organisations whose people work here, to whom something may be sent."""
    with asked.platform.reading() as tx:
        rows = organisations.list_organisations(tx)
    return OrganisationList(organisations=[OrganisationShape(id=o.id, kind=o.kind, name=o.name) for o in rows])


@router.get("/people")
def list_people(asked: Annotated[Asked, permits(Action.READ_PEOPLE)]) -> PersonList:
    """Everybody with an account, by name."""
    with asked.platform.reading() as tx:
        return PersonList(people=[_person(each) for each in people.list_people(tx)])


@router.post("/people", status_code=201, response_model=PersonShape)
def add_person(body: NewPerson, repeat: Repeated, asked: WritingPeople) -> Response:
    """Add a person."""

    def verb(tx: Any) -> PersonShape:
        of = organisations.named(tx, asked.at, member=body.member, provider=body.provider)
        person_id = people.add_person(
            tx, body.name, of, body.roles, asked.at, password=body.password, language=body.language
        )
        words = {"roles": sorted(body.roles), "organisation": of.id}
        events.record(tx, asked.principal.id, "person.added", person_id, asked.at, words)
        return _person(people.person(tx, person_id))

    return once(asked, repeat, verb, status=201)


@router.put("/people/{person_id}/roles", response_model=PersonShape)
def set_roles(person_id: Id, body: NewRoles, repeat: Repeated, asked: WritingPeople) -> Response:
    """Other roles; the person is signed out. Nobody changes their own."""

    def verb(tx: Any) -> PersonShape:
        _another(asked, person_id)
        people.set_roles(tx, person_id, body.roles)
        words = {"roles": sorted(body.roles)}
        events.record(tx, asked.principal.id, "person.roles_set", person_id, asked.at, words)
        return _person(people.person(tx, person_id))

    return once(asked, repeat, verb)


@router.post("/people/{person_id}:disable", response_model=PersonShape)
def disable_person(person_id: Id, repeat: Repeated, asked: WritingPeople) -> Response:
    """Shut a person out, at once. Nobody shuts themselves out."""

    def verb(tx: Any) -> PersonShape:
        _another(asked, person_id)
        people.disable(tx, person_id, asked.at)
        events.record(tx, asked.principal.id, "person.disabled", person_id, asked.at)
        return _person(people.person(tx, person_id))

    return once(asked, repeat, verb)


@router.post("/people/{person_id}:enable", response_model=PersonShape)
def enable_person(person_id: Id, repeat: Repeated, asked: WritingPeople) -> Response:
    """Let a person in again."""

    def verb(tx: Any) -> PersonShape:
        people.enable(tx, person_id)
        events.record(tx, asked.principal.id, "person.enabled", person_id, asked.at)
        return _person(people.person(tx, person_id))

    return once(asked, repeat, verb)


@router.get("/keys")
def list_keys(asked: Annotated[Asked, permits(Action.READ_KEYS)]) -> KeyList:
    """All keys, without the keys themselves."""
    with asked.platform.reading() as tx:
        return KeyList(keys=[KeyShape(**_key(each)) for each in api_keys.list_keys(tx)])


@router.post("/keys", status_code=201, response_model=KeyMade)
def add_key(body: NewKey, asked: WritingKeys) -> KeyMade:
    """Make a key. It is shown this once; so an Idempotency-Key is not taken here, which would have to keep it."""
    with asked.platform.transaction() as tx:
        of = organisations.named(tx, asked.at, member=body.member, provider=body.provider)
        key_id, key = api_keys.add_key(tx, body.name, of, body.scopes, asked.at, expires_at=body.expires_at)
        words = {"scopes": sorted(body.scopes), "organisation": of.id}
        events.record(tx, asked.principal.id, "key.added", key_id, asked.at, words)
        return KeyMade(**_key(api_keys.api_key(tx, key_id)), key=key)


@router.post("/keys/{key_id}:revoke", response_model=KeyShape)
def revoke_key(key_id: Id, repeat: Repeated, asked: WritingKeys) -> Response:
    """From now on the key opens nothing."""

    def verb(tx: Any) -> KeyShape:
        api_keys.revoke(tx, key_id, asked.at)
        events.record(tx, asked.principal.id, "key.revoked", key_id, asked.at)
        return KeyShape(**_key(api_keys.api_key(tx, key_id)))

    return once(asked, repeat, verb)


@router.get("/events")
def list_events(asked: Annotated[Asked, permits(Action.READ_EVENTS)], page: Paged) -> EventList:
    """The event log, the newest first. Its chain is checked by `tomeishi log verify`."""
    after = page.after(int)
    with asked.platform.reading() as tx:
        rows = events.newest(tx, page.size, after[0] if after else None)
    return EventList(
        events=[
            EventShape(
                number=each.number,
                at=clock.to_text(each.at),
                by=each.by,
                what=each.what,
                subject=each.subject,
                words=dict(each.words),
                digest=each.digest,
            )
            for each in rows
        ],
        next_page_token=next_token(rows, page, lambda each: [each.number]),
    )


def _another(asked: Asked, person_id: str) -> None:
    if asked.principal.id == person_id:
        raise NotPermitted("nobody does this to themselves; ask another administrator")


def _person(person: Person) -> PersonShape:
    of = person.organisation
    return PersonShape(
        id=person.id,
        name=person.name,
        organisation=OrganisationShape(id=of.id, kind=of.kind, name=of.name),
        roles=sorted(person.roles),
        language=person.language,
        second_factor=person.has_second_factor,
        disabled_at=None if person.disabled_at is None else clock.to_text(person.disabled_at),
    )


def _key(key: ApiKey) -> dict[str, Any]:
    of = key.organisation
    return {
        "id": key.id,
        "name": key.name,
        "organisation": OrganisationShape(id=of.id, kind=of.kind, name=of.name),
        "scopes": sorted(key.scopes),
        "created_at": clock.to_text(key.created_at),
        "expires_at": None if key.expires_at is None else clock.to_text(key.expires_at),
        "revoked_at": None if key.revoked_at is None else clock.to_text(key.revoked_at),
    }
