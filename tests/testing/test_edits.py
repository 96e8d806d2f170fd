from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.errors import BadInput
from tomeishi.testing.changes import Moment
from tomeishi.testing.edits import EDITS, Planted, clip, edited, write_edited
from tomeishi.testing.films import film, frames, write_film
from tomeishi.values import Interval

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("works")
    one, other = (write_film(film(seed, 4.0), folder / f"{seed}.mp4", width=320, height=180) for seed in (3, 4))
    return one, other


def drawn(seed: int) -> Pixels:
    return next(frames(film(seed, 1.0), 1, 320, 180))


def shown(path: Path) -> list[Pixels]:
    with av.open(path) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]


def apart(one: Pixels, other: Pixels) -> float:
    """Mean difference in grey levels."""
    return float(np.abs(one.astype(np.int16) - other).mean())


SHAPES = {
    "downscale_quarter": (45, 80),
    "aspect": (180, 240),
    "crop_5": (162, 288),
    "crop_25": (156, 277),
    "letterbox": (240, 320),
    "pad_20": (252, 448),
    "rotate_90": (320, 180),
    "stacked": (360, 320),
}


@pytest.mark.parametrize("name", list(EDITS))
def test_an_edit_is_deterministic_and_leaves_its_input_alone(name: str) -> None:
    frame, other = drawn(3), drawn(4)
    kept, moment = frame.copy(), Moment(1, 0.5, other)
    one, again = (edited(frame, [name], moment) for _ in range(2))
    assert np.array_equal(one, again)
    assert np.array_equal(frame, kept)
    assert one.dtype == np.uint8
    assert one.shape == (*SHAPES.get(name, (180, 320)), 3)
    assert name == "reencode" or one.shape != frame.shape or apart(one, frame) > 1


def test_what_is_cropped_padded_or_turned_is_still_the_same_picture() -> None:
    frame, moment = drawn(3), Moment(0, 0.0)
    assert np.array_equal(edited(frame, ["crop_5"], moment), frame[9:171, 16:304])
    assert np.array_equal(edited(frame, ["letterbox"], moment)[30:210], frame)
    assert np.array_equal(edited(frame, ["pad_20"], moment)[36:216, 64:384], frame)
    assert np.array_equal(edited(frame, ["mirror", "mirror"], moment), frame)
    assert np.array_equal(np.rot90(edited(frame, ["rotate_90"], moment)), frame)
    assert np.array_equal(edited(frame, ["stacked"], Moment(1, 0.0, drawn(4)))[180:], frame)


def test_grey_has_no_colour_and_hue_keeps_the_brightest_channel() -> None:
    frame, moment = drawn(3), Moment(0, 0.0)
    assert np.ptp(edited(frame, ["grey"], moment), axis=2).max() == 0
    turned = edited(frame, ["hue"], moment)
    assert np.abs(turned.max(axis=2).astype(int) - frame.max(axis=2)).max() <= 2


def test_noise_differs_from_moment_to_moment() -> None:
    frame = drawn(3)
    assert apart(edited(frame, ["noise"], Moment(1, 0.0)), edited(frame, ["noise"], Moment(1, 0.1))) > 5


def test_edits_compose_from_left_to_right() -> None:
    frame, moment = drawn(3), Moment(0, 0.0)
    step = EDITS["letterbox"].change(EDITS["crop_5"].change(frame, moment), moment)
    assert np.array_equal(edited(frame, ["crop_5", "letterbox"], moment), step)


@pytest.mark.parametrize("name", [name for name, edit in EDITS.items() if edit.needs_other])
def test_an_edit_with_a_second_film_asks_for_it(name: str, works: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="other"):
        edited(drawn(3), [name], Moment(0, 0.0))
    with pytest.raises(BadInput, match="other"):
        write_edited(works[0], tmp_path / "copy.mp4", [name])


def test_an_unaltered_clip_shows_the_frames_of_its_interval(works: tuple[Path, Path], tmp_path: Path) -> None:
    planted = clip(works[0], tmp_path / "clip.mp4", 1.0, 3.0)
    assert planted == Planted(Interval(0.0, 2.0), Interval(1.0, 3.0))
    source, copy = shown(works[0]), shown(tmp_path / "clip.mp4")
    assert len(copy) == 48
    assert all(apart(source[24 + k], copy[k]) < 4 for k in (0, 1, 17, 47))


@pytest.mark.parametrize("speed", [0.5, 1.5, 2.0])
def test_a_retimed_copy_shows_the_source_at_its_speed(works: tuple[Path, Path], tmp_path: Path, speed: float) -> None:
    planted = write_edited(works[0], tmp_path / "copy.mp4", start_s=0.5, end_s=3.5, speed=speed)
    assert planted.query == Interval(0.0, 3.0 / speed)
    assert planted.speed == pytest.approx(speed)
    source, copy = shown(works[0]), shown(tmp_path / "copy.mp4")
    assert len(copy) == round(72 / speed)
    for number in (0, 10, len(copy) - 1):
        assert apart(source[int(12 + number * speed + 1e-6)], copy[number]) < 4


def test_padding_puts_the_clip_inside_a_longer_query(works: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "query.webm"
    planted = write_edited(
        works[0], path, ["mirror"], start_s=1.0, end_s=3.0, before=works[1], after=works[1], pad_s=1.5
    )
    assert planted == Planted(Interval(1.5, 3.5), Interval(1.0, 3.0))
    query, source, other = shown(path), shown(works[0]), shown(works[1])
    assert len(query) == 120
    assert apart(query[35], other[35]) < 8
    assert apart(query[36], source[24][:, ::-1]) < 8
    assert apart(query[83], source[71][:, ::-1]) < 8
    assert apart(query[84], other[0]) < 8


def test_sound_runs_along_with_the_picture(works: tuple[Path, Path], tmp_path: Path) -> None:
    write_edited(works[0], tmp_path / "fast.mp4", start_s=0.0, end_s=4.0, speed=2.0, before=works[1], pad_s=1.0)
    with av.open(tmp_path / "fast.mp4") as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(heard) == pytest.approx(3 * 48_000, abs=2_100)
    assert float(np.sqrt(np.mean(heard[48_000:] ** 2))) > 0.03


def test_a_second_film_that_is_too_short_begins_again(works: tuple[Path, Path], tmp_path: Path) -> None:
    brief = tmp_path / "brief.mp4"
    write_film(film(9, 1.0), brief, width=320, height=180)
    write_edited(works[0], tmp_path / "pair.mp4", ["stacked"], other=brief, seed=0)
    below = [frame[180:] for frame in shown(tmp_path / "pair.mp4")]
    assert len(below) == 96
    assert apart(below[5], below[29]) < 5
    assert apart(below[0], below[20]) > 5


def test_a_low_bit_rate_makes_a_small_file(tmp_path: Path) -> None:
    work = write_film(film(3, 2.0), tmp_path / "work.mp4")
    write_edited(work, tmp_path / "small.mp4", ["reencode"])
    assert (tmp_path / "small.mp4").stat().st_size * 2 < work.stat().st_size


@pytest.mark.parametrize(
    ("edits", "start_s", "end_s", "speed", "said"),
    [
        (["sepia"], 0.0, 2.0, 1.0, "sepia"),
        ([], 0.0, 9.0, 1.0, "4.000 s long"),
        ([], 2.0, 2.0, 1.0, "not an interval"),
        ([], 0.0, 2.0, 3.0, "0.5 to 2"),
    ],
)
def test_what_cannot_be_written_is_refused(
    works: tuple[Path, Path], tmp_path: Path, edits: list[str], start_s: float, end_s: float, speed: float, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        write_edited(works[0], tmp_path / "copy.mp4", edits, start_s=start_s, end_s=end_s, speed=speed)
