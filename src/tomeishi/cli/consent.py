"""`tomeishi consent`: grants, reservations and revocations, and what they amount to."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from tomeishi import clock, wiring
from tomeishi.access.keys import read_key
from tomeishi.cli.options import Home, Json
from tomeishi.cli.output import data, say, write_json
from tomeishi.consent import ledger
from tomeishi.consent.entries import (
    LONGEST_WORDS,
    Entry,
    EntryKind,
    Level,
    Scope,
    SignedEntry,
    Statement,
    WorkRef,
    sign_entry,
)
from tomeishi.errors import BadInput, NotFound
from tomeishi.registry import references, works
from tomeishi.values import Use, digest_of_file

app = typer.Typer(name="consent", help="Explicit consent: no entry means not allowed.", no_args_is_help=True)

Member = Annotated[str | None, typer.Option(help="All works of this member (name).")]
Work = Annotated[str | None, typer.Option(help="This work (id).")]
Reference = Annotated[str | None, typer.Option(help="This reference (id).")]
Uses = Annotated[list[Use] | None, typer.Option("--use", help="May be given several times.")]
Provider = Annotated[str | None, typer.Option(help="Only this provider; else all.")]
Model = Annotated[str | None, typer.Option(help="Only this model of the provider; else all.")]
From = Annotated[str | None, typer.Option("--from", help="Begins at; else when it is recorded.")]
Until = Annotated[str | None, typer.Option("--until", help="Ends at, excluded; else open.")]
Document = Annotated[Path | None, typer.Option(help="The paper it rests on: its digest is recorded.")]
Note = Annotated[str, typer.Option(help="Conditions in words; no rule reads them.")]
SignWith = Annotated[Path | None, typer.Option("--sign-with", help="The member's key file.")]
By = Annotated[str | None, typer.Option("--by", help="Who records it, where it is not signed; else the system user.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the signed entry here, to travel; record nothing.")]
MemberId = Annotated[
    str | None,
    typer.Option(help="With --out, where no registry is at hand: whose statement it is (id). Nothing is looked up."),
]


@app.command()
def grant(
    member: Member = None,
    work: Work = None,
    reference: Reference = None,
    use: Uses = None,
    provider: Provider = None,
    model: Model = None,
    begins: From = None,
    ends: Until = None,
    document: Document = None,
    note: Note = "",
    sign_with: SignWith = None,
    by: By = None,
    out: Out = None,
    member_id: MemberId = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Permit uses of a work, of a reference, or of all works of a member."""
    words = _terms(use, provider, model, begins, ends, document, note)
    _state(EntryKind.GRANT, (member, work, reference), words, sign_with, by, out, member_id, as_json, home)


@app.command()
def reserve(
    member: Member = None,
    work: Work = None,
    reference: Reference = None,
    use: Uses = None,
    provider: Provider = None,
    model: Model = None,
    begins: From = None,
    ends: Until = None,
    document: Document = None,
    note: Note = "",
    sign_with: SignWith = None,
    by: By = None,
    out: Out = None,
    member_id: MemberId = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """State a refusal; without --use it covers all uses."""
    words = _terms(use, provider, model, begins, ends, document, note)
    _state(EntryKind.RESERVATION, (member, work, reference), words, sign_with, by, out, member_id, as_json, home)


@app.command()
def revoke(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Its id.")],
    note: Note = "",
    sign_with: SignWith = None,
    by: By = None,
    out: Out = None,
    member_id: MemberId = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """End a grant or reservation, from the moment of recording on and for good."""
    _check_out(sign_with, out, member_id)
    moment = clock.now()
    ends: dict[str, Any] = {"kind": EntryKind.REVOCATION, "declared_at": moment, "revokes": entry, "note": note}
    if member_id is not None:
        _write_signed(Statement(member_id=member_id, **ends), sign_with, out)
        return
    with wiring.open(home) as platform, platform.transaction() as tx:
        ended = next((each for each in ledger.entries(tx) if each.id == entry), None)
        if ended is None:
            raise NotFound(f"no entry {entry}; see `tomeishi consent history`")
        statement = Statement(member_id=ended.statement.member_id, **ends)
        if out is not None:
            _write_signed(statement, sign_with, out)
            return
        if sign_with is not None:
            recorded = ledger.record(tx, sign_entry(statement, read_key(sign_with)), moment)
        else:
            recorded = ledger.record_unsigned(tx, statement, by or getpass.getuser(), moment)
    _print_recorded(recorded, as_json)


@app.command()
def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A signed entry, made with --sign-with and --out.")],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Record an entry that a member signed elsewhere."""
    try:
        if file.stat().st_size > 8 * LONGEST_WORDS:
            raise BadInput(f"{file}: too large for a signed entry")
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"{file}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: cannot be read as a signed entry") from error
    try:
        signed = SignedEntry.from_text(text)
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error
    with wiring.open(home) as platform, platform.transaction() as tx:
        recorded = ledger.record(tx, signed, clock.now())
    _print_recorded(recorded, as_json)


@app.command()
def check(
    work: Annotated[str, typer.Option(help="The work (id).")],
    use: Annotated[Use, typer.Option(help="What somebody wants to do.")],
    provider: Annotated[str | None, typer.Option(help="Who; else anybody.")] = None,
    model: Annotated[str | None, typer.Option(help="With which model; else any.")] = None,
    at: Annotated[str | None, typer.Option(help="As of this moment; else now.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """What the ledger says: allowed or not, and because of which entries."""
    moment = clock.now() if at is None else clock.from_text(at)
    with wiring.open(home) as platform, platform.reading() as tx:
        about = WorkRef(works.work(tx, work).member_id, work)
        answer = ledger.ask(tx, about, use, provider, model, moment)
    if as_json:
        write_json(answer.to_json())
        return
    data.print("allowed" if answer.allowed else "not allowed")
    data.print(answer.english)
    data.print(answer.japanese)


@app.command()
def history(
    work: Annotated[str | None, typer.Option(help="Only entries about this work (id).")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """All entries in the order recorded; the chain and every signature are checked on the way."""
    with wiring.open(home) as platform, platform.reading() as tx:
        if work is None:
            found = ledger.entries(tx)
        else:
            found = ledger.history(tx, WorkRef(works.work(tx, work).member_id, work))
    if as_json:
        write_json([each.to_json() for each in found])
        return
    for each in found:
        stated = each.statement
        about = f"ends {stated.revokes}" if stated.scope is None else f"{stated.scope.level} {stated.scope.id}"
        uses = "all uses" if stated.uses is None else ", ".join(stated.uses)
        whom = stated.provider or "all providers"
        source = f"signed {each.signed.key_id}" if each.signed else f"recorded by {each.recorded_by}"
        line = f"{each.number}  {clock.to_text(each.recorded_at)}  {each.id}  {stated.kind}  {about}"
        data.print(f"{line}  {uses}  {whom}  {source}")


def _terms(
    use: list[Use] | None,
    provider: str | None,
    model: str | None,
    begins: str | None,
    ends: str | None,
    document: Path | None,
    note: str,
) -> dict[str, Any]:
    if document is not None and not document.is_file():
        raise NotFound(f"{document}: no such document")
    return {
        "uses": tuple(use) if use else None,
        "provider": provider,
        "model": model,
        "valid_from": None if begins is None else clock.from_text(begins),
        "valid_until": None if ends is None else clock.from_text(ends),
        "document": None if document is None else digest_of_file(document),
        "note": note,
    }


def _state(
    kind: EntryKind,
    about: tuple[str | None, str | None, str | None],
    terms: dict[str, Any],
    sign_with: Path | None,
    by: str | None,
    out: Path | None,
    member_id: str | None,
    as_json: bool,
    home: Path | None,
) -> None:
    _check_out(sign_with, out, member_id)
    moment = clock.now()
    if member_id is not None:
        scope = _scope_by_id(member_id, *about)
        _write_signed(
            Statement(kind=kind, member_id=member_id, declared_at=moment, scope=scope, **terms), sign_with, out
        )
        return
    with wiring.open(home) as platform, platform.transaction() as tx:
        member_id, scope = _scope(tx, *about)
        statement = Statement(kind=kind, member_id=member_id, declared_at=moment, scope=scope, **terms)
        if sign_with is None:
            recorded = ledger.record_unsigned(tx, statement, by or getpass.getuser(), moment)
        elif out is None:
            recorded = ledger.record(tx, sign_entry(statement, read_key(sign_with)), moment)
        else:
            _write_signed(statement, sign_with, out)
            return
    _print_recorded(recorded, as_json)


def _check_out(sign_with: Path | None, out: Path | None, member_id: str | None) -> None:
    if out is not None and sign_with is None:
        raise BadInput("--out writes a signed entry: name the member's key file with --sign-with")
    if out is not None and out.exists():
        raise BadInput(f"{out}: a file is there already; choose another name")
    if member_id is not None and out is None:
        raise BadInput("--member-id is for signing where no registry is at hand: add --sign-with and --out")


def _write_signed(statement: Statement, sign_with: Path | None, out: Path | None) -> None:
    """Both paths are there: `_check_out`."""
    signed = sign_entry(statement, read_key(Path(str(sign_with))))
    Path(str(out)).write_text(signed.to_text(), encoding="utf-8")
    say(f"wrote {out}; record it with `tomeishi consent record {out}`")


def _scope_by_id(member_id: str, member: str | None, work: str | None, reference: str | None) -> Scope:
    """What it is about, as ids that the registry checks when it records the entry."""
    if sum(each is not None for each in (member, work, reference)) > 1 or member is not None:
        raise BadInput("with --member-id name --work or --reference, or neither for all works of the member")
    if work is not None:
        return Scope(Level.WORK, work)
    return Scope(Level.MEMBER, member_id) if reference is None else Scope(Level.REFERENCE, reference)


def _scope(tx: Any, member: str | None, work: str | None, reference: str | None) -> tuple[str, Scope]:
    """Whose statement it is, and what it is about."""
    if sum(each is not None for each in (member, work, reference)) != 1:
        raise BadInput("name what it is about: one of --member, --work and --reference")
    if member is not None:
        member_id = works.member_by_name(tx, member).id
        return member_id, Scope(Level.MEMBER, member_id)
    if work is not None:
        return works.work(tx, work).member_id, Scope(Level.WORK, work)
    return references.reference(tx, str(reference)).member_id, Scope(Level.REFERENCE, str(reference))


def _print_recorded(entry: Entry, as_json: bool) -> None:
    if as_json:
        write_json({"entry": entry.id, "number": entry.number, "digest": entry.digest})
        return
    data.print(entry.id)
    if entry.signed is None:
        say(f"recorded on the member's word by {entry.recorded_by}; a signed entry is made with --sign-with")
