"""Jobs as rows of the database: who may do which one until when, how far it is, how it ended.

A worker holds a job by a *lease*: a number that grows with every claim, and a moment until which nobody else may claim
the job. The worker keeps moving that moment on; a worker that was killed does not, and the next claim takes the job
over under a new number. Everything that a job writes is checked against its number in the same transaction, so what
comes late from a worker thought dead is refused. That is why a job may be begun twice and ends once.

One column, `free_at`, says from when a job may be claimed: for a queued one at once or after a pause, for a running one
when its lease ends. Cancelling takes the lease away. Moments come from the caller; machines whose clocks differ by more
than a lease would do work twice, never end it twice.
"""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from tomeishi.errors import NotFound
from tomeishi.storage.tables import jobs
from tomeishi.values import canonical, new_id

LEASE_S = 8.0
"""How long a job stays with a worker that gives no sign; also about how long taking over takes."""

ATTEMPTS = 3
"""How often a job is begun: a file that kills every worker must not do so for ever."""

PAUSES_S = (2.0, 15.0)
"""Wait after the first and the second failed attempt: a full disk or a restarting database needs a moment."""


class State(StrEnum):
    """Where a job stands; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})
_OPEN = (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` steps; `total` None while it is not known."""

    done: int = 0
    total: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stands. `result` of a done one, `reason` of a failed one (a line fit for a user)."""

    id: str
    kind: str
    key: str
    payload: dict[str, Any]
    asked_by: str | None
    state: State
    attempts: int
    progress: Progress
    result: dict[str, Any] | None
    reason: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do a job: void as soon as its number is no longer the job's."""

    job: Job
    number: int


class LeaseLost(Exception):
    """The job was cancelled, or is another worker's by now; what was done for it is not kept."""


def enqueue(
    transaction: Connection,
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    at: datetime,
    *,
    asked_by: str | None = None,
) -> Job:
    """The job of this `kind` and content `key`: the same key is the same job, whoever asks and however often.

    A done job is handed back with its result; one that failed or was cancelled is queued again. So a key holds whatever
    decides the result (digests, not names), and whose it is where others may not see it. `payload` is a small JSON
    object.
    """
    values = {
        "state": State.QUEUED,
        "payload": canonical(dict(payload)).decode(),
        "asked_by": asked_by,
        "attempts": 0,
        "free_at": at,
        "done": 0,
        "created_at": at,
    }
    asked = select(jobs).where(jobs.c.kind == kind, jobs.c.key == key)
    known = transaction.execute(asked.with_for_update()).first()
    if known is None:
        with suppress(IntegrityError), transaction.begin_nested():  # somebody else may ask at the same moment
            transaction.execute(insert(jobs).values(id=new_id("job"), kind=kind, key=key, lease=0, **values))
        known = transaction.execute(asked.with_for_update()).one()
    if known.state in (State.FAILED, State.CANCELLED):
        cleared = {"total": None, "message": None, "reason": None, "ended_at": None}
        transaction.execute(update(jobs).where(jobs.c.id == known.id).values(**values, **cleared))
    return job(transaction, known.id)


def job(transaction: Connection, job_id: str) -> Job:
    row = transaction.execute(select(jobs).where(jobs.c.id == job_id)).first()
    if row is None:
        raise NotFound(f"{job_id}: no such job")
    return _job(row)


def listed(
    transaction: Connection, *, asked_by: str | None = None, before: str | None = None, limit: int = 50
) -> list[Job]:
    """The newest first; of one asker where given, and older than the job `before` to go on from there."""
    query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
    if asked_by is not None:
        query = query.where(jobs.c.asked_by == asked_by)
    if before is not None:
        query = query.where(jobs.c.id < before)
    return [_job(row) for row in transaction.execute(query)]


def counts(transaction: Connection) -> dict[State, int]:
    """How many jobs are in each state."""
    rows = transaction.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state))
    return dict.fromkeys(State, 0) | {State(state): number for state, number in rows}


def is_waiting(transaction: Connection, kinds: Collection[str], at: datetime) -> bool:
    """Whether a claim would find one: a look that locks nothing."""
    return transaction.execute(_claimable(kinds, at)).first() is not None


def claim(transaction: Connection, kinds: Collection[str], at: datetime) -> Lease | None:
    """The job that has waited longest, queued or left behind by a dead worker; None where there is none.

    A job begun too often fails here instead: nobody is left to say why.
    """
    while (found := transaction.execute(_claimable(kinds, at)).first()) is not None:
        exhausted = found.attempts >= ATTEMPTS
        values = (
            {"state": State.FAILED, "reason": _WORKERS_DIED, "ended_at": at}
            if exhausted
            else {"state": State.RUNNING, "attempts": jobs.c.attempts + 1, "free_at": at + _LEASE}
        )
        taken = transaction.execute(
            update(jobs)
            # On PostgreSQL another claim may have come between; the lease number tells.
            .where(jobs.c.id == found.id, jobs.c.lease == found.lease, jobs.c.state.in_(_OPEN))
            .values(lease=jobs.c.lease + 1, **values)
            .returning(jobs)
        ).first()
        if taken is not None and not exhausted:
            return Lease(_job(taken), taken.lease)
    return None


def renew(transaction: Connection, lease: Lease, at: datetime, progress: Progress | None = None) -> None:
    """A sign of life, and how far the job is; LeaseLost where it is no longer this worker's.

    Until the transaction ends nobody else can claim the job: what is written after this call is kept under the lease.
    """
    shown = {} if progress is None else {"done": progress.done, "total": progress.total, "message": progress.message}
    _change(transaction, lease, free_at=at + _LEASE, **shown)


def finish(transaction: Connection, lease: Lease, at: datetime, result: Mapping[str, Any]) -> None:
    """The job is done."""
    _change(transaction, lease, state=State.DONE, result=canonical(dict(result)).decode(), ended_at=at)


def fail(transaction: Connection, lease: Lease, at: datetime, reason: str, *, for_good: bool) -> None:
    """The attempt failed: for good (the input is bad, and stays so), or until the next attempt where one is left."""
    attempts = lease.job.attempts
    if for_good or attempts >= ATTEMPTS:
        _change(transaction, lease, state=State.FAILED, reason=reason, ended_at=at)
    else:
        pause = timedelta(seconds=PAUSES_S[attempts - 1])
        _change(transaction, lease, state=State.QUEUED, message=reason, free_at=at + pause)


def give_back(transaction: Connection, lease: Lease, at: datetime) -> None:
    """The worker stops before the job is done; another may begin it at once, and no attempt is counted."""
    _change(transaction, lease, state=State.QUEUED, attempts=jobs.c.attempts - 1, free_at=at)


def cancel(transaction: Connection, job_id: str, at: datetime) -> Job:
    """End a job that has not ended: its worker notices with its next sign of life, and can keep nothing more."""
    transaction.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state.in_(_OPEN))
        .values(state=State.CANCELLED, lease=jobs.c.lease + 1, ended_at=at)
    )
    return job(transaction, job_id)


_LEASE = timedelta(seconds=LEASE_S)
_WORKERS_DIED = f"the process that did this ended {ATTEMPTS} times without a word; the input may be too large for it"


def _claimable(kinds: Collection[str], at: datetime) -> Any:
    return (
        select(jobs.c.id, jobs.c.lease, jobs.c.attempts)
        .where(jobs.c.state.in_(_OPEN), jobs.c.free_at <= at, jobs.c.kind.in_(sorted(kinds)))
        .order_by(jobs.c.free_at, jobs.c.id)
        .limit(1)
    )


def _change(transaction: Connection, lease: Lease, **values: Any) -> None:
    changed = transaction.execute(
        update(jobs)
        .where(jobs.c.id == lease.job.id, jobs.c.lease == lease.number, jobs.c.state == State.RUNNING)
        .values(**values)
        .returning(jobs.c.id)
    ).first()
    if changed is None:
        raise LeaseLost(lease.job.id)


def _job(row: Row[Any]) -> Job:
    return Job(
        row.id,
        row.kind,
        row.key,
        json.loads(row.payload),
        row.asked_by,
        State(row.state),
        row.attempts,
        Progress(row.done, row.total, row.message),
        None if row.result is None else json.loads(row.result),
        row.reason,
        row.created_at,
        row.ended_at,
    )
