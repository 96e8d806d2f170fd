import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from tomeishi.errors import BadImport, BadInput, NotFound
from tomeishi.registry.descriptions import list_descriptions
from tomeishi.registry.references import add_reference
from tomeishi.registry.sheets import COLUMNS, Row, Sheet, cell_of, parts_of, read_sheet, write_errors, write_sheet
from tomeishi.registry.transfer import ImportPlan, apply_import, export_works, plan_import
from tomeishi.registry.works import list_works, work
from tomeishi.storage.db import Database
from tomeishi.values import MediaKind, digest_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
EIDR = "10.5240/7791-8534-2C23-9030-8610-5"


@pytest.fixture
def tx(registry: Database) -> Iterator[Connection]:
    with registry.transaction() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "media"
    (made / "clips").mkdir(parents=True)
    for name in ("one.mp4", "clips/two.mp4", "clips/ああ;い.mp4"):
        (made / name).write_bytes(name.encode())
    return made


def sheet(*rows: dict[str, str]) -> Sheet:
    numbered = [Row(number, {"member": "星雲社", **cells}) for number, cells in enumerate(rows, start=2)]
    return Sheet(COLUMNS, tuple(numbered))


def said(plan: ImportPlan) -> list[tuple[int, str]]:
    return [(error.row, error.column) for error in plan.errors]


def full_row() -> dict[str, str]:
    return {
        "title": "星のピコ丸",
        "reading": "ほしのぴこまる",
        "language": "ja",
        "aliases": "Pico;Steins\\;Gate;=1+1",
        "characters": "ルーン;ピコ丸",
        "descriptions": "a star-shaped ship;ピコ丸: 青い丸いロボット;ルーン: a girl\\; silver hair;part 2: the sea",
        "eidr": EIDR,
        "isan": "0000-0000-D07A-0090-Q",
        "wikidata": "Q42",
        "anilist": "16498",
        "media": "one.mp4;clips/ああ\\;い.mp4",
    }


def test_a_dry_run_writes_nothing(tx: Connection, folder: Path) -> None:
    plan = plan_import(tx, sheet(full_row()), folder)
    assert (len(plan.works), plan.new_members, plan.errors) == (1, ("星雲社",), ())
    assert list_works(tx) == []


def test_an_import_adds_what_its_rows_say_and_hands_on_the_media(tx: Connection, folder: Path) -> None:
    result = apply_import(tx, plan_import(tx, sheet(full_row(), {"title": "雨"}), folder), NOON)
    first, second = (work(tx, work_id) for work_id in result.works)
    assert [name.text for name in first.names] == ["星のピコ丸", "ほしのぴこまる", "Pico", "Steins;Gate", "=1+1"]
    assert [character.name for character in first.characters] == ["ルーン", "ピコ丸"]
    assert dict(first.cross_ids)["eidr"] == EIDR
    assert (second.title, second.member, second.created_at) == ("雨", "星雲社", NOON)
    assert result.media == ((first.id, folder / "one.mp4"), (first.id, folder / "clips" / "ああ;い.mp4"))


def test_a_description_belongs_to_the_character_that_it_begins_with(tx: Connection, folder: Path) -> None:
    cells = full_row() | {
        "descriptions": "ピコ丸：青い丸いロボット;ルーン: a girl\\; silver hair;part 2: the sea;part 2: the sea"
    }
    (work_id,) = apply_import(tx, plan_import(tx, sheet(cells), folder), NOON).works
    name_of = {character.id: character.name for character in work(tx, work_id).characters}
    assert [(name_of.get(each.character_id or ""), each.text) for each in list_descriptions(tx, work_id)] == [
        ("ピコ丸", "青い丸いロボット"),
        ("ルーン", "a girl; silver hair"),
        (None, "part 2: the sea"),
    ]


def test_a_sheet_with_errors_is_not_imported_unless_the_other_rows_are_wanted(tx: Connection, folder: Path) -> None:
    plan = plan_import(tx, sheet({"title": "星"}, {"title": "雨", "eidr": "10.5240/1"}), folder)
    with pytest.raises(BadImport, match=r"1 row cannot be imported, so nothing was; first row 3, eidr: not an EIDR"):
        apply_import(tx, plan, NOON)
    assert list_works(tx) == []
    apply_import(tx, plan, NOON, partial=True)
    assert [found.title for found in list_works(tx)] == ["星"]


def test_every_error_names_its_row_and_column_in_the_order_of_the_sheet(tx: Connection, folder: Path) -> None:
    plan = plan_import(
        tx,
        sheet(
            {"title": "星", "anilist": "x", "language": "日本語"},
            {"title": "雨", "isan": "1", "characters": "a\0b"},
            {"reading": "よみ"},
            {"title": "星"},
            {"title": "雪", "member": " "},
        ),
        folder,
    )
    assert said(plan) == [
        (2, "language"),
        (2, "anilist"),
        (3, "characters"),
        (3, "isan"),
        (4, "title"),
        (5, "title"),
        (6, "member"),
    ]
    assert plan.errors[5].message == "the same work as in row 2; keep one row for each work"
    assert plan.works == ()


def test_an_error_file_says_what_is_wrong_and_what_to_do(tx: Connection, folder: Path, tmp_path: Path) -> None:
    plan = plan_import(tx, sheet({"title": "星", "media": "=cmd"}, {"title": "雨", "wikidata": "42"}), folder)
    write_errors(plan.errors, tmp_path / "errors.csv")
    with (tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["row", "column", "what is wrong", "what to do"]
    assert [line[:2] for line in lines[1:]] == [["2", "media"], ["3", "wikidata"]]
    assert lines[2][2:] == ["not a Wikidata item: '42'", "write Q and its number"]


def test_importing_a_sheet_again_changes_nothing(tx: Connection, folder: Path) -> None:
    (work_id,) = apply_import(tx, plan_import(tx, sheet(full_row()), folder), NOON).works
    add_reference(tx, work_id, str(folder / "one.mp4"), digest_of(b"1"), 1, MediaKind.VIDEO, 1)
    again = apply_import(tx, plan_import(tx, sheet(full_row()), folder), NOON)
    assert (again.works, again.unchanged) == ((), (work_id,))
    assert again.media == ((work_id, folder / "clips" / "ああ;い.mp4"),)
    assert len(list_works(tx)) == 1


def test_a_row_that_says_something_else_of_a_registered_work_is_an_error(tx: Connection, folder: Path) -> None:
    apply_import(tx, plan_import(tx, sheet(full_row()), folder), NOON)
    changed = {**full_row(), "reading": "ほしのぴこ", "anilist": "1"}
    (error,) = plan_import(tx, sheet(changed), folder).errors
    assert (error.row, error.column) == (2, "reading")
    assert error.what == "registered already, with another reading and anilist"


@pytest.mark.parametrize(
    ("media", "what"),
    [
        ("../secret.mp4", "leaves the media folder"),
        ("clips/../../secret.mp4", "leaves the media folder"),
        ("/etc/passwd", "outside the media folder"),
        ("link.mp4", "outside the media folder"),
        ("linked/secret.mp4", "outside the media folder"),
        ("loop.mp4", "not the name of a file"),
        ("clips", "is not a file"),
        ("none.mp4", "no file"),
        ("a\0.mp4", "not the name of a file"),
        ("x" * 300, "not the name of a file"),
        (".", "is not a file"),
    ],
)
def test_media_must_lie_in_the_folder(tx: Connection, folder: Path, media: str, what: str) -> None:
    (folder.parent / "secret.mp4").write_bytes(b"secret")
    (folder / "link.mp4").symlink_to(folder.parent / "secret.mp4")
    (folder / "linked").symlink_to(folder.parent)
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    (error,) = plan_import(tx, sheet({"title": "星", "media": f"one.mp4;{media}"}), folder).errors
    assert (error.row, error.column) == (2, "media")
    assert what in error.what
    assert error.remedy
    assert "\n" not in error.message


def test_media_may_be_named_by_their_whole_path_or_as_windows_does(tx: Connection, folder: Path) -> None:
    row = {"title": "星", "media": f"{folder / 'one.mp4'}\nclips\\two.mp4"}
    plan = plan_import(tx, sheet(row), folder)
    assert plan.works[0].media == (folder / "one.mp4", folder / "clips" / "two.mp4")


def test_a_media_folder_that_is_not_there_is_not_found(tx: Connection, folder: Path) -> None:
    with pytest.raises(NotFound, match="no such folder"):
        plan_import(tx, sheet(full_row()), folder / "none")


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_was_imported_is_exported_alike(tx: Connection, folder: Path, tmp_path: Path, ending: str) -> None:
    given_rows = (
        full_row(),
        {"title": "-雨", "aliases": "＝あ;@b", "reading": "あめ;う"},
        {"title": "'=x", "member": "+月"},
    )
    result = apply_import(tx, plan_import(tx, sheet(*given_rows), folder), NOON)
    for work_id, path in result.media:
        add_reference(tx, work_id, str(path), digest_of(str(path).encode()), 1, MediaKind.VIDEO, 1)
    exported = export_works(tx, folder)
    path = tmp_path / f"works.{ending}"
    write_sheet(exported, path)
    read = read_sheet(path)
    assert read == exported
    by_title = {row.cells["title"]: row.cells for row in read.rows}
    assert by_title["星のピコ丸"] == {"member": "星雲社", **full_row()}
    again = plan_import(tx, read, folder)
    assert (again.works, again.errors, len(again.unchanged)) == ((), (), 3)


def test_no_cell_of_an_export_is_a_formula(tmp_path: Path) -> None:
    signs = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "'=1"]
    written = Sheet(COLUMNS, tuple(Row(at, {"member": "m", "title": text}) for at, text in enumerate(signs, start=2)))
    for path in (tmp_path / "works.csv", tmp_path / "works.xlsx"):
        write_sheet(written, path)
        assert read_sheet(path) == written
    with (tmp_path / "works.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [line[1][0] for line in csv.reader(file)][1:] == ["'"] * len(signs)
    cells = openpyxl.load_workbook(tmp_path / "works.xlsx").active["B"]
    assert [(cell.data_type, cell.value[0]) for cell in cells[1:]] == [("s", "'")] * len(signs)


def test_a_sheet_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.csv or \.xlsx"):
        write_sheet(sheet(full_row()), tmp_path / "works.ods")
    with pytest.raises(BadInput, match="do not fit"):
        write_sheet(sheet({"title": "長" * 40_000}), tmp_path / "works.csv")
    assert list(tmp_path.iterdir()) == []


text_of_cell = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=9)
cells = text_of_cell.map(str.strip).filter(bool)


@settings(max_examples=60, deadline=None)
@given(st.lists(cells | st.sampled_from([";", "\\", "a\\;b", "；", "\\\\", "a\nb"]), max_size=4))
def test_a_list_survives_its_cell(items: list[str]) -> None:
    assert parts_of(cell_of(items)) == items


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.fixed_dictionaries({"member": cells, "title": cells}, optional={"aliases": cells}), max_size=3),
    st.sampled_from(["csv", "xlsx"]),
)
def test_a_sheet_survives_its_file(tmp_path: Path, rows: list[dict[str, str]], ending: str) -> None:
    written = Sheet(COLUMNS, tuple(Row(number, cells) for number, cells in enumerate(rows, start=2)))
    path = tmp_path / f"works.{ending}"
    write_sheet(written, path)
    assert read_sheet(path) == written
