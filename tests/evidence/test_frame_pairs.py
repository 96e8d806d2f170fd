import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tomeishi.config import Limits
from tomeishi.errors import NotFound, UnreadableMedia
from tomeishi.evidence.frame_pairs import MOST, frame_pairs, moments, to_png
from tomeishi.values import Interval, Segment, digest_of


def segment(start: float, length: float, reference: float, speed: float = 1.0) -> Segment:
    return Segment(Interval(start, start + length), Interval(reference, reference + speed * length), 0.9)


def film(path: Path, shade: int = 0) -> Path:
    """An animated GIF of ten pictures, one a second, each of its own grey."""
    pictures = [Image.new("L", (64, 48), shade + 20 * i) for i in range(10)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=1000)
    return path


def test_moments_lie_inside_their_segment_at_the_same_share_of_both_sides() -> None:
    assert moments([segment(0, 6, 100, speed=2)]) == [(0, 1, 102), (0, 3, 106), (0, 5, 110)]


def test_with_many_segments_the_longest_are_shown_in_their_order() -> None:
    asked = moments([segment(10 * i, 1 + i % 5, i) for i in range(50)])
    assert len(asked) == MOST
    assert [i for i, _, _ in asked] == sorted({i for i, _, _ in asked})
    assert {i for i, _, _ in asked} >= {i for i in range(50) if i % 5 == 4}


def test_no_segments_give_no_pairs(tmp_path: Path) -> None:
    assert frame_pairs(tmp_path / "gone", tmp_path / "gone", [], Limits()) == []


def test_pairs_are_the_frames_on_the_screen_with_their_own_times(tmp_path: Path) -> None:
    query, reference = film(tmp_path / "q.gif"), film(tmp_path / "r.gif", shade=10)
    pairs = frame_pairs(query, reference, [segment(2, 3, 5)], Limits())
    assert [(pair.query_time_s, pair.reference_time_s) for pair in pairs] == [(2, 5), (3, 6), (4, 7)]
    with Image.open(io.BytesIO(pairs[0].query_png)) as picture:
        assert picture.size == (64, 48)
        assert picture.getpixel((5, 5)) == (40, 40, 40)
    assert pairs[0].reference_digest == digest_of(pairs[0].reference_png)


def test_the_same_two_frames_are_shown_once(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), "red").save(tmp_path / "a.png")
    still = Segment(Interval(0, 1), Interval(0, 1), 0.9)
    assert len(frame_pairs(tmp_path / "a.png", tmp_path / "a.png", [still], Limits())) == 1


def test_a_side_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    query = film(tmp_path / "q.gif")
    (tmp_path / "text.mp4").write_text("not media")
    with pytest.raises(UnreadableMedia):
        frame_pairs(query, tmp_path / "text.mp4", [segment(0, 1, 0)], Limits())
    with pytest.raises(NotFound):
        frame_pairs(query, tmp_path / "gone.mp4", [segment(0, 1, 0)], Limits())


def test_large_pictures_are_made_smaller_and_the_same_pixels_give_the_same_bytes() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (900, 1600, 3), dtype=np.uint8)
    data = to_png(pixels)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (1280, 720)
    assert to_png(pixels.copy()) == data
