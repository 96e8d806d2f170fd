"""Workers in real processes, some of them killed."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import IO

import pytest
from sqlalchemy import Connection, insert, text

from tomeishi import clock
from tomeishi.errors import StorageFailure, UnreadableMedia
from tomeishi.jobs import queue
from tomeishi.jobs.queue import Job, Progress, State
from tomeishi.jobs.worker import Ending, Handler, Work, Worker
from tomeishi.storage.db import Database
from tomeishi.storage.tables import members

WORKER = """
import sys, time
from sqlalchemy import insert
from tomeishi import clock
from tomeishi.jobs.worker import Worker
from tomeishi.storage.db import Database
from tomeishi.storage.tables import members

def count(work):
    print("begun", work.job.id, flush=True)
    for step in range(work.job.payload["steps"]):
        work.progress(step, work.job.payload["steps"])
        time.sleep(0.1)
    def keep(tx):
        tx.execute(insert(members).values(id=work.job.key, name=work.job.key, created_at=clock.now()))
        return {"worker": sys.argv[2]}
    return keep

Worker(Database(sys.argv[1]), {"count": count}).run()
"""


@pytest.fixture
def workers(database_url: str) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts a worker process of that name."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, database_url, name], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def begun(out: IO[str] | None) -> str:
    assert out is not None
    return out.readline().split()[1]


def ask(database: Database, key: str, steps: int = 0, kind: str = "count") -> Job:
    with database.transaction() as tx:
        return queue.enqueue(tx, kind, key, {"steps": steps}, clock.now())


def read(database: Database, job: Job) -> Job:
    with database.reading() as tx:
        return queue.job(tx, job.id)


def ended(database: Database, *jobs: Job) -> list[Job]:
    """The jobs once all have ended; a job that never does is a failure of the test run, not a loop for ever."""
    for _ in range(600):
        found = [read(database, job) for job in jobs]
        if all(job.state in queue.ENDED for job in found):
            return found
        time.sleep(0.1)
    raise AssertionError([(job.id, job.state) for job in found])


def test_a_job_of_a_killed_worker_is_taken_over_and_ended_once(
    database: Database, workers: Callable[[str], subprocess.Popen[str]]
) -> None:
    job = ask(database, "a", steps=20)
    first = workers("first")
    assert begun(first.stdout) == job.id
    second = workers("second")
    first.kill()
    first.wait()
    (done,) = ended(database, job)
    assert begun(second.stdout) == job.id
    assert (done.state, done.result, done.attempts) == (State.DONE, {"worker": "second"}, 2)


@pytest.mark.long
def test_killing_workers_again_and_again_loses_no_job_and_ends_none_twice(
    database: Database, workers: Callable[[str], subprocess.Popen[str]]
) -> None:
    jobs = [ask(database, f"job-{number}", steps=3) for number in range(30)]
    for number in range(6):
        victim = workers(f"victim-{number}")
        begun(victim.stdout)
        time.sleep(0.2 * number)
        victim.kill()
    for number in range(2):
        workers(f"survivor-{number}")
    assert {job.state for job in ended(database, *jobs)} == {State.DONE}
    with database.reading() as tx:
        assert tx.execute(text("SELECT count(*) FROM members")).scalar_one() == len(jobs)


def do(database: Database, handler: Handler) -> None:
    Worker(database, {"count": handler}).step()


def nothing(tx: Connection) -> dict[str, str]:
    return {}


def test_what_the_ending_writes_and_the_end_are_kept_together(database: Database) -> None:
    job = ask(database, "a")

    def handler(work: Work) -> Ending:
        def keep(tx: Connection) -> dict[str, str]:
            tx.execute(insert(members).values(id="m", name="m", created_at=clock.now()))
            raise StorageFailure("the disk is full")

        return keep

    do(database, handler)
    with database.reading() as tx:
        assert tx.execute(text("SELECT count(*) FROM members")).scalar_one() == 0
    assert read(database, job).state is State.QUEUED


def test_bad_input_fails_for_good_with_its_reason(database: Database) -> None:
    job = ask(database, "a")

    def handler(work: Work) -> Ending:
        raise UnreadableMedia("film.mp4: no picture in it")

    do(database, handler)
    failed = read(database, job)
    assert (failed.state, failed.reason, failed.attempts) == (State.FAILED, "film.mp4: no picture in it", 1)


def test_a_bug_costs_its_job_an_attempt_and_tells_the_user_nothing_of_its_insides(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    job = ask(database, "a")

    def handler(work: Work) -> Ending:
        raise ZeroDivisionError("insides")

    do(database, handler)
    waiting = read(database, job)
    assert waiting.state is State.QUEUED
    assert "insides" not in str(waiting.progress.message)
    assert "ZeroDivisionError" in caplog.text


def test_a_cancelled_job_is_left_at_its_next_step(database: Database) -> None:
    job = ask(database, "a")
    seen = []

    def handler(work: Work) -> Ending:
        with database.transaction() as tx:
            queue.cancel(tx, job.id, clock.now())
        for step in range(600):
            work.progress(step)
            seen.append(step)
            time.sleep(0.05)
        return nothing

    do(database, handler)
    assert len(seen) < 600
    assert read(database, job).state is State.CANCELLED


def test_what_a_cancelled_job_would_keep_is_refused(database: Database) -> None:
    job = ask(database, "a")

    def handler(work: Work) -> Ending:
        with database.transaction() as tx:
            queue.cancel(tx, job.id, clock.now())
        with work.transaction() as tx:
            tx.execute(insert(members).values(id="m", name="m", created_at=clock.now()))
        return nothing

    do(database, handler)
    with database.reading() as tx:
        assert tx.execute(text("SELECT count(*) FROM members")).scalar_one() == 0
    assert read(database, job).state is State.CANCELLED


def test_the_last_progress_is_kept_with_the_end(database: Database) -> None:
    job = ask(database, "a")

    def handler(work: Work) -> Ending:
        work.progress(7, 7, "all")
        return nothing

    do(database, handler)
    assert read(database, job).progress == Progress(7, 7, "all")


def test_a_worker_that_is_stopped_gives_its_job_back(database: Database) -> None:
    job = ask(database, "a")

    def handler(work: Work) -> Ending:
        worker.stop()
        work.progress(0)
        raise AssertionError("went on")

    worker = Worker(database, {"count": handler})
    running = Thread(target=worker.run)
    running.start()
    running.join(60)
    given_back = read(database, job)
    assert (given_back.state, given_back.attempts) == (State.QUEUED, 0)


def test_a_worker_leaves_kinds_alone_that_it_cannot_do(database: Database) -> None:
    job = ask(database, "a", kind="else")
    do(database, lambda work: nothing)
    assert read(database, job).state is State.QUEUED


def test_a_worker_survives_a_database_that_is_away_for_a_while(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'later' / 'registry.sqlite'}")
    worker = Worker(database, {"count": lambda work: nothing})
    running = Thread(target=worker.run)
    with pytest.raises(Exception, match="no registry there"):
        worker.step()
    database.migrate()
    job = ask(database, "a")
    running.start()
    ended(database, job)
    worker.stop()
    running.join(60)
