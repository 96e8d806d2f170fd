"""Ed25519 keys (RFC 8032) and detached signatures over canonical JSON (RFC 8785, `values.canonical`).

A key file is made where its owner works and never leaves there; what travels is the public key, 32 bytes in base64.
A key's id is `ed25519:` and the first 32 hex digits of the SHA-256 of the public key, so it can be read aloud.
"""

import base64
import hashlib
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tomeishi import clock
from tomeishi.errors import BadInput, Conflict, NotFound, StorageFailure

FORMAT = "tomeishi-key-1"

COALITION = "coalition"
"""Stands where a member's id would: for whom the installation's own key signs."""

_P = 2**255 - 19
_ORDER_EIGHT_Y = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER_Y = {0, 1, _P - 1, _ORDER_EIGHT_Y, _P - _ORDER_EIGHT_Y}
"""The y coordinates of the eight points of small order. Under such a "public key" one signature fits any words."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Somebody's public key; `raw` is 32 bytes."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise BadInput(f"an Ed25519 public key has 32 bytes, not {len(self.raw)}")
        if (int.from_bytes(self.raw, "little") & (1 << 255) - 1) % _P in _SMALL_ORDER_Y:
            raise BadInput(f"a public key that anybody can sign for (a point of small order): {self.text}")

    @property
    def key_id(self) -> str:
        return "ed25519:" + hashlib.sha256(self.raw).hexdigest()[:32]

    @property
    def text(self) -> str:
        """Base64 of the 32 bytes."""
        return base64.b64encode(self.raw).decode()

    @classmethod
    def from_text(cls, text: str) -> "PublicKey":
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except ValueError as error:  # not ASCII, or not base64
            raise BadInput(f"not a public key (base64 of 32 bytes): {text[:60]!r}") from error

    def verifies(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key with its owner's name. Never logged: its repr shows the public half only."""

    owner: str
    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"SigningKey(owner={self.owner!r}, key_id={self.public.key_id!r})"

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, message: bytes) -> bytes:
        """64 bytes, Ed25519."""
        return self.private.sign(message)


def new_key(owner: str) -> SigningKey:
    return SigningKey(owner, Ed25519PrivateKey.generate())


def write_key(key: SigningKey, path: Path) -> None:
    """A new key file, readable by its owner only; an existing file is never overwritten."""
    secret = key.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    words = {
        "format": FORMAT,
        "owner": key.owner,
        "key_id": key.public.key_id,
        "public_key": key.public.text,
        "private_key": base64.b64encode(secret).decode(),
        "made_at": clock.to_text(clock.now()),
    }
    text = json.dumps(words, ensure_ascii=False, indent=1) + "\n"
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)  # whole or not at all, and never over another file
    except FileExistsError as error:
        raise Conflict(f"{path}: a file is there already; choose another name for the key") from error
    except OSError as error:
        raise StorageFailure(f"{path}: cannot write the key file: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def read_key(path: Path) -> SigningKey:
    """The private key in a key file made by `write_key`."""
    words = _read(path)
    try:
        secret = base64.b64decode(words["private_key"], validate=True)
        key = SigningKey(str(words["owner"]), Ed25519PrivateKey.from_private_bytes(secret))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: not a private key file; make one with `tomeishi keys new`") from error
    if key.public.text != words.get("public_key"):
        raise BadInput(f"{path}: the public and private halves do not belong together")
    return key


def read_public_key(path: Path) -> PublicKey:
    """The public key in a key file, in a file that `tomeishi keys public` wrote, or as bare base64 text."""
    words = _read(path)
    try:
        return PublicKey.from_text(words["public_key"])
    except (KeyError, AttributeError) as error:
        raise BadInput(f"{path}: holds no public key") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > 65536:
            raise BadInput(f"{path}: too large for a key file")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such key file") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read as a key file") from error
    if not text.lstrip().startswith("{"):
        return {"public_key": text.strip()}
    try:
        words = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not a key file (JSON expected)") from error
    return dict(words)
