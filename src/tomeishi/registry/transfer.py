"""Import of works from a sheet, in two steps, and export to the same columns.

`plan_import` is the dry run: it writes nothing and names every row that cannot be imported. `apply_import` writes the
plan, all of it or, where somebody asked for it, all rows without an error. A row that says of a work what the registry
says already is `unchanged`, so that importing a sheet twice, or again after a failure, does no harm.
"""

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from tomeishi.errors import BadImport, BadInput, NotFound
from tomeishi.registry import works
from tomeishi.registry.cross_ids import SCHEMES, cross_id
from tomeishi.registry.descriptions import add_descriptions, clean_description, list_descriptions, parted
from tomeishi.registry.names import Role, clean_name, keep_names, language_tag
from tomeishi.registry.references import references
from tomeishi.registry.sheets import COLUMNS, Row, RowError, Sheet, cell_of, in_sheet_order, parts_of


@dataclass(frozen=True, slots=True)
class PlannedWork:
    """A row that can be imported, its words as they will be kept."""

    row: int
    member: str
    title: str
    language: str | None
    readings: tuple[str, ...]
    aliases: tuple[str, ...]
    characters: tuple[str, ...]
    descriptions: tuple[tuple[str | None, str], ...]
    """(character, or None for the work; text)."""
    cross_ids: tuple[tuple[str, str], ...]
    media: tuple[Path, ...]
    """Existing files inside the media folder, links resolved."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do."""

    works: tuple[PlannedWork, ...]
    """To be added."""
    unchanged: tuple[tuple[str, PlannedWork], ...]
    """(work id, row) of works that are registered as the row says; `media` is what they still lack."""
    new_members: tuple[str, ...]
    """Members that nobody registered yet: a misspelt one shows here."""
    errors: tuple[RowError, ...]
    """In the order of the sheet."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    works: tuple[str, ...]
    """Ids of the works that were added, in the order of the sheet."""
    unchanged: tuple[str, ...]
    media: tuple[tuple[str, Path], ...]
    """(work id, file) still to be fingerprinted and registered as references."""


def plan_import(tx: Connection, sheet: Sheet, media_folder: Path) -> ImportPlan:
    """The dry run. Media are sought in `media_folder` and must lie there, links followed."""
    if not media_folder.is_dir():
        raise NotFound(f"{media_folder}: no such folder; name the one that holds the media")
    registered = {(work.member, work.title): work for work in works.list_works(tx)}
    described = _descriptions(tx, registered.values())
    files = defaultdict[str, set[str]](set)
    for reference in references(tx):
        files[reference.work_id].add(reference.path)
    errors = list(sheet.errors)
    bad_rows = {error.row for error in errors}
    added: list[PlannedWork] = []
    unchanged: list[tuple[str, PlannedWork]] = []
    first_row: dict[tuple[str, str], int] = {}
    for row in sheet.rows:
        found: list[RowError] = []
        planned = _planned(row, media_folder.resolve(), found)
        key = (planned.member, planned.title)
        if all(key) and key in first_row:
            what = f"the same work as in row {first_row[key]}"
            found.append(RowError(row.number, "title", what, "keep one row for each work"))
        elif all(key):
            first_row[key] = row.number
        known = registered.get(key)
        if known and (columns := _differences(known, described[known.id], planned)):
            what = f"registered already, with another {' and '.join(columns)}"
            found.append(RowError(row.number, columns[0], what, "take the row out, or change the work itself"))
        errors += found
        if found or row.number in bad_rows:
            continue
        if known:
            lacking = tuple(path for path in planned.media if str(path) not in files[known.id])
            unchanged.append((known.id, replace(planned, media=lacking)))
        else:
            added.append(planned)
    members = {member.name for member in works.list_members(tx)}
    new_members = dict.fromkeys(planned.member for planned in added if planned.member not in members)
    return ImportPlan(tuple(added), tuple(unchanged), tuple(new_members), tuple(in_sheet_order(errors)))


def of_member(sheet: Sheet, member: str) -> Sheet:
    """The same, where rows of other members are errors and nothing more is said of them."""
    mine = tuple(row for row in sheet.rows if row.cells.get("member", "").strip() == member)
    foreign = {row.number for row in sheet.rows} - {row.number for row in mine}
    errors = [error for error in sheet.errors if error.row not in foreign]
    errors += [
        RowError(number, "member", "this row is not of your own works", "take the row out") for number in foreign
    ]
    return Sheet(sheet.columns, mine, tuple(in_sheet_order(errors)))


def apply_import(tx: Connection, plan: ImportPlan, recorded_at: datetime, *, partial: bool = False) -> ImportResult:
    """Write the plan; if it has errors, BadImport and nothing written, unless the other rows are wanted anyway."""
    if plan.errors and not partial:
        first = plan.errors[0]
        count = len({error.row for error in plan.errors})
        raise BadImport(
            f"{count} {'rows' if count > 1 else 'row'} cannot be imported, so nothing was; "
            f"first row {first.row}, {first.column or 'whole row'}: {first.message}"
        )
    members = {member.name: member.id for member in works.list_members(tx)}
    added, media = [], []
    for planned in plan.works:
        if planned.member not in members:
            members[planned.member] = works.add_member(tx, planned.member, recorded_at)
        work_id = works.add_work(
            tx, members[planned.member], planned.title, language=planned.language, recorded_at=recorded_at
        )
        names = [(reading, Role.READING, planned.language) for reading in planned.readings]
        keep_names(tx, [*names, *((alias, Role.ALIAS, None) for alias in planned.aliases)], work_id=work_id)
        ids: dict[str | None, str | None] = {None: None}
        for character in planned.characters:
            ids[character] = works.add_character(tx, work_id, character, recorded_at=recorded_at)
        for owner, text in planned.descriptions:
            add_descriptions(tx, work_id, [text], ids[owner])
        for scheme, value in planned.cross_ids:
            works.set_cross_id(tx, work_id, scheme, value)
        added.append(work_id)
        media += [(work_id, path) for path in planned.media]
    for work_id, planned in plan.unchanged:
        media += [(work_id, path) for path in planned.media]
    return ImportResult(tuple(added), tuple(work_id for work_id, _ in plan.unchanged), tuple(media))


def export_works(tx: Connection, media_folder: Path | None = None) -> Sheet:
    """All works as a sheet; files inside `media_folder` are written relative to it, as an import wants them."""
    files = defaultdict[str, list[str]](list)
    for reference in references(tx):
        files[reference.work_id].append(_relative(reference.path, media_folder))
    rows = []
    listed = works.list_works(tx)
    described = _descriptions(tx, listed)
    for number, work in enumerate(listed, start=2):
        cells = {
            "member": work.member,
            "title": work.title,
            "reading": cell_of(work.texts(Role.READING)),
            "language": work.language or "",
            "aliases": cell_of(work.texts(Role.ALIAS)),
            "characters": cell_of(character.name for character in work.characters),
            "descriptions": cell_of(
                text if owner is None else f"{owner}: {text}" for owner, text in described[work.id]
            ),
            **dict(work.cross_ids),
            "media": cell_of(files[work.id]),
        }
        rows.append(Row(number, {column: cell for column, cell in cells.items() if cell}))
    return Sheet(COLUMNS, tuple(rows))


def _descriptions(tx: Connection, listed: Iterable[works.Work]) -> defaultdict[str, list[tuple[str | None, str]]]:
    """Of each work (id): whose they are, a character's by its name, and the texts."""
    name_of = {character.id: character.name for work in listed for character in work.characters}
    found: defaultdict[str, list[tuple[str | None, str]]] = defaultdict(list)
    for each in list_descriptions(tx):
        found[each.work_id].append((name_of[each.character_id] if each.character_id else None, each.text))
    return found


def _planned(row: Row, folder: Path, errors: list[RowError]) -> PlannedWork:
    """What the row says; what is wrong with it goes to `errors`, and its place is left empty."""
    cells = row.cells

    def read(column: str, rule: Callable[[str], str], text: str) -> str:
        try:
            return rule(text)
        except BadInput as error:
            what, _, remedy = str(error).rpartition("; ")
            errors.append(RowError(row.number, column, what, remedy))
            return ""

    def names(column: str, what: str) -> tuple[str, ...]:
        texts = (read(column, lambda text: clean_name(text, what), item) for item in parts_of(cells.get(column, "")))
        return tuple(dict.fromkeys(text for text in texts if text))

    def described(characters: tuple[str, ...]) -> tuple[tuple[str | None, str], ...]:
        told = [parted(item, characters) for item in parts_of(cells.get("descriptions", ""))]
        texts = [(owner, read("descriptions", clean_description, text)) for owner, text in told]
        return tuple(dict.fromkeys((owner, text) for owner, text in texts if text))

    def media() -> tuple[Path, ...]:
        found = (read("media", lambda text: _file(folder, text), item) for item in parts_of(cells.get("media", "")))
        return tuple(dict.fromkeys(Path(path) for path in found if path))

    characters = names("characters", "character's name")
    return PlannedWork(
        row=row.number,
        member=read("member", lambda text: clean_name(text, "member's name"), cells.get("member", "")),
        title=read("title", lambda text: clean_name(text, "title"), cells.get("title", "")),
        language=read("language", language_tag, cells["language"]) if "language" in cells else None,
        readings=names("reading", "reading"),
        aliases=names("aliases", "alias"),
        characters=characters,
        descriptions=described(characters),
        cross_ids=tuple(
            (scheme, value)
            for scheme in SCHEMES
            if scheme in cells and (value := read(scheme, functools.partial(cross_id, scheme), cells[scheme]))
        ),
        media=media(),
    )


def _file(folder: Path, text: str) -> str:
    """The real path of a file that a sheet names; `folder` is resolved already. BadInput unless it lies inside."""
    named = Path(text)
    if "\\" in text and not (folder / named).exists():
        named = Path(text.replace("\\", "/"))  # a sheet written on Windows
    if ".." in named.parts:
        raise BadInput(f"{text[:200]!r} leaves the media folder; write a path inside {folder}")
    try:
        real = (folder / named).resolve(strict=True)
    except FileNotFoundError as error:
        raise BadInput(f"no file {text[:200]!r} in {folder}; check its name, or name another media folder") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"{text[:200]!r} is not the name of a file that can be opened; check it") from error
    if not real.is_relative_to(folder):
        raise BadInput(f"{text[:200]!r} lies outside the media folder; put the file into {folder}")
    if not real.is_file():
        raise BadInput(f"{text[:200]!r} is not a file; write the names of files")
    return str(real)


def _differences(known: works.Work, described: Sequence[tuple[str | None, str]], planned: PlannedWork) -> list[str]:
    """Columns in which a row says something else than the registry; the order of names is no difference."""
    pairs = {
        "reading": (set(known.texts(Role.READING)), set(planned.readings)),
        "language": (known.language, planned.language),
        "aliases": (set(known.texts(Role.ALIAS)), set(planned.aliases)),
        "characters": ({character.name for character in known.characters}, set(planned.characters)),
        "descriptions": (set(described), set(planned.descriptions)),
        **{s: (dict(known.cross_ids).get(s), dict(planned.cross_ids).get(s)) for s in SCHEMES},
    }
    return [column for column, (here, there) in pairs.items() if here != there]


def _relative(path: str, folder: Path | None) -> str:
    if folder is None:
        return path
    for base in (folder.absolute(), folder.resolve()):
        if Path(path).is_relative_to(base):
            return Path(path).relative_to(base).as_posix()
    return path
