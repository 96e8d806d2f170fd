"""`tomeishi consent`: grants, reservations and revocations, and what they amount to."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from tomeishi import clock, wiring
from tomeishi.access.keys import COALITION
from tomeishi.cli import signals, travelling
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, write_json
from tomeishi.cli.stating import (
    About,
    Authority,
    By,
    Characters,
    Document,
    Elements,
    Excluded,
    Franchise,
    From,
    Issuer,
    LongestClip,
    Member,
    MemberId,
    Model,
    Note,
    Out,
    Outputs,
    Provider,
    Reference,
    SignWith,
    Territories,
    Until,
    Uses,
    Version,
    Way,
    Work,
    limits_of,
    print_recorded,
    state,
    terms_of,
)
from tomeishi.consent import ledger, rules
from tomeishi.consent.answers import Answers, Lines
from tomeishi.consent.conditions import Output, Question
from tomeishi.consent.entries import Entry, EntryKind, Statement
from tomeishi.consent.permission import Permission
from tomeishi.consent.scopes import Element
from tomeishi.consent.subjects import subjects
from tomeishi.errors import BadInput, NotFound
from tomeishi.values import Use

app = typer.Typer(name="consent", help="Explicit consent: no entry means not allowed.", no_args_is_help=True)


@app.command()
def grant(
    member: Member = None,
    franchise: Franchise = None,
    work: Work = None,
    character: Characters = None,
    element: Elements = None,
    reference: Reference = None,
    use: Uses = None,
    provider: Provider = None,
    model: Model = None,
    version: Version = None,
    territory: Territories = None,
    output: Outputs = None,
    longest_clip: LongestClip = None,
    exclude: Excluded = None,
    begins: From = None,
    ends: Until = None,
    issuer: Issuer = None,
    authority: Authority = None,
    document: Document = None,
    note: Note = "",
    sign_with: SignWith = None,
    by: By = None,
    out: Out = None,
    member_id: MemberId = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Permit uses of a work, a character, an element or reference of one, or of all works of a member or franchise."""
    about = About(member, franchise, work, character or (), element or (), reference)
    limits = limits_of(territory, output, longest_clip, exclude)
    words = (note, issuer, authority)
    terms = terms_of(use, (provider, model, version), limits, (begins, ends), document, words)
    state(EntryKind.GRANT, about, terms, Way(sign_with, by, out, member_id), home, database, as_json=as_json)


@app.command()
def reserve(
    member: Member = None,
    franchise: Franchise = None,
    work: Work = None,
    character: Characters = None,
    element: Elements = None,
    reference: Reference = None,
    coalition: Annotated[
        bool, typer.Option("--coalition", help="All works of all members; signed with this installation's key.")
    ] = False,
    use: Uses = None,
    provider: Provider = None,
    model: Model = None,
    version: Version = None,
    territory: Territories = None,
    output: Outputs = None,
    begins: From = None,
    ends: Until = None,
    issuer: Issuer = None,
    authority: Authority = None,
    document: Document = None,
    note: Note = "",
    sign_with: SignWith = None,
    by: By = None,
    out: Out = None,
    member_id: MemberId = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """State a refusal; without --use it covers all uses."""
    about = About(member, franchise, work, character or (), element or (), reference, coalition)
    words = (note, issuer, authority)
    terms = terms_of(use, (provider, model, version), limits_of(territory, output), (begins, ends), document, words)
    state(EntryKind.RESERVATION, about, terms, Way(sign_with, by, out, member_id), home, database, as_json=as_json)


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
    database: Database = None,
) -> None:
    """End a grant or reservation, from the moment of recording on and for good."""
    way = Way(sign_with, by, out, member_id)
    ends: dict[str, Any] = {"kind": EntryKind.REVOCATION, "declared_at": clock.now(), "revokes": entry, "note": note}
    if member_id is not None:
        way.write([Statement(member_id=member_id, **ends)])
        return
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        ended = next((each for each in ledger.entries(tx) if each.id == entry), None)
        if ended is None:
            raise NotFound(f"no entry {entry}; see `tomeishi consent history`")
        statement = Statement(member_id=ended.statement.member_id, **ends)
        if out is not None:
            way.write([statement])
            return
        recorded = way.record(tx, platform, [statement])
    print_recorded(recorded, as_json=as_json)


@app.command()
def check(
    work: Annotated[str | None, typer.Option(help="The work (id).")] = None,
    character: Annotated[str | None, typer.Option(help="The character (id), in place of its work.")] = None,
    element: Annotated[Element | None, typer.Option(help="Only this element of it; else all.")] = None,
    reference: Annotated[str | None, typer.Option(help="This file of the work (id); else the work as such.")] = None,
    use: Annotated[Use | None, typer.Option(help="What somebody wants to do.")] = None,
    provider: Annotated[str | None, typer.Option(help="Who; else anybody.")] = None,
    model: Annotated[str | None, typer.Option(help="With which model; else any.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="Which version of it; else any.")] = None,
    territory: Annotated[str | None, typer.Option(help="Where (ISO 3166-1, as JP); else anywhere.")] = None,
    output: Annotated[Output | None, typer.Option(help="Which kind of output; else any.")] = None,
    duration: Annotated[float | None, typer.Option(help="Length of the clip in seconds; else any.")] = None,
    at: Annotated[str | None, typer.Option(help="As of this moment; else now.")] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Questions from stdin, one JSON object a line.")] = False,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """What the ledger says: allowed or not, because of which entries, and on what conditions."""
    moment = clock.now() if at is None else clock.from_text(at)
    if jsonl:
        said = (work, character, element, reference, use, provider, model, version, territory, output, duration, at)
        if any(each is not None for each in said):
            raise BadInput("with --jsonl each line asks by itself; leave the other options out")
        return _answer_lines(home, database)
    if use is None:
        raise BadInput("name what somebody wants to do: --use")
    with wiring.open(home, database) as platform, platform.reading() as tx:
        known = subjects(tx)
        about = known.at(known.subject(work, character, reference, element), moment)
        asked = Question(about, use, provider, model, version, territory, output, duration)
        answer = rules.answer(ledger.entries(tx), asked, moment)
    write_json(answer.to_json()) if as_json else _print_answer(answer)
    return 0


def _answer_lines(home: Path | None, database: str | None) -> int:
    with wiring.open(home, database) as platform, platform.reading() as tx:
        known = subjects(tx)
        lines = Lines(Answers(ledger.entries(tx), known), known, clock.now())
    understood = True
    with _seldom_collecting():
        for text, good in lines.answered(sys.stdin):
            understood = understood and good
            sys.stdout.write(text + "\n")
    return 0 if understood else 3


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """The ledger stays, and answers hold no cycles: the collector of garbage would walk both again and again."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _print_answer(answer: Permission) -> None:
    data.print("allowed" if answer.allowed else "not allowed")
    data.print(answer.english)
    data.print(answer.japanese)
    for lost in answer.lost:
        english = lost.to_json()["text"]["en"]
        against = f" ({', '.join(lost.against)})" if lost.against else ""
        data.print(f"  {lost.entry} did not count: {english}{against}")


@app.command()
def history(
    work: Annotated[str | None, typer.Option(help="Only entries about this work (id).")] = None,
    character: Annotated[str | None, typer.Option(help="Only entries about this character (id).")] = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """All entries in the order recorded; the chain and every signature are checked on the way."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        if work is None and character is None:
            found = ledger.entries(tx)
        else:
            known = subjects(tx)
            found = ledger.history(tx, known.at(known.subject(work, character), clock.now()))
    if as_json:
        write_json([each.to_json() for each in found])
        return
    for each in found:
        data.print(_in_a_line(each))


def _in_a_line(entry: Entry) -> str:
    stated = entry.statement
    about = f"ends {stated.revokes}"
    if stated.scope is not None:
        about = f"{stated.scope.level} {stated.scope.id}"
        about += f" {stated.scope.element}" if stated.scope.element is not None else ""
    uses = "all uses" if stated.uses is None else ", ".join(stated.uses)
    whom = " ".join(each for each in (stated.provider, stated.model, stated.version) if each) or "all providers"
    source = f"signed {entry.signed.key_id}" if entry.signed else f"recorded by {entry.recorded_by}"
    source += " for the coalition" if stated.member_id == COALITION else ""
    line = f"{entry.number}  {clock.to_text(entry.recorded_at)}  {entry.id}  {stated.kind}  {about}"
    return f"{line}  {uses}  {whom}  {source}"


app.command("record")(travelling.record)
app.command("export")(travelling.export)
app.command("import")(travelling.import_)
app.command("read")(signals.read)
