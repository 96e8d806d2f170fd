"""`tomeishi serve` and `tomeishi worker`: the web application and what does its long work."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from socket import AF_INET, AF_INET6, IPPROTO_TCP, TCP_NODELAY, create_server, socket
from threading import Thread
from typing import Annotated

import typer
import uvicorn

from tomeishi import wiring
from tomeishi.cli.logs import log_as_lines
from tomeishi.cli.options import Database, Home
from tomeishi.cli.output import say
from tomeishi.config import SPOOL_BYTES
from tomeishi.errors import StorageFailure
from tomeishi.jobs.worker import Worker

GRACE_S = 20
"""How long requests under way may take once the service was asked to stop."""

logger = logging.getLogger(__name__)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; behind a proxy with TLS leave it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8765,
    spool_gib: Annotated[
        float, typer.Option(help="GiB that uploads under way may take in all; past it new ones are refused.", min=0.001)
    ] = SPOOL_BYTES / (1 << 30),
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Long work is done by `tomeishi worker` alone.")
    ] = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Serve pages and REST, and do long work beside it; ends on Ctrl+C or SIGTERM."""
    # Half of what all commands would import, and no other needs it.
    from tomeishi.web import tasks
    from tomeishi.web.app import create_app
    from tomeishi.web.standing import Standing

    log_as_lines()
    with wiring.open(home, database) as platform:
        standing = Standing(platform)
        server = _Announced(
            uvicorn.Config(
                create_app(platform, spool_bytes=int(spool_gib * (1 << 30)), standing=standing),
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        try:
            # Not by uvicorn's own `bind_socket`, which says in its log that it runs before anybody can connect.
            family = AF_INET6 if ":" in host else AF_INET
            listening = sending_at_once(create_server((host, port), family=family))
        except OSError as error:
            raise StorageFailure(f"{host}:{port}: cannot listen there; it may be in use, try --port") from error
        worker = platform.worker(tasks.handlers(platform, standing))
        with listening, nothing() if no_worker else beside(worker):
            server.run(sockets=[listening])


def sending_at_once(listening: socket) -> socket:
    """Every connection takes it over. Without, each answer on a connection that is kept waits 40 ms for the browser to
    acknowledge its first half: asyncio sees to it only for sockets that name their protocol, which uvicorn's do not."""
    listening.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    return listening


class _Announced(uvicorn.Server):
    """Says where it listens once it does, and not before: whoever reads the line may connect at once."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host  # RFC 3986, section 3.2.2
        for each in sockets or ():
            say(f"http://{host}:{each.getsockname()[1]} (Ctrl+C ends it)")


def work(home: Home = None, database: Database = None) -> None:
    """Do long work for a service on the same database, until Ctrl+C or SIGTERM; start as many as there are cores."""
    from tomeishi.web import tasks
    from tomeishi.web.standing import Standing

    log_as_lines()
    with wiring.open(home, database) as platform:
        worker = platform.worker(tasks.handlers(platform, Standing(platform)))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: worker.stop())
        worker.run()


@contextmanager
def beside(worker: Worker) -> Iterator[None]:
    thread = Thread(target=worker.run, name="worker")
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


@contextmanager
def nothing() -> Iterator[None]:
    yield
