"""Organisations whose people work here: the coalition itself, members of the registry, providers.

Each is made when its first person or key is added. A provider is called what the ledger calls it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from tomeishi.access.permissions import OrganisationKind
from tomeishi.errors import BadInput, NotFound
from tomeishi.storage.tables import members, organisations
from tomeishi.values import new_id

COALITION_NAME = "coalition"


@dataclass(frozen=True, slots=True)
class Organisation:
    id: str
    kind: OrganisationKind
    name: str
    member_id: str | None
    """Of a member: its id in the registry."""

    @property
    def provider(self) -> str | None:
        """Of a provider: its name in the ledger."""
        return self.name if self.kind is OrganisationKind.PROVIDER else None


def named(tx: Connection, at: datetime, *, member: str | None = None, provider: str | None = None) -> Organisation:
    """The organisation of a member or provider, else the coalition's; made where nobody works for it yet."""
    if member is not None and provider is not None:
        raise BadInput("name a member or a provider, not both")
    member_id = None
    kind, name = OrganisationKind.COALITION, COALITION_NAME
    if member is not None:
        member_id = tx.execute(select(members.c.id).where(members.c.name == member.strip())).scalar()
        if member_id is None:
            raise NotFound(f"no member is called {member.strip()!r}; see `tomeishi members list`")
        kind, name = OrganisationKind.MEMBER, member.strip()
    elif provider is not None:
        kind, name = OrganisationKind.PROVIDER, provider.strip()
        if not 1 <= len(name) <= 200 or not name.isprintable():
            raise BadInput("a provider's name has 1 to 200 characters on one line")
    known = tx.execute(
        select(organisations).where(organisations.c.kind == kind.value, organisations.c.name == name)
    ).first()
    if known is not None:
        return organisation(tx, known.id)
    found = Organisation(new_id("org"), kind, name, member_id)
    values = {"id": found.id, "kind": kind.value, "name": name, "member_id": member_id, "created_at": at}
    tx.execute(insert(organisations).values(values))
    return found


def organisation(tx: Connection, organisation_id: str) -> Organisation:
    row = tx.execute(select(organisations).where(organisations.c.id == organisation_id)).first()
    if row is None:
        raise NotFound(f"no organisation {organisation_id}")
    return Organisation(row.id, OrganisationKind(row.kind), row.name, row.member_id)


def list_organisations(tx: Connection) -> list[Organisation]:
    """By kind and name."""
    rows = tx.execute(select(organisations).order_by(organisations.c.kind, organisations.c.name))
    return [Organisation(row.id, OrganisationKind(row.kind), row.name, row.member_id) for row in rows]
