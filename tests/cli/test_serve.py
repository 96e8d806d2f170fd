"""The service as a process of its own, on both databases: watched, killed, stopped."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tomeishi import clock, wiring
from tomeishi.access import api_keys, organisations
from tomeishi.access.permissions import KeyScope

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, database_url: str) -> Iterator[Start]:
    """Starts `tomeishi` with these arguments."""
    running: list[subprocess.Popen[str]] = []
    environment = os.environ | {"TOMEISHI_HOME": str(tmp_path), "TOMEISHI_DATABASE": database_url}

    def begin(*arguments: str) -> subprocess.Popen[str]:
        log = (tmp_path / f"log-{len(running)}").open("w")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tomeishi", *arguments], env=environment, stderr=log, text=True
            )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()


def address(tmp_path: Path, number: int) -> str:
    """Where the service that was started as this one listens, once it does."""
    for _ in range(600):
        found = re.search(r"http://127\.0\.0\.1:\d+", (tmp_path / f"log-{number}").read_text())
        if found:
            with suppress(httpx.ConnectError):  # it is told just before the door opens
                httpx.get(f"{found[0]}/livez")
                return found[0]
        time.sleep(0.1)
    raise AssertionError((tmp_path / f"log-{number}").read_text())


@pytest.fixture
def key(tmp_path: Path, database_url: str) -> str:
    with wiring.open(tmp_path, database_url) as platform, platform.transaction() as tx:
        of = organisations.named(tx, clock.now())
        return api_keys.add_key(tx, "test", of, [KeyScope.SCREEN], clock.now())[1]


def ask(client: httpx.Client, prompt: str) -> str:
    answer = client.post("/v1/screenings", json={"prompt": prompt})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def ended(client: httpx.Client, operations: list[str]) -> list[dict[str, Any]]:
    for _ in range(900):
        found = [client.get(f"/v1/operations/{each}").json() for each in operations]
        if all(each["state"] in ("done", "failed", "cancelled") for each in found):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def test_a_service_says_that_it_lives_is_ready_and_what_it_did(start: Start, tmp_path: Path, key: str) -> None:
    process = start("serve", "--port", "0")
    with httpx.Client(base_url=address(tmp_path, 0), headers={"Authorization": f"Bearer {key}"}) as client:
        assert client.get("/livez").text == "alive\n"
        assert client.get("/readyz").json() == {"ready": True, "checks": {"database": "ok", "index": "ok"}}
        (done,) = ended(client, [ask(client, "a stone in the rain")])
        client.get("/v1/works/wrk_secret")
        told = client.get("/metrics").text
    assert done["state"] == "done"
    assert 'tomeishi_jobs{state="done"} 1.0' in told
    assert 'tomeishi_requests_total{method="POST",route="/v1/screenings",status="202"} 1.0' in told
    assert "wrk_secret" not in told
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) in (0, -signal.SIGTERM)
    lines = [line for line in (tmp_path / "log-0").read_text().splitlines() if line.startswith("{")]
    assert "job done" in [json.loads(line)["says"] for line in lines]
    assert not [line for line in lines if key in line or "stone in the rain" in line]


def test_a_port_that_is_taken_is_one_line(start: Start, tmp_path: Path) -> None:
    start("serve", "--port", "0")
    port = address(tmp_path, 0).rsplit(":", 1)[1]
    second = start("serve", "--port", port)
    assert second.wait(60) == 2
    assert "cannot listen there" in (tmp_path / "log-1").read_text()


@pytest.mark.long
def test_every_acknowledged_job_ends_once_although_a_worker_is_killed(start: Start, tmp_path: Path, key: str) -> None:
    start("serve", "--port", "0", "--no-worker")
    victim = start("worker")
    with httpx.Client(base_url=address(tmp_path, 0), headers={"Authorization": f"Bearer {key}"}) as client:
        asked = [ask(client, f"prompt {number}") for number in range(20)]
        time.sleep(1)
        victim.kill()
        asked += [ask(client, f"prompt {number}") for number in range(20, 30)]
        start("worker")
        start("worker")
        found = ended(client, asked)
        assert {each["state"] for each in found} == {"done"}
        assert len({each["id"] for each in found}) == 30
