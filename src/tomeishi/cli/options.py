"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="The installation's folder; else TOMEISHI_HOME, else ~/.tomeishi.", show_default=False),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database", help="Address of a database on a server; else TOMEISHI_DATABASE, else SQLite.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
