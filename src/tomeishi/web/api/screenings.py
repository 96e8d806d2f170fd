"""`/v1/screenings`: checking a clip or a prompt, at once (`?wait=true`) or as an operation."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tomeishi import clock
from tomeishi.access import repeats
from tomeishi.access.permissions import Action
from tomeishi.access.repeats import Answer
from tomeishi.errors import BadInput, NotPermitted
from tomeishi.jobs import queue
from tomeishi.review import screenings
from tomeishi.review.screenings import AskedBy, StoredScreening
from tomeishi.values import Use, new_id
from tomeishi.web import tasks
from tomeishi.web.api.answering import Body, Id, LongText, Paged, Repeated, Text, malformed, next_token, once
from tomeishi.web.api.operations import OperationShape, operation_of
from tomeishi.web.asking import Asked, permits
from tomeishi.web.standing import Standing
from tomeishi.web.uploads import Upload

router = APIRouter(prefix="/v1/screenings", tags=["screenings"])

Reading = Annotated[Asked, permits(Action.READ_SCREENINGS)]


class AskedPrompt(Body):
    prompt: LongText
    provider: Text | None = Field(default=None, description="who runs the generator: asked of the ledger")
    model: Text | None = None
    use: Use | None = Field(default=None, description="the use asked of the ledger; else it follows from the kind")


class ScreeningShape(BaseModel):
    """The line that `screen --jsonl` writes (docs/reference/screening.md), and where it is kept."""

    model_config = ConfigDict(extra="allow")

    id: str | None
    """None for a prompt in which nothing was found: that is not kept."""
    kind: str
    made_at: str
    asked_by: str
    provider: str | None
    model: str | None
    withheld: int
    """Findings about works of others, which are not shown."""
    findings: list[dict[str, Any]]
    checked: list[str]
    verdict: str
    made_by: dict[str, Any]


class ScreeningList(BaseModel):
    screenings: list[ScreeningShape]
    next_page_token: str


_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "provider": {"type": "string", "maxLength": 200},
                        "model": {"type": "string", "maxLength": 200},
                        "use": {"type": "string", "enum": [use.value for use in Use]},
                        "style": {"type": "string", "enum": ["true"], "description": "rank works by their look too"},
                    },
                }
            },
            "application/json": {"schema": AskedPrompt.model_json_schema()},
        },
    }
}


async def _prompt(request: Request) -> AskedPrompt | None:
    """Read by hand: the same address takes files too, which must not be read as JSON."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return None
    try:
        return AskedPrompt.model_validate_json(await request.body())
    except ValidationError as error:
        raise malformed(error) from error


@router.get("")
def list_screenings(asked: Reading, page: Paged) -> ScreeningList:
    """The newest first; those that may be seen, with the findings that may be seen."""
    after = page.after(str)
    sight = asked.principal.sight(Action.READ_SCREENINGS)
    with asked.platform.reading() as tx:
        rows = screenings.list_screenings(tx, sight, page.size, after[0] if after else None)
    return ScreeningList(
        screenings=[shape_of(each) for each in rows], next_page_token=next_token(rows, page, lambda each: [each.id])
    )


@router.get("/{screening_id}")
def read_screening(screening_id: Id, asked: Reading) -> ScreeningShape:
    """One screening, as it was answered."""
    with asked.platform.reading() as tx:
        return shape_of(screenings.screening(tx, screening_id, asked.principal.sight(Action.READ_SCREENINGS)))


@router.post(
    "",
    status_code=202,
    response_model=OperationShape | ScreeningShape,
    responses={200: {"model": ScreeningShape}},
    openapi_extra=_FORM,
)
def screen(
    request: Request,
    repeat: Repeated,
    asked: Annotated[Asked, permits(Action.WRITE_SCREENINGS)],
    upload: Upload,
    prompt: Annotated[AskedPrompt | None, Depends(_prompt)],
    wait: Annotated[bool, Query(description="answer at once, with the findings")] = False,
) -> Response:
    """Screen a file (form field `file`) or a prompt (JSON). Without `wait` an operation, whose result names it."""
    standing: Standing = request.app.state.standing
    kind, payload = _asked_for(asked, upload, prompt)
    repeat = repeat.with_upload(upload.digest, upload.fields)
    if kind == tasks.SCREEN:
        asked.platform.keep(upload.file, upload.digest)

    def begin(tx: Any) -> OperationShape:
        job = queue.enqueue(tx, kind, new_id("ask"), payload, asked.at, asked_by=asked.principal.id)
        return operation_of(job)

    if not wait:
        return once(asked, repeat, begin, status=202)
    if repeat.key is not None:
        with asked.platform.reading() as tx:
            before = repeats.earlier(tx, asked.principal.id, repeat.key, repeat.request, asked.at)
        if before is not None:
            return JSONResponse(before.body, before.status, headers={"Idempotent-Replayed": "true"})
    body = _at_once(asked, standing, kind, payload)
    if repeat.key is not None:
        with asked.platform.transaction() as tx:
            repeats.remember(tx, asked.principal.id, repeat.key, repeat.request, Answer(200, body), asked.at)
    return JSONResponse(body)


def _asked_for(asked: Asked, upload: Upload, prompt: AskedPrompt | None) -> tuple[str, dict[str, Any]]:
    """The kind of job and its payload; a provider speaks for itself alone."""
    if (upload.path is None) == (prompt is None):
        raise BadInput("send a file in the field `file` of a form, or JSON with a `prompt`")
    fields: dict[str, Any]
    if prompt is not None:
        kind, fields = tasks.SCREEN_PROMPT, {"prompt": prompt.prompt}
        given = {"provider": prompt.provider, "model": prompt.model, "use": prompt.use}
    else:
        unknown = upload.fields.keys() - {"provider", "model", "use", "style"}
        if unknown:
            raise BadInput(f"unknown in this form: {', '.join(sorted(unknown))[:200]}")
        if (style := upload.fields.get("style", "")) not in ("", "true"):
            raise BadInput(f"style: write true or leave it out, not {style[:40]!r}")
        kind, fields = tasks.SCREEN, {"media": upload.digest, "name": upload.name, "style": style == "true"}
        words = {name: upload.fields.get(name) or None for name in ("provider", "model", "use")}
        try:
            checked = AskedPrompt.model_validate({"prompt": "", **words})
        except ValidationError as error:
            raise malformed(error) from error
        given = {"provider": checked.provider, "model": checked.model, "use": checked.use}
    own = asked.principal.organisation.provider
    if own is not None and given["provider"] not in (None, own):
        raise NotPermitted(f"{own} asks for itself alone; leave the provider out")
    return kind, {
        **fields,
        "provider": own or given["provider"],
        "model": given["model"],
        "use": None if given["use"] is None else Use(given["use"]).value,
        "principal": asked.principal.id,
        "organisation": asked.principal.organisation.id,
    }


def _at_once(asked: Asked, standing: Standing, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    sight = asked.principal.sight(Action.READ_SCREENINGS)
    by: AskedBy = tasks.asked_by(payload)
    if kind == tasks.SCREEN_PROMPT:
        (found,) = standing.prompts(tasks.asking_of(payload)).screen([payload["prompt"]])
        if not found.findings:
            empty = {"id": None, "kind": "prompt", "made_at": clock.to_text(asked.at), "asked_by": by.principal_id}
            return empty | {"provider": by.provider, "model": by.model, "withheld": 0} | found.to_json()
        with asked.platform.transaction() as tx:
            screening_id = screenings.keep_prompt(tx, found, by, asked.at)
    else:
        screener = standing.media(tasks.asking_of(payload), style=payload["style"])
        with standing.few_at_once:
            made = tasks.screen_kept(screener, asked.platform.kept(payload["media"]), payload["name"])
        with asked.platform.transaction() as tx:
            screening_id = screenings.keep(tx, made, by, payload["media"], asked.at)
    with asked.platform.reading() as tx:
        return shape_of(screenings.screening(tx, screening_id, sight)).model_dump(mode="json")


def shape_of(stored: StoredScreening) -> ScreeningShape:
    return ScreeningShape(
        id=stored.id,
        kind=stored.kind,
        made_at=clock.to_text(stored.made_at),
        asked_by=stored.asked_by,
        provider=stored.provider,
        model=stored.model,
        withheld=stored.withheld,
        **stored.words,
    )
