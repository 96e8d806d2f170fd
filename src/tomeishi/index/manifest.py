"""What a snapshot says of itself, and the small file that says which one is in force."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tomeishi.errors import BadInput, Tampered
from tomeishi.fingerprint.descriptor import Metric
from tomeishi.values import canonical, digest_of

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot is; `manifest.json` holds exactly these fields as canonical JSON."""

    format: int
    descriptor: str
    weights_digest: str | None
    metric: Metric
    dim: int
    rows: int
    items: int
    engine: str
    checkpoint: str
    files: Mapping[str, Mapping[str, Any]]
    """By path inside the snapshot: `{"bytes": size, "digest": "sha256:..."}`."""
    volumes: Mapping[str, str] = field(default_factory=dict)
    """Of a snapshot of vectors: the engine of each volume by its number, in whose order they speak."""

    @property
    def version(self) -> str:
        return version_of(self.checkpoint, self.descriptor, self.weights_digest, self.engine)

    def to_bytes(self) -> bytes:
        return canonical(asdict(self))


@dataclass(frozen=True, slots=True)
class Pointer:
    """The file `current`: the version in force, the digest of its manifest, and the versions before it, last first."""

    version: str
    manifest_digest: str
    previous: tuple[str, ...]

    def to_bytes(self) -> bytes:
        return canonical(asdict(self))


def version_of(checkpoint: str, descriptor: str, weights_digest: str | None, engine: str) -> str:
    """16 hex digits that name whatever decides the content of a snapshot."""
    named = {"checkpoint": checkpoint, "descriptor": descriptor, "weights": weights_digest, "engine": engine}
    return digest_of(canonical({**named, "format": FORMAT})).removeprefix("sha256:")[:16]


def read_manifest(path: Path, data: bytes) -> Manifest:
    """The manifest that `data`, read from `path`, holds."""
    try:
        fields = json.loads(data)
        if fields["format"] == FORMAT:
            return Manifest(**{**fields, "metric": Metric(fields["metric"])})
        raise BadInput(f"{path}: index format {fields['format']!r}, this program reads {FORMAT}; build the index again")
    except (ValueError, KeyError, TypeError) as error:
        raise Tampered(f"{path} is not a manifest; build the index again") from error


def read_pointer(path: Path) -> Pointer | None:
    """None where nothing was published yet."""
    if not path.exists():
        return None
    try:
        fields = json.loads(bytes_of(path))
        return Pointer(fields["version"], fields["manifest_digest"], tuple(fields["previous"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Tampered(f"{path} does not name a snapshot; build the index again") from error


def bytes_of(path: Path) -> bytes:
    """The bytes of a file that should be there."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Tampered(f"{path} cannot be read: {error.strerror}; build the index again") from error
