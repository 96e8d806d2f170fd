"""`--database`: every command that uses an installation also finds its rows elsewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from tomeishi import wiring
from tomeishi.cli.main import app
from tomeishi.registry import works

WITHOUT_ROWS = {"verify"}
"""Uses the installation's key alone."""


def commands(group: Any, path: str = "") -> Iterator[tuple[str, set[str]]]:
    for name, each in group.commands.items():
        if hasattr(each, "commands"):
            yield from commands(each, f"{path}{name} ")
        else:
            yield f"{path}{name}", {option for parameter in each.params for option in parameter.opts}


def test_a_command_that_takes_a_home_takes_a_database() -> None:
    found = dict(commands(typer.main.get_command(app)))
    with_home = {name for name, options in found.items() if "--home" in options} - WITHOUT_ROWS
    assert with_home == {name for name, options in found.items() if "--database" in options}
    assert {"serve", "worker", "screen", "works add", "admin user add", "audit run"} <= with_home


def test_rows_go_to_the_database_that_is_named(tomeishi: Callable[..., Any], database_url: str, tmp_path: Path) -> None:
    added = tomeishi("members", "add", "星川", "--database", database_url)
    assert added.code == 0, added.err
    assert "星川" in tomeishi("members", "list", "--database", database_url).out
    assert "星川" not in tomeishi("members", "list").out
    with wiring.open(tmp_path / "home", database_url) as platform, platform.reading() as tx:
        assert [each.name for each in works.list_members(tx)] == ["星川"]
