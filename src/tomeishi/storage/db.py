"""The database: one SQLAlchemy text for SQLite and PostgreSQL, their differences kept here, and the only commit.

A request or job opens one `transaction()` at its edge and hands it down; nothing below commits. There is one writer at
a time, on either database: what a transaction has read stays true until it ends. SQLite begins with BEGIN IMMEDIATE in
WAL mode (with the driver's own BEGIN, four processes lost 252 of 400 updates), PostgreSQL with an advisory lock.
Readers see one snapshot and never block a writer.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DataError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from tomeishi.errors import BadInput, Conflict, MissingExtra, NotFound, StorageFailure, TomeishiError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0011"
"""The newest migration; kept here so that an installation that is up to date need not load Alembic (0.4 s)."""

BUSY_S = 30.0
"""Longest wait for another writer."""

WRITE_LOCK = 0x746F6D65
"""PostgreSQL advisory lock of the one process that writes or migrates."""

CONNECTIONS = {"write": 4, "read": 12}
"""Most connections to a PostgreSQL server from one process: several processes stay below its usual hundred."""


class Database:
    """One installation's database. Cheap to make; safe to share between threads."""

    def __init__(self, url: str) -> None:
        """`sqlite:///path/to/file` (never in memory: every process must see it) or `postgresql://...`."""
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise BadInput("not a database address; write sqlite:///path/to/registry.sqlite") from error
        self.where = parsed.render_as_string(hide_password=True)
        """The file or the address, fit to be shown."""
        sqlite = parsed.get_backend_name() == "sqlite"
        if sqlite and (parsed.database in (None, "", ":memory:") or parsed.query):
            raise BadInput(f"{url}: a registry needs a plain file; write sqlite:///path/to/registry.sqlite")
        if not sqlite and parsed.drivername not in ("postgresql", "postgresql+psycopg"):
            raise BadInput(f"{self.where}: write sqlite:///... or postgresql://...")
        self._engines = {mode: _engine(parsed, connections) for mode, connections in CONNECTIONS.items()}
        self._file: Path | None = None
        if sqlite:
            self._file = Path(str(parsed.database)).absolute()
            self.where = str(self._file)
            for mode, engine in self._engines.items():
                _prepare_sqlite(engine, read_only=mode == "read")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Writes that are kept together at the end, or not at all if anything is raised; one writer at a time."""
        self._must_exist()
        with self._failures(), self._engines["write"].begin() as connection:
            self._only_writer(connection)
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

    def migrate(self, until: str = HEAD) -> None:
        """Bring the tables to this version, making file and folder; processes may start together.

        An older version `until` is for a database into which older rows go.
        """
        with self._failures(), self._one_at_a_time(), self._engines["write"].begin() as connection:
            self._only_writer(connection)
            found = _version(connection)
            if found is not None and found > HEAD:
                raise StorageFailure(f"{self.where}: made by a newer Tomeishi (tables {found}); update this one")
            if found is None and inspect(connection).get_table_names():
                raise BadInput(f"{self.where}: a database of something else; name another file")
            if found is None or found < until:
                _upgrade(connection, until)

    def version(self) -> str:
        """The newest migration that ran; StorageFailure where it is not the newest that there is."""
        with self.reading() as connection:
            found = _version(connection)
        if found != HEAD:
            raise StorageFailure(f"{self.where}: its tables are of version {found or 'none'}, not {HEAD}")
        return HEAD

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()

    def _must_exist(self) -> None:
        if self._file is not None and not self._file.exists():
            raise NotFound(f"{self._file}: no registry there; register a work first, or check TOMEISHI_HOME")

    def _only_writer(self, connection: Connection) -> None:
        if self._file is None:
            connection.execute(text(f"SET LOCAL lock_timeout = {int(BUSY_S * 1000)}"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITE_LOCK})

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
        except PoolTimeout as error:
            raise StorageFailure(f"{self.where}: too many requests at once; try again") from error
        except (StatementError, sqlite3.Error) as error:  # the second: raised while a connection is being prepared
            failure = _explained(error, self.where, read_only=read_only)
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


def _upgrade(connection: Connection, until: str) -> None:
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, until)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _engine(url: URL, connections: int) -> Engine:
    if url.get_backend_name() == "sqlite":
        return create_engine(url, hide_parameters=True)  # an error's words go to the log, names do not
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtra("for PostgreSQL install Tomeishi with its extra: tomeishi[postgres]") from error
    # A server may have been restarted since the last use of a connection: ask before relying on it.
    return create_engine(
        url, module=psycopg, pool_size=connections, max_overflow=0, pool_pre_ping=True, hide_parameters=True
    )


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
    state = getattr(cause, "sqlstate", None) or ""
    if (name == "SQLITE_READONLY" or state == "25006") and read_only:
        return None  # a write inside `reading()`
    for prefix, sentence in (_SQLITE_FAILURES if name else _POSTGRES_FAILURES if state else {}).items():
        if (name or state).startswith(prefix):
            return StorageFailure(f"{where}: {sentence}")
    if name == "SQLITE_NOTADB":
        return BadInput(f"{where}: not a Tomeishi registry (not a SQLite file); name another file")
    if state in ("40001", "40P01"):
        return Conflict(f"{where}: another process changed the same rows at this moment; try again")
    if isinstance(error, DataError) and "NUL" in str(cause):
        return BadInput("a text holds the character U+0000, which cannot be kept; take it out")
    if not name and not state and isinstance(error, OperationalError):
        return StorageFailure(f"{where}: the database cannot be used: {str(cause).strip().splitlines()[0]}")
    return None


_FULL = "the disk is full; nothing of this step was kept. Free some space and repeat it"
_BUSY = f"another process has kept the database locked for {BUSY_S:.0f} s; try again when it has finished"

_SQLITE_FAILURES = {
    "SQLITE_FULL": _FULL,
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": "locked by another step of this process; try again",
    "SQLITE_CANTOPEN": "cannot be opened; check that the folder is there and may be written",
    "SQLITE_READONLY": "cannot be written; check the permissions of the file and its folder",
    "SQLITE_PERM": "cannot be opened; check the permissions of the file and its folder",
    "SQLITE_IOERR": "the disk did not read or write; it may be full: free some space, else check the disk",
    "SQLITE_CORRUPT": "the database file is damaged; restore a backup",
}

_POSTGRES_FAILURES = {
    "08": "the connection to the server was lost; nothing of this step was kept. Repeat it",
    "25006": "the server takes no changes (a standby, or set to read only); name the primary server",
    "42501": "the user of this address lacks a right; let the user own the database",
    "53100": _FULL,
    "53": "the server is short of memory or connections; try again, or raise its limits",
    "55P03": _BUSY,
    "57P": "the server is being stopped or started; try again when it is back",
    "58": "the server's disk did not read or write; look into its log",
    "XX001": "the server found damaged data; restore a backup",
}
"""By the beginning of SQLSTATE (PostgreSQL, appendix A)."""
