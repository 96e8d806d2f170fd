"""`tomeishi demo`."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[
        Path | None,
        typer.Option("--out", "--keep", help="Folder for what the demo leaves; an older demo there is replaced."),
    ] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the work, without the browser.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open no browser.")] = False,
) -> None:
    """Draw films, register them, plant altered copies, screen them, seal evidence, and show it all in a browser.

    Nothing leaves this machine. Without a terminal, or with --no-serve, it ends after the work and leaves its files in
    demo-out; in the browser it ends with Ctrl+C, and removes them unless a folder was named.
    """
    # The service and the films that are drawn: other commands need neither, and would start half a second later.
    from tomeishi.cli.demonstration import demonstrate

    demonstrate(out, no_serve, no_browser)
