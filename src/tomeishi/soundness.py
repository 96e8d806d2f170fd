"""Whether what an installation keeps is whole: named checks, each tells what it saw or raises what is wrong."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tomeishi.access.keys import SigningKey
from tomeishi.consent import ledger
from tomeishi.errors import Tampered
from tomeishi.fingerprint import audio, figure
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.index.postings import Postings, current_postings
from tomeishi.index.snapshot import Snapshot, current
from tomeishi.registry import drawings, references
from tomeishi.storage.blobs import Blobs
from tomeishi.storage.db import Database

Checks = list[tuple[str, Callable[[], object]]]


def in_force(index: Path, descriptors: Sequence[Descriptor]) -> list[Snapshot | Postings | None]:
    """The snapshots that are searched, of `descriptors` in their order and last of sound; None where none was built."""
    return [*(current(index, each.spec.key) for each in descriptors), current_postings(index, audio.SPEC.key)]


def index_info(tx: Connection, index: Path, descriptors: Sequence[Descriptor]) -> list[dict[str, Any]]:
    """What each snapshot in force holds, and whether it is of the registry as it stands."""
    checkpoint = references.checkpoint(tx)
    return [
        {
            "descriptor": snapshot.manifest.descriptor,
            "engine": snapshot.manifest.engine,
            "items": snapshot.manifest.items,
            "rows": snapshot.manifest.rows,
            "digest": snapshot.digest,
            "up_to_date": snapshot.manifest.checkpoint == checkpoint,
        }
        for snapshot in in_force(index, descriptors)
        if snapshot is not None
    ]


def soundness(
    database: Database, blobs: Blobs, index: Path, descriptors: Sequence[Descriptor], key: Callable[[], SigningKey]
) -> Checks:
    """Everything, read from end to end."""

    def ledger_is_whole() -> str:
        with database.reading() as tx:
            return f"{len(ledger.entries(tx))} entries, chain and signatures hold"

    def index_is_whole() -> str:
        snapshots = [each for each in in_force(index, descriptors) if each is not None]
        for snapshot in snapshots:
            snapshot.verify()
        return "every file has its digest" if snapshots else "none built yet"

    def fingerprints_are_whole() -> str:
        with database.reading() as tx:
            keys = [*(each.spec.key for each in descriptors), audio.SPEC.key]
            files = [file for key in keys for file in references.fingerprint_files_of(tx, key)]
            specs = [each.spec for each in descriptors]
            behind = {each.id for s in specs for each in references.undescribed(tx, s.key, s.weights_digest)}
        if behind:
            raise Tampered(
                f"{len(behind)} references were described by another version; run `tomeishi descriptors fill`"
            )
        for file in files:
            blobs.get(file.digest)
        return f"{len(files)} files have their digests"

    def drawings_are_whole() -> str:
        with database.reading() as tx:
            drawings.rows_of(tx, figure.SPEC.key, figure.SPEC.weights_digest, figure.SPEC.dim)
            behind = drawings.undescribed(tx, figure.SPEC.key, figure.SPEC.weights_digest)
            count = sum(drawings.enrolled(tx).values())
        if behind:
            raise Tampered(
                f"{len(behind)} of {count} drawings were described by another version; run `tomeishi descriptors fill`"
            )
        return f"{count} drawings of characters, each described"

    return [
        ("database", lambda: f"{database.where}, tables {database.version()}"),
        ("key that signs evidence", lambda: key().public.key_id),
        ("ledger", ledger_is_whole),
        ("fingerprints", fingerprints_are_whole),
        ("drawings", drawings_are_whole),
        ("index", index_is_whole),
    ]


def readiness(database: Database, index: Path, descriptors: Sequence[Descriptor]) -> Checks:
    """What serving needs, fast enough to be asked every few seconds."""
    return [
        ("database", database.version),
        ("index", lambda: in_force(index, descriptors)),
    ]
