"""How long pages take in a large installation: `make bench-pages`.

    python -m benchmarks.pages [--home HOME] [--works N] [--matches N] [--entries N] [--times N]

An installation of `benchmarks.large` (made first, if HOME is empty) is served; an investigator, who sees everything,
and somebody of one member ask for each page one after the other. Timed is the whole answer, as their browser waits for
it. One round is not counted: it reads the ledger and fills the caches of the database.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select

from benchmarks import large
from benchmarks.record import record
from tomeishi import wiring
from tomeishi.storage import tables
from tomeishi.web.app import create_app

UNBOUNDED = 1_000_000_000
"""Requests a minute: one person asks as many do."""


def main() -> None:
    """Serve, ask, record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--database")
    parser.add_argument("--works", type=int, default=100_000)
    parser.add_argument("--matches", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder) / "home"
        with wiring.open(home, database=given.database) as platform:
            if _is_empty(platform):
                large.make(platform, given.works, given.matches, given.entries)
            sizes, addresses = _sizes(platform), _addresses(platform)
            with _serving(create_app(platform, requests_a_minute=UNBOUNDED)) as address:
                figures = {name: _of_person(address, name, addresses, given.times) for name in ("hana", "legal")}
    kept = "postgresql" if given.database else "sqlite"
    settings = {**sizes, "times": given.times, "database": kept, "load": round(os.getloadavg()[0], 1)}
    print(
        record("pages" if kept == "sqlite" else "pages-postgresql", seed=large.SEED, settings=settings, figures=figures)
    )


def _is_empty(platform: wiring.Platform) -> bool:
    with platform.reading() as tx:
        return tx.execute(select(tables.works.c.id).limit(1)).first() is None


def _sizes(platform: wiring.Platform) -> dict[str, int]:
    counted = {"works": tables.works, "matches": tables.matches, "screenings": tables.screenings}
    with platform.reading() as tx:
        found = {name: len(tx.execute(select(table.c.id)).all()) for name, table in counted.items()}
        return found | {"entries": len(platform.book.read(tx).entries)}


def _addresses(platform: wiring.Platform) -> dict[str, str]:
    """By what a page shows; a work and a match of the first member, so that both people may see them."""
    with platform.reading() as tx:
        member = tx.execute(select(tables.members.c.id).where(tables.members.c.name == "member 00")).scalar_one()
        of_member = select(tables.matches).where(tables.matches.c.member_id == member, tables.matches.c.state == "open")
        sure, middling = (
            tx.execute(of_member.where(tables.matches.c.score < most).order_by(tables.matches.c.score.desc())).first()
            for most in (1.0, 0.5)
        )
        newest = tx.execute(select(tables.screenings.c.id).order_by(tables.screenings.c.id.desc()).offset(999)).first()
    if sure is None or middling is None or newest is None:
        raise RuntimeError("the installation holds too little")
    return {
        "Today": "/",
        "Works": "/works",
        "Works, a search": "/works?q=星海",
        "Works, further back": f"/works?before={sure.work_id}",
        "A work": f"/works/{sure.work_id}",
        "Screenings": "/screenings",
        "Screenings, further back": f"/screenings?before={newest.id}",
        "Matches": "/matches",
        "Matches, all": "/matches?state=all",
        "Matches, weak, of one provider": "/matches?band=weak&provider=provider+3",
        "Matches of a work": f"/matches?work={sure.work_id}",
        "Matches of nobody": "/matches?assignee=nobody",
        "Review, the surest": f"/matches/{sure.id}",
        "Review, in the middle": f"/matches/{middling.id}",
        "Review, among all": f"/matches/{middling.id}?state=all",
        "Review, weak, of one provider": f"/matches/{middling.id}?band=weak&provider=provider+3",
        "Insights": "/insights",
        "Settings": "/settings",
        "/metrics": "/metrics",
        "GET /v1/matches:facets": "/v1/matches:facets",
        "GET /v1/works": "/v1/works",
    }


def _of_person(address: str, name: str, addresses: dict[str, str], times: int) -> dict[str, Any]:
    with httpx.Client(base_url=address, timeout=60.0) as browser:
        token = browser.get("/login").text.split('name="csrf" value="')[1].split('"')[0]
        form = {"name": name, "password": large.PASSWORD, "code": "", "csrf": token}
        if browser.post("/login", data=form).status_code != 303:
            raise RuntimeError(f"{name} cannot sign in")
        found = {page: _timed(partial(browser.get, path), times) for page, path in addresses.items()}
    for page, row in found.items():
        print(f"{name:6} {page:32} {row['p50_ms']:8.1f} {row['p99_ms']:8.1f} {row['processor_ms']:8.1f}", flush=True)
    return found


def _timed(ask: Callable[[], httpx.Response], times: int) -> dict[str, float]:
    """Milliseconds of waiting, and of the processor for asking and answering; the first answer is not counted."""
    ask().raise_for_status()
    waited, worked = [], []
    for _ in range(times):
        began, processor = time.perf_counter(), time.process_time()
        ask().raise_for_status()
        waited.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - processor))
    last = sorted(waited)[int(0.99 * (times - 1))]
    return {
        "p50_ms": round(statistics.median(waited), 1),
        "p99_ms": round(last, 1),
        "processor_ms": round(statistics.median(worked), 1),
    }


@contextmanager
def _serving(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    main()
