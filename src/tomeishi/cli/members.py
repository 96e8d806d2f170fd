"""`tomeishi members`: the rights holders of the coalition."""

from typing import Annotated

import typer

from tomeishi import wiring
from tomeishi.cli.options import Home, Json
from tomeishi.cli.output import data, write_json
from tomeishi.registry import works

app = typer.Typer(name="members", help="The rights holders of the coalition.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As reports will show it.")],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Add a member."""
    with wiring.open(home) as platform, platform.transaction() as tx:
        member = works.add_member(tx, name)
    write_json({"member": member}) if as_json else data.print(member)


@app.command("list")
def list_(as_json: Json = False, home: Home = None) -> None:
    """All members."""
    with wiring.open(home) as platform, platform.reading() as tx:
        found = works.list_members(tx)
    if as_json:
        write_json([{"member": member.id, "name": member.name} for member in found])
        return
    for member in found:
        data.print(f"{member.id}  {member.name}")
