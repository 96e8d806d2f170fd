"""Data sets that may be audited over the network, and the audits that are shown there.

An administrator names them in `datasets.toml`; whoever asks over the network says a name, never a place:

    [films-2026]
    path = "/data/films-2026"   # as `audit run` takes it: a folder, an archive, a table, or s3://
    provider = "acme"           # optional: who may audit it besides the coalition's own people

Audits lie in `audits/` of the installation, each in a folder of its own: those begun over the network, and those that
`audit run --out` wrote there.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tomeishi import clock
from tomeishi.audit import plan
from tomeishi.errors import BadInput, NotFound, TomeishiError


@dataclass(frozen=True, slots=True)
class Offered:
    """A data set with the name by which it is asked for."""

    name: str
    path: str
    provider: str | None
    """None: for the coalition's own people alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """An audit as it was begun, and its summary where it is finished."""

    id: str
    """The name of its folder."""
    provider: str
    model: str | None
    use: str
    moment: datetime
    """The one asked of the ledger."""
    datasets: tuple[str, ...]
    """Names of those that are offered; of others the last part of their place."""
    checks: tuple[str, ...]
    summary: Mapping[str, Any] | None


def offered(file: Path) -> dict[str, Offered]:
    """By name; none where there is no such file. BadInput where it is not as described above."""
    if not file.exists():
        return {}
    try:
        words = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{file.name}: cannot be read: {error}") from error
    return {name: _offered(name, each, file.name) for name, each in words.items()}


def found(audits: Path, audit_id: str, known: Mapping[str, Offered]) -> Found:
    """NotFound where there is none; BadInput where it was altered."""
    if not audit_id or audit_id in (".", "..") or "/" in audit_id or "\0" in audit_id:
        raise NotFound(f"no audit {audit_id[:60]!r}")
    words = plan.resumed(audits / audit_id)
    if words is None:
        raise NotFound(f"no audit {audit_id[:60]!r}")
    names = {each.path: each.name for each in known.values()}
    try:
        summary = plan.summary_of(audits / audit_id)
    except NotFound:
        summary = None
    asked = words["asked"]
    return Found(
        id=audit_id,
        provider=asked["provider"],
        model=asked["model"],
        use=asked["use"],
        moment=clock.from_text(asked["moment"]),
        datasets=tuple(names.get(path, path.rstrip("/").rsplit("/", 1)[-1]) for path in words["datasets"]),
        checks=tuple(words["checks"]),
        summary=summary,
    )


def all_found(audits: Path, known: Mapping[str, Offered]) -> Iterator[Found]:
    """Those that can be read, by name in falling order; ids of ours sort by their time."""
    for folder in sorted(audits.iterdir(), reverse=True) if audits.is_dir() else ():
        try:
            yield found(audits, folder.name, known)
        except TomeishiError:
            continue


def _offered(name: str, words: Any, where: str) -> Offered:
    if not isinstance(words, dict) or not isinstance(words.get("path"), str) or not words["path"]:
        raise BadInput(f'{where}: [{name}] needs a path = "…"')
    if "://" not in words["path"] and not Path(words["path"]).is_absolute():
        raise BadInput(f"{where}: [{name}] path: write it from the root, as in /data/films")
    provider = words.get("provider")
    if words.keys() - {"path", "provider"} or not isinstance(provider, str | None):
        raise BadInput(f"{where}: [{name}] holds path and provider, both texts, and nothing else")
    return Offered(name, words["path"], provider)
