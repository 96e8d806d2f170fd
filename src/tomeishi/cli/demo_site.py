"""The end of the demo: its installation in a browser, to look at as each of the people who would use it."""

import shutil
import socket
import webbrowser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import uvicorn

from tomeishi import clock, wiring
from tomeishi.access import organisations, people
from tomeishi.access.permissions import Role
from tomeishi.cli.output import say
from tomeishi.cli.serve import sending_at_once
from tomeishi.review import screenings
from tomeishi.review.screenings import AskedBy
from tomeishi.screening.findings import Screening
from tomeishi.values import digest_of_file
from tomeishi.web import tasks
from tomeishi.web.app import create_app
from tomeishi.web.pages.stand_ins import let_in
from tomeishi.web.shell import StandIn
from tomeishi.web.standing import Standing

PORT = 8765
HOST = "127.0.0.1"


def furnish(
    platform: wiring.Platform, screened: Iterable[tuple[Path, Screening]], member: str, provider: str
) -> tuple[StandIn, ...]:
    """Somebody in each role, nobody with a password; and what was screened, stored and waiting for review."""
    now = clock.now()
    with platform.transaction() as tx:
        house = organisations.named(tx, now)
        inside = [(Role.INVESTIGATOR, house), (Role.ADMINISTRATOR, house), (Role.AUDITOR, house)]
        outside = [
            (Role.MEMBER_LEGAL, organisations.named(tx, now, member=member)),
            (Role.PROVIDER_DESK, organisations.named(tx, now, provider=provider)),
        ]
        staff = [(people.add_person(tx, role.value, of, [role], now), role) for role, of in (*inside, *outside)]
    asked = AskedBy(staff[0][0], house.id, provider, None)
    for path, made in screened:
        digest = digest_of_file(path)
        platform.settings.spool.mkdir(parents=True, exist_ok=True)
        platform.keep(Path(shutil.copy(path, platform.settings.spool / path.name)), digest)
        with platform.transaction() as tx:
            screenings.keep(tx, replace(made, query=path.name), asked, digest, clock.now())
    return tuple(StandIn(id_, role.value, role.value) for id_, role in staff)


def show(platform: wiring.Platform, stand_ins: tuple[StandIn, ...], *, browse: bool) -> None:
    """Serve the pages and do their work until Ctrl+C. The address lets in whoever has it; it is printed here alone."""
    standing = Standing(platform)
    app = create_app(platform, standing=standing)
    way_in = let_in(app, stand_ins)
    config = uvicorn.Config(app, host=HOST, port=PORT, log_level="error", lifespan="off", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    worker = platform.worker(tasks.handlers(platform, standing))
    with _bound() as listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}{way_in}"
        say(f"open {address}")
        say("Ctrl+C ends the demo")
        working = Thread(target=worker.run, name="worker")
        working.start()
        try:
            if browse:
                webbrowser.open(address)
            with suppress(KeyboardInterrupt):
                server.run(sockets=[listening])
        finally:
            worker.stop()
            working.join()


@contextmanager
def removed_at_the_end(out: Path) -> Iterator[None]:
    """Whatever the demo made goes when it is over or ended by Ctrl+C; what an error left can be looked at."""
    with suppress(KeyboardInterrupt):
        yield
    shutil.rmtree(out, ignore_errors=True)
    say("everything that the demo made is removed; --keep DIR keeps it")


def _bound() -> socket.socket:
    """To the usual port, or where that is taken to a free one."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, PORT))
    except OSError:
        bound.bind((HOST, 0))
    return sending_at_once(bound)
