"""Conformance suite of the runner seam: what every Runner must do, whoever wrote it.

An extension's tests run each check for its runner, in a fresh folder that all its workers see:

    @pytest.mark.parametrize("check", runners.CHECKS)
    def test_my_runner_keeps_the_contract(check, tmp_path):
        check(MyRunner(2), tmp_path)
"""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from tomeishi.errors import BadInput, TomeishiError
from tomeishi.jobs.runner import ATTEMPTS, Outcome, Result, Runner, Task


class InlineRunner:
    """A fake of the seam: everything in this process, one after another. An error is an outcome, as elsewhere."""

    def run(
        self, prepare: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        function: Callable[[Task], Result] | None = None
        for task in tasks:
            function = function or prepare()
            try:
                result = function(task)
            except TomeishiError as error:
                yield Outcome(task, None, str(error))
            else:
                yield Outcome(task, result, None)


Check = Callable[[Runner, Path], None]


def _square(folder: Path) -> Callable[[int], int]:
    """Leaves a file for each call of `prepare` and one for each task that was begun; some tasks end badly."""
    (folder / f"prepared-{os.getpid()}").touch()
    return partial(_squared, folder)


def _squared(folder: Path, number: int) -> int:
    begun = folder / f"begun-{number}-{len([*folder.glob(f'begun-{number}-*')])}"
    begun.touch()
    if number == _DEADLY or (number == _ONCE_DEADLY and begun.name.endswith("-0")):
        os.kill(os.getpid(), signal.SIGKILL)
    if number == _REFUSED:
        raise BadInput("seven is refused")
    if number == _BROKEN:
        raise ZeroDivisionError("a mistake")
    return number * number


_REFUSED, _ONCE_DEADLY, _DEADLY, _BROKEN = 7, 1001, 1002, 1003


def gives_one_outcome_for_each_task(runner: Runner, folder: Path) -> None:
    outcomes = list(runner.run(partial(_square, folder), range(6)))
    assert sorted((each.task, each.result) for each in outcomes) == [(n, n * n) for n in range(6)]
    assert all(each.problem is None for each in outcomes)


def does_nothing_where_there_is_no_task(runner: Runner, folder: Path) -> None:
    assert list(runner.run(partial(_square, folder), [])) == []


def prepares_once_in_a_worker(runner: Runner, folder: Path) -> None:
    for _ in runner.run(partial(_square, folder), range(8)):
        pass
    assert 1 <= len([*folder.glob("prepared-*")]) < 8


def does_each_task_once(runner: Runner, folder: Path) -> None:
    for _ in runner.run(partial(_square, folder), range(8)):
        pass
    assert len([*folder.glob("begun-*")]) == 8


def hands_on_a_refusal_as_words(runner: Runner, folder: Path) -> None:
    outcomes = {each.task: each for each in runner.run(partial(_square, folder), [6, _REFUSED, 8])}
    assert outcomes[_REFUSED].problem == "seven is refused"
    assert outcomes[_REFUSED].result is None
    assert outcomes[6].result == 36


def gives_a_lost_task_to_another_worker(runner: Runner, folder: Path) -> None:
    outcomes = list(runner.run(partial(_square, folder), [2, _ONCE_DEADLY, 3, 4]))
    assert sorted((each.task, each.result) for each in outcomes) == [(n, n * n) for n in (2, 3, 4, _ONCE_DEADLY)]


def gives_up_a_task_that_ends_every_worker(runner: Runner, folder: Path) -> None:
    outcomes = {each.task: each for each in runner.run(partial(_square, folder), [2, _DEADLY, 3, 4, 5])}
    assert outcomes[_DEADLY].problem == f"its worker ended {ATTEMPTS} times"
    assert [outcomes[n].result for n in (2, 3, 4, 5)] == [4, 9, 16, 25]
    assert len([*folder.glob(f"begun-{_DEADLY}-*")]) == ATTEMPTS


def shows_a_mistake_as_what_it_is(runner: Runner, folder: Path) -> None:
    raised: ZeroDivisionError | None = None
    try:
        list(runner.run(partial(_square, folder), [_BROKEN]))
    except ZeroDivisionError as error:
        raised = error
    assert str(raised) == "a mistake", "a mistake in the function was swallowed"


CHECKS: tuple[Check, ...] = (
    gives_one_outcome_for_each_task,
    does_nothing_where_there_is_no_task,
    prepares_once_in_a_worker,
    does_each_task_once,
    hands_on_a_refusal_as_words,
    gives_a_lost_task_to_another_worker,
    gives_up_a_task_that_ends_every_worker,
    shows_a_mistake_as_what_it_is,
)
