from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from tomeishi.errors import NotFound
from tomeishi.jobs import queue
from tomeishi.jobs.queue import ATTEMPTS, LEASE_S, Job, Lease, LeaseLost, Progress, State
from tomeishi.storage.db import Database

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=LEASE_S + 1)
KINDS = ("screen", "import")


def ask(tx: Connection, key: str = "sha256:a", kind: str = "screen", at: datetime = NOON) -> Job:
    return queue.enqueue(tx, kind, key, {"file": key}, at)


def claimed(tx: Connection, at: datetime = NOON) -> Lease:
    lease = queue.claim(tx, KINDS, at)
    assert lease is not None
    return lease


def test_the_same_key_is_the_same_job(database: Database) -> None:
    with database.transaction() as tx:
        first = ask(tx)
        assert ask(tx, at=LATER) == first
        assert ask(tx, "sha256:b").id != first.id
        assert ask(tx, kind="import").id != first.id


def test_a_done_job_is_handed_back_with_its_result(database: Database) -> None:
    with database.transaction() as tx:
        ask(tx)
        queue.finish(tx, claimed(tx), NOON, {"verdict": "clear"})
        again = ask(tx)
    assert (again.state, again.result) == (State.DONE, {"verdict": "clear"})


def test_a_failed_job_that_is_asked_for_again_is_begun_again(database: Database) -> None:
    with database.transaction() as tx:
        ask(tx)
        queue.fail(tx, claimed(tx), NOON, "film.mp4: no picture in it", for_good=True)
        again = ask(tx)
        assert (again.state, again.reason, again.attempts) == (State.QUEUED, None, 0)
        assert claimed(tx).job.id == again.id


def test_the_longest_waiting_is_claimed_first_and_only_of_the_kinds_asked_for(database: Database) -> None:
    with database.transaction() as tx:
        ask(tx, "late", at=NOON - timedelta(seconds=1))
        ask(tx, "early", at=NOON - timedelta(seconds=2))
        ask(tx, "other", kind="import", at=NOON - timedelta(seconds=3))
        keys = [lease.job.key for _ in range(3) if (lease := queue.claim(tx, ["screen"], NOON))]
    assert keys == ["early", "late"]


def test_a_job_under_lease_is_nobody_elses(database: Database) -> None:
    with database.transaction() as tx:
        ask(tx)
        claimed(tx)
        assert queue.claim(tx, KINDS, NOON) is None
        assert not queue.is_waiting(tx, KINDS, NOON)


def test_a_sign_of_life_keeps_the_lease_and_carries_the_progress(database: Database) -> None:
    with database.transaction() as tx:
        ask(tx)
        lease = claimed(tx)
        queue.renew(tx, lease, LATER, Progress(3, 10, "third file"))
        assert queue.claim(tx, KINDS, LATER) is None
        assert queue.job(tx, lease.job.id).progress == Progress(3, 10, "third file")


def test_whoever_comes_back_after_being_taken_over_can_keep_nothing(database: Database) -> None:
    with database.transaction() as tx:
        ask(tx)
        old = claimed(tx)
        new = claimed(tx, LATER)
        with pytest.raises(LeaseLost):
            queue.renew(tx, old, LATER)
        with pytest.raises(LeaseLost):
            queue.finish(tx, old, LATER, {})
        with pytest.raises(LeaseLost):
            queue.fail(tx, old, LATER, "too late", for_good=True)
        with pytest.raises(LeaseLost):
            queue.give_back(tx, old, LATER)
        queue.finish(tx, new, LATER, {"by": "the second"})
        assert queue.job(tx, new.job.id).result == {"by": "the second"}


def test_a_failure_that_may_pass_is_tried_again_after_a_pause(database: Database) -> None:
    with database.transaction() as tx:
        ask(tx)
        at = NOON
        for pause in queue.PAUSES_S:
            queue.fail(tx, claimed(tx, at), at, "the disk is full", for_good=False)
            assert queue.claim(tx, KINDS, at) is None
            at += timedelta(seconds=pause)
        queue.fail(tx, claimed(tx, at), at, "the disk is full", for_good=False)
        (job,) = queue.listed(tx)
    assert (job.state, job.reason, job.attempts) == (State.FAILED, "the disk is full", ATTEMPTS)


def test_a_job_that_every_worker_dies_of_fails_in_the_end(database: Database) -> None:
    with database.transaction() as tx:
        ask(tx)
        for number in range(ATTEMPTS):
            claimed(tx, NOON + number * (LATER - NOON))
        assert queue.claim(tx, KINDS, NOON + ATTEMPTS * (LATER - NOON)) is None
        (job,) = queue.listed(tx)
    assert job.state is State.FAILED
    assert job.reason is not None


def test_a_job_given_back_is_free_at_once_and_counts_no_attempt(database: Database) -> None:
    with database.transaction() as tx:
        ask(tx)
        queue.give_back(tx, claimed(tx), NOON)
        assert claimed(tx).job.attempts == 1


def test_a_cancelled_job_is_not_begun_and_not_finished(database: Database) -> None:
    with database.transaction() as tx:
        waiting, running = ask(tx, "b", at=LATER), ask(tx, "a")
        lease = claimed(tx)
        for job in (waiting, running):
            assert queue.cancel(tx, job.id, NOON).state is State.CANCELLED
        with pytest.raises(LeaseLost):
            queue.finish(tx, lease, NOON, {})
        assert queue.claim(tx, KINDS, LATER) is None


def test_cancelling_what_has_ended_changes_nothing(database: Database) -> None:
    with database.transaction() as tx:
        job = ask(tx)
        queue.finish(tx, claimed(tx), NOON, {})
        assert queue.cancel(tx, job.id, LATER).state is State.DONE
        with pytest.raises(NotFound, match="no such job"):
            queue.cancel(tx, "job_0", NOON)


def test_jobs_are_listed_newest_first_page_by_page_and_by_asker(database: Database) -> None:
    with database.transaction() as tx:
        ids = [queue.enqueue(tx, "screen", str(n), {}, NOON, asked_by=f"org_{n % 2}").id for n in range(4)]
        newest = sorted(ids, reverse=True)
        assert [job.id for job in queue.listed(tx, limit=3)] == newest[:3]
        assert [job.id for job in queue.listed(tx, before=newest[2])] == newest[3:]
        assert {job.id for job in queue.listed(tx, asked_by="org_1")} == {ids[1], ids[3]}
        assert queue.counts(tx) == {state: 4 if state is State.QUEUED else 0 for state in State}
