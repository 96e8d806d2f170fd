"""The database: one SQLAlchemy text for SQLite and PostgreSQL, their differences kept here, and the only commit.

A request or job opens one `transaction()` at its edge and hands it down; nothing below commits. On SQLite a
transaction begins with BEGIN IMMEDIATE in WAL mode: with the driver's own BEGIN, four processes lost 252 of 400
updates. Readers see one snapshot and never block a writer.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, StatementError
from sqlalchemy.pool import ConnectionPoolEntry

from tomeishi.errors import BadInput, NotFound, StorageFailure, TomeishiError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0006"
"""The newest migration; kept here so that an installation that is up to date need not load Alembic (0.4 s)."""

BUSY_S = 30.0
"""Longest wait for another writer."""

MIGRATION_LOCK = 0x746F6D65
"""PostgreSQL advisory lock under which one process migrates."""


class Database:
    """One installation's database. Cheap to make; safe to share between threads."""

    def __init__(self, url: str) -> None:
        """`sqlite:///path/to/file` (never in memory: every process must see it) or `postgresql://...`."""
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise BadInput("not a database address; write sqlite:///path/to/registry.sqlite") from error
        self._where = parsed.render_as_string(hide_password=True)
        sqlite = parsed.get_backend_name() == "sqlite"
        if sqlite and (parsed.database in (None, "", ":memory:") or parsed.query):
            raise BadInput(f"{url}: a registry needs a plain file; write sqlite:///path/to/registry.sqlite")
        try:
            self._engines = {mode: create_engine(parsed) for mode in ("write", "read")}
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise BadInput(f"{self._where}: no driver for this database; use sqlite:///...") from error
        self._file: Path | None = None
        if sqlite:
            self._file = Path(str(parsed.database)).absolute()
            self._where = str(self._file)
            for mode, engine in self._engines.items():
                _prepare_sqlite(engine, read_only=mode == "read")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Writes that are kept together at the end, or not at all if anything is raised; one writer at a time."""
        self._must_exist()
        with self._failures(), self._engines["write"].begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The database as it stands now, whatever is written meanwhile; a write in here is refused by the database."""
        self._must_exist()
        with self._failures(read_only=True), self._engines["read"].connect() as connection:
            if self._file is None:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin() as snapshot:
                # A snapshot is taken at the first read, not at BEGIN.
                connection.execute(text("SELECT 1" if self._file is None else "SELECT count(*) FROM sqlite_master"))
                yield connection
                snapshot.rollback()

    def migrate(self) -> None:
        """Bring the tables to this version, making file and folder; processes may start together."""
        with self._failures(), self._one_at_a_time(), self._engines["write"].begin() as connection:
            if self._file is None:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            found = _version(connection)
            if found is not None and found > HEAD:
                raise StorageFailure(f"{self._where}: made by a newer Tomeishi (tables {found}); update this one")
            if found is None and inspect(connection).get_table_names():
                raise BadInput(f"{self._where}: a database of something else; name another file")
            if found != HEAD:
                _upgrade(connection)

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()

    def _must_exist(self) -> None:
        if self._file is not None and not self._file.exists():
            raise NotFound(f"{self._file}: no registry there; register a work first, or check TOMEISHI_HOME")

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """A lock file beside the database: turning on WAL ignores the busy timeout, so two first starts would clash."""
        if self._file is None:
            yield
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lock = self._file.with_name(self._file.name + ".lock").open("ab")
        except OSError as error:
            raise StorageFailure(f"{self._file.parent}: cannot be written: {error.strerror}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _failures(self, *, read_only: bool = False) -> Iterator[None]:
        try:
            yield
        except (StatementError, sqlite3.Error) as error:  # the second: raised while a connection is being prepared
            failure = _explained(error, self._where, read_only=read_only)
            if failure is None:
                raise
            raise failure from error


def alembic_config() -> "Config":
    """Alembic's settings for the scripts in this package; no file that a user would have to keep."""
    from alembic.config import Config

    config = Config()
    # Alembic's options are interpolated: a "%" in the path of the package would be read as one.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _prepare_sqlite(engine: Engine, *, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `begin` below does
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # a recorded consent survives a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        # 64 MB: an import writes all over the index of name_grams; with SQLite's 2 MB it took half as long again.
        cursor.execute("PRAGMA cache_size = -65536")
        cursor.execute(f"PRAGMA query_only = {int(read_only)}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _explained(error: StatementError | sqlite3.Error, where: str, *, read_only: bool) -> TomeishiError | None:
    """The failure that a user can act on; None for what is a bug of ours (wrong SQL, a broken constraint)."""
    cause = error.orig if isinstance(error, StatementError) else error
    if isinstance(cause, TomeishiError):
        return cause  # a type of storage.tables refused a value
    name = getattr(cause, "sqlite_errorname", "")
    if name == "SQLITE_READONLY" and read_only:
        return None  # a write inside `reading()`
    for prefix, sentence in _SQLITE_FAILURES.items():
        if name.startswith(prefix):
            return StorageFailure(f"{where}: {sentence}")
    if name == "SQLITE_NOTADB":
        return BadInput(f"{where}: not a Tomeishi registry (not a SQLite file); name another file")
    if not name and isinstance(error, OperationalError):
        return StorageFailure(f"{where}: the database cannot be used: {str(cause).strip().splitlines()[0]}")
    return None


_SQLITE_FAILURES = {
    "SQLITE_FULL": "the disk is full; nothing of this step was kept. Free some space and repeat it",
    "SQLITE_BUSY": f"another process has kept the database locked for {BUSY_S:.0f} s; try again when it has finished",
    "SQLITE_LOCKED": "locked by another step of this process; try again",
    "SQLITE_CANTOPEN": "cannot be opened; check that the folder is there and may be written",
    "SQLITE_READONLY": "cannot be written; check the permissions of the file and its folder",
    "SQLITE_PERM": "cannot be opened; check the permissions of the file and its folder",
    "SQLITE_IOERR": "the disk did not read or write; it may be full: free some space, else check the disk",
    "SQLITE_CORRUPT": "the database file is damaged; restore a backup",
}
