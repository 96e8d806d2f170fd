"""Files that are bad, odd or hostile: one line with the file's name and the reason, and nothing else happens."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tomeishi.config import Limits
from tomeishi.errors import NotFound, TomeishiError, UnreadableMedia
from tomeishi.media.probe import probe
from tomeishi.media.sample import Frame, SamplePlan, Sampling, frames_at, sample
from tomeishi.media.sound import sound
from tomeishi.testing import broken
from tomeishi.testing.films import film
from tomeishi.testing.recording import write_media
from tomeishi.values import MediaKind

LIMITS = Limits()


def taken(path: Path, limits: Limits = LIMITS) -> tuple[Sampling, list[Frame]]:
    with sample(path, SamplePlan(), limits) as sampling:
        return sampling, list(sampling)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Ten seconds of coloured noise that drifts, as .mp4, .mkv and .webm."""
    folder = tmp_path_factory.mktemp("films")
    wide = np.random.default_rng(3).integers(0, 256, (9, 64, 3), np.uint8).repeat(20, 0).repeat(20, 1)
    frames = [np.ascontiguousarray(wide[:, shift * 4 : shift * 4 + 320]) for shift in range(240)]
    tone = (np.sin(np.arange(480_000) / 20) / 2).astype(np.float32)
    paths = {suffix: folder / f"film.{suffix}" for suffix in ("mp4", "mkv", "webm")}
    for path in paths.values():
        write_media(path, frames, rate_hz=24, sound=tone)
    return paths


def one_line_about(path: Path, call: Callable[[], object], kind: type[TomeishiError] = UnreadableMedia) -> str:
    """The message of the error that `call` raises, held to what every message must be."""
    with pytest.raises(kind) as raised:
        call()
    message = str(raised.value)
    assert message.isprintable()
    assert path.name in message
    assert len(message) < 400
    return message


def refused(path: Path, limits: Limits = LIMITS) -> str:
    """The message with which probing and sampling both refuse `path`."""
    message = one_line_about(path, lambda: probe(path, limits))
    assert one_line_about(path, lambda: taken(path, limits)) == message
    return message


def read_or_refused(path: Path) -> tuple[Sampling, list[Frame]] | None:
    """What `path` yields, or None where it is refused in one clean line; anything else is a bug."""
    try:
        return taken(path)
    except UnreadableMedia as error:
        if not str(error).isprintable():
            raise
        return None


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "none.mp4"
    for call in (
        lambda: probe(path, LIMITS),
        lambda: taken(path),
        lambda: frames_at(path, [0], LIMITS),
        lambda: sound(path, 16000, LIMITS),
    ):
        assert one_line_about(path, call, NotFound).endswith("none.mp4: no such file")


def test_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path).endswith("is a folder, not a media file")


def test_an_empty_file(tmp_path: Path) -> None:
    assert refused(broken.empty(tmp_path / "empty.mp4")).endswith("is empty (0 bytes)")


def test_a_pipe_without_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert refused(tmp_path / "pipe.mp4").endswith("is not a regular file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = broken.text(tmp_path / "private.mp4")
    path.chmod(0)
    assert refused(path).endswith("permission denied")


def test_a_name_that_would_break_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a\nb\x1b[31m.mp4"
    with pytest.raises(NotFound) as raised:
        probe(path, LIMITS)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("name", ["text.mp4", "text.png", "text.gif", "text.mp3", "text"])
def test_text_that_says_it_is_media(tmp_path: Path, name: str) -> None:
    assert "not a video, sound or picture file" in refused(broken.text(tmp_path / name))


@pytest.mark.parametrize("size", [1, 100, 5000, 300_000])
def test_random_bytes(tmp_path: Path, size: int) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(random.Random(size).randbytes(size))
    refused(path)


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{film}\n#EXT-X-ENDLIST\n",
    "address.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{film}'\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT10S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" '
    'bandwidth="1"><BaseURL>file://{film}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "picture.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{film}"/></svg>',
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_list_of_other_files_opens_none_of_them(tmp_path: Path, films: dict[str, Path], name: str) -> None:
    path = tmp_path / name
    path.write_text(PLAYLISTS[name].format(film=films["mp4"]))
    assert "not a video, sound or picture file" in refused(path)


@pytest.mark.parametrize("name", ["bomb.png", "bomb.mp4"])
def test_a_picture_of_ten_thousand_million_pixels(tmp_path: Path, name: str) -> None:
    assert "larger than the limit of 67,108,864 pixels" in refused(broken.giant_picture(tmp_path / name))


def test_a_film_of_frames_beyond_the_limit(films: dict[str, Path]) -> None:
    assert "320 x 180 pixels" in refused(films["mp4"], Limits(pixels=320 * 180 - 1))


def test_a_picture_just_beyond_the_limit(tmp_path: Path) -> None:
    Image.new("RGB", (100, 100)).save(tmp_path / "a.png")
    assert "limit of 9,999 pixels" in refused(tmp_path / "a.png", Limits(pixels=9999))
    assert probe(tmp_path / "a.png", Limits(pixels=10_000)).video is not None


@pytest.mark.parametrize("suffix", ["mkv", "webm"])
def test_a_film_cut_off_is_read_as_far_as_it_goes(tmp_path: Path, films: dict[str, Path], suffix: str) -> None:
    path = broken.truncated(films[suffix], tmp_path / f"cut.{suffix}", 0.6)
    sampling, frames = taken(path)
    assert sampling.partial is not None
    assert sampling.partial.reason.startswith("the file declares 10.0 s and ends after ")
    assert 4 < sampling.partial.until < 8
    assert sampling.partial.until - 1 < frames[-1].time_s <= sampling.partial.until
    assert sampling.duration_s == sampling.partial.until


def test_a_film_whose_index_comes_last_is_unreadable_when_cut_off(tmp_path: Path, films: dict[str, Path]) -> None:
    path = broken.truncated(films["mp4"], tmp_path / "cut.mp4", 0.6)
    assert "cut off before its index" in refused(path)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
def test_a_film_cut_off_in_its_header(tmp_path: Path, films: dict[str, Path], suffix: str) -> None:
    path = tmp_path / f"head.{suffix}"
    path.write_bytes(films[suffix].read_bytes()[:200])
    refused(path)


@pytest.mark.parametrize("suffix", ["mkv", "webm"])
def test_a_film_that_says_it_is_ten_hours_long(tmp_path: Path, films: dict[str, Path], suffix: str) -> None:
    path = broken.lying_about_duration(films[suffix], tmp_path / f"lie.{suffix}", 36_000)
    sampling, _ = taken(path)
    assert probe(path, LIMITS).duration_s == pytest.approx(36_000)
    assert sampling.duration_s == pytest.approx(10, abs=0.1)
    assert sampling.partial is not None
    assert sampling.partial.reason == "the file declares 36000.0 s and ends after 10.0 s"


@pytest.mark.parametrize("suffix", ["mkv", "webm"])
def test_a_film_that_says_it_is_one_second_long(tmp_path: Path, films: dict[str, Path], suffix: str) -> None:
    path = broken.lying_about_duration(films[suffix], tmp_path / f"lie.{suffix}", 1)
    sampling, frames = taken(path)
    assert sampling.duration_s == pytest.approx(10, abs=0.1)
    assert frames[-1].time_s > 9
    assert sampling.partial is None


@pytest.mark.parametrize("claimed_s", [1.0, 36_000.0])
def test_an_mp4_that_lies_about_its_duration_keeps_its_own_time(
    tmp_path: Path, films: dict[str, Path], claimed_s: float
) -> None:
    sampling, frames = taken(broken.lying_about_duration(films["mp4"], tmp_path / "lie.mp4", claimed_s))
    assert frames
    assert sampling.duration_s <= 10.1


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize("seed", range(3))
def test_a_film_with_rotten_bytes_is_read_or_refused_and_never_a_bug(
    tmp_path: Path, films: dict[str, Path], suffix: str, seed: int
) -> None:
    data, rng = bytearray(films[suffix].read_bytes()), random.Random(seed)
    for _ in range(30):
        at = rng.randrange(len(data))
        data[at : at + 20] = rng.randbytes(20)
    path = tmp_path / f"rotten.{suffix}"
    path.write_bytes(data)
    read = read_or_refused(path)
    if read is not None:
        sampling, frames = read
        assert [frame.time_s for frame in frames] == sorted(frame.time_s for frame in frames)
        assert 0 <= sampling.duration_s < LIMITS.duration_s + 1


def test_a_jpeg_cut_off_is_partial(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    sampling, frames = taken(broken.truncated(tmp_path / "whole.jpg", tmp_path / "cut.jpg", 0.5))
    assert len(frames) == 1
    assert sampling.partial is not None
    assert sampling.partial.reason == "the picture is cut off"


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp", "tiff", "bmp"])
def test_a_picture_cut_off_at_any_byte_is_read_or_refused(tmp_path: Path, suffix: str) -> None:
    Image.radial_gradient("L").convert("RGB").save(tmp_path / f"whole.{suffix}")
    for share in (0.01, 0.3, 0.9):
        path = broken.truncated(tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}", share)
        read = read_or_refused(path)
        if read is not None:
            sampling, frames = read
            assert len(frames) == 1
            assert sampling.partial is not None or suffix in ("bmp", "gif", "tiff")


def test_an_animation_cut_off_is_partial(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    pictures = [Image.fromarray(rng.integers(0, 256, (60, 60), np.uint8)) for _ in range(20)]
    pictures[0].save(tmp_path / "whole.gif", save_all=True, append_images=pictures[1:], duration=200)
    sampling, frames = taken(broken.truncated(tmp_path / "whole.gif", tmp_path / "cut.gif", 0.5))
    assert 0 < frames[-1].time_s < 3
    assert sampling.partial is not None


def test_sound_without_picture_is_sound(tmp_path: Path) -> None:
    path = broken.sound_only(film(3, duration_s=5.0), tmp_path / "song.m4a")
    assert probe(path, LIMITS).kind is MediaKind.SOUND
    assert "no picture" in one_line_about(path, lambda: frames_at(path, [0], LIMITS))


def test_picture_without_sound_has_no_sound(tmp_path: Path) -> None:
    path = broken.flat(tmp_path / "flat.mp4", (9, 9, 9), duration_s=1)
    assert probe(path, LIMITS).sound is None
    assert "no sound" in one_line_about(path, lambda: sound(path, 16000, LIMITS))
