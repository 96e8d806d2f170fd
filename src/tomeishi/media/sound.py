"""The sound of a file as one line of numbers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tomeishi.config import Limits
from tomeishi.errors import BadInput, UnreadableMedia
from tomeishi.media.guard import Guarded, number, partial_of, reason_of, shown
from tomeishi.values import Partial

_LARGEST_PIECE = 8 << 20


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono sound: float32 (n,), nominally in [-1, 1], `rate_hz` a second; sample 0 is heard at `start_s`.

    All channels are mixed; holes in the time stamps are filled with silence, so sample i is heard at
    start_s + i / rate_hz.
    """

    rate_hz: int
    samples: NDArray[np.float32]
    start_s: float
    partial: Partial | None


def sound(path: Path, rate_hz: int, limits: Limits) -> Sound:
    """The whole sound of a file. Raises NotFound, and UnreadableMedia where there is none."""
    if not 1000 <= rate_hz <= 192_000:
        raise BadInput(f"a sound rate lies in 1000 to 192000 samples a second, not {rate_hz}")
    pieces: list[bytearray] = []
    with Guarded(path, {"do": "sound", "rate_hz": rate_hz}, limits, largest_body=_LARGEST_PIECE) as guarded:
        while (message := guarded.receive()).kind in ("sound", "info"):
            if message.kind == "sound":
                pieces.append(message.body)
        samples = np.frombuffer(b"".join(pieces)[: sum(map(len, pieces)) // 4 * 4], dtype="<f4").astype(np.float32)
        if message.kind == "done":
            try:
                start_s = number(message, "start_s")
            except ValueError as error:
                raise UnreadableMedia(f"{shown(path)}: the decoding process gave a broken time") from error
            return Sound(rate_hz, samples, start_s, partial_of(message))
        if not samples.size:
            raise UnreadableMedia(f"{shown(path)}: {reason_of(message)}")
        return Sound(rate_hz, samples, 0.0, Partial(reason_of(message), samples.size / rate_hz))
