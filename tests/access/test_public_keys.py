import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from tomeishi.access.keys import new_key
from tomeishi.access.public_keys import RetiredBecause, all_keys, keys_of, register_public_key, retire
from tomeishi.errors import Conflict, NotFound, Tampered
from tomeishi.storage import log
from tomeishi.storage.db import Database
from tomeishi.storage.tables import members

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    made.migrate()
    with made.transaction() as tx:
        for name in ("kumo", "hoshi"):
            tx.execute(insert(members).values(id=f"member_{name}", name=name, created_at=NOON))
    return made


def test_a_key_is_valid_from_its_registration_to_its_retirement(database: Database) -> None:
    key = new_key("kumo").public
    with database.transaction() as tx:
        registered = register_public_key(tx, "member_kumo", key, NOON)
        retired = retire(tx, key.key_id, NOON + HOUR, RetiredBecause.ROTATED)
        assert keys_of(tx, "member_kumo", NOON - HOUR) == ()
        assert keys_of(tx, "member_kumo", NOON) == (retired,)
        assert keys_of(tx, "member_kumo", NOON + HOUR) == ()
    assert registered.valid_at(NOON + 2 * HOUR)
    assert not registered.valid_at(NOON - HOUR)
    assert (retired.retired_at, retired.retired_because) == (NOON + HOUR, RetiredBecause.ROTATED)


def test_a_rotation_leaves_two_keys_valid_while_both_are_registered(database: Database) -> None:
    old, new = new_key("kumo").public, new_key("kumo").public
    with database.transaction() as tx:
        register_public_key(tx, "member_kumo", old, NOON)
        register_public_key(tx, "member_kumo", new, NOON + HOUR)
        assert [known.key for known in keys_of(tx, "member_kumo", NOON + HOUR)] == [old, new]
        assert keys_of(tx, "member_hoshi", NOON + HOUR) == ()
        assert list(all_keys(tx)) == [old.key_id, new.key_id]


@pytest.mark.parametrize("member_id", ["member_kumo", "member_hoshi"])
def test_a_key_belongs_to_one_member_for_good(database: Database, member_id: str) -> None:
    key = new_key("kumo").public
    with database.transaction() as tx:
        register_public_key(tx, "member_kumo", key, NOON)
        with pytest.raises(Conflict, match="in use"):
            register_public_key(tx, member_id, key, NOON)
        retire(tx, key.key_id, NOON, RetiredBecause.COMPROMISED)
        with pytest.raises(Conflict, match="retired"):
            register_public_key(tx, member_id, key, NOON + HOUR)


def test_a_key_is_retired_once(database: Database) -> None:
    key = new_key("kumo").public
    with database.transaction() as tx:
        register_public_key(tx, "member_kumo", key, NOON)
        retire(tx, key.key_id, NOON + HOUR, RetiredBecause.LOST)
        with pytest.raises(Conflict, match="retired already, 2026-11-23T13:00:00Z"):
            retire(tx, key.key_id, NOON + 2 * HOUR, RetiredBecause.COMPROMISED)


def test_a_retirement_never_reaches_behind_what_is_recorded(database: Database) -> None:
    key = new_key("kumo").public
    with database.transaction() as tx:
        register_public_key(tx, "member_kumo", key, NOON)
        entry = log.append(tx, "consent", {}, NOON + HOUR)
        retired = retire(tx, key.key_id, NOON, RetiredBecause.COMPROMISED)
    assert retired.valid_at(entry.recorded_at)
    assert not retired.valid_at(entry.recorded_at + timedelta(seconds=1))


def test_unknown_members_and_keys_are_not_found(database: Database) -> None:
    with database.transaction() as tx:
        with pytest.raises(NotFound, match="member_yama"):
            register_public_key(tx, "member_yama", new_key("yama").public, NOON)
        with pytest.raises(NotFound, match="ed25519:0"):
            retire(tx, "ed25519:0", NOON, RetiredBecause.LOST)


@pytest.mark.parametrize(
    "edit",
    [
        "public_key = '/FHNjmIYoaONpH7QAwDwWAgW7RO6MwOsXeuRFUiQgCU='",
        "public_key = 'none'",
        "retired_because = 'forgotten'",
        "valid_from = 'yesterday'",
    ],
)
def test_a_key_edited_by_hand_is_detected(database: Database, tmp_path: Path, edit: str) -> None:
    with database.transaction() as tx:
        register_public_key(tx, "member_kumo", new_key("kumo").public, NOON)
    connection = sqlite3.connect(tmp_path / "registry.sqlite")
    connection.execute(f"UPDATE public_keys SET {edit}")
    connection.commit()
    connection.close()
    with database.reading() as tx, pytest.raises(Tampered, match="public keys"):
        keys_of(tx, "member_kumo", NOON)
