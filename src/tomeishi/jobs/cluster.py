"""The runner for a cluster: Ray core actors, one for each place, one task at a time (extra `cluster`).

Ray's own data layer and its checkpoints are not used (docs/decisions): only actors, whose death shows as an error on
the task that they were at. The driver keeps the order and counts the attempts, as `runner.LocalRunner` does.
"""

import importlib.util
import logging
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from tomeishi.errors import MissingExtra, StorageFailure, TomeishiError
from tomeishi.jobs.runner import ATTEMPTS, Outcome, Result, Task

_log = logging.getLogger(__name__)

_PLACE = 1.0
"""CPUs that one worker takes of the cluster."""
_PATIENCE_S = 10.0
_LOST_S = 60.0
"""Longest silence without one place on the cluster before the run is given up; it can be taken up again."""
_LOOK_S = 2.0
"""From one look at the head to the next while nothing comes. Ten seconds after its head has gone Ray ends the whole
process, with the exit code of a finding; so the head is looked at before Ray is asked what only the head knows."""
_GRACE_S = 4.0
"""For the failure to be raised, once the head has gone. A call to Ray that was on its way then never comes back, so
that after it the process is ended as Ray would, but with the exit code and the words of the failure that it is."""


class RayRunner:
    """A cluster that is up already: `ray start --head`, and `ray start --address` on the other machines."""

    def __init__(self, address: str, workers: int | None = None) -> None:
        """`workers` places at most; None takes one for each CPU that the cluster has. Raises MissingExtra."""
        if importlib.util.find_spec("ray") is None:
            raise MissingExtra("a cluster needs the extra cluster: install tomeishi[cluster]")
        self._address = address
        self._workers = workers

    def run(
        self, prepare: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        import ray

        # Ray tells of lost machines on standard output, whatever `log_to_driver` says; results are written there.
        ray._private.worker.print_to_stdstream = _heard
        _must_answer(self._address)
        try:
            ray.init(address=self._address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise StorageFailure(f"{self._address}: no Ray cluster answers there: {line}") from error
        over = threading.Event()
        head = ray.get_runtime_context().gcs_address
        threading.Thread(target=_watch, args=(head, over), name="tomeishi-ray-head", daemon=True).start()
        try:
            yield from _spread(ray, head, prepare, deque((task, 1) for task in tasks), self._workers)
        finally:
            ray.shutdown()
            over.set()


def _heard(told: dict[str, Any], ignore_prefix: bool) -> None:
    del ignore_prefix
    for line in told["lines"]:
        _log.info("the cluster says: %s", line)


def _must_answer(address: str) -> None:
    """Ray itself waits for minutes, and ends the process, where nobody listens. Raises StorageFailure."""
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdigit()) or "://" in address:
        return
    try:
        socket.create_connection((host, int(port)), _PATIENCE_S).close()
    except OSError as error:
        line = f"{address}: no Ray cluster answers there: {error.strerror or error}; start it and repeat the command"
        raise StorageFailure(line) from error


def _watch(head: str, over: threading.Event) -> None:
    """Ends the process `_GRACE_S` after the head has gone, unless `over` is set before."""
    while not over.wait(_LOOK_S):
        try:
            _must_answer(head)
        except StorageFailure as failure:
            if isinstance(failure.__cause__, ConnectionRefusedError) and not over.wait(_GRACE_S):
                sys.stderr.write(f"tomeishi: {failure}\n")
                sys.stderr.flush()
                os._exit(failure.exit_code)


def _spread(
    ray: Any,
    head: str,
    prepare: Callable[[], Callable[[Task], Result]],
    waiting: deque[tuple[Task, int]],
    most: int | None,
) -> Iterator[Outcome[Task, Result]]:
    actor = ray.remote(num_cpus=_PLACE, max_restarts=0)(_Actor)
    idle: list[Any] = []
    working: dict[Any, tuple[Any, tuple[Task, int]]] = {}
    """By the result that is awaited: who works on what."""
    silent_s = 0.0
    while waiting or working:
        _must_answer(head)
        places = most or max(1, int(ray.cluster_resources().get("CPU", 1)))
        while waiting and len(idle) + len(working) < places:
            idle.append(actor.remote(prepare))
        while waiting and idle:
            worker, given = idle.pop(), waiting.popleft()
            working[worker.work.remote(given[0])] = worker, given
        # A worker may have a task and no place: more were asked for than there are, or a machine has just gone. One
        # that has nothing more to do would keep its place from it for ever.
        while idle:
            ray.kill(idle.pop())
        done, _ = ray.wait(list(working), num_returns=1, timeout=_LOOK_S)
        silent_s = 0.0 if done else silent_s + _LOOK_S
        if silent_s >= _LOST_S and not any(node["Alive"] for node in ray.nodes()):
            raise StorageFailure("the Ray cluster has no machine left; start it again and repeat the command")
        for reference in done:
            worker, (task, attempt) = working.pop(reference)
            try:
                result, problem = ray.get(reference)
            except ray.exceptions.RayActorError:
                _must_answer(head)
                with suppress(ray.exceptions.RayError):
                    ray.kill(worker)
                if attempt < ATTEMPTS:
                    waiting.appendleft((task, attempt + 1))
                else:
                    yield Outcome(task, None, f"its worker ended {ATTEMPTS} times")
                continue
            except ray.exceptions.RayTaskError as error:
                raise error.cause from error
            idle.append(worker)
            yield Outcome(task, result, problem)


class _Actor:
    """A worker on the cluster."""

    def __init__(self, prepare: Callable[[], Callable[[Any], Any]]) -> None:
        self._function = prepare()

    def work(self, task: Any) -> tuple[Any, str | None]:
        try:
            return self._function(task), None
        except TomeishiError as error:
            return None, str(error)
