from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from numpy.typing import NDArray
from PIL import Image

from tomeishi.config import Limits
from tomeishi.errors import BadInput
from tomeishi.media.sample import Frame, FrameChoice, SamplePlan, Sampling, sample
from tomeishi.testing import broken
from tomeishi.values import MediaKind

Write = Callable[..., Path]
ReadNumber = Callable[[NDArray[np.uint8]], int]
LIMITS = Limits()
EVEN = [Fraction(number, 24) for number in range(72)]
B_FRAMES = {"preset": "superfast", "bf": "2", "b-pyramid": "none", "g": "24"}
WITHOUT_B_FRAMES = {"preset": "superfast", "bf": "0", "g": "12"}


def taken(path: Path, limits: Limits = LIMITS, **plan: Any) -> tuple[Sampling, list[Frame]]:
    plan = {"scene_changes": False, "frames": FrameChoice.ALL, **plan}
    with sample(path, SamplePlan(**plan), limits) as sampling:
        return sampling, list(sampling)


def test_the_grid_takes_the_first_frame_at_or_after_each_point(
    tmp_path: Path, write: Write, read_number: ReadNumber
) -> None:
    film = write(tmp_path / "a.mp4", EVEN, options=B_FRAMES)
    sampling, frames = taken(film, rate_hz=2)
    assert [read_number(frame.pixels) for frame in frames] == [0, 12, 24, 36, 48, 60]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5])
    assert sampling.duration_s == pytest.approx(3)
    assert sampling.partial is None


def test_a_rate_that_does_not_divide_the_frame_rate_never_takes_a_frame_too_early(
    tmp_path: Path, write: Write, read_number: ReadNumber
) -> None:
    film = write(tmp_path / "a.mkv", EVEN, options=WITHOUT_B_FRAMES)
    _, frames = taken(film, rate_hz=5)
    assert [read_number(frame.pixels) for frame in frames] == [-(-k * 24 // 5) for k in range(15)]


def test_an_uneven_frame_rate_is_sampled_by_presentation_time(
    tmp_path: Path, write: Write, read_number: ReadNumber
) -> None:
    times = [0, 0.05, 0.1, 0.7, 0.75, 2.25, 2.3, 2.5, 2.55]
    film = write(tmp_path / "a.mp4", times, options=B_FRAMES)
    _, frames = taken(film, rate_hz=2)
    # Points 0, .5, 1, 1.5, 2, 2.5: frame 3 serves .5, frame 5 serves 1, 1.5 and 2.
    assert [read_number(frame.pixels) for frame in frames] == [0, 3, 5, 7]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.7, 2.25, 2.5], abs=1e-3)


def test_b_frames_come_in_the_order_in_which_they_are_shown(
    tmp_path: Path, write: Write, read_number: ReadNumber
) -> None:
    film = write(tmp_path / "a.mp4", EVEN, options={**B_FRAMES, "bf": "4", "b-pyramid": "normal"})
    _, frames = taken(film, rate_hz=24)
    assert [read_number(frame.pixels) for frame in frames] == list(range(72))


def test_leaving_out_frames_that_no_other_needs_keeps_every_time_true(
    tmp_path: Path, write: Write, read_number: ReadNumber
) -> None:
    film = write(tmp_path / "a.mp4", EVEN, options=B_FRAMES)
    _, frames = taken(film, rate_hz=24, frames=FrameChoice.NONREF)
    numbers = [read_number(frame.pixels) for frame in frames]
    assert 20 < len(numbers) < 60
    assert [frame.time_s for frame in frames] == pytest.approx([number / 24 for number in numbers])


def test_a_film_of_frames_that_no_other_needs_is_decoded_in_full_after_the_first_hole(
    tmp_path: Path, write: Write
) -> None:
    long_runs = "bframes=16:b-adapt=0:b-pyramid=none:scenecut=0:keyint=250"
    film = write(tmp_path / "a.mp4", EVEN, options={"preset": "superfast", "x264-params": long_runs})
    _, frames = taken(film, rate_hz=6, frames=FrameChoice.NONREF)
    gaps = np.diff([frame.time_s for frame in frames])
    assert gaps[0] > 0.5
    assert max(gaps[1:]) < 0.2


def test_key_frames_alone_are_a_coarse_look(tmp_path: Path, write: Write, read_number: ReadNumber) -> None:
    film = write(tmp_path / "a.mp4", EVEN, options={**B_FRAMES, "sc_threshold": "0"})
    sampling, frames = taken(film, rate_hz=24, frames=FrameChoice.KEY)
    assert [read_number(frame.pixels) for frame in frames] == [0, 24, 48]
    assert sampling.duration_s == pytest.approx(3)


def test_a_film_that_begins_late_is_shown_late(tmp_path: Path, write: Write) -> None:
    film = write(tmp_path / "a.mp4", [time + 1 for time in EVEN[:24]], options=B_FRAMES)
    sampling, frames = taken(film, rate_hz=4)
    assert [frame.time_s for frame in frames] == pytest.approx([1, 1.25, 1.5, 1.75])
    assert sampling.duration_s == pytest.approx(2)


def test_what_an_edit_list_hides_is_not_shown(tmp_path: Path, write: Write, read_number: ReadNumber) -> None:
    whole = write(tmp_path / "whole.mp4", EVEN, options=B_FRAMES)
    film = broken.trimmed_by_edit_list(whole, tmp_path / "trimmed.mp4", 0.75)
    sampling, frames = taken(film, rate_hz=4)
    assert [read_number(frame.pixels) for frame in frames] == [18, 24, 30, 36, 42, 48, 54, 60, 66]
    assert [frame.time_s for frame in frames] == pytest.approx([k / 4 for k in range(9)])
    assert sampling.duration_s == pytest.approx(2.25, abs=0.05)


@pytest.mark.parametrize(("degrees", "quarter_turns"), [(90, 1), (180, 2), (270, 3)])
def test_a_turned_film_stands_upright(
    tmp_path: Path, write: Write, read_number: ReadNumber, degrees: int, quarter_turns: int
) -> None:
    flat = write(tmp_path / "flat.mp4", EVEN[:24], options=B_FRAMES)
    film = broken.rotated(flat, tmp_path / "turned.mp4", degrees)
    sampling, frames = taken(film, rate_hz=4)
    stored = [np.rot90(frame.pixels, quarter_turns) for frame in frames]
    assert [read_number(pixels) for pixels in stored] == [0, 6, 12, 18]
    video = sampling.info.video
    assert video is not None
    assert video.rotation == degrees
    assert frames[0].pixels.shape == (video.height, video.width, 3)
    assert (video.width, video.height) == ((96, 160) if quarter_turns % 2 else (160, 96))


def test_pixels_that_are_not_square_are_stretched_to_their_display_size(tmp_path: Path, write: Write) -> None:
    film = write(tmp_path / "a.mp4", EVEN[:12], options=B_FRAMES, aspect=Fraction(4, 3))
    _, frames = taken(film)
    assert frames[0].pixels.shape == (96, 213, 3)


def test_samples_are_made_smaller_and_never_larger(tmp_path: Path, write: Write, read_number: ReadNumber) -> None:
    film = write(tmp_path / "a.mp4", EVEN[:12], options=B_FRAMES)
    _, small = taken(film, max_side=80)
    _, same = taken(film, max_side=4000)
    assert small[0].pixels.shape == (48, 80, 3)
    assert same[0].pixels.shape == (96, 160, 3)
    assert read_number(small[0].pixels) == 0


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)])
def test_colours_are_red_green_blue_in_full_range(tmp_path: Path, write: Write, colour: tuple[int, int, int]) -> None:
    def draw(_number: int) -> NDArray[np.uint8]:
        return np.full((96, 160, 3), colour, np.uint8)

    film = write(tmp_path / "a.mp4", EVEN[:4], options={**B_FRAMES, "crf": "10"}, draw=draw)
    _, frames = taken(film)
    assert frames[0].pixels.mean(axis=(0, 1)) == pytest.approx(colour, abs=6)


def test_the_stream_that_a_player_shows_is_sampled(tmp_path: Path, read_number: ReadNumber) -> None:
    film = tmp_path / "two.mkv"
    with av.open(film, "w") as container:
        streams: list[Any] = [container.add_stream("libx264", rate=24, options=B_FRAMES) for _ in range(2)]
        for stream, (width, height) in zip(streams, [(32, 32), (160, 96)], strict=True):
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        streams[0].disposition = Disposition.visual_impaired
        streams[1].disposition = Disposition.default
        shown = np.full((96, 160, 3), 30, np.uint8)
        shown[:, :20] = 220
        for _ in range(24):
            for stream, pixels in zip(streams, (np.full((32, 32, 3), 200, np.uint8), shown), strict=True):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        for stream in streams:
            container.mux(stream.encode(None))
    sampling, frames = taken(film, rate_hz=4)
    assert sampling.info.video is not None
    assert sampling.info.video.index == 1
    assert {read_number(frame.pixels) for frame in frames} == {1}


def test_a_scene_change_adds_the_first_frame_of_the_new_shot(tmp_path: Path, write: Write) -> None:
    rng = np.random.default_rng(5)
    scenes = [rng.integers(0, 255, (6, 10, 3), np.uint8).repeat(16, 0).repeat(16, 1) for _ in range(3)]

    def draw(number: int) -> NDArray[np.uint8]:
        return np.asarray(np.roll(scenes[(number + 7) // 24], number, axis=1))

    film = write(tmp_path / "a.mp4", EVEN[:60], options=WITHOUT_B_FRAMES, draw=draw)
    _, frames = taken(film, rate_hz=1, scene_changes=True)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 17 / 24, 1, 41 / 24, 2])
    assert [frame.scene_change for frame in frames] == [False, True, False, True, False]


def test_steady_movement_and_noise_are_no_scene_changes(tmp_path: Path, write: Write) -> None:
    rng = np.random.default_rng(6)
    wide = rng.integers(0, 255, (6, 40, 3), np.uint8).repeat(16, 0).repeat(16, 1)

    def draw(number: int) -> NDArray[np.uint8]:
        grain = rng.integers(-20, 20, (96, 160, 3))
        return np.clip(wide[:, number * 6 : number * 6 + 160].astype(int) + grain, 0, 255).astype(np.uint8)

    film = write(tmp_path / "a.mp4", EVEN[:60], options=WITHOUT_B_FRAMES, draw=draw)
    _, frames = taken(film, rate_hz=1, scene_changes=True)
    assert not any(frame.scene_change for frame in frames)


def test_wide_pixel_formats_are_read_like_others(tmp_path: Path, write: Write, read_number: ReadNumber) -> None:
    film = write(tmp_path / "a.mkv", EVEN[:24], codec="ffv1", pixel_format="yuv420p10le")
    _, frames = taken(film, rate_hz=4, scene_changes=True)
    assert [read_number(frame.pixels) for frame in frames if not frame.scene_change][:2] == [0, 6]


def test_two_encodes_of_one_film_give_the_same_times(tmp_path: Path, write: Write) -> None:
    times = [
        [frame.time_s for frame in taken(film)[1]]
        for film in (
            write(tmp_path / "a.mp4", EVEN, options=B_FRAMES),
            write(tmp_path / "a.webm", EVEN, codec="libvpx", options={"deadline": "realtime", "b": "1M"}),
        )
    ]
    assert times[0] == pytest.approx(times[1], abs=0.002)


def test_a_still_picture_is_one_frame_that_lasts_a_second(tmp_path: Path) -> None:
    Image.new("RGB", (1000, 500), (10, 200, 30)).save(tmp_path / "a.png")
    sampling, frames = taken(tmp_path / "a.png", max_side=100)
    assert sampling.info.kind is MediaKind.IMAGE
    assert [(frame.time_s, frame.pixels.shape) for frame in frames] == [(0.0, (50, 100, 3))]
    assert frames[0].pixels[0, 0].tolist() == [10, 200, 30]
    assert (sampling.duration_s, sampling.partial) == (1.0, None)


def test_a_picture_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    picture = Image.new("RGB", (64, 32), "white")
    picture.paste((255, 0, 0), (0, 0, 32, 32))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif, quality=95)
    sampling, frames = taken(tmp_path / "a.jpg")
    assert frames[0].pixels.shape == (64, 32, 3)
    assert frames[0].pixels[8, 16] == pytest.approx([255, 0, 0], abs=8)
    assert sampling.info.video is not None
    assert (sampling.info.video.width, sampling.info.video.height, sampling.info.video.rotation) == (32, 64, 90)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tiff"])
def test_what_shines_through_stands_on_white(tmp_path: Path, name: str) -> None:
    Image.new("RGBA", (40, 40), (0, 0, 255, 0)).save(tmp_path / name)
    _, frames = taken(tmp_path / name)
    assert frames[0].pixels.min() > 250


def test_sixteen_bit_grey_is_scaled_and_not_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.full((20, 20), 0x8000, np.uint16)).save(tmp_path / "a.png")
    _, frames = taken(tmp_path / "a.png")
    assert frames[0].pixels[0, 0] == pytest.approx([128, 128, 128], abs=1)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_an_animation_is_a_film_with_its_own_delays(tmp_path: Path, name: str) -> None:
    greys = [Image.new("RGB", (32, 32), (value, value, value)) for value in (0, 60, 120, 180, 240)]
    delays = [100, 400, 50, 250, 1000]
    greys[0].save(tmp_path / name, save_all=True, append_images=greys[1:], duration=delays, loop=0)
    sampling, frames = taken(tmp_path / name, rate_hz=2)
    assert sampling.info.kind is MediaKind.VIDEO
    # Shown from 0, .1, .5, .55 and .8 s: .5 is met by the third, 1 and 1.5 by none after it.
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.5])
    assert frames[1].pixels[0, 0] == pytest.approx([120, 120, 120], abs=6)
    assert sampling.duration_s == pytest.approx(1.8)


def test_an_animation_without_delays_runs_as_in_a_browser(tmp_path: Path) -> None:
    greys = [Image.new("RGB", (32, 32), (value, value, value)) for value in (0, 60, 120)]
    greys[0].save(tmp_path / "a.gif", save_all=True, append_images=greys[1:], duration=0)
    sampling, _ = taken(tmp_path / "a.gif")
    assert sampling.duration_s == pytest.approx(0.3)


def test_sound_alone_yields_no_frame(tmp_path: Path) -> None:
    from tomeishi.testing.films import film

    path = broken.sound_only(film(3, duration_s=5.0), tmp_path / "a.m4a")
    sampling, frames = taken(path)
    assert frames == []
    assert sampling.info.kind is MediaKind.SOUND
    assert sampling.duration_s == pytest.approx(5, abs=0.1)


def test_the_measure_is_not_there_before_the_last_frame(tmp_path: Path, write: Write) -> None:
    film = write(tmp_path / "a.mp4", EVEN[:24], options=B_FRAMES)
    with sample(film, SamplePlan(), LIMITS) as sampling:
        next(sampling)
        with pytest.raises(RuntimeError):
            _ = sampling.duration_s


@pytest.mark.parametrize("plan", [{"rate_hz": 0}, {"rate_hz": float("nan")}, {"rate_hz": 1e9}, {"max_side": 0}])
def test_a_senseless_plan_is_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        SamplePlan(**plan)
