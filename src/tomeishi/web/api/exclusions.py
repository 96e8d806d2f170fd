"""`/v1/exclusions`: stretches of references that never count."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from tomeishi import clock
from tomeishi.access import events
from tomeishi.access.permissions import Action
from tomeishi.registry import references
from tomeishi.registry.references import Exclusion
from tomeishi.values import Interval
from tomeishi.web.api.answering import Body, Id, Repeated, Text, once
from tomeishi.web.asking import Asked, permits

router = APIRouter(prefix="/v1/exclusions", tags=["exclusions"])

Writing = Annotated[Asked, permits(Action.WRITE_EXCLUSIONS)]


class ExclusionShape(BaseModel):
    id: str
    reference: str
    start: float
    end: float
    reason: str
    created_at: str


class ExclusionList(BaseModel):
    exclusions: list[ExclusionShape]


class NewExclusion(Body):
    reference: Text
    start: float = Field(ge=0)
    end: float = Field(ge=0)
    reason: Text


@router.get("")
def list_exclusions(
    asked: Annotated[Asked, permits(Action.READ_EXCLUSIONS)], reference: Annotated[Id, Query()]
) -> ExclusionList:
    """Of one reference, by time."""
    with asked.platform.reading() as tx:
        _of(tx, asked, reference, Action.READ_EXCLUSIONS)
        return ExclusionList(exclusions=[_shape(each) for each in references.exclusions(tx, reference)])


@router.post("", status_code=201, response_model=ExclusionShape)
def exclude(body: NewExclusion, repeat: Repeated, asked: Writing) -> Response:
    """From now on this stretch never counts."""
    interval = Interval(body.start, body.end)

    def verb(tx: Any) -> ExclusionShape:
        _of(tx, asked, body.reference, Action.WRITE_EXCLUSIONS)
        exclusion_id = references.exclude(tx, body.reference, interval, body.reason, recorded_at=asked.at)
        events.record(tx, asked.principal.id, "exclusion.added", exclusion_id, asked.at)
        return _shape(references.exclusion(tx, exclusion_id))

    return once(asked, repeat, verb, status=201)


@router.delete("/{exclusion_id}", response_model=ExclusionShape)
def take_back(exclusion_id: Id, repeat: Repeated, asked: Writing) -> Response:
    """The stretch counts again; decisions that were made meanwhile stay."""

    def verb(tx: Any) -> ExclusionShape:
        _of(tx, asked, references.exclusion(tx, exclusion_id).reference_id, Action.WRITE_EXCLUSIONS)
        found = references.take_back_exclusion(tx, exclusion_id)
        events.record(tx, asked.principal.id, "exclusion.taken_back", exclusion_id, asked.at)
        return _shape(found)

    return once(asked, repeat, verb)


def _of(tx: Any, asked: Asked, reference_id: str, action: Action) -> None:
    found = references.reference(tx, reference_id)
    asked.principal.require_found(action, f"reference {reference_id}", member_id=found.member_id)


def _shape(exclusion: Exclusion) -> ExclusionShape:
    return ExclusionShape(
        id=exclusion.id,
        reference=exclusion.reference_id,
        start=exclusion.interval.start,
        end=exclusion.interval.end,
        reason=exclusion.reason,
        created_at=clock.to_text(exclusion.created_at),
    )
