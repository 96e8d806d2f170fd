"""`tomeishi log`: what was signed once can be held to it, by anybody and without the registry."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import edit_by_hand

from tomeishi import clock, wiring
from tomeishi.access import checkpoints, public_keys, succession
from tomeishi.access.keys import SigningKey, new_key
from tomeishi.config import settings_from
from tomeishi.consent import ledger
from tomeishi.storage import log

Command = Callable[..., Any]


def _json(outcome: Any, code: int = 0) -> Any:
    assert outcome.code == code, outcome.err
    return json.loads(outcome.out)


@pytest.fixture
def entries(tomeishi: Command, installed: Any) -> list[str]:
    """Three entries; the second is not signed."""
    about = ("--work", installed.works[0], "--use", "train", "--json")
    ways = (("--sign-with", installed.key), ("--by", "佐藤"), ("--sign-with", installed.key))
    return [_json(tomeishi("consent", "grant", *about, *way))["entry"] for way in ways]


def _by_hand(home: Path, *statements: str) -> None:
    edit_by_hand(settings_from({}, home).database_url, *statements)


def test_a_log_that_nobody_changed_is_intact(tomeishi: Command, entries: list[str]) -> None:
    notes = _json(tomeishi("log", "checkpoint", "--json"))
    assert [(note["log"], note["size"]) for note in notes] == [("consent", 3), ("keys", 1)]
    found = _json(tomeishi("log", "verify", "--json"))
    assert (found["intact"], found["ledger"]) == (True, None)
    assert [(each["log"], each["entries"], each["checkpoints"]) for each in found["logs"]] == [
        ("consent", 3, 1),
        ("keys", 1, 1),
    ]
    assert tomeishi("log", "verify").out.splitlines()[-1] == "intact"
    assert "\n— tomeishi/" in tomeishi("log", "checkpoint").out


def test_the_first_changed_row_is_named(tomeishi: Command, installed: Any, entries: list[str]) -> None:
    assert tomeishi("log", "checkpoint").code == 0
    _by_hand(installed.home, "UPDATE log_entries SET body = replace(body, '佐藤', '鈴木') WHERE log = 'consent'")
    found = _json(tomeishi("log", "verify", "--json"), 1)
    assert not found["intact"]
    assert found["logs"][0]["first_bad_row"] == 2
    assert "row 2" in found["ledger"]
    plain = tomeishi("log", "verify")
    assert plain.code == 1
    assert "row 2 was edited" in plain.out
    assert tomeishi("log", "checkpoint").code == 2


def test_a_checkpoint_kept_elsewhere_shows_what_was_cut_off(
    tomeishi: Command, installed: Any, entries: list[str], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(_json(tomeishi("log", "checkpoint", "--json"))[0]["checkpoint"], encoding="utf-8")
    assert tomeishi("log", "verify", "--against", kept).code == 0
    cut = "DELETE FROM log_entries WHERE log = 'consent' AND number = 3"
    _by_hand(installed.home, cut, "DELETE FROM log_checkpoints")
    assert tomeishi("log", "verify").code == 0
    found = _json(tomeishi("log", "verify", "--against", kept, "--json"), 1)
    assert found["logs"][0]["first_bad_row"] == 3


def test_a_proof_is_checked_by_a_stranger(
    tomeishi: Command, installed: Any, entries: list[str], tmp_path: Path
) -> None:
    proof, key = tmp_path / "proof.json", tmp_path / "coalition.pub"
    assert tomeishi("log", "prove", entries[1], "--out", proof).code == 0
    key.write_text(tomeishi("keys", "public").out, encoding="utf-8")
    away = ("--home", tmp_path / "elsewhere")
    found = _json(tomeishi("log", "verify", "--proof", proof, "--key", key, "--json", *away))
    assert (found["included"], found["number"], found["size"]) == (True, 2, 3)
    assert entries[1] in found["body"]
    assert not (tmp_path / "elsewhere").exists()
    assert "entry 2 of consent" in tomeishi("log", "verify", "--proof", proof, "--key", key).out
    assert tomeishi("log", "verify", "--proof", proof).code == 2
    assert tomeishi("log", "verify", "--proof", proof, "--key", installed.key).code == 1
    unknown = _json(tomeishi("log", "verify", "--proof", proof, "--key", installed.key, "--json"), 1)
    assert unknown["included"] is False
    assert _json(tomeishi("log", "prove", entries[1]))["entry"]["number"] == 2
    proof.write_text(proof.read_text(encoding="utf-8").replace("佐藤", "鈴木"), encoding="utf-8")
    assert tomeishi("log", "verify", "--proof", proof, "--key", key).code == 2


def test_what_cannot_be_proved_or_compared_is_refused(
    tomeishi: Command, installed: Any, entries: list[str], tmp_path: Path
) -> None:
    assert tomeishi("log", "prove", "entry_none").code == 2
    (tmp_path / "text.txt").write_text("text", encoding="utf-8")
    for arguments in (
        ("--against", tmp_path / "none.txt"),
        ("--against", tmp_path / "text.txt"),
        ("--proof", tmp_path / "text.txt", "--key", installed.key),
        ("--proof", tmp_path / "none.txt", "--key", installed.key),
    ):
        outcome = tomeishi("log", "verify", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert len(outcome.err.splitlines()) == 1


def test_an_evidence_package_proves_that_its_entries_were_in_the_log(
    tomeishi: Command, installed: Any, quoted: Path, tmp_path: Path
) -> None:
    grant = ("consent", "grant", "--work", installed.works[0], "--use", "reproduce", "--provider", "acme", "--json")
    entry = _json(tomeishi(*grant, "--sign-with", installed.key))["entry"]
    reported = tomeishi("report", quoted, "--out", tmp_path / "evidence", "--provider", "acme", "--json")
    with zipfile.ZipFile(json.loads(reported.out)["package"]) as archive:
        consent = json.loads(archive.read("consent.json"))
    assert [json.loads(each["words"])["id"] for each in consent["entries"]] == [entry]
    (inclusion,) = consent["proofs"]
    proof, key = tmp_path / "proof.json", tmp_path / "coalition.pub"
    words = {"format": "tomeishi-log-proof-1", "checkpoint": consent["checkpoint"], **inclusion}
    proof.write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
    key.write_text(tomeishi("keys", "public").out, encoding="utf-8")
    assert _json(tomeishi("log", "verify", "--proof", proof, "--key", key, "--json"))["number"] == 1


def test_what_an_earlier_key_signed_still_holds(tomeishi: Command, entries: list[str]) -> None:
    before = _json(tomeishi("keys", "public", "--json"))["key_id"]
    assert tomeishi("log", "checkpoint").code == 0
    for _ in range(2):
        renewed = _json(tomeishi("keys", "renew", "--json"))["key_id"]
        assert renewed != before
        found = _json(tomeishi("log", "verify", "--json"))
        assert (found["intact"], found["logs"][0]["checkpoints"]) == (True, 1)
    assert tomeishi("log", "checkpoint").code == 0
    assert _json(tomeishi("log", "verify", "--json"))["logs"][1]["checkpoints"] == 2


def test_a_package_of_before_the_succession_is_by_a_trusted_key_unless_that_was_compromised(
    tomeishi: Command, installed: Any, quoted: Path, tmp_path: Path
) -> None:
    reported = tomeishi("report", quoted, "--out", tmp_path / "evidence", "--json")
    package = json.loads(reported.out)["package"]
    old = tmp_path / "old.pub"
    old.write_text(tomeishi("keys", "public").out, encoding="utf-8")
    assert tomeishi("consent", "reserve", "--coalition", "--use", "train").code == 0  # registers the key
    assert tomeishi("keys", "renew").code == 0
    assert tomeishi("verify", package).code == 0
    compromised = _json(tomeishi("keys", "public", "--json"))["key_id"]
    later = json.loads(tomeishi("report", quoted, "--out", tmp_path / "later", "--json").out)["package"]
    assert tomeishi("consent", "reserve", "--coalition", "--use", "index").code == 0
    assert tomeishi("keys", "retire", compromised, "--because", "compromised").code == 0
    assert tomeishi("keys", "renew").code == 0
    assert tomeishi("verify", later).code == 4
    assert tomeishi("verify", package).code == 4
    assert tomeishi("verify", package, "--key", old).code == 0
    assert tomeishi("verify", package, "--home", tmp_path / "elsewhere").code == 4
    assert tomeishi("verify", package, "--home", tmp_path / "elsewhere", "--key", old).code == 0


def test_the_coalition_goes_on_under_its_new_key(tomeishi: Command, installed: Any) -> None:
    reserved = _json(tomeishi("consent", "reserve", "--coalition", "--use", "train", "--json"))["entry"]
    assert tomeishi("keys", "renew").code == 0
    assert tomeishi("consent", "reserve", "--coalition", "--use", "fine_tune").code == 0
    states = {
        each["retired_because"] for each in _json(tomeishi("keys", "list", "--json")) if each["member"] == "coalition"
    }
    assert states == {None, "rotated"}
    history = _json(tomeishi("consent", "history", "--json"))
    assert len(history) == 2
    assert reserved in json.dumps(history[0])


def test_a_key_put_in_as_a_predecessor_is_none(tomeishi: Command, installed: Any, entries: list[str]) -> None:
    with wiring.open(installed.home) as platform:
        forger, own = new_key("nobody"), platform.key
        with platform.transaction() as tx:
            succession.succeed(tx, forger, SigningKey("forged", forger.private), clock.now())
            event = json.loads(log.read(tx, public_keys.LOG)[-1].body) | {"successor": own.public.text}
            log.append(tx, public_keys.LOG, event, clock.now())
            assert succession.predecessors(tx, own.public) == ()
            checkpoints.checkpoint(tx, ledger.LOG, forger, clock.now())
    found = _json(tomeishi("log", "verify", "--json"), 1)
    assert "not known here" in found["logs"][0]["problems"][0]["what"]
