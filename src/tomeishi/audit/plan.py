"""What an audit is: data sets, question, checks and basis, fixed at its start and kept in its folder.

DIR/
├── audit.json       this plan
├── basis.json       registry and ledger as they stood (`basis`)
├── shards/          a file for each finished shard (`rows`), by its key
└── results          deny.parquet, keep.txt, … (`results`), once all shards are through
"""

import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tomeishi.audit.basis import Asked, Basis, read_basis
from tomeishi.audit.shards import Shard
from tomeishi.audit.verdicts import Check
from tomeishi.errors import BadInput, Conflict, NotFound, StorageFailure, Tampered
from tomeishi.screening.findings import MadeBy
from tomeishi.values import canonical, digest_of

FORMAT = "tomeishi-audit-1"
PLAN, BASIS, SHARDS, SUMMARY = "audit.json", "basis.json", "shards", "summary.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """One audit, as it was begun."""

    datasets: tuple[str, ...]
    asked: Asked
    checks: tuple[Check, ...]
    basis_digest: str
    made_by: MadeBy

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "datasets": list(self.datasets),
            "asked": self.asked.to_json(),
            "checks": [check.value for check in self.checks],
            "basis": self.basis_digest,
            "made_by": self.made_by.to_json(),
        }

    def key_of(self, shard: Shard) -> str:
        """Names the file of a shard: all that its verdicts depend on."""
        words = self.to_json()
        del words["datasets"]
        source = [shard.source.name, shard.source.form.value, shard.start, shard.stop]
        return digest_of(canonical({**words, "source": source, "content": shard.digest})).removeprefix("sha256:")


def begin(out: Path, plan: Plan, basis: bytes) -> None:
    """Raises Conflict where the folder holds something else already, StorageFailure."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise Conflict(f"{out}: holds other files already; name a new folder, or that of an audit to go on with")
        (out / SHARDS).mkdir()
    except OSError as error:
        raise StorageFailure(f"{out}: cannot be written: {error.strerror}") from error
    write_whole(out / BASIS, basis)
    write_whole(out / PLAN, canonical(plan.to_json()) + b"\n")


def resumed(out: Path) -> dict[str, Any] | None:
    """The plan in a folder, as JSON; None where none was begun there. Raises BadInput where it cannot be read."""
    try:
        words = json.loads((out / PLAN).read_bytes())
        if words["format"] != FORMAT:
            raise BadInput(f"{out / PLAN}: an audit of another format ({words['format']})")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{out / PLAN}: cannot be read as the plan of an audit") from error
    return dict(words)


def read(out: Path) -> tuple[Plan, Basis]:
    """The plan that was begun in a folder, with its basis. Raises BadInput, NotFound, Tampered."""
    words = resumed(out)
    if words is None:
        raise NotFound(f"{out}: no audit was begun there")
    try:
        data = (out / BASIS).read_bytes()
    except OSError as error:
        raise NotFound(f"{out / BASIS}: cannot be read: {error.strerror}") from error
    if digest_of(data) != words["basis"]:
        raise Tampered(f"{out / BASIS}: is not the basis that the audit was begun with; begin it in a new folder")
    basis, made = read_basis(data), words["made_by"]
    made_by = MadeBy(
        version=made["version"],
        descriptors=tuple((each["key"], each["weights"]) for each in made["descriptors"]),
        policy=made["policy"],
        snapshots=tuple(made["snapshots"]),
    )
    checks = tuple(Check(name) for name in words["checks"])
    return Plan(tuple(words["datasets"]), basis.asked, checks, words["basis"], made_by), basis


def is_finished(out: Path) -> bool:
    """Whether all results are there, and every shard is in them."""
    try:
        return not summary_of(out)["failed_shards"]
    except NotFound:
        return False


def must_agree(
    out: Path, before: dict[str, Any], datasets: Sequence[str], asked: Asked, checks: Sequence[Check]
) -> None:
    """Conflict where a folder's audit is another one than the command asks for; its moment stays the one it has."""
    words = {**asked.to_json(), "moment": before["asked"]["moment"]}
    for what, old, new in (
        ("other data sets", before["datasets"], list(datasets)),
        ("another use, provider or model", before["asked"], words),
        ("other checks", before["checks"], [check.value for check in checks]),
    ):
        if old != new:
            raise Conflict(f"{out}: holds an audit of {what}; name another folder for this one")


def summary_of(out: Path) -> dict[str, Any]:
    """The summary of a finished audit. Raises NotFound where it is not finished, BadInput where it was altered."""
    try:
        words = json.loads((out / SUMMARY).read_bytes())
        given = words.pop("digest")
    except FileNotFoundError as error:
        raise NotFound(f"{out}: holds no finished audit") from error
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise BadInput(f"{out / SUMMARY}: cannot be read as the summary of an audit") from error
    if digest_of(canonical(words)) != given:
        raise BadInput(f"{out / SUMMARY}: was altered since it was written: its digest does not hold")
    return {**words, "digest": given}


def write_whole(path: Path, data: bytes) -> None:
    """A file that is complete or not there."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise StorageFailure(f"{path}: cannot be written: {error.strerror}; free some space") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
