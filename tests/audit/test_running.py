"""However an audit is run, its results are the same bytes; a run that was ended goes on where it stopped."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.audit.conftest import Audit

from tomeishi.audit.plan import SHARDS
from tomeishi.audit.verdicts import Check
from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.jobs.runner import LocalRunner, Outcome, Result, Task
from tomeishi.testing.datasets import nobodys_picture, write_parquet, write_tar
from tomeishi.testing.runners import InlineRunner

QUICK = (Check.DIGEST, Check.SOURCE, Check.NAMES)
FILES = (
    "deny.parquet",
    "keep.txt",
    "findings.parquet",
    "skipped.parquet",
    "summary.json",
    "report.html",
    "eu-summary.md",
    "audit.json",
    "basis.json",
)


@pytest.fixture
def data(tmp_path: Path, works: tuple[Any, ...]) -> Path:
    """Six shards with a few names planted."""
    folder = tmp_path / "data"
    folder.mkdir()
    for shard in range(6):
        texts = [f"picture {n} of shard {shard}" for n in range(40)]
        texts[shard] = f"a poster of {works[shard % 2].title}"
        columns = {"id": [f"{shard}-{n}" for n in range(40)], "text": texts}
        write_parquet(folder / f"{shard}.parquet", columns)
    return folder


def _bytes(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def test_a_finished_audit_is_left_as_it_is(audit: Audit, data: Path) -> None:
    first = audit(data, checks=QUICK)
    before = {path: path.stat().st_mtime_ns for path in first.out.rglob("*")}
    audit(data, checks=QUICK)
    assert {path: path.stat().st_mtime_ns for path in first.out.rglob("*")} == before


class _Interrupted(InlineRunner):
    """Stops after a few tasks, as a power cut would."""

    def __init__(self, after: int) -> None:
        self._left = after
        self.begun: list[Any] = []

    def run(
        self, prepare: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        yield from super().run(prepare, self._counted(tasks))

    def _counted(self, tasks: Iterable[Task]) -> Iterator[Task]:
        for task in tasks:
            if type(task).__name__ == "Task":
                if not self._left:
                    raise KeyboardInterrupt
                self._left -= 1
                self.begun.append(task)
            yield task


def test_a_run_that_was_ended_goes_on_where_it_stopped(audit: Audit, data: Path) -> None:
    whole = audit(data, checks=QUICK, out="whole")
    with pytest.raises(KeyboardInterrupt):
        audit(data, checks=QUICK, runner=_Interrupted(4))
    going_on = _Interrupted(100)
    done = audit(data, checks=QUICK, runner=going_on)
    assert len(going_on.begun) == 2
    assert _bytes(done.out) == _bytes(whole.out)


def test_a_shard_file_that_is_gone_or_damaged_is_made_again(audit: Audit, data: Path) -> None:
    done = audit(data, checks=QUICK)
    before = _bytes(done.out)
    gone, damaged, *_ = sorted((done.out / SHARDS).glob("*.parquet"))
    gone.unlink()
    damaged.write_bytes(b"half")
    (done.out / "summary.json").unlink()
    again = _Interrupted(100)
    audit(data, checks=QUICK, runner=again)
    assert len(again.begun) == 2
    assert _bytes(done.out) == before


def test_only_what_changed_is_audited_anew(audit: Audit, data: Path, tmp_path: Path) -> None:
    done = audit(data, checks=QUICK)
    write_parquet(data / "3.parquet", {"id": ["new"], "text": ["another"]})
    (done.out / "summary.json").unlink()
    again = _Interrupted(100)
    done = audit(data, checks=QUICK, runner=again)
    assert [task.shard.source.name for task in again.begun] == ["3.parquet"]
    assert "new" in done.kept


def test_a_basis_that_was_altered_is_refused(audit: Audit, data: Path) -> None:
    done = audit(data, checks=QUICK)
    (done.out / "basis.json").write_bytes((done.out / "basis.json").read_bytes().replace(b"acme", b"ecma"))
    with pytest.raises(Tampered, match="not the basis"):
        audit(data, checks=QUICK)


def test_a_summary_that_was_altered_is_refused(audit: Audit, data: Path) -> None:
    from tomeishi.audit.plan import summary_of

    done = audit(data, checks=QUICK)
    (done.out / "summary.json").write_text((done.out / "summary.json").read_text().replace('"denied":6', '"denied":0'))
    with pytest.raises(BadInput, match="was altered"):
        summary_of(done.out)
    with pytest.raises(NotFound):
        summary_of(done.out / "elsewhere")


class _Killing(LocalRunner):
    """Two workers; one of them is killed in the middle of the run."""

    killed = 0

    def run(
        self, prepare: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task]
    ) -> Iterator[Outcome[Task, Result]]:
        for outcome in super().run(prepare, tasks):
            if type(outcome.task).__name__ == "Task" and not self.killed:
                self.killed = _a_child()
                os.kill(self.killed, signal.SIGKILL)
            yield outcome


def _a_child() -> int:
    """One of this process's workers, by its command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(parent) == os.getpid() and b"spawn_main" in command:
                return int(entry.name)
    raise AssertionError("no worker is running")


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds its workers in /proc")
def test_one_worker_eight_workers_and_a_run_that_lost_one_give_the_same_bytes(
    audit: Audit, tmp_path: Path, copies: tuple[bytes, ...]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for shard in range(5):
        members = {f"{shard}-{n}.jpg": nobodys_picture(10 * shard + n) for n in range(12)}
        members[f"{shard}-5.jpg"] = copies[shard % 2]
        members[f"{shard}-6.jpg"] = b"broken"
        write_tar(folder / f"{shard}.tar", members)
    one = audit(folder, out="one", runner=LocalRunner(1))
    eight = audit(folder, out="eight", runner=LocalRunner(8))
    losing = _Killing(2)
    lost = audit(folder, out="lost", runner=losing)
    assert losing.killed
    assert len(one.denied) == 5
    assert _bytes(one.out) == _bytes(eight.out) == _bytes(lost.out)
