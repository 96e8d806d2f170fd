"""Sheets as people and attackers send them: read as meant, or refused in one line that names the row."""

import warnings
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tomeishi.errors import BadImport, NotFound
from tomeishi.registry import sheets, workbooks
from tomeishi.registry.sheets import Sheet, read_sheet


def refused(path: Path) -> str:
    with pytest.raises(BadImport) as raised:
        read_sheet(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()
    assert len(message) < 400
    return message.removeprefix(f"{path}: ")


def a_csv(folder: Path, data: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "works.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode(encoding))
    return path


def a_book(folder: Path, *rows: list[Any], merge: str | None = None) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if merge:
        book.active.merge_cells(merge)
    path = folder / "works.xlsx"
    book.save(path)
    return path


def changed(path: Path, part: str, old: str, new: str) -> Path:
    """The workbook with `old` replaced in the text of one of its parts."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts[part]
    parts[part] = parts[part].replace(old.encode(), new.encode(), 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def cells(sheet: Sheet) -> list[tuple[int, dict[str, str]]]:
    return [(row.number, row.cells) for row in sheet.rows]


def problems(sheet: Sheet) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.what) for error in sheet.errors]


SHEET = "xl/worksheets/sheet1.xml"
WORKS = "member,title,読み\r\n星雲社,星のピコ丸～,ほしのぴこまる\r\n"
READ = [(2, {"member": "星雲社", "title": "星のピコ丸～", "reading": "ほしのぴこまる"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_csv_is_read_in_the_encodings_that_spreadsheets_write(tmp_path: Path, encoding: str) -> None:
    assert cells(read_sheet(a_csv(tmp_path, WORKS, encoding))) == READ


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(tmp_path: Path, end: str) -> None:
    assert cells(read_sheet(a_csv(tmp_path, WORKS.replace("\r\n", end)))) == READ


def test_japanese_headings_in_any_width_and_order_are_read(tmp_path: Path) -> None:
    headings = "作品名,会員,読み仮名,言語,別名,キャラクター,説明,ＥＩＤＲ,Isan,wikidata,AniList, 媒体 "
    sheet = read_sheet(a_csv(tmp_path, headings + "\n星,社\n"))
    assert sorted(sheet.columns) == sorted(sheets.COLUMNS)
    assert cells(sheet) == [(2, {"title": "星", "member": "社"})]


def test_rows_keep_the_numbers_of_the_spreadsheet(tmp_path: Path) -> None:
    sheet = read_sheet(a_csv(tmp_path, 'member,title,aliases\n\na,"b","c\nd"\n,,\ne,f\n,,\n\n'))
    assert [row.number for row in sheet.rows] == [3, 5]
    sheet = read_sheet(a_book(tmp_path, ["member", "title"], [], ["a", "b"], [None, " "], ["e", "f"], [None], []))
    assert [row.number for row in sheet.rows] == [3, 5]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "row 1: the sheet is empty"),
        (b"\r\n,,\r\n", "row 1: the sheet is empty"),
        ("member,titel\na,b\n", "row 1, column B: unknown heading 'titel'; known are member"),
        ("member;title\na;b\n", "row 1, column A: unknown heading 'member;title'"),
        ("member,,title\na,,b\n", "row 1, column B: unknown heading ''"),
        ("member,title,作品名\na,b,c\n", "row 1, column C: a second column 'title'"),
        ("title,reading\na,b\n", "row 1: no column 'member'"),
        ("member,title\na,b\nc,\0d\n", "row 3: a NUL byte"),
        ('member,title\na,b\nc,"d\ne,f\n', "row 3: not CSV: unexpected end of data; check the quotes"),
        ('member,title\na,"b"c\n', "row 2: not CSV"),
        (b"member,title\na,\x81\xff\xfe\xa0\n", "row 2: neither UTF-8 nor Shift_JIS"),
        ("member,title\na,b\n".encode("utf-16"), "row 1: UTF-16 text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "row 3: a NUL byte"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old .xls file, or one with a password"),
        ("member,title\na," + "x" * 200_000 + "\n", "row 2: not CSV: field larger than field limit"),
    ],
)
def test_a_csv_that_is_none_is_refused_with_its_row(tmp_path: Path, data: str | bytes, message: str) -> None:
    assert refused(a_csv(tmp_path, data)).startswith(message)


def test_a_line_of_a_hundred_megabytes_is_refused_without_reading_it_all(tmp_path: Path) -> None:
    path = a_csv(tmp_path, b"member,title\na,b\n")
    with path.open("r+b") as file:
        file.seek(100 << 20)
        file.write(b"x")  # a sparse file: nothing but zeros up to here
    assert refused(path).startswith("row 3: a line of more than 1048576 bytes")


def test_a_csv_past_the_limits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "FILE_BYTES", 3 << 20)
    monkeypatch.setattr(sheets, "ROWS", 100)
    assert refused(a_csv(tmp_path, "member,title\n" + "a,b\n" * 101)).startswith("row 102: at most 100 rows")
    assert refused(a_csv(tmp_path, "member,title\n" + "a,b\n" * (1 << 20))).startswith("row 786")
    assert refused(a_book(tmp_path, ["member", "title"], *[["a", "b"]] * 101)).startswith("row 102: at most 100 rows")


def test_a_cell_without_a_heading_is_an_error_of_its_row(tmp_path: Path) -> None:
    sheet = read_sheet(a_csv(tmp_path, "member,title\na,b\na,Love, Actually\n"))
    assert problems(sheet) == [(3, "C", "a cell without a heading: ' Actually'")]


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file"):
        read_sheet(tmp_path / "works.csv")
    assert refused(tmp_path).startswith("cannot be read")


def test_what_excel_made_of_the_cells_is_read_as_typed_or_an_error(tmp_path: Path) -> None:
    sheet = read_sheet(
        a_book(
            tmp_path,
            ["member", "title", "reading", "isan", "anilist"],
            ["社", "=A1&B1", None, None, 16498],
            ["社", datetime(2026, 1, 2), None, 0.5, 16498.0],  # noqa: DTZ001 - as Excel keeps dates
            ["社", "#N/A", True, 1234567890123456, " 7 "],
        )
    )
    assert problems(sheet) == [
        (2, "title", "a formula"),
        (3, "title", "a date or time (2026-01-02 00:00:00)"),
        (4, "title", "an error of the spreadsheet (#N/A)"),
        (4, "isan", "a number of which Excel keeps 15 digits only (1234567890123456)"),
    ]
    assert [row.cells.get("anilist") for row in sheet.rows] == ["16498", "16498", " 7 "]
    assert [row.cells.get("isan") for row in sheet.rows] == [None, "0.5", None]


def test_leading_zeros_that_a_format_shows_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["member", "title"])
    book.active.append(["社", 7])
    book.active["B2"].number_format = "000"
    book.save(tmp_path / "works.xlsx")
    assert read_sheet(tmp_path / "works.xlsx").rows[0].cells["title"] == "007"


def test_merged_cells_are_errors_of_their_rows(tmp_path: Path) -> None:
    path = a_book(tmp_path, ["member", "title"], ["社", "a"], ["", "b"], ["社", "c"], merge="A2:A3")
    assert problems(read_sheet(path)) == [(2, "member", "merged cells (A2:A3)"), (3, "member", "merged cells (A2:A3)")]
    assert "row 1: merged cells" in refused(a_book(tmp_path, ["member", "title"], merge="A1:B1"))
    path = a_book(tmp_path, ["member", "title"], ["a", "b"], merge="A2:A3")
    assert "row 2: merged cells" in refused(changed(path, SHEET, "A2:A3", "A2:A999999"))


def test_the_first_visible_worksheet_is_read_and_furigana_are_not(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.sheet_state = "hidden"
    sheet = book.create_sheet("作品")
    sheet.append(["member", "title"])
    sheet.append(["社", "巨人"])
    path = tmp_path / "works.xlsx"
    book.save(path)
    spoken = "<r><t>巨</t></r><r><t>人</t></r><rPh sb='0' eb='2'><t>キョジン</t></rPh>"
    changed(path, "xl/worksheets/sheet2.xml", "<t>巨人</t>", spoken)
    assert read_sheet(path).rows[0].cells["title"] == "巨人"


def test_a_workbook_with_wrong_columns_is_refused(tmp_path: Path) -> None:
    message = refused(a_book(tmp_path, ["会社", "Name"], ["a", "b"]))
    assert message.startswith("row 1, column A: unknown heading '会社'; known are member, title")
    assert refused(a_book(tmp_path)).startswith("row 1: the sheet is empty")


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "works.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "hello")
    assert refused(path).startswith("not a workbook that can be read")
    path.write_bytes(b"PK\x03\x04" + b"\0" * 100)
    assert refused(path).startswith("not a workbook that can be read")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_workbook_is_refused(tmp_path: Path, share: float) -> None:
    path = a_book(tmp_path, ["member", "title"], ["a", "b"])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert refused(path).startswith("not a workbook that can be read")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = a_book(tmp_path, ["member", "title"], ["a", "b"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/bomb.xml", "w") as file:
        for _ in range(65):
            file.write(b"\0" * (1 << 20))
    assert path.stat().st_size < 1 << 20
    assert refused(path) == "unpacks to 65 MB; at most 64 are read"


def test_a_bomb_that_declares_a_small_size_is_refused(tmp_path: Path) -> None:
    path = a_book(tmp_path, ["member", "title"], ["a", "b"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.xml", b"\0" * (70 << 20))
    data = path.read_bytes()
    assert data.count((70 << 20).to_bytes(4, "little")) == 2
    path.write_bytes(data.replace((70 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    assert refused(path).startswith("not a workbook that can be read")


def test_a_workbook_of_many_parts_or_of_two_with_one_name_is_refused(tmp_path: Path) -> None:
    path = a_book(tmp_path, ["member", "title"], ["a", "b"])
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("xl/workbook.xml", "<other/>")
    assert "two parts of one name" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(workbooks.PARTS + 1):
            archive.writestr(str(number), "")
    assert "parts in a workbook" in refused(path)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    path = a_book(tmp_path, ["member", "title"], ["a", "b"])
    lol = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    changed(path, SHEET, "<worksheet", f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}]><worksheet')
    changed(path, SHEET, "<t>b</t>", "<t>&l9;</t>")
    assert "EntitiesForbidden" in refused(path)
    path = a_book(tmp_path, ["member", "title"], ["a", "b"])
    changed(path, "xl/workbook.xml", "<workbook", '<!DOCTYPE x [<!ENTITY l0 SYSTEM "file:///etc/passwd">]><workbook')
    assert "EntitiesForbidden" in refused(path)


def test_a_worksheet_that_lies_about_its_size_is_read_as_it_is(tmp_path: Path) -> None:
    path = a_book(tmp_path, ["member", "title"], ["a", "b"])
    changed(path, SHEET, 'ref="A1:B2"', 'ref="A1:XFD1048576"')
    assert cells(read_sheet(path)) == [(2, {"member": "a", "title": "b"})]


@pytest.mark.parametrize("row", ["1048577", "99999999999999", "-5", "x"])
def test_a_row_where_no_spreadsheet_has_one_is_refused(tmp_path: Path, row: str) -> None:
    path = a_book(tmp_path, ["member", "title"], ["a", "b"])
    changed(path, SHEET, '<row r="2"', f'<row r="{row}"')
    changed(path, SHEET, 'r="A2"', f'r="A{row}"')
    changed(path, SHEET, 'r="B2"', f'r="B{row}"')
    refused(path)


def test_a_workbook_with_a_password_is_refused(tmp_path: Path) -> None:
    path = a_book(tmp_path, ["member", "title"], ["a", "b"])
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    path.write_bytes(bytes(data))
    assert "password" in refused(path)


def test_reading_leaves_no_warning_and_no_file_open(tmp_path: Path) -> None:
    path = a_book(tmp_path, ["member", "title"], ["a", "b"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_sheet(path).rows) == 1
    path.unlink()
