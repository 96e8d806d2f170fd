"""`tomeishi admin backup`, `restore` and `migrate-to`: a whole installation, in one file or in another database."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tomeishi import wiring
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, say, write_json


def back_up(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="To write; must not be there yet.")],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Also the private key that signs evidence; keep that file as a key.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Write rows, kept files and policy to one file, while the installation is in use; media stay where they lie."""
    with wiring.open(home, database) as platform:
        done = platform.back_up(file, with_keys=with_keys)
    _tell(done.tables, {"blobs": done.blobs, "keys": done.keys}, as_json=as_json)
    if not done.keys:
        say("without the private key that signs evidence; --with-keys takes it along")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="That `admin backup` wrote.")],
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Put a backup into an empty installation, every digest checked; then build the index."""
    done = wiring.restore(file, home, database)
    with wiring.open(home, database) as platform:
        platform.build_index()
    _tell(done.tables, {"blobs": done.blobs, "keys": done.keys}, as_json=as_json)


def migrate_to(
    url: Annotated[str, typer.Argument(metavar="URL", help="postgresql://user@host/database, an empty database.")],
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Move to another database, seen to hold the same; stop the service before, and start it afterwards."""
    with wiring.open(home, database) as platform:
        done = platform.move_to(url)
        where = platform.settings.address
    _tell(done, {}, as_json=as_json)
    say(f"moved; {where} names the new database, and the old one is as it was")


def _tell(tables: Mapping[str, Any], more: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        write_json({"tables": {name: {"rows": c.rows, "digest": c.digest} for name, c in tables.items()}, **more})
        return
    for name, held in sorted(tables.items()):
        data.print(f"{held.rows:>9}  {held.digest}  {name}")
