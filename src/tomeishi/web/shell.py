"""The frame of every page: in whose language, in which colours, where one can go, and what the page is given."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from fastapi import Request, Response

from tomeishi.access.permissions import Action
from tomeishi.access.principals import Principal
from tomeishi.web.words import LANGUAGES, preferred

STATIC = Path(__file__).parent / "static"

LANGUAGE, THEME, KEYS = "tomeishi_language", "tomeishi_theme", "tomeishi_keys"
"""Cookies: what this browser prefers. A person's own language comes before the browser's."""
THEMES = ("light", "dark")
YEAR_S = 365 * 86400

_WAYS: tuple[tuple[str, str, Action | None], ...] = (
    ("today", "/", Action.READ_SELF),
    ("works", "/works", Action.READ_WORKS),
    ("screenings", "/screenings", Action.READ_SCREENINGS),
    ("matches", "/matches", Action.READ_MATCHES),
    ("insights", "/insights", Action.READ_MATCHES),
    ("settings", "/settings", Action.READ_SELF),
    ("verify", "/verify", None),
)


@dataclass(frozen=True, slots=True)
class Way:
    """One entry of the bar."""

    name: str
    path: str
    here: bool
    count: int


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody whom a visitor of the demo can be."""

    id: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Shell:
    language: str
    theme: str | None
    """None: as the browser has it."""
    keys: bool
    """Whether single keys do something (WCAG 2.1.4)."""
    person: str | None
    organisation: str | None
    ways: tuple[Way, ...]
    here: str
    """The address of this page, to come back to."""
    stand_ins: tuple[StandIn, ...]

    @property
    def edition(self) -> str:
        """Of style and scripts: a browser takes new ones when it changes."""
        return edition()


def shell_of(request: Request, principal: Principal | None, counts: Mapping[str, int] | None = None) -> Shell:
    """`counts` stand beside entries of the bar that wait for somebody."""
    path, query = request.url.path, request.url.query
    counts = counts or {}
    ways = tuple(
        Way(name, target, path == target or (target != "/" and path.startswith(target)), counts.get(name, 0))
        for name, target, action in _WAYS
        if action is None or (principal is not None and principal.reach(action))
    )
    theme = request.cookies.get(THEME)
    safe = request.method == "GET"
    return Shell(
        language=language_of(request, principal),
        theme=theme if theme in THEMES else None,
        keys=request.cookies.get(KEYS) != "off",
        person=principal.name if principal is not None else None,
        organisation=principal.organisation.name if principal is not None else None,
        ways=ways,
        here=quote(path) + (f"?{query}" if query and safe else "") if safe else "/",
        stand_ins=getattr(request.app.state, "stand_ins", ()),
    )


def language_of(request: Request, principal: Principal | None) -> str:
    """The person's, else what was switched to in this browser, else what the browser asks for."""
    if principal is not None and principal.is_person:
        return principal.language
    chosen = request.cookies.get(LANGUAGE)
    return chosen if chosen in LANGUAGES else preferred(request.headers.get("accept-language", ""))


def prefer(request: Request, response: Response, name: str, value: str) -> None:
    """Remembered by this browser; no secret, and of no use to anybody else."""
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, YEAR_S, path="/", httponly=True, samesite="lax", secure=secure)


@cache
def edition() -> str:
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
