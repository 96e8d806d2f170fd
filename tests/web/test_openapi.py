"""The OpenAPI document is kept: schemathesis asks every route for what it describes and for what it does not.

Wherever the document wants an id, half of the requests name something that is there, so that they get past the door.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.review.conftest import NOON, House, house_in
from tests.web.test_roles import WHO

from tomeishi import clock
from tomeishi.access import api_keys, approvals, organisations, people, sessions
from tomeishi.access.approvals import Leaving
from tomeishi.access.permissions import Action, KeyScope, Role
from tomeishi.consent import ledger
from tomeishi.consent.entries import EntryKind, Level, Scope, Statement
from tomeishi.evidence import stored
from tomeishi.evidence.stored import StoredPackage
from tomeishi.jobs import queue
from tomeishi.registry import references, works
from tomeishi.review import matches
from tomeishi.review.matches import Wanted
from tomeishi.values import Interval, Use, digest_of
from tomeishi.web import tasks
from tomeishi.web.app import create_app
from tomeishi.web.forgery import HEADER, SESSION, token_of

FEW, MANY = 3, 60
"""Requests of each kind to each route."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]

OPERATIONS = sorted(each for each in WHO if " /v1/" in each and each != "GET /v1/docs")
TAKE_NOTHING = {
    f"GET /v1/{each}" for each in ("datasets", "keys", "me", "members", "organisations", "people", "track-record")
}
"""Nothing in such a request can be other than described."""
ASKED = [
    (route, mode)
    for route in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or route not in TAKE_NOTHING
]


@dataclass(frozen=True, slots=True)
class Described:
    """An application with something of everything in it, its document, and the headers of an administrator."""

    schema: Any
    headers: dict[str, str]
    known: dict[str, str]
    """By the name of a parameter of a path or a field of a body: the id of something that is there."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    with house_in(tmp_path_factory.mktemp("described") / "home") as house:
        headers, known = furnished(house)
        app = create_app(house.platform, requests_a_minute=10**9, upload_bytes=1 << 20)
        # Every request comes from somebody who may: who may not is asked about in test_roles.
        refused = {"expected-statuses": ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428"]}
        settings = {"generation": {"with-security-parameters": False}, "checks": {"negative_data_rejection": refused}}
        config = SchemathesisConfig.from_dict(settings)
        schema = schemathesis.openapi.from_dict(app.openapi(), config=config)
        schema.app = app
        yield Described(schema, headers, known)


def furnished(house: House) -> tuple[dict[str, str], dict[str, str]]:
    """Headers of an administrator's session, and what is known."""
    now, digest = clock.now(), digest_of(b"a sealed package")
    package = house.platform.settings.home / "package"
    package.write_bytes(b"a sealed package")
    house.platform.keep(package, digest)
    screening = house.screening()
    with house.platform.transaction() as tx:
        coalition = organisations.named(tx, now)
        admin = people.add_person(tx, "abe", coalition, [Role.ADMINISTRATOR], now)
        token = sessions.begin(tx, admin, now)
        (match,) = matches.queue(tx, house.hana.sight(Action.READ_MATCHES), Wanted(), 10)
        stored.keep(tx, StoredPackage("pkg_1", screening, house.members[0], digest, 1, house.hana.id, NOON))
        scope = Scope(Level.WORK, house.works[0])
        grant = Statement(
            kind=EntryKind.GRANT, member_id=house.members[0], declared_at=now, scope=scope, uses=(Use.TRAIN,)
        )
        character = works.add_character(tx, house.works[0], "ピコ丸", None, [], recorded_at=now)
        operation = queue.enqueue(tx, tasks.SCREEN_PROMPT, "asked", {"prompt": "a stone"}, now, asked_by=admin)
        key_id, _ = api_keys.add_key(tx, "a key", coalition, [KeyScope.SCREEN], now)
        known = {
            "work_id": house.works[0],
            "character_id": character,
            "reference_id": house.references[0],
            "member_id": house.members[0],
            "match_id": match.id,
            "screening_id": screening,
            "entry_id": ledger.record_unsigned(tx, grant, "hana", now).id,
            "operation_id": operation.id,
            "package_id": "pkg_1",
            "approval_id": approvals.request(tx, Leaving.SEND_EVIDENCE, "pkg_1", "to look at", house.hana.id, now),
            "person_id": house.hana.id,
            "key_id": key_id,
            "exclusion_id": references.exclude(tx, house.references[0], Interval(1.0, 2.0), "logo", recorded_at=now),
            "subject": "pkg_1",
            "addressee": coalition.id,
            "organisation": coalition.id,
            "assignee": house.ren.id,
        }
    known |= {name.removesuffix("_id"): value for name, value in known.items() if name.endswith("_id")}
    return {"Cookie": f"{SESSION}={token}", HEADER: token_of(token)}, known


def asked_of(described: Described, route: str, draw: Any, mode: GenerationMode) -> Case[Any]:
    """A request, with known ids in it where it has a place for them."""
    method, path = route.split(" ")
    case: Case[Any] = draw(described.schema[path][method].as_strategy(generation_mode=mode))
    if mode is GenerationMode.POSITIVE and draw(st.booleans()):
        for place in (case.path_parameters, case.query, case.body):
            if isinstance(place, dict):
                place.update({name: described.known[name] for name in place if name in described.known})
    return case


@pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
@pytest.mark.parametrize(("route", "mode"), ASKED, ids=[f"{route} {mode.value}" for route, mode in ASKED])
def test_a_route_answers_as_it_is_described(
    described: Described, route: str, mode: GenerationMode, examples: int
) -> None:
    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        case = asked_of(described, route, data.draw, mode)
        case.call_and_validate(headers=described.headers, checks=CHECKS)

    ask()
