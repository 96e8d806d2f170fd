"""Who asks: every route that is not public names the action that it needs, and gets an `Asked` or refuses.

A request comes with an API key (`Authorization: Bearer KEY`) or with the cookie of a session. The table of roles says
whether the action may be done to anything at all; whose thing it is, the handler asks `principal` once it knows.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Depends, Request

from tomeishi import clock
from tomeishi.access import api_keys, sessions
from tomeishi.access.permissions import Action
from tomeishi.access.principals import Principal
from tomeishi.errors import NotSignedIn
from tomeishi.web.forgery import SESSION
from tomeishi.web.rates import Rates
from tomeishi.wiring import Platform


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: of whom, when, and the installation that answers."""

    platform: Platform
    principal: Principal
    at: datetime


def permits(action: Action) -> Any:
    """The dependency of a route that needs `action`: `asked: Annotated[Asked, permits(Action.READ_WORKS)]`."""
    return Depends(Door(action))


@dataclass(frozen=True, slots=True)
class Door:
    """Opens for those who may do `action` to anything; NotSignedIn, NotPermitted or TooOften otherwise."""

    action: Action

    def __call__(self, request: Request) -> Asked:
        asked = asked_by(request)
        asked.principal.require(self.action)
        return asked


def asked_by(request: Request) -> Asked:
    """Whoever asks, whatever they may do; NotSignedIn where nobody known does."""
    platform: Platform = request.app.state.platform
    rates: Rates = request.app.state.rates
    now = clock.now()
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer":
            raise NotSignedIn("send `Authorization: Bearer KEY`")
        principal = _of_key(platform, rates, address_of(request), key.strip(), now)
    else:
        principal = _of_session(platform, request, now)
    rates.count(principal.id)
    return Asked(platform, principal, now)


def address_of(request: Request) -> str:
    """Of the machine that asks, as the server saw it."""
    return request.client.host if request.client else "unknown"


def _of_key(platform: Platform, rates: Rates, address: str, key: str, now: datetime) -> Principal:
    rates.refuse_guessing(address)
    try:
        with platform.reading() as tx:
            return api_keys.whose(tx, key, now).principal
    except NotSignedIn:
        rates.count_wrong_key(address)
        raise


def _of_session(platform: Platform, request: Request, now: datetime) -> Principal:
    token = request.cookies.get(SESSION)
    if token is None:
        raise NotSignedIn("sign in first")
    with platform.reading() as tx:
        session = sessions.current(tx, token, now)
    if session.seen_at + sessions.SEEN_EVERY <= now:
        with platform.transaction() as tx:
            sessions.touch(tx, token, now)
    return session.person.principal
