"""A web server of our own on the loopback, and people who use it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from tests.conftest import Homes

from tomeishi import clock, wiring
from tomeishi.access import api_keys, organisations, people
from tomeishi.access.permissions import KeyScope, Role
from tomeishi.client.client import Client
from tomeishi.web import tasks
from tomeishi.web.app import create_app
from tomeishi.web.standing import Standing

PASSWORD = "a stone that nobody lifts"


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of a running server."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True, slots=True)
class Site:
    """A running installation, and the browsers that look at it."""

    platform: wiring.Platform
    address: str
    browsers: ExitStack

    def person(self, name: str, role: Role, *, member: str | None = None, provider: str | None = None) -> str:
        """A new person's id."""
        now = clock.now()
        with self.platform.transaction() as tx:
            of = organisations.named(tx, now, member=member, provider=provider)
            return people.add_person(tx, name, of, [role], now, password=PASSWORD, language="en")

    def key(self, *scopes: KeyScope, member: str | None = None, provider: str | None = None) -> str:
        now = clock.now()
        with self.platform.transaction() as tx:
            of = organisations.named(tx, now, member=member, provider=provider)
            return api_keys.add_key(tx, f"key {time.monotonic_ns()}", of, scopes, now)[1]

    def visitor(self, headers: dict[str, str] | None = None) -> httpx.Client:
        """A browser without cookies."""
        return self.browsers.enter_context(httpx.Client(base_url=self.address, headers=headers, timeout=60))

    def with_key(self, key: str) -> httpx.Client:
        return self.visitor({"Authorization": f"Bearer {key}"})

    def signed_in(self, name: str, password: str = PASSWORD, code: str = "") -> httpx.Client:
        """A browser in which somebody signed in; its requests repeat the token."""
        browser = self.visitor()
        answer = sign_in(browser, name, password, code)
        assert answer.status_code == 303, answer.text
        browser.headers["X-CSRF-Token"] = csrf(browser)
        return browser


@contextmanager
def site_of(platform: wiring.Platform, app: FastAPI) -> Iterator[Site]:
    with serving(app) as address, ExitStack() as browsers:
        yield Site(platform, address, browsers)


def csrf(browser: httpx.Client) -> str:
    """The token in the form for signing in, which every page has."""
    page = browser.get("/login").text
    return page.split('name="csrf" value="')[1].split('"')[0]


def sign_in(browser: httpx.Client, name: str, password: str, code: str = "") -> httpx.Response:
    words = {"name": name, "password": password, "code": code, "csrf": csrf(browser)}
    return browser.post("/login", data=words)


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To copy: making the tables takes most of a second."""
    home = tmp_path_factory.mktemp("empty") / "home"
    wiring.open(home).close()
    return home


@pytest.fixture
def home(tmp_path: Path, empty_home: Path, homes: Homes) -> Path:
    """An empty installation of this test alone."""
    return homes.copy(empty_home, tmp_path / "home")


@pytest.fixture
def site(home: Path) -> Iterator[Site]:
    """The same, served."""
    with wiring.open(home) as platform, site_of(platform, create_app(platform)) as served:
        yield served


@pytest.fixture
def furnished(installed: Any, tmp_path: Path) -> Iterator[tuple[Site, Callable[[], bool]]]:
    """A site with two registered works, and a worker that does one job when it is called."""
    with wiring.open(tmp_path / "home") as platform:
        standing = Standing(platform)
        worker = platform.worker(tasks.handlers(platform, standing))
        with site_of(platform, create_app(platform, standing=standing)) as site:
            yield site, worker.step


@pytest.fixture
def client(furnished: tuple[Site, Callable[[], bool]]) -> Iterator[Client]:
    site, _ = furnished
    with Client(site.address, site.key(KeyScope.ADMIN)) as client:
        yield client
