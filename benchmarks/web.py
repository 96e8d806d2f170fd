"""What the service answers under load: `make bench-web`.

    python -m benchmarks.web [--seconds N] [--database URL]

`tomeishi serve` runs as it is installed, on a small installation of drawn films; this process is its clients, 1 and
then 50 at once, each asking again as soon as it is answered: for a page (the queue of matches, signed in), a consent
check (one question by REST), and the synchronous screening of a clip of 6 s. Server and clients share the cores.
"""

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.record import record
from tomeishi import clock, wiring
from tomeishi.access import api_keys, organisations, people
from tomeishi.access.permissions import KeyScope, Role
from tomeishi.consent import ledger
from tomeishi.consent.entries import EntryKind, Level, Scope, Statement
from tomeishi.registry import works
from tomeishi.testing.edits import write_edited
from tomeishi.testing.films import film, write_film
from tomeishi.values import Use

SEED = 830_000
FILMS = 4
PASSWORD = "a stone that nobody lifts"
CLIENTS = (1, 50)

Ask = Callable[[], Awaitable[httpx.Response]]


@dataclass(frozen=True, slots=True)
class Installed:
    key: str
    work: str
    clip: bytes


def main() -> None:
    """Install, serve, ask, record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--database", help="postgresql://…, an empty database; else SQLite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        installed = _install(home, Path(folder), given.database)
        load = os.getloadavg()[0]
        with _service(home, given.database) as address:
            figures = asyncio.run(_measured(address, installed, given.seconds))
    kept = "postgresql" if given.database else "sqlite"
    settings = {"seconds": given.seconds, "database": kept, "load_before": round(load, 1), "films": FILMS}
    print(record("web" if kept == "sqlite" else "web-postgresql", seed=SEED, settings=settings, figures=figures))


def _install(home: Path, folder: Path, database: str | None) -> Installed:
    films = [
        write_film(film(SEED + number, 12.0), folder / f"film-{number}.mp4", width=320, height=180)
        for number in range(FILMS)
    ]
    write_edited(films[0], folder / "clip.mp4", start_s=3.0, end_s=9.0)
    now = clock.now()
    with wiring.open(home, database) as platform:
        done = [platform.register("Studio Kumo", path.stem, [path]) for path in films]
        with platform.transaction() as tx:
            house = organisations.named(tx, now)
            people.add_person(tx, "hana", house, [Role.INVESTIGATOR], now, password=PASSWORD)
            key = api_keys.add_key(tx, "benchmark", house, [KeyScope.SCREEN, KeyScope.CONSENT], now)[1]
            work = works.work(tx, done[0].work_id)
            granted = Statement(
                kind=EntryKind.GRANT,
                member_id=work.member_id,
                declared_at=now,
                scope=Scope(Level.WORK, work.id),
                uses=(Use.TRAIN,),
                provider="acme",
            )
            ledger.record_unsigned(tx, granted, "benchmark", now)
    return Installed(key, work.id, (folder / "clip.mp4").read_bytes())


@contextmanager
def _service(home: Path, database: str | None) -> Iterator[str]:
    """The address of `tomeishi serve`, in a process of its own."""
    environment = os.environ | {"TOMEISHI_HOME": str(home)} | ({"TOMEISHI_DATABASE": database} if database else {})
    log = home.with_name("log")
    with log.open("w") as stderr:
        command = [sys.executable, "-m", "tomeishi", "serve", "--port", "0"]
        process = subprocess.Popen(command, env=environment, stderr=stderr)
    try:
        while not (found := re.search(r"(http://127\.0\.0\.1:\d+) ", log.read_text())):
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            time.sleep(0.1)
        yield found[1]
    finally:
        process.terminate()
        process.wait()


async def _measured(address: str, installed: Installed, seconds: float) -> dict[str, Any]:
    bearer = {"Authorization": f"Bearer {installed.key}"}
    question = {"work": installed.work, "use": "train", "provider": "acme"}
    bounds = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(base_url=address, timeout=300, limits=bounds) as browser,
        httpx.AsyncClient(base_url=address, timeout=300, limits=bounds, headers=bearer) as machine,
    ):
        await _sign_in(browser)
        asks: dict[str, Ask] = {
            "clip": lambda: machine.post(
                "/v1/screenings", params={"wait": "true"}, files={"file": ("clip.mp4", installed.clip)}
            ),
            "consent check": lambda: machine.post("/v1/consents:check", json={"questions": [question]}),
            "page": lambda: browser.get("/matches"),
        }
        found: dict[str, Any] = {}
        for name, ask in asks.items():  # the clip first, so that the page has something to show
            for clients in CLIENTS:
                found.setdefault(name, {})[str(clients)] = row = await _under_load(ask, clients, seconds)
                print(f"{name:14} {clients:3} clients {row}", flush=True)
    return found


async def _sign_in(browser: httpx.AsyncClient) -> None:
    token = (await browser.get("/login")).text.split('name="csrf" value="')[1].split('"')[0]
    answer = await browser.post("/login", data={"name": "hana", "password": PASSWORD, "code": "", "csrf": token})
    if answer.status_code != 303:
        raise RuntimeError(f"signing in: {answer.status_code}")


async def _under_load(ask: Ask, clients: int, seconds: float) -> dict[str, Any]:
    """Every client asks until the time is over, and waits for its last answer; one round before is not counted."""
    (await ask()).raise_for_status()
    taken: list[float] = []
    statuses: dict[str, int] = {}

    async def client() -> None:
        while time.perf_counter() < ends:
            began = time.perf_counter()
            status = str((await ask()).status_code)
            taken.append(1000 * (time.perf_counter() - began))
            statuses[status] = statuses.get(status, 0) + 1

    began = time.perf_counter()
    ends = began + seconds
    await asyncio.gather(*(client() for _ in range(clients)))
    lasted = time.perf_counter() - began
    return {
        "requests": len(taken),
        "per_second": round(len(taken) / lasted, 1),
        "p50_ms": round(statistics.median(taken), 1),
        "p99_ms": round(sorted(taken)[int(0.99 * (len(taken) - 1))], 1),
        "statuses": statuses,
    }


if __name__ == "__main__":
    main()
