"""What may be kept of an audited data set: a filter for pipelines, and filtered copies of archives and Parquet files.

A copy goes by the verdicts of the audited shards, item by item; the filter goes by key. Neither lets anything through
that the audit did not see.
"""

import hashlib
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet as pq

from tomeishi.audit import stores
from tomeishi.audit.archives import Damaged, members
from tomeishi.audit.items import key_text
from tomeishi.audit.plan import SHARDS, summary_of
from tomeishi.audit.readers import key_and_suffix
from tomeishi.audit.rows import read_rows
from tomeishi.audit.running import Part
from tomeishi.audit.shards import Form
from tomeishi.audit.tables import parquet
from tomeishi.audit.verdicts import AuditVerdict
from tomeishi.errors import BadInput, Conflict, StorageFailure, Tampered
from tomeishi.values import digest_of_file

_ROWS_AT_ONCE = 256


def filter_allowed(
    samples: Iterable[Mapping[str, Any]], audit: str | Path, *, key: str = "__key__"
) -> Iterator[Mapping[str, Any]]:
    """Those of `samples` that the finished audit in the folder `audit` keeps, by the field `key` of each.

    A sample without a key, or with one that the audit did not see, is left out. Raises NotFound, BadInput, Tampered.
    """
    kept = _Kept(Path(audit))
    for sample in samples:
        if key in sample and kept.holds(str(sample[key])):
            yield sample


class _Kept:
    """The keys of keep.txt as sorted numbers of 64 bits: a billion of them take 8 GB, as text a hundred."""

    def __init__(self, out: Path) -> None:
        summary, path = summary_of(out), out / "keep.txt"
        if not path.is_file() or digest_of_file(path) != summary["files"]["keep.txt"]:
            raise Tampered(f"{path}: is not the list that the audit wrote")
        numbers = np.fromiter(_numbers(path), np.uint64)
        numbers.sort()
        self._numbers: NDArray[np.uint64] = numbers

    def holds(self, key: str) -> bool:
        number = np.uint64(_number(key_text(key)))
        at = int(np.searchsorted(self._numbers, number))
        return at < len(self._numbers) and self._numbers[at] == number


def _numbers(path: Path) -> Iterator[int]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield _number(line.removesuffix("\n"))


def _number(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "backslashreplace"), digest_size=8).digest(), "big")


@dataclass(frozen=True, slots=True)
class Copied:
    """What a filtered copy of one source holds."""

    name: str
    kept: int
    left_out: int


def copy_kept(out: Path, parts: Iterable[Part], target: Path) -> Iterator[Copied]:
    """Archives and Parquet files of an audited data set anew in the folder `target`, without what may not be kept.

    Raises BadInput for other layouts, Conflict where a file is there already, Tampered, StorageFailure.
    """
    refused = {row["key"] for row in read_rows(out / "deny.parquet", ["key"])}
    refused |= {row["key"] for row in read_rows(out / "skipped.parquet", ["key"])}
    by_source: dict[Any, list[Part]] = {}
    for part in parts:
        by_source.setdefault(part.shard.source, []).append(part)
    for source, own in by_source.items():
        if source.form not in (Form.ARCHIVE, Form.PARQUET):
            raise BadInput(f"{source.name}: copies are written of tar and parquet; for others use keep.txt")
        place = target / _safe(source.name)
        if place.exists():
            raise Conflict(f"{place}: a file is there already; name a new folder for the copy")
        write = _copy_archive if source.form is Form.ARCHIVE else _copy_parquet
        keep, total = _keepable(out, own, refused)
        unfinished = place.with_name(f".{place.name}.unfinished")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            count = write(source.location, source.name, keep, unfinished)
            unfinished.replace(place)
        except OSError as error:
            raise StorageFailure(f"{place}: cannot be written: {error.strerror or error}; free some space") from error
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
        yield Copied(source.name, count, total - count)


def _keepable(out: Path, parts: Iterable[Part], refused: set[str]) -> tuple[set[int], int]:
    """Numbers of a source's items that may be kept, counted over all its shards, and how many items it has."""
    keep: set[int] = set()
    total = 0
    for part in parts:
        if part.done is None:
            raise BadInput(f"{part.shard.source.name}: was not audited; repeat the audit first")
        for row in read_rows(out / SHARDS / f"{part.key}.parquet", ["number", "key", "verdict"]):
            if row["verdict"] in (AuditVerdict.NO_MATCH, AuditVerdict.ALLOWED) and row["key"] not in refused:
                keep.add(part.shard.first + row["number"])
        total += part.done.items
    return keep, total


def _copy_archive(location: str, name: str, keep: set[int], target: Path) -> int:
    """Members of kept items under their own names; such as would leave a folder are left out."""
    number, last, kept = -1, None, set()
    with (
        stores.reading(location) as file,
        tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive,
        suppress(Damaged),  # what follows is not known, and so not kept
    ):
        for member in members(file):
            key, _ = key_and_suffix(member.name)
            number, last = (number + 1, key) if key != last else (number, last)
            if number not in keep or member.problem is not None or not _is_safe(member.name):
                continue
            about = tarfile.TarInfo(member.name)
            about.size = member.size
            archive.addfile(about, _Pieces(member.pieces()))
            kept.add(number)
    del name
    return len(kept)


class _Pieces:
    """Pieces as a file that is read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def _copy_parquet(location: str, name: str, keep: set[int], target: Path) -> int:
    number = kept = 0
    with (
        stores.reading(location) as file,
        parquet(file, name) as opened,
        pq.ParquetWriter(target, opened.schema_arrow) as writer,
    ):
        for batch in opened.iter_batches(batch_size=_ROWS_AT_ONCE, use_threads=False):
            mask = pa.array([n in keep for n in range(number, number + len(batch))], pa.bool_())
            number += len(batch)
            chosen = batch.filter(mask)
            kept += len(chosen)
            writer.write_batch(chosen)
    return kept


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _safe(name: str) -> Path:
    if not _is_safe(name):
        raise BadInput(f"{name}: not a name to write a copy under")
    return Path(name)
