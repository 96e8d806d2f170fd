"""Checks an evidence package offline, and runs alone: `python verify.py PACKAGE [--key FILE]... [--json]`.

Nothing here imports the rest of the project, and the standard library is enough for everything but two checks: the
signature needs `cryptography`, the time stamp `rfc3161-client`. What could not be checked is said, never passed over.

A package is a zip archive whose every byte is fixed by its contents: entries are stored (not compressed), stand one
after another in the order of the inventory, then come inventory.json, inventory.sig and, where the inventory says so,
inventory.tsr, then the directory. No extra fields, no comments, no bytes before, between or after; every entry carries
the moment of `created_at`. So the headers can be rebuilt from names, sizes and checksums and compared byte by byte:
nothing can hide beside the entries, and nothing unpacks to more than the file's own size.

- inventory.json  canonical JSON (RFC 8785): format, package, created_at, signer (name, key_id, public_key),
                  time_stamped, and files: name, size and SHA-256 digest of every other file, sorted by name
- inventory.sig   64 bytes: Ed25519 (RFC 8032) over the bytes of inventory.json as they stand in the archive
- inventory.tsr   RFC 3161 response over the SHA-256 of inventory.json followed by inventory.sig

Exit codes: 0 intact and signed by a trusted key, 1 altered, 2 could not be run, 4 intact as far as could be checked
but the signer is not known here (or the signature could not be checked). Trusted are the keys given from outside: a
key inside the package proves nothing.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import re
import struct
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

FORMAT = "tomeishi-evidence-1"
INVENTORY, SIGNATURE, TIME_STAMP = "inventory.json", "inventory.sig", "inventory.tsr"
SEAL = (INVENTORY, SIGNATURE, TIME_STAMP)

MAX_FILES = 4096
MAX_SIZE = 0xFFFFFFFE
"""Bytes of a whole package: plain zip without its 64-bit extension, which would double what a verifier must trust."""
MAX_JSON = 32 << 20
MAX_SEAL = 8 << 20
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}(/[a-z0-9][a-z0-9_.-]{0,79}){0,3}")
"""All names a package may use: lower-case ASCII, relative, no `..`, so that every system unpacks the same files."""

State = Literal["intact", "altered", "unknown_signer"]
EXIT_CODES: Mapping[State, int] = {"intact": 0, "altered": 1, "unknown_signer": 4}
WORDS: Mapping[State, str] = {
    "intact": "INTACT, signed by a trusted key / 改変なし（信頼する鍵による署名）",
    "altered": "ALTERED or not a package / 改変あり、または証拠パッケージではありません",
    "unknown_signer": "NO CHANGE FOUND, SIGNER NOT ESTABLISHED / 改変は見つかりませんが、署名者を確認できません",
}

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_PIECE = 1 << 20


class NotAPackage(Exception):
    """The archive cannot be read as a package; the message says where it fails."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `ok` is None where it could not be checked, and `detail` says why."""

    name: str
    ok: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a package turned out to be."""

    state: State
    checks: tuple[Check, ...]
    package: str | None = None
    created_at: str | None = None
    key_id: str | None = None

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.state]

    def to_json(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "exit_code": self.exit_code,
            "package": self.package,
            "created_at": self.created_at,
            "key_id": self.key_id,
            "checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in self.checks],
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored file of the archive."""

    name: str
    size: int
    crc: int


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of one entry; `data` only of JSON and of the seal."""

    digest: str
    crc: int
    data: bytes | None


def zip_stamp(moment: datetime) -> tuple[int, int]:
    """MS-DOS time and date of `moment` in UTC, to two seconds; years 1980 to 2107."""
    at = moment.astimezone(UTC)
    if not 1980 <= at.year <= 2107:
        raise ValueError(f"a zip archive cannot carry the year {at.year}")
    return at.hour << 11 | at.minute << 5 | at.second // 2, (at.year - 1980) << 9 | at.month << 5 | at.day


def local_header(entry: Entry, stamp: tuple[int, int]) -> bytes:
    """What stands before the bytes of `entry`."""
    name = entry.name.encode("ascii")
    return _LOCAL.pack(b"PK\3\4", 20, 0, 0, *stamp, entry.crc, entry.size, entry.size, len(name), 0) + name


def directory(entries: Sequence[Entry], stamp: tuple[int, int]) -> bytes:
    """What stands after the last entry, to the end of the file. Every file is a plain, readable one."""
    out, offset = bytearray(), 0
    for entry in entries:
        name, size = entry.name.encode("ascii"), entry.size
        out += _CENTRAL.pack(
            b"PK\1\2", 0x0314, 20, 0, 0, *stamp, entry.crc, size, size, len(name), 0, 0, 0, 0, 0o100644 << 16, offset
        )
        out += name
        offset += _LOCAL.size + len(name) + size
    return bytes(out) + _END.pack(b"PK\5\6", 0, 0, len(entries), len(entries), len(out), offset, 0)


def canonical_text(value: Any) -> bytes:
    """RFC 8785 for what an inventory holds: ASCII keys, text, whole numbers, truth values."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def strict_json(data: bytes) -> Any:
    """JSON without doubled keys, NaN, byte order mark or bytes that are not UTF-8; ValueError otherwise."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_single_keys, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _single_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    words = dict(pairs)
    if len(words) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return words


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def key_id_of(public_key: bytes) -> str:
    return "ed25519:" + hashlib.sha256(public_key).hexdigest()[:32]


def read_trusted_key(path: Path) -> bytes:
    """The 32 bytes of the public key in a key file, a public key file (JSON), or bare base64; ValueError otherwise."""
    with path.open("rb") as file:
        data = file.read(65537)
    if len(data) > 65536:
        raise ValueError("too large for a key file")
    text = data.decode("utf-8").strip()
    if text.startswith("{"):
        text = strict_json(text.encode())["public_key"]
    return _public_key(text)


def _public_key(text: Any) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise ValueError("holds no public key") from error
    if len(raw) != 32:
        raise ValueError("holds no Ed25519 public key of 32 bytes")
    return raw


def verify(path: Path, trusted: Sequence[bytes] = (), authorities: Sequence[bytes] = ()) -> Verification:
    """Every check on the package at `path`.

    `trusted` are public keys (32 bytes each), `authorities` root certificates of time-stamp authorities (PEM). A file
    that is no package at all is `altered`. Raises OSError where `path` cannot be read.
    """
    with path.open("rb") as file:
        try:
            entries, stamp, offsets = _entries(file)
            found = {entry.name: _read(file, entry, offset) for entry, offset in zip(entries, offsets, strict=True)}
        except NotAPackage as error:
            return Verification("altered", (Check("archive", False, str(error)),))
        checks: list[Check] = []
        try:
            inventory, created_at = _inventory(found)
        except ValueError as error:
            checks += [Check("inventory", False, str(error)), _archive(file, entries, stamp, found)]
            return Verification("altered", tuple(checks))
        checks.append(_archive(file, entries, zip_stamp(created_at), found))
    signer = inventory["signer"]
    checks.append(Check("inventory", True, f"lists {len(inventory['files'])} files"))
    checks += _files(inventory, entries, found)
    checks.append(_contents(inventory, found))
    checks += _signature(inventory, found, trusted)
    checks.append(_time_stamp(inventory, found, authorities))
    return Verification(_state(checks), tuple(checks), inventory["package"], inventory["created_at"], signer["key_id"])


def _state(checks: Sequence[Check]) -> State:
    """Altered if anything failed; intact only where signature and signer both held."""
    if any(check.ok is False for check in checks):
        return "altered"
    held = {check.name for check in checks if check.ok}
    return (
        "intact" if {"archive", "inventory", "files", "contents", "signature", "signer"} <= held else "unknown_signer"
    )


def _entries(file: BinaryIO) -> tuple[list[Entry], tuple[int, int], list[int]]:
    """Entries by the directory, the moment on the first, and where the bytes of each begin if nothing lies between."""
    size = file.seek(0, 2)
    if size < _END.size or size > MAX_SIZE:
        raise NotAPackage(f"not a package: {size} bytes")
    file.seek(size - _END.size)
    mark, disk, first_disk, here, count, length, start, comment = _END.unpack(file.read(_END.size))
    if mark != b"PK\5\6" or comment:
        raise NotAPackage("not a zip archive, cut short, or with bytes after its end")
    if (disk, first_disk) != (0, 0) or here != count or not 0 < count <= MAX_FILES:
        raise NotAPackage(f"{count} entries, or parts on other disks, where 1 to {MAX_FILES} in one file are allowed")
    if start + length + _END.size != size:
        raise NotAPackage("there are bytes before the archive, or its directory is not where it says")
    file.seek(start)
    data, at = file.read(length), 0
    entries: list[Entry] = []
    offsets: list[int] = []
    stamp, offset = (0, 0), 0
    for number in range(count):
        if at + _CENTRAL.size > length:
            raise NotAPackage(f"the directory ends before entry {number + 1}")
        fields = _CENTRAL.unpack_from(data, at)
        name = data[at + _CENTRAL.size : at + _CENTRAL.size + fields[10]]
        entry = _entry(fields, name, number)
        stamp = (fields[5], fields[6]) if number == 0 else stamp
        offset += _LOCAL.size + len(name)
        entries.append(entry)
        offsets.append(offset)
        offset += entry.size
        at += _CENTRAL.size + len(name)
        if offset > start:
            raise NotAPackage(f"{entry.name}: entries overlap, or a size is false")
    if offset != start or at != length:
        raise NotAPackage("there are bytes between the entries that belong to none of them")
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        raise NotAPackage("a file name stands twice in the archive")
    return entries, stamp, offsets


def _entry(fields: tuple[Any, ...], name: bytes, number: int) -> Entry:
    (mark, _made, _need, flags, method, _, _, crc, packed, size, _, extra, comment, _, _, attributes, _offset) = fields
    where = f"entry {number + 1}"
    if mark != b"PK\1\2":
        raise NotAPackage(f"{where}: the directory is damaged")
    text = name.decode("ascii", "replace")
    if not NAME.fullmatch(text):
        raise NotAPackage(f"{where}: a package has no file named {_shown(text)}")
    if flags & 1:
        raise NotAPackage(f"{text}: encrypted; a package never is")
    if method or packed != size:
        raise NotAPackage(f"{text}: compressed (method {method}); a package only stores")
    if extra or comment:
        raise NotAPackage(f"{text}: carries bytes beside its contents")
    if attributes >> 28 not in (0, 8):
        raise NotAPackage(f"{text}: a link or something else that is not a plain file")
    return Entry(text, size, crc)


def _read(file: BinaryIO, entry: Entry, offset: int) -> _Read:
    """The digest and checksum of one entry's bytes, read in pieces."""
    limit = MAX_SEAL if entry.name in SEAL else MAX_JSON
    if limit < entry.size and (entry.name in SEAL or entry.name.endswith(".json")):
        raise NotAPackage(f"{entry.name}: {entry.size} bytes are too many for this file")
    keep = bytearray() if entry.name in SEAL or entry.name.endswith(".json") else None
    sha, crc, left = hashlib.sha256(), 0, entry.size
    file.seek(offset)
    while left:
        piece = file.read(min(_PIECE, left))
        if not piece:
            raise NotAPackage(f"{entry.name}: the file ends before its contents do")
        sha.update(piece)
        crc = zlib.crc32(piece, crc)
        left -= len(piece)
        if keep is not None:
            keep += piece
    return _Read("sha256:" + sha.hexdigest(), crc, None if keep is None else bytes(keep))


def _archive(file: BinaryIO, entries: Sequence[Entry], stamp: tuple[int, int], found: Mapping[str, _Read]) -> Check:
    """All bytes outside the contents, compared with what a package with these contents must have there."""
    offset = 0
    for entry in entries:
        expected = local_header(entry, stamp)
        file.seek(offset)
        if not hmac.compare_digest(file.read(len(expected)), expected):
            return Check("archive", False, f"{entry.name}: its header was changed, or differs from the directory")
        if found[entry.name].crc != entry.crc:
            return Check("archive", False, f"{entry.name}: its contents do not fit its checksum")
        offset += len(expected) + entry.size
    expected = directory(entries, stamp)
    file.seek(offset)
    if not hmac.compare_digest(file.read(len(expected) + 1), expected):
        return Check("archive", False, "the directory of the archive was changed")
    return Check("archive", True, f"{len(entries)} stored files and not one byte beside them")


def _inventory(found: Mapping[str, _Read]) -> tuple[dict[str, Any], datetime]:
    """The inventory and its moment; ValueError unless it is exactly of the form that packages have."""
    data = found[INVENTORY].data if INVENTORY in found else None
    if data is None:
        raise ValueError("there is no inventory.json")
    try:
        words = strict_json(data)
        as_canonical = canonical_text(words)
    except ValueError as error:
        raise ValueError(f"inventory.json cannot be read: {error}") from error
    if not isinstance(words, dict) or words.get("format") != FORMAT:
        raise ValueError(f"inventory.json is not of the format {FORMAT}")
    if as_canonical != data:
        raise ValueError("inventory.json is not canonical JSON")
    _shape(
        words, {"format": str, "package": str, "created_at": str, "signer": dict, "time_stamped": bool, "files": list}
    )
    _shape(words["signer"], {"name": str, "key_id": str, "public_key": str})
    for row in words["files"]:
        _shape(row, {"name": str, "size": int, "digest": str})
    names = [row["name"] for row in words["files"]]
    if names != sorted(set(names)):
        raise ValueError("inventory.json lists a file twice, or not in order")
    if set(names) & set(SEAL) or not all(NAME.fullmatch(name) for name in names):
        raise ValueError("inventory.json lists a file that a package cannot have")
    if key_id_of(_public_key(words["signer"]["public_key"])) != words["signer"]["key_id"]:
        raise ValueError("the key id in inventory.json does not belong to the key in it")
    created_at = datetime.fromisoformat(words["created_at"])
    if created_at.tzinfo is None:
        raise ValueError("created_at has no time zone")
    zip_stamp(created_at)
    return words, created_at


def _shape(words: Any, types: Mapping[str, type]) -> None:
    if not isinstance(words, dict) or set(words) != set(types):
        raise ValueError(f"inventory.json: expected exactly {', '.join(types)}")
    for key, wanted in types.items():
        if type(words[key]) is not wanted:
            raise ValueError(f"inventory.json: {key} has the wrong type")


def _files(inventory: Mapping[str, Any], entries: Sequence[Entry], found: Mapping[str, _Read]) -> list[Check]:
    """No file missing, none added, each of the size and digest that the inventory states, in its order."""
    listed = [row["name"] for row in inventory["files"]]
    expected = [*listed, INVENTORY, SIGNATURE, *([TIME_STAMP] if inventory["time_stamped"] else [])]
    names = [entry.name for entry in entries]
    problems = [f"{name}: missing" for name in expected if name not in found]
    problems += [f"{name}: not in the inventory" for name in names if name not in expected]
    if not problems and names != expected:
        problems.append("the files do not stand in the order of the inventory")
    sizes = {entry.name: entry.size for entry in entries}
    for row in inventory["files"]:
        read = found.get(row["name"])
        if read is None:
            continue
        if sizes[row["name"]] != row["size"]:
            problems.append(f"{row['name']}: {sizes[row['name']]} bytes where the inventory says {row['size']}")
        elif not hmac.compare_digest(read.digest.encode(), row["digest"].encode()):
            problems.append(f"{row['name']}: its digest is not the one in the inventory")
    if problems:
        return [Check("files", False, _shown(problem)) for problem in problems[:50]]
    return [Check("files", True, f"all {len(listed)} files are there, with the sizes and digests of the inventory")]


def _contents(inventory: Mapping[str, Any], found: Mapping[str, _Read]) -> Check:
    """JSON that reads one way only, and pictures and query that are the ones the JSON speaks of."""
    digests = {row["name"]: row["digest"] for row in inventory["files"]}
    parsed: dict[str, Any] = {}
    for name, read in found.items():
        if read.data is not None and name.endswith(".json"):
            try:
                parsed[name] = strict_json(read.data)
            except ValueError as error:
                return Check("contents", False, f"{name}: {error}")
    try:
        screened = parsed["screening.json"]["digest"]
        pictures = [side for pair in parsed["frame-pairs/pairs.json"] for side in (pair["query"], pair["reference"])]
        wrong = [side["file"] for side in pictures if digests.get(side["file"]) != side["digest"]]
    except (KeyError, TypeError) as error:
        return Check("contents", False, f"not what a package holds: {error!r:.80}")
    wrong += [name for name, digest in digests.items() if name.startswith("query/") and digest != screened]
    if wrong:
        return Check("contents", False, f"{_shown(str(wrong[0]))}: not the file that the findings speak of")
    sealed = any(name.startswith("query/") for name in digests)
    query = "the query file is the one that was screened" if sealed else "of the query, the digest only is inside"
    return Check("contents", True, f"{len(pictures)} pictures are the ones that pairs.json lists; {query}")


def _signature(inventory: Mapping[str, Any], found: Mapping[str, _Read], trusted: Sequence[bytes]) -> list[Check]:
    """Does the key named in the inventory verify it, and is that key one of those given from outside?"""
    public_key, key_id = _public_key(inventory["signer"]["public_key"]), inventory["signer"]["key_id"]
    message, signature = found[INVENTORY].data or b"", (found[SIGNATURE].data or b"") if SIGNATURE in found else b""
    known = any(hmac.compare_digest(public_key, key) for key in trusted)
    named = f"{key_id} ({_shown(inventory['signer']['name'])})"
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return [
            Check("signature", None, "signature not checked: needs the Python package cryptography"),
            Check("signer", None, f"says it is {named}; not established without the signature"),
        ]
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return [Check("signature", False, f"inventory.sig is not the signature of {key_id} over inventory.json")]
    holds = Check("signature", True, f"Ed25519 over inventory.json by {key_id}")
    if known:
        return [holds, Check("signer", True, f"{named} is a trusted key")]
    why = "not among the trusted keys given" if trusted else "no trusted key was given; use --key FILE"
    return [holds, Check("signer", None, f"{named}: {why}")]


def _time_stamp(inventory: Mapping[str, Any], found: Mapping[str, _Read], authorities: Sequence[bytes]) -> Check:
    """RFC 3161: who says when, over inventory and signature together."""
    name = "time_stamp"
    token = found[TIME_STAMP].data if TIME_STAMP in found else None
    if not inventory["time_stamped"] or token is None or SIGNATURE not in found:
        return Check(name, None, "the package carries no time stamp; created_at is the signer's own word")
    try:
        from cryptography import x509
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response
    except ImportError:
        return Check(name, None, "time stamp not checked: needs the Python packages cryptography and rfc3161-client")
    stamped = hashlib.sha256((found[INVENTORY].data or b"") + (found[SIGNATURE].data or b"")).digest()
    try:
        response = decode_timestamp_response(token)
        imprint = response.tst_info.message_imprint
        moment = response.tst_info.gen_time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except ValueError as error:
        return Check(name, False, f"inventory.tsr is not a time stamp: {_shown(str(error))}")
    sha256 = "2.16.840.1.101.3.4.2.1"
    if imprint.hash_algorithm.dotted_string != sha256 or not hmac.compare_digest(imprint.message, stamped):
        return Check(name, False, "the time stamp was made for something else")
    if not authorities:
        return Check(name, None, f"says {moment}; authority not checked: give its root certificate with --authority")
    builder = VerifierBuilder()
    try:
        for certificate in authorities:
            for root in x509.load_pem_x509_certificates(certificate):
                builder = builder.add_root_certificate(root)
        builder.build().verify(response, stamped)
    except (VerificationError, ValueError, x509.InvalidVersion, x509.DuplicateExtension) as error:
        return Check(name, False, f"the time stamp does not hold: {_shown(str(error))}")
    return Check(name, True, f"existed at {moment}, by a time-stamp authority given with --authority")


def _shown(text: str) -> str:
    """Text from outside for a terminal: printable characters only, at most 160."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:160])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="verify.py", description="Checks an evidence package, offline.")
    parser.add_argument("package", type=Path)
    parser.add_argument("--key", type=Path, action="append", default=[], help="trusted public key (repeatable)")
    parser.add_argument(
        "--authority", type=Path, action="append", default=[], help="root certificate, PEM (repeatable)"
    )
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    path = options.package
    try:
        trusted, authorities = [], []
        for path in options.key:
            trusted.append(read_trusted_key(path))
        for path in options.authority:
            authorities.append(path.read_bytes())
        path = options.package
        result = verify(path, trusted, authorities)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        print(f"{path}: {reason}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(result.to_json(), ensure_ascii=False, indent=1))
        return result.exit_code
    marks = {True: "ok", False: "FAILED", None: "not checked"}
    for check in result.checks:
        print(f"{marks[check.ok]:>11}  {check.name}: {check.detail}")
    print(f"{'package':>11}  {_shown(result.package or '-')}  {_shown(result.created_at or '-')}")
    print(WORDS[result.state])
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main())
