import os
import re
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from tomeishi.errors import BadInput, NotFound, StorageFailure
from tomeishi.storage.db import HEAD, Database, alembic_config
from tomeishi.storage.tables import APPEND_ONLY, log_entries, members, metadata

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'registry.sqlite'}"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(url(tmp_path))
    made.migrate()
    return made


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


def test_four_processes_lose_no_update(database: Database, tmp_path: Path) -> None:
    with database.transaction() as tx:
        add(tx, "0")
    run_together(ADD_HUNDRED_TIMES, url(tmp_path), 4)
    with database.reading() as tx:
        assert names(tx) == ["400"]


def test_two_processes_may_migrate_an_empty_home_at_once(tmp_path: Path) -> None:
    address = url(tmp_path / "new" / "home")
    run_together(MIGRATE, address, 2)
    with Database(address).reading() as tx:
        assert names(tx) == []


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
    with pytest.raises(OperationalError, match="readonly"), database.reading() as tx:
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


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entries SET body = '[]'",
        "DELETE FROM log_entries",
        "INSERT OR REPLACE INTO log_entries SELECT log, number, '[]', previous, 'other', recorded_at FROM log_entries",
        "INSERT OR REPLACE INTO log_entries SELECT log, 9, '[]', previous, digest, recorded_at FROM log_entries",
    ],
)
def test_an_append_only_table_refuses_every_change(database: Database, statement: str) -> None:
    with database.transaction() as tx:
        log(tx)
    with pytest.raises(IntegrityError, match="append-only"), database.transaction() as tx:
        tx.execute(text(statement))
    with database.transaction() as tx:
        log(tx, 2)
        assert tx.execute(select(log_entries.c.body)).scalars().all() == ["{}", "{}"]


def test_every_append_only_table_has_its_triggers(database: Database) -> None:
    with database.reading() as tx:
        found = set(tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars())
    assert found == {f"{table}_no_{what}" for table in APPEND_ONLY for what in ("update", "delete", "replace")}


def test_the_migrations_build_the_tables_that_the_code_uses(database: Database, tmp_path: Path) -> None:
    with database.reading() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []
        migrated = built(tx)
    engine = create_engine(f"sqlite:///{tmp_path / 'direct.sqlite'}")
    with engine.begin() as connection:
        metadata.create_all(connection)
        direct = built(connection)
    engine.dispose()
    assert migrated == direct


def built(tx: Connection) -> dict[str, list[str]]:
    """Columns and constraints per table and index, in any order: Alembic does not compare CHECKs."""
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


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "registry.sqlite") as other:
        other.execute("CREATE TABLE photos (id)")
    other.close()
    with pytest.raises(BadInput, match="something else"):
        Database(url(tmp_path)).migrate()


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


def test_a_lock_that_is_kept_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tomeishi.storage.db.BUSY_S", 0.1)
    database = Database(url(tmp_path))
    database.migrate()
    with database.transaction(), pytest.raises(StorageFailure, match="locked"), database.transaction():
        pass


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
