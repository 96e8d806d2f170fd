"""`/v1/members`: the rights holders of the coalition."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from tomeishi.access import events
from tomeishi.access.permissions import Action
from tomeishi.errors import NotFound
from tomeishi.registry import works
from tomeishi.web.api.answering import Body, Id, Repeated, Text, once
from tomeishi.web.asking import Asked, permits

router = APIRouter(prefix="/v1/members", tags=["members"])


class MemberShape(BaseModel):
    id: str
    name: str


class MemberList(BaseModel):
    members: list[MemberShape]


class NewMember(Body):
    name: Text


@router.get("")
def list_members(asked: Annotated[Asked, permits(Action.READ_MEMBERS)]) -> MemberList:
    """All members, by name."""
    with asked.platform.reading() as tx:
        return MemberList(members=[MemberShape(id=each.id, name=each.name) for each in works.list_members(tx)])


@router.get("/{member_id}")
def read_member(member_id: Id, asked: Annotated[Asked, permits(Action.READ_MEMBERS)]) -> MemberShape:
    """One member."""
    with asked.platform.reading() as tx:
        for each in works.list_members(tx):
            if each.id == member_id:
                return MemberShape(id=each.id, name=each.name)
    raise NotFound(f"no member {member_id}")


@router.post("", status_code=201, response_model=MemberShape)
def add_member(body: NewMember, repeat: Repeated, asked: Annotated[Asked, permits(Action.WRITE_MEMBERS)]) -> Response:
    """Add a member."""

    def add(tx: Any) -> MemberShape:
        member_id = works.add_member(tx, body.name, asked.at)
        events.record(tx, asked.principal.id, "member.added", member_id, asked.at)
        return MemberShape(id=member_id, name=body.name)

    return once(asked, repeat, add, status=201)
