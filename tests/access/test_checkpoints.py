import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DatabaseError

from tomeishi.access import checkpoints
from tomeishi.access.keys import new_key
from tomeishi.access.notes import Checkpoint, opened, signed_note
from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.storage import log
from tomeishi.storage.db import Database
from tomeishi.values import canonical, digest_of

ByHand = Callable[..., None]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY, NEW_KEY, STRANGER = new_key("installation"), new_key("installation"), new_key("somebody")


def grow(database: Database, count: int) -> None:
    with database.transaction() as tx:
        first = log.head(tx, "consent")[0]
        for number in range(first, first + count):
            log.append(tx, "consent", {"n": number}, NOON + timedelta(minutes=number))


def sign(database: Database, key: Any = KEY) -> str:
    with database.transaction() as tx:
        return checkpoints.checkpoint(tx, "consent", key, NOON)


def state(database: Database, *against: str, keys: Any = (KEY,)) -> checkpoints.State:
    with database.reading() as tx:
        return checkpoints.state_of(tx, "consent", [key.public for key in keys], against)


def rewrite(by_hand: ByHand, database: Database, number: int) -> None:
    """Changes one body and makes the whole chain anew, so that no digest is wrong."""
    with database.reading() as tx:
        entries = log.read(tx, "consent")
    previous, edits = log.genesis("consent"), []
    for entry in entries:
        body = entry.body if entry.number != number else canonical({"n": "rewritten"}).decode()
        digest = digest_of(log.encoded("consent", entry.number, previous, entry.recorded_at, body))
        values = (body, previous, digest, entry.number)
        edits.append(("UPDATE log_entries SET body = ?, previous = ?, digest = ? WHERE number = ?", values))
        previous = digest
    by_hand(*edits)
    with database.reading() as tx:
        assert log.verify(tx, "consent") == []


def test_a_log_that_only_grew_holds_all_its_checkpoints(database: Database) -> None:
    for count in (0, 1, 2, 4, 1, 9):
        grow(database, count)
        sign(database)
    found = state(database)
    assert (found.entries, found.checkpoints, found.problems) == (17, 6, ())
    assert found.to_json()["first_bad_row"] is None


def test_a_checkpoint_of_an_unchanged_log_is_the_one_kept(database: Database) -> None:
    grow(database, 3)
    assert sign(database) == sign(database, NEW_KEY)
    assert opened(sign(database), [KEY.public])[1] == KEY.public


def test_checkpoints_are_kept_for_good(database: Database) -> None:
    sign(database)
    for statement in ("DELETE FROM log_checkpoints", "UPDATE log_checkpoints SET note = ''"):
        with pytest.raises(DatabaseError, match="append-only"), database.transaction() as tx:
            tx.exec_driver_sql(statement)


def test_a_log_keeps_its_name_when_the_key_changes(database: Database) -> None:
    grow(database, 2)
    first = sign(database)
    grow(database, 2)
    second = sign(database, NEW_KEY)
    assert opened(first, ())[0].origin == opened(second, ())[0].origin
    assert state(database, keys=(KEY, NEW_KEY)).problems == ()
    (problem,) = state(database, keys=(NEW_KEY,)).problems
    assert problem == log.Problem(2, "is under a checkpoint signed by a key that is not known here")


@pytest.mark.parametrize(("number", "named"), [(1, 1), (3, 1), (4, 4), (7, 4), (8, 8), (9, 8)])
def test_a_chain_made_anew_is_detected_by_the_checkpoints(
    database: Database, by_hand: ByHand, number: int, named: int
) -> None:
    for count in (3, 4, 2):
        grow(database, count)
        sign(database)
    rewrite(by_hand, database, number)
    found = state(database)
    (problem,) = found.problems
    assert problem.number == named
    assert "was rewritten after a checkpoint had covered it" in problem.what
    assert found.to_json()["first_bad_row"] == named
    grow(database, 1)
    with pytest.raises(Tampered, match="does not continue its checkpoint"):
        sign(database)


def test_a_cut_end_is_detected_by_a_checkpoint(database: Database, by_hand: ByHand) -> None:
    grow(database, 5)
    sign(database)
    by_hand(("DELETE FROM log_entries WHERE number > 3", ()))
    (problem,) = state(database).problems
    assert problem == log.Problem(4, "and all up to 5 are cut off: a checkpoint covers them")


def test_a_checkpoint_kept_elsewhere_holds_a_log_whose_own_were_taken_away(database: Database, by_hand: ByHand) -> None:
    grow(database, 3)
    kept = sign(database)
    grow(database, 1)
    assert state(database, kept).checkpoints == 2
    rewrite(by_hand, database, 2)
    by_hand(("DELETE FROM log_checkpoints", ()))
    assert state(database).problems == ()
    (problem,) = state(database, kept).problems
    assert problem.number == 1


def test_checkpoints_of_other_logs_are_passed_over(database: Database) -> None:
    grow(database, 1)
    sign(database)
    other = signed_note(Checkpoint("elsewhere/keys", 9, b"x" * 32).text, "elsewhere/keys", KEY)
    assert state(database, other).problems == ()
    same_name = signed_note(Checkpoint("elsewhere/consent", 1, b"x" * 32).text, "elsewhere/consent", KEY)
    (problem,) = state(database, same_name).problems
    assert "of another log, elsewhere/consent" in problem.what


def test_an_edited_row_is_named_by_its_chain(database: Database, by_hand: ByHand) -> None:
    grow(database, 5)
    sign(database)
    by_hand(("UPDATE log_entries SET body = '{}' WHERE number = 4", ()))
    assert [problem.number for problem in state(database).problems] == [4]
    with pytest.raises(Tampered), database.transaction() as tx:
        checkpoints.checkpoint(tx, "consent", KEY, NOON)


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        ("UPDATE log_checkpoints SET note = replace(note, '\n3', '\n2')", "does not hold"),
        ("UPDATE log_checkpoints SET note = 'none'", "does not hold"),
        ("UPDATE log_checkpoints SET size = 2", "moved to another size"),
    ],
    ids=range(3),
)
def test_an_edited_checkpoint_is_detected(database: Database, by_hand: ByHand, edit: str, what: str) -> None:
    grow(database, 3)
    sign(database)
    by_hand((edit, ()))
    (problem,) = state(database).problems
    assert what in problem.what


def prove(database: Database, number: int) -> dict[str, Any]:
    with database.transaction() as tx:
        return checkpoints.proof_of(tx, "consent", number, KEY, NOON)


@pytest.mark.parametrize("number", [1, 4, 7])
def test_a_proof_holds_without_the_registry(database: Database, number: int) -> None:
    grow(database, 7)
    entry, found = checkpoints.check_proof(json.dumps(prove(database, number)), [STRANGER.public, KEY.public])
    assert (entry.number, json.loads(entry.body)) == (number, {"n": number - 1})
    assert found.size == 7


def test_there_is_no_proof_of_what_is_not_there(database: Database) -> None:
    grow(database, 2)
    for number in (0, 3):
        with pytest.raises(NotFound):
            prove(database, number)


def test_the_key_in_a_proof_counts_for_nothing(database: Database) -> None:
    grow(database, 2)
    with pytest.raises(Tampered, match="not signed by a key that is trusted"):
        checkpoints.check_proof(json.dumps(prove(database, 1)), [STRANGER.public])


def _entry(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(proof: dict[str, Any]) -> None:
        proof["entry"] |= changes

    return change


def _rehashed(proof: dict[str, Any]) -> None:
    """Another body with a digest that fits it."""
    entry = proof["entry"] | {"body": '{"n":9}'}
    words = log.encoded("consent", entry["number"], entry["previous"], NOON + timedelta(minutes=1), entry["body"])
    proof["entry"] = entry | {"digest": digest_of(words)}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (_entry(body='{"n":9}'), BadInput),
        (_entry(number=3), BadInput),
        (_entry(number="2"), BadInput),
        (_entry(log="keys"), BadInput),
        (_entry(recorded_at="2020-01-01T00:00:00Z"), BadInput),
        (_entry(more=1), BadInput),
        (_rehashed, Tampered),
        (lambda proof: proof["proof"].reverse(), Tampered),
        (lambda proof: proof["proof"].pop(), Tampered),
        (lambda proof: proof.update(proof=["?"]), BadInput),
        (lambda proof: proof.update(proof=7), BadInput),
        (lambda proof: proof.update(checkpoint="none"), BadInput),
        (lambda proof: proof.update(checkpoint=7), BadInput),
        (lambda proof: proof.update(checkpoint=proof["checkpoint"].replace("\n7\n", "\n6\n")), BadInput),
        (lambda proof: proof.pop("entry"), BadInput),
        (lambda proof: proof.update(format="tomeishi-log-proof-2"), BadInput),
    ],
    ids=range(16),
)
def test_a_changed_proof_proves_nothing(
    database: Database, change: Callable[[dict[str, Any]], None], error: type[Exception]
) -> None:
    grow(database, 7)
    proof = prove(database, 2)
    change(proof)
    with pytest.raises(error):
        checkpoints.check_proof(json.dumps(proof), [KEY.public])


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", "[" * 9000, "x" * 5_000_000], ids=range(6))
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        checkpoints.check_proof(text, [KEY.public])
