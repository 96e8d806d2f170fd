"""Every route, every role, every scope of a key: let in or refused, and none missing."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from tests.web.conftest import Site, site_of

from tomeishi import wiring
from tomeishi.access.permissions import KeyScope, Role
from tomeishi.registry import works
from tomeishi.web.api.documentation import Endpoint, endpoints
from tomeishi.web.app import create_app

ROLES = dict(zip("AIMPEU", Role, strict=True))
SCOPES = dict(zip("scrax", KeyScope, strict=True))

WHO = {
    "GET /": "AIMPEU scrax",
    "GET /insights": "AIM--U s---x",
    "POST /keyboard": "anybody",
    "POST /language": "anybody",
    "GET /login": "anybody",
    "GET /login/openid": "anybody",
    "GET /login/openid/back": "anybody",
    "POST /login": "anybody",
    "POST /logout": "anybody",
    "GET /matches": "AIM--U s---x",
    "POST /matches/assign": "AIM--- ----x",
    "GET /matches/{match_id}": "AIM--U s---x",
    "POST /matches/{match_id}/confirm": "AIM--- ----x",
    "GET /matches/{match_id}/curve": "AIM--U s---x",
    "POST /matches/{match_id}/dismiss": "AIM--- ----x",
    "GET /matches/{match_id}/evidence": "AIM--U ----x",  # whoever may not see the match gets no page on it
    "POST /matches/{match_id}/evidence": "AIM--- ----x",
    "POST /matches/{match_id}/hold": "AIM--- ----x",
    "GET /matches/{match_id}/media/{side}": "AIM--U s---x",
    "GET /matches/{match_id}/drawings/{number}": "AIM--U s---x",
    "GET /matches/{match_id}/pairs": "AIM--U s---x",
    "GET /matches/{match_id}/pictures/{number}/{side}": "AIM--U s---x",
    "GET /matches/{match_id}/portrayal": "AIM--U s---x",
    "POST /matches/{match_id}/reopen": "AIM--- ----x",
    "POST /matches/{match_id}/undo": "AIM--- ----x",
    "GET /screenings": "AIMPEU s---x",
    "POST /screenings": "AIMPE- s---x",
    "GET /screenings/events": "AIMPEU s---x",
    "GET /settings": "AIMPEU scrax",
    "POST /settings/keys": "A----- ----x",
    "POST /settings/keys/{key_id}/revoke": "A----- ----x",
    "POST /settings/people": "A----- ----x",
    "POST /settings/people/{person_id}": "A----- ----x",
    "POST /settings/second-factor": "AIMPEU scrax",
    "POST /settings/second-factor/confirm": "AIMPEU scrax",
    "POST /theme": "anybody",
    "GET /v1/approvals": "AIM--U ----x",
    "POST /v1/approvals": "AIM--- ----x",
    "POST /v1/approvals/{approval_id}:grant": "AIM--- -----",
    "POST /v1/approvals/{approval_id}:refuse": "AIM--- -----",
    "GET /v1/audits": "AI--EU ---ax",
    "POST /v1/audits": "A---E- ---ax",
    "GET /v1/audits/{audit_id}": "AI--EU ---ax",
    "GET /v1/consents": "AIM--U -c--x",
    "POST /v1/consents": "A-M--- -c--x",
    "GET /v1/consents/{entry_id}": "AIM--U -c--x",
    "POST /v1/consents/{entry_id}:revoke": "A-M--- -c--x",
    "POST /v1/consents:check": "AIMPEU sc--x",
    "POST /v1/consents:record": "A-M--- -c--x",
    "GET /v1/datasets": "AI--EU ---ax",
    "GET /v1/docs": "anybody",
    "GET /v1/events": "A----U ----x",
    "GET /v1/evidence-packages": "AIMP-U ----x",
    "POST /v1/evidence-packages": "AIM--- ----x",
    "GET /v1/evidence-packages/{package_id}": "AIMP-U ----x",
    "GET /v1/evidence-packages/{package_id}/file": "AIMP-U ----x",
    "POST /v1/evidence-packages:verify": "AIMPEU s---x",
    "GET /v1/exclusions": "AIM--U --r-x",
    "POST /v1/exclusions": "AIM--- --r-x",
    "DELETE /v1/exclusions/{exclusion_id}": "AIM--- --r-x",
    "POST /v1/imports": "AIM--- --r-x",
    "GET /v1/keys": "A----U ----x",
    "POST /v1/keys": "A----- ----x",
    "POST /v1/keys/{key_id}:revoke": "A----- ----x",
    "GET /v1/matches": "AIM--U s---x",
    "GET /v1/matches/{match_id}": "AIM--U s---x",
    "GET /v1/matches/{match_id}/decisions": "AIM--U s---x",
    "POST /v1/matches/{match_id}:ask": "AIM--- ----x",
    "POST /v1/matches/{match_id}:confirm": "AIM--- ----x",
    "POST /v1/matches/{match_id}:dismiss": "AIM--- ----x",
    "POST /v1/matches/{match_id}:hold": "AIM--- ----x",
    "POST /v1/matches/{match_id}:reopen": "AIM--- ----x",
    "POST /v1/matches/{match_id}:undo": "AIM--- ----x",
    "POST /v1/matches:assign": "AIM--- ----x",
    "GET /v1/matches:facets": "AIM--U s---x",
    "GET /v1/me": "AIMPEU scrax",
    "GET /v1/members": "AIM-EU scrax",
    "POST /v1/members": "A----- --r-x",
    "GET /v1/members/{member_id}": "AIM-EU scrax",
    "GET /v1/operations": "AIMPEU s-rax",
    "GET /v1/operations/{operation_id}": "AIMPEU s-rax",
    "POST /v1/operations/{operation_id}:cancel": "AIMPEU s-rax",
    "GET /v1/organisations": "AIM--- ----x",
    "GET /v1/people": "A----U ----x",
    "POST /v1/people": "A----- ----x",
    "PUT /v1/people/{person_id}/roles": "A----- ----x",
    "POST /v1/people/{person_id}:disable": "A----- ----x",
    "POST /v1/people/{person_id}:enable": "A----- ----x",
    "GET /v1/references/{reference_id}": "AIM--U --r-x",
    "GET /v1/screenings": "AIMPEU s---x",
    "POST /v1/screenings": "AIMPE- s---x",
    "GET /v1/screenings/{screening_id}": "AIMPEU s---x",
    "GET /v1/track-record": "AIM--U s---x",
    "GET /v1/works": "AIM--U --r-x",
    "POST /v1/works": "AIM--- --r-x",
    "GET /v1/works/{work_id}": "AIM--U --r-x",
    "GET /v1/works/{work_id}/characters": "AIM--U --r-x",
    "POST /v1/works/{work_id}/characters": "AIM--- --r-x",
    "GET /v1/works/{work_id}/characters/{character_id}": "AIM--U --r-x",
    "POST /v1/works/{work_id}/characters/{character_id}/drawings": "AIM--- --r-x",
    "POST /v1/works/{work_id}/characters/{character_id}/names": "AIM--- --r-x",
    "POST /v1/works/{work_id}/names": "AIM--- --r-x",
    "GET /v1/works/{work_id}/references": "AIM--U --r-x",
    "POST /v1/works/{work_id}/references": "AIM--- --r-x",
    "GET /v1/works:search": "AIM--U --r-x",
    "GET /livez": "anybody",
    "GET /metrics": "anybody",
    "GET /readyz": "anybody",
    "GET /verify": "anybody",
    "GET /works": "AIM--U --r-x",
    "GET /works/{work_id}": "AIM--U --r-x",
    "GET /works/import": "AIM--- --r-x",
    "POST /works/import": "AIM--- --r-x",
    "GET /works/import/template.xlsx": "AIM--- --r-x",
    "GET /works/import/{staged_id}": "AIM--- --r-x",
    "POST /works/import/{staged_id}": "AIM--- --r-x",
    "GET /works/import/{staged_id}/errors.xlsx": "AIM--- --r-x",
    "POST /works/import/{staged_id}/media": "AIM--- --r-x",
    "POST /works/{work_id}/consent": "A-M--- -c--x",
    "POST /works/{work_id}/consent/preview": "A-M--- -c--x",
    "POST /works/{work_id}/consent/revoke": "A-M--- -c--x",
}
"""Roles (Administrator, Investigator, Member legal, Provider desk, Engineer, aUditor) and scopes of keys (screen,
consent, registry, audit, x: admin) that a route lets in. Stated a second time: a change of the table shows here."""

ORGANISATION = {Role.MEMBER_LEGAL: {"member": "星川"}, Role.PROVIDER_DESK: {"provider": "acme"}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with wiring.open(tmp_path_factory.mktemp("roles") / "home") as platform:
        with platform.transaction() as tx:
            works.add_member(tx, "星川")
        with site_of(platform, create_app(platform)) as served:
            for role in Role:
                served.person(role.value, role, **ORGANISATION.get(role, {}))
            yield served


def routes(app: FastAPI) -> dict[str, Endpoint]:
    return {f"{each.method} {each.path}": each for each in endpoints(app)}


def outcome(browser: httpx.Client, route: str) -> int:
    """Of a request without any sense: whether it was let in is all that is asked."""
    method, path = route.split(" ")
    for name in ("work_id", "member_id", "match_id", "screening_id", "operation_id", "reference_id", "entry_id"):
        path = path.replace("{" + name + "}", "nothing")
    path = path.replace("{", "").replace("}", "")
    json: dict[str, str] | None = {} if method in ("POST", "PUT") else None
    with browser.stream(method, path, json=json) as answer:  # one of them never ends
        return answer.status_code


def test_every_route_is_listed_and_no_other(site: Site) -> None:
    assert set(routes(create_app(site.platform))) == set(WHO)


@pytest.mark.parametrize("letter", ROLES)
def test_a_role_is_let_in_where_the_table_says_and_nowhere_else(site: Site, letter: str) -> None:
    browser = site.signed_in(ROLES[letter].value)
    for route, who in WHO.items():
        if who != "anybody":
            assert (outcome(browser, route) == 403) == (letter not in who), route


@pytest.mark.parametrize("letter", SCOPES)
def test_a_key_is_let_in_where_its_scope_says_and_nowhere_else(site: Site, letter: str) -> None:
    client = site.with_key(site.key(SCOPES[letter]))
    for route, who in WHO.items():
        if who != "anybody":
            assert (outcome(client, route) == 403) == (letter not in who), route


def test_nobody_unknown_is_let_in(site: Site) -> None:
    visitor = site.visitor()
    for route, who in WHO.items():
        if who != "anybody":
            visitor.cookies.clear()
            page = route.startswith("GET ") and "/v1" not in route
            expected = 303 if page else 401 if "/v1" in route else 403  # a form without its token goes no further
            assert outcome(visitor, route) == expected, route
