"""`tomeishi screen`: every way to name queries, every option, and what comes out where."""

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tomeishi.screening.policy import default_text
from tomeishi.testing.edits import Planted

Command = Callable[..., Any]
SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/screening.schema.json").read_text(encoding="utf-8"))


def _lines(outcome: Any) -> list[dict[str, Any]]:
    """What `--jsonl` wrote, each line held to the schema."""
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    for line in lines:
        Draft202012Validator(SCHEMA).validate(line)
    return lines


@pytest.fixture
def clips(tmp_path: Path, quoted: Path, clean: Path, bad: Path) -> Path:
    """A folder as people have them: media on two levels, and what is none."""
    folder = tmp_path / "clips"
    (folder / "second level").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    shutil.copy(quoted, folder / "b.mp4")
    shutil.copy(clean, folder / "second level" / "a.MP4")
    shutil.copy(bad / "empty.mp4", folder / "c.mp4")
    shutil.copy(quoted, folder / ".hidden" / "d.mp4")
    (folder / "notes.txt").write_text("not media")
    return folder


def test_a_style_is_a_hint_that_has_to_be_asked_for(tomeishi: Command, installed: Any, quoted: Path) -> None:
    (plain,) = _lines(tomeishi("screen", "--jsonl", quoted))
    (asked,) = _lines(tomeishi("screen", "--jsonl", "--style", quoted))
    assert plain["styles"] is None
    assert "style" not in plain["checked"]
    assert "style" in asked["checked"]
    assert asked["styles"][0]["permission"]["use"] == "generate_style"
    assert asked["findings"] == plain["findings"]
    told = tomeishi("screen", "--style", quoted)
    assert "its look comes near" in told.out
    assert "style as such is not protected" in told.err


def test_a_prompt_has_no_style(tomeishi: Command, installed: Any) -> None:
    outcome = tomeishi("screen", "--prompt", "a clip", "--style")
    assert outcome.code == 2
    assert "--style belongs to files" in outcome.err


def test_looks_are_those_of_the_shipped_descriptor(tomeishi: Command, installed: Any, quoted: Path) -> None:
    outcome = tomeishi("screen", quoted, "--style", "--descriptor", "mine")
    assert outcome.code == 2
    assert "looks are compared by the shipped descriptor" in outcome.err


def test_a_line_for_each_query_in_the_order_given_and_data_only_on_stdout(
    tomeishi: Command, installed: Any, quoted: Path, clean: Path, bad: Path
) -> None:
    outcome = tomeishi("screen", "--jsonl", clean, quoted, bad / "truncated.mkv", bad / "text.mp4")
    first, second, third, fourth = _lines(outcome)
    assert [each["query"] for each in (first, second)] == [str(clean), str(quoted)]
    assert (first["verdict"], second["verdict"], third["verdict"], fourth["verdict"]) == (
        "clear",
        "block",
        "block",
        "review",
    )
    assert [bool(each["partial"]) for each in (first, second, third, fourth)] == [False, False, True, False]
    assert fourth["skipped"]
    assert outcome.code == 3
    assert outcome.err.count("\n") == 2


def test_the_exit_code_says_whether_anything_was_found(
    tomeishi: Command, installed: Any, quoted: Path, clean: Path
) -> None:
    assert tomeishi("screen", clean).code == 0
    assert tomeishi("screen", clean, quoted).code == 1


def test_a_finding_says_which_seconds_of_what(
    tomeishi: Command, installed: Any, copied: tuple[Path, Planted], references: tuple[Path, ...]
) -> None:
    query, truth = copied
    (line,) = _lines(tomeishi("screen", "--jsonl", query))
    (finding,) = [each for each in line["findings"] if each["kind"] != "sound"]
    assert (finding["work"], finding["reference_id"]) == (installed.works[0], installed.references[0])
    assert finding["reference"] == str(references[0])
    expected = [truth.query.start, truth.query.end, truth.reference.start, truth.reference.end]
    assert finding["segments"][0] == pytest.approx(expected, abs=0.75)
    assert line["duration"] == pytest.approx(truth.query.end, abs=0.2)


def test_a_folder_gives_the_media_in_it_but_nothing_hidden(tomeishi: Command, installed: Any, clips: Path) -> None:
    lines = _lines(tomeishi("screen", "--jsonl", clips))
    assert [line["query"] for line in lines] == [
        str(clips / "b.mp4"),
        str(clips / "c.mp4"),
        str(clips / "second level" / "a.MP4"),
    ]
    assert [bool(line["skipped"]) for line in lines] == [False, True, False]


def test_a_glob_is_expanded_and_a_file_named_twice_is_screened_once(
    tomeishi: Command, installed: Any, clips: Path
) -> None:
    lines = _lines(tomeishi("screen", "--jsonl", f"{clips}/**/[a].MP4", clips / "c.mp4", clips / "c.mp4"))
    assert [Path(line["query"]).name for line in lines] == ["a.MP4", "c.mp4"]
    (line,) = _lines(tomeishi("screen", "--jsonl", f"{clips}/*.avi"))
    assert "no such file" in line["skipped"]["reason"]


def test_a_file_whose_name_looks_like_a_glob_is_taken_by_its_name(
    tomeishi: Command, installed: Any, quoted: Path, tmp_path: Path
) -> None:
    path = tmp_path / "final [b] *.mp4"
    shutil.copy(quoted, path)
    (line,) = _lines(tomeishi("screen", "--jsonl", path))
    assert line["findings"]
    assert "final [b] *.mp4" in tomeishi("screen", path).out


def test_paths_are_read_from_standard_input(
    tomeishi: Command, installed: Any, quoted: Path, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{quoted}\r\n\n{bad / 'empty.mp4'}\n"))
    lines = _lines(tomeishi("screen", "--jsonl", "-"))
    assert [line["query"] for line in lines] == [str(quoted), str(bad / "empty.mp4")]


def test_every_video_of_a_registered_work_is_found_whatever_it_is_called(
    tomeishi: Command, installed: Any, references: tuple[Path, ...], tmp_path: Path
) -> None:
    path = tmp_path / "no suffix"
    shutil.copy(references[1], path)
    (line,) = _lines(tomeishi("screen", "--jsonl", path))
    assert {each["work"] for each in line["findings"]} == {installed.works[1]}
    assert {each["kind"] for each in line["findings"]} == {"copy", "sound"}


def test_use_and_moment_are_asked_of_the_ledger(tomeishi: Command, installed: Any, quoted: Path) -> None:
    grant = ("consent", "grant", "--work", installed.works[0], "--provider", "acme", "--model", "v2")
    assert tomeishi(*grant, "--use", "train", "--sign-with", installed.key, "--until", "2999-01-01").code == 0

    def allowed(*options: str) -> bool:
        (line,) = _lines(tomeishi("screen", "--jsonl", *options, quoted))
        (finding,) = [each for each in line["findings"] if each["kind"] != "sound"]
        assert (finding["verdict"] == "clear") == finding["permission"]["allowed"]
        return bool(finding["permission"]["allowed"])

    assert allowed("--provider", "acme", "--model", "v2", "--use", "train")
    assert not allowed("--provider", "acme", "--model", "v2")  # a copy asks for `reproduce`
    assert not allowed("--provider", "acme", "--use", "train")
    assert not allowed("--provider", "acme", "--model", "v2", "--use", "train", "--at", "2020-01-01")
    assert not allowed("--provider", "acme", "--model", "v2", "--use", "train", "--at", "2999-01-01T00:00:00Z")


def test_a_policy_decides_what_a_resemblance_leads_to(
    tomeishi: Command, installed: Any, quoted: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "lenient.toml"
    policy.write_text(default_text().replace('strong = "block"', 'strong = "review"'), encoding="utf-8")
    (lenient,) = _lines(tomeishi("screen", "--jsonl", "--policy", policy, quoted))
    (own,) = _lines(tomeishi("screen", "--jsonl", quoted))
    assert (lenient["verdict"], own["verdict"]) == ("review", "block")
    assert lenient["made_by"]["policy"] != own["made_by"]["policy"]
    (installed.home / "policy.toml").write_text(policy.read_text(encoding="utf-8"), encoding="utf-8")
    assert _lines(tomeishi("screen", "--jsonl", quoted))[0]["verdict"] == "review"


def test_an_installation_is_named_by_its_home(tomeishi: Command, installed: Any, quoted: Path, tmp_path: Path) -> None:
    (line,) = _lines(tomeishi("screen", "--jsonl", "--home", tmp_path / "another", quoted))
    assert (line["findings"], line["verdict"]) == ([], "clear")
    assert (tmp_path / "another" / "policy.toml").exists()


def test_the_table_says_what_the_lines_say(tomeishi: Command, installed: Any, clips: Path, works: Any) -> None:
    outcome = tomeishi("screen", clips)
    assert outcome.code == 3
    for words in ("b.mp4", "block", works[0].title, works[0].member, "strong", "not allowed", "skipped", "clear"):
        assert words in outcome.out
    assert "\x1b" not in outcome.out
    assert "It is not a legal finding." in outcome.err
    assert "legal" not in outcome.out


def test_titles_are_printed_as_they_are_and_never_read_as_styles(
    tomeishi: Command, installed: Any, references: tuple[Path, ...]
) -> None:
    title = "[bold]星[/red] :star: [/]"
    assert tomeishi("works", "add", "--member", "[i]M", "--title", title, references[2]).code == 0
    assert title in tomeishi("works", "list").out
    assert title in tomeishi("screen", references[2]).out


def test_in_a_process_of_its_own_the_lines_are_utf_8_and_without_colour(
    installed: Any, started: Callable[..., "subprocess.Popen[bytes]"], quoted: Path, works: Any
) -> None:
    process = started("screen", "--jsonl", quoted)
    out, err = process.communicate(timeout=120)
    (line,) = [json.loads(each) for each in out.decode("utf-8", "strict").splitlines()]
    Draft202012Validator(SCHEMA).validate(line)
    assert (process.returncode, err) == (1, b"")
    assert works[0].title.encode() in out
