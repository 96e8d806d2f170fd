"""A cheap look at whether the registry changed: what was read of it once may be used while the stamp is the same."""

from sqlalchemy import Connection, func, select

from tomeishi.storage.tables import (
    characters,
    descriptions,
    exclusions,
    fingerprint_files,
    franchise_works,
    names,
    reference_files,
    works,
)


def stamp(tx: Connection) -> tuple[object, ...]:
    """Equal as long as none of these was added or taken away: work, character, name, description, reference,
    fingerprint, exclusion.
    """
    found: list[object] = []
    for table in (works, characters, names, descriptions, reference_files, exclusions):
        found += tx.execute(select(func.count(), func.max(table.c.id))).one()
    newest = select(func.count(), func.max(franchise_works.c.added_at))
    found += tx.execute(newest).one()
    found.append(tx.execute(select(func.count()).select_from(fingerprint_files)).scalar_one())
    return tuple(found)
