"""Signed documents about audits: JSON whose words are signed as they stand in canonical form (RFC 8785).

{"words": {"format": ..., ...}, "key_id": ..., "public_key": ..., "signature": ...}; the signature is Ed25519 over the
canonical bytes of `words`. A key inside proves nothing: whoever checks knows from elsewhere whom to trust.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tomeishi.access.keys import PublicKey, SigningKey
from tomeishi.audit.plan import write_whole
from tomeishi.errors import BadInput, Conflict, NotFound
from tomeishi.evidence.verify import Check, Verification
from tomeishi.values import canonical

ANSWER, STATEMENT, RECHECK = "tomeishi-inquiry-answer-1", "tomeishi-gate-statement-1", "tomeishi-recheck-1"
FORMATS = (ANSWER, STATEMENT, RECHECK)
_LARGEST = 256 << 20


def write_signed(path: Path, words: Mapping[str, Any], key: SigningKey) -> None:
    """Never over another file. Raises Conflict, StorageFailure."""
    if path.exists():
        raise Conflict(f"{path}: a file is there already; signed documents are never overwritten")
    document = {
        "words": dict(words),
        "key_id": key.public.key_id,
        "public_key": key.public.text,
        "signature": base64.b64encode(key.sign(canonical(dict(words)))).decode(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")


def is_one(path: Path) -> bool:
    """Whether a file is JSON at all; a package begins otherwise."""
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip().startswith(b"{")
    except OSError:
        return False


def read_signed(path: Path) -> dict[str, Any]:
    """The document, unchecked. Raises NotFound, BadInput."""
    try:
        if path.stat().st_size > _LARGEST:
            raise BadInput(f"{path}: too large for a signed document")
        document = json.loads(path.read_bytes())
        if document["words"]["format"] not in FORMATS or not isinstance(document["signature"], str):
            raise BadInput(f"{path}: not a signed document of an audit")
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such file") from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(f"{path}: not a signed document of an audit") from error
    return dict(document)


def checked(path: Path, trusted: Sequence[PublicKey]) -> Verification:
    """Whether a document is whole, and signed by one of `trusted`; in the words of `evidence.verify`."""
    document = read_signed(path)
    words = document["words"]
    try:
        key = PublicKey.from_text(str(document["public_key"]))
        signature = base64.b64decode(document["signature"], validate=True)
        whole = key.verifies(signature, canonical(words)) and document["key_id"] == key.key_id
    except (BadInput, ValueError, KeyError):
        return Verification("altered", (Check("signature", False, "no signature that could be checked"),))
    if not whole:
        return Verification(
            "altered", (Check("signature", False, f"not the signature of {key.key_id} over the words"),)
        )
    known = any(key.raw == each.raw for each in trusted)
    signer = Check("signer", True if known else None, f"{key.key_id}{'' if known else ': not among the trusted keys'}")
    return Verification(
        "intact" if known else "unknown_signer",
        (Check("signature", True, f"Ed25519 over the words by {key.key_id}"), signer),
        package=str(words["format"]),
        created_at=str(words.get("created_at")),
        key_id=key.key_id,
    )
