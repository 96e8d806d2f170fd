"""The enrolled characters of a registry: their drawings made searchable, and whose they are."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from tomeishi.fingerprint.descriptor import DescriptorSpec
from tomeishi.matching.figures import Enrolled, others
from tomeishi.registry import drawings, references, works
from tomeishi.registry.drawings import Drawing, Variant
from tomeishi.values import Interval

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EnrolledCharacter:
    """One enrolled character."""

    character_id: str
    name: str
    work_id: str
    title: str
    member_id: str
    member: str
    variants: Mapping[Variant, bool]
    """What the member says of changed drawings; what it says nothing of is absent."""


@dataclass(frozen=True, slots=True)
class Cast:
    """All of them; `drawings` and `roles` by id."""

    enrolled: Enrolled
    drawings: Mapping[str, Drawing]
    roles: Mapping[str, EnrolledCharacter]


def cast_of(tx: Connection, spec: DescriptorSpec) -> Cast | None:
    """Characters with drawings that this descriptor described; None where there are none.

    A drawing at an excluded moment of its reference doesn't count.
    """
    by_id = {each.id: each for each in drawings.drawings(tx)}
    excluded: defaultdict[str, list[Interval]] = defaultdict(list)
    for exclusion in references.exclusions(tx):
        excluded[exclusion.reference_id].append(exclusion.interval)
    counted = {
        each.id
        for each in by_id.values()
        if not any(span.start <= each.time_s < span.end for span in excluded[each.reference_id])
    }
    rows = drawings.rows_of(tx, spec.key, spec.weights_digest, spec.dim)
    if len(set(rows.drawing_ids)) < len(by_id):
        logger.warning(
            "drawings of characters were described by an earlier version and are not looked for; "
            "run `tomeishi descriptors fill`"
        )
    kept = [n for n, each in enumerate(rows.drawing_ids) if each in counted]
    if not kept:
        return None
    drawing_ids = [rows.drawing_ids[n] for n in kept]
    owners = [by_id[each].character_id for each in drawing_ids]
    said = drawings.variants(tx)
    with_drawings = set(owners)
    roles = {
        character.id: EnrolledCharacter(
            character.id, character.name, work.id, work.title, work.member_id, work.member, said.get(character.id, {})
        )
        for work in works.list_works(tx)
        for character in work.characters
        if character.id in with_drawings
    }
    return Cast(Enrolled(rows.values[kept], drawing_ids, owners, others()), by_id, roles)
