"""Where words go: data to stdout, messages and progress to stderr, the latter only on a terminal."""

import io
import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tomeishi.values import Partial

Item = TypeVar("Item")

_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that would break the line or command the terminal."""

# Rich honours NO_COLOR and a pipe by itself; `soft_wrap` keeps paths whole when they are copied. A pipe has no width:
# tables in it are as wide as what they hold.
# Titles and paths are never read as markup: `[b]` in one is five letters, not a style.
data = Console(
    soft_wrap=True, highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 10_000
)
messages = Console(stderr=True, highlight=False, markup=False, emoji=False)


def use_utf8() -> None:
    """Data is UTF-8 whatever the locale; a file name that is not comes in and goes out as `\\udcXX`, JSON or not."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding=sys.getfilesystemencoding(), errors="surrogateescape")


def write_json(value: Any) -> None:
    """One JSON document, readable."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_line(value: Any) -> None:
    """One JSON line, handed on at once so that a reader of a pipe sees it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def write_message_line(value: Any) -> None:
    """One JSON line for whoever watches, beside the data."""
    sys.stderr.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stderr.flush()


def say(text: str) -> None:
    """One line for the person at the terminal, whatever a file is called."""
    clean = "".join("?" if unicodedata.category(letter) in _UNPRINTABLE else letter for letter in text)
    messages.print(clean, soft_wrap=True)


def read_in_part(path: str | Path, partial: Partial) -> str:
    """The message about a file that could be read only in part."""
    return f"tomeishi: {path}: read only up to {partial.until:.1f} s: {partial.reason}"


def tracked(items: Iterable[Item], total: int | None, doing: str) -> Iterator[Item]:
    """`items`, with a bar on stderr while it is a terminal."""
    if not messages.is_terminal:
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True) as progress:
        yield from progress.track(items, total=total, description=doing)
