"""What somebody prefers: language, colours, single keys. Each switch goes back to where it was pressed."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from tomeishi.access import people
from tomeishi.errors import BadInput, NotSignedIn
from tomeishi.web.asking import asked_by
from tomeishi.web.shell import KEYS, LANGUAGE, THEME, THEMES, prefer
from tomeishi.web.signing_in import local
from tomeishi.web.words import LANGUAGES

router = APIRouter(include_in_schema=False)

Next = Annotated[str, Form(alias="next", max_length=2000)]


@router.post("/language")
def language(request: Request, language: Annotated[str, Form()], then: Next = "/") -> Response:
    """Of this browser, and of the person where somebody is signed in."""
    if language not in LANGUAGES:
        raise BadInput(f"the pages speak {' and '.join(LANGUAGES)}")
    answer = RedirectResponse(local(then), 303)
    prefer(request, answer, LANGUAGE, language)
    try:
        asked = asked_by(request)
    except NotSignedIn:
        return answer
    if asked.principal.is_person:
        with asked.platform.transaction() as tx:
            people.set_language(tx, asked.principal.id, language)
    return answer


@router.post("/theme")
def theme(request: Request, theme: Annotated[str, Form()], then: Next = "/") -> Response:
    """Light, dark, or as the browser has it."""
    answer = RedirectResponse(local(then), 303)
    prefer(request, answer, THEME, theme if theme in THEMES else "auto")
    return answer


@router.post("/keyboard")
def keyboard(request: Request, keys: Annotated[str, Form()], then: Next = "/") -> Response:
    """Single keys on or off (WCAG 2.1.4)."""
    answer = RedirectResponse(local(then), 303)
    prefer(request, answer, KEYS, "off" if keys == "off" else "on")
    return answer
