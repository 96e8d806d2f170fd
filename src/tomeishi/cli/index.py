"""`tomeishi index`: what is searched."""

import typer

from tomeishi import wiring
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, write_json

app = typer.Typer(name="index", help="Build and inspect what is searched.", no_args_is_help=True)


@app.command()
def build(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """Build the index of the registry as it stands; nothing is done where it is current."""
    with wiring.open(home, database) as platform:
        platform.build_index()
        _show(platform, as_json)


@app.command()
def info(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """Which snapshots are in force, and whether they are up to date."""
    with wiring.open(home, database) as platform:
        _show(platform, as_json)


def _show(platform: wiring.Platform, as_json: bool) -> None:
    rows = platform.index_info()
    if as_json:
        write_json(rows)
        return
    for row in rows:
        state = "up to date" if row["up_to_date"] else "behind the registry: it is built before the next screening"
        data.print(f"{row['descriptor']}: {row['items']} references, {row['rows']} rows, {row['engine']}, {state}")
    if not rows:
        data.print("no index yet: register a work, or run `tomeishi index build`")
