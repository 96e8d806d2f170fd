"""A cheap look at whether the registry changed: what was read of it once may be used while the stamp is the same."""

from sqlalchemy import Connection, case, func, select

from tomeishi.storage.tables import (
    character_variants,
    characters,
    descriptions,
    drawing_rows,
    drawings,
    exclusions,
    fingerprint_files,
    franchise_works,
    names,
    reference_files,
    works,
)


def stamp(tx: Connection) -> tuple[object, ...]:
    """Equal as long as none of these was added or taken away: work, character, name, description, drawing, reference,
    fingerprint, exclusion.
    """
    found: list[object] = []
    for table in (works, characters, names, descriptions, drawings, reference_files, exclusions):
        found += tx.execute(select(func.count(), func.max(table.c.id))).one()
    newest = select(func.count(), func.max(franchise_works.c.added_at))
    found += tx.execute(newest).one()
    for table in (fingerprint_files, drawing_rows):
        found.append(tx.execute(select(func.count()).select_from(table)).scalar_one())
    said = select(func.count(), func.sum(case((character_variants.c.counts, 1), else_=0)))
    found += tx.execute(said).one()
    return tuple(found)
