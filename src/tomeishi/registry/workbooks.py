"""XLSX as tables of text. A workbook from outside is hostile until read: zip bombs, entities, cells that lie.

Excel changes what people type (1-2 becomes a date, 007 becomes 7); what cannot be read back as typed is a problem of
its cell, never a guess.
"""

import datetime
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import openpyxl
from defusedxml.ElementTree import iterparse
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import IllegalCharacterError

from tomeishi.errors import BadImport, BadInput

PARTS = 2000
XML_BYTES = 64 << 20
"""All XML of a workbook, unpacked; 50,000 rows of eleven cells are about 30 MB."""
COLUMNS = 64
"""What stands further right is not looked at: it could have no heading that is known."""
SHEET_ROWS = 1 << 20
"""Rows that Excel has; a row further down is a trap for whoever counts up to it."""
MERGED_ROWS = 10_000

_AS_TEXT = "format the column as text, type the cell again"


@dataclass(frozen=True, slots=True)
class CellProblem:
    row: int
    column: int
    """From 0."""
    what: str
    remedy: str


@dataclass(slots=True)
class Lines:
    """Rows of a worksheet as (number, cells), and what could not be read."""

    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)


def read_workbook(path: Path, most_rows: int) -> Lines:
    """The first visible worksheet. One row past `most_rows` may come back, so that the caller can refuse it."""
    try:
        # One handle for all of it: what was found small is what is read, and openpyxl leaves its own open on failure.
        with path.open("rb") as file:
            _must_be_small(path, file)
            lines = _read(path, file, most_rows)
    except BadImport:
        raise
    # openpyxl raises whatever a broken file makes it stumble over; here any of it is the file's fault.
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        reason = " ".join(str(cause).split())[:120] or type(cause).__name__
        raise BadImport(f"{path}: not a workbook that can be read: {reason}; save it as .xlsx again") from error
    return lines


def _read(path: Path, file: IO[bytes], most_rows: int) -> Lines:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of every feature that it leaves out
        book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise BadImport(f"{path}: no visible worksheet; put the rows on the first one")
    lines = Lines()
    for number, cells in _rows(visible[0], most_rows):
        lines.rows.append((number, [_text(number, at, cell, lines) for at, cell in enumerate(cells)]))
    # Read-only worksheets know no merged cells, and only this attribute says which part they come from.
    _note_merges(path, file, visible[0]._worksheet_path, lines)
    return lines


def write_workbook(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """One worksheet, every cell text (Excel then leaves it alone), the first row as headings."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("works")
    sheet.freeze_panes = "A2"
    for number, row in enumerate(rows):
        cells = []
        for text in row:
            try:
                cell = WriteOnlyCell(sheet, text)
            except IllegalCharacterError as error:
                raise BadInput(f"row {number + 1}: a control character in {text[:60]!r}; write a .csv") from error
            cell.data_type = "s"
            cell.number_format = "@"
            if number == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)
    try:
        book.save(path)
    finally:
        book.close()


def _must_be_small(path: Path, file: IO[bytes]) -> None:
    """Refuse before anything is unpacked by what the archive declares, then by what it really holds."""
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if len(parts) > PARTS:
            raise BadImport(f"{path}: {len(parts)} parts in a workbook; not one that a spreadsheet wrote")
        xml = [part for part in parts if not part.filename.startswith("xl/media/")]
        declared = sum(part.file_size for part in xml)
        if declared > XML_BYTES:
            raise BadImport(f"{path}: unpacks to {declared >> 20} MB; at most {XML_BYTES >> 20} are read")
        if len({part.filename for part in parts}) != len(parts):
            raise BadImport(f"{path}: two parts of one name in a workbook; not one that a spreadsheet wrote")
        left = XML_BYTES
        for part in xml:
            if part.flag_bits & 1 or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise BadImport(f"{path}: packed with a password or in an unusual way; save it as .xlsx again")
            with archive.open(part) as stream:
                while piece := stream.read(1 << 20):
                    left -= len(piece)
                    if left < 0:
                        raise BadImport(f"{path}: unpacks to more than it declares; not read")


def _rows(sheet: Any, most: int) -> Iterator[tuple[int, Sequence[Any]]]:
    """Rows with something in them; one past `most`, then no more."""
    sheet.reset_dimensions()  # the declared size of a sheet may lie
    blank = None
    for number, cells in enumerate(sheet.iter_rows(max_col=COLUMNS), start=1):
        if number > SHEET_ROWS:
            raise ValueError(f"row {number}: no spreadsheet has that many rows")
        # openpyxl fills a gap between rows with one and the same object.
        if cells is blank or all(cell.value is None for cell in cells):
            blank = cells
            continue
        yield number, cells
        if number > most:
            return


def _text(number: int, at: int, cell: Any, lines: Lines) -> str:
    value = cell.value

    def problem(what: str, remedy: str) -> str:
        lines.problems.append(CellProblem(number, at, what, remedy))
        return ""

    if value is None:
        return ""
    if cell.data_type == "f":
        return problem("a formula", "copy the column and paste it as values")
    if cell.data_type == "e":
        return problem(f"an error of the spreadsheet ({value})", "write what is meant")
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return problem(f"a date or time ({value})", _AS_TEXT)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        if abs(value) >= 10**15:
            return problem(f"a number of which Excel keeps 15 digits only ({value})", _AS_TEXT)
        zeros = cell.number_format if re.fullmatch("0+", str(cell.number_format)) else ""
        return str(value).zfill(len(zeros))
    return repr(value)


def _note_merges(path: Path, file: IO[bytes], part: str, lines: Lines) -> None:
    with zipfile.ZipFile(file) as archive, archive.open(part.lstrip("/")) as stream:
        for _, element in iterparse(stream):
            if element.tag.endswith("}mergeCell"):
                area = str(element.get("ref"))[:30]
                left, top, _, bottom = range_boundaries(area)
                if top == 1 or len(lines.problems) + bottom - top > MERGED_ROWS:
                    raise BadImport(f"{path}: row {top}: merged cells ({area}); separate them")
                for row in range(top, bottom + 1):
                    lines.problems.append(
                        CellProblem(row, left - 1, f"merged cells ({area})", "separate and fill them")
                    )
            elif element.tag.endswith("}row"):
                element.clear()
