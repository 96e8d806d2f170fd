"""The first whole path: from a registered work to sealed evidence that a stranger verifies."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tomeishi.testing.edits import Planted
from tomeishi.testing.films import DrawnFilm

Command = Callable[..., Any]


def _screened(tomeishi: Command, *arguments: str | Path) -> dict[str, Any]:
    (line,) = tomeishi("screen", "--jsonl", *arguments).out.splitlines()
    words: dict[str, Any] = json.loads(line)
    return words


def _registered(tomeishi: Command, work: DrawnFilm, path: Path) -> str:
    arguments = ("--member", work.member, "--title", work.title, "--reading", work.reading, "--alias", work.english)
    outcome = tomeishi("works", "add", *arguments, "--json", path)
    assert outcome.code == 0, outcome.err
    words = json.loads(outcome.out)
    assert len(words["references"]) == 1
    return str(words["work"])


def test_from_a_registered_work_to_evidence_that_a_stranger_verifies(
    tomeishi: Command,
    works: tuple[DrawnFilm, ...],
    references: tuple[Path, ...],
    copied: tuple[Path, Planted],
    clean: Path,
    tmp_path: Path,
) -> None:
    query, truth = copied
    ids = [_registered(tomeishi, work, path) for work, path in zip(works, references, strict=True)]

    # Nothing was granted: the copied seconds are found, and blocked.
    answer = _screened(tomeishi, query)
    finding, heard = sorted(answer["findings"], key=lambda each: each["kind"] == "sound")
    assert (finding["work"], finding["title"], finding["member"]) == (ids[0], works[0].title, works[0].member)
    assert finding["reference"] == str(references[0])
    assert finding["kind"] in {"copy", "edit"}
    assert finding["band"] == "strong"
    (segment,) = finding["segments"]
    assert segment == pytest.approx(
        [truth.query.start, truth.query.end, truth.reference.start, truth.reference.end], abs=0.75
    )
    # Its sound is found beside its pictures, at the same seconds.
    assert (heard["kind"], heard["work"], heard["band"]) == ("sound", ids[0], "strong")
    assert heard["segments"][0] == pytest.approx(segment, abs=1.0)
    assert finding["permission"]["allowed"] is False
    assert finding["permission"]["because"] == []
    assert (finding["verdict"], answer["verdict"]) == ("block", "block")
    assert tomeishi("screen", query).code == 1

    # A film that nobody registered is clear, for the kinds that were looked for.
    other = _screened(tomeishi, clean)
    assert (other["findings"], other["verdict"], other["checked"]) == ([], "clear", ["copy", "edit", "sound"])

    # The member grants the provider this use: found as before, and clear.
    key = tmp_path / "member.json"
    assert tomeishi("keys", "new", key, "--owner", works[0].member).code == 0
    assert tomeishi("keys", "register", key, "--member", works[0].member).code == 0
    granted = ("consent", "grant", "--work", ids[0], "--provider", "acme", "--use", "reproduce", "--sign-with", key)
    entry = json.loads(tomeishi(*granted, "--json").out)["entry"]
    allowed = _screened(tomeishi, "--provider", "acme", query)
    assert allowed["findings"][0]["permission"]["because"] == [entry]
    assert allowed["verdict"] == "clear"
    assert _screened(tomeishi, "--provider", "other", query)["verdict"] == "block"

    # Revoked: blocked again.
    assert tomeishi("consent", "revoke", entry, "--sign-with", key).code == 0
    assert _screened(tomeishi, "--provider", "acme", query)["verdict"] == "block"

    # Sealed, with where it came from.
    capture = ["--source-url", "https://video.example/1", "--captured-at", "2026-11-01T10:00:00+09:00"]
    capture += ["--prompt", "星と歩く", "--provider", "acme", "--model", "v2"]
    reported = tomeishi("report", query, "--out", tmp_path / "evidence", *capture, "--json")
    assert reported.code == 1, reported.err
    words = json.loads(reported.out)
    package = Path(words["package"])
    assert [Path(each).exists() for each in words["documents"]] == [True, True]
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        sealed = json.loads(archive.read("capture.json"))
    assert sealed["prompt"] == "星と歩く"
    assert any(name.startswith("frame-pairs/") and name.endswith(".png") for name in names)

    # Verified: by its maker, by a stranger without and with the maker's key, and after one byte was changed.
    assert tomeishi("verify", package).code == 0
    stranger = ("verify", package, "--home", tmp_path / "nowhere")
    assert tomeishi(*stranger).code == 4
    assert not (tmp_path / "nowhere").exists()
    public = tmp_path / "public.txt"
    public.write_text(tomeishi("keys", "public").out)
    assert tomeishi(*stranger, "--key", public).code == 0
    altered = tmp_path / "altered.zip"
    data = bytearray(package.read_bytes())
    data[len(data) // 2] ^= 1
    altered.write_bytes(data)
    assert tomeishi(*stranger, "--key", public, altered).code == 2  # two packages at once are not taken
    assert tomeishi("verify", altered, "--key", public).code == 1


def test_the_verifier_runs_alone_with_the_standard_library(
    tomeishi: Command,
    works: tuple[DrawnFilm, ...],
    references: tuple[Path, ...],
    copied: tuple[Path, Planted],
    tmp_path: Path,
) -> None:
    from tomeishi.evidence import verify

    _registered(tomeishi, works[0], references[0])
    package = json.loads(tomeishi("report", copied[0], "--out", tmp_path / "out", "--json").out)["package"]
    script = tmp_path / "verify.py"
    script.write_bytes(Path(verify.__file__).read_bytes())
    alone = subprocess.run([sys.executable, "-I", "-S", script, package], capture_output=True, text=True, check=False)
    assert alone.returncode == 4
    assert "cryptography" in alone.stdout + alone.stderr
