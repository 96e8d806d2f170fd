"""A member's statement about training, signed into a copy of their own file as Content Credentials (C2PA), offline.

The file is the member's own: it is parsed by `c2pa-python` in this process, so never hand in one from outside.
"""

import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tomeishi.consent.standards import cawg
from tomeishi.consent.standards.signal import Stance
from tomeishi.errors import BadInput, Conflict, MissingExtra, NotFound
from tomeishi.media.credentials import format_of
from tomeishi.values import Use

_OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_ALGORITHMS = ("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An X.509 chain fit to sign C2PA claims (C2PA 2.1, 14.5), end certificate first, and its key, both as PEM."""

    certificates: bytes
    key: bytes = field(repr=False)
    algorithm: str = "es256"

    def __post_init__(self) -> None:
        if self.algorithm not in _ALGORITHMS:
            raise BadInput(f"not an algorithm of C2PA: {self.algorithm!r}; one of {', '.join(_ALGORITHMS)}")


def sign_copy(
    file: Path, copy: Path, uses: Mapping[Use, Stance], credentials: Credentials, terms: str | None = None
) -> tuple[str, ...]:
    """Write `copy` of `file` with a signed CAWG assertion in it; what of `uses` that could not say is returned.

    No time stamp is asked for, since nothing goes over the network. A file that carries credentials already keeps them
    as those of its ingredient. Raises MissingExtra, NotFound, Conflict where `copy` is there, BadInput.
    """
    if importlib.util.find_spec("c2pa") is None:
        raise MissingExtra("signing Content Credentials needs the extra c2pa: install tomeishi[c2pa]")
    import c2pa

    if not file.is_file():
        raise NotFound(f"{file}: no such file")
    if copy.exists():
        raise Conflict(f"{copy}: a file is there already; choose another name")
    with file.open("rb") as opened:
        kind = format_of(opened.read(64))
    if kind is None:
        raise BadInput(f"{file}: not a format that carries Content Credentials")
    assertion, lost = cawg.assertion(uses, terms)
    if not assertion["data"]["entries"]:
        raise BadInput("nothing to sign: none of the uses can be said in a CAWG assertion")
    definition = {
        "claim_generator_info": [{"name": "tomeishi"}],
        "title": copy.name,
        "format": kind,
        "assertions": [assertion],
    }
    partial = copy.with_name(f"{copy.name}.partial")
    try:
        info = c2pa.C2paSignerInfo(
            alg=credentials.algorithm, sign_cert=credentials.certificates, private_key=credentials.key, ta_url=None
        )
        with (
            c2pa.Context.from_dict(_OFFLINE) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(json.dumps(definition), context=context) as builder,
            file.open("rb") as read,
            partial.open("w+b") as written,
        ):
            # With this intent the file itself becomes the ingredient that was opened.
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            builder.sign(signer, kind, read, written)
            written.flush()
            os.fsync(written.fileno())
        partial.replace(copy)
    except c2pa.C2paError as error:
        raise BadInput(f"{file}: cannot be signed: {str(error).splitlines()[0]}") from error
    finally:
        partial.unlink(missing_ok=True)
    return lost
