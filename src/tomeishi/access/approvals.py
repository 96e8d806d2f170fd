"""Two people for what leaves the house: one asks, another one decides; never the same, whatever their roles."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select, update

from tomeishi.access.principals import Sight
from tomeishi.errors import BadInput, Conflict, NotFound, NotPermitted
from tomeishi.storage.tables import approvals
from tomeishi.values import new_id


class Leaving(StrEnum):
    """What leaves the house."""

    SEND_EVIDENCE = "send_evidence"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Approval:
    id: str
    action: Leaving
    subject: str
    """Id of what is to leave."""
    member_id: str | None
    """Whose matter it is; None: the coalition's."""
    addressee_id: str | None
    """The organisation that it goes to."""
    reason: str
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    granted: bool | None
    """None: nobody decided yet."""


def request(
    tx: Connection,
    action: Leaving,
    subject: str,
    reason: str,
    by: str,
    at: datetime,
    *,
    member_id: str | None = None,
    addressee_id: str | None = None,
) -> str:
    """The request's id; Conflict while another one for the same waits or is granted."""
    if not 1 <= len(reason.strip()) <= 2000:
        raise BadInput("say in 1 to 2000 characters why it should leave the house")
    same = (approvals.c.action == action.value) & (approvals.c.subject == subject)
    if tx.execute(select(approvals.c.id).where(same, approvals.c.granted.is_not(False))).first():
        raise Conflict(f"{subject}: asked for already")
    approval_id = new_id("apr")
    values = {"id": approval_id, "action": action.value, "subject": subject, "reason": reason.strip()}
    whose = {"member_id": member_id, "addressee_id": addressee_id}
    tx.execute(insert(approvals).values(**values, **whose, requested_by=by, requested_at=at))
    return approval_id


def decide(tx: Connection, approval_id: str, by: str, at: datetime, *, granted: bool) -> Approval:
    """NotPermitted for whoever asked; Conflict where it is decided."""
    found = approval(tx, approval_id)
    if found.requested_by == by:
        raise NotPermitted("whoever asked can't decide: another person has to")
    if found.granted is not None:
        raise Conflict("this is decided already")
    waiting = (approvals.c.id == approval_id) & approvals.c.granted.is_(None)
    done = tx.execute(update(approvals).where(waiting).values(decided_by=by, decided_at=at, granted=granted))
    if done.rowcount != 1:
        raise Conflict("this was decided meanwhile")
    return approval(tx, approval_id)


def approval(tx: Connection, approval_id: str) -> Approval:
    row = tx.execute(select(approvals).where(approvals.c.id == approval_id)).first()
    if row is None:
        raise NotFound(f"no approval {approval_id}")
    return _approval(row)


def list_approvals(tx: Connection, sight: Sight, *, waiting: bool = False) -> list[Approval]:
    """Those that may be seen, the newest first; `waiting`: only what nobody decided."""
    query = select(approvals).order_by(approvals.c.id.desc()).limit(1000)
    if not sight.everything:
        query = query.where(approvals.c.member_id == sight.member_id)
    if waiting:
        query = query.where(approvals.c.granted.is_(None))
    return [_approval(row) for row in tx.execute(query)]


def is_granted(tx: Connection, action: Leaving, subject: str) -> bool:
    same = (approvals.c.action == action.value) & (approvals.c.subject == subject)
    return tx.execute(select(approvals.c.id).where(same, approvals.c.granted.is_(True))).first() is not None


def addressed(tx: Connection, action: Leaving, organisation_id: str) -> list[str]:
    """Subjects that were released to an organisation."""
    mine = (approvals.c.action == action.value) & (approvals.c.addressee_id == organisation_id)
    return list(tx.execute(select(approvals.c.subject).where(mine, approvals.c.granted.is_(True))).scalars())


def _approval(row: Any) -> Approval:
    return Approval(
        id=row.id,
        action=Leaving(row.action),
        subject=row.subject,
        member_id=row.member_id,
        addressee_id=row.addressee_id,
        reason=row.reason,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        granted=row.granted,
    )
