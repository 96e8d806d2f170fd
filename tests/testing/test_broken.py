import struct
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tomeishi.testing import broken
from tomeishi.testing.films import DrawnFilm, film, frames, write_film

WORK = film(5, 3.0)


@pytest.fixture(scope="module", params=[".mp4", ".mkv", ".webm"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(WORK, tmp_path_factory.mktemp("good") / f"film{request.param}", width=160, height=90)


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(WORK, tmp_path_factory.mktemp("good") / "film.mp4", width=160, height=90)


def shown(path: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    with av.open(path) as container:
        decoded = [(f.time, np.asarray(f.to_ndarray(format="rgb24"), np.uint8)) for f in container.decode(video=0)]
    return [(float(time or 0.0), pixels) for time, pixels in decoded]


def drawn(work: DrawnFilm, time_s: float) -> NDArray[np.uint8]:
    return [f for f, _ in zip(frames(work, 24, 160, 90), range(int(time_s * 24) + 1), strict=False)][-1]


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def test_a_truncated_webm_shows_only_its_beginning(tmp_path: Path) -> None:
    whole = write_film(WORK, tmp_path / "whole.webm", width=160, height=90)
    cut = broken.truncated(whole, tmp_path / "cut.webm", 0.5)
    assert cut.stat().st_size == whole.stat().st_size // 2
    assert 5 < len(shown(cut)) < 65


def test_a_truncated_mp4_without_its_index_cannot_be_opened(mp4: Path, tmp_path: Path) -> None:
    with pytest.raises(av.error.FFmpegError):
        av.open(broken.truncated(mp4, tmp_path / "cut.mp4", 0.5))


def test_an_empty_file_and_text_are_no_films(tmp_path: Path) -> None:
    assert broken.empty(tmp_path / "empty.mp4").stat().st_size == 0
    for path in (tmp_path / "empty.mp4", broken.text(tmp_path / "text.mp4")):
        with pytest.raises(av.error.FFmpegError):
            av.open(path)


def test_a_giant_picture_is_a_tiny_file_with_a_valid_header(tmp_path: Path) -> None:
    path = broken.giant_picture(tmp_path / "giant.png")
    assert path.stat().st_size < 200
    with pytest.raises(Image.DecompressionBombError, match="10000000000 pixels"):
        Image.open(path)


def test_a_small_declared_size_opens_with_the_same_maker(tmp_path: Path) -> None:
    with Image.open(broken.giant_picture(tmp_path / "small.png", side=3)) as picture:
        assert picture.size == (3, 3)


@pytest.mark.parametrize("claimed_s", [0.5, 36_000.0])
def test_a_lying_container_declares_another_duration_than_it_holds(
    written: Path, tmp_path: Path, claimed_s: float
) -> None:
    liar = broken.lying_about_duration(written, tmp_path / f"liar{written.suffix}", claimed_s)
    data = liar.read_bytes()
    if written.suffix == ".mp4":
        rate, length = struct.unpack_from(">II", data, data.index(b"mvhd") + 16)
        assert length / rate == claimed_s
    else:
        with av.open(liar) as container:
            assert container.duration == claimed_s * 1e6
    assert len(data) == written.stat().st_size
    assert len(shown(liar)) == 72


@pytest.mark.parametrize("name", ["sound.mp4", "sound.m4a", "sound.webm"])
def test_sound_only_has_no_picture(tmp_path: Path, name: str) -> None:
    with av.open(broken.sound_only(WORK, tmp_path / name)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples == pytest.approx(3 * 48_000, abs=2_100)


def test_picture_only_has_no_sound(tmp_path: Path) -> None:
    with av.open(broken.picture_only(WORK, tmp_path / "silent.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_an_uneven_rate_is_written_with_its_own_times(tmp_path: Path, suffix: str) -> None:
    times = broken.uneven_rate(WORK, tmp_path / f"uneven{suffix}", width=160, height=90)
    seen = shown(tmp_path / f"uneven{suffix}")
    assert [time for time, _ in seen] == pytest.approx(times, abs=0.001)
    assert len({round(b - a, 3) for a, b in pairwise(times)}) >= 2
    at_two = min(range(len(times)), key=lambda k: abs(times[k] - 2.0))
    assert apart(seen[at_two][1], drawn(WORK, times[at_two])) < 6


@pytest.mark.parametrize(("degrees", "said"), [(90, -90), (180, -180), (270, 90)])
def test_a_rotated_film_says_so_in_its_display_matrix(mp4: Path, tmp_path: Path, degrees: int, said: int) -> None:
    turned = broken.rotated(mp4, tmp_path / "turned.mp4", degrees)
    with av.open(turned) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (160, 90)
    assert frame.rotation == said  # FFmpeg counts anticlockwise


def test_an_edit_list_hides_the_beginning(mp4: Path, tmp_path: Path) -> None:
    trimmed = shown(broken.trimmed_by_edit_list(mp4, tmp_path / "trimmed.mp4", 1.0))
    assert len(trimmed) == 48
    assert trimmed[0][0] == pytest.approx(0.0, abs=0.05)
    assert apart(trimmed[0][1], drawn(WORK, 1.0)) < 6


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_film_can_start_late(tmp_path: Path, suffix: str) -> None:
    seen = shown(broken.starting_late(WORK, tmp_path / f"late{suffix}", 2.5, width=160, height=90))
    assert seen[0][0] == pytest.approx(2.5, abs=0.002)
    assert len(seen) == 72


@pytest.mark.parametrize("level", [0, 255])
def test_a_flat_film_has_one_colour(tmp_path: Path, level: int) -> None:
    seen = shown(broken.flat(tmp_path / "flat.mp4", (level, level, level), 1.0))
    assert len(seen) == 24
    assert all(apart(pixels, np.full_like(pixels, level)) < 2 for _, pixels in seen)


def test_noise_has_no_two_frames_alike(tmp_path: Path) -> None:
    seen = shown(broken.noise(tmp_path / "noise.mp4", 1.0))
    assert len(seen) == 24
    assert all(apart(a, b) > 25 for (_, a), (_, b) in pairwise(seen))


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animated_picture_keeps_its_uneven_delays(tmp_path: Path, suffix: str) -> None:
    delays = (100, 400, 50, 250, 1000)
    with Image.open(broken.animated_picture(WORK, tmp_path / f"moving{suffix}", delays)) as picture:
        read = []
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()
            read.append(picture.info["duration"])
    assert tuple(read) == delays
