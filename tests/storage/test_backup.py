"""A whole installation copied, backed up under load and put back: the digests tell whether anything was lost."""

import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from tomeishi import clock
from tomeishi.config import Settings
from tomeishi.errors import BadInput, Conflict, StorageFailure, Tampered
from tomeishi.registry import works
from tomeishi.storage import copying, log, merkle
from tomeishi.storage.backup import back_up, restore
from tomeishi.storage.blobs import Blobs
from tomeishi.storage.db import Database
from tomeishi.storage.tables import members, reference_files

ByHand = Callable[..., None]

ALONG = ("policy.toml", "datasets.toml", "descriptors/a/model.onnx", "audits/one/shards/0.parquet")

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def settings(database: Database, database_url: str, tmp_path: Path) -> Settings:
    """A few rows of every kind of value, a kept file, a policy, a data set offered, an audit, a model and a key."""
    made = Settings(tmp_path / "home", database_url)
    for path in ALONG:
        (made.home / path).parent.mkdir(parents=True, exist_ok=True)
        (made.home / path).write_text(f"this is {path}", encoding="utf-8")
    Blobs(made.blobs).put(b"a kept file")
    made.keys.mkdir()
    (made.keys / "installation.json").write_text("{}", encoding="utf-8")
    with database.transaction() as tx:
        member = works.add_member(tx, '星雲社 "A"\n\t\\')
        work = works.add_work(tx, member, "星のピコ丸", "ほしのぴこまる", ["Pico"])
        values = {"id": "ref_1", "work_id": work, "path": "a.mp4", "location": "/a.mp4", "digest": "sha256:0"}
        numbers = {"size_bytes": 1 << 52, "duration_s": 0.1 + 0.2, "kind": "video", "created_at": clock.now()}
        tx.execute(insert(reference_files).values(**values, **numbers))
        for number in range(5):
            log.append(tx, "consent", {"n": number, "text": "許諾"}, clock.now())
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, databases: object, tmp_path: Path) -> Iterator[Database]:
    """An empty database, of the same kind or the other."""
    (tmp_path / "into").mkdir()
    url = databases.empty(request.param, tmp_path / "into")  # type: ignore[attr-defined]
    made = Database(url)
    yield made
    made.close()
    databases.drop(url)  # type: ignore[attr-defined]


def held(database: Database) -> dict[str, copying.Contents]:
    with database.reading() as tx:
        return copying.contents_of(tx)


def root(database: Database) -> bytes:
    with database.reading() as tx:
        return merkle.Tree(log.leaf_data(entry) for entry in log.read(tx, "consent")).root()


def test_a_copy_holds_the_same_on_either_database(database: Database, settings: Settings, empty: Database) -> None:
    empty.migrate()
    with database.transaction() as source, empty.transaction() as target:
        copied = copying.copy(source, target)
    assert copied == held(database) == held(empty)
    assert root(database) == root(empty)
    assert {name: each.rows for name, each in copied.items() if each.rows}["log_entries"] == 5


def test_nothing_is_copied_into_a_database_that_holds_something(
    database: Database, settings: Settings, empty: Database
) -> None:
    empty.migrate()
    with empty.transaction() as tx:
        works.add_member(tx, "somebody")
    with pytest.raises(Conflict, match="not empty"), database.transaction() as source, empty.transaction() as target:
        copying.copy(source, target)
    assert held(empty)["members"].rows == 1


def test_a_backup_is_put_back_with_the_same_digests(
    database: Database, settings: Settings, empty: Database, tmp_path: Path
) -> None:
    file, into = tmp_path / "backup.zip", Settings(tmp_path / "into", "")
    done = back_up(database, settings, file, NOON, with_keys=True)
    assert file.stat().st_mode & 0o077 == 0
    assert restore(file, empty, into) == done
    assert held(empty) == done.tables == held(database)
    assert root(database) == root(empty)
    assert [path.read_bytes() for path in into.blobs.glob("??/??/*")] == [b"a kept file"]
    assert {path: (into.home / path).read_text(encoding="utf-8") for path in ALONG} == {
        path: f"this is {path}" for path in ALONG
    }
    assert (into.keys / "installation.json").stat().st_mode & 0o077 == 0


def test_a_backup_holds_no_key_unless_asked_for(database: Database, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    assert not back_up(database, settings, file, NOON, with_keys=False).keys
    with zipfile.ZipFile(file) as archive:
        assert not [name for name in archive.namelist() if name.startswith("keys")]


def test_a_backup_taken_while_others_write_is_of_one_moment(
    database: Database, settings: Settings, empty: Database, tmp_path: Path
) -> None:
    """Every write adds a member and an entry together: a backup of two moments would hold unequal numbers."""
    over, begun = threading.Event(), threading.Event()
    written: list[str] = []

    def write() -> None:
        while not over.is_set():
            with database.transaction() as tx:
                name = f"member {len(written)}"
                tx.execute(insert(members).values(id=name, name=name, created_at=NOON))
                log.append(tx, "members", {"name": name}, NOON)
            written.append(name)
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait()
    try:
        done = back_up(database, settings, tmp_path / "backup.zip", NOON, with_keys=False)
    finally:
        over.set()
        thread.join()
    assert done.tables["members"].rows - 1 == done.tables["log_entries"].rows - 5
    assert restore(tmp_path / "backup.zip", empty, Settings(tmp_path / "into", "")).tables == done.tables == held(empty)


def test_a_backup_never_overwrites_another(database: Database, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "backup.zip").write_text("another")
    with pytest.raises(Conflict, match="never overwrites"):
        back_up(database, settings, tmp_path / "backup.zip", NOON, with_keys=False)


def test_a_kept_file_that_was_damaged_stops_the_backup(database: Database, settings: Settings, tmp_path: Path) -> None:
    (path,) = settings.blobs.glob("??/??/*")
    path.write_bytes(b"other bytes")
    with pytest.raises(Tampered, match="no longer match"):
        back_up(database, settings, tmp_path / "backup.zip", NOON, with_keys=False)
    assert not (tmp_path / "backup.zip").exists()


def changed(file: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(file) as archive:
        held = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for each, data in held.items():
            archive.writestr(each, change(data) if each.startswith(name) else data)


@pytest.mark.parametrize(
    ("name", "change", "error"),
    [
        ("tables/members", lambda data: data.replace("星雲社".encode(), "月雲社".encode()), Tampered),
        ("tables/log_entries", lambda data: data[: data.rstrip().rfind(b"\n") + 1], Tampered),
        ("tables/names", lambda data: b"[1]\n", BadInput),
        ("blobs/", lambda data: b"other bytes", Tampered),
        ("audits/", lambda data: b"other bytes", Tampered),
        ("backup.json", lambda data: b"{}", BadInput),
        ("backup.json", lambda data: data.replace(b'"datasets.toml"', b'"../datasets.toml"'), BadInput),
        ("backup.json", lambda data: data.replace(b'"blobs": 1', b'"blobs": 2'), BadInput),
    ],
    ids=["edited row", "cut log", "no row", "other file", "other audit", "no backup", "other name", "missing file"],
)
def test_a_changed_backup_is_not_restored(
    database: Database,
    settings: Settings,
    tmp_path: Path,
    empty_url: str,
    name: str,
    change: Callable[[bytes], bytes],
    error: type[Exception],
) -> None:
    file, empty = tmp_path / "backup.zip", Database(empty_url)
    back_up(database, settings, file, NOON, with_keys=False)
    changed(file, name, change)
    into = Settings(tmp_path / "into", "")
    with pytest.raises(error):
        restore(file, empty, into)
    changed_files = [path for path in into.home.rglob("*") if path.is_file() and path.read_bytes() == b"other bytes"]
    assert changed_files == []
    empty.migrate()
    assert not any(each.rows for each in held(empty).values())
    empty.close()


@pytest.mark.parametrize("data", [b"", b"text", b"PK\x05\x06" + bytes(18)], ids=["empty", "text", "empty archive"])
def test_a_file_that_is_no_backup_is_one_line(tmp_path: Path, empty_url: str, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    empty = Database(empty_url)
    with pytest.raises((BadInput, StorageFailure), match="file: not a") as raised:
        restore(tmp_path / "file", empty, Settings(tmp_path / "into", ""))
    assert "\n" not in str(raised.value)
    empty.close()


def test_a_backup_says_what_it_is(database: Database, settings: Settings, tmp_path: Path) -> None:
    back_up(database, settings, tmp_path / "backup.zip", NOON, with_keys=False)
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        about = json.loads(archive.read("backup.json"))
    assert (about["format"], about["made_at"], about["blobs"]) == ("tomeishi-backup-1", "2026-11-24T12:00:00Z", 1)


def test_a_backup_of_before_files_were_named_is_restored_with_its_policy(
    database: Database, settings: Settings, empty: Database, tmp_path: Path
) -> None:
    file, into = tmp_path / "backup.zip", Settings(tmp_path / "into", "")
    back_up(database, settings, file, NOON, with_keys=False)
    with zipfile.ZipFile(file) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if name not in ALONG[1:]}
    about = json.loads(kept["backup.json"])
    del about["files"]
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in (kept | {"backup.json": json.dumps(about).encode()}).items():
            archive.writestr(name, data)
    assert list(restore(file, empty, into).files) == ["policy.toml"]
    assert into.policy.read_text(encoding="utf-8") == "this is policy.toml"
