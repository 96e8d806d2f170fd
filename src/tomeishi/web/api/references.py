"""`/v1/references`: registered files; and `/v1/imports`: sheets of works."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from tomeishi import clock
from tomeishi.access.permissions import Action
from tomeishi.jobs import queue
from tomeishi.registry import references
from tomeishi.registry.references import Reference
from tomeishi.values import MediaKind, new_id
from tomeishi.web import tasks
from tomeishi.web.api.answering import Id, Repeated, once
from tomeishi.web.api.operations import OperationShape, operation_of
from tomeishi.web.api.works import seen_work, writable_work
from tomeishi.web.asking import Asked, permits
from tomeishi.web.uploads import FORM, Upload

router = APIRouter(prefix="/v1", tags=["references"])


class ReferenceShape(BaseModel):
    id: str
    work: str
    path: str
    digest: str
    size_bytes: int
    kind: MediaKind
    duration: float
    partial: str | None
    created_at: str


class ReferenceList(BaseModel):
    references: list[ReferenceShape]


class RowErrorShape(BaseModel):
    row: int
    column: str
    message: str


class ImportPreview(BaseModel):
    added: list[str]
    unchanged: list[str]
    new_members: list[str]
    errors: list[RowErrorShape]


@router.get("/works/{work_id}/references")
def list_references(work_id: Id, asked: Annotated[Asked, permits(Action.READ_WORKS)]) -> ReferenceList:
    """Files registered for a work, in the order of registration."""
    with asked.platform.reading() as tx:
        seen_work(tx, asked, work_id)
        return ReferenceList(references=[_shape(each) for each in references.references(tx, work_id)])


@router.get("/references/{reference_id}")
def read_reference(reference_id: Id, asked: Annotated[Asked, permits(Action.READ_WORKS)]) -> ReferenceShape:
    """One registered file."""
    with asked.platform.reading() as tx:
        found = references.reference(tx, reference_id)
    asked.principal.require_found(Action.READ_WORKS, f"reference {reference_id}", member_id=found.member_id)
    return _shape(found)


@router.post("/works/{work_id}/references", status_code=202, response_model=OperationShape, openapi_extra=FORM)
def add_reference(
    work_id: Id, repeat: Repeated, asked: Annotated[Asked, permits(Action.WRITE_WORKS)], upload: Upload
) -> Response:
    """Register a file (form field `file`) for a work: an operation, whose result names the reference."""
    with asked.platform.reading() as tx:
        writable_work(tx, asked, work_id)
    asked.platform.keep(upload.file, upload.digest)
    payload = {
        "work": work_id,
        "media": upload.digest,
        "name": upload.name,
        "principal": asked.principal.id,
    }

    def begin(tx: Any) -> OperationShape:
        job = queue.enqueue(tx, tasks.ADD_REFERENCE, new_id("ask"), payload, asked.at, asked_by=asked.principal.id)
        return operation_of(job)

    return once(asked, repeat.with_upload(upload.digest, upload.fields), begin, status=202)


@router.post(
    "/imports",
    status_code=202,
    response_model=OperationShape | ImportPreview,
    responses={200: {"model": ImportPreview}},
    openapi_extra=FORM,
)
def import_works(
    repeat: Repeated,
    asked: Annotated[Asked, permits(Action.WRITE_WORKS)],
    upload: Upload,
    dry_run: Annotated[bool, Query(description="say what would happen, at once")] = False,
    partial: Annotated[bool, Query(description="import the good rows although others are bad")] = False,
) -> Response:
    """Import works from a sheet (CSV or XLSX, form field `file`); the columns are those of `works export`."""
    sight = asked.principal.sight(Action.WRITE_WORKS)
    member = None if sight.everything else sight.member
    if dry_run:
        plan = tasks.plan_of(asked.platform, upload.file, upload.name, member)
        preview = ImportPreview(
            added=[each.title for each in plan.works],
            unchanged=[each.title for _, each in plan.unchanged],
            new_members=list(plan.new_members),
            errors=[RowErrorShape(row=e.row, column=e.column, message=e.message) for e in plan.errors],
        )
        return Response(preview.model_dump_json(), media_type="application/json")
    asked.platform.keep(upload.file, upload.digest)
    payload = {
        "sheet": upload.digest,
        "name": upload.name,
        "member": member,
        "partial": partial,
        "principal": asked.principal.id,
    }

    def begin(tx: Any) -> OperationShape:
        job = queue.enqueue(tx, tasks.IMPORT, new_id("ask"), payload, asked.at, asked_by=asked.principal.id)
        return operation_of(job)

    return once(asked, repeat.with_upload(upload.digest, upload.fields), begin, status=202)


def _shape(reference: Reference) -> ReferenceShape:
    return ReferenceShape(
        id=reference.id,
        work=reference.work_id,
        path=reference.path,
        digest=reference.digest,
        size_bytes=reference.size_bytes,
        kind=reference.kind,
        duration=reference.duration_s,
        partial=reference.partial_reason,
        created_at=clock.to_text(reference.created_at),
    )
