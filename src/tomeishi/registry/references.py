"""Reference files, what was made of them, what of them never counts, and where two of them are the same."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import isfinite
from typing import Any, Literal

from sqlalchemy import Connection, Select, delete, insert, select, update

from tomeishi import clock
from tomeishi.errors import BadInput, Conflict, NotFound
from tomeishi.registry.names import clean_name
from tomeishi.storage.tables import exclusions as exclusion_table
from tomeishi.storage.tables import fingerprint_files, members, reference_codes, reference_files, works
from tomeishi.storage.tables import overlaps as overlap_table
from tomeishi.values import Interval, MediaKind, Partial, canonical, new_id

FoundBy = Literal["digest", "match"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A registered file, with whose it is."""

    id: str
    work_id: str
    title: str
    member_id: str
    member: str
    path: str
    """As registered."""
    location: str
    """The same, absolute, as it was when registered."""
    digest: str
    size_bytes: int
    kind: MediaKind
    duration_s: float
    partial_reason: str | None
    """Why only `duration_s` seconds of it could be read; None for a whole file."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FingerprintFile:
    """Which blob holds the fingerprint of a reference for a descriptor."""

    reference_id: str
    descriptor: str
    """Its key."""
    weights_digest: str | None
    digest: str
    rows: int


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A stretch of a reference that never counts."""

    id: str
    reference_id: str
    interval: Interval
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two references that share footage. The one with the smaller id stands first, whoever registered earlier."""

    id: str
    reference: Reference
    other: Reference
    found_by: FoundBy
    segments: tuple[tuple[Interval, Interval], ...]
    """Stretches of `reference` and `other` that show the same."""
    created_at: datetime


def add_reference(
    tx: Connection,
    work_id: str,
    path: str,
    digest: str,
    size_bytes: int,
    kind: MediaKind,
    duration_s: float,
    partial: Partial | None = None,
    *,
    location: str | None = None,
    recorded_at: datetime | None = None,
) -> str:
    """The new reference's id; Conflict if the work has a file of the same digest.

    `location` is where the file lies if that isn't `path`: an upload keeps the name that it came with.
    """
    if tx.execute(select(works.c.id).where(works.c.id == work_id)).first() is None:
        raise NotFound(f"no work {work_id}; see `tomeishi works list`")
    if not (isfinite(duration_s) and duration_s >= 0 and size_bytes >= 0):
        raise BadInput(f"{path}: not a length or size: {duration_s} s, {size_bytes} bytes")
    if "\0" in path or not _is_unicode(path):
        raise BadInput(f"{path!a}: this file name is not Unicode text and cannot be kept; rename the file")
    same = select(reference_files.c.path).where(
        reference_files.c.work_id == work_id, reference_files.c.digest == digest
    )
    if known := tx.execute(same).first():
        raise Conflict(f"{path}: the work has this very file already, as {known.path}")
    reference_id = new_id("ref")
    values = {
        "id": reference_id,
        "work_id": work_id,
        "path": path,
        "location": location or os.path.abspath(path),  # noqa: PTH100 - pathlib's resolve would follow links: another name
        "digest": digest,
        "size_bytes": size_bytes,
        "kind": kind.value,
        "duration_s": float(duration_s),
        "partial_reason": None if partial is None else partial.reason,
        "created_at": recorded_at or clock.now(),
    }
    tx.execute(insert(reference_files).values(values))
    return reference_id


def add_codes(tx: Connection, reference_id: str, codes: Iterable[str]) -> None:
    """ISCC units of the reference's file, in place of earlier ones."""
    _must_exist(tx, reference_id)
    tx.execute(delete(reference_codes).where(reference_codes.c.reference_id == reference_id))
    for code in sorted(set(codes)):
        tx.execute(insert(reference_codes).values(reference_id=reference_id, code=code))


def codes_of(tx: Connection) -> dict[str, list[str]]:
    """ISCC units in order, by reference."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in tx.execute(select(reference_codes).order_by(reference_codes.c.code)):
        found[row.reference_id].append(row.code)
    return dict(found)


def add_fingerprint(
    tx: Connection, reference_id: str, descriptor: str, weights_digest: str | None, digest: str, rows: int
) -> None:
    """The reference's fingerprint for a descriptor key, in place of an earlier one; `digest` names the blob."""
    _must_exist(tx, reference_id)
    mine = (fingerprint_files.c.reference_id == reference_id) & (fingerprint_files.c.descriptor == descriptor)
    tx.execute(delete(fingerprint_files).where(mine))
    values = {"reference_id": reference_id, "descriptor": descriptor, "weights_digest": weights_digest}
    tx.execute(insert(fingerprint_files).values(**values, digest=digest, rows=rows))


def fingerprint_files_of(tx: Connection, descriptor: str) -> list[FingerprintFile]:
    """Every reference's fingerprint for one descriptor key, by reference id."""
    mine = select(fingerprint_files).where(fingerprint_files.c.descriptor == descriptor)
    rows = tx.execute(mine.order_by(fingerprint_files.c.reference_id))
    return [FingerprintFile(row.reference_id, row.descriptor, row.weights_digest, row.digest, row.rows) for row in rows]


def undescribed(tx: Connection, descriptor: str, weights_digest: str | None) -> list[Reference]:
    """References with pictures that a descriptor key with these weights has not described, oldest first."""
    mine = select(fingerprint_files.c.reference_id).where(
        fingerprint_files.c.descriptor == descriptor,
        fingerprint_files.c.weights_digest.is_not_distinct_from(weights_digest),
    )
    seen = reference_files.c.kind != MediaKind.SOUND.value
    return _references(tx, _SELECTED.where(seen, reference_files.c.id.not_in(mine)))


def exclude(
    tx: Connection, reference_id: str, interval: Interval, reason: str, *, recorded_at: datetime | None = None
) -> str:
    """The new exclusion's id; the same stretch excluded again is the same exclusion, its reason the newer one."""
    reason = clean_name(reason, "reason")
    found = reference(tx, reference_id)
    if interval.start >= found.duration_s:
        raise BadInput(
            f"{found.path} ends at {found.duration_s:.3f} s; nothing to exclude from {interval.start:.3f} s on"
        )
    same = select(exclusion_table.c.id).where(
        exclusion_table.c.reference_id == reference_id,
        exclusion_table.c.start_s == interval.start,
        exclusion_table.c.end_s == interval.end,
    )
    if known := tx.execute(same).scalar():
        tx.execute(update(exclusion_table).where(exclusion_table.c.id == known).values(reason=reason))
        return str(known)
    exclusion_id = new_id("exc")
    values = {"id": exclusion_id, "reference_id": reference_id, "start_s": interval.start, "end_s": interval.end}
    tx.execute(insert(exclusion_table).values(**values, reason=reason, created_at=recorded_at or clock.now()))
    return exclusion_id


def exclusion(tx: Connection, exclusion_id: str) -> Exclusion:
    row = tx.execute(select(exclusion_table).where(exclusion_table.c.id == exclusion_id)).first()
    if row is None:
        raise NotFound(f"no exclusion {exclusion_id}")
    return Exclusion(row.id, row.reference_id, Interval(row.start_s, row.end_s), row.reason, row.created_at)


def take_back_exclusion(tx: Connection, exclusion_id: str) -> Exclusion:
    """The stretch counts again, from the next snapshot on."""
    found = exclusion(tx, exclusion_id)
    tx.execute(delete(exclusion_table).where(exclusion_table.c.id == exclusion_id))
    return found


def exclusions(tx: Connection, reference_id: str | None = None) -> list[Exclusion]:
    """Of one reference, or of all; by reference and time."""
    query = select(exclusion_table).order_by(
        exclusion_table.c.reference_id, exclusion_table.c.start_s, exclusion_table.c.end_s
    )
    if reference_id is not None:
        query = query.where(exclusion_table.c.reference_id == reference_id)
    return [
        Exclusion(row.id, row.reference_id, Interval(row.start_s, row.end_s), row.reason, row.created_at)
        for row in tx.execute(query)
    ]


def reference(tx: Connection, reference_id: str) -> Reference:
    found = _references(tx, _SELECTED.where(reference_files.c.id == reference_id))
    if not found:
        raise NotFound(f"no reference {reference_id}; see `tomeishi works list`")
    return found[0]


def references(tx: Connection, work_id: str | None = None) -> list[Reference]:
    """Of one work, or all; in the order of registration."""
    return _references(tx, _SELECTED if work_id is None else _SELECTED.where(reference_files.c.work_id == work_id))


def same_digest(tx: Connection, digest: str) -> list[Reference]:
    """Every registration of the very same file, by whichever member."""
    return _references(tx, _SELECTED.where(reference_files.c.digest == digest))


def not_compared(tx: Connection) -> list[Reference]:
    """References whose footage was not yet compared with that of other members, oldest first."""
    return _references(tx, _SELECTED.where(reference_files.c.compared_at.is_(None)))


def mark_compared(tx: Connection, reference_id: str, at: datetime) -> None:
    """Overlaps of the reference with what other members had registered by `at` are recorded."""
    tx.execute(update(reference_files).where(reference_files.c.id == reference_id).values(compared_at=at))


def record_overlap(
    tx: Connection,
    reference_id: str,
    other_reference_id: str,
    found_by: FoundBy,
    segments: Sequence[tuple[Interval, Interval]],
    *,
    recorded_at: datetime | None = None,
) -> str:
    """The overlap's id: one for each pair, whichever is named first, however often it is found.

    `segments` are stretches of `reference_id` and of `other_reference_id`, in this order. Finding it again keeps the
    newer segments, except that an equal digest is never replaced by a mere match.
    """
    if reference_id == other_reference_id:
        raise BadInput(f"{reference_id}: a reference does not overlap with itself")
    _must_exist(tx, reference_id)
    _must_exist(tx, other_reference_id)
    if other_reference_id < reference_id:
        reference_id, other_reference_id = other_reference_id, reference_id
        segments = [(mine, other) for other, mine in segments]
    rows = sorted([mine.start, mine.end, other.start, other.end] for mine, other in segments)
    words = {"found_by": found_by, "segments": canonical(rows).decode()}
    pair = (overlap_table.c.reference_id == reference_id) & (overlap_table.c.other_reference_id == other_reference_id)
    known = tx.execute(select(overlap_table.c.id, overlap_table.c.found_by).where(pair)).first()
    if known is not None:
        if (known.found_by, found_by) != ("digest", "match"):
            tx.execute(update(overlap_table).where(overlap_table.c.id == known.id).values(words))
        return str(known.id)
    overlap_id = new_id("ovl")
    values = {"id": overlap_id, "reference_id": reference_id, "other_reference_id": other_reference_id, **words}
    tx.execute(insert(overlap_table).values(**values, created_at=recorded_at or clock.now()))
    return overlap_id


def overlaps(tx: Connection) -> list[Overlap]:
    """In the order in which they were found."""
    rows = tx.execute(select(overlap_table).order_by(overlap_table.c.id)).all()
    wanted = {row.reference_id for row in rows} | {row.other_reference_id for row in rows}
    by_id = {found.id: found for found in references(tx) if found.id in wanted} if rows else {}
    return [
        Overlap(
            id=row.id,
            reference=by_id[row.reference_id],
            other=by_id[row.other_reference_id],
            found_by=row.found_by,
            segments=tuple(
                (Interval(start, end), Interval(other_start, other_end))
                for start, end, other_start, other_end in json.loads(row.segments)
            ),
            created_at=row.created_at,
        )
        for row in rows
    ]


def checkpoint(tx: Connection) -> str:
    """Digest of all that a snapshot is made of: references, their fingerprints, their exclusions.

    The same text as long as none of these changed, whatever names, works or members did meanwhile.
    """
    files: defaultdict[str, list[Any]] = defaultdict(list)
    for row in tx.execute(select(fingerprint_files)):
        files[row.reference_id].append([row.descriptor, row.weights_digest or "", row.digest])
    excluded: defaultdict[str, list[Any]] = defaultdict(list)
    for row in tx.execute(select(exclusion_table)):
        excluded[row.reference_id].append([row.start_s, row.end_s])
    digest = sha256()
    for reference_id in sorted(tx.execute(select(reference_files.c.id)).scalars()):
        words = [reference_id, sorted(files[reference_id]), sorted(excluded[reference_id])]
        digest.update(canonical(words) + b"\n")
    return "sha256:" + digest.hexdigest()


_SELECTED: Select[*tuple[Any, ...]] = (
    select(reference_files, works.c.title, members.c.id.label("member_id"), members.c.name.label("member"))
    .join(works, works.c.id == reference_files.c.work_id)
    .join(members, members.c.id == works.c.member_id)
    .order_by(reference_files.c.created_at, reference_files.c.id)
)


def _references(tx: Connection, query: Select[*tuple[Any, ...]]) -> list[Reference]:
    rows: Iterable[Any] = tx.execute(query)
    return [
        Reference(
            id=row.id,
            work_id=row.work_id,
            title=row.title,
            member_id=row.member_id,
            member=row.member,
            path=row.path,
            location=row.location,
            digest=row.digest,
            size_bytes=row.size_bytes,
            kind=MediaKind(row.kind),
            duration_s=row.duration_s,
            partial_reason=row.partial_reason,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _must_exist(tx: Connection, reference_id: str) -> None:
    if tx.execute(select(reference_files.c.id).where(reference_files.c.id == reference_id)).first() is None:
        raise NotFound(f"no reference {reference_id}; see `tomeishi works list`")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
