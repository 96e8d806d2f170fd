"""HTML from templates, escaped always; what every page shares is added here."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from tomeishi.web.forgery import VISIT, set_cookie, token_of, visit


@cache
def environment() -> Environment:
    """Missing values are errors: a page never shows an empty place for one."""
    return Environment(
        loader=PackageLoader("tomeishi.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(request: Request, template: str, context: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page from `templates/`, with `request` and the token `csrf` that its forms and scripts repeat."""
    secret, is_new = visit(request)
    text = environment().get_template(template).render(request=request, csrf=token_of(secret), **context)
    answer = HTMLResponse(text, status)
    if is_new:
        set_cookie(request, answer, VISIT, secret)
    return answer
