"""Every shipped runner keeps the contract of the seam, and the suite notices one that does not."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tomeishi.jobs.runner import LocalRunner, Outcome, Result, Task
from tomeishi.testing import runners
from tomeishi.testing.runners import Check


@pytest.mark.parametrize("check", runners.CHECKS, ids=lambda check: check.__name__)
def test_processes_of_this_machine_keep_the_contract(check: Check, tmp_path: Path) -> None:
    check(LocalRunner(2), tmp_path)


class Forgetful(LocalRunner):
    """Loses what comes last."""

    def run(
        self, prepare: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        outcomes = list(super().run(prepare, tasks))
        yield from outcomes[:-1]


class Restless(LocalRunner):
    """Prepares anew for every task."""

    def run(
        self, prepare: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        for task in tasks:
            yield from super().run(prepare, [task])


@pytest.mark.parametrize(
    ("kind", "check"),
    [(Forgetful, runners.gives_one_outcome_for_each_task), (Restless, runners.prepares_once_in_a_worker)],
)
def test_the_suite_notices_a_broken_runner(kind: type[LocalRunner], check: Check, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        check(kind(2), tmp_path)
