"""`tomeishi members`: the rights holders of the coalition."""

from typing import Annotated

import typer

from tomeishi import wiring
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, write_json
from tomeishi.registry import works
from tomeishi.registry.domains import add_domain, domains_by_member, remove_domain

app = typer.Typer(name="members", help="The rights holders of the coalition.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As reports will show it.")],
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Add a member."""
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        member = works.add_member(tx, name)
    write_json({"member": member}) if as_json else data.print(member)


@app.command("list")
def list_(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """All members."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = works.list_members(tx)
    if as_json:
        write_json([{"member": member.id, "name": member.name} for member in found])
        return
    for member in found:
        data.print(f"{member.id}  {member.name}")


@app.command()
def domains(
    member: Annotated[str, typer.Argument(metavar="NAME", help="The member.")],
    add: Annotated[list[str] | None, typer.Option(help="A domain where it publishes its works itself.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A domain that is no longer its own.")] = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Domains of a member, each with all below it: what an audit finds there is the member's."""
    with wiring.open(home, database) as platform:
        if add or remove:
            with platform.transaction() as tx:
                for domain in add or []:
                    add_domain(tx, member, domain)
                for domain in remove or []:
                    remove_domain(tx, member, domain)
        with platform.reading() as tx:
            found = domains_by_member(tx).get(works.member_by_name(tx, member).id, [])
    if as_json:
        write_json({"member": member, "domains": found})
        return
    for domain in found:
        data.print(domain)
