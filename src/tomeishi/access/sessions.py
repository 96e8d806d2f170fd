"""Sessions of people who are signed in: rows here, and in the browser a token that nobody can guess.

A session ends when it was not used for two hours, twelve hours after it began, or when it is deleted. The token is made
when somebody signs in, never before, so that nobody can hand another person a session that they know (fixation).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from tomeishi.access.people import Person, person
from tomeishi.errors import NotSignedIn
from tomeishi.storage.tables import people, sessions
from tomeishi.values import digest_of

LASTS = timedelta(hours=12)
IDLE = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=5)
"""How exactly the last use is noted: a row written at every page would be a writer at every page."""


@dataclass(frozen=True, slots=True)
class Session:
    person: Person
    seen_at: datetime
    expires_at: datetime


def begin(tx: Connection, person_id: str, at: datetime) -> str:
    """The token of a new session; sessions that ended by themselves are cleared away."""
    tx.execute(delete(sessions).where(sessions.c.expires_at <= at))
    token = secrets.token_urlsafe(32)
    values = {"digest": _digest(token), "person_id": person_id}
    tx.execute(insert(sessions).values(**values, created_at=at, seen_at=at, expires_at=at + LASTS))
    return token


def current(tx: Connection, token: str, at: datetime) -> Session:
    """Whose session the token is; NotSignedIn where it is none, or no longer."""
    row = tx.execute(
        select(sessions, people.c.disabled_at)
        .join(people, people.c.id == sessions.c.person_id)
        .where(sessions.c.digest == _digest(token))
    ).first()
    if row is None or row.expires_at <= at or row.seen_at + IDLE <= at or row.disabled_at is not None:
        raise NotSignedIn("sign in again: the session has ended")
    return Session(person(tx, row.person_id), row.seen_at, row.expires_at)


def touch(tx: Connection, token: str, at: datetime) -> None:
    """The session was used now."""
    tx.execute(update(sessions).where(sessions.c.digest == _digest(token)).values(seen_at=at))


def end(tx: Connection, token: str) -> None:
    """Nothing where it has ended already."""
    tx.execute(delete(sessions).where(sessions.c.digest == _digest(token)))


def _digest(token: str) -> str:
    return digest_of(token.encode())
