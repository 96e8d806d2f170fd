"""`tomeishi keys` and `members`: keys are made where their owner works; the registry holds public halves."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


def _json(outcome: Any) -> Any:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_a_new_key_file_is_its_owners_alone_and_never_overwritten(tomeishi: Command, tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "key.json"
    made = _json(tomeishi("keys", "new", file, "--owner", "星川", "--json"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text(encoding="utf-8"))["owner"] == "星川"
    before = file.read_bytes()
    again = tomeishi("keys", "new", file, "--owner", "他人")
    assert (again.code, again.out) == (2, "")
    assert str(file) in again.err
    assert file.read_bytes() == before
    public = _json(tomeishi("keys", "public", file, "--json"))
    assert public == {"key_id": made["key_id"], "public_key": made["public_key"]}
    assert tomeishi("keys", "public", file).out.strip() == made["public_key"]
    assert not (tmp_path / "home").exists()  # none of this needs an installation


def test_only_the_public_half_is_registered(tomeishi: Command, tmp_path: Path) -> None:
    file, public = tmp_path / "key.json", tmp_path / "public.txt"
    key_id = tomeishi("keys", "new", file, "--owner", "星川").out.strip()
    public.write_text(tomeishi("keys", "public", file).out)
    assert tomeishi("members", "add", "星川スタジオ").code == 0
    assert tomeishi("keys", "register", public, "--member", "星川スタジオ").out.strip() == key_id
    (listed,) = _json(tomeishi("keys", "list", "--json"))
    assert (listed["key_id"], listed["member"], listed["retired_at"]) == (key_id, "星川スタジオ", None)
    secret = json.loads(file.read_text(encoding="utf-8"))["private_key"]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert secret.encode() not in kept
    twice = tomeishi("keys", "register", file, "--member", "星川スタジオ")
    assert twice.code == 2
    assert "registered already" in twice.err
    nobody = tomeishi("keys", "register", file, "--member", "誰か")
    assert nobody.code == 2
    assert "誰か" in nobody.err


def test_a_retired_key_signs_nothing_new_and_keeps_what_it_signed(tomeishi: Command, installed: Any) -> None:
    grant = ("consent", "grant", "--work", installed.works[0], "--use", "train", "--sign-with", installed.key)
    assert tomeishi(*grant).code == 0
    (listed,) = _json(tomeishi("keys", "list", "--json"))
    retired = tomeishi("keys", "retire", listed["key_id"], "--because", "rotated")
    assert (retired.code, retired.out) == (0, "")
    assert tomeishi(*grant).code == 2
    assert len(_json(tomeishi("consent", "history", "--json"))) == 1
    assert "rotated" in tomeishi("keys", "list").out
    assert tomeishi("keys", "retire", listed["key_id"], "--because", "lost").code == 2


def test_the_installation_has_a_key_of_its_own_that_stays(tomeishi: Command, installed: Any, tmp_path: Path) -> None:
    first, second = (_json(tomeishi("keys", "public", "--json")) for _ in range(2))
    other = _json(tomeishi("keys", "public", "--json", "--home", tmp_path / "other"))
    assert first == second != other


def test_members_are_listed_and_added_once(tomeishi: Command) -> None:
    added = _json(tomeishi("members", "add", "星川 [b]スタジオ", "--json"))["member"]
    assert _json(tomeishi("members", "list", "--json")) == [{"member": added, "name": "星川 [b]スタジオ"}]
    assert tomeishi("members", "list").out == f"{added}  星川 [b]スタジオ\n"
    again = tomeishi("members", "add", "星川 [b]スタジオ")
    assert again.code == 2
    assert "星川 [b]スタジオ" in again.err
