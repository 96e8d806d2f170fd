"""What is told of a character that was found in several shots, near to drawings of several references."""

from datetime import UTC, datetime

import numpy as np

from tomeishi.fingerprint.figure import SPEC, FigureDescriptor
from tomeishi.matching.cast import Cast, EnrolledCharacter
from tomeishi.matching.figures import Enrolled, FigureMatch, Near, Seen, shipped
from tomeishi.registry.drawings import Drawing
from tomeishi.screening.figures import Figures
from tomeishi.values import Band, Box, Interval

BOX = Box(0.1, 0.1, 0.5, 0.5)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DRAWINGS = {
    name: Drawing(name, "chr_1", reference, time_s, BOX, None, NOW)
    for name, reference, time_s in (("a", "ref_1", 2.0), ("b", "ref_2", 7.0), ("c", "ref_1", 4.0))
}


def _seen(start: float, score: float, *near: str) -> Seen:
    nearest = tuple(Near(each, "chr_1", 0.9) for each in near)
    return Seen(Interval(start, start + 1), BOX, score, nearest, None)


def test_all_segments_of_a_finding_lie_in_the_one_reference_that_it_names() -> None:
    row = np.eye(1, SPEC.dim, dtype=np.float32)
    enrolled = Enrolled(np.concatenate([row] * 3), list(DRAWINGS), ["chr_1"] * 3, np.zeros((0, SPEC.dim), np.float32))
    role = EnrolledCharacter("chr_1", "Poltan", "wrk_1", "Stray Star", "mem_1", "Hoshiboshi", {})
    figures = Figures(FigureDescriptor(), Cast(enrolled, DRAWINGS, {"chr_1": role}), shipped())
    tracks = (_seen(0, 0.99, "a", "b"), _seen(5, 0.9, "b", "c"), _seen(9, 0.8, "b"))
    segments = figures.segments(FigureMatch("chr_1", Band.STRONG, 0.99, tracks))
    assert [each.reference.start for each in segments] == [2.0, 4.0, 2.0]
