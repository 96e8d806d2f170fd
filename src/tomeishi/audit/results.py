"""Finished shards to the results: what is denied, what may be kept, what was found, what is not known, and how many.

Written in the order of the data set and without a moment or a machine in them, so the same audit gives the same bytes
however it was run. Everything is streamed but for the keys that are not kept and the hosts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet as pq

from tomeishi.audit.basis import Basis
from tomeishi.audit.plan import SHARDS, SUMMARY, Plan, write_whole
from tomeishi.audit.rows import read_rows
from tomeishi.audit.running import Part
from tomeishi.audit.verdicts import UNREADABLE, AuditVerdict, Check
from tomeishi.errors import StorageFailure
from tomeishi.values import canonical, digest_of, digest_of_file

_AT_ONCE = 4096
_EXAMPLES = 3
"""Findings shown of each work and check in the report."""
_MOST_EXAMPLES = 300

DENY = pa.schema(
    [
        ("key", pa.large_string()),
        ("verdict", pa.string()),
        ("reason", pa.string()),
        ("work", pa.string()),
        ("member", pa.string()),
        ("entries", pa.list_(pa.string())),
        ("score", pa.float64()),
        ("segment", pa.list_(pa.float64())),
        ("title", pa.string()),
        ("detail", pa.string()),
        ("shard", pa.string()),
    ]
)
FINDINGS = pa.schema(
    [
        ("key", pa.large_string()),
        ("verdict", pa.string()),
        ("check", pa.string()),
        ("kind", pa.string()),
        ("band", pa.string()),
        ("score", pa.float64()),
        ("allowed", pa.bool_()),
        ("entries", pa.list_(pa.string())),
        ("work", pa.string()),
        ("title", pa.string()),
        ("member", pa.string()),
        ("reference", pa.string()),
        ("character", pa.string()),
        ("segment", pa.list_(pa.float64())),
        ("detail", pa.string()),
        ("shard", pa.string()),
    ]
)
SKIPPED = pa.schema(
    [
        ("key", pa.large_string()),
        ("verdict", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("shard", pa.string()),
    ]
)
FILES = ("deny.parquet", "keep.txt", "findings.parquet", "skipped.parquet")


@dataclass(frozen=True, slots=True)
class Example:
    """One finding for the report."""

    key: str
    host: str
    verdict: str
    row: Mapping[str, Any]


@dataclass(slots=True)
class Counts:
    """What the summary and the reports say in numbers."""

    verdicts: Counter[str] = field(default_factory=Counter)
    by_reason: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_member: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_work: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    checked: Counter[str] = field(default_factory=Counter)
    media: Counter[str] = field(default_factory=Counter)
    media_bytes: Counter[str] = field(default_factory=Counter)
    words: int = 0
    hosts: Counter[str] = field(default_factory=Counter)
    withheld: int = 0
    """Items that might be kept but share their key with one that may not."""
    examples: dict[tuple[str, str], list[Example]] = field(default_factory=dict)


def write_results(
    out: Path, plan: Plan, basis: Basis, parts: Sequence[Part], failed: Sequence[tuple[str, str]]
) -> tuple[dict[str, Any], Counts]:
    """Everything but the pages for people; the summary last, whose presence says that the rest is there.

    `failed`: sources that could not be digested. Raises StorageFailure, Tampered.
    """
    (out / SUMMARY).unlink(missing_ok=True)
    counts = Counts()
    refused = {row["key"] for _, row in _rows(out, parts, ["key", "verdict"]) if not _kept(row["verdict"])}
    try:
        with ExitStack() as stack:
            writing = _Writing(out, stack, basis)
            for part, row in _rows(out, parts, None):
                writing.take(part, row, refused, counts)
            for name, why in [*failed, *((p.shard.source.name, p.problem) for p in parts if p.done is None)]:
                writing.lost(name, str(why), counts)
        for name in FILES:
            (out / f".{name}").replace(out / name)
    except OSError as error:
        raise StorageFailure(f"{out}: cannot be written: {error.strerror or error}; free some space") from error
    digests = {name: digest_of_file(out / name) for name in FILES}
    summary = _summary(plan, parts, failed, counts, digests)
    summary["digest"] = digest_of(canonical(summary))
    write_whole(out / SUMMARY, canonical(summary) + b"\n")
    return summary, counts


def _kept(verdict: str) -> bool:
    return verdict in (AuditVerdict.NO_MATCH, AuditVerdict.ALLOWED)


def _rows(out: Path, parts: Sequence[Part], columns: list[str] | None) -> Iterator[tuple[Part, dict[str, Any]]]:
    for part in parts:
        if part.done is not None:
            for row in read_rows(out / SHARDS / f"{part.key}.parquet", columns):
                yield part, row


class _Writing:
    """The open result files."""

    def __init__(self, out: Path, stack: ExitStack, basis: Basis) -> None:
        self._basis = basis
        schemas = {"deny": DENY, "findings": FINDINGS, "skipped": SKIPPED}
        self._tables = {
            name: stack.enter_context(_Table(out / f".{name}.parquet", schema)) for name, schema in schemas.items()
        }
        self._keep = stack.enter_context((out / ".keep.txt").open("w", encoding="utf-8", newline="\n"))
        self._last: tuple[str, int] | None = None

    def take(self, part: Part, row: Mapping[str, Any], refused: set[str], counts: Counts) -> None:
        """One row of a shard's file: an item's first one counts it, every one with a check is a finding."""
        shard, verdict, here = part.shard.source.name, row["verdict"], (part.key, row["number"])
        first, self._last = here != self._last, here
        if row["check"] is not None:
            self._finding(shard, row, counts)
        if not first and not row["deciding"]:
            return
        if first:
            _count(row, counts)
            if _kept(verdict):
                if row["key"] in refused:
                    counts.withheld += 1
                else:
                    self._keep.write(row["key"] + "\n")
            elif verdict == AuditVerdict.UNKNOWN:
                self._tables["skipped"].add(_chosen(SKIPPED, {**row, "shard": shard}))
        if row["deciding"] and verdict == AuditVerdict.DENIED:
            words = {**row, **self._owner(row), "shard": shard}
            self._tables["deny"].add(_chosen(DENY, words))

    def lost(self, name: str, why: str, counts: Counts) -> None:
        """What could not be read at all: one unknown item stands for all that may be in it."""
        counts.verdicts[AuditVerdict.UNKNOWN] += 1
        counts.by_reason[UNREADABLE][AuditVerdict.UNKNOWN] += 1
        row = {"key": f"{name}!", "verdict": "unknown", "reason": UNREADABLE, "detail": why, "shard": name}
        self._tables["skipped"].add(row)

    def _finding(self, shard: str, row: Mapping[str, Any], counts: Counts) -> None:
        words = {**row, **self._owner(row), "detail": row["found"], "shard": shard}
        self._tables["findings"].add(_chosen(FINDINGS, words))
        if row["work"] is not None and row["deciding"]:
            counts.by_work[row["work"]][row["verdict"]] += 1
        if words["member"] is not None and row["deciding"]:
            counts.by_member[words["member"]][row["verdict"]] += 1
        shown = counts.examples.setdefault((str(row["work"] or row["member"] or ""), row["check"]), [])
        if len(shown) < _EXAMPLES and len(counts.examples) < _MOST_EXAMPLES:
            shown.append(Example(row["key"], row["host"], row["verdict"], words))

    def _owner(self, row: Mapping[str, Any]) -> dict[str, str | None]:
        work = self._basis.works.get(row["work"] or "")
        return {"member": self._basis.members.get(row["member"] or ""), "title": None if work is None else work.title}


class _Table:
    """A Parquet file written a few thousand rows at a time; a context."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[Mapping[str, Any]] = []

    def add(self, row: Mapping[str, Any]) -> None:
        self._waiting.append(row)
        if len(self._waiting) >= _AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._waiting, self._schema))
        self._waiting = []

    def __enter__(self) -> "_Table":
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()


def _chosen(schema: pa.Schema, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in schema.names}


def _count(row: Mapping[str, Any], counts: Counts) -> None:
    counts.verdicts[row["verdict"]] += 1
    if row["reason"]:
        counts.by_reason[row["reason"]][row["verdict"]] += 1
    counts.checked.update(row["checked"].split())
    counts.media[row["medium"] or "none"] += 1
    counts.media_bytes[row["medium"] or "none"] += row["bytes"]
    counts.words += row["words"]
    if row["host"]:
        counts.hosts[row["host"]] += 1


def _summary(
    plan: Plan, parts: Sequence[Part], failed: Sequence[tuple[str, str]], counts: Counts, files: Mapping[str, str]
) -> dict[str, Any]:
    """Keys are only ever added."""
    return {
        "items": sum(counts.verdicts.values()),
        **{verdict.value: counts.verdicts[verdict] for verdict in AuditVerdict},
        "by_member": {name: _by_verdict(each) for name, each in sorted(counts.by_member.items())},
        "by_reason": {name: _by_verdict(each) for name, each in sorted(counts.by_reason.items())},
        "checked": {check.value: counts.checked[check] for check in Check},
        "checks": [check.value for check in plan.checks],
        "asked": plan.asked.to_json(),
        "withheld": counts.withheld,
        "dataset": dataset_digest(parts),
        "shards": len(parts),
        "failed_shards": [name for name, _ in failed] + [part.shard.source.name for part in parts if part.done is None],
        "basis": plan.basis_digest,
        "files": dict(files),
        "made_by": plan.made_by.to_json(),
    }


def _by_verdict(counted: Counter[str]) -> dict[str, int]:
    return {verdict.value: counted[verdict] for verdict in AuditVerdict if counted[verdict]}


def dataset_digest(parts: Sequence[Part]) -> str:
    """Of the digests of all shards, in their order."""
    return digest_of(canonical([[part.shard.source.name, part.shard.digest] for part in parts]))
