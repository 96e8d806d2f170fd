"""Sheets of works as people keep them: CSV (UTF-8, with or without BOM, or CP932) and XLSX, read and written alike.

A row is numbered as the spreadsheet numbers it, the headings being row 1. Lists in a cell are separated by `;` or line
breaks, a semicolon of a name is written `\\;`. On writing, a cell that a spreadsheet would take for a formula gets an
apostrophe in front, which is taken off again on reading.
"""

import contextlib
import csv
import io
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tomeishi.errors import BadImport, BadInput, NotFound, StorageFailure
from tomeishi.registry.folding import fold

COLUMNS = (
    "member",
    "title",
    "reading",
    "language",
    "aliases",
    "characters",
    "descriptions",
    "eidr",
    "isan",
    "wikidata",
    "anilist",
    "media",
)

REQUIRED = ("member", "title")

_HEADINGS = {
    "member": ("会員", "会員名", "権利者", "members"),
    "title": ("作品名", "作品", "題名", "タイトル", "titles"),
    "reading": ("読み", "読み仮名", "よみがな", "ふりがな", "readings"),
    "language": ("言語",),
    "aliases": ("別名", "別題", "別表記", "alias"),
    "characters": ("キャラクター", "キャラクター名", "キャラ", "登場人物", "character"),
    "descriptions": ("説明", "特徴", "外見", "description"),
    "eidr": (),
    "isan": (),
    "wikidata": ("ウィキデータ",),
    "anilist": (),
    "media": ("媒体", "メディア", "ファイル", "映像", "files", "file"),
}
_COLUMN_OF = {fold(heading): column for column in COLUMNS for heading in (column, *_HEADINGS[column])}

FILE_BYTES = 64 << 20
LINE_BYTES = 1 << 20
"""Longest line of a CSV file; 12 cells of a few thousand letters stay far below."""
ROWS = 50_000
CELL_LETTERS = 32_767
"""What Excel holds in a cell, and cuts silently past."""

_FORMULA = re.compile("'*[=+\\-@\t\r＝＋－＠]")
"""What spreadsheets take for a formula; the full-width signs count where Japanese is typed."""
_LIST_PART = re.compile(r"\\[;；\\\n]|[;；\n]|[^;；\n\\]+|\\")


@dataclass(frozen=True, slots=True)
class RowError:
    """What keeps one row from being imported, and what to do about it."""

    row: int
    column: str
    """A heading of ours, or the column's letters; empty for the whole row."""
    what: str
    remedy: str

    @property
    def message(self) -> str:
        return f"{self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    cells: dict[str, str]
    """By column; blank cells are left out."""


@dataclass(frozen=True, slots=True)
class Sheet:
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    """Blank rows are left out; the numbers of the others are those of the file."""
    errors: tuple[RowError, ...] = ()
    """Cells that could not be read as text."""


def read_sheet(path: Path) -> Sheet:
    """The sheet in `path`, XLSX or CSV by its content; BadImport (one line, with the row) if it is none."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such file") from error
    except OSError as error:
        raise BadImport(f"{path}: cannot be read: {error.strerror}") from error
    errors: list[RowError] = []
    if start.startswith(b"PK"):
        if size > FILE_BYTES:
            raise BadImport(f"{path}: {size >> 20} MB; at most {FILE_BYTES >> 20} are read. Split the sheet")
        from tomeishi.registry.workbooks import read_workbook  # openpyxl takes long to import, for this alone

        lines = read_workbook(path, ROWS + 1)
        table = _table(path, lines.rows)
        errors += [RowError(p.row, _heading(table, p.column), p.what, p.remedy) for p in lines.problems]
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadImport(f"{path}: an old .xls file, or one with a password; save it as .xlsx without a password")
    else:
        table = _table(path, _csv_rows(path))
    return _sheet(path, table, errors)


def write_sheet(sheet: Sheet, path: Path) -> None:
    """Write CSV (UTF-8 with BOM, so that Excel reads it) or XLSX (all cells text), by the ending of `path`."""
    rows = [[row.cells.get(column, "") for column in sheet.columns] for row in sheet.rows]
    for row in sheet.rows:
        for column, cell in row.cells.items():
            if len(cell) >= CELL_LETTERS:
                raise BadInput(f"row {row.number}, {column}: {len(cell)} letters do not fit in a cell of a spreadsheet")
    write_table(path, [list(sheet.columns), *rows])


def write_errors(errors: Iterable[RowError], path: Path) -> None:
    """The row-numbered error file, in the order of the sheet."""
    rows = [[str(error.row), error.column, error.what, error.remedy] for error in in_sheet_order(errors)]
    write_table(path, [["row", "column", "what is wrong", "what to do"], *rows])


def write_table(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """A table of text, complete or not at all; cells that look like formulas are made harmless."""
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise BadInput(f"{path}: write a sheet as .csv or .xlsx")
    harmless = [["'" + cell if _FORMULA.match(cell) else cell for cell in row] for row in rows]
    unfinished = path.with_name(f".{secrets.token_hex(8)}{path.suffix}")
    try:
        if path.suffix.lower() == ".xlsx":
            from tomeishi.registry.workbooks import write_workbook

            write_workbook(unfinished, harmless)
        else:
            with unfinished.open("x", encoding="utf-8-sig", newline="") as file:
                csv.writer(file).writerows(harmless)
        unfinished.replace(path)
    except OSError as error:
        raise StorageFailure(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def in_sheet_order(errors: Iterable[RowError]) -> list[RowError]:
    return sorted(errors, key=lambda e: (e.row, COLUMNS.index(e.column) if e.column in COLUMNS else -1, e.column))


def parts_of(cell: str) -> list[str]:
    """The items of a list in a cell, blanks around them and empty items dropped; `\\;` is a semicolon."""
    items = [""]
    for part in _LIST_PART.findall(cell):
        if part in (";", "；", "\n"):
            items.append("")
        else:
            items[-1] += part[1] if len(part) == 2 and part[0] == "\\" else part
    return [item.strip() for item in items if item.strip()]


def cell_of(items: Iterable[str]) -> str:
    """A list as a cell, so that `parts_of` gives it back."""
    return ";".join(re.sub(r"([\\;；\n])", r"\\\1", item) for item in items)


def _table(path: Path, rows: Iterable[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    table = []
    for number, cells in rows:
        if number > ROWS + 1:
            raise BadImport(f"{path}: row {number}: at most {ROWS} rows are read; split the sheet")
        if any(cell.strip() for cell in cells):
            table.append((number, cells))
    if not table:
        raise BadImport(f"{path}: row 1: the sheet is empty; its first row names the columns: {', '.join(COLUMNS)}")
    return table


def _sheet(path: Path, table: list[tuple[int, list[str]]], errors: list[RowError]) -> Sheet:
    (number, headings), *rows = table
    columns = _columns(path, number, headings)
    read = []
    for number, cells in rows:
        found: dict[str, str] = {}
        for at, raw in enumerate(cells):
            cell = raw[1:] if raw.startswith("'") and _FORMULA.match(raw) else raw
            if not cell.strip():
                continue
            if at >= len(columns):
                what = f"a cell without a heading: {cell[:40]!r}"
                errors.append(RowError(number, _letters(at), what, "put a name that holds a comma in quotes"))
            elif len(cell) > CELL_LETTERS:
                what = f"{len(cell)} letters in a cell"
                errors.append(RowError(number, columns[at], what, f"write at most {CELL_LETTERS}"))
            else:
                found[columns[at]] = cell
        read.append(Row(number, found))
    return Sheet(columns, tuple(read), tuple(in_sheet_order(errors)))


def _columns(path: Path, number: int, headings: list[str]) -> tuple[str, ...]:
    while headings and not headings[-1].strip():
        headings = headings[:-1]
    columns = []
    for at, heading in enumerate(headings):
        column = _COLUMN_OF.get(fold(heading)) if heading.strip() else None
        if column is None:
            known = ", ".join(COLUMNS)
            raise BadImport(
                f"{path}: row {number}, column {_letters(at)}: unknown heading {heading[:40]!r}; known are {known}"
            )
        if column in columns:
            raise BadImport(f"{path}: row {number}, column {_letters(at)}: a second column {column!r}; keep one")
        columns.append(column)
    for column in REQUIRED:
        if column not in columns:
            raise BadImport(f"{path}: row {number}: no column {column!r}; add it ({', '.join(REQUIRED)} are needed)")
    return tuple(columns)


def _heading(table: list[tuple[int, list[str]]], at: int) -> str:
    headings = table[0][1]
    return (_COLUMN_OF.get(fold(headings[at])) if at < len(headings) else None) or _letters(at)


def _letters(at: int) -> str:
    """A, B, ... Z, AA: what a spreadsheet calls its column number `at` (from 0)."""
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(path)
    number = 0
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for number, cells in enumerate(reader, start=1):
            yield number, cells
    except csv.Error as error:
        raise BadImport(f"{path}: row {number + 1}: not CSV: {error}; check the quotes") from error


def _decoded(path: Path) -> str:
    lines: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        while line := file.readline(LINE_BYTES + 1):
            size += len(line)
            if len(line) > LINE_BYTES:
                raise BadImport(f"{path}: row {len(lines) + 1}: a line of more than {LINE_BYTES} bytes; not a sheet")
            if size > FILE_BYTES:
                raise BadImport(f"{path}: row {len(lines) + 1}: past {FILE_BYTES >> 20} MB; split the sheet")
            lines.append(line)
    data = b"".join(lines)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadImport(f"{path}: row 1: UTF-16 text; save it as CSV UTF-8 or as .xlsx")
    if b"\0" in data:
        row = data[: data.index(b"\0")].count(b"\n") + 1
        raise BadImport(f"{path}: row {row}: a NUL byte; this is no text, save the sheet as CSV or .xlsx again")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            row = data[: error.start].count(b"\n") + 1
    raise BadImport(f"{path}: row {row}: neither UTF-8 nor Shift_JIS (CP932); save it as CSV UTF-8 or as .xlsx")
