"""`/v1/audits`: audits of data sets that an administrator offered by name (`datasets.toml`)."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from tomeishi import clock
from tomeishi.access import events
from tomeishi.access.permissions import Action
from tomeishi.audit import offered
from tomeishi.audit.offered import Found, Offered
from tomeishi.audit.verdicts import Check
from tomeishi.errors import NotFound, NotPermitted
from tomeishi.jobs import queue
from tomeishi.values import Use, new_id
from tomeishi.web import tasks
from tomeishi.web.api.answering import Body, Id, Paged, Repeated, Text, next_token, once
from tomeishi.web.api.operations import OperationShape, operation_of
from tomeishi.web.asking import Asked, permits

router = APIRouter(prefix="/v1", tags=["audits"])

Reading = Annotated[Asked, permits(Action.READ_AUDITS)]


class AuditShape(BaseModel):
    id: str
    provider: str
    model: str | None
    use: Use
    moment: str
    """The one asked of the ledger."""
    datasets: list[str]
    checks: list[Check]
    finished: bool
    summary: dict[str, Any] | None
    """Of a finished one: counts by verdict, member and reason, and digests (docs/how-to/audit-a-data-set.md)."""


class AuditList(BaseModel):
    audits: list[AuditShape]
    next_page_token: str


class DatasetShape(BaseModel):
    name: str
    provider: str | None


class DatasetList(BaseModel):
    datasets: list[DatasetShape]


class Begun(Body):
    dataset: Text = Field(description="a name of GET /v1/datasets")
    provider: Text | None = Field(default=None, description="who trains; a provider's own key or engineer: itself")
    model: Text | None = None
    use: Use = Use.TRAIN
    checks: list[Check] | None = Field(default=None, description="only these; else all", max_length=len(Check))


@router.get("/datasets")
def list_datasets(asked: Reading) -> DatasetList:
    """What may be audited here by whoever asks."""
    return DatasetList(datasets=[DatasetShape(name=each.name, provider=each.provider) for each in _open_to(asked)])


@router.get("/audits")
def list_audits(asked: Reading, page: Paged) -> AuditList:
    """A provider's own, or all for those who may see all; by id, in falling order."""
    after = page.after(str)
    seen = [each for each in _all(asked) if after is None or each.id < after[0]][: page.size]
    return AuditList(
        audits=[_shape(each) for each in seen], next_page_token=next_token(seen, page, lambda each: [each.id])
    )


@router.get("/audits/{audit_id}")
def read_audit(audit_id: Id, asked: Reading) -> AuditShape:
    """How it was begun, and its summary once it is finished."""
    settings = asked.platform.settings
    found = offered.found(settings.audits, audit_id, offered.offered(settings.datasets))
    if not _may_see(asked, found):
        raise NotFound(f"no audit {audit_id!r}")
    return _shape(found)


@router.post("/audits", status_code=202, response_model=OperationShape)
def begin_audit(body: Begun, repeat: Repeated, asked: Annotated[Asked, permits(Action.WRITE_AUDITS)]) -> Response:
    """Audit an offered data set: an operation, whose result names the audit. It goes on where a worker was killed."""
    if all(each.name != body.dataset for each in _open_to(asked)):
        raise NotFound(f"no data set {body.dataset[:60]!r} is offered; an administrator names them in datasets.toml")
    own = asked.principal.organisation.provider
    if own is not None and body.provider not in (None, own):
        raise NotPermitted(f"{own} asks for itself alone; leave the provider out")
    audit_id = new_id("aud")
    payload = {
        "audit": audit_id,
        "dataset": body.dataset,
        "provider": own or body.provider or asked.principal.organisation.name,
        "model": body.model,
        "use": body.use.value,
        "checks": [each.value for each in Check if body.checks is None or each in body.checks],
        "principal": asked.principal.id,
    }

    def begin(tx: Any) -> OperationShape:
        job = queue.enqueue(tx, tasks.AUDIT, new_id("ask"), payload, asked.at, asked_by=asked.principal.id)
        events.record(tx, asked.principal.id, "audit.begun", audit_id, asked.at, {"dataset": body.dataset})
        return operation_of(job)

    return once(asked, repeat, begin, status=202)


def _open_to(asked: Asked) -> list[Offered]:
    own, everything = asked.principal.organisation.provider, asked.principal.sight(Action.READ_AUDITS).everything
    known = offered.offered(asked.platform.settings.datasets).values()
    return [each for each in known if everything or (own is not None and each.provider == own)]


def _all(asked: Asked) -> list[Found]:
    settings = asked.platform.settings
    known = offered.offered(settings.datasets)
    return [each for each in offered.all_found(settings.audits, known) if _may_see(asked, each)]


def _may_see(asked: Asked, found: Found) -> bool:
    own = asked.principal.organisation.provider
    return asked.principal.sight(Action.READ_AUDITS).everything or (own is not None and found.provider == own)


def _shape(found: Found) -> AuditShape:
    return AuditShape(
        id=found.id,
        provider=found.provider,
        model=found.model,
        use=Use(found.use),
        moment=clock.to_text(found.moment),
        datasets=list(found.datasets),
        checks=[Check(each) for each in found.checks],
        finished=found.summary is not None,
        summary=None if found.summary is None else dict(found.summary),
    )
