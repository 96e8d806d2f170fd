"""`/v1/evidence-packages`: sealed bundles; and `/v1/approvals`: two people for what leaves the house."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from tomeishi import clock, wiring
from tomeishi.access import approvals, events, organisations
from tomeishi.access.approvals import Approval, Leaving
from tomeishi.access.permissions import Action
from tomeishi.errors import BadInput, NotPermitted
from tomeishi.evidence import stored
from tomeishi.evidence.stored import StoredPackage
from tomeishi.jobs import queue
from tomeishi.review import screenings
from tomeishi.values import new_id
from tomeishi.web import tasks
from tomeishi.web.api.answering import Body, Id, LongText, Moment, Paged, Repeated, Text, next_token, once
from tomeishi.web.api.operations import OperationShape, operation_of
from tomeishi.web.asking import Asked, permits
from tomeishi.web.uploads import FORM, Upload

router = APIRouter(prefix="/v1", tags=["evidence"])

Reading = Annotated[Asked, permits(Action.READ_EVIDENCE)]


class PackageShape(BaseModel):
    id: str
    screening: str
    member: str | None
    """Whose findings it holds alone; None: all."""
    digest: str
    size_bytes: int
    made_by: str
    made_at: str


class PackageList(BaseModel):
    evidence_packages: list[PackageShape]
    next_page_token: str


class NewPackage(Body):
    screening: Text
    source_url: LongText | None = Field(default=None, description="where the query was found, as stated")
    captured_at: Moment | None = None
    prompt: LongText | None = None


class CheckShape(BaseModel):
    name: str
    ok: bool | None
    """None: not checked."""
    detail: str


class VerificationShape(BaseModel):
    state: str
    """As `verify --json` says it."""
    package: str | None
    created_at: str | None
    key_id: str | None
    checks: list[CheckShape]
    digest: str
    """Of the file that was sent."""


class ApprovalShape(BaseModel):
    id: str
    action: Leaving
    subject: str
    member: str | None
    addressee: str | None
    reason: str
    requested_by: str
    requested_at: str
    decided_by: str | None
    decided_at: str | None
    granted: bool | None


class ApprovalList(BaseModel):
    approvals: list[ApprovalShape]


class NewApproval(Body):
    action: Leaving
    subject: Text = Field(description="id of the evidence package")
    addressee: Text | None = Field(default=None, description="id of the organisation that it goes to")
    reason: LongText = Field(min_length=1)


@router.get("/evidence-packages")
def list_packages(asked: Reading, page: Paged) -> PackageList:
    """The newest first; one's own and those that were released to one's organisation."""
    after = page.after(str)
    sight = asked.principal.sight(Action.READ_EVIDENCE)
    with asked.platform.reading() as tx:
        rows = stored.list_packages(tx, sight, page.size, after[0] if after else None)
    return PackageList(
        evidence_packages=[_shape(each) for each in rows],
        next_page_token=next_token(rows, page, lambda each: [each.id]),
    )


@router.get("/evidence-packages/{package_id}")
def read_package(package_id: Id, asked: Reading) -> PackageShape:
    """One package, without its file."""
    with asked.platform.reading() as tx:
        return _shape(stored.stored_package(tx, package_id, asked.principal.sight(Action.READ_EVIDENCE)))


@router.get(
    "/evidence-packages/{package_id}/file",
    response_class=FileResponse,
    responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
def download_package(package_id: Id, asked: Reading) -> Response:
    """The sealed file."""
    with asked.platform.reading() as tx:
        found = stored.stored_package(tx, package_id, asked.principal.sight(Action.READ_EVIDENCE))
    path = asked.platform.kept(found.digest)
    return FileResponse(path, media_type="application/zip", filename=f"{found.id}.zip")


@router.post("/evidence-packages", status_code=202, response_model=OperationShape)
def pack(body: NewPackage, repeat: Repeated, asked: Annotated[Asked, permits(Action.WRITE_EVIDENCE)]) -> Response:
    """Screen a kept query again and seal what is found: an operation, whose result names the package."""
    everything = asked.principal.sight(Action.WRITE_EVIDENCE).everything
    member_id = None if everything else asked.principal.organisation.member_id
    with asked.platform.reading() as tx:
        found = screenings.screening(tx, body.screening, asked.principal.sight(Action.READ_SCREENINGS))
    if found.media is None:
        raise BadInput(f"{body.screening}: a prompt; packages are made of files")
    payload = {
        "screening": found.id,
        "media": found.media,
        "name": found.words["query"],
        "member": member_id,
        "provider": found.provider,
        "model": found.model,
        "source_url": body.source_url,
        "captured_at": None if body.captured_at is None else clock.to_text(body.captured_at),
        "prompt": body.prompt,
        "principal": asked.principal.id,
    }

    def begin(tx: Any) -> OperationShape:
        return operation_of(
            queue.enqueue(tx, tasks.PACK, new_id("ask"), payload, asked.at, asked_by=asked.principal.id)
        )

    return once(asked, repeat, begin, status=202)


@router.post("/evidence-packages:verify", openapi_extra=FORM)
def verify_package(asked: Annotated[Asked, permits(Action.VERIFY_EVIDENCE)], upload: Upload) -> VerificationShape:
    """Check a package (form field `file`) against this installation's key; it is not kept."""
    found = wiring.verify(upload.file, (), home=asked.platform.settings.home)
    return VerificationShape(
        state=found.state,
        package=found.package,
        created_at=found.created_at,
        key_id=found.key_id,
        checks=[
            CheckShape(name=each.name, ok=each.ok, detail=each.detail.replace(str(upload.file), upload.name))
            for each in found.checks
        ],
        digest=upload.digest,
    )


@router.get("/approvals")
def list_approvals(
    asked: Annotated[Asked, permits(Action.READ_APPROVALS)],
    waiting: Annotated[bool, Query(description="only what nobody decided yet")] = False,
) -> ApprovalList:
    """What was asked to leave the house, the newest first; at most 1000."""
    with asked.platform.reading() as tx:
        rows = approvals.list_approvals(tx, asked.principal.sight(Action.READ_APPROVALS), waiting=waiting)
    return ApprovalList(approvals=[_approval(each) for each in rows])


@router.post("/approvals", status_code=201, response_model=ApprovalShape)
def request_approval(
    body: NewApproval, repeat: Repeated, asked: Annotated[Asked, permits(Action.REQUEST_APPROVALS)]
) -> Response:
    """Ask that an evidence package may leave the house."""
    _people_only(asked)

    def verb(tx: Any) -> ApprovalShape:
        package = stored.stored_package(tx, body.subject, asked.principal.sight(Action.READ_EVIDENCE))
        if body.addressee is not None:
            organisations.organisation(tx, body.addressee)
        elif body.action is Leaving.SEND_EVIDENCE:
            raise BadInput("name the addressee: the organisation that the package goes to")
        approval_id = approvals.request(
            tx,
            body.action,
            package.id,
            body.reason,
            asked.principal.id,
            asked.at,
            member_id=package.member_id,
            addressee_id=body.addressee,
        )
        events.record(tx, asked.principal.id, "approval.requested", approval_id, asked.at, {"subject": package.id})
        return _approval(approvals.approval(tx, approval_id))

    return once(asked, repeat, verb, status=201)


@router.post("/approvals/{approval_id}:grant", response_model=ApprovalShape)
def grant_approval(
    approval_id: Id, repeat: Repeated, asked: Annotated[Asked, permits(Action.DECIDE_APPROVALS)]
) -> Response:
    """Let it leave the house; never by who asked."""
    return _decide(asked, repeat, approval_id, granted=True)


@router.post("/approvals/{approval_id}:refuse", response_model=ApprovalShape)
def refuse_approval(
    approval_id: Id, repeat: Repeated, asked: Annotated[Asked, permits(Action.DECIDE_APPROVALS)]
) -> Response:
    """Keep it in the house; never by who asked."""
    return _decide(asked, repeat, approval_id, granted=False)


def _decide(asked: Asked, repeat: Any, approval_id: str, *, granted: bool) -> Response:
    _people_only(asked)

    def verb(tx: Any) -> ApprovalShape:
        found = approvals.approval(tx, approval_id)
        what = f"approval {approval_id}"
        asked.principal.require_found(Action.DECIDE_APPROVALS, what, member_id=found.member_id)
        decided = approvals.decide(tx, approval_id, asked.principal.id, asked.at, granted=granted)
        name = "approval.granted" if granted else "approval.refused"
        events.record(tx, asked.principal.id, name, approval_id, asked.at, {"subject": decided.subject})
        return _approval(decided)

    return once(asked, repeat, verb)


def _people_only(asked: Asked) -> None:
    """Two people: a key is nobody."""
    if not asked.principal.is_person:
        raise NotPermitted("people ask and decide what leaves the house; a key can't")


def _shape(package: StoredPackage) -> PackageShape:
    return PackageShape(
        id=package.id,
        screening=package.screening_id,
        member=package.member_id,
        digest=package.digest,
        size_bytes=package.size_bytes,
        made_by=package.made_by,
        made_at=clock.to_text(package.made_at),
    )


def _approval(approval: Approval) -> ApprovalShape:
    return ApprovalShape(
        id=approval.id,
        action=approval.action,
        subject=approval.subject,
        member=approval.member_id,
        addressee=approval.addressee_id,
        reason=approval.reason,
        requested_by=approval.requested_by,
        requested_at=clock.to_text(approval.requested_at),
        decided_by=approval.decided_by,
        decided_at=None if approval.decided_at is None else clock.to_text(approval.decided_at),
        granted=approval.granted,
    )
