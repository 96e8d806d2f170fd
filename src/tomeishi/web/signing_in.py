"""Signing in and out: the cookie of a session, by name, password and code."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from tomeishi import clock
from tomeishi.access import events, sessions
from tomeishi.access import sign_in as access
from tomeishi.errors import NotSignedIn
from tomeishi.web.asking import address_of
from tomeishi.web.forgery import SESSION, VISIT, set_cookie
from tomeishi.web.templating import page
from tomeishi.wiring import Platform

router = APIRouter(include_in_schema=False)


def sign_in(platform: Platform, name: str, password: str, code: str | None, address: str) -> str:
    """The token of a new session; NotSignedIn where anything is wrong, TooOften after too many failures."""
    now = clock.now()
    with platform.reading() as tx:
        account = access.account(tx, name, address, now)
    proof = account.proof(password, code, now)
    with platform.transaction() as tx:
        token = access.conclude(tx, account, proof, address, now)
        if token is not None and account.person_id is not None:
            events.record(tx, account.person_id, "session.begun", account.person_id, now)
    if token is None:
        raise NotSignedIn(access.REFUSED)
    return token


def begin_session(request: Request, response: Response, token: str) -> None:
    """Any cookie that was there before is replaced: a session that somebody else planted is never taken over."""
    set_cookie(request, response, SESSION, token)
    response.delete_cookie(VISIT, path="/")


def local(target: str) -> str:
    """Where to go next: a path on this site, whatever was asked for."""
    fine = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if fine else "/"


@router.get("/login")
def login_page(request: Request, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
    """Where people sign in."""
    return page(request, "login.html", {"next": local(next), "openid": request.app.state.openid is not None})


@router.post("/login")
def login(
    request: Request,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    code: Annotated[str, Form(max_length=40)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Sign in and go on to where the person wanted to go."""
    platform: Platform = request.app.state.platform
    token = sign_in(platform, name, password, code or None, address_of(request))
    answer = RedirectResponse(local(next), 303)
    begin_session(request, answer, token)
    return answer


@router.post("/logout")
def logout(request: Request) -> Response:
    """End the session here and in the browser."""
    platform: Platform = request.app.state.platform
    token = request.cookies.get(SESSION)
    if token is not None:
        with platform.transaction() as tx:
            sessions.end(tx, token)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(SESSION, path="/")
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer
