"""The file of a finished shard: a row for each finding, and one for each item without any.

Written beside its name, made durable, renamed: it is whole or it is not there. Equal rows give equal bytes.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet as pq

from tomeishi.audit.verdicts import AuditFinding, AuditVerdict, Check, Settled
from tomeishi.errors import StorageFailure, Tampered
from tomeishi.values import digest_of_file

_AT_ONCE = 4096

SCHEMA = pa.schema(
    [
        pa.field("number", pa.int64(), nullable=False),
        pa.field("key", pa.large_string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("checked", pa.string(), nullable=False),
        pa.field("medium", pa.string(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("words", pa.int64(), nullable=False),
        pa.field("host", pa.string(), nullable=False),
        pa.field("deciding", pa.bool_(), nullable=False),
        pa.field("check", pa.string()),
        pa.field("work", pa.string()),
        pa.field("member", pa.string()),
        pa.field("reference", pa.string()),
        pa.field("character", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("band", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("allowed", pa.bool_()),
        pa.field("entries", pa.list_(pa.string())),
        pa.field("segment", pa.list_(pa.float64())),
        pa.field("found", pa.string()),
        pa.field("thumbnail", pa.binary()),
    ]
)
"""`found` is the finding's own detail; `deciding` marks the one that the verdict rests on."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item, settled."""

    number: int
    """Of the item in its shard."""
    key: str
    settled: Settled
    findings: tuple[AuditFinding, ...]
    checked: tuple[Check, ...]
    """Checks that had something to look at."""
    medium: str
    size: int
    host: str
    words: int
    """Letters of its captions."""


@dataclass(frozen=True, slots=True)
class Done:
    """A finished shard."""

    digest: str
    """Of its file."""
    items: int
    denied: int
    unknown: int


def write_rows(path: Path, rows: Iterable[Row]) -> Done:
    """Raises StorageFailure where it cannot be written; nothing is left then."""
    counts = dict.fromkeys(AuditVerdict, 0)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(unfinished, SCHEMA, compression="zstd") as writer:
            for part in _parts(rows):
                for row in part:
                    counts[row.settled.verdict] += 1
                writer.write_table(pa.Table.from_pylist([each for row in part for each in _flat(row)], SCHEMA))
        digest = digest_of_file(unfinished)
        _make_durable(unfinished)
        unfinished.replace(path)
        _make_durable(path.parent)
    except OSError as error:
        raise StorageFailure(f"{path}: cannot be written: {error.strerror or error}; free some space") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return Done(digest, sum(counts.values()), counts[AuditVerdict.DENIED], counts[AuditVerdict.UNKNOWN])


def read_rows(path: Path, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows as they were written. Raises Tampered where the file is not what was written."""
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_AT_ONCE, columns=columns, use_threads=False):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise Tampered(f"{path}: is gone or damaged; remove it and repeat the command") from error


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == _AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _flat(row: Row) -> Iterator[dict[str, Any]]:
    item = {
        "number": row.number,
        "key": row.key,
        "verdict": row.settled.verdict.value,
        "reason": row.settled.reason,
        "detail": row.settled.detail,
        "checked": " ".join(row.checked),
        "medium": row.medium,
        "bytes": row.size,
        "words": row.words,
        "host": row.host,
        "deciding": False,
    }
    if not row.findings:
        yield item
    for each in row.findings:
        yield {
            **item,
            "deciding": each is row.settled.deciding,
            "check": each.check.value,
            "work": each.work_id,
            "member": each.member_id,
            "reference": each.reference_id,
            "character": each.character_id,
            "kind": each.kind,
            "band": each.band.value,
            "score": round(each.score, 4),
            "allowed": each.allowed,
            "entries": list(each.entries),
            "segment": None if each.segment is None else [round(t, 3) for t in each.segment],
            "found": each.detail,
            "thumbnail": each.thumbnail,
        }


def _make_durable(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
