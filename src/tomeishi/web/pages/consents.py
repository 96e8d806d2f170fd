"""One work and what its member permits: a matrix of uses and providers, computed from the ledger; how it is changed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from tomeishi.access import events
from tomeishi.access.permissions import Action
from tomeishi.consent import ledger
from tomeishi.consent.answers import Answers
from tomeishi.consent.conditions import Conditions, Question
from tomeishi.consent.entries import Entry, EntryKind, Level, Scope, Statement, WorkRef
from tomeishi.consent.permission import Permission
from tomeishi.consent.subjects import subjects
from tomeishi.errors import BadInput, NotFound
from tomeishi.registry import drawings, references, works
from tomeishi.registry.references import Exclusion, Reference
from tomeishi.registry.works import Work
from tomeishi.review import matches as room
from tomeishi.values import Use
from tomeishi.web.asking import Asked, permits
from tomeishi.web.shell import language_of
from tomeishi.web.templating import page
from tomeishi.web.times import length, time_code
from tomeishi.web.words import Words, words_in

router = APIRouter(include_in_schema=False)

COLUMNS = 4
"""Providers beside "anybody" in the matrix: those that the ledger names most recently."""


@dataclass(frozen=True, slots=True)
class Cell:
    mark: str
    """`yes`, `no` (a reservation says so) or `open` (no entry, which is not allowed either)."""
    sentence: str
    conditions: bool


@dataclass(frozen=True, slots=True)
class UseRow:
    use: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    name: str


@dataclass(frozen=True, slots=True)
class EntryRow:
    id: str
    kind: EntryKind
    words: str
    source: str
    at: datetime
    ended: bool
    may_end: bool


@dataclass(frozen=True, slots=True)
class ExcludedRow:
    interval: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    name: str
    length: str
    digest: str
    partial: bool
    excluded: tuple[ExcludedRow, ...]


@dataclass(frozen=True, slots=True)
class WorkPage:
    id: str
    title: str
    names: str
    member: str
    characters: str
    cross_ids: tuple[tuple[str, str], ...]
    references: tuple[ReferenceRow, ...]
    open_matches: int
    provider: str
    providers: tuple[str, ...]
    columns: tuple[str | None, ...]
    matrix: tuple[UseRow, ...]
    entries: tuple[EntryRow, ...]
    uses: tuple[Choice, ...]
    may_state: bool


class Ledger:
    """What the ledger says of some works."""

    def __init__(self, tx: Any, asked: Asked, work_ids: Sequence[str]) -> None:
        self.known = asked.platform.book.read(tx)
        self._answers = Answers(self.known.places, subjects(tx, work_ids))
        self._at = asked.at

    def about(self, work: Work) -> list[Entry]:
        """Everything that an answer about the work can depend on, and what ended it; as recorded."""
        found = {each.id: each for each in self._answers.relevant(WorkRef(work.member_id, work.id))}
        return sorted(found.values(), key=lambda each: each.number)

    def grants(self, work: Work) -> int:
        """How many grants hold now."""
        return sum(
            entry.statement.kind is EntryKind.GRANT and not self.is_over(entry) and entry.in_effect_from <= self._at
            for entry in self.about(work)
        )

    def is_over(self, entry: Entry) -> bool:
        until = entry.statement.valid_until
        return self.known.places.is_revoked(entry) or (until is not None and until <= self._at)

    def ask(self, work: Work, use: Use, provider: str | None) -> Permission:
        return self._answers.ask(Question(WorkRef(work.member_id, work.id), use, provider), self._at)


@router.get("/works/{work_id}")
def work_page(
    request: Request,
    asked: Annotated[Asked, permits(Action.READ_WORKS)],
    work_id: str,
    provider: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """One work: names, references, what is permitted, and every entry about it."""
    words = words_in(language_of(request, asked.principal))
    with asked.platform.reading() as tx:
        shown = _work_page(tx, asked, words, works.work(tx, work_id), provider.strip())
    return page(request, "work.html", {"page": shown}, principal=asked.principal)


@dataclass(frozen=True, slots=True)
class Stated:
    """What the form says."""

    kind: Annotated[EntryKind, Form()] = EntryKind.GRANT
    use: Annotated[list[Use] | None, Form()] = None
    provider: Annotated[str, Form(max_length=200)] = ""
    territories: Annotated[str, Form(max_length=2000)] = ""
    until: Annotated[str, Form(max_length=10)] = ""
    note: Annotated[str, Form(max_length=2000)] = ""


@router.post("/works/{work_id}/consent/preview")
def preview(
    request: Request,
    asked: Annotated[Asked, permits(Action.WRITE_CONSENTS)],
    work_id: str,
    stated: Annotated[Stated, Depends()],
) -> Response:
    """The sentence that would be recorded, or what is wrong with it; nothing is written."""
    words = words_in(language_of(request, asked.principal))
    with asked.platform.reading() as tx:
        work = works.work(tx, work_id)
    asked.principal.require_for(Action.WRITE_CONSENTS, member_id=work.member_id)
    try:
        said = in_words(_statement(work, stated, asked.at), words)
    except BadInput as error:
        said = str(error)
    return page(request, "work/preview.html", {"sentence": said}, principal=asked.principal)


@router.post("/works/{work_id}/consent")
def state(
    asked: Annotated[Asked, permits(Action.WRITE_CONSENTS)],
    work_id: str,
    stated: Annotated[Stated, Depends()],
) -> Response:
    """Record a grant or reservation on the member's word, by the name of whoever is signed in."""
    with asked.platform.transaction() as tx:
        work = works.work(tx, work_id)
        asked.principal.require_for(Action.WRITE_CONSENTS, member_id=work.member_id)
        statement = _statement(work, stated, asked.at)
        _record(tx, asked, work, statement)
    return RedirectResponse(f"/works/{work_id}#consent", 303)


@router.post("/works/{work_id}/consent/revoke")
def revoke(
    asked: Annotated[Asked, permits(Action.WRITE_CONSENTS)], work_id: str, entry: Annotated[str, Form()]
) -> Response:
    """End a grant or reservation for good; the ledger refuses where only a signature could."""
    with asked.platform.transaction() as tx:
        work = works.work(tx, work_id)
        asked.principal.require_for(Action.WRITE_CONSENTS, member_id=work.member_id)
        if all(each.id != entry for each in Ledger(tx, asked, [work_id]).about(work)):
            raise NotFound(f"no entry {entry} about this work")
        statement = Statement(kind=EntryKind.REVOCATION, member_id=work.member_id, declared_at=asked.at, revokes=entry)
        _record(tx, asked, work, statement)
    return RedirectResponse(f"/works/{work_id}#consent", 303)


def _record(tx: Any, asked: Asked, work: Work, statement: Statement) -> None:
    recorder = ledger.Recorder(tx, known=asked.platform.book.read(tx).entries)
    entry = recorder.record_unsigned(statement, asked.principal.name, asked.at)
    events.record(tx, asked.principal.id, f"consent.{statement.kind}", entry.id, asked.at, {"work": work.id})


def in_words(statement: Statement, words: Words) -> str:
    """One line for people: kind, uses, whom, until when, on which conditions."""
    uses = (
        words("entry.all_uses")
        if statement.uses is None
        else words("shell.comma").join(words.use(use) for use in statement.uses)
    )
    model = " ".join(each for each in (statement.provider, statement.model, statement.version) if each)
    line = words("entry.about", uses=uses, whom=model or words("entry.all_providers"))
    if statement.conditions.territories is not None:
        line += " · " + words("shell.comma").join(statement.conditions.territories)
    if statement.valid_until is not None:
        line += " · " + words("entry.until", at=f"{statement.valid_until.astimezone(UTC):%Y-%m-%d}")
    return f"{line} · {statement.note}" if statement.note else line


def _statement(work: Work, stated: Stated, at: datetime) -> Statement:
    """BadInput where it says nothing that the ledger could keep."""
    if stated.kind is EntryKind.REVOCATION or not stated.use:
        raise BadInput("choose a grant or reservation, and the uses that it is about")
    codes = tuple(code.upper() for code in re.split(r"[\s,、;]+", stated.territories) if code)
    try:
        ends = datetime.fromisoformat(stated.until).replace(tzinfo=UTC) if stated.until else None
    except ValueError as error:
        raise BadInput(f"not a date: {stated.until}; write it as 2027-03-31") from error
    return Statement(
        kind=stated.kind,
        member_id=work.member_id,
        declared_at=at,
        scope=Scope(Level.WORK, work.id),
        uses=tuple(stated.use),
        provider=stated.provider.strip() or None,
        conditions=Conditions(territories=codes or None),
        valid_until=ends,
        note=stated.note.strip(),
    )


def _work_page(tx: Any, asked: Asked, words: Words, work: Work, provider: str) -> WorkPage:
    asked.principal.require_found(Action.READ_WORKS, f"work {work.id}", member_id=work.member_id)
    book = Ledger(tx, asked, [work.id])
    about = book.about(work)
    named = list(dict.fromkeys(each.statement.provider for each in reversed(about) if each.statement.provider))
    columns = (None, *dict.fromkeys([*([provider] if provider else []), *named[:COLUMNS]]))
    registered = references.references(tx, work.id)
    drawn = drawings.enrolled(tx, work.id)
    excluded = [each for reference in registered for each in references.exclusions(tx, reference.id)]
    may_state = asked.principal.may(Action.WRITE_CONSENTS, member_id=work.member_id)
    return WorkPage(
        id=work.id,
        title=work.title,
        names=" / ".join(name.text for name in work.names[1:]),
        member=work.member,
        characters=words("shell.comma").join(
            words("work.drawn", name=character.name, n=drawn[character.id]) if character.id in drawn else character.name
            for character in work.characters
        ),
        cross_ids=work.cross_ids,
        references=tuple(_reference(each, excluded) for each in registered),
        open_matches=_waiting(tx, asked, work.id),
        provider=provider,
        providers=tuple(named),
        columns=columns,
        matrix=tuple(_use_row(book, words, work, use, columns) for use in Use),
        entries=tuple(_entry(book, words, each) for each in reversed(about)),
        uses=tuple(Choice(use.value, words.use(use)) for use in Use),
        may_state=may_state,
    )


def _waiting(tx: Any, asked: Asked, work_id: str) -> int:
    if not asked.principal.reach(Action.READ_MATCHES):
        return 0
    return room.waiting_for(tx, asked.principal.sight(Action.READ_MATCHES), [work_id]).get(work_id, 0)


def _use_row(book: Ledger, words: Words, work: Work, use: Use, columns: tuple[str | None, ...]) -> UseRow:
    answers = [book.ask(work, use, column) for column in columns]
    return UseRow(words.use(use), tuple(_cell(answer, words.language) for answer in answers))


def _cell(answer: Permission, language: str) -> Cell:
    mark = "yes" if answer.allowed else "no" if answer.because else "open"
    return Cell(mark, answer.japanese if language == "ja" else answer.english, bool(answer.conditions))


def _entry(book: Ledger, words: Words, entry: Entry) -> EntryRow:
    stated = entry.statement
    source = words("entry.signed") if entry.signed else words("entry.recorded", name=entry.recorded_by)
    said = words("entry.ends", entry=stated.revokes) if stated.revokes else in_words(stated, words)
    over = stated.kind is not EntryKind.REVOCATION and book.is_over(entry)
    signed_refusal = stated.kind is EntryKind.RESERVATION and entry.signed is not None
    may_end = stated.kind is not EntryKind.REVOCATION and not over and not signed_refusal
    return EntryRow(stated.id, stated.kind, said, source, entry.recorded_at, over, may_end)


def _reference(reference: Reference, excluded: list[Exclusion]) -> ReferenceRow:
    rows = tuple(
        ExcludedRow(f"{time_code(each.interval.start)}–{time_code(each.interval.end)}", each.reason)
        for each in excluded
        if each.reference_id == reference.id
    )
    name = re.split(r"[/\\]", reference.path)[-1]
    partial = reference.partial_reason is not None
    return ReferenceRow(name, length(reference.duration_s), reference.digest, partial, rows)
