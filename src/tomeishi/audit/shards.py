"""A data set cut into shards: what one worker reads at a time, known by the digest of its content.

A file is digested once, where it lies, and cut where rows end. Whoever audits a shard later finds out by the file's
`identity` whether it is still the one that was digested.
"""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tomeishi.audit import stores
from tomeishi.audit.items import medium_kind
from tomeishi.errors import BadInput, Conflict
from tomeishi.values import digest_of

ROWS = 10_000
"""Rows of a table in one shard, about."""
FILES = 1_000
"""Items of a folder in one shard."""
_PIECE = 1 << 20


class Form(StrEnum):
    """How a shard is laid out."""

    ARCHIVE = "archive"
    """WebDataset: members of a tar that share their name up to the first dot are one item."""
    PARQUET = "parquet"
    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    URLS = "urls"
    """One address to a line."""
    FOLDER = "folder"
    """Files that share their name up to the last dot are one item."""


_FORMS = {
    "tar": Form.ARCHIVE,
    "parquet": Form.PARQUET,
    "csv": Form.CSV,
    "tsv": Form.TSV,
    "jsonl": Form.JSONL,
    "ndjson": Form.JSONL,
    "txt": Form.URLS,
}
_SIDECARS = ("json", "txt", "caption")
_NO_ITEMS = frozenset({"md", "rst", "html", "yaml", "yml", "npy", "lock", "md5", "sha256", "py", "toml", "license"})
_TABLES = (Form.CSV, Form.TSV, Form.JSONL, Form.URLS)


@dataclass(frozen=True, slots=True)
class Source:
    """What is digested in one go: a file, or some of a folder's files."""

    name: str
    """As results call it: relative to the argument that named it."""
    form: Form
    location: str
    """Of the file, or of the folder."""
    files: tuple[str, ...] = ()
    """Of a folder, relative to it."""


@dataclass(frozen=True, slots=True)
class Shard:
    """What is audited in one go."""

    source: Source
    digest: str
    """Of the whole source and, where it is cut, of the place of this part in it."""
    identity: str
    start: int = 0
    stop: int = 0
    """Bytes of a table of lines, row groups of a Parquet file; 0, 0 for all of it."""
    first: int = 0
    """Number of its first row in the source."""


def sources_of(datasets: Sequence[str]) -> tuple[list[Source], list[tuple[str, str]]]:
    """Sources in the order in which they were named, and files that no reader takes, each with the reason.

    Raises NotFound, BadInput.
    """
    found: list[Source] = []
    refused: list[tuple[str, str]] = []
    for dataset in datasets:
        listed = stores.files_of(dataset)
        if listed == [dataset]:
            found.append(_single(dataset))
        else:
            sources, others = _in_folder(dataset, listed)
            found += sources
            refused += others
    if not found and not refused:
        raise BadInput(f"{', '.join(datasets)}: nothing that could be audited")
    return found, refused


def _single(location: str) -> Source:
    name = location.rsplit("/", 1)[-1]
    form = _FORMS.get(_suffix(name))
    if form is None and medium_kind(name) is not None:
        folder = location[: -len(name)] or "."
        return Source(name, Form.FOLDER, folder, (name,))
    if form is None:
        raise BadInput(f"{location}: no reader for this kind of file; there are tar, parquet, csv, tsv, jsonl and txt")
    return Source(name, form, location)


def _in_folder(folder: str, listed: Sequence[str]) -> tuple[list[Source], list[tuple[str, str]]]:
    root = folder.rstrip("/") + "/"
    names = [location.removeprefix(root) for location in listed]
    archives = {name.rsplit(".", 1)[0] for name in names if _suffix(name) == "tar"}
    sources: list[Source] = []
    loose: list[str] = []
    refused: list[tuple[str, str]] = []
    for name, location in zip(names, listed, strict=True):
        suffix, stem = _suffix(name), name.rsplit(".", 1)[0]
        if medium_kind(name) is not None or suffix in _SIDECARS:
            if not name.endswith(("_stats.json", "dataset_info.json", "dataset_infos.json", "state.json")):
                loose.append(name)
        elif suffix == "parquet" and stem in archives:
            continue  # img2dataset's copy of the sidecars inside the archive
        elif suffix in _FORMS:
            sources.append(Source(name, _FORMS[suffix], location))
        elif suffix not in _NO_ITEMS and not name.rsplit("/", 1)[-1].isupper():
            refused.append((name, "no reader for this kind of file"))
    for group in _groups(loose):
        sources.append(Source(group[0], Form.FOLDER, root, tuple(group)))
    return sources, refused


def _groups(names: Sequence[str]) -> Iterator[list[str]]:
    """Files of up to `FILES` items; an item's files stay together."""
    by_stem: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        by_stem[name.rsplit(".", 1)[0]].append(name)
    stems = list(by_stem)
    for at in range(0, len(stems), FILES):
        yield [name for stem in stems[at : at + FILES] for name in by_stem[stem]]


def _suffix(name: str) -> str:
    last = name.rsplit("/", 1)[-1]
    return last.rpartition(".")[2].lower() if "." in last else ""


def measured(source: Source) -> list[Shard]:
    """The shards of a source, digested. Raises Conflict where it changes meanwhile, and what the store raises."""
    before = identity_of(source)
    if source.form is Form.FOLDER:
        lines = [f"{name}\n{_digest(source.location + name)}\n" for name in source.files]
        shards = [Shard(source, digest_of("".join(lines).encode("utf-8", "surrogateescape")), before)]
    elif source.form in _TABLES:
        digest, cuts = _digest_and_cuts(source)
        shards = [
            Shard(source, digest_of(f"{digest} {start} {stop}".encode()), before, start, stop, first)
            for start, stop, first in cuts
        ]
    elif source.form is Form.PARQUET:
        digest = _digest(source.location)
        shards = [
            Shard(source, digest_of(f"{digest} {start} {stop}".encode()), before, start, stop, first)
            for start, stop, first in _row_groups(source)
        ]
    else:
        shards = [Shard(source, _digest(source.location), before)]
    if identity_of(source) != before:
        raise Conflict(f"{source.name}: changed while it was read")
    return shards


def identity_of(source: Source) -> str:
    if source.form is not Form.FOLDER:
        return stores.identity(source.location)
    lines = [stores.identity(source.location + name) for name in source.files]
    return digest_of("\n".join(lines).encode())


def _digest(location: str) -> str:
    sha = hashlib.sha256()
    with stores.reading(location) as file:
        while piece := file.read(_PIECE):
            sha.update(piece)
    return "sha256:" + sha.hexdigest()


def _digest_and_cuts(source: Source) -> tuple[str, list[tuple[int, int, int]]]:
    """The digest of a table, and where it is cut: first byte, end, and number of the first row.

    A row of CSV may hold line breaks between quotes: a line ends it where the quotes so far are even (RFC 4180).
    """
    sha, cuts = hashlib.sha256(), []
    quoted = source.form in (Form.CSV, Form.TSV)
    at = start = rows = first = quotes = 0
    with stores.reading(source.location) as file:
        while line := file.readline(_PIECE):
            sha.update(line)
            at += len(line)
            quotes += line.count(b'"') if quoted else 0
            if not line.endswith(b"\n") or (quotes % 2 and at - start < _PIECE << 5):
                continue
            rows += 1
            if rows - first >= ROWS:
                cuts.append((start, at, first))
                start, first, quotes = at, rows, 0
    if at > start:
        cuts.append((start, at, first))
    return "sha256:" + sha.hexdigest(), cuts


def _row_groups(source: Source) -> list[tuple[int, int, int]]:
    """Spans of row groups of at least `ROWS` rows together, where the file has them."""
    from tomeishi.audit.tables import parquet

    with stores.reading(source.location) as file, parquet(file, source.name) as opened:
        counts = [opened.metadata.row_group(number).num_rows for number in range(opened.num_row_groups)]
    spans: list[tuple[int, int, int]] = []
    start = first = rows = 0
    for number, count in enumerate(counts):
        rows += count
        if rows - first >= ROWS or number == len(counts) - 1:
            spans.append((start, number + 1, first))
            start, first = number + 1, rows
    return spans


def header_of(source: Source) -> list[str]:
    """The first row of a table of columns."""
    with stores.reading(source.location) as file:
        text = file.read(_PIECE).decode("utf-8", "backslashreplace").removeprefix("\ufeff")
    delimiter = "\t" if source.form is Form.TSV else ","
    return next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), [])
