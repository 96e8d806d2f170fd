"""What a question may be about: from the id of a work or character to its place in the lattice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Result, Select, select

from tomeishi.consent.scopes import Element, WorkRef
from tomeishi.errors import BadInput, NotFound
from tomeishi.registry import franchises
from tomeishi.registry.franchises import Membership
from tomeishi.storage.tables import characters, reference_files, works


@dataclass(frozen=True, slots=True)
class Subjects:
    """Read once, for many questions."""

    member_of_work: Mapping[str, str]
    work_of_character: Mapping[str, str]
    work_of_reference: Mapping[str, str]
    memberships: Mapping[str, tuple[Membership, ...]]
    """Franchises by work."""

    def subject(
        self,
        work_id: str | None = None,
        character_id: str | None = None,
        reference_id: str | None = None,
        element: Element | None = None,
    ) -> WorkRef:
        """What is asked about, outside of any franchise; NotFound for an id that the registry doesn't have."""
        named = {work_id} if work_id is not None else set()
        for what, id_, known in (
            ("character", character_id, self.work_of_character),
            ("reference", reference_id, self.work_of_reference),
        ):
            if id_ is not None:
                if id_ not in known:
                    raise NotFound(f"no {what} {id_} in the registry")
                named.add(known[id_])
        if not named:
            raise BadInput("name a work or a character")
        if len(named) > 1:
            raise BadInput(f"not of one work: {', '.join(sorted(named))}; name what belongs together")
        (found,) = named
        if found not in self.member_of_work:
            raise NotFound(f"no work {found}; see `tomeishi works list`")
        return WorkRef(self.member_of_work[found], found, reference_id, character_id, element)

    def at(self, subject: WorkRef, moment: datetime) -> WorkRef:
        """With the franchises that its work was in at the moment."""
        joined = franchises.at_moment(self.memberships.get(subject.work_id, ()), moment)
        return subject if joined == subject.franchise_ids else replace(subject, franchise_ids=joined)


def subjects(transaction: Connection, work_ids: Sequence[str] | None = None) -> Subjects:
    """All that the registry has; or of a page of works alone."""

    def chosen(query: Select[Any], column: Column[Any]) -> Result[Any]:
        return transaction.execute(query if work_ids is None else query.where(column.in_(work_ids)))

    of_works = chosen(select(works.c.id, works.c.member_id), works.c.id)
    of_characters = chosen(select(characters.c.id, characters.c.work_id), characters.c.work_id)
    of_references = chosen(select(reference_files.c.id, reference_files.c.work_id), reference_files.c.work_id)
    return Subjects(
        {row.id: row.member_id for row in of_works},
        {row.id: row.work_id for row in of_characters},
        {row.id: row.work_id for row in of_references},
        franchises.memberships(transaction, work_ids),
    )
