"""Media to fingerprints."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tomeishi.config import Limits
from tomeishi.errors import BadInput, NotFound, UnreadableMedia
from tomeishi.fingerprint.descriptor import DescriptorSpec, Rows
from tomeishi.fingerprint.extract import BATCH, extract
from tomeishi.fingerprint.pdq import Pdq
from tomeishi.fingerprint.shipped import shipped_descriptors
from tomeishi.media.sample import SamplePlan, sample
from tomeishi.testing import broken
from tomeishi.testing.films import film, frames, write_film
from tomeishi.values import MediaKind

FILM = film(5, 12.0)
PLAN = SamplePlan(rate_hz=4.0)


@pytest.fixture(scope="module")
def cartoon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(FILM, tmp_path_factory.mktemp("films") / "cartoon.mp4", width=320, height=180)


def test_every_descriptor_gets_a_row_for_every_frame(cartoon: Path) -> None:
    extraction = extract(cartoon, shipped_descriptors(), PLAN, Limits())
    with sample(cartoon, PLAN, Limits()) as sampling:
        times_s = [frame.time_s for frame in sampling]
    assert len(times_s) > 2 * BATCH
    assert list(extraction.fingerprints) == ["pdq-1", "image-2"]
    for fingerprint in extraction.fingerprints.values():
        assert fingerprint.times_s.tolist() == times_s
        assert fingerprint.duration_s == extraction.duration_s == pytest.approx(12, abs=0.1)
    assert extraction.info.kind is MediaKind.VIDEO
    assert extraction.partial is None


def test_rows_are_those_of_the_frames_described_one_by_one(cartoon: Path) -> None:
    extraction = extract(cartoon, [Pdq()], PLAN, Limits())
    with sample(cartoon, PLAN, Limits()) as sampling:
        alone = [Pdq().describe(frame.pixels[np.newaxis]).values[0] for frame in sampling]
    assert (extraction.fingerprints["pdq-1"].rows == np.stack(alone)).all()


def test_the_same_media_gives_the_same_bytes(cartoon: Path) -> None:
    first, second = (extract(cartoon, [Pdq()], PLAN, Limits()).fingerprints["pdq-1"].to_bytes() for _ in range(2))
    assert first == second


def test_a_still_picture_has_one_row_and_lasts_a_second(tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    Image.fromarray(next(frames(FILM, 1.0, 320, 180))).save(path)
    extraction = extract(path, shipped_descriptors(), PLAN, Limits())
    assert extraction.info.kind is MediaKind.IMAGE
    assert extraction.duration_s == 1
    assert [len(fingerprint.rows) for fingerprint in extraction.fingerprints.values()] == [1, 1]


def test_sound_alone_has_no_rows_and_its_own_duration(tmp_path: Path) -> None:
    extraction = extract(broken.sound_only(film(6, 3.0), tmp_path / "tune.m4a"), shipped_descriptors(), PLAN, Limits())
    assert extraction.info.kind is MediaKind.SOUND
    assert extraction.duration_s == pytest.approx(3, abs=0.2)
    assert [fingerprint.rows.shape for fingerprint in extraction.fingerprints.values()] == [(0, 32), (0, 256)]


def test_media_cut_short_is_described_as_far_as_it_goes(cartoon: Path, tmp_path: Path) -> None:
    whole = write_film(FILM, tmp_path / "whole.webm", width=320, height=180)
    extraction = extract(broken.truncated(whole, tmp_path / "cut.webm", 0.5), [Pdq()], PLAN, Limits())
    assert extraction.partial is not None
    assert 1 < len(extraction.fingerprints["pdq-1"].rows) < 48


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia):
        extract(broken.text(tmp_path / "words.mp4"), [Pdq()], PLAN, Limits())
    with pytest.raises(NotFound):
        extract(tmp_path / "nowhere.mp4", [Pdq()], PLAN, Limits())


class Refusing:
    """A descriptor that fails at its third batch, as one with a fault of its own would."""

    def __init__(self) -> None:
        self.batches = 0

    @property
    def spec(self) -> DescriptorSpec:
        return Pdq().spec

    def describe(self, samples: NDArray[np.uint8]) -> Rows:
        self.batches += 1
        if self.batches == 3:
            raise BadInput("no more")
        return Pdq().describe(samples)


def test_a_descriptor_that_fails_ends_the_extraction(cartoon: Path) -> None:
    with pytest.raises(BadInput, match="no more"):
        extract(cartoon, [Refusing()], SamplePlan(rate_hz=6.0), Limits())


def test_a_picture_too_small_to_describe_is_unreadable_and_named(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Image.new("RGB", (1, 1)).save(path)
    with pytest.raises(UnreadableMedia, match=r"dot\.png: .*at least 8 x 8"):
        extract(path, shipped_descriptors(), PLAN, Limits())
