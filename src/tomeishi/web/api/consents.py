"""`/v1/consents`: what members state, and what follows for a use."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from tomeishi.access import events
from tomeishi.access.keys import COALITION
from tomeishi.access.permissions import Action
from tomeishi.consent import ledger
from tomeishi.consent.conditions import Conditions, Output
from tomeishi.consent.entries import Entry, EntryKind, Level, Scope, SignedEntry, Statement
from tomeishi.consent.scopes import Element, WorkRef
from tomeishi.consent.subjects import subjects
from tomeishi.errors import BadInput, NotFound, NotPermitted
from tomeishi.registry import franchises
from tomeishi.registry import references as registered
from tomeishi.values import Use
from tomeishi.web.api.answering import Body, Id, LongText, Moment, Repeated, Text, once
from tomeishi.web.asking import Asked, permits
from tomeishi.web.standing import Standing

router = APIRouter(prefix="/v1", tags=["consents"])

Reading = Annotated[Asked, permits(Action.READ_CONSENTS)]
Writing = Annotated[Asked, permits(Action.WRITE_CONSENTS)]


class Question(Body):
    """What somebody wants to do, as `consent check --jsonl` takes it."""

    work: Text | None = None
    character: Text | None = None
    reference: Text | None = None
    element: Text | None = None
    use: Text
    provider: Text | None = None
    model: Text | None = None
    version: Text | None = None
    territory: Text | None = None
    output: Text | None = None
    duration: float | None = Field(default=None, description="of the clip, in seconds")
    at: Text | None = Field(default=None, description="the moment asked about; else now")


class Questions(Body):
    questions: list[Question] = Field(min_length=1, max_length=10_000)


class AnswerList(BaseModel):
    answers: list[dict[str, Any]]
    """In the order of the questions: a permission each, or `{"error": …}`."""


class EntryShape(BaseModel):
    id: str
    kind: EntryKind
    number: int
    digest: str
    recorded_at: str
    recorded_by: str | None
    words: str
    """The statement in its one written form."""
    signature: dict[str, str] | None


class EntryList(BaseModel):
    consents: list[EntryShape]


class Limits(Body):
    territories: list[Text] | None = Field(default=None, max_length=300)
    outputs: list[Output] | None = None
    longest_clip_s: int | None = None
    excluded: list[Element] = Field(default=[], max_length=5)


class Stated(Body):
    """A grant or a reservation about one thing: one of member, franchise, work and reference."""

    kind: Annotated[EntryKind, Field(description="grant or reservation")]
    member: Text | None = None
    franchise: Text | None = None
    work: Text | None = None
    character: Text | None = Field(default=None, description="with its work")
    element: Element | None = Field(default=None, description="of the work or character")
    reference: Text | None = None
    uses: list[Use] | None = Field(default=None, max_length=20)
    provider: Text | None = None
    model: Text | None = None
    version: Text | None = None
    conditions: Limits = Limits()
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    document: Text | None = Field(default=None, description="digest of the paper it rests on, sha256:…")
    note: LongText = ""
    issuer: Text | None = None
    authority: Text | None = None


class Signed(Body):
    """An entry that the member signed where it works, as `consent grant --out` writes it."""

    entry: LongText


class Revoked(Body):
    note: LongText = ""


@router.post("/consents:check")
def check_consents(
    body: Questions, request: Request, asked: Annotated[Asked, permits(Action.CHECK_CONSENTS)]
) -> AnswerList:
    """The ledger's answers to up to 10,000 questions."""
    standing: Standing = request.app.state.standing
    own = asked.principal.organisation.provider
    questions = []
    for question in body.questions:
        fields = question.model_dump()
        if own is not None and fields["provider"] not in (None, own):
            raise NotPermitted(f"{own} asks for itself alone; leave the provider out")
        questions.append(fields | ({"provider": own} if own is not None else {}))
    answers = standing.answers(questions)
    mine = asked.principal.organisation.member_id
    if mine is not None:
        answers = [
            answer if "error" in answer or standing.member_of(each) == mine else {"error": "no such work of yours"}
            for each, answer in zip(questions, answers, strict=True)
        ]
    return AnswerList(answers=answers)


@router.get("/consents")
def list_consents(asked: Reading, work: Annotated[Id, Query(description="about this work")]) -> EntryList:
    """All that was ever stated about a work, in the order recorded."""
    with asked.platform.reading() as tx:
        member_id = subjects(tx, [work]).member_of_work.get(work)
        if member_id is None:
            raise NotFound(f"no work {work}")
        asked.principal.require_found(Action.READ_CONSENTS, f"work {work}", member_id=member_id)
        found = ledger.history(tx, WorkRef(member_id, work), asked.platform.book.read(tx).entries)
        return EntryList(consents=[_shape(each) for each in found])


@router.get("/consents/{entry_id}")
def read_consent(entry_id: Id, asked: Reading) -> EntryShape:
    """One entry."""
    with asked.platform.reading() as tx:
        return _shape(_entry(tx, asked, entry_id, Action.READ_CONSENTS))


@router.post("/consents", status_code=201, response_model=EntryShape)
def state_consent(body: Stated, repeat: Repeated, asked: Writing) -> Response:
    """Record a grant or a reservation on the member's word; the entry says who recorded it."""

    def record(tx: Any) -> EntryShape:
        member_id, scope = _scope(tx, body)
        asked.principal.require_for(Action.WRITE_CONSENTS, member_id=member_id)
        statement = Statement(
            kind=body.kind,
            member_id=member_id,
            declared_at=asked.at,
            scope=scope,
            uses=tuple(body.uses) if body.uses else None,
            provider=body.provider,
            model=body.model,
            version=body.version,
            conditions=_conditions(body.conditions),
            issuer=body.issuer,
            authority=body.authority,
            valid_from=body.valid_from,
            valid_until=body.valid_until,
            document=body.document,
            note=body.note,
        )
        return _recorded(tx, asked, _recorder_of(tx, asked).record_unsigned(statement, _recorder(asked), asked.at))

    return once(asked, repeat, record, status=201)


@router.post("/consents:record", status_code=201, response_model=EntryShape)
def record_signed(body: Signed, repeat: Repeated, asked: Writing) -> Response:
    """Record an entry that the member signed."""

    def record(tx: Any) -> EntryShape:
        entry = _recorder_of(tx, asked).record(SignedEntry.from_text(body.entry), asked.at)
        asked.principal.require_for(Action.WRITE_CONSENTS, member_id=entry.statement.member_id)
        return _recorded(tx, asked, entry)

    return once(asked, repeat, record, status=201)


@router.post("/consents/{entry_id}:revoke", status_code=201, response_model=EntryShape)
def revoke_consent(entry_id: Id, body: Revoked, repeat: Repeated, asked: Writing) -> Response:
    """End a grant or a reservation, from now on."""

    def record(tx: Any) -> EntryShape:
        revoked = _entry(tx, asked, entry_id, Action.WRITE_CONSENTS)
        statement = Statement(
            kind=EntryKind.REVOCATION,
            member_id=revoked.statement.member_id,
            declared_at=asked.at,
            revokes=entry_id,
            note=body.note,
        )
        return _recorded(tx, asked, _recorder_of(tx, asked).record_unsigned(statement, _recorder(asked), asked.at))

    return once(asked, repeat, record, status=201)


def _recorder_of(tx: Any, asked: Asked) -> ledger.Recorder:
    return ledger.Recorder(tx, known=asked.platform.book.read(tx).entries)


def _scope(tx: Any, body: Stated) -> tuple[str, Scope]:
    """Whose statement it is, and about what."""
    named = [body.member, body.franchise, body.reference, body.work]
    if sum(each is not None for each in named) != 1:
        raise BadInput("name what it is about: one of member, franchise, work and reference")
    if (body.character or body.element) and body.work is None:
        raise BadInput("a character or an element is named with its work")
    if body.member is not None:
        return body.member, Scope(Level.MEMBER, body.member)
    if body.franchise is not None:
        return franchises.franchise(tx, body.franchise).member_id, Scope(Level.FRANCHISE, body.franchise)
    if body.reference is not None:
        return registered.reference(tx, body.reference).member_id, Scope(Level.REFERENCE, body.reference)
    about = subjects(tx, [body.work or ""]).subject(body.work, body.character)
    if body.element is not None:
        return about.member_id, Scope(Level.ELEMENT, body.character or about.work_id, about.work_id, body.element)
    if body.character is not None:
        return about.member_id, Scope(Level.CHARACTER, body.character, about.work_id)
    return about.member_id, Scope(Level.WORK, about.work_id)


def _conditions(given: Limits) -> Conditions:
    return Conditions(
        None if given.territories is None else tuple(given.territories),
        None if given.outputs is None else tuple(given.outputs),
        given.longest_clip_s,
        tuple(given.excluded),
    )


def _recorder(asked: Asked) -> str:
    return f"{asked.principal.name} ({asked.principal.id})"


def _entry(tx: Any, asked: Asked, entry_id: str, action: Action) -> Entry:
    entry = asked.platform.book.read(tx).by_id.get(entry_id)
    if entry is None:
        raise NotFound(f"no entry {entry_id}")
    if entry.statement.member_id != COALITION:
        asked.principal.require_found(action, f"entry {entry_id}", member_id=entry.statement.member_id)
    elif action is not Action.READ_CONSENTS:
        raise NotPermitted("what the coalition states is signed with its key, on the command line")
    return entry


def _recorded(tx: Any, asked: Asked, entry: Entry) -> EntryShape:
    events.record(tx, asked.principal.id, f"consent.{entry.statement.kind}", entry.id, asked.at)
    return _shape(entry)


def _shape(entry: Entry) -> EntryShape:
    return EntryShape(id=entry.id, kind=entry.statement.kind, **entry.to_json())
