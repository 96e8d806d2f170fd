"""API keys: a random word that is shown once, of which only the digest is kept, for named scopes."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from tomeishi.access.organisations import Organisation, organisation
from tomeishi.access.permissions import KeyScope
from tomeishi.access.principals import Principal
from tomeishi.errors import BadInput, Conflict, NotFound, NotSignedIn
from tomeishi.storage.tables import api_keys
from tomeishi.values import digest_of, new_id

PREFIX = "tomeishi_"
"""So that a key that was published by mistake can be found by a search."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    name: str
    organisation: Organisation
    scopes: frozenset[KeyScope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def principal(self) -> Principal:
        return Principal(self.id, self.name, self.organisation, frozenset(), self.scopes, "en")


def add_key(
    tx: Connection,
    name: str,
    of: Organisation,
    scopes: Iterable[KeyScope],
    at: datetime,
    *,
    expires_at: datetime | None = None,
) -> tuple[str, str]:
    """Id and the key itself, which can't be asked for again. Conflict if the name is taken."""
    name = name.strip()
    wanted = sorted(set(scopes))
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise BadInput("a key's name has 1 to 100 characters on one line")
    if not wanted:
        raise BadInput("a key has at least one scope")
    if expires_at is not None and expires_at <= at:
        raise BadInput("a key must end after it begins")
    if tx.execute(select(api_keys.c.id).where(api_keys.c.name == name)).first():
        raise Conflict(f"a key is called {name!r} already; choose another name")
    key_id, key = new_id("key"), PREFIX + secrets.token_urlsafe(32)
    values = {"id": key_id, "name": name, "organisation_id": of.id, "digest": digest_of(key.encode())}
    tx.execute(insert(api_keys).values(**values, scopes=" ".join(wanted), created_at=at, expires_at=expires_at))
    return key_id, key


def whose(tx: Connection, key: str, at: datetime) -> ApiKey:
    """NotSignedIn unless it is a key that is in use. It is found by its digest: no timing tells a part of it."""
    row = tx.execute(select(api_keys.c.id).where(api_keys.c.digest == digest_of(key.encode()))).first()
    found = None if row is None else api_key(tx, row.id)
    if found is None or found.revoked_at is not None or (found.expires_at is not None and found.expires_at <= at):
        raise NotSignedIn("not a key in use here; make one with `tomeishi admin key add`")
    return found


def api_key(tx: Connection, key_id: str) -> ApiKey:
    row = tx.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
    if row is None:
        raise NotFound(f"no key {key_id}")
    scopes = frozenset(KeyScope(scope) for scope in row.scopes.split())
    of = organisation(tx, row.organisation_id)
    return ApiKey(row.id, row.name, of, scopes, row.created_at, row.expires_at, row.revoked_at)


def list_keys(tx: Connection) -> list[ApiKey]:
    """By name, revoked ones too."""
    return [
        api_key(tx, key_id) for key_id in tx.execute(select(api_keys.c.id).order_by(api_keys.c.name)).scalars().all()
    ]


def revoke(tx: Connection, key_id: str, at: datetime) -> None:
    """From now on it opens nothing."""
    api_key(tx, key_id)
    tx.execute(update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)).values(revoked_at=at))
