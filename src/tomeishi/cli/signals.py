"""`tomeishi consent read`: what files from outside state about use, by standard, and how that was derived."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from tomeishi import clock
from tomeishi.cli.options import Json
from tomeishi.cli.output import data, say, write_json
from tomeishi.config import Limits
from tomeishi.consent.standards import cawg
from tomeishi.consent.standards.forms import HEAD_BYTES, READERS, Form, form_of
from tomeishi.consent.standards.signal import STRICTEST_FIRST, Reading, Signal, Standard, Together, combine
from tomeishi.consent.standards.tdmrep import settled
from tomeishi.consent.standards.text import LARGEST_TEXT
from tomeishi.errors import BadInput, MissingExtra, UnreadableMedia
from tomeishi.media.provenance import c2pa_manifest
from tomeishi.values import Skipped, Use

_LARGEST_WHOLE = 32 << 20
"""Bytes of media that are searched whole; of larger files the two ends are, where writers put metadata."""

SKIPPED = 3


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file: what it was taken for, what it states, and what could not be looked at."""

    file: str
    form: Form | None
    signals: tuple[Signal, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: Skipped | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "form": None if self.form is None else self.form.value,
            "signals": [each.to_json() for each in self.signals],
            "notes": list(self.notes),
            "skipped": None if self.skipped is None else self.skipped.reason,
        }


def read(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Header dump, robots.txt, ai.txt, tdmrep.json, RSL, ODRL, HTML, EPUB, PDF, picture or film.",
        ),
    ],
    form: Annotated[
        Form | None, typer.Option("--as", help="What the files are; else told by name and content.")
    ] = None,
    path: Annotated[
        str | None, typer.Option(help="Path or address asked about, for rules by path; else the strictest of all.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option(help="Product token of the crawler asked about; else those that no rule names.")
    ] = None,
    fetched_at: Annotated[
        str | None, typer.Option(help="When the files were fetched; kept with what they say.")
    ] = None,
    future: Annotated[
        bool, typer.Option("--future", help="Take a moment of fetching that lies in the future; else it is refused.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What files state about use, by standard, and together: the strictest counts. Nothing is fetched or recorded."""
    if path is not None and not path.startswith("/") and "://" not in path:
        raise BadInput(f"--path {path!r}: write a path that begins with /, or a whole address")
    moment = None if fetched_at is None else clock.from_text(fetched_at)
    if moment is not None and moment > clock.now() and not future:
        raise BadInput(f"--fetched-at {fetched_at}: lies in the future; check the clock, or say --future")
    found = [_file(each, form, Reading(str(each), path, agent, moment)) for each in files]
    counting = settled(signal for each in found for signal in each.signals)
    together = combine(counting)
    if as_json:
        standards = {
            standard.value: combine(each for each in counting if each.standard is standard).to_json()
            for standard in Standard
            if any(each.standard is standard for each in counting)
        }
        write_json(
            {"files": [each.to_json() for each in found], "standards": standards, "together": together.to_json()}
        )
    else:
        _print(found, together, path)
    if any(each.skipped is not None for each in found):
        raise typer.Exit(SKIPPED)


def _file(path: Path, form: Form | None, reading: Reading) -> FileRead:
    notes: tuple[str, ...] = ()
    try:
        if not path.is_file():
            reason = f"{path}: {'not a regular file' if path.exists() else 'no such file'}"
            return FileRead(str(path), form, skipped=Skipped(str(path), reason))
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            form = form_of(path.name, head) if form is None else form
            if form in (Form.MEDIA, Form.EPUB):
                content, notes = _media(path, form)
            else:
                content = head + file.read(max(0, LARGEST_TEXT + 1 - len(head)))
    except OSError as error:
        return FileRead(str(path), form, skipped=Skipped(str(path), f"{path}: {error.strerror or error}"))
    signals = READERS[form](content, reading)
    if form is Form.MEDIA and path.suffix.lower() != ".xmp":
        sealed, told = _sealed(path, reading)
        signals, notes = (*sealed, *signals), (*notes, *told)
    return FileRead(str(path), form, signals, notes)


def _media(path: Path, form: Form) -> tuple[bytes, tuple[str, ...]]:
    with path.open("rb") as file:
        size = path.stat().st_size
        if size <= _LARGEST_WHOLE or form is Form.EPUB:
            return file.read(2 * _LARGEST_WHOLE), ()
        start = file.read(_LARGEST_WHOLE // 2)
        file.seek(size - _LARGEST_WHOLE // 2)
        return start + file.read(), (f"XMP looked for in the first and last {_LARGEST_WHOLE >> 21} MiB only",)


def _sealed(path: Path, reading: Reading) -> tuple[tuple[Signal, ...], tuple[str, ...]]:
    """Content Credentials, read in the guarded process."""
    try:
        store = c2pa_manifest(path, Limits())
    except (MissingExtra, UnreadableMedia) as error:
        return (), (f"Content Credentials not read: {error}",)
    return (cawg.read(store, reading) if store is not None else ()), ()


def _print(found: list[FileRead], together: Together, path: str | None) -> None:
    for each in found:
        data.print(_clean(f"{each.file}  {each.form or 'not read'}"))
        for signal in each.signals:
            scope = "" if signal.scope is None else f"  {signal.scope}"
            data.print(_clean(f"  {signal.standard}  {signal.authority}{scope}  {_stances(signal.uses)}"))
            for line in (*signal.derivation, *signal.conditions):
                data.print(_clean(f"    {line}"))
            for warning in signal.warnings:
                data.print(_clean(f"    ! {warning}"))
        if not each.signals and each.skipped is None:
            data.print("  states nothing")
        for note in each.notes:
            say(f"tomeishi: {each.file}: {note}")
        if each.skipped is not None:
            say(f"tomeishi: {each.skipped.reason}")
    data.print(f"together  {_stances(together.uses)}")
    for line in together.derivation:
        data.print(_clean(f"  {line}"))
    if path is None and any(signal.scope is not None for each in found for signal in each.signals):
        say("the strictest of all paths; --path asks about one")


def _stances(uses: Any) -> str:
    by_stance = {stance: [use for use in Use if uses.get(use) is stance] for stance in STRICTEST_FIRST}
    return "; ".join(f"{stance} {', '.join(found)}" for stance, found in by_stance.items() if found) or "nothing"


def _clean(text: str) -> str:
    """Text from outside must not command the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
