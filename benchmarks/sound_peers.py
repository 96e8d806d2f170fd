"""Peers for sound: chromaprint by Debian's `fpcalc`, and audfprint where a checkout of it is at hand.

Both are given the same clips. Their favour: chromaprint has no rule of its own for clips, so the reference with the
nearest stretch (fewest differing bits at the best offset) counts as what it names, however far it is; audfprint runs
at density 70, three and a half times its default.
"""

import re
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.music import MADE_AT_HZ, Clip, Piece, Samples
from tomeishi.fingerprint.audio import RATE_HZ

_LEAST_OVERLAP = 8
"""Words of a chromaprint, an eighth of a second each, that a comparison needs."""


class Peer(Protocol):
    """Something that names pieces."""

    name: str

    def found(self, clips: Sequence[Clip]) -> list[bool]:
        """Whether the right piece was named, clip by clip."""
        ...


class Chromaprint:
    """Raw fingerprints, compared at every offset by differing bits."""

    name = "chromaprint"

    def __init__(self, registered: Sequence[Piece]) -> None:
        self._families = [piece.family for piece in registered]
        self._prints = [_chromaprint(piece.samples, MADE_AT_HZ) for piece in registered]

    def found(self, clips: Sequence[Clip]) -> list[bool]:
        return [self._named(clip) == clip.piece.family for clip in clips]

    def _named(self, clip: Clip) -> str | None:
        query = _chromaprint(clip.samples, RATE_HZ)
        if len(query) < _LEAST_OVERLAP:
            return None
        errors = [_differing(query, reference) for reference in self._prints]
        return self._families[int(np.argmin(errors))]


class Audfprint:
    """Its own command line: a data base of the pieces, and one query for all clips together."""

    name = "audfprint"

    def __init__(self, checkout: Path, registered: Sequence[Piece], folder: Path) -> None:
        self._command = [str(checkout / ".venv" / "bin" / "python"), str(checkout / "audfprint.py")]
        self._database = folder / "pieces.pklz"
        self._families = {}
        folder.mkdir()
        paths = []
        for number, piece in enumerate(registered):
            path = folder / f"r{number}.wav"
            _write(path, piece.samples, MADE_AT_HZ)
            self._families[path.name] = piece.family
            paths.append(str(path))
        self._run("new", *paths)

    def found(self, clips: Sequence[Clip]) -> list[bool]:
        with TemporaryDirectory() as folder:
            for number, clip in enumerate(clips):
                _write(Path(folder) / f"q{number}.wav", clip.samples, RATE_HZ)
            said = self._run("match", *(f"{folder}/q{number}.wav" for number in range(len(clips))))
        named = {int(q): r for q, r in re.findall(r"Matched \S*?q(\d+)\.wav .*? as \S*?(r\d+\.wav) at", said)}
        return [self._families.get(named.get(number, "")) == clip.piece.family for number, clip in enumerate(clips)]

    def _run(self, what: str, *paths: str) -> str:
        options = ["--dbase", str(self._database), "--density", "70"]
        ran = subprocess.run([*self._command, what, *options, *paths], capture_output=True, text=True, check=True)
        return ran.stdout


def _chromaprint(samples: Samples, rate_hz: int) -> NDArray[np.uint32]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip.wav"
        _write(path, samples, rate_hz)
        ran = subprocess.run(
            ["fpcalc", "-raw", "-plain", "-length", "0", str(path)], capture_output=True, text=True, check=False
        )
    words = ran.stdout.strip()
    return np.array([int(word) & 0xFFFFFFFF for word in words.split(",")] if words else [], np.uint32)


def _differing(query: NDArray[np.uint32], reference: NDArray[np.uint32]) -> float:
    """Share of differing bits at the best offset at which the whole query lies within the reference."""
    if len(reference) < len(query):
        return 1.0
    windows = np.lib.stride_tricks.sliding_window_view(reference, len(query))
    return float(np.bitwise_count(windows ^ query).mean(axis=1).min() / 32)


def _write(path: Path, samples: Samples, rate_hz: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
