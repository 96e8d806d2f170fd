"""Shards to finished files by a runner, with what was finished before left as it is.

The driver alone writes the database: a row for each finished shard, once its file is there. A run that was ended goes
on where it stopped, on any number of workers; a shard whose content, or anything its verdicts depend on, is another
one now has another key and is audited anew.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from tomeishi import clock
from tomeishi.audit.auditing import Job, Task, auditor
from tomeishi.audit.plan import SHARDS, Plan
from tomeishi.audit.rows import Done
from tomeishi.audit.shards import Shard, Source, measured
from tomeishi.errors import BadInput
from tomeishi.jobs.runner import Runner
from tomeishi.storage.tables import audit_shards
from tomeishi.values import digest_of_file


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    shards: int
    finished: int
    """Of these, before this run or in it."""
    items: int
    denied: int
    unknown: int
    failures: tuple[str, ...]
    """Shards that could not be audited, each with its reason."""
    rate: float | None
    """Items a second in this run; None before the first shard."""
    left_s: float | None

    def to_json(self) -> dict[str, Any]:
        return {
            "shards": self.shards,
            "finished": self.finished,
            "items": self.items,
            "denied": self.denied,
            "unknown": self.unknown,
            "failures": list(self.failures),
            "rate": None if self.rate is None else round(self.rate, 1),
            "left": None if self.left_s is None else round(self.left_s, 1),
        }


@dataclass(frozen=True, slots=True)
class Part:
    """A shard with what came of it."""

    shard: Shard
    key: str
    done: Done | None
    problem: str | None


def measurer() -> Callable[[Source], list[Shard]]:
    return measured


def measure(runner: Runner, sources: Sequence[Source]) -> tuple[list[Shard], list[tuple[str, str]]]:
    """All shards in the order of `sources`, and sources that could not be digested, each with the reason.

    Raises BadInput where none of them could.
    """
    by_source: dict[Source, list[Shard]] = {}
    failed: dict[Source, str] = {}
    for outcome in runner.run(measurer, sources):
        if outcome.result is None:
            failed[outcome.task] = outcome.problem or "could not be read"
        else:
            by_source[outcome.task] = outcome.result
    if failed and not by_source:
        raise BadInput(next(iter(failed.values())))
    shards = [shard for source in sources for shard in by_source.get(source, ())]
    return shards, [(source.name, failed[source]) for source in sources if source in failed]


class Running:
    """One run: iterate over it for its progress, then ask for its parts."""

    def __init__(
        self,
        plan: Plan,
        shards: Sequence[Shard],
        out: Path,
        finished: dict[str, Done],
        keep: Callable[[str, Done], None],
    ) -> None:
        """`finished` by key; `keep` records one more."""
        self._keys = [plan.key_of(shard) for shard in shards]
        self._shards = shards
        self._out = out / SHARDS
        self._keep = keep
        self._done = {
            key: finished[key] for key in self._keys if key in finished and self._is_whole(key, finished[key])
        }
        self._problems: dict[str, str] = {}

    def run(self, runner: Runner, job: Job) -> Iterator[Progress]:
        """Progress at the start and after each shard."""
        began, before = clock.now(), len(self._done)
        items_before = self._counted("items")
        tasks = {key: Task(s, key) for s, key in zip(self._shards, self._keys, strict=True) if key not in self._done}
        yield self._progress(began, before, items_before)
        for outcome in runner.run(_prepare(job), list(tasks.values())):
            if outcome.result is None:
                self._problems[outcome.task.key] = outcome.problem or "could not be audited"
            else:
                self._keep(outcome.task.key, outcome.result)
                self._done[outcome.task.key] = outcome.result
            yield self._progress(began, before, items_before)

    @property
    def parts(self) -> list[Part]:
        """In the order of the data set."""
        pairs = zip(self._shards, self._keys, strict=True)
        return [Part(shard, key, self._done.get(key), self._problems.get(key)) for shard, key in pairs]

    def _is_whole(self, key: str, done: Done) -> bool:
        path = self._out / f"{key}.parquet"
        return path.is_file() and digest_of_file(path) == done.digest

    def _counted(self, what: str) -> int:
        return sum(getattr(done, what) for done in self._done.values())

    def _progress(self, began: datetime, before: int, items_before: int) -> Progress:
        finished, passed_s = len(self._done), (clock.now() - began).total_seconds()
        fresh, items = finished - before, self._counted("items")
        left = len(set(self._keys)) - finished - len(self._problems)
        return Progress(
            shards=len(set(self._keys)),
            finished=finished,
            items=items,
            denied=self._counted("denied"),
            unknown=self._counted("unknown"),
            failures=tuple(self._problems.values()),
            rate=(items - items_before) / passed_s if fresh and passed_s > 0 else None,
            left_s=left * passed_s / fresh if fresh else None,
        )


def _prepare(job: Job) -> Callable[[], Callable[[Task], Done]]:
    return _Prepared(job)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What travels to a worker and is called there once."""

    job: Job

    def __call__(self) -> Callable[[Task], Done]:
        return auditor(self.job)


def finished_shards(tx: Connection) -> dict[str, Done]:
    """All that this installation knows of, by key."""
    rows = tx.execute(select(audit_shards))
    return {row.shard: Done(row.digest, row.items, row.denied, row.unknown) for row in rows}


def record_shard(tx: Connection, key: str, done: Done) -> None:
    """One row for a finished shard; the same shard audited again for another folder has the same digest."""
    if tx.execute(select(audit_shards.c.shard).where(audit_shards.c.shard == key)).first() is None:
        values = {"shard": key, "digest": done.digest, "items": done.items, "denied": done.denied}
        tx.execute(insert(audit_shards).values(**values, unknown=done.unknown, finished_at=clock.now()))
