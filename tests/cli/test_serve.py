"""The service as a process of its own, on both databases: watched, killed, stopped."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tomeishi import clock, wiring
from tomeishi.access import api_keys, organisations
from tomeishi.access.permissions import KeyScope
from tomeishi.cli.serve import sending_at_once

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
    for _ in range(3000):  # four of them start at once on two cores
        found = re.search(r"(http://127\.0\.0\.1:\d+) ", (tmp_path / f"log-{number}").read_text())
        if found:
            return found[1]
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


def ask_for_file(client: httpx.Client, path: Path) -> str:
    answer = client.post("/v1/screenings", files={"file": (path.name, path.read_bytes())})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def wait_for(client: httpx.Client, operations: list[str], *, at_least: int) -> list[dict[str, Any]]:
    """Those that have ended, once they are so many; an operation that never ends is a failure, not a loop for ever."""
    found: dict[str, dict[str, Any]] = {}
    for _ in range(9000):
        for each in operations:
            if each not in found:
                answer = client.get(f"/v1/operations/{each}").json()
                if answer["state"] not in ("done", "failed", "cancelled"):
                    break  # the others wait behind it
                found[each] = answer
        if len(found) >= at_least:
            return list(found.values())
        time.sleep(0.1)
    raise AssertionError(f"{len(found)} of {len(operations)} ended")


def test_an_address_of_ipv6_is_told_as_one_that_can_be_opened(start: Start, tmp_path: Path, key: str) -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no ::1")
    start("serve", "--host", "::1", "--port", "0")
    for _ in range(3000):
        found = re.search(r"(http://\[::1\]:\d+) ", (tmp_path / "log-0").read_text())
        if found:
            break
        time.sleep(0.1)
    assert found is not None
    assert httpx.get(f"{found[1]}/livez").text == "alive\n"


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_a_service_says_that_it_lives_is_ready_and_what_it_did(start: Start, tmp_path: Path, key: str) -> None:
    process = start("serve", "--port", "0")
    with httpx.Client(base_url=address(tmp_path, 0), headers={"Authorization": f"Bearer {key}"}) as client:
        assert client.get("/livez").text == "alive\n"
        # Nobody is told of the address before it can be reached.
        assert (tmp_path / "log-0").read_text().count("http://127.0.0.1:") == 1
        assert client.get("/readyz").json() == {"ready": True, "checks": {"database": "ok", "index": "ok"}}
        (done,) = wait_for(client, [ask(client, "a stone in the rain")], at_least=1)
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


def test_a_connection_sends_small_answers_at_once() -> None:
    with (
        sending_at_once(socket.create_server(("127.0.0.1", 0))) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_port_that_is_taken_is_one_line(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start("serve", "--port", str(taken.getsockname()[1]))
        assert process.wait(120) == 2
    assert "cannot listen there" in (tmp_path / "log-0").read_text()


@pytest.mark.long
def test_every_acknowledged_screening_ends_once_although_a_worker_is_killed(
    start: Start, tmp_path: Path, key: str, quoted: Path
) -> None:
    """Two web and two worker processes; one worker is killed with -9 among 200 screenings, and nobody takes its place.

    On SQLite as well, where processes share one file.
    """
    for _ in range(2):
        start("serve", "--port", "0", "--no-worker")
    victim, _ = start("worker"), start("worker")
    headers = {"Authorization": f"Bearer {key}"}
    with ExitStack() as clients:
        doors = [
            clients.enter_context(httpx.Client(base_url=address(tmp_path, number), headers=headers, timeout=60))
            for number in range(2)
        ]
        asked = []
        for number in range(200):
            client = doors[number % 2]
            asked.append(ask_for_file(client, quoted) if number % 10 == 0 else ask(client, f"prompt {number}"))
            if number == 100:
                wait_for(client, asked, at_least=30)
                victim.kill()
        found = wait_for(doors[0], asked, at_least=200)
        kept: list[str] = []
        page: str | None = ""
        while page is not None:
            answer = doors[1].get("/v1/screenings", params={"page_size": 100, "page_token": page}).json()
            kept += [each["id"] for each in answer["screenings"]]
            page = answer["next_page_token"] or None
    assert victim.wait(10) == -signal.SIGKILL
    assert {each["state"] for each in found} == {"done"}
    made = [each["result"]["screening"] for each in found]
    assert len(set(made)) == 200
    assert sorted(kept) == sorted(made)  # what was begun twice is kept once
