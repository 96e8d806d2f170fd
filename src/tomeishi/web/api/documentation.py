"""`/v1/openapi.json` and `/v1/docs`: what REST offers, for programs and for people.

The page is made here from the document itself: no script, and nothing from elsewhere.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from tomeishi import errors
from tomeishi.access.permissions import BY_ROLE, BY_SCOPE, Action
from tomeishi.web.asking import Door
from tomeishi.web.templating import page

router = APIRouter(include_in_schema=False)

_ABOUT = """Registry, consent, screening and evidence. Times are RFC 3339 in UTC; intervals are half-open,
`[start, end)`, in seconds. A score states a resemblance; it is not a legal finding."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route, as the reference lists it."""

    method: str
    path: str
    action: Action | None
    """None: open to anybody."""
    what: str

    @property
    def roles(self) -> list[str]:
        return [] if self.action is None else sorted(role for role, (may, _) in BY_ROLE.items() if self.action in may)

    @property
    def scopes(self) -> list[str]:
        return [] if self.action is None else sorted(scope for scope, may in BY_SCOPE.items() if self.action in may)


def endpoints(app: FastAPI) -> Iterator[Endpoint]:
    """Every route with the action that it needs, in the order of paths."""
    for route in sorted(routes(app), key=lambda each: (each.path, sorted(each.methods or ()))):
        what = (inspect.getdoc(route.endpoint) or "").split("\n\n")[0].replace("\n", " ")
        for method in sorted(route.methods or ()):
            yield Endpoint(method, route.path, action_of(route.dependant), what)


def routes(app: FastAPI) -> list[APIRoute]:
    """All, with those that were taken in from routers."""
    everything = (context.original_route for context in iter_route_contexts(app.routes))
    return [route for route in everything if isinstance(route, APIRoute)]


def action_of(dependant: Dependant) -> Action | None:
    """What the door of a route asks for."""
    for each in dependant.dependencies:
        if isinstance(each.call, Door):
            return each.call.action
        if (inner := action_of(each)) is not None:
            return inner
    return None


def describe(app: FastAPI) -> None:
    """Who may ask, and how problems look, in the OpenAPI document."""

    @cache
    def document() -> dict[str, Any]:
        made = get_openapi(
            title="Tomeishi",
            version="1",
            description=_ABOUT,
            routes=app.routes,
        )
        parts = made.setdefault("components", {})
        parts["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "an API key"},
            "session": {"type": "apiKey", "in": "cookie", "name": "tomeishi_session"},
        }
        parts.setdefault("schemas", {})["Problem"] = _PROBLEM
        problem = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        needed = {(each.path, each.method.lower()): each for each in endpoints(app)}
        for path, methods in made["paths"].items():
            for method, operation in methods.items():
                endpoint = needed[path, method]
                if endpoint.action is not None:
                    operation["security"] = [{"key": []}, {"session": []}]
                    operation["x-action"] = endpoint.action.value
                answers = operation["responses"]
                answers.pop("422", None)
                for status, words in _PROBLEMS.items():
                    answers[status] = {"description": words, **problem}
        for name in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(name, None)
        return made

    app.openapi = document  # type: ignore[method-assign]


@router.get("/v1/docs")
def documentation(request: Request) -> Response:
    """The documentation of REST as a page."""
    app: FastAPI = request.app
    made = app.openapi()
    needed = {(each.path, each.method.lower()): each for each in endpoints(app)}
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "what": operation.get("description") or operation.get("summary", ""),
            "parameters": operation.get("parameters", []),
            "body": _schema_name(operation.get("requestBody")),
            "answers": [
                {"status": status, "what": answer["description"], "schema": _schema_name(answer)}
                for status, answer in operation["responses"].items()
                if status.startswith("2")
            ],
            "endpoint": needed[path, method],
        }
        for path, methods in made["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = {
        name: [
            {
                "name": field,
                "type": _type_of(words),
                "what": words.get("description", ""),
                "needed": field in schema.get("required", []),
            }
            for field, words in schema.get("properties", {}).items()
        ]
        for name, schema in made["components"]["schemas"].items()
        if "properties" in schema
    }
    tree = [
        {"name": each.__name__, "status": each.status, "what": (inspect.getdoc(each) or "").split("\n")[0]}
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.TomeishiError)
    ]
    context = {"operations": operations, "schemas": schemas, "problems": tree, "about": made["info"]["description"]}
    return page(request, "api.html", context)


def _schema_name(words: dict[str, Any] | None) -> str:
    for content in (words or {}).get("content", {}).values():
        return _type_of(content.get("schema", {}))
    return ""


def _type_of(schema: dict[str, Any]) -> str:
    """In a few letters: `Match`, `list of Match`, `text or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_type_of(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type_of(schema.get('items', {}))}"
    if schema.get("format") == "binary":
        return "file"
    if schema.get("type") == "object" and schema.get("properties"):
        return "form: " + ", ".join(f"{name} ({_type_of(each)})" for name, each in schema["properties"].items())
    return {"string": "text", "integer": "whole number", "null": "null"}.get(
        str(schema.get("type", "")), str(schema.get("type", "anything"))
    )


_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "a place on this page"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "one line, fit for a user"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "description": "JSON pointer into the body"},
                    "parameter": {"type": "string"},
                },
            },
        },
    },
}

_PROBLEMS = {
    "400": "not HTTP that can be read",
    "401": "nobody known asks",
    "403": "the person or key may not do this",
    "404": "not there, or not to be seen",
    "409": "it exists already, or cannot follow what was done",
    "412": "changed since the version named in If-Match",
    "413": "more bytes than are taken",
    "422": "a value that cannot be used",
    "429": "too often",
}
