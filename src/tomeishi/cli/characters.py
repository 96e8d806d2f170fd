"""`tomeishi characters`: model sheets, and how well each character can be told from the others."""

from typing import Annotated

import typer
from rich.table import Table

from tomeishi import wiring
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, say, write_json
from tomeishi.enrolling import Enrolment, Sheet
from tomeishi.errors import BadInput
from tomeishi.registry import drawings, works
from tomeishi.registry.drawings import Variant
from tomeishi.values import Box

app = typer.Typer(
    name="characters", help="Characters and their model sheets: enrol drawings, list them.", no_args_is_help=True
)


@app.command()
def add(
    work: Annotated[str, typer.Option(help="The work it belongs to (id).")],
    name: Annotated[str, typer.Option(help="A character that the work has already gets the drawings added.")],
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE", help="A model sheet: drawings.")] = None,
    reading: Annotated[str | None, typer.Option(help="How the name is read, in kana.")] = None,
    alias: Annotated[list[str] | None, typer.Option(help="Another name; may be given several times.")] = None,
    look: Annotated[str | None, typer.Option(help="Which appearance these show: a costume, an age.")] = None,
    at: Annotated[float | None, typer.Option(help="Of a film: the second that shows the character.")] = None,
    box: Annotated[str | None, typer.Option(help="Where it is: X,Y,WIDTH,HEIGHT in shares of the picture.")] = None,
    mirrored: Annotated[
        bool | None, typer.Option("--mirrored/--not-mirrored", help="Whether a mirrored drawing is the character too.")
    ] = None,
    recoloured: Annotated[
        bool | None, typer.Option("--recoloured/--not-recoloured", help="Whether one in other colours is.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """Enrol drawings of a character, so that it is looked for in pictures that nobody drew before."""
    said = {Variant.MIRRORED: mirrored, Variant.RECOLOURED: recoloured}
    sheet = Sheet(
        work,
        name,
        tuple(files or ()),
        reading,
        tuple(alias or ()),
        look,
        at,
        None if box is None else _box(box),
        {variant: counts for variant, counts in said.items() if counts is not None},
    )
    with wiring.open(home, database) as platform:
        done = platform.enrol(sheet)
    if as_json:
        write_json(_words(done))
    else:
        data.print(f"{done.character_id}  {name}: {len(done.drawings)} drawings, separability {_share(done)}")
    for each in done.skipped:
        say(f"skipped: {each.reason}")
    for warning in _warnings(done):
        say(warning)
    if done.overlaps:
        say(f"{len(done.overlaps)} drawings are another character's too: for people to settle")
    return 3 if done.skipped else 0


@app.command("list")
def list_(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """All characters, with how many drawings each has."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = [(work, character) for work in works.list_works(tx) for character in work.characters]
        counted = drawings.enrolled(tx)
        said = drawings.variants(tx)
    if as_json:
        write_json(
            [
                {
                    "character": character.id,
                    "name": character.name,
                    "names": [{"text": each.text, "role": each.role.value} for each in character.names],
                    "work": work.id,
                    "title": work.title,
                    "member": work.member,
                    "drawings": counted.get(character.id, 0),
                    "variants": {variant.value: counts for variant, counts in said.get(character.id, {}).items()},
                }
                for work, character in found
            ]
        )
        return
    table = Table("character", "name", "work", "member", "drawings")
    for work, character in found:
        table.add_row(character.id, character.name, work.title, work.member, str(counted.get(character.id, 0)))
    data.print(table)


def _box(text: str) -> Box:
    try:
        x, y, width, height = (float(each) for each in text.split(","))
    except ValueError as error:
        raise BadInput(
            f"--box {text!r}: write X,Y,WIDTH,HEIGHT in shares of the picture, as 0.1,0.2,0.3,0.6"
        ) from error
    return Box(x, y, width, height)


def _share(done: Enrolment) -> str:
    return "not known yet" if done.separability is None else f"{done.separability:.2f}"


def _warnings(done: Enrolment) -> list[str]:
    if not done.confusing or done.other is None:
        return list(done.warnings)
    other = f"{done.other.name} ({done.other.title}, {done.other.member})"
    return [*done.warnings, f"easily confused with {other}: add drawings that tell them apart"]


def _words(done: Enrolment) -> dict[str, object]:
    return {
        "character": done.character_id,
        "drawings": list(done.drawings),
        "separability": None if done.separability is None else round(done.separability, 4),
        "nearest_other": None
        if done.nearest_other is None
        else {
            "character": done.nearest_other.character_id,
            "drawing": done.nearest_other.drawing_id,
            "similarity": round(done.nearest_other.similarity, 4),
        },
        "overlaps": [
            {"drawing": own, "character": other.character_id, "other_drawing": other.drawing_id}
            for own, other in done.overlaps
        ],
        "skipped": [{"file": each.item, "reason": each.reason} for each in done.skipped],
        "warnings": _warnings(done),
    }
