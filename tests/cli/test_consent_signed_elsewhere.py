"""A member signs where there is no registry: with a key and ids, nothing is looked up and nothing is made."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


@pytest.fixture
def signer(tomeishi: Command, tmp_path: Path) -> tuple[str, str, Path]:
    """A member's id, the id of its work, and its registered key."""
    key = tmp_path / "member.key"
    work = json.loads(tomeishi("works", "add", "--member", "星川スタジオ", "--title", "星のピコ丸", "--json").out)[
        "work"
    ]
    member = json.loads(tomeishi("members", "list", "--json").out)[0]["member"]
    tomeishi("keys", "new", key, "--owner", "星川スタジオ")
    assert tomeishi("keys", "register", key, "--member", "星川スタジオ").code == 0
    return member, work, key


def test_a_grant_is_signed_without_a_registry(
    tomeishi: Command, signer: tuple[str, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, work, key = signer
    there, out = tmp_path / "there", tmp_path / "grant.json"
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TOMEISHI_HOME", str(there))
        about = ("--member-id", member, "--work", work, "--use", "reproduce")
        assert tomeishi("consent", "grant", *about, "--sign-with", key, "--out", out).code == 0
        assert not there.exists()
    asked = ("consent", "check", "--work", work, "--use", "reproduce", "--json")
    assert json.loads(tomeishi(*asked).out)["allowed"] is False
    assert tomeishi("consent", "record", out).code == 0
    assert json.loads(tomeishi(*asked).out)["allowed"] is True


def test_a_signed_reservation_is_ended_by_a_revocation_signed_elsewhere(
    tomeishi: Command, signer: tuple[str, str, Path], tmp_path: Path
) -> None:
    member, work, key = signer
    reserved = tomeishi("consent", "reserve", "--work", work, "--sign-with", key).out.strip()
    assert tomeishi("consent", "revoke", reserved, "--by", "somebody").code == 2
    out = tmp_path / "revocation.json"
    assert tomeishi("consent", "revoke", reserved, "--member-id", member, "--sign-with", key, "--out", out).code == 0
    assert tomeishi("consent", "record", out).code == 0
    kinds = [json.loads(each["words"])["kind"] for each in json.loads(tomeishi("consent", "history", "--json").out)]
    assert kinds == ["reservation", "revocation"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--member-id", "mem_1"), "add --sign-with and --out"),
        (("--member-id", "mem_1", "--out", "new.json"), "name the member's key file"),
        (("--member-id", "mem_1", "--member", "A", "--sign-with", "KEY", "--out", "new.json"), "name --work or"),
        (
            ("--member-id", "mem_1", "--work", "w", "--reference", "r", "--sign-with", "KEY", "--out", "new.json"),
            "name --work or",
        ),
    ],
)
def test_what_does_not_say_whose_and_where_is_refused(
    tomeishi: Command, signer: tuple[str, str, Path], tmp_path: Path, options: tuple[str, ...], why: str
) -> None:
    given = [{"KEY": str(signer[2]), "new.json": str(tmp_path / "new.json")}.get(each, each) for each in options]
    outcome = tomeishi("consent", "grant", "--use", "train", *given)
    assert outcome.code == 2
    assert why in outcome.err
    assert not (tmp_path / "new.json").exists()
