"""Errors as answers: problem documents (RFC 9457) under `/v1`, a plain page elsewhere.

`type` of a problem is the place in the API documentation where its branch of the error tree is explained. `title` is
the branch's own, in the language that `Accept-Language` asks for; `detail` says what this request came to, in English.
"""

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from tomeishi.errors import NotSignedIn, StorageFailure, TomeishiError, TooOften
from tomeishi.web.templating import page
from tomeishi.web.words import preferred, words_in

_LOG = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


def answer_errors(app: FastAPI) -> None:
    """Every error of the tree, of a request's form, and of HTTP; anything else is a bug (`failed`)."""
    app.add_exception_handler(TomeishiError, _expected)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _of_http)


def problem(
    request: Request, status: int, branch: str, detail: str, errors: list[dict[str, str]] | None = None
) -> Response:
    """A problem document, or a page that says the same."""
    title = HTTPStatus(status).phrase
    if request.headers.get("hx-request") == "true":  # a part of a page: what stands there stays, and it is told beside
        told = page(request, "toast.html", {"status": status, "detail": detail}, status=status)
        told.headers.update({"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"})
        return told
    if not request.url.path.startswith("/v1"):
        return page(request, "error.html", {"status": status, "title": title, "detail": detail}, status=status)
    language = preferred(request.headers.get("accept-language", ""))
    said = words_in(language)
    if language != "en":  # in English the phrase of HTTP, as RFC 9457 has it
        title = said.texts.get(f"error.{status}", said("error.other"))
    words: dict[str, Any] = {"type": f"/v1/docs#{branch}", "title": title, "status": status, "detail": detail}
    if errors is not None:
        words["errors"] = errors
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    return JSONResponse(words, status, headers, media_type=MEDIA_TYPE)


def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, TomeishiError)  # noqa: S101 - what the handler is registered for
    api = request.url.path.startswith("/v1")
    if isinstance(error, NotSignedIn) and not api and request.method == "GET":
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(back)}", 303)
    if isinstance(error, StorageFailure):
        _LOG.error("storage failed", extra={"path": request.url.path})
    answer = problem(request, error.status, type(error).__name__, str(error))
    if isinstance(error, NotSignedIn) and api:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooOften):
        answer.headers["Retry-After"] = "60"
    return answer


def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what the handler is registered for
    errors = [_place(each) for each in error.errors()]
    return problem(request, 422, "BadInput", "the request is not as the documentation describes it", errors)


def _place(each: Any) -> dict[str, str]:
    """Where in the request it is, as a JSON pointer (RFC 6901) in a fragment, or the name of a parameter."""
    where, *rest = [str(part) for part in each["loc"]]
    if where == "body":
        steps = (part.replace("~", "~0").replace("/", "~1") for part in rest)
        return {"detail": str(each["msg"]), "pointer": "#" + "".join(f"/{quote(step)}" for step in steps)}
    return {"detail": str(each["msg"]), "parameter": ".".join(rest)}


def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what the handler is registered for
    branch = {404: "NotFound", 403: "NotPermitted", 401: "NotSignedIn", 413: "TooLarge"}.get(
        error.status_code, "BadInput"
    )
    answer = problem(request, error.status_code, branch, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def failed(request: Request) -> Response:
    """For a bug: without its words, which the log has."""
    return problem(request, 500, "bug", "something went wrong here; the log of the server says what")
