"""Where words go: data to stdout, messages and progress to stderr, the latter only on a terminal."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")

# Rich honours NO_COLOR and a pipe by itself; `soft_wrap` keeps paths whole when they are copied. A pipe has no width.
data = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 180)
messages = Console(stderr=True, highlight=False)


def write_json(value: Any) -> None:
    """One JSON document, readable."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_line(value: Any) -> None:
    """One JSON line, handed on at once so that a reader of a pipe sees it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A message for the person at the terminal."""
    messages.print(text, markup=False, soft_wrap=True)


def tracked(items: Iterable[Item], total: int | None, doing: str) -> Iterator[Item]:
    """`items`, with a bar on stderr while it is a terminal."""
    if not messages.is_terminal:
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True) as progress:
        yield from progress.track(items, total=total, description=doing)
