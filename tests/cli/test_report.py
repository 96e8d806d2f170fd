"""`tomeishi report` and `verify`: evidence, sealed with where it came from."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

Command = Callable[..., Any]


def test_everything_said_about_the_query_is_sealed(
    tomeishi: Command, installed: Any, quoted: Path, works: Any, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "evidence"
    capture = {
        "source_url": "https://video.example/watch/1",
        "captured_at": "2026-11-01T10:00:00+09:00",
        "prompt": "丘を越えて歩く小さな星",
        "provider": "acme",
        "model": "v2",
    }
    options = [word for name, value in capture.items() for word in ("--" + name.replace("_", "-"), value)]
    outcome = tomeishi("report", quoted, "--out", out, *options, "--json")
    words = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (1, "")
    with zipfile.ZipFile(words["package"]) as archive:
        sealed = json.loads(archive.read("capture.json"))
        assert archive.read("query/query.mp4") == quoted.read_bytes()
        screening = json.loads(archive.read("screening.json"))
    assert sealed["captured_at"] == "2026-11-01T01:00:00Z"
    assert {name: sealed[name] for name in capture if name != "captured_at"} == {
        name: value for name, value in capture.items() if name != "captured_at"
    }
    assert screening["findings"][0]["work"] == words["screening"]["findings"][0]["work"] == installed.works[0]
    assert {path.suffixes[0] for path in map(Path, words["documents"])} == {".ja", ".en"}
    assert sorted(path.name for path in out.iterdir()) == sorted(
        Path(each).name for each in (words["package"], *words["documents"])
    )
    english = next(each for each in words["documents"] if each.endswith(".en.pdf"))
    pages = PdfReader(english).pages
    assert works[0].title in "".join(page.extract_text() for page in pages)

    checked = tomeishi("verify", words["package"], "--json")
    assert checked.code == 0
    assert json.loads(checked.out)["state"] == "intact"


def test_only_the_digest_of_the_query_is_sealed_where_that_is_asked(
    tomeishi: Command, installed: Any, clean: Path, tmp_path: Path
) -> None:
    outcome = tomeishi("report", clean, "--out", tmp_path, "--digest-only")
    assert outcome.code == 0  # nothing found is worth sealing too
    package = Path(outcome.out.strip())
    with zipfile.ZipFile(package) as archive:
        assert not [name for name in archive.namelist() if name.startswith("query/")]
        about = json.loads(archive.read("capture.json"))["query"]
    assert (about["sealed"], about["size"]) == (None, clean.stat().st_size)
    assert "0 findings, verdict clear" in outcome.err
    assert tomeishi("verify", package).code == 0


def test_a_report_asks_the_ledger_for_the_provider_and_use_it_names(
    tomeishi: Command, installed: Any, quoted: Path, tmp_path: Path
) -> None:
    grant = ("consent", "grant", "--work", installed.works[0], "--use", "input", "--provider", "acme", "--json")
    entry = json.loads(tomeishi(*grant, "--sign-with", installed.key).out)["entry"]
    done = tomeishi("report", quoted, "--out", tmp_path, "--provider", "acme", "--use", "input", "--json")
    words = json.loads(done.out)
    assert words["screening"]["verdict"] == "clear"
    with zipfile.ZipFile(words["package"]) as archive:
        consent = json.loads(archive.read("consent.json"))
    assert [json.loads(each["words"])["id"] for each in consent["entries"]] == [entry]
    assert consent["ledger_head"]["number"] == 1


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-01T10:00:00"])
def test_a_moment_of_capture_needs_its_time_zone(
    tomeishi: Command, installed: Any, quoted: Path, tmp_path: Path, moment: str
) -> None:
    outcome = tomeishi("report", quoted, "--out", tmp_path / "out", "--captured-at", moment)
    assert (outcome.code, outcome.out) == (2, "")
    assert moment in outcome.err
    assert not (tmp_path / "out").exists()


def test_evidence_without_the_reference_file_says_what_was_found_all_the_same(
    tomeishi: Command, works: Any, references: tuple[Path, ...], quoted: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved.mp4"
    moved.write_bytes(references[0].read_bytes())
    assert tomeishi("works", "add", "--member", works[0].member, "--title", works[0].title, moved).code == 0
    moved.unlink()
    outcome = tomeishi("report", quoted, "--out", tmp_path / "out", "--json")
    assert outcome.code == 1
    words = json.loads(outcome.out)
    assert words["without_pairs"] == [str(moved)]
    assert str(moved) in outcome.err
    assert tomeishi("verify", words["package"]).code == 0
