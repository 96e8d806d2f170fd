"""Signing in by OpenID Connect: authorization code with PKCE (RFC 7636), state and nonce (Core 1.0, section 3.1).

A person is found by issuer and subject, as an administrator linked them; nobody is let in by a mail address, and nobody
is added by signing in. What has to be remembered on the way lies in a cookie of this browser, for ten minutes.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import httpx
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tomeishi import clock
from tomeishi.access import events, people, sessions
from tomeishi.config import OpenId
from tomeishi.errors import BadInput, NotFound, NotSignedIn
from tomeishi.web.signing_in import begin_session, local
from tomeishi.wiring import Platform

router = APIRouter(include_in_schema=False)

COOKIE = "tomeishi_openid"
LASTS_S = 600
TIMEOUT_S = 10.0
ALGORITHMS = ("RS256", "ES256", "EdDSA")
"""What an ID token may be signed with; never a shared secret, and never nothing."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(slots=True)
class OpenIdProvider:
    """One provider of identities; what it publishes is read once."""

    settings: OpenId
    _published: dict[str, Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        parts = urlsplit(self.settings.issuer)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise BadInput(f"{self.settings.issuer}: an OpenID provider needs https")

    def published(self) -> dict[str, Any]:
        """Its addresses (OpenID Connect Discovery 1.0); NotSignedIn where it can't be reached or is another one."""
        with self._lock:
            if not self._published:
                found = _fetched("GET", f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self.settings.issuer:
                    raise NotSignedIn("the OpenID provider calls itself something else; ask an administrator")
                self._published = found
            return self._published

    def way_there(self, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        digest = hashlib.sha256(verifier.encode()).digest()
        words = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.published()['authorization_endpoint']}?{urlencode(words)}"

    def subject(self, code: str, redirect_uri: str, nonce: str, verifier: str) -> str:
        """Who came back with `code`; NotSignedIn unless the ID token is signed for us, now, and for this nonce."""
        published = self.published()
        words = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret,
        }
        answer = _fetched("POST", published["token_endpoint"], words)
        keys = _fetched("GET", published["jwks_uri"])
        claims_of = jwt.JWTClaimsRegistry(
            now=int(clock.now().timestamp()),
            leeway=60,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            token = jwt.decode(str(answer.get("id_token", "")), KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]
            claims_of.validate(token.claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise NotSignedIn("the OpenID provider's answer can't be trusted; try again") from error
        return str(token.claims["sub"])


@router.get("/login/openid")
def begin(request: Request, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
    """Off to the provider of identities."""
    provider = _provider(request)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    answer = RedirectResponse(provider.way_there(_redirect_uri(request), state, nonce, verifier), 303)
    kept = "|".join((state, nonce, verifier, base64.urlsafe_b64encode(local(next).encode()).decode()))
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, kept, max_age=LASTS_S, path="/login", httponly=True, samesite="lax", secure=secure)
    return answer


@router.get("/login/openid/back")
def come_back(
    request: Request,
    state: Annotated[str, Query(max_length=500)],
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Back from there: a session for whoever an administrator linked."""
    provider = _provider(request)
    kept = request.cookies.get(COOKIE, "").split("|")
    if len(kept) != 4 or not hmac.compare_digest(kept[0].encode(), state.encode()) or not code:
        raise NotSignedIn("signing in was not begun in this browser, or was refused; try again")
    _, nonce, verifier, target = kept
    subject = provider.subject(code, _redirect_uri(request), nonce, verifier)
    platform: Platform = request.app.state.platform
    now = clock.now()
    with platform.transaction() as tx:
        person = people.person_by_account(tx, provider.settings.issuer, subject)
        token = sessions.begin(tx, person.id, now)
        events.record(tx, person.id, "session.begun", person.id, now, {"issuer": provider.settings.issuer})
    answer = RedirectResponse(local(base64.urlsafe_b64decode(target).decode()), 303)
    begin_session(request, answer, token)
    answer.delete_cookie(COOKIE, path="/login")
    return answer


def _provider(request: Request) -> OpenIdProvider:
    provider: OpenIdProvider | None = request.app.state.openid
    if provider is None:
        raise NotFound("no OpenID provider is set up here")
    return provider


def _redirect_uri(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/login/openid/back"


def _fetched(method: str, address: str, words: dict[str, str] | None = None) -> dict[str, Any]:
    try:
        answer = httpx.request(method, address, data=words, timeout=TIMEOUT_S)
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise NotSignedIn("the OpenID provider can't be reached, or refused; try again later") from error
    if not isinstance(found, dict):
        raise NotSignedIn("the OpenID provider's answer can't be read; try again later")
    return found
