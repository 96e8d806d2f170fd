"""`tomeishi works`: the catalogue and its reference media."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from tomeishi import clock, wiring
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, read_in_part, say, tracked, write_json
from tomeishi.evidence.comparison_page import time_code
from tomeishi.registry import descriptions, franchises, references, sheets, transfer, works
from tomeishi.values import Interval, Partial, Skipped

app = typer.Typer(
    name="works", help="Works and their reference media: register, import, export, search.", no_args_is_help=True
)


@app.command()
def add(
    member: Annotated[str, typer.Option(help="Whose work it is; a member of this name is made where there is none.")],
    title: Annotated[str, typer.Option(help="A work that the member has already gets the files added.")],
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE", help="Reference films and pictures.")] = None,
    reading: Annotated[str | None, typer.Option(help="How the title is read, in kana.")] = None,
    alias: Annotated[list[str] | None, typer.Option(help="Another title; may be given several times.")] = None,
    franchise: Annotated[str | None, typer.Option(help="Put it into this franchise (name), made where needed.")] = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """Register a work with its reference media."""
    with wiring.open(home, database) as platform:
        done = platform.register(member, title, files or [], reading=reading, aliases=alias or [])
        if franchise is not None:
            with platform.transaction() as tx:
                member_id = works.work(tx, done.work_id).member_id
                franchises.add_to_franchise(
                    tx, franchises.named_franchise(tx, member_id, franchise), done.work_id, clock.now()
                )
    if as_json:
        write_json(
            {
                "work": done.work_id,
                "references": list(done.references),
                "skipped": [{"file": each.item, "reason": each.reason} for each in done.skipped],
                "partial": [{"file": file, "reason": cut.reason, "until": cut.until} for file, cut in done.partial],
                "overlaps": list(done.overlaps),
            }
        )
    else:
        data.print(f"{done.work_id}  {title}: {len(done.references)} references")
    for each in done.skipped:
        say(f"skipped: {each.reason}")
    for file, cut in done.partial:
        say(read_in_part(file, cut))
    if done.overlaps:
        say(f"{len(done.overlaps)} overlap with what other members registered: see `tomeishi works overlaps`")
    return 3 if done.skipped or done.partial else 0


@app.command("list")
def list_(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """All works."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = works.list_works(tx)
    if as_json:
        write_json([_work(work) for work in found])
        return
    table = Table("work", "title", "member", "other names", "references")
    for work in found:
        others = ", ".join(name.text for name in work.names[1:])
        table.add_row(work.id, work.title, work.member, others, str(work.references))
    data.print(table)


@app.command()
def show(
    work: Annotated[str, typer.Argument(metavar="WORK", help="Its id.")],
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """One work with its names, characters, references and exclusions."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = works.work(tx, work)
        media = references.references(tx, work)
        excluded = references.exclusions(tx)
        described = descriptions.list_descriptions(tx, work)
    words = _work(found) | {
        "characters": [{"id": c.id, "name": c.name} for c in found.characters],
        "descriptions": [{"character": each.character_id, "text": each.text} for each in described],
        "media": [
            {
                "reference": each.id,
                "path": each.path,
                "digest": each.digest,
                "kind": each.kind.value,
                "duration": round(each.duration_s, 3),
                "partial": each.partial_reason,
                "excluded": [
                    [e.interval.start, e.interval.end, e.reason] for e in excluded if e.reference_id == each.id
                ],
            }
            for each in media
        ],
    }
    if as_json:
        write_json(words)
        return
    data.print(f"{found.title} ({found.member})  {found.id}")
    for name in found.names[1:]:
        data.print(f"  {name.role}: {name.text}")
    for character in found.characters:
        data.print(f"  character: {character.name}  {character.id}")
    for description in described:
        data.print(f"  description: {description.text}  {description.character_id or ''}".rstrip())
    for each in media:
        data.print(f"  {each.kind}: {each.path}  {time_code(each.duration_s)}  {each.id}")
        if each.partial_reason:
            data.print(f"    read only in part: {each.partial_reason}")
        for exclusion in (e for e in excluded if e.reference_id == each.id):
            data.print(f"    excluded: {_span(exclusion.interval)}  {exclusion.reason}")


@app.command()
def describe(
    work: Annotated[str, typer.Argument(metavar="WORK", help="Its id.")],
    text: Annotated[
        list[str], typer.Argument(metavar="TEXT", help="What it looks like, in words that do not name it.")
    ],
    character: Annotated[str | None, typer.Option(help="Whose description it is: a character's id.")] = None,
    home: Home = None,
    database: Database = None,
) -> None:
    """Describe a work, or a character of it, for prompts that describe without naming."""
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        descriptions.add_descriptions(tx, work, text, character)


@app.command()
def find(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Part of a title, alias, reading or character.")],
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """Works and characters by any part of a name, blind to kana, width, case and romaji."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = works.find_names(tx, text)
    if as_json:
        write_json(
            [
                {
                    "work": f.work_id,
                    "character": f.character_id,
                    "title": f.title,
                    "name": f.name.text,
                    "exact": f.exact,
                }
                for f in found
            ]
        )
    else:
        for each in found:
            data.print(f"{each.character_id or each.work_id}  {each.name.text}  ({each.title}, {each.member})")
    return 0


@app.command("import")
def import_(
    sheet: Annotated[Path, typer.Argument(metavar="SHEET", help="CSV (UTF-8 or CP932) or XLSX.")],
    media: Annotated[Path | None, typer.Option(help="Folder of the media; else the sheet's own.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Import the good rows although others are bad.")] = False,
    errors: Annotated[Path | None, typer.Option(help="Write the bad rows here, by number (.csv, .xlsx).")] = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """Register works from a sheet. Columns: see docs/how-to/import.md; `works export` writes the same."""
    skipped: list[Skipped] = []
    cut: list[tuple[Path, Partial]] = []
    with wiring.open(home, database) as platform:
        table = sheets.read_sheet(sheet)
        with platform.reading() as tx:
            plan = transfer.plan_import(tx, table, media or sheet.absolute().parent)
        if plan.errors and errors is not None:
            sheets.write_errors(plan.errors, errors)
            say(f"wrote {errors}")
        if not dry_run:
            with platform.transaction() as tx:
                done = transfer.apply_import(tx, plan, clock.now(), partial=partial)
            for path, problem in tracked(platform.add_files(done.media), len(done.media), "fingerprinting"):
                if isinstance(problem, Skipped):
                    skipped.append(problem)
                elif problem is not None:
                    cut.append((path, problem))
    if as_json:
        write_json(
            {
                "dry_run": dry_run,
                "added": [work.title for work in plan.works],
                "unchanged": [work.title for _, work in plan.unchanged],
                "new_members": list(plan.new_members),
                "errors": [{"row": e.row, "column": e.column, "message": e.message} for e in plan.errors],
                "skipped": [{"file": each.item, "reason": each.reason} for each in skipped],
                "partial": [{"file": str(path), "reason": each.reason, "until": each.until} for path, each in cut],
            }
        )
    else:
        would = "would be " if dry_run else ""
        data.print(f"{len(plan.works)} works {would}added, {len(plan.unchanged)} unchanged, {len(plan.errors)} errors")
        if plan.new_members:
            data.print(f"new members: {', '.join(plan.new_members)}")
        for error in plan.errors:
            data.print(f"row {error.row}, {error.column or 'whole row'}: {error.message}")
    for each in skipped:
        say(f"skipped: {each.reason}")
    for path, partial_read in cut:
        say(read_in_part(path, partial_read))
    return 2 if plan.errors and dry_run else 3 if skipped or cut or plan.errors else 0


@app.command()
def export(
    sheet: Annotated[Path, typer.Argument(metavar="SHEET", help="Written as .csv or .xlsx, by its ending.")],
    media: Annotated[Path | None, typer.Option(help="Write media paths relative to this folder.")] = None,
    home: Home = None,
    database: Database = None,
) -> None:
    """Write all works to a sheet that `works import` reads."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        table = transfer.export_works(tx, media)
    sheets.write_sheet(table, sheet)
    say(f"wrote {len(table.rows)} works to {sheet}")


@app.command()
def exclude(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="Its id.")],
    start: Annotated[float, typer.Argument(metavar="START", help="Seconds.")],
    end: Annotated[float, typer.Argument(metavar="END", help="Seconds, excluded.")],
    reason: Annotated[str, typer.Option(help="Why: a shared opening, stock footage.")],
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Take a stretch of a reference out of matching for good."""
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        exclusion = references.exclude(tx, reference, Interval(start, end), reason)
    write_json({"exclusion": exclusion}) if as_json else data.print(exclusion)


@app.command()
def overlaps(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """Footage that two members registered: nobody's silently, for people to settle."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = references.overlaps(tx)
    if as_json:
        write_json(
            [
                {
                    "overlap": each.id,
                    "found_by": each.found_by,
                    "references": [each.reference.id, each.other.id],
                    "works": [each.reference.work_id, each.other.work_id],
                    "members": [each.reference.member, each.other.member],
                    "segments": [[a.start, a.end, b.start, b.end] for a, b in each.segments],
                }
                for each in found
            ]
        )
        return
    for each in found:
        sides = (f"{side.title} ({side.member}): {side.path}" for side in (each.reference, each.other))
        data.print("  and  ".join(sides))
        for mine, other in each.segments:
            data.print(f"  {_span(mine)}  shows the same as  {_span(other)}")


@app.command()
def franchise(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Made where the member has none of this name.")],
    member: Annotated[str, typer.Option(help="Whose works these are (name).")],
    work: Annotated[list[str] | None, typer.Option(help="Put this work in (id); may be given several times.")] = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Group works of a member, so that consent can reach them together; a work that is in stays in."""
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        found = franchises.named_franchise(tx, works.member_by_name(tx, member).id, name)
        for each in work or []:
            franchises.add_to_franchise(tx, found, each, clock.now())
    write_json({"franchise": found}) if as_json else data.print(found)


@app.command("franchises")
def list_franchises(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """All franchises with their works."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = franchises.list_franchises(tx)
    if as_json:
        write_json([{"franchise": f.id, "name": f.name, "member": f.member, "works": list(f.work_ids)} for f in found])
        return
    for each in found:
        data.print(f"{each.id}  {each.name} ({each.member}): {', '.join(each.work_ids) or 'no works'}")


def _span(interval: Interval) -> str:
    return f"{time_code(interval.start)} - {time_code(interval.end)}"


def _work(work: works.Work) -> dict[str, object]:
    return {
        "work": work.id,
        "title": work.title,
        "member": work.member,
        "names": [{"text": name.text, "role": name.role.value, "language": name.language} for name in work.names],
        "cross_ids": dict(work.cross_ids),
        "references": work.references,
    }
