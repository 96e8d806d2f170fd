"""The runner seam: one function over many tasks, on the processes of this machine or of a cluster.

A runner knows nothing of what it runs. It makes one worker for each place, hands out one task at a time, and yields
what came of each, in whatever order they finish. A worker that dies costs its task one of `ATTEMPTS`; another takes it.
`tomeishi.testing.runners` is the conformance suite that every implementation runs.
"""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, Protocol, TypeVar

from tomeishi.errors import TomeishiError

ATTEMPTS = 3
"""How often a task may bring its worker down before it is given up."""

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Task, Result]):
    """What came of one task: a result, or why there is none."""

    task: Task
    result: Result | None
    problem: str | None
    """None where there is a result. One line for a user; an error outside `errors` ends the run instead."""


class Runner(Protocol):
    """Runs a function over tasks, each to its end once."""

    def run(
        self, prepare: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        """`prepare` is called once in each worker and gives the function; it, tasks and results travel by value.

        One outcome for each task. Closing the iterator early ends the workers.
        """
        ...


class LocalRunner:
    """Processes of this machine, started afresh (nothing is inherited but what `prepare` carries)."""

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)

    def run(
        self, prepare: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        waiting = deque((task, 1) for task in tasks)
        workers: list[_Worker[Task, Result]] = []
        try:
            while waiting or any(worker.task is not None for worker in workers):
                for _ in range(min(len(waiting), self._workers)):
                    worker = next((each for each in workers if each.task is None), None)
                    if worker is None and len(workers) < self._workers:
                        worker = _Worker(prepare)
                        workers.append(worker)
                    if worker is not None:
                        worker.give(*waiting.popleft())
                ready = wait([worker.pipe for worker in workers if worker.task is not None])
                for worker in [each for each in workers if each.pipe in ready]:
                    task, attempt = worker.taken()
                    answer = worker.answer()
                    if answer is not None:
                        yield Outcome(task, *answer)
                        continue
                    workers.remove(worker)
                    worker.end()
                    if attempt < ATTEMPTS:
                        waiting.appendleft((task, attempt + 1))
                    else:
                        yield Outcome(task, None, f"its worker ended {ATTEMPTS} times")
        finally:
            for worker in workers:
                worker.end()


class _Worker(Generic[Task, Result]):
    """One process, and the task that it is at."""

    def __init__(self, prepare: Callable[[], Callable[[Task], Result]]) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, far = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_work, args=(far, prepare), daemon=False)
        self._process.start()
        # Only the worker holds its end now: when it dies, the pipe ends.
        far.close()
        self.task: tuple[Task, int] | None = None

    def give(self, task: Task, attempt: int) -> None:
        self.task = task, attempt
        # A worker that has died meanwhile shows when it is asked for its answer.
        with suppress(OSError):
            self.pipe.send(task)

    def taken(self) -> tuple[Task, int]:
        if self.task is None:
            raise RuntimeError("asked for the task of an idle worker")
        task, self.task = self.task, None
        return task

    def answer(self) -> tuple[Result | None, str | None] | None:
        """None where the process died. Raises what the function raised, unless that is an error for users."""
        try:
            result, problem, raised = self.pipe.recv()
        except (EOFError, OSError):
            return None
        if raised is not None:
            raise raised
        return result, problem

    def end(self) -> None:
        with suppress(OSError):
            self.pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()


def _work(pipe: Connection, prepare: Callable[[], Callable[[Any], Any]]) -> None:
    function: Callable[[Any], Any] | None = None
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        try:
            function = function or prepare()
            answer: tuple[Any, str | None, BaseException | None] = function(task), None, None
        except TomeishiError as error:
            answer = None, str(error), None
        except KeyboardInterrupt:
            return
        except Exception as error:  # a bug: whoever asked raises it, this process goes on with the next task
            answer = None, None, error
        try:
            pipe.send(answer)
        except OSError:  # nobody is there any more to hear it
            return
