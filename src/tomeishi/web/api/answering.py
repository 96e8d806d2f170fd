"""What the nouns of REST share: checked texts, pages, repeated requests, versions.

Lists are plain JSON, `{"works": […], "next_page_token": ""}`, after AIP-158; an empty token is the end. A token names
the last row that was shown, so it stays good whatever is added meanwhile.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from tomeishi import clock
from tomeishi.access import repeats
from tomeishi.access.repeats import Answer
from tomeishi.errors import BadInput, ChangedMeanwhile
from tomeishi.web.asking import Asked

Row = TypeVar("Row")

PAGE = 50
LONGEST_PAGE = 1000


def _storable(text: str) -> str:
    if "\0" in text or any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise ValueError("not text that can be kept (NUL, or half of a surrogate pair)")
    return text


Text = Annotated[str, Field(max_length=500), AfterValidator(_storable)]
LongText = Annotated[str, Field(max_length=100_000), AfterValidator(_storable)]
Id = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]


def _moment(value: Any) -> datetime:
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError("write a moment as text: 2026-11-24T09:00:00Z")
    try:
        return clock.from_text(value)
    except BadInput as error:
        raise ValueError(str(error)) from error


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "maxLength": 40, "description": "RFC 3339 with a time zone, or a date"}),
]


class Body(BaseModel):
    """Of a request: a field that nobody knows is refused, never overlooked."""

    model_config = ConfigDict(extra="forbid")


def malformed(error: ValidationError) -> RequestValidationError:
    """For a body that a handler checks by itself: the same answer as for any other."""
    return RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()])


@dataclass(frozen=True, slots=True)
class Page:
    size: int
    token: str

    def after(self, *types: type) -> list[Any] | None:
        """The values in the token, of these types; None for the first page. BadInput for what is no token of ours."""
        if not self.token:
            return None
        try:
            values = json.loads(base64.urlsafe_b64decode(self.token.encode("ascii")))
        except (ValueError, RecursionError) as error:
            raise BadInput("not a page token of this list; begin without one") from error
        if not isinstance(values, list) or [type(value) for value in values] != list(types):
            raise BadInput("not a page token of this list; begin without one")
        for value in values:
            if isinstance(value, str):
                try:
                    _storable(value)
                except ValueError as error:
                    raise BadInput("not a page token of this list; begin without one") from error
        return values


def _page(
    page_size: Annotated[int, Query(ge=1, description=f"at most {LONGEST_PAGE} are given")] = PAGE,
    page_token: Annotated[str, Query(max_length=2000)] = "",
) -> Page:
    return Page(min(page_size, LONGEST_PAGE), page_token)


Paged = Annotated[Page, Depends(_page)]


def next_token(rows: Sequence[Row], page: Page, values: Callable[[Row], list[Any]]) -> str:
    """Of the page after `rows`; empty where they are fewer than a page holds."""
    if len(rows) < page.size:
        return ""
    return base64.urlsafe_b64encode(json.dumps(values(rows[-1])).encode()).decode()


@dataclass(frozen=True, slots=True)
class Repeat:
    """The Idempotency-Key of a request, and the digest of what it asks for."""

    key: str | None
    request: str

    def with_upload(self, digest: str, fields: dict[str, str]) -> "Repeat":
        """An upload is not read twice: its digest stands for it."""
        words = json.dumps([self.request, digest, sorted(fields.items())])
        return Repeat(self.key, hashlib.sha256(words.encode()).hexdigest())


async def _repeat(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(max_length=repeats.LONGEST_KEY, description="the same request again gets the same answer")
    ] = None,
) -> Repeat:
    if idempotency_key is None:
        return Repeat(None, "")
    if not idempotency_key.isprintable() or not idempotency_key:
        raise BadInput(f"an Idempotency-Key has 1 to {repeats.LONGEST_KEY} printable characters")
    upload = request.headers.get("content-type", "").startswith("multipart/")
    body = b"" if upload else await request.body()
    asked = "\n".join((request.method, request.url.path, request.url.query)).encode() + b"\n" + body
    return Repeat(idempotency_key, hashlib.sha256(asked).hexdigest())


Repeated = Annotated[Repeat, Depends(_repeat)]


def once(asked: Asked, repeat: Repeat, verb: Callable[[Any], Any], *, status: int = 200) -> Response:
    """Do `verb` in one transaction and answer with what it gives; a repeated request gets the earlier answer."""
    if repeat.key is None:
        with asked.platform.transaction() as tx:
            return JSONResponse(jsonable_encoder(verb(tx)), status)
    with asked.platform.transaction() as tx:
        before = repeats.earlier(tx, asked.principal.id, repeat.key, repeat.request, asked.at)
        if before is not None:
            return JSONResponse(before.body, before.status, headers={"Idempotent-Replayed": "true"})
        answer = Answer(status, jsonable_encoder(verb(tx)))
        repeats.remember(tx, asked.principal.id, repeat.key, repeat.request, answer, asked.at)
    return JSONResponse(answer.body, answer.status)


def etag(version: int | str) -> str:
    return f'"{version}"'


IfMatch = Annotated[
    str | None, Header(max_length=200, description="the ETag that was looked at; 412 if it is another one now")
]


def version_in(if_match: str | None) -> int | None:
    """The version that a request was made for; ChangedMeanwhile for an ETag that none of ours can be."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ChangedMeanwhile("this ETag is not the present one; read it again")
    return int(text)
