"""Local features and the anchors that are kept of a reference."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.errors import BadInput
from tomeishi.fingerprint.anchors import AnchorMaker, Anchors
from tomeishi.fingerprint.descriptor import Rows
from tomeishi.fingerprint.local import MIRRORED, MOST, local_features
from tomeishi.media.sample import Frame
from tomeishi.testing.films import film, frames

SHOWN = [np.ascontiguousarray(frame) for frame in frames(film(31, 6.0), 1, 320, 180)]


def _maker(pictures: list[NDArray[np.uint8]], rows: list[NDArray[np.float32]], step_s: float) -> AnchorMaker:
    maker = AnchorMaker()
    shown = [Frame(n * step_s, picture, False) for n, picture in enumerate(pictures)]
    maker.see(shown, [Rows(np.stack(rows), np.ones(len(rows), np.float32))])
    return maker


def _other_rows(count: int) -> Iterator[NDArray[np.float32]]:
    for n in range(count):
        yield np.eye(8, dtype=np.float32)[n % 8]


@pytest.fixture(scope="module")
def anchors() -> Anchors:
    return _maker(SHOWN, list(_other_rows(len(SHOWN))), 1.0).anchors()


def test_a_mirrored_picture_has_the_same_features_with_their_bits_in_another_order() -> None:
    plain, mirrored = local_features(SHOWN[2]), local_features(np.ascontiguousarray(SHOWN[2][:, ::-1]))
    ours = {row.tobytes() for row in np.packbits(np.unpackbits(plain.bits, axis=1)[:, MIRRORED], axis=1)}
    same = sum(row.tobytes() in ours for row in mirrored.bits)
    assert same > 0.4 * len(mirrored)


def test_features_lie_inside_the_picture_and_are_bounded() -> None:
    found = local_features(SHOWN[1])
    assert 40 < len(found) <= MOST
    assert found.width == 1.0
    assert found.height == pytest.approx(180 / 320)
    assert (found.points[:, 0] <= found.width).all()
    assert (found.points[:, 1] <= found.height).all()


def test_a_plain_picture_has_no_features() -> None:
    assert len(local_features(np.full((90, 160, 3), 128, np.uint8))) == 0


def test_anchors_come_back_from_their_file(anchors: Anchors) -> None:
    read = Anchors.from_bytes(anchors.to_bytes())
    assert read.to_bytes() == anchors.to_bytes()
    assert read.times_s.tolist() == anchors.times_s.tolist()
    assert np.abs(read.pictures[0].points[:, :2] - anchors.pictures[0].points[:, :2]).max() < 1e-4
    assert np.abs(read.pictures[0].points[:, 2] / anchors.pictures[0].points[:, 2] - 1).max() < 0.05


@pytest.mark.parametrize("at", [0, 7, 9, 30, -40, -1])
def test_a_damaged_file_of_anchors_is_refused(anchors: Anchors, at: int) -> None:
    data = bytearray(anchors.to_bytes())
    data[at] ^= 1
    with pytest.raises(BadInput):
        Anchors.from_bytes(bytes(data))


def test_a_shortened_file_of_anchors_is_refused(anchors: Anchors) -> None:
    for length in (0, 10, 60, len(anchors.to_bytes()) - 1):
        with pytest.raises(BadInput):
            Anchors.from_bytes(anchors.to_bytes()[:length])


def test_a_standing_picture_gets_an_anchor_only_now_and_then() -> None:
    row = next(_other_rows(1))
    standing = _maker([SHOWN[0]] * 20, [row] * 20, 0.5).anchors()
    assert standing.times_s.tolist() == [0.0, 4.0, 8.0]


def test_a_changing_picture_gets_at_most_one_anchor_a_second() -> None:
    changing = _maker((SHOWN * 4)[:20], list(_other_rows(20)), 0.5).anchors()
    assert changing.times_s.tolist() == [float(n) for n in range(10)]


def test_a_blank_frame_is_no_anchor() -> None:
    maker = AnchorMaker()
    rows = Rows(np.eye(8, dtype=np.float32)[:1], np.zeros(1, np.float32))
    maker.see([Frame(0.0, SHOWN[0], False)], [rows])
    assert len(maker.anchors().times_s) == 0


def test_a_film_without_anchors_has_a_file_too() -> None:
    none = Anchors(np.zeros(0), ())
    assert len(Anchors.from_bytes(none.to_bytes()).pictures) == 0
    assert none.nearest(3.0, 2) == []


def test_the_nearest_anchors_come_first(anchors: Anchors) -> None:
    assert anchors.nearest(2.9, 2) == [3, 2]


def test_a_picture_larger_than_it_can_be_is_refused(anchors: Anchors) -> None:
    wide = Anchors(anchors.times_s[:1], (replace(anchors.pictures[0], width=2.0),))
    with pytest.raises(BadInput):
        Anchors.from_bytes(wide.to_bytes())
