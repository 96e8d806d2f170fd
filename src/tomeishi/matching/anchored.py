"""The anchors of registered references, read when verification asks for them."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from sqlalchemy import Connection

from tomeishi.fingerprint.anchors import KEY, Anchors
from tomeishi.registry import references as registry
from tomeishi.storage.blobs import Blobs

AnchorsOf = Callable[[str], Anchors]
"""Of a reference by its id; none for one that was registered before anchors were kept."""

_AT_HAND = 32
"""References whose anchors stay in memory: a film of two hours has about 25 MB of them."""


def anchors_of(transaction: Connection, blobs: Blobs) -> AnchorsOf:
    """A reader of what the registry holds now; it keeps reading after the transaction."""
    return anchors_in(
        {file.reference_id: file.digest for file in registry.fingerprint_files_of(transaction, KEY)}, blobs
    )


def anchors_in(files: Mapping[str, str], blobs: Blobs) -> AnchorsOf:
    """A reader of the blobs whose digests `files` gives by reference id."""

    @lru_cache(maxsize=_AT_HAND)
    def read(reference_id: str) -> Anchors:
        if reference_id not in files:
            return Anchors(np.zeros(0), ())
        return Anchors.from_bytes(blobs.get(files[reference_id]))

    return read
