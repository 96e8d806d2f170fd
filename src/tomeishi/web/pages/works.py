"""Works: the list with search, and one work with what its member permits."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from tomeishi.access.permissions import Action
from tomeishi.registry import works
from tomeishi.registry.names import Role
from tomeishi.registry.works import Work
from tomeishi.review import matches as room
from tomeishi.web.asking import Asked, permits
from tomeishi.web.pages.consents import Ledger
from tomeishi.web.templating import page

router = APIRouter(include_in_schema=False)

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class WorkRow:
    id: str
    title: str
    other_names: str
    member: str
    characters: str
    references: int
    grants: int
    open_matches: int


@dataclass(frozen=True, slots=True)
class WorksPage:
    asked: str
    works: tuple[WorkRow, ...]
    total: int
    more: str | None
    may_import: bool


@router.get("/works")
def works_page(
    request: Request,
    asked: Annotated[Asked, permits(Action.READ_WORKS)],
    q: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """The newest first, or what a search finds, the surest first."""
    sight = asked.principal.sight(Action.READ_WORKS)
    member_id = None if sight.everything else sight.member_id or ""
    with asked.platform.reading() as tx:
        if q.strip():
            hits = dict.fromkeys(
                each.work_id for each in works.find_names(tx, q) if member_id in (None, each.member_id)
            )
            found, total = works.works_by_id(tx, list(hits)), len(hits)
        else:
            found, total = works.newest_works(tx, AT_ONCE, before=before, member_id=member_id)
        book = Ledger(tx, asked, [each.id for each in found])
        may_review = bool(asked.principal.reach(Action.READ_MATCHES))
        waiting = room.waiting_for(tx, sight, [each.id for each in found]) if may_review else {}
    rows = tuple(_row(each, book.grants(each), waiting.get(each.id, 0)) for each in found)
    more = f"/works?{urlencode({'before': found[-1].id})}" if not q.strip() and len(found) == AT_ONCE else None
    shown = WorksPage(q, rows, total, more, bool(asked.principal.reach(Action.WRITE_WORKS)))
    return page(request, "works.html", {"page": shown}, principal=asked.principal)


def other_names(work: Work) -> str:
    """Readings and aliases, in the order given."""
    names = (*work.texts(Role.READING), *work.texts(Role.ALIAS))
    return " / ".join(name for name in dict.fromkeys(names) if name != work.title)


def _row(work: Work, grants: int, open_matches: int) -> WorkRow:
    characters = ", ".join(character.name for character in work.characters)
    return WorkRow(
        work.id, work.title, other_names(work), work.member, characters, work.references, grants, open_matches
    )
