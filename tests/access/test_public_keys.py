import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import create_engine, insert

from tomeishi.access.keys import COALITION, new_key
from tomeishi.access.public_keys import RetiredBecause, all_keys, keys_of, register_public_key, retire
from tomeishi.errors import Conflict, NotFound, Tampered
from tomeishi.storage import log
from tomeishi.storage.db import Database, alembic_config
from tomeishi.storage.tables import members, public_keys

ByHand = Callable[..., None]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def database(database: Database) -> Database:
    with database.transaction() as tx:
        for name in ("kumo", "hoshi"):
            tx.execute(insert(members).values(id=f"member_{name}", name=name, created_at=NOON))
    return database


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
        "valid_from = '2026-11-22 12:00:00'",
    ],
)
def test_a_key_edited_by_hand_is_detected(database: Database, by_hand: ByHand, edit: str) -> None:
    with database.transaction() as tx:
        register_public_key(tx, "member_kumo", new_key("kumo").public, NOON)
    by_hand(f"UPDATE public_keys SET {edit}")
    with database.reading() as tx, pytest.raises(Tampered, match="public keys"):
        keys_of(tx, "member_kumo", NOON)


def test_every_event_of_a_key_is_logged(database: Database) -> None:
    key = new_key("kumo").public
    with database.transaction() as tx:
        register_public_key(tx, "member_kumo", key, NOON)
        retire(tx, key.key_id, NOON + HOUR, RetiredBecause.LOST)
        events = [json.loads(entry.body) for entry in log.read(tx, "keys")]
    assert events == [
        {
            "event": "registered",
            "key_id": key.key_id,
            "member": "member_kumo",
            "public_key": key.text,
            "at": "2026-11-23T12:00:00Z",
        },
        {"event": "retired", "key_id": key.key_id, "because": "lost", "at": "2026-11-23T13:00:00Z"},
    ]


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE public_keys SET retired_at = NULL, retired_because = NULL",
        "UPDATE public_keys SET retired_at = '2030-01-01 00:00:00.000000'",
        "UPDATE public_keys SET valid_from = '2020-01-01 00:00:00.000000'",
        "UPDATE public_keys SET member_id = 'member_hoshi'",
        "UPDATE public_keys SET retired_because = 'rotated'",
        "DELETE FROM public_keys",
    ],
)
def test_a_key_brought_back_or_changed_in_its_table_is_detected(database: Database, by_hand: ByHand, edit: str) -> None:
    key = new_key("kumo").public
    with database.transaction() as tx:
        register_public_key(tx, "member_kumo", key, NOON)
        retire(tx, key.key_id, NOON + HOUR, RetiredBecause.COMPROMISED)
    by_hand(edit)
    with database.reading() as tx, pytest.raises(Tampered, match=f"row of {key.key_id} is not what the log"):
        all_keys(tx)


def test_a_key_put_into_the_table_by_hand_is_detected(database: Database, by_hand: ByHand) -> None:
    key = new_key("kumo").public
    by_hand(
        (
            "INSERT INTO public_keys VALUES (?, 'member_kumo', ?, '2026-11-23 12:00:00.000000', NULL, NULL)",
            (key.key_id, key.text),
        )
    )
    with database.reading() as tx, pytest.raises(Tampered, match=f"row of {key.key_id}"):
        all_keys(tx)


def test_an_event_edited_in_the_log_is_detected(database: Database, by_hand: ByHand) -> None:
    with database.transaction() as tx:
        register_public_key(tx, "member_kumo", new_key("kumo").public, NOON)
    by_hand("UPDATE log_entries SET body = replace(body, 'member_kumo', 'member_hoshi')")
    with database.reading() as tx, pytest.raises(Tampered, match="log keys: row 1 was edited"):
        all_keys(tx)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event": "registered", "key_id": "k", "at": "2026-11-23T12:00:00Z"},
        {"event": "retired", "key_id": "k", "because": "lost", "at": "2026-11-23T12:00:00Z"},
        {"event": "revived", "key_id": "k", "at": "2026-11-23T12:00:00Z"},
        {"event": "registered", "key_id": "k", "at": "soon"},
        {
            "event": "registered",
            "key_id": "k",
            "member": "m",
            "public_key": "/FHNjmIYoaONpH7QAwDwWAgW7RO6MwOsXeuRFUiQgCU=",
            "at": "2026-11-23T12:00:00Z",
        },
    ],
    ids=range(6),
)
def test_an_event_that_nobody_could_have_logged_is_named(database: Database, body: dict[str, str]) -> None:
    with database.transaction() as tx:
        log.append(tx, "keys", body, NOON)
        with pytest.raises(Tampered, match="log keys: row 1 holds no event of a key"):
            all_keys(tx)


def test_the_coalition_has_keys_without_being_a_member(database: Database) -> None:
    first, second = new_key("installation").public, new_key("installation").public
    with database.transaction() as tx:
        register_public_key(tx, COALITION, first, NOON)
        retire(tx, first.key_id, NOON + HOUR, RetiredBecause.ROTATED)
        register_public_key(tx, COALITION, second, NOON + HOUR)
        assert [known.key for known in keys_of(tx, COALITION, NOON + 2 * HOUR)] == [second]
        with pytest.raises(Conflict, match="retired"):
            register_public_key(tx, COALITION, first, NOON + 2 * HOUR)


def test_keys_registered_before_there_was_a_log_are_taken_into_it(empty_url: str) -> None:
    key = new_key("kumo").public
    engine, config = create_engine(empty_url), alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(insert(members).values(id="member_kumo", name="kumo", created_at=NOON))
        row = {"key_id": key.key_id, "member_id": "member_kumo", "public_key": key.text, "valid_from": NOON}
        retired = {"retired_at": NOON + HOUR, "retired_because": "lost"}
        connection.execute(insert(public_keys).values(**row, **retired))
    engine.dispose()
    database = Database(empty_url)
    database.migrate()
    with database.reading() as tx:
        (known,) = all_keys(tx).values()
    database.close()
    assert (known.key, known.retired_at, known.retired_because) == (key, NOON + HOUR, RetiredBecause.LOST)
