from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tomeishi.config import Limits
from tomeishi.errors import BadInput, UnreadableMedia
from tomeishi.media.sample import FrameChoice, SamplePlan, frames_at, sample
from tomeishi.testing import broken

Write = Callable[..., Path]
ReadNumber = Callable[[NDArray[np.uint8]], int]
LIMITS = Limits()
EVEN = [Fraction(number, 24) for number in range(240)]
MANY_B_FRAMES = {"preset": "superfast", "x264-params": "bframes=4:b-adapt=0:b-pyramid=normal:keyint=48:open-gop=1"}


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", MANY_B_FRAMES),
        ("a.mkv", "libx264", MANY_B_FRAMES),
        ("a.ts", "libx264", MANY_B_FRAMES),
        ("a.avi", "mpeg4", {"g": "48"}),
        ("a.webm", "libvpx", {"deadline": "realtime", "b": "1M", "g": "48"}),
    ],
)
def test_each_time_gives_the_frame_on_the_screen(
    tmp_path: Path, write: Write, read_number: ReadNumber, name: str, codec: str, options: dict[str, str]
) -> None:
    film = write(tmp_path / name, EVEN, codec=codec, options=options)
    rng = np.random.default_rng(7)
    numbers = [int(number) for number in rng.integers(0, 240, 12)]
    frames = frames_at(film, [(number + 0.5) / 24 for number in numbers], LIMITS)
    assert [read_number(frame.pixels) for frame in frames] == numbers
    assert [frame.time_s for frame in frames] == pytest.approx([number / 24 for number in numbers], abs=0.002)


def test_a_sample_and_the_frame_at_its_time_are_the_same_picture(
    tmp_path: Path, write: Write, read_number: ReadNumber
) -> None:
    film = write(tmp_path / "a.mp4", EVEN, options=MANY_B_FRAMES)
    with sample(film, SamplePlan(rate_hz=3, frames=FrameChoice.NONREF), LIMITS) as sampling:
        samples = list(sampling)
    frames = frames_at(film, [one.time_s for one in samples], LIMITS)
    assert [one.time_s for one in frames] == [one.time_s for one in samples]
    assert all(np.array_equal(one.pixels, other.pixels) for one, other in zip(frames, samples, strict=True))


def test_a_time_outside_the_film_gives_its_first_or_last_frame(
    tmp_path: Path, write: Write, read_number: ReadNumber
) -> None:
    film = write(tmp_path / "a.mp4", [time + 2 for time in EVEN[:48]], options=MANY_B_FRAMES)
    frames = frames_at(film, [100.0, 0.0], LIMITS)
    assert [read_number(frame.pixels) for frame in frames] == [47, 0]


def test_a_trimmed_film_counts_from_its_first_shown_frame(
    tmp_path: Path, write: Write, read_number: ReadNumber
) -> None:
    whole = write(tmp_path / "whole.mp4", EVEN, options=MANY_B_FRAMES)
    film = broken.trimmed_by_edit_list(whole, tmp_path / "trimmed.mp4", 1.5)
    frames = frames_at(film, [0.0, 1.0, 6.02], LIMITS)
    assert [read_number(frame.pixels) for frame in frames] == [36, 60, 180]


def test_an_uneven_film_shows_a_frame_until_the_next(tmp_path: Path, write: Write, read_number: ReadNumber) -> None:
    film = write(tmp_path / "a.mp4", [0, 0.05, 3, 3.05, 9], options=MANY_B_FRAMES)
    frames = frames_at(film, [2.99, 3.0, 8.9, 9.5], LIMITS)
    assert [read_number(frame.pixels) for frame in frames] == [1, 2, 3, 4]


def test_frames_are_at_full_display_size(tmp_path: Path, write: Write) -> None:
    film = write(tmp_path / "a.mp4", EVEN[:24], options=MANY_B_FRAMES, aspect=Fraction(4, 3))
    turned = broken.rotated(film, tmp_path / "turned.mp4", 90)
    assert frames_at(turned, [0.5], LIMITS)[0].pixels.shape == (213, 96, 3)


def test_animations_and_stills_have_frames_at_times_too(tmp_path: Path) -> None:
    greys = [Image.new("RGB", (32, 32), (value, value, value)) for value in (0, 100, 200)]
    greys[0].save(tmp_path / "a.gif", save_all=True, append_images=greys[1:], duration=[500, 100, 400])
    greys[1].save(tmp_path / "b.png")
    moving = frames_at(tmp_path / "a.gif", [0.55, 0.2, 9.0], LIMITS)
    still = frames_at(tmp_path / "b.png", [0.9], LIMITS)
    assert [(frame.time_s, int(frame.pixels[0, 0, 0])) for frame in moving] == [(0.5, 100), (0.0, 0), (0.6, 200)]
    assert [(frame.time_s, int(frame.pixels[0, 0, 0])) for frame in still] == [(0.0, 100)]


def test_no_times_need_no_decoding(tmp_path: Path) -> None:
    assert frames_at(tmp_path / "missing.mp4", [], LIMITS) == []


def test_a_time_before_the_film_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        frames_at(tmp_path / "a.mp4", [-1.0], LIMITS)


def test_sound_has_no_frames(tmp_path: Path) -> None:
    from tomeishi.testing.films import film

    path = broken.sound_only(film(3, duration_s=5.0), tmp_path / "a.m4a")
    with pytest.raises(UnreadableMedia, match="holds sound and no picture"):
        frames_at(path, [1.0], LIMITS)
