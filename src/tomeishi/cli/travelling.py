"""`tomeishi consent record`, `export` and `import`: entries between a member, this registry and others.

Entries travel as they were received, one JSON object a line: a signature holds wherever its key is known.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tomeishi import clock, wiring
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, say, write_json
from tomeishi.cli.stating import print_recorded
from tomeishi.consent import ledger
from tomeishi.consent.entries import LONGEST_WORDS, Entry, SignedEntry, statement_from
from tomeishi.errors import BadInput, NotFound, TomeishiError
from tomeishi.values import canonical

RECORDED_FORMAT = "tomeishi-recorded-consent-1"
"""Of an entry that nobody signed: its words, and who recorded them."""

LONGEST_LINE = 8 * LONGEST_WORDS

Future = Annotated[
    bool,
    typer.Option("--future", help="Take entries declared in the future too; they count from the moment they declare."),
]


def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A signed entry, made with --sign-with and --out.")],
    as_json: Json = False,
    future: Future = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Record an entry that a member signed elsewhere."""
    try:
        if file.stat().st_size > LONGEST_LINE:
            raise BadInput(f"{file}: too large for a signed entry; for several use `tomeishi consent import`")
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"{file}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: cannot be read as a signed entry") from error
    try:
        signed = SignedEntry.from_text(text)
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        recorded = ledger.record(tx, signed, clock.now(), future=future)
    print_recorded([recorded], as_json=as_json)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Written as JSON lines; must not be there yet.")],
    signed: Annotated[bool, typer.Option("--signed", help="Leave out what no member signed.")] = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Write all entries as received, with their signatures, in the order recorded."""
    if file.exists():
        raise BadInput(f"{file}: a file is there already; choose another name")
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = [entry for entry in ledger.entries(tx) if entry.signed is not None or not signed]
    file.write_text("".join(map(_line, found)), encoding="utf-8")
    say(f"wrote {len(found)} entries to {file}")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines, as `consent export` writes them.")],
    by: Annotated[
        str | None, typer.Option("--by", help="Record unsigned entries too, on the word of whoever exported them.")
    ] = None,
    future: Future = False,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """Record entries from a file: each good line, whatever others are; known ones are passed over."""
    recorded: list[str] = []
    known = 0
    errors: list[tuple[int, str]] = []
    moment = clock.now()
    try:
        handle = file.open("rb")
    except FileNotFoundError as error:
        raise NotFound(f"{file}: no such file") from error
    except OSError as error:
        raise BadInput(f"{file}: cannot be read") from error
    with handle, wiring.open(home, database) as platform, platform.transaction() as tx:
        recorder = ledger.Recorder(tx, future=future)
        for number, line in enumerate(iter(lambda: handle.readline(LONGEST_LINE + 1), b""), start=1):
            try:
                if len(line) > LONGEST_LINE:
                    raise BadInput("a line too large for an entry; nothing after it was read")
                if line.strip():
                    entry = _record_line(recorder, line, by, moment)
                    known += entry is None
                    recorded += [entry.id] if entry is not None else []
            except TomeishiError as error:
                errors.append((number, str(error)))
                if len(line) > LONGEST_LINE:
                    break
    if as_json:
        lines = [{"line": number, "message": message} for number, message in errors]
        write_json({"recorded": recorded, "known": known, "errors": lines})
    else:
        data.print(f"{len(recorded)} recorded, {known} known already, {len(errors)} refused")
        for number, message in errors:
            data.print(f"line {number}: {message}")
    return 3 if errors else 0


def _line(entry: Entry) -> str:
    if entry.signed is not None:
        return entry.signed.to_text()
    words = {"format": RECORDED_FORMAT, "words": entry.statement.words, "recorded_by": entry.recorded_by}
    return canonical(words).decode() + "\n"


def _record_line(recorder: ledger.Recorder, line: bytes, by: str | None, moment: Any) -> Entry | None:
    """None for an entry that the ledger holds already, in the same words."""
    try:
        text = line.decode()
        fields = json.loads(text)
        unsigned = isinstance(fields, dict) and fields.get("format") == RECORDED_FORMAT
        words = fields["words"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInput("not an entry (one JSON object a line)") from error
    if recorder.holds(words):
        return None
    if not unsigned:
        return recorder.record(SignedEntry.from_text(text), moment)
    if by is None:
        raise BadInput("not signed; to record it on the word of whoever exported it, say who does with --by")
    if not isinstance(words, str):
        raise BadInput("not an entry (its words are text)")
    return recorder.record_unsigned(statement_from(words), by, moment)
