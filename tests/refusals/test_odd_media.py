"""Media with little or nothing to see or hear: no false match, no crash, bounded memory."""

import resource
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi import wiring
from tomeishi.matching.pictures import Pictures
from tomeishi.media.sample import Frame
from tomeishi.screening.findings import Screening
from tomeishi.testing.edits import pictures
from tomeishi.testing.films import DrawnFilm, film, frames
from tomeishi.testing.recording import write_media
from tomeishi.values import Band, Verdict

Pixels = NDArray[np.uint8]
SIZE = (144, 256, 3)
RATE_HZ = 12.0


def _plain(level: int) -> Iterable[Pixels]:
    return repeat(np.full(SIZE, level, np.uint8), 48)


def _noise() -> Iterator[Pixels]:
    rng = np.random.default_rng(7)
    for _ in range(48):
        yield rng.integers(0, 256, SIZE, np.uint8)


def _one_second() -> Iterable[Pixels]:
    return list(frames(film(71, 1.0), RATE_HZ, SIZE[1], SIZE[0]))


def _still() -> Iterable[Pixels]:
    return repeat(next(frames(film(72, 1.0), 1.0, SIZE[1], SIZE[0])), 60)


ODD: dict[str, Callable[[], Iterable[Pixels]]] = {
    "black": lambda: _plain(0),
    "white": lambda: _plain(255),
    "noise": _noise,
    "one second": _one_second,
    "a still": _still,
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("odd")
    for name, make in ODD.items():
        write_media(folder / f"{name}.mp4", make(), rate_hz=RATE_HZ)
    return {name: folder / f"{name}.mp4" for name in ODD}


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory, works: tuple[DrawnFilm, ...], references: tuple[Path, ...]
) -> Iterator[wiring.Platform]:
    with wiring.open(tmp_path_factory.mktemp("home")) as opened:
        for work, path in zip(works, references, strict=True):
            opened.register(work.member, work.title, [path])
        yield opened


def _screened(platform: wiring.Platform, path: Path) -> Screening:
    return platform.screener().screen(path, path.name)


@pytest.mark.parametrize("name", ODD)
def test_what_shows_little_matches_no_work(platform: wiring.Platform, odd: dict[str, Path], name: str) -> None:
    screening = _screened(platform, odd[name])
    assert (screening.findings, screening.verdict, screening.skipped) == ((), Verdict.CLEAR, None)


def test_what_shows_little_matches_nothing_of_its_kind_either(
    odd: dict[str, Path], clean: Path, tmp_path: Path
) -> None:
    """Registered, each is found by its own file alone: never black in black, or noise in noise."""
    others = {
        "grey": _plain(110),
        "other noise": (255 - each for each in _noise()),
        "moving": frames(film(73, 4.0), RATE_HZ, 256, 144),
    }
    with wiring.open(tmp_path / "home") as own:
        for name, path in odd.items():
            own.register("a member", name, [path])
        for name, shown in others.items():
            write_media(tmp_path / f"{name}.mp4", shown, rate_hz=RATE_HZ)
            assert _screened(own, tmp_path / f"{name}.mp4").findings == (), name
        assert _screened(own, clean).findings == ()


def test_a_clip_of_one_second_of_a_work_names_that_work_or_none(
    platform: wiring.Platform, works: tuple[DrawnFilm, ...], references: tuple[Path, ...], tmp_path: Path
) -> None:
    path = tmp_path / "second.mp4"
    write_media(path, pictures(references[1], 5.0, 1 / RATE_HZ, 12), rate_hz=RATE_HZ)
    assert {finding.title for finding in _screened(platform, path).findings} <= {works[1].title}


@pytest.mark.parametrize("rate_hz", [1.0, 240.0])
def test_one_frame_a_second_and_240_are_found_alike(
    platform: wiring.Platform,
    works: tuple[DrawnFilm, ...],
    references: tuple[Path, ...],
    tmp_path: Path,
    rate_hz: float,
) -> None:
    path = tmp_path / "clip.mp4"
    seconds = 10 if rate_hz < 2 else 5
    write_media(path, pictures(references[0], 1.0, 1 / rate_hz, int(seconds * rate_hz)), rate_hz=rate_hz)
    (finding,) = _screened(platform, path).findings
    assert (finding.title, finding.band) == (works[0].title, Band.STRONG)


def test_ten_hours_of_one_frame_are_clear_as_far_as_they_are_looked_at(
    platform: wiring.Platform, tmp_path: Path
) -> None:
    """Time stamps ten seconds apart."""
    path = tmp_path / "long.mp4"
    picture = next(frames(film(74, 1.0), 1.0, 128, 72))
    write_media(path, repeat(picture, 3600), rate_hz=0.1)
    screening = _screened(platform, path)
    assert screening.findings == ()
    assert screening.duration_s == 6 * 3600
    assert screening.partial is not None
    assert "only the first 21600 s are looked at" in screening.partial.reason


def test_pictures_at_hand_stay_within_their_bound() -> None:
    """Ten hours at two samples a second, of which some 300 pictures are kept."""
    held = Pictures()
    picture = np.zeros((288, 512, 3), np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for start in range(0, 72_000, 16):
        batch = [Frame((start + n) / 2, picture.copy(), False) for n in range(16)]
        held.see(batch, [])
    assert len(held.frames) * picture.nbytes <= 128 << 20
    assert held.times_s[-1] > 35_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def test_digital_silence_is_listened_to_and_matches_nothing(platform: wiring.Platform, tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    shown = frames(film(75, 6.0), RATE_HZ, 256, 144)
    write_media(path, shown, rate_hz=RATE_HZ, sound=np.zeros(6 * 48_000, np.float32))
    with wiring.open(tmp_path / "home") as own:
        own.register("a member", "silence", [path])
        quiet = tmp_path / "quiet.mp4"
        write_media(
            quiet, frames(film(76, 6.0), RATE_HZ, 256, 144), rate_hz=RATE_HZ, sound=np.zeros(6 * 48_000, np.float32)
        )
        screening = _screened(own, quiet)
    assert screening.findings == ()
    assert _screened(platform, path).findings == ()
