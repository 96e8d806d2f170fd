"""Films that many tests share: drawn once for a whole run, however many workers there are."""

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy import create_engine, make_url, text

from tomeishi import clock, wiring
from tomeishi.access.keys import new_key, write_key
from tomeishi.access.public_keys import register_public_key
from tomeishi.cli.main import run
from tomeishi.config import Settings, settings_from
from tomeishi.registry import works as catalogue
from tomeishi.storage.db import Database
from tomeishi.testing import broken
from tomeishi.testing.edits import Planted, write_edited
from tomeishi.testing.films import CATALOGUE, DrawnFilm, film, write_film
from tomeishi.testing.postgres import start_server
from tomeishi.values import Interval

SECONDS = 12.0

# The same examples on every run, however slow the machine.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one command: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation of one test, with the first two works registered, and a key of the first one's member."""

    home: Path
    works: tuple[str, ...]
    references: tuple[str, ...]
    key: Path


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this run see."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "shared-films"
    folder.mkdir(exist_ok=True)
    return folder


def _once(path: Path, make: Callable[[Path], object]) -> Path:
    """`path`, made by whichever worker comes first; the others wait for it."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            half = path.with_name("half-" + path.name)
            make(half)
            half.rename(path)
    return path


@pytest.fixture(scope="session")
def works() -> tuple[DrawnFilm, ...]:
    """Three fictional works, one of each member."""
    return tuple(replace(CATALOGUE[number], duration_s=SECONDS) for number in (0, 2, 4))


@pytest.fixture(scope="session")
def references(shared: Path, works: tuple[DrawnFilm, ...]) -> tuple[Path, ...]:
    """Their films, 320 x 180, 12 s."""
    return tuple(
        _once(shared / f"reference-{n}.mp4", partial(write_film, each, width=320, height=180))
        for n, each in enumerate(works)
    )


@pytest.fixture(scope="session")
def clean(shared: Path) -> Path:
    """A film that nobody registered."""
    return _once(shared / "clean.mp4", lambda path: write_film(film(905, 8.0), path, width=320, height=180))


@pytest.fixture(scope="session")
def copied(shared: Path, references: tuple[Path, ...], clean: Path) -> tuple[Path, Planted]:
    """3 s of another film, then seconds 3 to 11 of the first reference, newly encoded; and the truth about it."""
    truth = shared / "copied.txt"

    def make(path: Path) -> None:
        planted = write_edited(references[0], path, start_s=3.0, end_s=11.0, before=clean)
        truth.write_text(repr(planted.query.start))

    path = _once(shared / "copied.mp4", make)
    start = float(truth.read_text())
    return path, Planted(Interval(start, start + 8.0), Interval(3.0, 11.0))


@pytest.fixture(scope="session")
def quoted(shared: Path, references: tuple[Path, ...]) -> Path:
    """Seconds 2 to 10 of the first reference and nothing else, newly encoded: as clear a copy as there is."""
    return _once(shared / "quoted.mp4", lambda path: write_edited(references[0], path, start_s=2.0, end_s=10.0))


@pytest.fixture(scope="session")
def bad(shared: Path, references: tuple[Path, ...]) -> Path:
    """A folder of files that are bad in the way that each is named for; all but two show the first reference."""

    def make(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        broken.empty(folder / "empty.mp4")
        broken.text(folder / "text.mp4")
        broken.giant_picture(folder / "giant.png")
        broken.truncated(references[0], folder / "truncated.mp4", 0.6)
        broken.sound_only(film(906, 2.0), folder / "sound.m4a")
        for kind in ("mkv", "webm"):
            whole = folder / f"whole.{kind}"
            write_edited(references[0], whole)
            broken.truncated(whole, folder / f"truncated.{kind}", 0.6)
            broken.lying_about_duration(whole, folder / f"short.{kind}", 2.0)
            broken.lying_about_duration(whole, folder / f"long.{kind}", 500.0)
            whole.unlink()

    return _once(shared / "bad", make)


@pytest.fixture(scope="session")
def template(shared: Path, works: tuple[DrawnFilm, ...], references: tuple[Path, ...]) -> Path:
    """An installation to copy: registering again in every test would cost most of their time."""

    def make(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        with wiring.open(folder / "home") as platform:
            done = [
                platform.register(work.member, work.title, [path], reading=work.reading, aliases=[work.english])
                for work, path in zip(works[:2], references, strict=False)
            ]
            key = new_key(works[0].member)
            write_key(key, folder / "member.json")
            with platform.transaction() as tx:
                member_id = catalogue.member_by_name(tx, works[0].member).id
                register_public_key(tx, member_id, key.public, clock.now())
        ids = {"works": [each.work_id for each in done], "references": [each.references[0] for each in done]}
        (folder / "ids.json").write_text(json.dumps(ids))

    return _once(shared / "template", make)


@pytest.fixture
def installed(tmp_path: Path, template: Path, homes: "Homes") -> Installation:
    """What the `tomeishi` of this test finds installed."""
    homes.copy(template / "home", tmp_path / "home")
    ids = json.loads((template / "ids.json").read_text())
    return Installation(
        tmp_path / "home",
        tuple(ids["works"]),
        tuple(ids["references"]),
        Path(shutil.copy(template / "member.json", tmp_path)),
    )


class Databases:
    """Fresh databases, SQLite files or on a server that the whole run shares; made by copying, which is fast."""

    def __init__(self, shared: Path) -> None:
        self._shared = shared

    def empty(self, backend: str, folder: Path) -> str:
        """The address of one without tables."""
        if backend == "sqlite":
            return f"sqlite:///{folder / 'registry.sqlite'}"
        return self._on_server("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' STRATEGY FILE_COPY")

    def migrated(self, backend: str, folder: Path) -> str:
        """The address of one with all tables."""
        if backend == "sqlite":
            made = _once(self._shared / "migrated.sqlite", self._migrate_file)
            shutil.copy(made, folder / "registry.sqlite")
            return f"sqlite:///{folder / 'registry.sqlite'}"
        return self.copied(_once(self._shared / "migrated.url", self._migrate_on_server).read_text())

    def copied(self, url: str) -> str:
        """A copy of one on the server, which nobody may be using."""
        source = make_url(url).database
        return self._on_server(f"CREATE DATABASE {{name}} TEMPLATE {source} STRATEGY FILE_COPY")

    def drop(self, url: str) -> None:
        """Space on the server back; files go with their folder."""
        if (name := make_url(url).database or "").startswith("tomeishi_test_"):
            self._on_server("DROP DATABASE {name} WITH (FORCE)", name)

    def _migrate_file(self, path: Path) -> None:
        database = Database(f"sqlite:///{path}")
        database.migrate()
        database.close()

    def _migrate_on_server(self, path: Path) -> None:
        url = self.empty("postgresql", path)
        database = Database(url)
        database.migrate()
        database.close()
        path.write_text(url)

    def _server(self) -> str:
        own = partial(start_server, int(os.environ["TOMEISHI_TEST_RUN"]))
        return (
            os.environ.get("TOMEISHI_TEST_POSTGRES")
            or _once(self._shared / "server.url", lambda path: path.write_text(own())).read_text()
        )

    def _on_server(self, words: str, name: str | None = None) -> str:
        url, name = make_url(self._server()), name or f"tomeishi_test_{secrets.token_hex(8)}"
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(words.format(name=name).encode())
        return url.set(database=name).render_as_string(hide_password=False)


ON = os.environ.get("TOMEISHI_TEST_DATABASE", "sqlite")
"""Where installations of tests keep their rows, if a test does not say it: `postgresql` runs the same tests there."""

if ON not in ("sqlite", "postgresql"):
    raise pytest.UsageError(f"TOMEISHI_TEST_DATABASE={ON}: write sqlite or postgresql")


class Homes:
    """Folders of installations; where tests run on PostgreSQL each has a database of its own there."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self.made: list[str] = []

    def provide(self, home: Path) -> str:
        """The address of the database of an installation in `home`, which names it as one that moved there does."""
        settings = settings_from({}, home)
        if settings.database_url.startswith("sqlite:"):
            settings.home.mkdir(parents=True, exist_ok=True)
            self._name(settings, self._databases.migrated("postgresql", home))
        return settings_from({}, home).database_url

    def copy(self, source: Path, target: Path) -> Path:
        """A folder with installations in it, which nobody is using, and all their rows."""
        shutil.copytree(source, target, dirs_exist_ok=True)
        if ON == "postgresql":
            for address in target.rglob(Settings(target, "").address.name):
                settings = settings_from({}, address.parent)
                self._name(settings, self._databases.copied(settings.database_url))
        return target

    def drop(self, *urls: str) -> None:
        for url in urls:
            self._databases.drop(url)
            self.made.remove(url)

    def _name(self, settings: Settings, url: str) -> None:
        settings.address.write_text(url, encoding="utf-8")
        self.made.append(url)


@pytest.fixture(scope="session", autouse=True)
def homes(databases: Databases) -> Iterator[Homes]:
    made = Homes(databases)
    with pytest.MonkeyPatch.context() as patch:
        if ON == "postgresql":

            def settings_there(
                environ: Mapping[str, str] | None = None, home: Path | None = None, **database: str | None
            ) -> Settings:
                found = settings_from(environ, home, **database)
                # `verify` asks for an installation's key alone, and makes none.
                if not database or not found.database_url.startswith("sqlite:"):
                    return found
                return replace(found, database_url=made.provide(found.home))

            patch.setattr(wiring, "settings_from", settings_there)
        yield made


@pytest.fixture(autouse=True)
def _space_on_the_server(homes: Homes) -> Iterator[None]:
    """What one test made goes with it; what several share was made before and stays."""
    before = len(homes.made)
    yield
    homes.drop(*homes.made[before:])


def pytest_configure(config: pytest.Config) -> None:
    """A server that a worker starts ends with the process that all workers belong to."""
    os.environ.setdefault("TOMEISHI_TEST_RUN", str(os.getpid()))


@pytest.fixture(scope="session")
def databases(shared: Path) -> Databases:
    return Databases(shared)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"] if ON == "sqlite" else ["postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Whatever asks for a database runs on both."""
    return str(request.param)


@pytest.fixture
def empty_url(databases: Databases, backend: str, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    (tmp_path / "empty").mkdir()
    url = databases.empty(backend, tmp_path / "empty")
    yield url
    databases.drop(url)


@pytest.fixture
def database_url(databases: Databases, backend: str, tmp_path: Path) -> Iterator[str]:
    """The address of a database of this test alone, its tables made."""
    url = databases.migrated(backend, tmp_path)
    yield url
    databases.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture(scope="module")
def registry(databases: Databases, backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all tests of a module, each of which takes back what it wrote."""
    url = databases.migrated(backend, tmp_path_factory.mktemp("home"))
    made = Database(url)
    yield made
    made.close()
    databases.drop(url)


@pytest.fixture
def by_hand(database_url: str) -> Callable[..., None]:
    """Edits the database as somebody would who may write to it: past Tomeishi and past its triggers."""
    return partial(edit_by_hand, database_url)


def edit_by_hand(url: str, *statements: str | tuple[str, tuple[Any, ...]]) -> None:
    """Values stand for `?`, one after the other."""
    engine = create_engine(url)
    with engine.begin() as connection:
        triggers: Sequence[Any] = ()
        if connection.dialect.name == "sqlite":
            triggers = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for name, _ in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            words, values = statement if isinstance(statement, tuple) else (statement, ())
            for number in range(len(values)):
                words = words.replace("?", f":value_{number}", 1)
            named = {f"value_{number}": value for number, value in enumerate(values)}
            connection.execute(text(words), named) if values else connection.exec_driver_sql(words)
        for _, words in triggers:
            connection.exec_driver_sql(words)
    engine.dispose()


@pytest.fixture
def started(tmp_path: Path, homes: Homes) -> Callable[..., subprocess.Popen[bytes]]:
    """The command, started as a process of its own on the same installation; about 2 s of processor time each."""

    def start(*arguments: str | Path | bytes) -> subprocess.Popen[bytes]:
        if ON == "postgresql":
            homes.provide(tmp_path / "home")
        return subprocess.Popen(
            [sys.executable, "-m", "tomeishi", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            # The strictest locale: nothing that is not UTF-8 passes, unless the command sees to it.
            env=os.environ | {"TOMEISHI_HOME": str(tmp_path / "home"), "PYTHONIOENCODING": "utf-8:strict"},
        )

    return start


@pytest.fixture
def tomeishi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """The command, run in this process on an installation of this test alone."""
    monkeypatch.setenv("TOMEISHI_HOME", str(tmp_path / "home"))

    def command(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Outcome(code, written.out, written.err)

    return command
