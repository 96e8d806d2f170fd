"""The demo's people: whoever has the key of this run is one of them, and switches among them; no other site has it."""

import hmac
import secrets
from typing import Annotated

from fastapi import APIRouter, FastAPI, Form, Request, Response
from fastapi.responses import RedirectResponse

from tomeishi import clock
from tomeishi.access import people, sessions
from tomeishi.access.permissions import Action
from tomeishi.errors import NotFound, NotPermitted
from tomeishi.web.asking import Asked, permits
from tomeishi.web.shell import StandIn, language_of
from tomeishi.web.signing_in import begin_session
from tomeishi.wiring import Platform

router = APIRouter(include_in_schema=False)


def let_in(app: FastAPI, stand_ins: tuple[StandIn, ...]) -> str:
    """Make the application one that anybody with the key may look at as any of `stand_ins`; the path that lets in."""
    app.state.stand_ins = stand_ins
    app.state.demo_key = secrets.token_urlsafe(24)
    app.include_router(router)
    return f"/demo/enter?key={app.state.demo_key}"


@router.get("/demo/enter")
def enter(request: Request, key: str) -> Response:
    """The first of them, for whoever has the key."""
    if not hmac.compare_digest(key.encode(), request.app.state.demo_key.encode()):
        raise NotPermitted("not the key of this demo; open the address that it printed")
    return _as(request, request.app.state.stand_ins[0].id)


@router.post("/demo/role")
def switch(
    request: Request,
    asked: Annotated[Asked, permits(Action.READ_SELF)],
    person: Annotated[str, Form(max_length=40)],
) -> Response:
    """Another of them, for whoever is one already."""
    known = {each.id for each in request.app.state.stand_ins}
    if asked.principal.id not in known or person not in known:
        raise NotFound("nobody of the demo")
    return _as(request, person)


def _as(request: Request, person_id: str) -> Response:
    platform: Platform = request.app.state.platform
    with platform.transaction() as tx:
        # A stand-in speaks the language of the browser that looks at the demo.
        people.set_language(tx, person_id, language_of(request, None))
        token = sessions.begin(tx, person_id, clock.now())
    answer = RedirectResponse("/", 303)
    begin_session(request, answer, token)
    return answer
