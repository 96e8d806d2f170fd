"""`tomeishi log`: checkpoints of the append-only logs, and proofs that nothing in them was changed."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tomeishi import clock, wiring
from tomeishi.access import checkpoints, public_keys, succession
from tomeishi.access.keys import PublicKey, read_public_key
from tomeishi.access.notes import LONGEST_NOTE, opened
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, say, write_json
from tomeishi.consent import ledger
from tomeishi.errors import BadInput, NotFound, Tampered

app = typer.Typer(name="log", help="The append-only logs: checkpoints and proofs.", no_args_is_help=True)

LOGS = (ledger.LOG, public_keys.LOG)

Keys = Annotated[
    list[Path] | None,
    typer.Option(
        "--key", help="A public key that may sign checkpoints, beside this installation's own and earlier ones."
    ),
]


@app.command()
def checkpoint(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """Sign the logs as they stand, to be kept elsewhere: whoever has it can prove a later change."""
    notes: list[str] = []
    with wiring.open(home, database) as platform:
        key, moment = platform.key, clock.now()
        with platform.transaction() as tx:
            ledger.entries(tx)  # what does not hold is not signed
            notes += [checkpoints.checkpoint(tx, log, key, moment) for log in LOGS]
    if as_json:
        write_json([_note_words(note) for note in notes])
        return
    for note in notes:
        data.print(note)


@app.command()
def verify(
    proof: Annotated[Path | None, typer.Option(help="Check a proof from `log prove`; needs no registry.")] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint kept elsewhere; may be given several times.")
    ] = None,
    key: Keys = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """Check chains, signatures, checkpoints and the proofs between them; names the first row that was changed."""
    trusted = [read_public_key(each) for each in key or []]
    if proof is not None:
        return _verify_proof(proof, trusted, as_json)
    notes = [_read(each, LONGEST_NOTE) for each in against or []]
    for note in notes:
        origin = opened(note, ())[0].origin
        if origin.rsplit("/", 1)[-1] not in LOGS:
            raise BadInput(f"a checkpoint of {origin}, which is no log of this installation")
    broken = None
    with wiring.open(home, database) as platform:
        trusted.append(platform.key.public)
        with platform.reading() as tx:
            trusted += _earlier_keys(tx, platform.key.public)
            states = [checkpoints.state_of(tx, log, trusted, notes) for log in LOGS]
            try:
                ledger.entries(tx)
            except Tampered as error:
                broken = str(error)
    intact = broken is None and not any(state.problems for state in states)
    if as_json:
        write_json({"intact": intact, "logs": [state.to_json() for state in states], "ledger": broken})
        return 0 if intact else 1
    for state in states:
        data.print(f"{state.name}: {state.entries} entries, {state.checkpoints} checkpoints hold, root {state.root}")
        for problem in state.problems:
            data.print(f"  row {problem.number} {problem.what}")
    if broken is not None:
        data.print(f"  {broken}")
    data.print("intact" if intact else "changed")
    return 0 if intact else 1


@app.command()
def prove(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Its id.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the proof here; else to stdout.")] = None,
    home: Home = None,
    database: Database = None,
) -> None:
    """Prove that an entry of consent is in the log: JSON that `log verify --proof` checks anywhere."""
    if out is not None and out.exists():
        raise BadInput(f"{out}: a file is there already; choose another name")
    with wiring.open(home, database) as platform:
        key = platform.key
        with platform.transaction() as tx:
            found = next((each for each in ledger.entries(tx) if each.id == entry), None)
            if found is None:
                raise NotFound(f"no entry {entry}; see `tomeishi consent history`")
            proof = checkpoints.proof_of(tx, ledger.LOG, found.number, key, clock.now())
    if out is None:
        write_json(proof)
        return
    out.write_bytes(checkpoints.proof_bytes(proof))
    say(f"wrote {out}; check it with `tomeishi log verify --proof {out} --key KEY`")


def _earlier_keys(tx: Any, current: PublicKey) -> tuple[PublicKey, ...]:
    """None where the log of keys does not hold, which is told by itself."""
    try:
        return succession.predecessors(tx, current)
    except Tampered:
        return ()


def _verify_proof(path: Path, trusted: list[PublicKey], as_json: bool) -> int:
    if not trusted:
        raise BadInput("a proof holds under a key that you trust: name the installation's public key with --key")
    text = _read(path, checkpoints.LONGEST_PROOF)
    try:
        entry, found = checkpoints.check_proof(text, trusted)
    except Tampered as error:
        if as_json:
            write_json({"included": False, "reason": str(error)})
        else:
            data.print(f"proves nothing: {error}")
        return 1
    if as_json:
        words = {"log": entry.log, "number": entry.number, "digest": entry.digest, "body": entry.body}
        write_json({"included": True, "origin": found.origin, "size": found.size, **words})
    else:
        data.print(f"entry {entry.number} of {entry.log} is in {found.origin} of {found.size} entries")
        data.print(entry.body)
    return 0


def _note_words(note: str) -> dict[str, object]:
    found, _ = opened(note, ())
    return {"log": found.origin.rsplit("/", 1)[-1], "origin": found.origin, "size": found.size, "checkpoint": note}


def _read(path: Path, longest: int) -> str:
    try:
        if path.stat().st_size > 4 * longest:
            raise BadInput(f"{path}: too large for that")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read") from error
