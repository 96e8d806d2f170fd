"""Music to measure on: pieces of a development half and of a test half, and altered clips of them.

Pieces come from packages that a fresh machine can install (Debian `wesnoth-1.16-music` and `singularity-music`, PyPI
`immich-memories-music`), and from `tomeishi.testing.tunes`. Pieces whose names differ only by what stands at their
end are takes of one, and stay together. Halves alternate by name; of each half every third piece is never registered.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.material import Half
from tomeishi.config import Limits
from tomeishi.fingerprint.audio import RATE_HZ, Landmarks, landmarks
from tomeishi.media.sound import sound
from tomeishi.testing.sound_edits import SOUND_EDITS, filtered
from tomeishi.testing.tunes import tune

MADE_AT_HZ = 22_050
"""Clips are cut and altered at this rate."""
LONGEST_S = 150.0
"""Of a piece, its first seconds."""
FOLDERS = (Path("/usr/share/games/wesnoth/1.16/data/core/music"), Path("/usr/share/games/singularity/music"))
TUNE_S = 60.0
FIRST_TUNE = {Half.DEVELOPMENT: 710_000, Half.TEST: 810_000}
UNREGISTERED_TUNES = 5_000

DRAWN = "drawn"
"""Drawn tunes are of one family: with one progression their accompaniment is the same but for pitch and tempo."""

_QUIET = 2e-3
"""A clip whose root mean square lies under this shows nothing to find."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One piece, decoded at MADE_AT_HZ."""

    name: str
    family: str
    registered: bool
    samples: Samples

    @property
    def duration_s(self) -> float:
        return len(self.samples) / MADE_AT_HZ


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """`samples` at RATE_HZ; second t of it was second start_s + slope * t of the piece."""

    piece: Piece
    start_s: float
    slope: float
    samples: Samples


def pieces(half: Half, tunes: int, folders: Sequence[Path] = FOLDERS) -> list[Piece]:
    """All of a half, in the order of their names; drawn ones last."""
    found = sorted((path for folder in [*folders, *_packaged()] for path in _sounds(folder)), key=lambda p: p.name)
    families = [list(group) for _, group in groupby(found, key=_family)]
    mine = [(number, paths) for number, paths in enumerate(families) if number % 2 == (half is Half.TEST)]
    made = [
        Piece(
            path.stem, _family(path), number // 2 % 3 < 2, sound(path, MADE_AT_HZ, Limits(duration_s=LONGEST_S)).samples
        )
        for number, paths in mine
        for path in paths
    ]
    drawn = [
        Piece(f"tune {seed}", DRAWN, True, tune(seed, TUNE_S, MADE_AT_HZ))
        for seed in range(FIRST_TUNE[half], FIRST_TUNE[half] + tunes)
    ]
    return [each for each in made if each.duration_s > 4] + drawn


def unregistered_tunes(half: Half, count: int) -> Iterator[Samples]:
    """Drawn music that nobody registered, at RATE_HZ."""
    first = FIRST_TUNE[half] + UNREGISTERED_TUNES
    return (tune(seed, TUNE_S, RATE_HZ) for seed in range(first, first + count))


def clips(of: Sequence[Piece], edit: str, seconds: float, count: int, rng: np.random.Generator) -> list[Clip]:
    """From anywhere in any piece that is long enough, silence left out, `seconds` long before the edit."""
    long = [piece for piece in of if piece.duration_s > seconds + 0.5]
    made: list[Clip] = []
    while len(made) < count:
        piece = long[len(made) % len(long)] if count >= len(long) else long[int(rng.integers(len(long)))]
        start_s = float(rng.uniform(0, piece.duration_s - seconds))
        first = int(start_s * MADE_AT_HZ)
        cut = piece.samples[first : first + int(seconds * MADE_AT_HZ)]
        if np.sqrt(np.mean(cut**2)) < _QUIET:
            continue
        change = SOUND_EDITS[edit]
        altered = filtered(change.apply(cut, MADE_AT_HZ, rng), MADE_AT_HZ, "anull", RATE_HZ)
        made.append(Clip(piece, start_s, change.slope, altered))
    return made


def marks_of(samples: Samples) -> Landmarks:
    """Of a piece, at MADE_AT_HZ."""
    return landmarks([filtered(samples, MADE_AT_HZ, "anull", RATE_HZ)])


def _family(path: Path) -> str:
    return re.sub(r"(-old|-epic|\d)$", "", path.stem.lower()) if path.suffix == ".ogg" else path.stem


def _packaged() -> list[Path]:
    spec = find_spec("immich_memories_music")
    return [] if spec is None or spec.origin is None else [Path(spec.origin).parent / "tracks"]


def _sounds(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix in (".ogg", ".opus", ".mp3", ".wav") and path.is_file())
