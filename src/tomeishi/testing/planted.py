"""What the demo screens: altered copies of the drawn films with the truth about them, and clean clips.

Drawn in worker processes, since drawing and encoding take most of the demo's time.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from tomeishi.testing.edits import EDITS, Planted, write_edited
from tomeishi.testing.films import CATALOGUE, DrawnFilm, film, write_film

SECONDS = 20.0
"""Of each reference film."""
SIZE = (640, 360)


@dataclass(frozen=True, slots=True)
class Copy:
    """An altered copy to make: film number `source` of the catalogue from `start_s` to `end_s`."""

    name: str
    source: int
    start_s: float
    end_s: float
    edits: tuple[str, ...] = ()
    speed: float = 1.0
    padded: bool = False
    """Between stretches of a clean film."""

    @property
    def what(self) -> str:
        parts = [EDITS[edit].what for edit in self.edits]
        if self.speed != 1.0:
            parts.append(f"at {self.speed:g} times the speed")
        return "; ".join(parts)


COPIES = (
    Copy("clip-01-reencoded", 0, 4, 14, ("reencode",)),
    Copy("clip-02-cropped", 1, 2, 12, ("crop_25",)),
    Copy("clip-03-mirrored", 2, 6, 16, ("mirror",)),
    Copy("clip-04-recoloured", 3, 3, 13, ("hue",)),
    Copy("clip-05-retimed", 4, 2, 17, ("letterbox",), speed=1.5),
    Copy("clip-06-captioned", 5, 5, 15, ("caption",), padded=True),
    Copy("clip-07-stacked", 0, 8, 18, ("stacked",)),
    Copy("clip-08-on-a-screen", 1, 6, 16, ("screen_in_screen",)),
)
CLEAN_SEEDS = (901, 902, 903)
"""Films that nobody registered."""


@dataclass(frozen=True, slots=True)
class Query:
    """One file to screen; `planted` is None for a clean one."""

    path: Path
    what: str
    source: int | None
    planted: Planted | None


def draw_references(folder: Path, workers: int) -> Iterator[tuple[DrawnFilm, Path]]:
    """The catalogue's films, as they are ready."""
    folder.mkdir(parents=True, exist_ok=True)
    films = [replace(each, duration_s=SECONDS) for each in CATALOGUE]
    yield from _drawn([(each, folder / f"{_slug(each.english)}.mp4") for each in films], workers)


def draw_clean(folder: Path, workers: int) -> Iterator[tuple[DrawnFilm, Path]]:
    """Films that nobody registered, as they are ready."""
    folder.mkdir(parents=True, exist_ok=True)
    films = [film(seed, 12.0) for seed in CLEAN_SEEDS]
    yield from _drawn([(each, folder / f"clip-{number:02}-clean.mp4") for number, each in enumerate(films, 9)], workers)


def make_copies(references: list[Path], clean: list[Path], folder: Path, workers: int) -> Iterator[Query]:
    """The altered copies, as they are ready; `references` in the order of the catalogue."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = {}
        for number, copy in enumerate(COPIES):
            target = folder / f"{copy.name}.mp4"
            other = clean[number % len(clean)]
            jobs[pool.submit(_make, copy, references[copy.source], target, other, number)] = (copy, target)
        for done in as_completed(jobs):
            copy, target = jobs[done]
            yield Query(target, copy.what, copy.source, done.result())


def _drawn(jobs: list[tuple[DrawnFilm, Path]], workers: int) -> Iterator[tuple[DrawnFilm, Path]]:
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_draw, each, path): (each, path) for each, path in jobs}
        for done in as_completed(waiting):
            done.result()
            yield waiting[done]


def _draw(drawn: DrawnFilm, path: Path) -> None:
    write_film(drawn, path, width=SIZE[0], height=SIZE[1])


def _make(copy: Copy, source: Path, target: Path, other: Path, seed: int) -> Planted:
    pad = other if copy.padded else None
    return write_edited(
        source,
        target,
        copy.edits,
        start_s=copy.start_s,
        end_s=copy.end_s,
        speed=copy.speed,
        other=other,
        before=pad,
        after=pad,
        seed=seed,
    )


def _slug(title: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in title.lower()).split())
