"""A worker: claims jobs one after the other, does each by the handler of its kind, and gives signs of life meanwhile.

Any number of workers, in threads, processes or machines, share one database and never speak to each other.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

from sqlalchemy import Connection

from tomeishi import clock
from tomeishi.errors import Conflict, StorageFailure, TomeishiError
from tomeishi.jobs import queue
from tomeishi.jobs.queue import Job, Lease, LeaseLost, Progress
from tomeishi.storage.db import Database

logger = logging.getLogger(__name__)

BEAT_S = 1.0
"""Between signs of life, which carry the progress; several fit into a lease."""

POLL_S = 0.25
"""Between looks of an idle worker for work."""


class Stopping(Exception):
    """The worker was asked to stop; the job goes back and is begun anew elsewhere."""


class Work:
    """A job in the hands of a handler."""

    def __init__(self, database: Database, lease: Lease, stop: Event) -> None:
        self._database = database
        self._lease = lease
        self._stop = stop
        self._over = Event()
        self._lost = False
        self._progress: Progress | None = None

    @property
    def job(self) -> Job:
        """As it was when it was claimed."""
        return self._lease.job

    def progress(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Say how far the job is; cheap, so call it at every step.

        Raises LeaseLost or Stopping where the job must not go on: let both pass.
        """
        self._progress = Progress(done, total, message)
        if self._lost:
            raise LeaseLost(self.job.id)
        if self._stop.is_set():
            raise Stopping(self.job.id)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that is kept only while the job is this worker's: for what is written before the end."""
        with self._database.transaction() as transaction:
            queue.renew(transaction, self._lease, clock.now(), self._progress)
            yield transaction

    @contextmanager
    def signs_of_life(self) -> Iterator[None]:
        beating = Thread(target=self._beat, name=f"signs of life of {self.job.id}", daemon=True)
        beating.start()
        try:
            yield
        finally:
            self._over.set()
            beating.join()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            try:
                with self._database.transaction() as transaction:
                    queue.renew(transaction, self._lease, clock.now(), self._progress)
            except LeaseLost:
                self._lost = True
                return
            except StorageFailure as error:  # locked or unreachable for a while: the next beat may get through
                logger.warning("no sign of life", extra={"job": self.job.id, "because": str(error)})


Ending = Callable[[Connection], Mapping[str, Any]]
"""Writes what the job found and gives its result, a small JSON object; run in the transaction that ends the job."""

Handler = Callable[[Work], Ending]
"""Does a job. It may be begun more than once; what its `Ending` writes is kept once, whatever is killed when."""


class Worker:
    """Does jobs of the kinds that it has handlers for."""

    def __init__(self, database: Database, handlers: Mapping[str, Handler]) -> None:
        self._database = database
        self._handlers = dict(handlers)
        self._stop = Event()

    def run(self) -> None:
        """Until `stop` is called; one job at a time."""
        while not self._stop.is_set():
            try:
                found = self.step()
            except StorageFailure as error:
                logger.warning("the database cannot be used; waiting", extra={"because": str(error)})
                found = False
            if not found:
                self._stop.wait(POLL_S)

    def stop(self) -> None:
        """Ask `run` to end, from another thread or a signal; a job under way is given back at its next step."""
        self._stop.set()

    def step(self) -> bool:
        """Do one job if there is one; whether there was."""
        with self._database.reading() as transaction:
            if not queue.is_waiting(transaction, self._handlers, clock.now()):
                return False
        with self._database.transaction() as transaction:
            lease = queue.claim(transaction, self._handlers, clock.now())
        if lease is None:
            return False
        self._do(lease)
        return True

    def _do(self, lease: Lease) -> None:
        fields = {"job": lease.job.id, "kind": lease.job.kind, "attempt": lease.job.attempts}
        logger.info("job begun", extra=fields)
        work = Work(self._database, lease, self._stop)
        try:
            with work.signs_of_life():
                end = self._handlers[lease.job.kind](work)
                with work.transaction() as transaction:
                    queue.finish(transaction, lease, clock.now(), end(transaction))
            logger.info("job done", extra=fields)
        except LeaseLost:
            logger.warning("job lost: cancelled, or taken over", extra=fields)
        except Stopping:
            self._settle(lambda transaction: queue.give_back(transaction, lease, clock.now()))
            logger.info("job given back", extra=fields)
        except TomeishiError as error:
            reason, for_good = str(error), not isinstance(error, StorageFailure | Conflict)
            self._settle(lambda tx: queue.fail(tx, lease, clock.now(), reason, for_good=for_good))
            logger.info("job failed", extra=fields | {"because": type(error).__name__})
        except Exception:
            # A bug of ours must cost this job, not the worker and all other jobs; the log has the place.
            logger.exception("job failed", extra=fields)
            self._settle(lambda tx: queue.fail(tx, lease, clock.now(), _BUG, for_good=False))

    def _settle(self, settle: Callable[[Connection], None]) -> None:
        with suppress(LeaseLost), self._database.transaction() as transaction:
            settle(transaction)


_BUG = "an error inside Tomeishi; the log of the worker says where"
