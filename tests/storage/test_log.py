import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import DatabaseError

from tomeishi.errors import BadInput, Tampered
from tomeishi.storage import log
from tomeishi.storage.db import Database

ByHand = Callable[..., None]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def fill(database: Database, count: int, name: str = "consent") -> list[log.LogEntry]:
    with database.transaction() as tx:
        return [log.append(tx, name, {"n": n, "text": "許諾"}, NOON + timedelta(minutes=n)) for n in range(count)]


def problems(database: Database, name: str = "consent") -> list[log.Problem]:
    with database.reading() as tx:
        return log.verify(tx, name)


def numbers(database: Database) -> list[int]:
    return [problem.number for problem in problems(database)]


def test_entries_are_numbered_from_one_and_chained(database: Database) -> None:
    appended = fill(database, 3)
    with database.reading() as tx:
        assert log.read(tx, "consent") == appended
        assert log.head(tx, "consent") == (3, appended[2].digest)
        assert log.verify(tx, "consent") == []
    assert [entry.number for entry in appended] == [1, 2, 3]
    assert appended[0].previous == log.genesis("consent")
    assert [entry.previous for entry in appended[1:]] == [entry.digest for entry in appended[:2]]


def test_the_head_of_an_empty_log_is_its_genesis(database: Database) -> None:
    with database.reading() as tx:
        assert log.head(tx, "consent") == (0, log.genesis("consent"))
        assert log.read(tx, "consent") == []
    assert log.genesis("consent") != log.genesis("cases")


def test_a_digest_can_be_repeated_with_sha256_alone(database: Database) -> None:
    entry = fill(database, 1)[0]
    genesis = "sha256:" + hashlib.sha256(b"tomeishi-log-genesis-1\nconsent").hexdigest()
    words = f'tomeishi-log-entry-1\nconsent\n1\n{genesis}\n2026-11-23T12:00:00Z\n{{"n":0,"text":"許諾"}}'
    assert entry.digest == "sha256:" + hashlib.sha256(words.encode()).hexdigest()


def test_the_same_words_in_two_logs_have_different_digests(database: Database) -> None:
    assert fill(database, 1, "consent")[0].digest != fill(database, 1, "cases")[0].digest
    assert problems(database, "cases") == []


def test_a_moment_keeps_its_microseconds_and_loses_its_zone(database: Database) -> None:
    at = datetime(2026, 11, 23, 21, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    with database.transaction() as tx:
        appended = log.append(tx, "consent", {}, at)
    with database.reading() as tx:
        assert log.read(tx, "consent") == [appended]
    assert appended.recorded_at == at


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with database.transaction() as tx, pytest.raises(BadInput, match="time zone"):
        log.append(tx, "consent", {}, datetime(2026, 11, 23))  # noqa: DTZ001


@pytest.mark.parametrize("name", ["", "Consent", "a\nb", "9", "con sent", "x" * 41])
def test_a_name_that_could_be_misread_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="not a name for a log"):
        log.genesis(name)


def test_nothing_is_kept_of_a_transaction_that_failed(database: Database) -> None:
    with pytest.raises(BadInput), database.transaction() as tx:  # noqa: PT012
        log.append(tx, "consent", {}, NOON)
        log.append(tx, "consent", {"not": "\ud800"}, NOON)
    assert fill(database, 1)[0].number == 1


@pytest.mark.parametrize("statement", ["UPDATE log_entries SET body = '{}'", "DELETE FROM log_entries"])
def test_the_table_itself_refuses_to_change(database: Database, statement: str) -> None:
    fill(database, 2)
    with pytest.raises(DatabaseError), database.transaction() as tx:
        tx.exec_driver_sql(statement)
    assert problems(database) == []


@pytest.mark.parametrize(
    "edit",
    [
        "body = '{\"n\":9}'",
        "body = body || ' '",
        "digest = 'sha256:" + "0" * 64 + "'",
        "previous = 'sha256:" + "0" * 64 + "'",
        "recorded_at = '2020-01-01 00:00:00.000000'",
    ],
)
@pytest.mark.parametrize("number", [1, 3, 5])
def test_an_edited_row_alone_is_named(database: Database, by_hand: ByHand, edit: str, number: int) -> None:
    fill(database, 5)
    by_hand(f"UPDATE log_entries SET {edit} WHERE number = {number}")
    assert set(numbers(database)) == {number}
    with database.reading() as tx, pytest.raises(Tampered, match=f"log consent: row {number} "):
        log.read(tx, "consent")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)  # the other keeps to the types of its columns
@pytest.mark.parametrize(
    "edit", ["body = CAST(body AS BLOB)", "digest = x'00'", "recorded_at = 'yesterday'", "recorded_at = 5"]
)
def test_a_value_of_another_type_is_named(database: Database, by_hand: ByHand, edit: str) -> None:
    fill(database, 5)
    by_hand(f"UPDATE log_entries SET {edit} WHERE number = 3")
    assert set(numbers(database)) == {3}


def test_a_row_rewritten_with_its_digest_is_named(database: Database, by_hand: ByHand) -> None:
    entry = fill(database, 5)[2]
    words = log.encoded("consent", 3, entry.previous, entry.recorded_at, "{}")
    digest = "sha256:" + hashlib.sha256(words).hexdigest()
    by_hand(f"UPDATE log_entries SET body = '{{}}', digest = '{digest}' WHERE number = 3")
    assert numbers(database) == [3]


def test_a_missing_row_is_named(database: Database, by_hand: ByHand) -> None:
    fill(database, 6)
    by_hand("DELETE FROM log_entries WHERE number IN (1, 3, 4)")
    assert problems(database) == [log.Problem(1, "is missing"), log.Problem(3, "and all up to 4 are missing")]


def test_rows_closed_up_over_a_missing_one_are_named(database: Database, by_hand: ByHand) -> None:
    fill(database, 4)
    by_hand(
        "DELETE FROM log_entries WHERE number = 2",
        "UPDATE log_entries SET number = number - 1 WHERE number = 3",
        "UPDATE log_entries SET number = number - 1 WHERE number = 4",
    )
    assert set(numbers(database)) == {2, 3}


def test_rows_that_changed_places_are_named(database: Database, by_hand: ByHand) -> None:
    fill(database, 5)
    by_hand(
        "UPDATE log_entries SET number = 99 WHERE number = 2",
        "UPDATE log_entries SET number = 2 WHERE number = 4",
        "UPDATE log_entries SET number = 4 WHERE number = 99",
    )
    assert {2, 4} <= set(numbers(database)) <= {2, 3, 4, 5}


def test_a_row_of_another_log_does_not_fit(database: Database, by_hand: ByHand) -> None:
    fill(database, 1, "cases")
    by_hand("UPDATE log_entries SET log = 'consent'")
    assert set(numbers(database)) == {1}


@pytest.mark.parametrize("number", ["-7", "0"])
def test_a_number_that_was_never_given_is_a_problem(database: Database, by_hand: ByHand, number: str) -> None:
    fill(database, 2)
    by_hand(f"UPDATE log_entries SET number = {number} WHERE number = 2")
    assert problems(database) != []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)  # the other keeps to the types of its columns
def test_nothing_is_appended_behind_a_row_without_a_number(database: Database, by_hand: ByHand) -> None:
    fill(database, 2)
    by_hand("UPDATE log_entries SET number = 'next' WHERE number = 2")
    assert problems(database) != []
    with database.transaction() as tx, pytest.raises(Tampered, match="'next'"):
        log.append(tx, "consent", {}, NOON)


def test_a_cut_end_shows_only_against_a_head_noted_before(database: Database, by_hand: ByHand) -> None:
    last = fill(database, 3)[-1]
    by_hand("DELETE FROM log_entries WHERE number = 3")
    assert problems(database) == []
    with database.reading() as tx:
        assert log.head(tx, "consent") != (last.number, last.digest)


APPEND = """
import sys
from tomeishi import clock
from tomeishi.storage import log
from tomeishi.storage.db import Database
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for n in range(30):
    with database.transaction() as tx:
        log.append(tx, "consent", {"by": sys.argv[2], "n": n}, clock.now())
"""


def test_processes_that_append_together_leave_one_whole_chain(database: Database, database_url: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND, database_url, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in "abc"
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in started:
        process.communicate(b"\n", timeout=60)
    assert [process.returncode for process in started] == [0, 0, 0]
    with database.reading() as tx:
        entries = log.read(tx, "consent")
    assert [entry.number for entry in entries] == list(range(1, 91))
    for name in "abc":
        own = [entry.body for entry in entries if f'"by":"{name}"' in entry.body]
        assert [int(re.findall(r'"n":(\d+)', body)[0]) for body in own] == list(range(30))
