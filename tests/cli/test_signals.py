"""`tomeishi consent read`: what files state, told to a person and to a program."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tomeishi.cli.main import run

ROBOTS = "User-agent: *\nAllow: /\nDisallow: /closed/\nContent-Usage: train-ai=n\nContent-Usage: /open/ train-ai=y\n"


def _read(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    assert run(["consent", "read", *map(str, arguments), "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_site_answers_for_the_path_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    robots = _write(tmp_path / "robots.txt", ROBOTS)
    for path, stance in (("/", "deny"), ("/open/1", "allow"), ("https://h.example/closed/1", "deny")):
        assert _read(capsys, robots, "--path", path)["together"]["uses"]["train"] == stance


def test_without_a_path_the_strictest_of_all_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _read(capsys, _write(tmp_path / "robots.txt", ROBOTS))
    assert found["together"]["uses"]["search"] == "deny"
    assert [each["scope"] for each in found["files"][0]["signals"]] == ["/closed/", "/", "/open/"]


def test_several_files_are_told_apart_and_put_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    robots = _write(tmp_path / "robots.txt", ROBOTS)
    file = _write(tmp_path / "tdmrep.json", '[{"location": "/", "tdm-reservation": 1}]')
    found = _read(capsys, robots, file, "--path", "/open/1", "--fetched-at", "2026-11-01")
    assert [each["form"] for each in found["files"]] == ["robots", "tdmrep"]
    assert found["standards"]["aipref"]["uses"]["train"] == "allow"
    assert found["standards"]["tdmrep"]["uses"]["train"] == "deny"
    assert found["together"]["uses"]["train"] == "deny"
    assert any("stricter than aipref" in line for line in found["together"]["derivation"])
    assert found["files"][1]["signals"][0]["fetched_at"] == "2026-11-01T00:00:00Z"


def test_a_header_supersedes_the_file_of_the_site_in_tdmrep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _write(tmp_path / "tdmrep.json", '[{"location": "/", "tdm-reservation": 1}]')
    dump = _write(tmp_path / "a.headers", "HTTP/2 200\ntdm-reservation: 0\n")
    assert _read(capsys, file, dump)["together"]["uses"]["train"] == "allow"


def test_a_crawler_is_asked_about_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    robots = _write(tmp_path / "robots.txt", "User-agent: PicoBot\nDisallow: /\n")
    assert _read(capsys, robots, "--path", "/")["together"]["uses"]["train"] == "unknown"
    assert _read(capsys, robots, "--path", "/", "--agent", "picobot")["together"]["uses"]["train"] == "deny"


def test_a_form_can_be_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _write(tmp_path / "saved", ROBOTS)
    assert _read(capsys, file, "--as", "headers")["files"][0]["signals"][0]["warnings"]
    assert _read(capsys, file, "--as", "robots", "--path", "/")["together"]["uses"]["train"] == "deny"


def test_a_picture_without_statements_states_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(picture)
    found = _read(capsys, picture)
    assert found["files"][0] == {
        "file": str(picture),
        "form": "media",
        "signals": [],
        "notes": found["files"][0]["notes"],
        "skipped": None,
    }
    assert set(found["together"]["uses"].values()) == {"unknown"}


def test_a_missing_file_is_skipped_and_the_others_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    robots = _write(tmp_path / "robots.txt", ROBOTS)
    found = _read(capsys, tmp_path / "none.txt", tmp_path, robots, code=3)
    assert found["files"][0]["skipped"].endswith("none.txt: no such file")
    assert found["files"][1]["skipped"].endswith("not a regular file")
    assert found["together"]["uses"]["train"] == "deny"


def test_a_person_reads_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = _write(tmp_path / "tdmrep.json", '[{"location": "/\\u001b[2J", "tdm-reservation": 1}]')
    assert run(["consent", "read", str(hostile)]) == 0
    written = capsys.readouterr()
    assert "\x1b" not in written.out + written.err
    assert "deny train, fine_tune, input, index" in written.out
    assert "--path asks about one" in written.err


@pytest.mark.parametrize(
    "options", [["--path", "open"], ["--fetched-at", "2999-01-01"], ["--fetched-at", "yesterday"], ["--as", "pdf"]]
)
def test_an_option_that_makes_no_sense_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    robots = _write(tmp_path / "robots.txt", ROBOTS)
    assert run(["consent", "read", str(robots), *options]) == 2
    assert capsys.readouterr().err


def test_a_moment_in_the_future_is_taken_where_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    robots = _write(tmp_path / "robots.txt", ROBOTS)
    told = ("--fetched-at", "2999-01-01")
    assert run(["consent", "read", str(robots), *told]) == 2
    assert "say --future" in capsys.readouterr().err
    assert run(["consent", "read", str(robots), *told, "--future"]) == 0
