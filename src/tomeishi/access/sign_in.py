"""Signing in with name, password and, where there is one, a second factor.

Three steps, since checking a password takes a tenth of a second and must not hold up a database: `account` reads,
`Account.proof` checks, `conclude` writes. Whatever was wrong, the answer is the same. Ten failures with one name, or
fifty from one address, within fifteen minutes, and no more are looked at for a while.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from tomeishi.access import passwords, sessions
from tomeishi.access.people import folded
from tomeishi.errors import TooOften
from tomeishi.storage.tables import login_attempts, people, recovery_codes
from tomeishi.values import new_id

WINDOW = timedelta(minutes=15)
FAILURES_OF_NAME = 10
FAILURES_OF_ADDRESS = 50
REFUSED = "name, password or code is wrong"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a password and code turned out to prove."""

    right: bool
    step: int | None = None
    """Of the time-based code that was taken."""
    recovery: str | None = None
    """Digest of the recovery code that was taken."""


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of a name that somebody wants to sign in with; `person_id` is None where nobody has it."""

    folded: str
    person_id: str | None
    password: str | None
    secret: str | None
    last_step: int | None
    recovery: frozenset[str]

    def proof(self, password: str, code: str | None, at: datetime) -> Proof:
        """Slow on purpose, also for a name that nobody has."""
        right = passwords.fits(password, self.password) and self.person_id is not None
        if self.secret is None:
            return Proof(right)
        step = passwords.step_of(code or "", self.secret, at.timestamp(), self.last_step)
        if step is not None:
            return Proof(right, step=step)
        recovery = passwords.recovery_digest(code or "")
        return Proof(right and recovery in self.recovery, recovery=recovery)


def account(tx: Connection, name: str, address: str, at: datetime) -> Account:
    """TooOften after too many failures, whoever has the name."""
    since = login_attempts.c.at > at - WINDOW
    key = folded(name)[:200]
    by_name = select(func.count()).where(login_attempts.c.folded == key, since)
    by_address = select(func.count()).where(login_attempts.c.address == address, since)
    if tx.execute(by_name).scalar_one() >= FAILURES_OF_NAME or (
        tx.execute(by_address).scalar_one() >= FAILURES_OF_ADDRESS
    ):
        raise TooOften("too many failed attempts; wait fifteen minutes, or ask an administrator")
    row = tx.execute(select(people).where(people.c.folded == key, people.c.disabled_at.is_(None))).first()
    if row is None:
        return Account(key, None, None, None, None, frozenset())
    codes = tx.execute(
        select(recovery_codes.c.digest).where(recovery_codes.c.person_id == row.id, recovery_codes.c.used_at.is_(None))
    ).scalars()
    secret = row.totp_secret if row.totp_since is not None else None
    return Account(key, row.id, row.password, secret, row.totp_last_step, frozenset(codes))


def conclude(tx: Connection, account: Account, proof: Proof, address: str, at: datetime) -> str | None:
    """The token of a new session, or None for a failure, which is noted: raise only after the transaction."""
    tx.execute(delete(login_attempts).where(login_attempts.c.at <= at - WINDOW))
    if not proof.right or account.person_id is None or not _spend(tx, account.person_id, proof, at):
        values = {"id": new_id("att"), "folded": account.folded, "address": address, "at": at}
        tx.execute(insert(login_attempts).values(values))
        return None
    tx.execute(delete(login_attempts).where(login_attempts.c.folded == account.folded))
    return sessions.begin(tx, account.person_id, at)


def _spend(tx: Connection, person_id: str, proof: Proof, at: datetime) -> bool:
    """A code counts once: False where another request took it meanwhile."""
    if proof.step is not None:
        fresh = people.c.totp_last_step.is_(None) | (people.c.totp_last_step < proof.step)
        done = tx.execute(update(people).where(people.c.id == person_id, fresh).values(totp_last_step=proof.step))
        return done.rowcount == 1
    if proof.recovery is not None:
        mine = (recovery_codes.c.person_id == person_id) & (recovery_codes.c.digest == proof.recovery)
        done = tx.execute(update(recovery_codes).where(mine, recovery_codes.c.used_at.is_(None)).values(used_at=at))
        return done.rowcount == 1
    return True
