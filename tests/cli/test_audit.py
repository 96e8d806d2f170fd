"""`tomeishi audit`: the contract that scripts rely on, with real worker processes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet as pq

from tomeishi.testing.datasets import nobodys_picture, write_tar

Command = Callable[..., Any]


@pytest.fixture
def data(tmp_path: Path, quoted: Path) -> Path:
    """A film that was copied and a picture that was not."""
    return write_tar(tmp_path / "a.tar", {"copied.mp4": quoted.read_bytes(), "own.jpg": nobodys_picture(1)})


def test_an_audit_from_the_command_to_its_signed_answer(
    tomeishi: Command, installed: Any, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "audit"
    asked = ("audit", data, "--use", "train", "--provider", "acme", "--model", "m1", "--out", out)
    done = tomeishi(*asked, "--workers", "2", "--json")
    assert done.code == 1
    summary = json.loads(done.out)
    assert {key: summary[key] for key in ("items", "no_match", "allowed", "denied", "unknown")} == {
        "items": 2,
        "no_match": 1,
        "allowed": 0,
        "denied": 1,
        "unknown": 0,
    }
    assert {"by_member", "by_reason", "made_by", "digest"} <= summary.keys()
    progress = [json.loads(line) for line in done.err.splitlines()]
    assert progress[-1]["finished"] == progress[-1]["shards"] == 1
    assert {"rate", "left", "failures", "items"} <= progress[-1].keys()
    assert pq.read_schema(out / "deny.parquet").names[:8] == [
        "key",
        "verdict",
        "reason",
        "work",
        "member",
        "entries",
        "score",
        "segment",
    ]
    assert (out / "keep.txt").read_text() == "own\n"
    again = tomeishi(*asked)
    assert again.code == 1
    assert "nothing to do" in again.err
    answered = tomeishi("audit", "answer", "--work", installed.works[0], "--audit", out, "--out", tmp_path / "answer")
    assert answered.code == 0
    assert answered.out.startswith("yes: ")
    assert tomeishi("verify", tmp_path / "answer").code == 0
    text = (tmp_path / "answer").read_text()
    (tmp_path / "answer").write_text(text.replace('"yes"', '"no"'))
    assert tomeishi("verify", tmp_path / "answer").code == 1


def test_unreadable_items_end_with_three_and_a_clean_set_with_nought(
    tomeishi: Command, installed: Any, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "a cat"}\n')
    (tmp_path / "b.jsonl").write_text('{"id": 1, "text": "a cat"}\n{broken\n')
    quick = ("--provider", "acme", "--check", "names", "--workers", "1")
    assert tomeishi("audit", tmp_path / "a.jsonl", *quick, "--out", tmp_path / "1").code == 0
    assert tomeishi("audit", tmp_path / "b.jsonl", *quick, "--out", tmp_path / "2").code == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing-there", "--provider", "acme", "--out", "x"), "no such file or folder"),
        (("a.jsonl", "--provider", " ", "--out", "x"), "--provider: name who trains"),
        (("a.jsonl", "--out", "x"), "--provider"),
        (("a.jsonl", "--provider", "acme", "--out", "taken"), "holds other files"),
        (("a.jsonl", "--provider", "acme", "--out", "x", "--policy", "none.toml"), "no such policy file"),
        (("answer", "--work", "w", "--audit", "x", "--out", "y"), "holds no finished audit"),
        (("answer", "--work", "w", "--audit", "x", "--out", "y", "--state", "yes"), "follows from the audit"),
        (("copy", "--audit", "x", "--out", "y"), "holds no finished audit"),
        (("recheck", "a.jsonl", "--audit", "x", "--theirs", "0", "--ours", "0", "--out", "y"), "not a signed document"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_two(
    tomeishi: Command,
    installed: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_text('{"id": 1, "text": "a cat"}\n')
    Path("taken").mkdir()
    Path("taken/file").touch()
    ended = tomeishi("audit", *arguments)
    assert ended.code == 2
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1


def test_domains_of_a_member_are_kept_and_belong_to_one(tomeishi: Command, installed: Any, works: Any) -> None:
    first, second = works[0].member, works[1].member
    added = tomeishi("members", "domains", first, "--add", "Example.CO.jp", "--add", "例え.jp", "--json")
    assert json.loads(added.out)["domains"] == ["example.co.jp", "xn--r8jz45g.jp"]
    assert "recorded as a domain of" in tomeishi("members", "domains", second, "--add", "example.co.jp").err
    assert tomeishi("members", "domains", first, "--remove", "例え.jp").out == "example.co.jp\n"
    for wrong in ("jp", "https://example.org/", "a..b", "", "ex ample.org"):
        assert tomeishi("members", "domains", first, "--add", wrong).code == 2
