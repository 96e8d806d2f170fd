"""`/v1/operations`: long work, from 202 to its result (after AIP-151)."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel

from tomeishi import clock
from tomeishi.access.permissions import Action
from tomeishi.errors import NotFound
from tomeishi.jobs import queue
from tomeishi.jobs.queue import Job, State
from tomeishi.web.api.answering import Id, Paged, next_token
from tomeishi.web.asking import Asked, permits

router = APIRouter(prefix="/v1/operations", tags=["operations"])

Reading = Annotated[Asked, permits(Action.READ_OPERATIONS)]


class OperationShape(BaseModel):
    id: str
    kind: str
    state: State
    done: int
    """Steps done."""
    total: int | None
    message: str | None
    result: dict[str, Any] | None
    """Of a done one: ids of what it made."""
    error: str | None
    """Of a failed one: why."""
    created_at: str
    ended_at: str | None


class OperationList(BaseModel):
    operations: list[OperationShape]
    next_page_token: str


@router.get("")
def list_operations(asked: Reading, page: Paged) -> OperationList:
    """The newest first: one's own, or all for those who may see all."""
    after = page.after(str)
    everything = asked.principal.sight(Action.READ_OPERATIONS).everything
    with asked.platform.reading() as tx:
        rows = queue.listed(
            tx,
            asked_by=None if everything else asked.principal.id,
            before=after[0] if after else None,
            limit=page.size,
        )
    return OperationList(
        operations=[operation_of(each) for each in rows], next_page_token=next_token(rows, page, lambda each: [each.id])
    )


@router.get("/{operation_id}")
def read_operation(operation_id: Id, asked: Reading) -> OperationShape:
    """How far it is, or how it ended."""
    with asked.platform.reading() as tx:
        return operation_of(_seen(asked, queue.job(tx, operation_id)))


@router.post("/{operation_id}:cancel")
def cancel_operation(operation_id: Id, asked: Reading) -> OperationShape:
    """End one's own operation, if it has not ended."""
    with asked.platform.transaction() as tx:
        job = _seen(asked, queue.job(tx, operation_id))
        if job.asked_by != asked.principal.id:
            asked.principal.require(Action.WRITE_PEOPLE)  # another one's work: administrators alone
        return operation_of(queue.cancel(tx, operation_id, asked.at))


def operation_of(job: Job) -> OperationShape:
    return OperationShape(
        id=job.id,
        kind=job.kind,
        state=job.state,
        done=job.progress.done,
        total=job.progress.total,
        message=job.progress.message,
        result=job.result,
        error=job.reason,
        created_at=clock.to_text(job.created_at),
        ended_at=None if job.ended_at is None else clock.to_text(job.ended_at),
    )


def _seen(asked: Asked, job: Job) -> Job:
    if job.asked_by != asked.principal.id and not asked.principal.sight(Action.READ_OPERATIONS).everything:
        raise NotFound(f"{job.id}: no such job")
    return job
