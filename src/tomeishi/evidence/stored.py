"""Evidence packages that were made here: which screening each is of, whose it is, and where its file is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from tomeishi.access.approvals import Leaving, addressed
from tomeishi.access.principals import Sight
from tomeishi.errors import NotFound
from tomeishi.storage.tables import evidence_packages


@dataclass(frozen=True, slots=True)
class StoredPackage:
    id: str
    screening_id: str
    member_id: str | None
    """Whose findings it holds alone; None: all."""
    digest: str
    size_bytes: int
    made_by: str
    """Id of a person or key."""
    made_at: datetime


def keep(tx: Connection, package: StoredPackage) -> None:
    tx.execute(
        insert(evidence_packages).values(
            id=package.id,
            screening_id=package.screening_id,
            member_id=package.member_id,
            digest=package.digest,
            size_bytes=package.size_bytes,
            made_by=package.made_by,
            made_at=package.made_at,
        )
    )


def stored_package(tx: Connection, package_id: str, sight: Sight) -> StoredPackage:
    """NotFound also where it may not be seen."""
    row = tx.execute(_visible(tx, sight).where(evidence_packages.c.id == package_id)).first()
    if row is None:
        raise NotFound(f"no evidence package {package_id}")
    return _stored(row)


def list_packages(tx: Connection, sight: Sight, limit: int, before: str | None = None) -> list[StoredPackage]:
    """The newest first."""
    query = _visible(tx, sight).order_by(evidence_packages.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(evidence_packages.c.id < before)
    return [_stored(row) for row in tx.execute(query)]


def _visible(tx: Connection, sight: Sight) -> Any:
    """A member sees those of its own findings; whoever a package was released to sees that package."""
    query = select(evidence_packages)
    if sight.everything:
        return query
    received = evidence_packages.c.id.in_(addressed(tx, Leaving.SEND_EVIDENCE, sight.organisation_id))
    if sight.member_id is None:
        return query.where(received)
    return query.where(or_(received, evidence_packages.c.member_id == sight.member_id))


def _stored(row: Any) -> StoredPackage:
    return StoredPackage(
        id=row.id,
        screening_id=row.screening_id,
        member_id=row.member_id,
        digest=row.digest,
        size_bytes=row.size_bytes,
        made_by=row.made_by,
        made_at=row.made_at,
    )
