"""Where a file says it comes from: its Content Credentials (C2PA), read offline."""

import importlib.util
import json
from pathlib import Path
from typing import Any

from tomeishi.config import Limits
from tomeishi.errors import MissingExtra, UnreadableMedia
from tomeishi.media.guard import Guarded, shown

_LARGEST_MANIFEST = 64 << 20


def c2pa_manifest(path: Path, limits: Limits) -> dict[str, Any] | None:
    """The manifest store of a file with its `validation_state`, or None where it carries none.

    Checked without the network: no revocation list is asked for, and no signer is on a trust list, so a sound
    signature is `Valid` and never `Trusted`. A manifest that lies elsewhere is not fetched: its state is `NotFetched`,
    its address `remote_manifest`.
    Raises MissingExtra without c2pa-python, NotFound, UnreadableMedia.
    """
    if importlib.util.find_spec("c2pa") is None:
        raise MissingExtra("Content Credentials need the extra c2pa: install tomeishi[c2pa]")
    with Guarded(path, {"do": "provenance"}, limits, largest_body=_LARGEST_MANIFEST) as guarded:
        message = guarded.expect("manifest")
        try:
            manifest = json.loads(message.body)
        except (ValueError, RecursionError) as error:
            raise UnreadableMedia(f"{shown(path)}: its content credentials are not readable as JSON") from error
        if manifest is not None and not isinstance(manifest, dict):
            raise UnreadableMedia(f"{shown(path)}: its content credentials have no known shape")
        return manifest
