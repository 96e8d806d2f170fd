"""What of a query is glanced at through views, and what is spared."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import DescriptorSpec, Rows
from tomeishi.fingerprint.pdq import Pdq
from tomeishi.fingerprint.views import PARTS, View
from tomeishi.matching.pictures import GLANCE_EVERY, Known, Pictures
from tomeishi.media.sample import Frame
from tomeishi.testing.changes import Moment, stacked
from tomeishi.testing.films import film, frames

MOVING = list(frames(film(51, 20.0), 2, 320, 180))
OTHER = list(frames(film(52, 20.0), 2, 320, 180))


class Counting:
    """PDQ, with how many views it was shown."""

    def __init__(self) -> None:
        self.given = 0

    @property
    def spec(self) -> DescriptorSpec:
        return Pdq().spec

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        self.given += len(samples)
        return Pdq().describe(samples)


def _glances(shown: Sequence[NDArray[np.uint8]], known: Known | None = None, *, seams: bool = True) -> int:
    counting = Counting()
    pictures = Pictures([View(counting, box) for box in PARTS], known, seams=seams)
    described = Pdq().describe(np.stack(shown))
    pictures.see([Frame(n / 2, each, False) for n, each in enumerate(shown)], [described, described])
    return counting.given


def test_of_a_film_alone_only_the_middle_is_glanced_at() -> None:
    assert _glances(MOVING) == len(MOVING) / GLANCE_EVERY
    assert _glances(MOVING, seams=False) == len(PARTS) * len(MOVING) / GLANCE_EVERY


def test_of_a_stack_its_halves_are_glanced_at_too() -> None:
    shown = [stacked(one, Moment(2, 0.0, other)) for one, other in zip(MOVING, OTHER, strict=True)]
    assert _glances(shown) >= 2.5 * len(MOVING) / GLANCE_EVERY


def test_what_stands_still_is_glanced_at_seldom() -> None:
    assert _glances([MOVING[7]] * 40) < _glances(MOVING) / 2


def test_what_pdq_knows_is_not_glanced_at() -> None:
    assert _glances(MOVING, lambda bits: np.ones(len(bits), bool)) == 0
    assert _glances(MOVING, lambda bits: np.zeros(len(bits), bool)) == _glances(MOVING)
