import os
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError, InternalError, OperationalError

from tomeishi.errors import BadInput, Conflict, NotFound, StorageFailure
from tomeishi.storage.db import HEAD, Database, alembic_config
from tomeishi.storage.tables import APPEND_ONLY, log_entries, members, metadata

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'registry.sqlite'}"


def add(tx: Connection, name: str, at: datetime = NOON) -> None:
    tx.execute(insert(members).values(id=f"mem_{name}", name=name, created_at=at))


def names(tx: Connection) -> list[str]:
    return list(tx.execute(select(members.c.name).order_by(members.c.name)).scalars())


def log(tx: Connection, number: int = 1) -> None:
    values = {"log": "consent", "number": number, "body": "{}", "previous": "", "digest": f"d{number}"}
    tx.execute(insert(log_entries).values(**values, recorded_at=NOON))


READY = """
import sys
from sqlalchemy import text
from tomeishi.storage.db import Database
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
"""
ADD_HUNDRED_TIMES = (
    READY
    + """
for _ in range(100):
    with database.transaction() as tx:
        count = int(tx.execute(text("SELECT name FROM members")).scalar_one())
        tx.execute(text("UPDATE members SET name = :name"), {"name": str(count + 1)})
"""
)
MIGRATE = (
    READY
    + """
database.migrate()
with database.reading() as tx:
    print(tx.execute(text("SELECT count(*) FROM members")).scalar_one())
"""
)


def run_together(script: str, address: str, count: int) -> None:
    """Real processes that start their work at the same moment."""
    processes = [
        subprocess.Popen([sys.executable, "-c", script, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * count


def test_four_processes_lose_no_update(database: Database, database_url: str) -> None:
    with database.transaction() as tx:
        add(tx, "0")
    run_together(ADD_HUNDRED_TIMES, database_url, 4)
    with database.reading() as tx:
        assert names(tx) == ["400"]


def test_two_processes_may_migrate_an_empty_home_at_once(empty_url: str) -> None:
    run_together(MIGRATE, empty_url, 2)
    database = Database(empty_url)
    with database.reading() as tx:
        assert names(tx) == []
    database.close()


def test_a_failed_transaction_keeps_nothing(database: Database) -> None:
    def add_and_fail() -> None:
        with database.transaction() as tx:
            add(tx, "A")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        add_and_fail()
    with database.reading() as tx:
        assert names(tx) == []


def test_a_reader_sees_one_snapshot_and_blocks_no_writer(database: Database) -> None:
    with database.reading() as reader:
        with database.transaction() as tx:
            add(tx, "A")
        assert names(reader) == []
    with database.reading() as reader:
        assert names(reader) == ["A"]


def test_a_writer_blocks_no_reader(database: Database) -> None:
    with database.transaction() as tx:
        add(tx, "A")
        with database.reading() as reader:
            assert names(reader) == []


def test_a_write_while_reading_is_refused(database: Database) -> None:
    with pytest.raises((OperationalError, InternalError), match=r"read-?only"), database.reading() as tx:
        add(tx, "A")
    with database.transaction() as tx:
        add(tx, "B")


def test_threads_write_one_after_the_other(database: Database) -> None:
    def write(name: str) -> None:
        with database.transaction() as tx:
            add(tx, name)

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as tx:
        assert len(names(tx)) == 8


def test_moments_keep_their_time_zone(database: Database) -> None:
    tokyo = datetime(2026, 11, 23, 21, tzinfo=timezone(timedelta(hours=9)))
    with database.transaction() as tx:
        add(tx, "A", tokyo)
        assert tx.execute(select(members.c.created_at)).scalar_one() == NOON
        assert tx.execute(select(members.c.id).where(members.c.created_at < NOON + timedelta(hours=1))).scalars().all()


def test_a_moment_without_a_time_zone_is_refused(database: Database) -> None:
    with pytest.raises(BadInput, match="time zone"), database.transaction() as tx:
        add(tx, "A", NOON.replace(tzinfo=None))


def test_a_reference_to_nothing_is_refused(database: Database) -> None:
    words = "INSERT INTO works (id, member_id, title, created_at) VALUES ('w', 'nobody', 't', '2026-01-01')"
    with pytest.raises(IntegrityError), database.transaction() as tx:
        tx.execute(text(words))


@pytest.mark.parametrize("statement", ["UPDATE log_entries SET body = '[]'", "DELETE FROM log_entries"])
def test_an_append_only_table_refuses_every_change(database: Database, statement: str) -> None:
    refuses(database, statement)


@pytest.mark.parametrize("key", ["number, '[]', previous, 'other'", "9, '[]', previous, digest"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_append_only_table_refuses_the_words_that_only_sqlite_has(database: Database, key: str) -> None:
    refuses(database, f"INSERT OR REPLACE INTO log_entries SELECT log, {key}, recorded_at FROM log_entries")


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_an_append_only_table_refuses_the_words_that_only_postgresql_has(database: Database) -> None:
    refuses(database, "TRUNCATE log_entries")


def refuses(database: Database, statement: str) -> None:
    with database.transaction() as tx:
        log(tx)
    with pytest.raises(IntegrityError, match="append-only"), database.transaction() as tx:
        tx.execute(text(statement))
    with database.transaction() as tx:
        log(tx, 2)
        assert tx.execute(select(log_entries.c.body)).scalars().all() == ["{}", "{}"]


def test_every_append_only_table_has_its_triggers(database: Database, backend: str) -> None:
    listed, kinds = {
        "sqlite": ("name FROM sqlite_master WHERE type = 'trigger'", ("update", "delete", "replace")),
        "postgresql": ("tgname FROM pg_trigger WHERE NOT tgisinternal", ("change", "truncate")),
    }[backend]
    with database.reading() as tx:
        found = set(tx.execute(text(f"SELECT {listed}")).scalars())
    assert found == {f"{table}_no_{kind}" for table in APPEND_ONLY for kind in kinds}


def test_the_migrations_build_the_tables_that_the_code_uses(database: Database, empty_url: str) -> None:
    with database.reading() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []
        migrated = built(tx)
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        metadata.create_all(connection)
        direct = built(connection)
    engine.dispose()
    assert migrated == direct


def built(tx: Connection) -> dict[str, list[str]]:
    """Columns and constraints per table and index, in any order: Alembic does not compare CHECKs."""
    if tx.dialect.name == "postgresql":
        columns = "SELECT table_name, concat_ws(' ', column_name, data_type, is_nullable, collation_name) FROM "
        rules = "SELECT conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
        found: dict[str, list[str]] = defaultdict(list)
        for words in (
            columns + "information_schema.columns WHERE table_schema = 'public'",
            rules + " WHERE connamespace = 'public'::regnamespace",
            "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        ):
            for table, part in tx.execute(text(words)):
                found[table].append(part)
        return {table: sorted(parts) for table, parts in found.items() if table != "alembic_version"}
    rows = tx.execute(text("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql NOT NULL"))
    return {
        name: sorted(part.strip() for part in re.split(r",\s*\n", re.sub(r"^.*?\(|\)\s*$", "", sql, flags=re.S)))
        for name, sql in rows
        if name != "alembic_version"
    }


def test_the_newest_migration_is_the_one_that_the_database_asks_for() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_the_migrations_render_for_postgresql() -> None:
    out = StringIO()
    config = alembic_config()
    config.output_buffer = out
    config.attributes["dialect"] = "postgresql"
    command.upgrade(config, "head", sql=True)
    sql = out.getvalue()
    for table in metadata.tables:
        assert re.search(f'CREATE TABLE "?{table}"? ', sql)
    assert "number BIGINT NOT NULL" in sql
    for table in APPEND_ONLY:
        assert f"BEFORE UPDATE OR DELETE ON {table}" in sql
        assert f"BEFORE TRUNCATE ON {table}" in sql
    assert "RAISE(ABORT" not in sql


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.transaction() as tx:
        add(tx, "A")
    database.migrate()
    with database.reading() as tx:
        assert names(tx) == ["A"]


def test_a_percent_sign_in_the_path_is_only_a_character(tmp_path: Path) -> None:
    Database(url(tmp_path / "100%(here)s")).migrate()
    assert (tmp_path / "100%(here)s" / "registry.sqlite").exists()


def test_tables_of_a_newer_version_are_left_alone(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageFailure, match=r"newer Tomeishi \(tables 9999\)"):
        database.migrate()


def test_a_database_of_something_else_is_left_alone(empty_url: str) -> None:
    other = create_engine(empty_url)
    with other.begin() as connection:
        connection.execute(text("CREATE TABLE photos (id INTEGER)"))
    other.dispose()
    database = Database(empty_url)
    with pytest.raises(BadInput, match="something else"):
        database.migrate()
    database.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite").write_text("Dear diary, today I wrote a text file. " * 100)
    for use in (Database(url(tmp_path)).migrate, Database(url(tmp_path)).transaction().__enter__):
        with pytest.raises(BadInput, match=r"registry\.sqlite: not a Tomeishi registry") as raised:
            use()
        assert "\n" not in str(raised.value)


def test_a_registry_that_is_not_there_is_not_made_by_reading(tmp_path: Path) -> None:
    database = Database(url(tmp_path))
    with pytest.raises(NotFound, match="no registry there"), database.reading():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailure, match="cannot be written"):
        Database(url(tmp_path / "file" / "home")).migrate()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StorageFailure, match="cannot be written"):
            Database(url(tmp_path)).migrate()
    finally:
        tmp_path.chmod(0o700)


def test_a_database_that_is_a_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite").mkdir()
    with pytest.raises(StorageFailure, match="cannot be opened"):
        Database(url(tmp_path)).migrate()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)  # it can be told how many pages there are
def test_a_full_disk_is_one_line_and_keeps_nothing_of_the_step(database: Database) -> None:
    def fill() -> None:
        with database.transaction() as tx:
            pages = tx.execute(text("PRAGMA page_count")).scalar_one()
            tx.execute(text(f"PRAGMA max_page_count = {pages + 4}"))
            for number in range(1000):
                add(tx, f"{number:0200}")

    with pytest.raises(StorageFailure, match="disk is full") as raised:
        fill()
    assert "\n" not in str(raised.value)
    with database.reading() as tx:
        assert names(tx) == []


def test_a_lock_that_is_kept_is_one_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tomeishi.storage.db.BUSY_S", 0.1)
    database = Database(database_url)
    with database.transaction(), pytest.raises(StorageFailure, match="locked"), database.transaction():
        pass
    database.close()


@pytest.mark.parametrize(
    "address", ["", "registry.sqlite", "sqlite://", "sqlite:///:memory:", "nosuch://x", "sqlite:///a.sqlite?mode=ro"]
)
def test_an_address_that_cannot_hold_a_registry_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="sqlite:///"):
        Database(address)


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(BadInput) as raised:
        Database("nosuch://me:secret@host/registry")
    assert "secret" not in str(raised.value)


def postgres_error(state: str) -> OperationalError:
    """As the driver raises it: a disk cannot be filled under a server that other tests use."""
    cause = psycopg.errors.lookup(state)("what the server says")
    return OperationalError("SELECT 1", None, cause)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("08006", "connection to the server was lost"),
        ("25006", "takes no changes"),
        ("42501", "lacks a right"),
        ("53100", "disk is full"),
        ("53300", "short of memory or connections"),
        ("55P03", "kept the database locked"),
        ("57P01", "being stopped or started"),
        ("40P01", "try again"),
    ],
)
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_what_a_server_says_becomes_one_line(database: Database, state: str, says: str) -> None:
    with pytest.raises((StorageFailure, Conflict), match=says) as raised, database.transaction():
        raise postgres_error(state)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_ends_is_one_line_and_the_next_request_works(database: Database) -> None:
    def be_ended() -> None:
        with database.transaction() as tx:
            add(tx, "A")
            own = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with database.reading() as other:
                other.execute(text(f"SELECT pg_terminate_backend({own}, 10000)"))
            add(tx, "B")

    with pytest.raises(StorageFailure, match="server") as raised:
        be_ended()
    assert "\n" not in str(raised.value)
    with database.transaction() as tx:
        assert names(tx) == []


def test_a_server_that_is_not_there_is_one_line_without_the_password() -> None:
    with pytest.raises(StorageFailure, match="cannot be used") as raised:
        Database("postgresql://me:secret@127.0.0.1:1/registry").migrate()
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_character_that_the_server_cannot_keep_is_bad_input(database: Database) -> None:
    with pytest.raises(BadInput, match=r"U\+0000"), database.transaction() as tx:
        add(tx, "a\0b")


def test_text_is_ordered_by_its_bytes(database: Database) -> None:
    with database.transaction() as tx:
        for name in ("b", "ä", "A", "a", "_", "あ", "ア"):
            add(tx, name)
        assert names(tx) == sorted(["b", "ä", "A", "a", "_", "あ", "ア"])


def test_as_many_readers_as_come_are_served(database: Database) -> None:
    seen: list[int] = []

    def read() -> None:
        with database.reading() as tx:
            time.sleep(0.05)
            seen.append(len(names(tx)))

    threads = [threading.Thread(target=read) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [0] * 40
