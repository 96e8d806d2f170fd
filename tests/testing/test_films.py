from itertools import combinations, pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.frame import PictureType
from numpy.typing import NDArray

from tomeishi.errors import BadInput
from tomeishi.testing.films import CATALOGUE, DrawnFilm, film, frames, music, write_film
from tomeishi.testing.recording import write_media
from tomeishi.testing.staging import shots

Pixels = NDArray[np.uint8]


def short(seed: int = 5, duration_s: float = 2.0) -> DrawnFilm:
    return film(seed, duration_s)


def thumbnails(of: DrawnFilm, rate_hz: float = 0.5) -> NDArray[np.float64]:
    """(n, 9 * 16 * 3), levels around each frame's own mean."""
    small = [cv2.resize(f, (16, 9), interpolation=cv2.INTER_AREA) for f in frames(of, rate_hz, 160, 90)]
    rows = np.stack(small).reshape(len(small), -1).astype(np.float64)
    return np.asarray(rows - rows.mean(axis=1, keepdims=True))


def decoded(path: Path) -> tuple[list[float], list[str]]:
    """Times and picture types of all frames."""
    with av.open(path) as container:
        shown = [(float(frame.time or 0), PictureType(frame.pict_type).name) for frame in container.decode(video=0)]
    return [time for time, _ in shown], [kind for _, kind in shown]


def test_a_film_draws_the_same_frames_every_time() -> None:
    first, again = (list(frames(short(), 6, 160, 90)) for _ in range(2))
    assert len(first) == 12
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_frame_shows_its_own_time_at_any_rate() -> None:
    slow, fast = list(frames(short(), 4, 160, 90)), list(frames(short(), 12, 160, 90))
    assert all(np.array_equal(a, b) for a, b in zip(slow, fast[::3], strict=True))


@pytest.mark.parametrize(("width", "height"), [(640, 360), (320, 240), (180, 320)])
def test_frames_have_the_size_asked_for(width: int, height: int) -> None:
    drawn = next(frames(short(), 1, width, height))
    assert drawn.shape == (height, width, 3)
    assert drawn.dtype == np.uint8


def test_the_picture_moves_within_a_shot() -> None:
    for work in CATALOGUE:
        take = shots(work.seed, work.duration_s, work.characters)[0]
        drawn = [f.astype(np.int16) for f, _ in zip(frames(work, 8, 160, 90), range(int(take.end_s * 8)), strict=False)]
        assert all(np.abs(a - b).mean() > 0.2 for a, b in pairwise(drawn))


def test_shots_follow_each_other_without_gaps_and_fill_the_film() -> None:
    for seed in range(20):
        takes = shots(seed, 30.0, film(seed).characters)
        assert takes[0].start_s == 0
        assert takes[-1].end_s == 30.0
        assert all(one.end_s == other.start_s for one, other in pairwise(takes))
        assert all(1.0 <= take.end_s - take.start_s <= 5.0 for take in takes)


def test_frames_of_different_films_are_far_apart() -> None:
    rows = [thumbnails(work) for work in (*CATALOGUE, film(1), film(2))]
    for one, other in combinations(rows, 2):
        assert np.abs(one[:, None] - other[None]).mean(axis=2).min() > 8


def test_the_music_is_as_long_as_the_film_audible_and_its_own() -> None:
    tunes = [music(work, 8000) for work in CATALOGUE]
    assert all(tune.shape == (240_000,) and tune.dtype == np.float32 for tune in tunes)
    assert all(np.abs(tune).max() <= 1 and np.sqrt(np.mean(tune**2)) > 0.03 for tune in tunes)
    assert np.array_equal(tunes[0], music(CATALOGUE[0], 8000))
    assert all(abs(float(np.corrcoef(a, b)[0, 1])) < 0.2 for a, b in combinations(tunes, 2))


def test_the_catalogue_has_six_works_of_three_members_with_names_of_their_own() -> None:
    assert len({work.title for work in CATALOGUE}) == len({work.seed for work in CATALOGUE}) == 6
    assert len({work.member for work in CATALOGUE}) == 3
    names = [character.name for work in CATALOGUE for character in work.characters]
    assert len(names) == len(set(names))
    assert all(work.reading and work.english.isascii() for work in CATALOGUE)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_a_written_film_has_picture_and_sound_of_its_duration(tmp_path: Path, suffix: str) -> None:
    path = write_film(short(), tmp_path / f"film{suffix}", width=160, height=90)
    times, _ = decoded(path)
    assert times == pytest.approx([k / 24 for k in range(48)], abs=0.001)
    with av.open(path) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples == pytest.approx(96_000, abs=2_100)  # AAC fills its last block and primes the first


def test_an_h264_film_has_b_frames_and_a_key_frame_every_two_seconds(tmp_path: Path) -> None:
    _, kinds = decoded(write_film(film(5, 5.0), tmp_path / "film.mp4", width=160, height=90))
    assert kinds.count("B") > 20
    keys = [number for number, kind in enumerate(kinds) if kind == "I"]
    assert max(np.diff([*keys, len(kinds)])) <= 48


def test_writing_a_film_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (write_film(short(), tmp_path / f"{name}.mp4", width=160, height=90) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_a_name_without_a_known_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.mp4"):
        write_media(tmp_path / "film.avi", [np.zeros((16, 16, 3), np.uint8)], rate_hz=24)


def test_a_film_without_length_is_refused() -> None:
    with pytest.raises(BadInput, match="0 s"):
        film(1, 0.0)
