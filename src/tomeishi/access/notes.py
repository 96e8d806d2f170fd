"""Signed notes and log checkpoints, as C2SP writes them (signed-note and tlog-checkpoint, c2sp.org).

A note is text that ends in a newline, an empty line, and one line per signature:

    — <name> <base64 of 4 bytes key id and 64 bytes signature>

The key id is the beginning of SHA-256 over the name, a newline, the byte 0x01 (Ed25519) and the public key. The text
of a checkpoint is the log's origin, its size, and its Merkle root in base64, one line each. Anybody's tools for
transparency logs read it. Signatures of others (witnesses) may stand beside ours; unknown ones are passed over.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tomeishi.access.keys import PublicKey, SigningKey
from tomeishi.errors import BadInput

ED25519 = b"\x01"
"""The signature type of Ed25519 in signed-note."""

LONGEST_NOTE = 64 * 1024
"""Characters; a checkpoint with many witnesses has a few thousand."""

_SIGNATURE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was at one moment: how many entries, under which root."""

    origin: str
    size: int
    root: bytes
    """32 bytes."""

    def __post_init__(self) -> None:
        _check_name(self.origin)
        if self.size < 0 or len(self.root) != 32:
            raise BadInput(f"not a checkpoint: size {self.size}, a root of {len(self.root)} bytes")

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def signed_note(text: str, name: str, key: SigningKey) -> str:
    """`text` with a signature by `key` under `name`; the text ends in a newline and has no control characters."""
    _check_name(name)
    if not text.endswith("\n") or text.endswith("\n\n") or any(c < " " and c != "\n" for c in text):
        raise BadInput("the text of a signed note ends in one newline and holds no control characters")
    signature = note_key_id(name, key.public) + key.sign(text.encode())
    return f"{text}\n— {name} {base64.b64encode(signature).decode()}\n"


def note_key_id(name: str, key: PublicKey) -> bytes:
    """Four bytes."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + key.raw).digest()[:4]


def opened(note: str, keys: Iterable[PublicKey]) -> tuple[Checkpoint, PublicKey | None]:
    """The checkpoint in a note, and which of `keys` signed it under the log's origin; None where none of them did.

    BadInput where it is no checkpoint, or where a signature that claims to be of one of `keys` is not.
    """
    text, signatures = _parts(note)
    checkpoint = _checkpoint(text)
    by_id = {note_key_id(checkpoint.origin, key): key for key in keys}
    signer = None
    for name, signature in signatures:
        key = by_id.get(signature[:4]) if name == checkpoint.origin else None
        if key is None:
            continue
        if not key.verifies(signature[4:], text.encode()):
            raise BadInput(f"checkpoint of {checkpoint.origin}: the signature of {key.key_id} does not fit its words")
        signer = signer or key
    return checkpoint, signer


def _parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    if len(note) > LONGEST_NOTE:
        raise BadInput(f"too long for a signed note: more than {LONGEST_NOTE >> 10} KiB")
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n") or not lines.strip():
        raise BadInput("not a signed note: no signature lines after an empty line")
    signatures = []
    for line in lines[:-1].split("\n"):
        found = _SIGNATURE.fullmatch(line)
        if found is None:
            raise BadInput(f"not a signed note: {line[:60]!r} is no signature line")
        try:
            signature = base64.b64decode(found[2], validate=True)
        except ValueError as error:
            raise BadInput(f"not a signed note: {line[:60]!r} is no signature line") from error
        if len(signature) < 5:
            raise BadInput(f"not a signed note: {line[:60]!r} is no signature line")
        signatures.append((found[1], signature))
    return text + "\n", signatures


def _checkpoint(text: str) -> Checkpoint:
    """Lines after the third are extensions, which a reader passes over."""
    lines = text.split("\n")
    if len(lines) < 4 or not _SIZE.fullmatch(lines[1]) or any(not line for line in lines[:-1]):
        raise BadInput(f"not a checkpoint (origin, size, root): {text[:60]!r}")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError as error:
        raise BadInput(f"not a checkpoint: {lines[2][:60]!r} is no root in base64") from error
    if base64.b64encode(root).decode() != lines[2]:
        raise BadInput(f"not a checkpoint: {lines[2][:60]!r} is no root in base64")
    return Checkpoint(lines[0], int(lines[1]), root)


def _check_name(name: str) -> None:
    if not name or len(name) > 200 or "+" in name or not name.isprintable() or any(c.isspace() for c in name):
        raise BadInput(f"a log's name has no spaces and no +: {name[:60]!r}")
