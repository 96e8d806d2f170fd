"""The runner for a cluster on a real one: two nodes on this machine, one killed half way, the head restarted.

`make test-cluster` runs this in an environment of its own.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tomeishi.cli.main import run
from tomeishi.errors import StorageFailure
from tomeishi.jobs.cluster import RayRunner
from tomeishi.testing import runners
from tomeishi.testing.cluster import SETTINGS, Cluster, free_port
from tomeishi.testing.datasets import write_parquet
from tomeishi.testing.runners import Check

pytest.importorskip("ray", reason="needs the extra cluster: run make test-cluster")
pytestmark = [
    pytest.mark.long,
    # Ray leaves sockets and log files to the collector.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A head and one more node, two places each."""
    os.environ.update(SETTINGS)
    made = Cluster(Path(tmp_path_factory.mktemp("ray", numbered=False)) / "r")
    made.start_head()
    made.wait_for(2)
    made.start_node("second")
    made.wait_for(4)
    yield made
    made.stop()


@pytest.mark.parametrize("check", runners.CHECKS, ids=lambda check: check.__name__)
def test_a_cluster_keeps_the_contract(check: Check, tmp_path: Path, cluster: Cluster) -> None:
    check(RayRunner(cluster.address, 2), tmp_path)


def _doubling() -> Callable[[int], int]:
    return (2).__mul__


def test_an_address_where_no_cluster_answers_is_told() -> None:
    with pytest.raises(StorageFailure, match="no Ray cluster answers there"):
        list(RayRunner(f"127.0.0.1:{free_port()}").run(_doubling, [1]))


def test_more_workers_than_the_cluster_has_places_end_their_tasks(cluster: Cluster) -> None:
    outcomes = RayRunner(cluster.address, 5).run(_doubling, range(6))
    assert sorted(outcome.result for outcome in outcomes if outcome.result is not None) == [0, 2, 4, 6, 8, 10]


FILES = ("deny.parquet", "keep.txt", "findings.parquet", "skipped.parquet", "summary.json", "report.html")


def _data(tmp_path: Path, title: str) -> Path:
    """Forty shards that take some time each."""
    folder = tmp_path / "data"
    folder.mkdir()
    for shard in range(40):
        texts = [f"picture {n} of shard {shard}, with some more words about it" for n in range(4000)]
        texts[shard] = f"a poster of {title}"
        write_parquet(folder / f"{shard:02}.parquet", {"id": [f"{shard}-{n}" for n in range(4000)], "text": texts})
    return folder


def _command(data: Path, out: Path, *options: str) -> list[str]:
    quick = [word for check in ("digest", "source", "names") for word in ("--check", check)]
    return ["audit", str(data), "--provider", "acme", "--out", str(out), "--at", "2036-01-01", *quick, *options]


def _until(done: Callable[[], bool], within_s: float, what: str) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def _bytes(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in FILES}


def test_a_node_killed_half_way_and_a_head_restarted_change_no_byte(
    tmp_path: Path, installed: Any, works: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOMEISHI_HOME", str(installed.home))
    data = _data(tmp_path, works[0].title)
    assert run(_command(data, tmp_path / "local", "--workers", "1")) == 1

    def begun(name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tomeishi", *_command(data, tmp_path / name, "--ray", cluster.address, "--json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def finished(name: str) -> int:
        return len([*(tmp_path / name / "shards").glob("[0-9a-f]*.parquet")])

    first = begun("ray")
    _until(lambda: finished("ray") >= 3, 180, "no shard was finished")
    cluster.kill("second")
    out, _ = first.communicate(timeout=300)
    assert first.returncode == 1
    assert json.loads(out)["denied"] == 40
    assert _bytes(tmp_path / "ray") == _bytes(tmp_path / "local")

    second = begun("again")
    _until(lambda: finished("again") >= 3, 180, "no shard was finished")
    cluster.kill("head")
    _, told = second.communicate(timeout=120)
    assert second.returncode == 2, told
    assert b"no Ray cluster answers there" in told.splitlines()[-1]
    before = finished("again")
    assert before < 40
    cluster.start_head()
    cluster.wait_for(2)
    third = begun("again")
    third.communicate(timeout=300)
    assert third.returncode == 1
    assert _bytes(tmp_path / "again") == _bytes(tmp_path / "local")
