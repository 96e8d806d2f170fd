"""The sound of a file as one line of numbers."""

from collections.abc import Iterator
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


class Listening:
    """Sound being decoded: iterate its pieces, float32 (n,), in order. Close it, or use it as a context manager.

    `start_s` and `partial` hold once the last piece has come; holes in the time stamps come as silence.
    """

    def __init__(self, path: Path, rate_hz: int, limits: Limits) -> None:
        """Raises NotFound, UnreadableMedia."""
        if not 1000 <= rate_hz <= 192_000:
            raise BadInput(f"a sound rate lies in 1000 to 192000 samples a second, not {rate_hz}")
        self.rate_hz = rate_hz
        self.samples = 0
        """That have come so far."""
        self.start_s = 0.0
        self.partial: Partial | None = None
        self._guarded = Guarded(path, {"do": "sound", "rate_hz": rate_hz}, limits, largest_body=_LARGEST_PIECE)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Raises UnreadableMedia where there is no sound at all."""
        path = self._guarded.path
        while (message := self._guarded.receive()).kind in ("sound", "info"):
            if message.kind == "sound":
                piece = np.frombuffer(message.body[: len(message.body) // 4 * 4], dtype="<f4").astype(np.float32)
                self.samples += len(piece)
                # A broken file can hold numbers that are none.
                yield np.nan_to_num(piece, nan=0.0, posinf=1.0, neginf=-1.0)
        if message.kind == "done":
            try:
                self.start_s = number(message, "start_s")
            except ValueError as error:
                raise UnreadableMedia(f"{shown(path)}: the decoding process gave a broken time") from error
            self.partial = partial_of(message)
        elif self.samples:
            self.partial = Partial(reason_of(message), self.samples / self.rate_hz)
        else:
            raise UnreadableMedia(f"{shown(path)}: {reason_of(message)}")

    def close(self) -> None:
        self._guarded.close()

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sound(path: Path, rate_hz: int, limits: Limits) -> Sound:
    """The whole sound of a file. Raises NotFound, and UnreadableMedia where there is none."""
    with Listening(path, rate_hz, limits) as listening:
        pieces = list(listening)
        samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        return Sound(rate_hz, samples, listening.start_s, listening.partial)
