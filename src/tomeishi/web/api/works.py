"""`/v1/works` and `/v1/characters`: what is protected, under all its names."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from tomeishi import clock
from tomeishi.access import events
from tomeishi.access.permissions import Action
from tomeishi.enrolling import Sheet
from tomeishi.errors import NotFound, TomeishiError
from tomeishi.registry import references, works
from tomeishi.registry.works import Character, Role, Work
from tomeishi.values import Box
from tomeishi.web.api.answering import Body, Id, Paged, Repeated, Text, next_token, once
from tomeishi.web.asking import Asked, permits

router = APIRouter(prefix="/v1", tags=["works"])

Reading = Annotated[Asked, permits(Action.READ_WORKS)]
Writing = Annotated[Asked, permits(Action.WRITE_WORKS)]


class NameShape(BaseModel):
    text: str
    role: Role
    language: str | None


class CharacterShape(BaseModel):
    id: str
    work: str
    name: str
    names: list[NameShape]


class NewDrawing(Body):
    reference: Id = Field(description="a reference of the work: a model sheet, a picture, or a film")
    time: float | None = Field(default=None, ge=0, description="seconds into a film")
    box: tuple[float, float, float, float] | None = Field(
        default=None, description="[x, y, width, height] in shares of the picture; without one, figures on plain ground"
    )
    look: Text | None = Field(default=None, description="which of several appearances")


class EnrolledShape(BaseModel):
    character: str
    drawings: list[str]
    separability: float | None = Field(description="share of its drawings whose nearest other drawing is its own")
    confusing: bool = Field(description="whether another character comes so near that one will be taken for the other")
    overlaps: int = Field(description="drawings that are another character's too")
    warnings: list[str]


class WorkShape(BaseModel):
    id: str
    member: str
    member_name: str
    title: str
    names: list[NameShape]
    characters: list[CharacterShape]
    cross_ids: dict[str, str]
    references: int
    created_at: str


class WorkList(BaseModel):
    works: list[WorkShape]
    next_page_token: str


class WorkFound(BaseModel):
    work: str
    title: str
    character: str | None
    member: str
    name: str
    exact: bool


class FoundList(BaseModel):
    found: list[WorkFound]


class NewWork(Body):
    member: Id = Field(description="id of the member")
    title: Text
    reading: Text | None = None
    aliases: list[Text] = Field(default=[], max_length=100)
    language: Text | None = Field(default=None, description="of title and reading, BCP 47")
    cross_ids: dict[str, Text] = Field(default={}, max_length=4)


class NewCharacter(Body):
    name: Text
    reading: Text | None = None
    aliases: list[Text] = Field(default=[], max_length=100)


class NewName(Body):
    text: Text
    role: Role
    language: Text | None = None


class CharacterList(BaseModel):
    characters: list[CharacterShape]


@router.get("/works")
def list_works(
    asked: Reading, page: Paged, member: Annotated[Id | None, Query(description="of this member only")] = None
) -> WorkList:
    """Works, the newest first; those that may be seen."""
    sight = asked.principal.sight(Action.READ_WORKS)
    if not sight.everything and member not in (None, sight.member_id):
        return WorkList(works=[], next_page_token="")
    only = member if sight.everything else (sight.member_id or "nobody's")
    after = page.after(str)
    with asked.platform.reading() as tx:
        rows, _ = works.newest_works(tx, page.size, before=after[0] if after else None, member_id=only)
    return WorkList(
        works=[shape_of(each) for each in rows], next_page_token=next_token(rows, page, lambda each: [each.id])
    )


@router.get("/works:search")
def search_works(asked: Reading, q: Annotated[Text, Query(min_length=1)]) -> FoundList:
    """Works and characters by any part of any name, in any script, width or case; at most 50."""
    with asked.platform.reading() as tx:
        rows = works.find_names(tx, q)
    return FoundList(
        found=[
            WorkFound(
                work=each.work_id,
                title=each.title,
                character=each.character_id,
                member=each.member_id,
                name=each.name.text,
                exact=each.exact,
            )
            for each in rows
            if asked.principal.may(Action.READ_WORKS, member_id=each.member_id)
        ]
    )


@router.get("/works/{work_id}")
def read_work(work_id: Id, asked: Reading) -> WorkShape:
    """One work."""
    with asked.platform.reading() as tx:
        return shape_of(seen_work(tx, asked, work_id))


@router.post("/works", status_code=201, response_model=WorkShape)
def add_work(body: NewWork, repeat: Repeated, asked: Writing) -> Response:
    """Add a work of a member."""
    asked.principal.require_for(Action.WRITE_WORKS, member_id=body.member)

    def add(tx: Any) -> WorkShape:
        work_id = works.add_work(
            tx, body.member, body.title, body.reading, body.aliases, language=body.language, recorded_at=asked.at
        )
        for scheme, value in body.cross_ids.items():
            works.set_cross_id(tx, work_id, scheme, value)
        events.record(tx, asked.principal.id, "work.added", work_id, asked.at)
        return shape_of(works.work(tx, work_id))

    return once(asked, repeat, add, status=201)


@router.post("/works/{work_id}/names", status_code=201, response_model=WorkShape)
def add_name(work_id: Id, body: NewName, repeat: Repeated, asked: Writing) -> Response:
    """Add an alias or reading to a work."""

    def add(tx: Any) -> WorkShape:
        writable_work(tx, asked, work_id)
        works.add_name(tx, body.text, body.role, work_id=work_id, language=body.language)
        events.record(tx, asked.principal.id, "work.named", work_id, asked.at)
        return shape_of(works.work(tx, work_id))

    return once(asked, repeat, add, status=201)


@router.get("/works/{work_id}/characters")
def list_characters(work_id: Id, asked: Reading) -> CharacterList:
    """The characters of a work, in the order in which they were added."""
    with asked.platform.reading() as tx:
        found = seen_work(tx, asked, work_id)
    return CharacterList(characters=[_character(work_id, each) for each in found.characters])


@router.post("/works/{work_id}/characters", status_code=201, response_model=CharacterShape)
def add_character(work_id: Id, body: NewCharacter, repeat: Repeated, asked: Writing) -> Response:
    """Add a character to a work."""

    def add(tx: Any) -> CharacterShape:
        writable_work(tx, asked, work_id)
        character_id = works.add_character(tx, work_id, body.name, body.reading, body.aliases, recorded_at=asked.at)
        events.record(tx, asked.principal.id, "character.added", character_id, asked.at)
        return _character(work_id, _of_work(works.work(tx, work_id), character_id))

    return once(asked, repeat, add, status=201)


@router.get("/works/{work_id}/characters/{character_id}")
def read_character(work_id: Id, character_id: Id, asked: Reading) -> CharacterShape:
    """One character of a work."""
    with asked.platform.reading() as tx:
        return _character(work_id, _of_work(seen_work(tx, asked, work_id), character_id))


@router.post("/works/{work_id}/characters/{character_id}/drawings", status_code=201)
def add_drawings(work_id: Id, character_id: Id, body: NewDrawing, asked: Writing) -> EnrolledShape:
    """Enrol what a reference of the work shows as drawings of the character; the same again changes nothing."""
    with asked.platform.reading() as tx:
        name = _of_work(writable_work(tx, asked, work_id), character_id).name
        reference = references.reference(tx, body.reference)
    if reference.work_id != work_id:
        raise NotFound(f"work {work_id} has no reference {body.reference}")
    box = None if body.box is None else Box(*body.box)
    sheet = Sheet(work_id, name, (reference.location,), look=body.look, at_s=body.time, box=box)
    try:
        done = asked.platform.enrol(sheet)
    except TomeishiError as error:  # its words name a place of this machine
        raise type(error)(str(error).replace(reference.location, reference.path)) from error
    with asked.platform.transaction() as tx:
        events.record(tx, asked.principal.id, "character.drawn", character_id, asked.at)
    return EnrolledShape(
        character=character_id,
        drawings=list(done.drawings),
        separability=done.separability,
        confusing=done.confusing,
        overlaps=len(done.overlaps),
        warnings=[each.replace(reference.location, reference.path) for each in done.warnings],
    )


@router.post("/works/{work_id}/characters/{character_id}/names", status_code=201, response_model=CharacterShape)
def add_character_name(work_id: Id, character_id: Id, body: NewName, repeat: Repeated, asked: Writing) -> Response:
    """Add an alias or reading to a character."""

    def add(tx: Any) -> CharacterShape:
        _of_work(writable_work(tx, asked, work_id), character_id)
        works.add_name(tx, body.text, body.role, character_id=character_id, language=body.language)
        events.record(tx, asked.principal.id, "character.named", character_id, asked.at)
        return _character(work_id, _of_work(works.work(tx, work_id), character_id))

    return once(asked, repeat, add, status=201)


def seen_work(tx: Any, asked: Asked, work_id: str) -> Work:
    """NotFound also where it may not be seen."""
    found = works.work(tx, work_id)
    asked.principal.require_found(Action.READ_WORKS, f"work {work_id}", member_id=found.member_id)
    return found


def writable_work(tx: Any, asked: Asked, work_id: str) -> Work:
    """NotFound where it may not even be seen, NotPermitted where it may not be changed."""
    found = works.work(tx, work_id)
    asked.principal.require_found(Action.WRITE_WORKS, f"work {work_id}", member_id=found.member_id)
    return found


def shape_of(work: Work) -> WorkShape:
    return WorkShape(
        id=work.id,
        member=work.member_id,
        member_name=work.member,
        title=work.title,
        names=[NameShape(text=each.text, role=each.role, language=each.language) for each in work.names],
        characters=[_character(work.id, each) for each in work.characters],
        cross_ids=dict(work.cross_ids),
        references=work.references,
        created_at=clock.to_text(work.created_at),
    )


def _character(work_id: str, character: Character) -> CharacterShape:
    names = [NameShape(text=each.text, role=each.role, language=each.language) for each in character.names]
    return CharacterShape(id=character.id, work=work_id, name=character.name, names=names)


def _of_work(work: Work, character_id: str) -> Character:
    for each in work.characters:
        if each.id == character_id:
            return each
    raise NotFound(f"no character {character_id} in work {work.id}")
