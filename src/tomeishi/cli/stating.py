"""What `consent grant` and `consent reserve` have in common: from options to statements, signed or recorded."""

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from tomeishi import clock, wiring
from tomeishi.access import public_keys
from tomeishi.access.keys import COALITION, SigningKey, read_key
from tomeishi.cli.output import data, say, write_json
from tomeishi.consent import ledger
from tomeishi.consent.conditions import Conditions, Output
from tomeishi.consent.entries import Entry, EntryKind, Level, Scope, Statement, sign_entry
from tomeishi.consent.scopes import Element
from tomeishi.consent.subjects import subjects
from tomeishi.errors import BadInput, NotFound
from tomeishi.registry import franchises, references, works
from tomeishi.values import Use, digest_of_file

Member = Annotated[str | None, typer.Option(help="All works of this member (name).")]
Franchise = Annotated[str | None, typer.Option(help="All works of this franchise (id).")]
Work = Annotated[str | None, typer.Option(help="This work (id).")]
Characters = Annotated[
    list[str] | None, typer.Option("--character", help="This character (id); for several, one entry is made for each.")
]
Elements = Annotated[
    list[Element] | None, typer.Option("--element", help="Only this element of the work or character; one entry each.")
]
Reference = Annotated[str | None, typer.Option(help="This reference (id).")]
Uses = Annotated[list[Use] | None, typer.Option("--use", help="May be given several times.")]
Provider = Annotated[str | None, typer.Option(help="Only this provider; else all.")]
Model = Annotated[str | None, typer.Option(help="Only this model of the provider; else all.")]
Version = Annotated[str | None, typer.Option("--version", help="Only this version of the model; else all.")]
Territories = Annotated[
    list[str] | None, typer.Option("--territory", help="Only there (ISO 3166-1, as JP); may be given several times.")
]
Outputs = Annotated[
    list[Output] | None, typer.Option("--output", help="Only this kind of output; may be given several times.")
]
LongestClip = Annotated[int | None, typer.Option("--longest-clip", help="Only clips of at most so many seconds.")]
Excluded = Annotated[
    list[Element] | None, typer.Option("--exclude", help="This element is left out; may be given several times.")
]
Issuer = Annotated[str | None, typer.Option(help="Who states it for the member: a person, a department.")]
Authority = Annotated[str | None, typer.Option(help="On whose behalf, and with what authority.")]
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


@dataclass(frozen=True, slots=True)
class About:
    """What the options name; one scope for each character and element."""

    member: str | None
    franchise: str | None
    work: str | None
    characters: Sequence[str]
    elements: Sequence[Element]
    reference: str | None
    coalition: bool = False

    def __post_init__(self) -> None:
        if self.elements and self.work is None and not self.characters:
            raise BadInput("--element is one of a work or character: add --work or --character")

    @property
    def named(self) -> int:
        """How many things are named; a character with its work is one."""
        single = (self.member, self.franchise, self.reference, self.work or self.characters or None)
        return sum(each is not None for each in single) + self.coalition

    def scopes(self, tx: Any) -> tuple[str, list[Scope]]:
        """Whose statement it is, and about what; NotFound for what the registry doesn't have."""
        if self.named != 1:
            raise BadInput("name what it is about: one of --member, --franchise, --work, --character and --reference")
        if self.coalition:
            return COALITION, [Scope(Level.COALITION, COALITION)]
        if self.member is not None:
            member_id = works.member_by_name(tx, self.member).id
            return member_id, [Scope(Level.MEMBER, member_id)]
        if self.franchise is not None:
            return franchises.franchise(tx, self.franchise).member_id, [Scope(Level.FRANCHISE, self.franchise)]
        if self.reference is not None:
            return references.reference(tx, self.reference).member_id, [Scope(Level.REFERENCE, self.reference)]
        if not self.characters:
            work = works.work(tx, str(self.work))
            return work.member_id, self._of_work(work.id)
        known = subjects(tx)
        found = [known.subject(self.work, character) for character in self.characters]
        owners = {each.member_id for each in found}
        if len(owners) > 1:
            raise BadInput("characters of several members; each member states its own")
        return owners.pop(), [scope for each in found for scope in self._of(str(each.character_id), each.work_id)]

    def scopes_by_id(self, member_id: str) -> list[Scope]:
        """The same from ids alone, which the registry checks when it records the entry."""
        if self.named > 1 or self.member is not None or self.coalition:
            raise BadInput("with --member-id name --work or --reference, or neither for all works of the member")
        if self.franchise is not None:
            return [Scope(Level.FRANCHISE, self.franchise)]
        if self.reference is not None:
            return [Scope(Level.REFERENCE, self.reference)]
        if self.characters and self.work is None:
            raise BadInput("with --member-id a --character needs its --work beside it")
        if self.characters:
            return [scope for each in self.characters for scope in self._of(each, str(self.work))]
        return [Scope(Level.MEMBER, member_id)] if self.work is None else self._of_work(self.work)

    def _of_work(self, work_id: str) -> list[Scope]:
        elements = [Scope(Level.ELEMENT, work_id, work_id, element) for element in self.elements]
        return elements or [Scope(Level.WORK, work_id)]

    def _of(self, character_id: str, work_id: str) -> list[Scope]:
        elements = [Scope(Level.ELEMENT, character_id, work_id, element) for element in self.elements]
        return elements or [Scope(Level.CHARACTER, character_id, work_id)]


@dataclass(frozen=True, slots=True)
class Way:
    """How it gets into the ledger, or into a file."""

    sign_with: Path | None
    by: str | None
    out: Path | None
    member_id: str | None

    def __post_init__(self) -> None:
        if self.out is not None and self.sign_with is None:
            raise BadInput("--out writes a signed entry: name the member's key file with --sign-with")
        if self.out is not None and self.out.exists():
            raise BadInput(f"{self.out}: a file is there already; choose another name")
        if self.member_id is not None and self.out is None:
            raise BadInput("--member-id is for signing where no registry is at hand: add --sign-with and --out")

    def write(self, statements: Sequence[Statement]) -> None:
        """Both paths are there: checked at the beginning."""
        key = read_key(Path(str(self.sign_with)))
        text = "".join(sign_entry(statement, key).to_text() for statement in statements)
        Path(str(self.out)).write_text(text, encoding="utf-8")
        verb = "record" if len(statements) == 1 else "import"
        say(f"wrote {self.out}; record it with `tomeishi consent {verb} {self.out}`")

    def record(self, tx: Any, platform: wiring.Platform, statements: Sequence[Statement]) -> list[Entry]:
        """The coalition signs with the installation's key; a member with its own, or not at all."""
        key = None if self.sign_with is None else read_key(self.sign_with)
        if key is None and self.by is None and statements[0].member_id == COALITION:
            key = coalition_key(tx, platform)
        moment = clock.now()  # after the key was registered: from then on it may sign
        recorder = ledger.Recorder(tx)
        if key is None:
            by = self.by or getpass.getuser()
            return [recorder.record_unsigned(statement, by, moment) for statement in statements]
        return [recorder.record(sign_entry(statement, key), moment) for statement in statements]


def coalition_key(tx: Any, platform: wiring.Platform) -> SigningKey:
    """The installation's key, registered for the coalition at its first use."""
    if platform.key.public.key_id not in public_keys.all_keys(tx):
        public_keys.register_public_key(tx, COALITION, platform.key.public, clock.now())
    return platform.key


def state(
    kind: EntryKind,
    about: About,
    terms: Mapping[str, Any],
    way: Way,
    home: Path | None,
    database: str | None,
    *,
    as_json: bool,
) -> None:
    """Make the statements, and record or write them."""
    moment = clock.now()
    if way.member_id is not None:
        scopes = about.scopes_by_id(way.member_id)
        fields = {"kind": kind, "member_id": way.member_id, "declared_at": moment, **terms}
        way.write([Statement(scope=scope, **fields) for scope in scopes])
        return
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        member_id, scopes = about.scopes(tx)
        fields = {"kind": kind, "member_id": member_id, "declared_at": moment, **terms}
        statements = [Statement(scope=scope, **fields) for scope in scopes]
        if way.out is not None:
            way.write(statements)
            return
        recorded = way.record(tx, platform, statements)
    print_recorded(recorded, as_json=as_json)


def terms_of(
    use: list[Use] | None,
    asked: tuple[str | None, str | None, str | None],
    limits: Conditions,
    term: tuple[str | None, str | None],
    document: Path | None,
    words: tuple[str, str | None, str | None],
) -> dict[str, Any]:
    """`asked`: provider, model, version. `term`: from, until. `words`: note, issuer, authority."""
    if document is not None and not document.is_file():
        raise NotFound(f"{document}: no such document")
    begins, ends = (None if text is None else clock.from_text(text) for text in term)
    return {
        "uses": tuple(use) if use else None,
        "provider": asked[0],
        "model": asked[1],
        "version": asked[2],
        "conditions": limits,
        "valid_from": begins,
        "valid_until": ends,
        "document": None if document is None else digest_of_file(document),
        "note": words[0],
        "issuer": words[1],
        "authority": words[2],
    }


def limits_of(
    territory: list[str] | None,
    output: list[Output] | None,
    longest_clip: int | None = None,
    exclude: list[Element] | None = None,
) -> Conditions:
    return Conditions(
        tuple(territory) if territory else None, tuple(output) if output else None, longest_clip, tuple(exclude or ())
    )


def print_recorded(recorded: Sequence[Entry], *, as_json: bool) -> None:
    if as_json:
        first = recorded[0]
        words = {"entry": first.id, "number": first.number, "digest": first.digest}
        write_json(words | {"entries": [entry.id for entry in recorded]})
        return
    for entry in recorded:
        data.print(entry.id)
    if recorded[0].signed is None:
        say(f"recorded on the member's word by {recorded[0].recorded_by}; a signed entry is made with --sign-with")
