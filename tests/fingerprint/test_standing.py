"""A picture that stands still is described once, and sound is listened to beside it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.config import Limits
from tomeishi.fingerprint.descriptor import DescriptorSpec, Rows
from tomeishi.fingerprint.extract import extract
from tomeishi.fingerprint.listening import perceive
from tomeishi.fingerprint.pdq import Pdq
from tomeishi.fingerprint.standing import glance, stands_still
from tomeishi.media.sample import SamplePlan
from tomeishi.testing.films import film, frames, write_film
from tomeishi.testing.recording import write_media

STILL = next(frames(film(31, 1.0), 8, 256, 144))


class Counting:
    """PDQ, with how many samples it was given, and which threads there were meanwhile."""

    def __init__(self) -> None:
        self.given = 0
        self.threads: set[str] = set()

    @property
    def spec(self) -> DescriptorSpec:
        return Pdq().spec

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        self.given += len(samples)
        self.threads |= {thread.name for thread in threading.enumerate()}
        return Pdq().describe(samples)


def _standing() -> Iterator[NDArray[np.uint8]]:
    for _ in range(80):
        yield STILL


def test_a_picture_that_stands_still_is_seldom_described_and_has_a_row_for_each_sample(tmp_path: Path) -> None:
    write_media(tmp_path / "still.mp4", _standing(), rate_hz=8)
    counting = Counting()
    extraction = extract(tmp_path / "still.mp4", [counting], SamplePlan(), Limits())
    rows = extraction.fingerprints["pdq-1"].rows
    assert counting.given <= 5
    assert len(rows) == 20
    assert len(np.unique(rows, axis=0)) == counting.given


def test_what_comes_after_a_still_has_rows_of_its_own(tmp_path: Path) -> None:
    moving = list(frames(film(32, 4.0), 8, 256, 144))
    write_media(tmp_path / "then.mp4", [*_standing(), *moving], rate_hz=8)
    counting = Counting()
    rows = extract(tmp_path / "then.mp4", [counting], SamplePlan(scene_changes=False), Limits()).fingerprints["pdq-1"]
    assert 7 < counting.given < len(rows.times_s)
    still, later = rows.rows[0].astype(np.uint8), rows.rows[rows.times_s > 10.2].astype(np.uint8)
    assert np.bitwise_count(still ^ later).sum(axis=1).min() > 31
    assert len(np.unique(later, axis=0)) == len(later)


def test_a_small_movement_is_no_standing_still() -> None:
    moved = STILL.copy()
    moved[40:60, 40:60] = 255 - moved[40:60, 40:60]
    assert stands_still(glance(STILL), glance(STILL))
    assert not stands_still(glance(STILL), glance(moved))


def test_sound_is_listened_to_while_pictures_are_described(tmp_path: Path) -> None:
    path = write_film(film(33, 4.0), tmp_path / "film.mp4", width=256, height=144)
    counting = Counting()
    extraction, heard = perceive(path, [counting], SamplePlan(), Limits())
    assert any(name.startswith("listen") for name in counting.threads)
    assert heard is not None
    assert heard.duration_s == pytest.approx(extraction.duration_s, abs=0.2)
