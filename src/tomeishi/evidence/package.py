"""Packs, seals and checks evidence packages. The format is written down in `verify`, which runs alone.

No copy of the verifier travels inside: whoever could change a package could change the verifier in it too. Inside is
only `readme.txt`, which says where to get one and how to check with OpenSSL alone.
"""

import hashlib
import json
import os
import re
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from tomeishi import clock
from tomeishi.access.keys import PublicKey, SigningKey
from tomeishi.errors import BadInput, Conflict, NotFound, StorageFailure
from tomeishi.evidence import documents, timestamps, verify
from tomeishi.evidence.contents import Contents
from tomeishi.values import canonical, digest_of

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Sealed:
    """A package on disk."""

    path: Path
    package_id: str
    size_bytes: int
    inventory_digest: str
    key_id: str
    time_stamped_at: datetime | None
    reports: Mapping[str, bytes]
    """The report PDFs inside, by language (`ja`, `en`), for whoever wants them beside the package."""


@dataclass(frozen=True, slots=True)
class _File:
    """One file on its way in: its bytes, or where they lie."""

    source: bytes | Path
    size: int
    digest: str
    crc: int


def pack(contents: Contents, key: SigningKey, path: Path, *, time_stamp: timestamps.Transport | None = None) -> Sealed:
    """Write the package to `path`, which must be free; nothing is left there unless it is whole and verifies.

    With `time_stamp` the seal is stamped by that authority, and the inventory says so: a stamp cannot be taken away
    unnoticed. Raises Conflict (path taken, query changed since it was screened), StorageFailure, BadInput, NotFound.
    """
    if path.exists():
        raise Conflict(f"{path}: a file is there already; evidence is never overwritten")
    files = {name: _in_memory(data) for name, data in _written(contents).items()}
    query = None if contents.query is None else _on_disk(contents.query)
    if contents.query is not None and query is not None:
        if query.digest != contents.screening.query_digest:
            raise Conflict(f"{contents.query}: changed since it was screened; screen it again")
        if contents.seal_query:
            files[_query_name(contents.query)] = query
    query_size = None if query is None else query.size
    files["capture.json"] = _in_memory(canonical(_capture(contents, query_size)))
    _check_size(files)
    signer = documents.Signer(key.owner, key.public.key_id)
    listed = [(name, file.size, file.digest) for name, file in sorted(files.items())]
    reports = {
        language: documents.report(contents, query_size, listed, signer, language) for language in documents.LANGUAGES
    }
    files |= {f"report.{language}.pdf": _in_memory(pdf) for language, pdf in reports.items()}
    _check_size(files)
    inventory = canonical(_inventory(contents, files, key, stamped=time_stamp is not None))
    signature = key.sign(inventory)
    seal = {verify.INVENTORY: _in_memory(inventory), verify.SIGNATURE: _in_memory(signature)}
    stamp = timestamps.stamp(inventory + signature, time_stamp) if time_stamp is not None else None
    if stamp is not None:
        seal[verify.TIME_STAMP] = _in_memory(stamp.response)
    size = _write(path, [*sorted(files.items()), *seal.items()], contents.created_at, key.public)
    return Sealed(
        path=path,
        package_id=contents.package_id,
        size_bytes=size,
        inventory_digest=digest_of(inventory),
        key_id=key.public.key_id,
        time_stamped_at=None if stamp is None else stamp.moment,
        reports=reports,
    )


def check(path: Path, trusted: Sequence[PublicKey], authorities: Sequence[Path] = ()) -> verify.Verification:
    """`verify.verify` with keys of this installation; NotFound or BadInput where a file cannot be read."""
    for each in (path, *authorities):
        if not each.is_file():
            raise NotFound(f"{each}: no such file")
    try:
        return verify.verify(path, [key.raw for key in trusted], [root.read_bytes() for root in authorities])
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error


def _written(contents: Contents) -> dict[str, bytes]:
    """All files that are made here, but for the documents and what depends on the query file."""
    findings = [
        {**finding.to_json(), "member_id": finding.member_id, "reference_digest": finding.reference_digest}
        for finding in contents.screening.findings
    ]
    pairs: list[dict[str, Any]] = []
    files: dict[str, bytes] = {}
    for number in range(len(findings)):
        for count, pair in enumerate(contents.pairs_of(number)):
            stem = f"frame-pairs/f{number + 1:02}-p{count + 1:02}"
            sides = {
                "query": (pair.query_time_s, pair.query_png, pair.query_digest),
                "reference": (pair.reference_time_s, pair.reference_png, pair.reference_digest),
            }
            row: dict[str, Any] = {"finding": number, "segment": pair.segment}
            for side, (time_s, png, digest) in sides.items():
                files[f"{stem}-{side}.png"] = png
                row[side] = {"file": f"{stem}-{side}.png", "time_s": round(time_s, 6), "digest": digest}
            row["regions"] = None if pair.regions is None else pair.regions.to_json()
            pairs.append(row)
    files["screening.json"] = canonical(_unicode({**contents.screening.to_json(), "findings": findings}))
    files["frame-pairs/pairs.json"] = canonical(pairs)
    files["registry.json"] = canonical(_unicode(contents.registry))
    files["consent.json"] = canonical(_unicode(contents.consent))
    files["readme.txt"] = documents.readme().encode()
    if contents.c2pa_manifest is not None:
        files["c2pa_manifest.json"] = _foreign(contents.c2pa_manifest)
    return files


def _capture(contents: Contents, size: int | None) -> dict[str, Any]:
    screening = contents.screening
    about = {
        "name": screening.query,
        "digest": screening.query_digest,
        "size": size,
        "sealed": _query_name(contents.query) if contents.query is not None and contents.seal_query else None,
    }
    words: dict[str, Any] = _unicode({**contents.capture.to_json(), "query": about})
    return words


def _inventory(contents: Contents, files: Mapping[str, _File], key: SigningKey, *, stamped: bool) -> dict[str, Any]:
    return {
        "format": verify.FORMAT,
        "package": contents.package_id,
        "created_at": clock.to_text(contents.created_at),
        "signer": {"name": key.owner, "key_id": key.public.key_id, "public_key": key.public.text},
        "time_stamped": stamped,
        "files": [{"name": name, "size": file.size, "digest": file.digest} for name, file in sorted(files.items())],
    }


def _query_name(query: Path) -> str:
    """A name of our own: the file's own name may be anything, and stands in capture.json."""
    suffix = query.suffix.lower()
    return "query/query" + (suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else "")


def _unicode(value: Any) -> Any:
    """Names of files that are not UTF-8 reach Python as lone surrogates, which JSON cannot carry: shown escaped."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_unicode(key): _unicode(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_unicode(each) for each in value]
    return value


def _foreign(manifest: Mapping[str, Any]) -> bytes:
    """Words of a stranger's file: numbers past 2^53 may occur, which RFC 8785 refuses, so plain sorted JSON."""
    try:
        return json.dumps(manifest, sort_keys=True, allow_nan=False, indent=1).encode()
    except ValueError as error:
        raise BadInput(f"the C2PA manifest cannot be written as JSON: {error}") from error


def _in_memory(data: bytes) -> _File:
    return _File(data, len(data), digest_of(data), zlib.crc32(data))


def _on_disk(path: Path) -> _File:
    sha, crc, size = hashlib.sha256(), 0, 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                sha.update(piece)
                crc = zlib.crc32(piece, crc)
                size += len(piece)
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such file") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    return _File(path, size, "sha256:" + sha.hexdigest(), crc)


def _check_size(files: Mapping[str, _File]) -> None:
    """Nothing is written that the verifier would refuse for its size."""
    for name, file in files.items():
        if name.endswith(".json") and file.size > verify.MAX_JSON:
            raise BadInput(f"{name}: {file.size} bytes, at most {verify.MAX_JSON} fit a package")
    total = sum(file.size + 300 for file in files.values()) + verify.MAX_SEAL
    if total > verify.MAX_SIZE or len(files) + len(verify.SEAL) > verify.MAX_FILES:
        raise BadInput(f"the package would have {total} bytes, at most 4 GiB; seal only the digest of the query")


def _write(path: Path, files: Sequence[tuple[str, _File]], moment: datetime, key: PublicKey) -> int:
    """The archive, under another name until it is on the disk and verifies there. Returns its size."""
    stamp = verify.zip_stamp(moment)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False) as out:
            temporary = Path(out.name)
            entries = [verify.Entry(name, file.size, file.crc) for name, file in files]
            for entry, (_, file) in zip(entries, files, strict=True):
                out.write(verify.local_header(entry, stamp))
                _copy(file.source, out)
            out.write(verify.directory(entries, stamp))
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
        result = verify.verify(temporary, [key.raw])
        if result.state != "intact":
            failed = "; ".join(f"{check.name}: {check.detail}" for check in result.checks if check.ok is False)
            raise StorageFailure(f"{path}: the package did not read back as written ({failed}); try again")
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise StorageFailure(f"{path}: the package cannot be written: {error.strerror}; nothing was left") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return size


def _copy(source: bytes | Path, out: "tempfile._TemporaryFileWrapper[bytes] | BinaryIO") -> None:
    if isinstance(source, bytes):
        out.write(source)
        return
    with source.open("rb") as file:
        while piece := file.read(_PIECE):
            out.write(piece)


def _sync_folder(folder: Path) -> None:
    """So that the new name survives a power cut; not every system can open a folder."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
