"""`tomeishi consent`: stated here or signed elsewhere, checked, listed, ended; a forgery is never recorded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tomeishi.consent.entries import SignedEntry
from tomeishi.values import digest_of_file

Command = Callable[..., Any]


def _json(outcome: Any) -> Any:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


@pytest.fixture
def ask(tomeishi: Command, installed: Any) -> Callable[..., dict[str, Any]]:
    """What the ledger says of the first work."""

    def ask(use: str, *options: str) -> dict[str, Any]:
        words: dict[str, Any] = _json(
            tomeishi("consent", "check", "--work", installed.works[0], "--use", use, "--json", *options)
        )
        return words

    return ask


@pytest.fixture
def state(tomeishi: Command, installed: Any) -> Callable[..., str]:
    """Records a signed statement about the first work; its id."""

    def state(verb: str, *options: str | Path) -> str:
        about = ("--work", installed.works[0], "--sign-with", installed.key, "--json")
        return str(_json(tomeishi("consent", verb, *about, *options))["entry"])

    return state


def test_no_entry_means_not_allowed(tomeishi: Command, installed: Any, ask: Callable[..., Any]) -> None:
    answer = ask("reproduce")
    assert (answer["allowed"], answer["because"]) == (False, [])
    assert answer["text"]["en"].startswith("Not allowed")
    assert answer["text"]["ja"]
    outcome = tomeishi("consent", "check", "--work", installed.works[0], "--use", "train")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == "not allowed"


def test_a_grant_permits_what_it_names_and_nothing_else(state: Callable[..., str], ask: Callable[..., Any]) -> None:
    named = ("--use", "train", "--use", "reproduce", "--provider", "acme", "--model", "v2")
    entry = state("grant", *named, "--until", "2999-12-31", "--note", "試験のみ")
    answer = ask("train", "--provider", "acme", "--model", "v2")
    assert (answer["allowed"], answer["because"]) == (True, [entry])
    for use, *options in (
        ("search", "--provider", "acme", "--model", "v2"),
        ("train", "--provider", "acme"),
        ("train", "--provider", "other", "--model", "v2"),
        ("train",),
        ("train", "--provider", "acme", "--model", "v2", "--at", "2999-12-31"),
    ):
        assert ask(use, *options)["allowed"] is False, (use, options)


def test_a_reservation_without_uses_covers_all_and_beats_a_grant_to_all(
    state: Callable[..., str], ask: Callable[..., Any]
) -> None:
    state("grant", "--use", "train")
    assert ask("train")["allowed"]
    reservation = state("reserve")
    answer = ask("train")
    assert (answer["allowed"], answer["because"]) == (False, [reservation])


def test_a_revocation_ends_an_entry_for_good(
    tomeishi: Command, installed: Any, state: Callable[..., str], ask: Callable[..., Any]
) -> None:
    entry = state("grant", "--use", "train")
    ended = tomeishi("consent", "revoke", entry, "--sign-with", installed.key, "--note", "終了")
    assert ended.code == 0
    assert ended.out.strip() != entry
    assert ask("train")["allowed"] is False
    missing = tomeishi("consent", "revoke", "entry_none", "--sign-with", installed.key)
    assert missing.code == 2
    assert "entry_none" in missing.err


def test_a_statement_on_a_persons_word_says_whose(
    tomeishi: Command, installed: Any, works: Any, ask: Callable[..., Any]
) -> None:
    outcome = tomeishi("consent", "grant", "--member", works[0].member, "--use", "train", "--by", "佐藤")
    assert outcome.code == 0
    assert "recorded on the member's word by 佐藤" in outcome.err
    answer = ask("train")
    assert answer["allowed"]
    assert "佐藤" in answer["text"]["ja"]
    history = tomeishi("consent", "history").out
    assert "recorded by 佐藤" in history


def test_a_grant_may_be_about_one_reference_only(
    tomeishi: Command, installed: Any, ask: Callable[..., Any], quoted: Path
) -> None:
    grant = ("consent", "grant", "--reference", installed.references[0], "--use", "reproduce")
    assert tomeishi(*grant, "--sign-with", installed.key).code == 0
    assert ask("reproduce")["allowed"] is False  # of the work as such
    (line,) = tomeishi("screen", "--jsonl", quoted).out.splitlines()
    assert json.loads(line)["verdict"] == "clear"


def test_the_paper_behind_an_entry_is_recorded_by_its_digest(
    tomeishi: Command, installed: Any, state: Callable[..., str], tmp_path: Path
) -> None:
    paper = tmp_path / "契約.pdf"
    paper.write_bytes(b"contract")
    state("grant", "--use", "train", "--document", paper, "--from", "2026-01-01")
    (entry,) = _json(tomeishi("consent", "history", "--json"))
    assert json.loads(entry["words"])["document"] == digest_of_file(paper)
    none = ("consent", "grant", "--work", installed.works[0], "--use", "train", "--document", tmp_path / "none.pdf")
    outcome = tomeishi(*none)
    assert outcome.code == 2
    assert "none.pdf" in outcome.err


def test_what_was_signed_elsewhere_is_recorded_here_once(
    tomeishi: Command, installed: Any, ask: Callable[..., Any], tmp_path: Path
) -> None:
    travelling = tmp_path / "grant.json"
    grant = ("consent", "grant", "--work", installed.works[0], "--use", "train", "--sign-with", installed.key)
    outcome = tomeishi(*grant, "--out", travelling)
    assert (outcome.code, outcome.out) == (0, "")
    assert _json(tomeishi("consent", "history", "--json")) == []
    assert ask("train")["allowed"] is False

    recorded = _json(tomeishi("consent", "record", travelling, "--json"))
    assert ask("train")["because"] == [recorded["entry"]]
    again = tomeishi("consent", "record", travelling)
    assert again.code == 2
    assert "recorded already" in again.err
    overwritten = tomeishi(*grant, "--out", travelling)
    assert overwritten.code == 2
    assert "a file is there already" in overwritten.err


def test_a_forged_signature_is_refused_and_records_nothing(
    tomeishi: Command, installed: Any, works: Any, tmp_path: Path
) -> None:
    travelling = tmp_path / "grant.json"
    grant = ("consent", "grant", "--work", installed.works[0], "--use", "train")
    assert tomeishi(*grant, "--sign-with", installed.key, "--out", travelling).code == 0
    signed = SignedEntry.from_text(travelling.read_text(encoding="utf-8"))
    forged = SignedEntry(signed.words.replace("train", "input"), signed.key_id, signed.signature)
    travelling.write_text(forged.to_text(), encoding="utf-8")
    outcome = tomeishi("consent", "record", travelling)
    assert (outcome.code, outcome.out) == (2, "")
    assert "signature" in outcome.err

    stranger = tmp_path / "stranger.json"
    assert tomeishi("keys", "new", stranger, "--owner", works[0].member).code == 0
    unknown = tomeishi(*grant, "--sign-with", stranger)
    assert unknown.code == 2
    assert "is not registered" in unknown.err
    assert tomeishi("keys", "register", stranger, "--member", works[1].member).code == 0
    outcome = tomeishi(*grant, "--sign-with", stranger)
    assert outcome.code == 2
    assert "not a key of member" in outcome.err
    assert _json(tomeishi("consent", "history", "--json")) == []


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff\xfe", b'{"format": "tomeishi-signed-consent-1"}', b"x" * (1 << 20)]
)
def test_a_file_that_is_no_signed_entry_is_refused(
    tomeishi: Command, installed: Any, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "entry.json"
    file.write_bytes(content)
    outcome = tomeishi("consent", "record", file)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"tomeishi: {file}: ")


def test_history_shows_every_entry_as_received_and_those_of_one_work(
    tomeishi: Command, installed: Any, works: Any, state: Callable[..., str]
) -> None:
    first = state("grant", "--use", "train", "--provider", "acme")
    assert tomeishi("consent", "reserve", "--work", installed.works[1], "--by", "佐藤").code == 0
    assert tomeishi("consent", "revoke", first, "--sign-with", installed.key).code == 0
    everything = _json(tomeishi("consent", "history", "--json"))
    assert [entry["number"] for entry in everything] == [1, 2, 3]
    assert [bool(entry["signature"]) for entry in everything] == [True, False, True]
    own = _json(tomeishi("consent", "history", "--work", installed.works[0], "--json"))
    assert [entry["number"] for entry in own] == [1, 3]
    plain = tomeishi("consent", "history").out.splitlines()
    assert "signed ed25519:" in plain[0]
    assert "all uses" in plain[1]
    assert f"ends {first}" in plain[2]


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--work", "{work}", "--member", "M", "--use", "train"),
        ("--work", "{work}"),
        ("--work", "{work}", "--use", "train", "--model", "v2"),
        ("--work", "{work}", "--use", "train", "--until", "2020-01-01"),
        ("--work", "{work}", "--use", "train", "--out", "x.json"),
        ("--work", "wrk_none", "--use", "train"),
    ],
    ids=["about nothing", "about two things", "no use", "model alone", "ended", "unsigned to travel", "no such work"],
)
def test_a_grant_that_makes_no_sense_is_refused(tomeishi: Command, installed: Any, options: tuple[str, ...]) -> None:
    outcome = tomeishi("consent", "grant", *(option.format(work=installed.works[0]) for option in options))
    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err.splitlines()) == 1
    assert _json(tomeishi("consent", "history", "--json")) == []
