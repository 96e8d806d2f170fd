"""Import: a sheet and its media are staged, shown as they would be imported, and written only when somebody says so.

What is staged lies in the spool, in a folder of its own that only whoever staged it can name and open. The sheet comes
first, then each media file in a request of its own, under the path that the sheet calls it.
"""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from tomeishi.access import events
from tomeishi.access.permissions import Action
from tomeishi.access.principals import Principal
from tomeishi.errors import BadImport, BadInput, NotFound
from tomeishi.jobs import queue
from tomeishi.registry import sheets, transfer
from tomeishi.registry.sheets import COLUMNS, Sheet
from tomeishi.registry.transfer import ImportPlan
from tomeishi.values import digest_of_file, new_id
from tomeishi.web.asking import Asked, permits
from tomeishi.web.tasks import ADD_REFERENCE
from tomeishi.web.templating import page
from tomeishi.web.uploads import Upload, shown_name

router = APIRouter(include_in_schema=False, prefix="/works/import")

SHOWN = 200
"""Rows in a preview; those with errors first."""
DEEPEST = 6
"""Folders in which a media file may lie."""
_STAGED = re.compile(r"imp_[0-9A-Z]{26}")


@dataclass(frozen=True, slots=True)
class CellView:
    words: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class RowView:
    number: int
    cells: tuple[CellView, ...]
    outcome: str
    """`added`, `unchanged` or `bad`."""


@dataclass(frozen=True, slots=True)
class PlanView:
    id: str
    columns: tuple[str, ...]
    rows: tuple[RowView, ...]
    more: int
    added: int
    unchanged: int
    files: int
    bad: int
    new_members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportPage:
    plan: PlanView | None


@router.get("")
def import_page(request: Request, asked: Annotated[Asked, permits(Action.WRITE_WORKS)]) -> Response:
    """Where sheet and media are dropped."""
    return page(request, "import.html", {"page": ImportPage(None)}, principal=asked.principal)


@router.get("/template.xlsx")
def template(asked: Annotated[Asked, permits(Action.WRITE_WORKS)]) -> Response:
    """A sheet with headings alone."""
    path = asked.platform.settings.spool / "works.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    sheets.write_table(path, [COLUMNS])
    return FileResponse(path, filename="works.xlsx")


@router.post("")
def stage(asked: Annotated[Asked, permits(Action.WRITE_WORKS)], upload: Upload) -> Response:
    """Keep the sheet until it is imported; BadImport where it is none."""
    staged = _imports(asked) / new_id("imp")
    (staged / "media").mkdir(parents=True)
    upload.file.replace(staged / "sheet")
    (staged / "about.json").write_text(json.dumps({"by": asked.principal.id, "name": upload.name}), encoding="utf-8")
    try:
        sheets.read_sheet(staged / "sheet")
    except BadImport as error:
        shutil.rmtree(staged, ignore_errors=True)
        raise BadImport(str(error).replace(str(staged / "sheet"), upload.name)) from error
    return RedirectResponse(f"/works/import/{staged.name}", 303)


@router.post("/{staged_id}/media")
def stage_media(asked: Annotated[Asked, permits(Action.WRITE_WORKS)], staged_id: str, upload: Upload) -> Response:
    """One media file, under its path inside the folder that was chosen."""
    staged = _staged(asked, staged_id)
    named = upload.fields.get("path", "").replace("\\", "/").split("/")[1:] or [upload.name]
    parts = [shown_name(part) for part in named]
    if len(parts) > DEEPEST or any(part in (".", "..") for part in named):
        raise BadInput(f"{upload.name}: lies too deep in folders")
    place = (staged / "media").joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    upload.file.replace(place)
    return Response(status_code=204)


@router.get("/{staged_id}")
def preview(request: Request, asked: Annotated[Asked, permits(Action.WRITE_WORKS)], staged_id: str) -> Response:
    """What the import would do, with what is wrong marked in its cell."""
    staged = _staged(asked, staged_id)
    sheet = _sheet(staged, asked.principal)
    with asked.platform.reading() as tx:
        plan = transfer.plan_import(tx, sheet, staged / "media")
    shown = ImportPage(_view(staged, sheet, plan))
    return page(request, "import.html", {"page": shown}, principal=asked.principal)


@router.get("/{staged_id}/errors.xlsx")
def errors(asked: Annotated[Asked, permits(Action.WRITE_WORKS)], staged_id: str) -> Response:
    """The errors as a sheet, by row."""
    staged = _staged(asked, staged_id)
    with asked.platform.reading() as tx:
        plan = transfer.plan_import(tx, _sheet(staged, asked.principal), staged / "media")
    sheets.write_errors(plan.errors, staged / "errors.xlsx")
    return FileResponse(staged / "errors.xlsx", filename="errors.xlsx")


@router.post("/{staged_id}")
def apply(
    asked: Annotated[Asked, permits(Action.WRITE_WORKS)],
    staged_id: str,
    partial: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Write the works; their media are kept, and registered by jobs."""
    staged = _staged(asked, staged_id)
    sheet = _sheet(staged, asked.principal)
    with asked.platform.reading() as tx:
        planned = transfer.plan_import(tx, sheet, staged / "media").works
    digests = {path: digest_of_file(path) for each in planned for path in each.media}
    with asked.platform.transaction() as tx:
        done = transfer.apply_import(
            tx, transfer.plan_import(tx, sheet, staged / "media"), asked.at, partial=bool(partial)
        )
        for work_id, path in done.media:
            digest = digests.get(path) or digest_of_file(path)
            asked.platform.keep(path, digest)
            payload = {"work": work_id, "media": digest, "name": path.name, "principal": asked.principal.id}
            queue.enqueue(tx, ADD_REFERENCE, new_id("req"), payload, asked.at, asked_by=asked.principal.id)
        counts = {"added": len(done.works), "unchanged": len(done.unchanged)}
        events.record(tx, asked.principal.id, "works.imported", staged_id, asked.at, counts)
    shutil.rmtree(staged, ignore_errors=True)
    return RedirectResponse("/works", 303)


def _imports(asked: Asked) -> Path:
    return asked.platform.settings.spool / "imports"


def _staged(asked: Asked, staged_id: str) -> Path:
    """NotFound for whoever did not stage it."""
    staged = _imports(asked) / staged_id
    if not _STAGED.fullmatch(staged_id) or not (staged / "about.json").is_file():
        raise NotFound("no such import; it may be done already")
    if json.loads((staged / "about.json").read_text(encoding="utf-8"))["by"] != asked.principal.id:
        raise NotFound("no such import; it may be done already")
    return staged


def _sheet(staged: Path, principal: Principal) -> Sheet:
    """A member's own rows alone; the house imports for everybody."""
    sheet = sheets.read_sheet(staged / "sheet")
    if principal.sight(Action.READ_WORKS).everything:
        return sheet
    return transfer.of_member(sheet, principal.organisation.name)


def _view(staged: Path, sheet: Sheet, plan: ImportPlan) -> PlanView:
    folder = str((staged / "media").resolve())
    problems = {(each.row, each.column): each.message.replace(folder, "the media folder") for each in plan.errors}
    bad = {each.row for each in plan.errors}
    unchanged = {each.row for _, each in plan.unchanged}
    columns = tuple(column for column in COLUMNS if column in sheet.columns)
    rows: dict[int, dict[str, str]] = {number: {} for number in bad} | {row.number: row.cells for row in sheet.rows}
    ordered = sorted(rows, key=lambda number: (number not in bad, number))
    views = tuple(
        RowView(
            number,
            tuple(
                CellView(rows[number].get(column, ""), problems.get((number, column)) or _whole(problems, number, n))
                for n, column in enumerate(columns)
            ),
            "bad" if number in bad else "unchanged" if number in unchanged else "added",
        )
        for number in ordered[:SHOWN]
    )
    files = sum(len(each.media) for each in (*plan.works, *(row for _, row in plan.unchanged)))
    return PlanView(
        id=staged.name,
        columns=columns,
        rows=views,
        more=max(0, len(ordered) - SHOWN),
        added=len(plan.works),
        unchanged=len(plan.unchanged),
        files=files,
        bad=len(bad),
        new_members=plan.new_members,
    )


def _whole(problems: dict[tuple[int, str], str], number: int, place: int) -> str | None:
    """What is wrong with a row as a whole, or with a cell beyond the columns, is told in its first cell."""
    told = (what for (row, column), what in problems.items() if row == number and column not in COLUMNS)
    return next(told, None) if place == 0 else None
