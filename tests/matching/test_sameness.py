"""Copies and edits are told apart by colours at the moments of anchors."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.anchors import Anchors
from tomeishi.fingerprint.local import local_features
from tomeishi.matching.matches import Match
from tomeishi.matching.sameness import settled
from tomeishi.media.sample import Frame
from tomeishi.testing.changes import Moment
from tomeishi.testing.edits import edited
from tomeishi.testing.films import film, frames
from tomeishi.values import Band, Interval, Kind, Segment

RATE_HZ = 8
SHOWN = [np.ascontiguousarray(frame) for frame in frames(film(73, 6.0), RATE_HZ, 320, 180)]
ANCHORS = Anchors(np.arange(1.0, 6.0), tuple(local_features(SHOWN[n * RATE_HZ]) for n in range(1, 6)))


def _kind(change: str | None, *, seconds: float = 5.0, before: Kind = Kind.COPY, anchors: Anchors = ANCHORS) -> Kind:
    """Of a clip that shows the reference from its second 1 on, altered."""

    def at(time_s: float) -> NDArray[np.uint8]:
        picture = SHOWN[min(round((time_s + 1) * RATE_HZ), len(SHOWN) - 1)]
        altered = picture if change is None else edited(picture, [change], Moment(4, time_s, SHOWN[0]))
        coded = cv2.imdecode(cv2.imencode(".jpg", altered, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)
        return np.asarray(coded, np.uint8)

    def pictures_at(times_s: Sequence[float]) -> list[Frame]:
        return [Frame(time_s, at(time_s), False) for time_s in times_s]

    segment = Segment(Interval(0.0, seconds), Interval(1.0, 6.0), 1.0)
    return settled(Match(before, Band.STRONG, 1.0, (segment,)), anchors, pictures_at).kind


def test_a_picture_encoded_anew_is_a_copy() -> None:
    assert _kind(None, before=Kind.EDIT) is Kind.COPY


@pytest.mark.parametrize(
    "change", ["grey", "hue", "brightness_contrast", "caption", "logo", "crop_5", "mirror", "letterbox", "overlay_50"]
)
def test_an_altered_picture_is_an_edit(change: str) -> None:
    assert _kind(change) is Kind.EDIT


def test_another_speed_is_an_edit() -> None:
    assert _kind(None, seconds=4.0) is Kind.EDIT


def test_without_anchors_a_match_keeps_its_kind() -> None:
    none = Anchors(np.zeros(0), ())
    assert _kind("grey", anchors=none) is Kind.COPY
