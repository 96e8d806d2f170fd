"""HTML from templates, escaped always; what every page shares is added here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from tomeishi.access.principals import Principal
from tomeishi.web.forgery import VISIT, set_cookie, token_of, visit
from tomeishi.web.shell import shell_of
from tomeishi.web.words import words_in


@cache
def environment() -> Environment:
    """Missing values are errors: a page never shows an empty place for one."""
    made = Environment(
        loader=PackageLoader("tomeishi.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["moment"] = _Moment
    return made


@dataclass(frozen=True, slots=True)
class _Moment:
    """In UTC; a script of ours shows it in the reader's own time zone."""

    at: datetime

    def __html__(self) -> str:
        at = self.at.astimezone(UTC)
        return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%Y-%m-%d %H:%M} UTC</time>'


def page(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    principal: Principal | None = None,
    counts: Mapping[str, int] | None = None,
    status: int = 200,
) -> HTMLResponse:
    """A page from `templates/`, with the frame, the words `t`, and the token `csrf` that forms and scripts repeat."""
    secret, is_new = visit(request)
    shell = shell_of(request, principal, counts)
    words = words_in(shell.language)
    text = environment().get_template(template).render(shell=shell, t=words, csrf=token_of(secret), **context)
    answer = HTMLResponse(text, status)
    answer.headers["Content-Language"] = shell.language
    if is_new:
        set_cookie(request, answer, VISIT, secret)
    return answer
