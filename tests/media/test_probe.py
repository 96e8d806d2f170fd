from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tomeishi.config import Limits
from tomeishi.media.probe import probe
from tomeishi.values import MediaKind

Write = Callable[..., Path]
LIMITS = Limits()
EVEN = [Fraction(number, 24) for number in range(48)]


def test_a_film_is_told_with_its_streams(tmp_path: Path, write: Write) -> None:
    film = write(tmp_path / "a.mp4", EVEN, options={"bf": "2"}, tone_s=2)
    info = probe(film, LIMITS)
    assert (info.path, info.kind, info.container, info.size_bytes) == (
        film,
        MediaKind.VIDEO,
        "mov",
        film.stat().st_size,
    )
    assert info.duration_s == pytest.approx(2, abs=0.1)
    assert info.video is not None
    assert (info.video.codec, info.video.width, info.video.height, info.video.rotation) == ("h264", 160, 96, 0)
    assert info.video.rate_hz == pytest.approx(24)
    assert info.video.has_b_frames
    assert info.sound is not None
    assert (info.sound.codec, info.sound.rate_hz, info.sound.channels) == ("aac", 48000, 1)


def test_a_cover_picture_makes_no_film_of_a_song(tmp_path: Path) -> None:
    song = tmp_path / "a.mp3"
    with av.open(song, "w") as container:
        sound: Any = container.add_stream("mp3", rate=44100, layout="mono")
        cover: Any = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        container.mux(cover.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")))
        container.mux(cover.encode(None))
        wave = (np.sin(np.arange(88200) / 10) / 2).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    info = probe(song, LIMITS)
    assert (info.kind, info.video) == (MediaKind.SOUND, None)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.webp", "a.tiff", "a.bmp", "a.avif"])
def test_a_picture_is_told_by_its_first_bytes_and_not_by_its_name(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (48, 32), "red").save(tmp_path / name)
    renamed = (tmp_path / name).rename(tmp_path / "picture.mp4")
    info = probe(renamed, LIMITS)
    assert info.kind is MediaKind.IMAGE
    assert info.duration_s == 1
    assert info.video is not None
    assert (info.video.width, info.video.height) == (48, 32)


def test_a_film_with_subtitles_is_opened_like_another(tmp_path: Path, write: Write) -> None:
    film = write(tmp_path / "a.mp4", EVEN[:24])
    with av.open(film) as source, av.open(tmp_path / "b.mkv", "w") as container:
        picture = container.add_stream_from_template(source.streams.video[0])
        subtitles: Any = container.add_stream("srt")
        subtitles.codec_context.subtitle_header = b"[Script Info]\nScriptType: v4.00+\n"
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                container.mux(packet)
    assert probe(tmp_path / "b.mkv", LIMITS).kind is MediaKind.VIDEO
