"""Whatever workers do and whenever clocks pass, a job ends once, by whoever holds it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from tomeishi.jobs import queue
from tomeishi.jobs.queue import ATTEMPTS, ENDED, LEASE_S, Lease, LeaseLost, State
from tomeishi.storage.db import Database
from tomeishi.storage.tables import jobs

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
KINDS = ("screen",)
STEPS = st.one_of(
    st.tuples(st.just("claim"), st.integers(0, 2)),
    st.tuples(st.just("renew"), st.integers(0, 2)),
    st.tuples(st.just("finish"), st.integers(0, 2)),
    st.tuples(st.just("fail"), st.integers(0, 2)),
    st.tuples(st.just("give_back"), st.integers(0, 2)),
    st.tuples(st.just("pass"), st.floats(0, 2 * LEASE_S)),
    st.tuples(st.just("cancel"), st.just(0)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25))
def test_any_interleaving_ends_a_job_once_and_only_by_its_holder(database: Database, steps: list[Any]) -> None:
    now = NOON
    leases: dict[int, Lease] = {}
    holder: int | None = None
    ends = 0
    with database.transaction() as tx:
        tx.execute(delete(jobs))
        job = queue.enqueue(tx, "screen", "a", {}, now)
        for verb, argument in steps:
            before = queue.job(tx, job.id).state
            if verb == "pass":
                now += timedelta(seconds=argument)
            elif verb == "cancel":
                queue.cancel(tx, job.id, now)
                holder = None
            elif verb == "claim":
                lease = queue.claim(tx, KINDS, now)
                if lease is not None:
                    assert before not in ENDED
                    leases[argument] = lease
                    holder = argument
                elif queue.job(tx, job.id).state in ENDED:
                    holder = None
            elif argument in leases:
                try:
                    if verb == "renew":
                        queue.renew(tx, leases[argument], now)
                    elif verb == "finish":
                        queue.finish(tx, leases[argument], now, {"by": argument})
                    elif verb == "fail":
                        queue.fail(tx, leases[argument], now, "why", for_good=False)
                    else:
                        queue.give_back(tx, leases[argument], now)
                except LeaseLost:
                    assert holder != argument
                else:
                    assert holder == argument
                    holder = argument if verb == "renew" else None
            after = queue.job(tx, job.id)
            assert after.attempts <= ATTEMPTS
            if before in ENDED:
                assert after.state is before
            elif after.state in ENDED:
                ends += 1
            assert (after.state is State.DONE) == (after.result is not None)
            assert (holder is not None) == (after.state is State.RUNNING)
        assert ends <= 1
        _finish_what_is_left(tx, now)
        assert queue.job(tx, job.id).state in ENDED


def _finish_what_is_left(tx: Any, now: datetime) -> None:
    """A worker that lives: it ends whatever the others left behind."""
    for _ in range(ATTEMPTS + 1):
        now += timedelta(seconds=2 * LEASE_S)
        lease = queue.claim(tx, KINDS, now)
        if lease is not None:
            queue.finish(tx, lease, now, {})
