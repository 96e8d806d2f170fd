"""A file of media becomes a reference of a work: what is described of it, and what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from tomeishi.config import Limits
from tomeishi.consent.standards.iscc import instance_code
from tomeishi.errors import NotFound, TomeishiError, UnreadableMedia
from tomeishi.fingerprint.anchors import KEY as ANCHORS
from tomeishi.fingerprint.anchors import AnchorMaker, Anchors
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.extract import Extraction
from tomeishi.fingerprint.listening import Listened, perceive
from tomeishi.registry import references, works
from tomeishi.screening.outputs import PLAN
from tomeishi.storage.blobs import Blobs


@dataclass(frozen=True, slots=True)
class Described:
    """What is kept of a reference file."""

    extraction: Extraction
    anchors: Anchors
    heard: Listened | None


def describe(path: Path, descriptors: tuple[Descriptor, Descriptor], limits: Limits) -> Described:
    """Pictures, their local features and sound of a file; raises NotFound and UnreadableMedia."""
    maker = AnchorMaker()
    extraction, heard = perceive(path, descriptors, PLAN, limits, watch=maker.see)
    return Described(extraction, maker.anchors(), heard)


def work_of(tx: Connection, member: str, title: str, reading: str | None, aliases: Sequence[str]) -> str:
    """The id of the work, made with its member where the registry has none of that name; new names are added to it."""
    try:
        member_id = works.member_by_name(tx, member).id
    except NotFound:
        member_id = works.add_member(tx, member)
    try:
        work_id = works.work_by_title(tx, member_id, title).id
    except NotFound:
        return works.add_work(tx, member_id, title, reading, aliases)
    known = {name.text for name in works.work(tx, work_id).names}
    for text, role in ((reading, works.Role.READING), *((alias, works.Role.ALIAS) for alias in aliases)):
        if text is not None and text not in known:
            works.add_name(tx, text, role, work_id=work_id)
    return work_id


def keep(
    tx: Connection,
    blobs: Blobs,
    work_id: str,
    path: str,
    digest: str,
    described: Described,
    *,
    location: str | None = None,
) -> str:
    """Register a described file, giving its reference's id.

    A file that the work had already keeps its id, and gets the fingerprints of this version.
    """
    extraction, anchors, heard = described.extraction, described.anchors, described.heard
    known = [each.id for each in references.same_digest(tx, digest) if each.work_id == work_id]
    reference_id = (
        known[0]
        if known
        else references.add_reference(
            tx,
            work_id,
            path,
            digest,
            extraction.info.size_bytes,
            extraction.info.kind,
            extraction.duration_s,
            extraction.partial,
            location=location,
        )
    )
    for each in (*extraction.fingerprints.values(), *(() if heard is None else (heard.fingerprint,))):
        blob = blobs.put(each.to_bytes())
        rows = len(each.times_s)
        references.add_fingerprint(tx, reference_id, each.descriptor, each.weights_digest, blob, rows)
    blob = blobs.put(anchors.to_bytes())
    references.add_fingerprint(tx, reference_id, ANCHORS, None, blob, anchors.features)
    with Path(location or path).open("rb") as file:
        references.add_codes(tx, reference_id, [instance_code(file)])
    return reference_id


def nothing_read(failures: Sequence[TomeishiError]) -> TomeishiError:
    """Why not one of several files could be registered."""
    return failures[0] if len(failures) == 1 else UnreadableMedia("; ".join(str(each) for each in failures))
