"""Sound from registration to sealed evidence: of a song alone, and of a song under other pictures."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tomeishi.testing.films import film, frames
from tomeishi.testing.recording import SOUND_RATE_HZ, add_sound, write_media
from tomeishi.testing.sound_edits import SOUND_EDITS, Sound
from tomeishi.testing.tunes import tune

Command = Callable[..., Any]

SONG = tune(41, 30.0, SOUND_RATE_HZ)


def write_sound(path: Path, samples: Sound) -> Path:
    codec = {".mp3": "libmp3lame", ".ogg": "libopus", ".wav": "pcm_s16le", ".flac": "flac", ".mka": "pcm_s16le"}[
        path.suffix
    ]
    with av.open(path, "w", options={"fflags": "+bitexact"}) as container:
        track = add_sound(container, codec)
        resampler = av.AudioResampler(format=track.format, layout="mono", rate=SOUND_RATE_HZ)
        for start in range(0, len(samples), 4800):
            piece = np.clip(samples[start : start + 4800], -1, 1)[None, :]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="fltp", layout="mono")
            frame.sample_rate = SOUND_RATE_HZ
            for ready in resampler.resample(frame):
                container.mux(track.encode(ready))
        for ready in resampler.resample(None):
            container.mux(track.encode(ready))
        container.mux(track.encode(None))
    return path


def changed(name: str, start_s: float, end_s: float) -> Sound:
    part = SONG[int(start_s * SOUND_RATE_HZ) : int(end_s * SOUND_RATE_HZ)]
    return SOUND_EDITS[name].apply(part, SOUND_RATE_HZ, np.random.default_rng(1))


def screened(tomeishi: Command, path: Path) -> dict[str, Any]:
    (line,) = tomeishi("screen", "--jsonl", path).out.splitlines()
    words: dict[str, Any] = json.loads(line)
    return words


@pytest.fixture
def song(tomeishi: Command, tmp_path: Path) -> Path:
    path = write_sound(tmp_path / "song.mp3", SONG)
    added = tomeishi("works", "add", "--member", "星川スタジオ", "--title", "彗星のうた", path)
    assert added.code == 0, added.err
    return path


@pytest.mark.parametrize("suffix", ["wav", "ogg", "flac"])
def test_a_changed_piece_of_a_song_is_found_in_sound_alone(
    tomeishi: Command, song: Path, tmp_path: Path, suffix: str
) -> None:
    query = write_sound(tmp_path / f"query.{suffix}", changed("speed 1.05", 10.0, 18.0))
    answer = screened(tomeishi, query)
    assert (answer["checked"], answer["partial"]) == (["sound"], None)
    assert answer["duration"] == pytest.approx(8 / 1.05, abs=0.1)
    (finding,) = answer["findings"]
    assert (finding["kind"], finding["band"], finding["title"]) == ("sound", "strong", "彗星のうた")
    assert (finding["permission"]["use"], answer["verdict"]) == ("reproduce", "block")
    assert finding["segments"][0] == pytest.approx([0, 8 / 1.05, 10, 18], abs=1.0)


def test_a_clip_matches_one_work_by_picture_and_another_by_sound_and_both_are_sealed(
    tomeishi: Command, song: Path, tmp_path: Path
) -> None:
    pictures = film(71, 10.0)
    reference, query = tmp_path / "film.mp4", tmp_path / "mixed.mp4"
    for path, sound in ((reference, tune(72, 10.0, SOUND_RATE_HZ)), (query, changed("noise 10 dB", 5.0, 15.0))):
        write_media(path, frames(pictures, 12.0, 320, 180), rate_hz=12.0, sound=sound)
    assert tomeishi("works", "add", "--member", "月見プロ", "--title", "月の舟", reference).code == 0
    answer = screened(tomeishi, query)
    assert {(each["title"], each["kind"] == "sound") for each in answer["findings"]} == {
        ("月の舟", False),
        ("彗星のうた", True),
    }
    reported = tomeishi("report", query, "--out", tmp_path / "evidence", "--json")
    words = json.loads(reported.out)
    assert (reported.code, words["without_pairs"]) == (1, [])
    with zipfile.ZipFile(words["package"]) as archive:
        sealed = json.loads(archive.read("screening.json"))
        pairs = json.loads(archive.read("frame-pairs/pairs.json"))
    kinds = [finding["kind"] for finding in sealed["findings"]]
    assert sorted(kinds)[-1] == "sound"
    assert {pair["finding"] for pair in pairs} == {kinds.index(next(k for k in kinds if k != "sound"))}
    assert tomeishi("verify", words["package"]).code == 0


def test_what_was_excluded_of_a_song_is_not_found(tomeishi: Command, song: Path, tmp_path: Path) -> None:
    query = write_sound(tmp_path / "query.wav", changed("as it is", 2.0, 8.0))
    (finding,) = screened(tomeishi, query)["findings"]
    exclude = ("works", "exclude", finding["reference_id"], "0", "30", "--reason", "共通の主題歌")
    assert tomeishi("works", "exclude", finding["reference_id"], "29", "29.5", "--reason", "無関係").code == 0
    assert len(screened(tomeishi, query)["findings"]) == 1
    assert tomeishi(*exclude).code == 0
    assert screened(tomeishi, query)["findings"] == []


def test_two_sounds_are_compared(tomeishi: Command, song: Path, tmp_path: Path) -> None:
    query = write_sound(tmp_path / "query.wav", changed("pitch +100 cents", 10.0, 18.0))
    outcome = tomeishi("compare", query, song, "--json", "--html", tmp_path / "page.html")
    words = json.loads(outcome.out)
    assert (outcome.code, words["kind"], words["checked"]) == (1, "sound", ["sound"])
    assert words["segments"] == words["sound"]["segments"]
    assert words["segments"][0] == pytest.approx([0, 8, 10, 18], abs=1.0)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<polygon") == len(words["segments"])
    assert "the same sound" in page
    assert "同一の音声" in page


@pytest.mark.parametrize("samples", [np.zeros(SOUND_RATE_HZ * 4, np.float32), SONG[: SOUND_RATE_HZ // 2]])
def test_silence_and_half_a_second_are_listened_to_and_clear(
    tomeishi: Command, song: Path, tmp_path: Path, samples: Sound
) -> None:
    answer = screened(tomeishi, write_sound(tmp_path / "query.wav", samples))
    assert (answer["findings"], answer["verdict"], answer["checked"]) == ([], "clear", ["sound"])


def test_sound_is_named_as_checked_only_where_there_is_some(tomeishi: Command, song: Path, tmp_path: Path) -> None:
    mute = tmp_path / "mute.mp4"
    write_media(mute, frames(film(73, 3.0), 12.0, 320, 180), rate_hz=12.0)
    assert screened(tomeishi, mute)["checked"] == ["copy", "edit"]


def test_sound_cut_off_is_partial_and_never_clear(tomeishi: Command, song: Path, tmp_path: Path) -> None:
    whole = write_sound(tmp_path / "whole.mka", tune(43, 20.0, SOUND_RATE_HZ)).read_bytes()
    cut = tmp_path / "cut.mka"
    cut.write_bytes(whole[: len(whole) // 2])
    answer = screened(tomeishi, cut)
    assert answer["verdict"] == "review"
    assert answer["partial"]["until"] == pytest.approx(10, abs=0.5)


def test_a_song_that_was_cut_off_is_registered_as_far_as_it_goes(tomeishi: Command, tmp_path: Path) -> None:
    whole = write_sound(tmp_path / "song.mka", SONG).read_bytes()
    cut = tmp_path / "cut.mka"
    cut.write_bytes(whole[: len(whole) // 2])
    added = tomeishi("works", "add", "--member", "会員", "--title", "題", "--json", cut)
    assert (added.code, len(json.loads(added.out)["references"])) == (3, 1)
    query = write_sound(tmp_path / "query.wav", changed("as it is", 2.0, 8.0))
    assert len(screened(tomeishi, query)["findings"]) == 1
