"""Ends of segments are found between samples, and left alone where nothing tells."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.image import ImageDescriptor
from tomeishi.matching.align import Track
from tomeishi.matching.matches import Frames, Match
from tomeishi.matching.refining import refined
from tomeishi.media.sample import Frame
from tomeishi.testing.films import film, frames
from tomeishi.values import Band, Interval, Kind, Segment

HZ = 12
REFERENCE = list(frames(film(81, 14.0), HZ, 256, 144))
OTHER = list(frames(film(82, 12.0), HZ, 256, 144))
IMAGE = ImageDescriptor()


def _reference() -> Frames:
    rows = IMAGE.describe(np.stack(REFERENCE[:: HZ // 2]))
    count = len(rows.values)
    track = Track(np.arange(count) / 2, len(REFERENCE) / HZ)
    return Frames(track, rows.values.astype(np.float32), np.zeros((count, 32), np.uint8), np.ones(count, np.float32))


def _refined(shown: Sequence[NDArray[np.uint8]], segment: Segment) -> Segment:
    def pictures_at(times_s: Sequence[float]) -> list[Frame]:
        numbers = [min(len(shown) - 1, int(time_s * HZ + 1e-6)) for time_s in times_s]
        return [Frame(number / HZ, shown[number], False) for number in numbers]

    found = Match(Kind.COPY, Band.STRONG, 0.99, (segment,))
    return refined(found, len(shown) / HZ, _reference(), IMAGE, pictures_at).segments[0]


@pytest.mark.parametrize("backwards", [False, True])
def test_both_ends_are_found_between_samples(backwards: bool) -> None:
    clip = REFERENCE[49:111]
    query = [*OTHER[:40], *(clip[::-1] if backwards else clip), *OTHER[40:80]]
    truth = Interval(40 / HZ, 102 / HZ), Interval(49 / HZ, 111 / HZ)
    early, late = (0.4, -0.35) if backwards else (-0.35, 0.4)
    coarse = Segment(
        Interval(truth[0].start - 0.35, truth[0].end + 0.4),
        Interval(truth[1].start - abs(early), truth[1].end + abs(late)),
        0.99,
        backwards=backwards,
    )
    found = _refined(query, coarse)
    for mine, true in zip((found.query, found.reference), truth, strict=True):
        assert mine.start == pytest.approx(true.start, abs=0.13)
        assert mine.end == pytest.approx(true.end, abs=0.13)


def test_the_ends_of_the_query_itself_are_not_looked_at() -> None:
    segment = Segment(Interval(0.0, 5.0), Interval(4.0, 9.0), 0.99)
    assert _refined(REFERENCE[48:108], segment) == segment


def test_an_end_without_a_step_stays() -> None:
    segment = Segment(Interval(2.0, 6.0), Interval(4.0, 8.0), 0.99)
    assert _refined(REFERENCE[24:150], segment) == segment
