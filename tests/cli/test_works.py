"""`tomeishi works`: the catalogue, its sheets, its names, what never counts, and footage of two members."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tomeishi.testing.edits import write_edited

Command = Callable[..., Any]


def _json(outcome: Any, code: int = 0) -> Any:
    assert outcome.code == code, outcome.err
    return json.loads(outcome.out)


def _findings(tomeishi: Command, path: Path) -> list[dict[str, Any]]:
    (line,) = tomeishi("screen", "--jsonl", path).out.splitlines()
    findings: list[dict[str, Any]] = json.loads(line)["findings"]
    return findings


def test_files_are_added_to_a_work_that_is_there_and_a_file_counts_once(
    tomeishi: Command, installed: Any, works: Any, references: tuple[Path, ...]
) -> None:
    work = ("works", "add", "--json", "--member", works[0].member, "--title", works[0].title)
    added = _json(tomeishi(*work, "--alias", "A second alias", references[0], references[2]))
    assert added["work"] == installed.works[0]
    assert added["references"][0] == installed.references[0]
    shown = _json(tomeishi("works", "show", installed.works[0], "--json"))
    assert [each["reference"] for each in shown["media"]] == added["references"]
    assert shown["references"] == 2
    names = {(name["text"], name["role"]) for name in shown["names"]}
    assert {(works[0].reading, "reading"), (works[0].english, "alias"), ("A second alias", "alias")} <= names


def test_a_work_may_be_registered_before_its_media(tomeishi: Command) -> None:
    added = _json(tomeishi("works", "add", "--json", "--member", "会員", "--title", "題"))
    assert added["references"] == []
    assert added["work"] in tomeishi("works", "add", "--member", "会員", "--title", "題").out


def test_list_and_show_name_what_is_registered(
    tomeishi: Command, installed: Any, works: Any, references: tuple[Path, ...]
) -> None:
    listed = _json(tomeishi("works", "list", "--json"))
    assert [(each["work"], each["title"], each["member"]) for each in listed] == [
        (work_id, work.title, work.member) for work_id, work in zip(installed.works, works, strict=False)
    ]
    table = tomeishi("works", "list").out
    assert all(each["title"] in table for each in listed)
    shown = tomeishi("works", "show", installed.works[1]).out
    for words in (works[1].title, works[1].member, works[1].reading, str(references[1]), "0:12.0"):
        assert words in shown


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ぽるたん", 0),
        ("ポルタン", 0),
        ("porutan", 0),
        ("ＰＯＬＴＡＮ", 0),
        ("stray STAR", 0),
        ("郵便", 1),
        ("雪", None),
        ("ウサ", 1),
        ("no such name", None),
    ],
)
def test_a_work_is_found_by_any_part_of_a_name(
    tomeishi: Command, installed: Any, text: str, number: int | None
) -> None:
    outcome = tomeishi("works", "find", text, "--json")
    found = {each["work"] for each in _json(outcome)}
    assert found == (set() if number is None else {installed.works[number]})
    plain = tomeishi("works", "find", text).out
    assert plain == "" if number is None else installed.works[number] in plain


def test_an_exclusion_takes_a_stretch_out_of_matching_for_good(
    tomeishi: Command, installed: Any, quoted: Path, references: tuple[Path, ...]
) -> None:
    assert {finding["kind"] for finding in _findings(tomeishi, quoted)} == {"copy", "sound"}
    exclude = ("works", "exclude", installed.references[0], "0", "12", "--reason", "共通のオープニング")
    exclusion = _json(tomeishi(*exclude, "--json"))["exclusion"]
    assert _findings(tomeishi, quoted) == []
    assert _findings(tomeishi, references[1])
    (media,) = _json(tomeishi("works", "show", installed.works[0], "--json"))["media"]
    assert media["excluded"] == [[0.0, 12.0, "共通のオープニング"]]
    assert tomeishi(*exclude).out.strip() == exclusion  # the same again is the same


@pytest.mark.parametrize(("start", "end"), [("5", "5"), ("7", "3"), ("nan", "3"), ("100", "200")])
def test_an_exclusion_of_nothing_is_refused(tomeishi: Command, installed: Any, start: str, end: str) -> None:
    outcome = tomeishi("works", "exclude", installed.references[0], start, end, "--reason", "r")
    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err.splitlines()) == 1


def test_the_same_footage_of_two_members_is_an_overlap_and_a_query_finds_both(
    tomeishi: Command, installed: Any, references: tuple[Path, ...], quoted: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other-encode.webm"
    write_edited(references[0], other, ["reencode"])
    outcome = tomeishi("works", "add", "--member", "二番目の会員", "--title", "同じ映像", "--json", other)
    added = _json(outcome)
    assert len(added["overlaps"]) == 1
    assert "works overlaps" in outcome.err
    (overlap,) = _json(tomeishi("works", "overlaps", "--json"))
    assert overlap["overlap"] == added["overlaps"][0]
    assert overlap["found_by"] == "match"
    assert set(overlap["works"]) == {installed.works[0], added["work"]}
    first = overlap["works"].index(installed.works[0]) * 2
    assert overlap["segments"][0][first : first + 2] == pytest.approx([0, 12], abs=0.7)
    assert {finding["work"] for finding in _findings(tomeishi, quoted)} == {installed.works[0], added["work"]}
    plain = tomeishi("works", "overlaps").out
    assert "shows the same as" in plain
    assert str(other) in plain


def test_the_very_same_file_of_another_member_is_an_overlap_by_its_digest(
    tomeishi: Command, installed: Any, references: tuple[Path, ...]
) -> None:
    added = _json(tomeishi("works", "add", "--member", "二番目", "--title", "同じ", "--json", references[1]))
    (overlap,) = _json(tomeishi("works", "overlaps", "--json"))
    assert (overlap["found_by"], [overlap["overlap"]]) == ("digest", added["overlaps"])


def _sheet(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["member", "title", "reading", "aliases", "characters", "media"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    tomeishi: Command, installed: Any, references: tuple[Path, ...], tmp_path: Path
) -> None:
    media = shutil.copy(references[2], tmp_path)
    sheet = _sheet(
        tmp_path / "works.csv",
        [
            {
                "member": "会員",
                "title": "新作",
                "reading": "しんさく",
                "characters": "カ;ケ",
                "media": Path(media).name,
            },
            {"member": "会員", "title": "他作", "media": "none.mp4"},
        ],
    )
    errors = tmp_path / "errors.csv"
    outcome = tomeishi("works", "import", sheet, "--dry-run", "--errors", errors, "--json")
    words = _json(outcome, 2)
    assert (words["dry_run"], words["added"], words["new_members"]) == (True, ["新作"], ["会員"])
    (error,) = words["errors"]
    assert (error["row"], error["column"]) == (3, "media")
    (_, written) = list(csv.reader(errors.read_text(encoding="utf-8-sig").splitlines()))
    assert written[:2] == ["3", "media"]
    assert "none.mp4" in written[2]
    assert len(_json(tomeishi("works", "list", "--json"))) == 2

    refused = tomeishi("works", "import", sheet)
    assert (refused.code, refused.out) == (2, "")
    assert "row 3, media" in refused.err
    assert len(_json(tomeishi("works", "list", "--json"))) == 2

    partial = _json(tomeishi("works", "import", sheet, "--partial", "--json"), 3)
    assert partial["added"] == ["新作"]
    assert {finding["title"] for finding in _findings(tomeishi, references[2])} == {"新作"}
    (found,) = _json(tomeishi("works", "find", "ケ", "--json"))
    assert found["character"]


def test_an_import_says_which_media_could_not_be_read_and_keeps_their_works(
    tomeishi: Command, bad: Path, tmp_path: Path
) -> None:
    for name in ("empty.mp4", "truncated.mkv"):
        shutil.copy(bad / name, tmp_path)
    sheet = _sheet(tmp_path / "w.csv", [{"member": "会員", "title": "作", "media": "empty.mp4;truncated.mkv"}])
    outcome = tomeishi("works", "import", sheet, "--json")
    words = _json(outcome, 3)
    assert [each["file"] for each in words["skipped"]] == [str(tmp_path / "empty.mp4")]
    assert [each["file"] for each in words["partial"]] == [str(tmp_path / "truncated.mkv")]
    assert [line.split(":")[0] for line in outcome.err.splitlines()] == ["skipped", "tomeishi"]
    (work,) = _json(tomeishi("works", "list", "--json"))
    assert work["references"] == 1


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_is_exported_can_be_imported_elsewhere_and_says_the_same(
    tomeishi: Command, installed: Any, references: tuple[Path, ...], tmp_path: Path, suffix: str
) -> None:
    sheet = tmp_path / f"works.{suffix}"
    outcome = tomeishi("works", "export", sheet, "--media", references[0].parent)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == f"wrote 2 works to {sheet}\n"
    again = _json(tomeishi("works", "import", sheet, "--media", references[0].parent, "--dry-run", "--json"))
    assert (again["added"], len(again["unchanged"]), again["errors"]) == ([], 2, [])
    before = _json(tomeishi("works", "list", "--json"))
    elsewhere = ("--home", tmp_path / "elsewhere")
    if suffix == "csv":
        _json(tomeishi("works", "import", sheet, "--media", references[0].parent, "--json", *elsewhere))
        after = _json(tomeishi("works", "list", "--json", *elsewhere))
        without = ("title", "member", "names", "cross_ids", "references")
        assert [{key: each[key] for key in without} for each in after] == [
            {key: each[key] for key in without} for each in before
        ]
    else:
        rows = list(openpyxl.load_workbook(sheet, read_only=True).worksheets[0].values)
        assert len(rows) == 3


def test_a_sheet_is_written_as_what_its_ending_says_or_not_at_all(
    tomeishi: Command, installed: Any, tmp_path: Path
) -> None:
    outcome = tomeishi("works", "export", tmp_path / "works.ods")
    assert outcome.code == 2
    assert "works.ods" in outcome.err
