"""Edits by others do what their names say, and the same each time."""

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.alterations import FFMPEG, Alteration, Pixels, ffmpeg, own, retimed
from tomeishi.testing.films import film, frames

CLIP = list(frames(film(3, 0.5), 6, 128, 72))
BESIDE = list(frames(film(4, 0.5), 6, 128, 72))
EVERY = [*own(), *ffmpeg(), *retimed()]


def _applied(alteration: Alteration) -> Sequence[Pixels]:
    return alteration.apply(CLIP, BESIDE, 5, 6.0)


@pytest.mark.parametrize("alteration", EVERY, ids=lambda each: each.name)
def test_an_edit_gives_one_frame_for_each(alteration: Alteration) -> None:
    altered = _applied(alteration)
    assert len(altered) == len(CLIP)
    assert {frame.shape for frame in altered} == {altered[0].shape}
    assert all(frame.dtype == np.uint8 and frame.shape[2] == 3 for frame in altered)


@pytest.mark.parametrize("alteration", EVERY, ids=lambda each: each.name)
def test_the_same_seed_alters_the_same_way(alteration: Alteration) -> None:
    assert np.array_equal(_applied(alteration), _applied(alteration))


@pytest.mark.parametrize("alteration", ffmpeg(), ids=lambda each: each.name)
def test_a_filter_changes_the_picture(alteration: Alteration) -> None:
    altered = _applied(alteration)
    assert altered[0].shape != CLIP[0].shape or np.abs(altered[0].astype(int) - CLIP[0]).mean() > 1


def test_names_are_used_once() -> None:
    assert len({each.name for each in EVERY}) == len(EVERY)


def test_what_turns_colours_round_turns_them_round() -> None:
    [negative] = [each for each in ffmpeg() if each.name == "negative"]
    assert np.array_equal(_applied(negative)[0], 255 - CLIP[0])
    assert "negative" in FFMPEG


def test_a_logo_over_20_percent_covers_20_percent() -> None:
    [alteration] = [each for each in own() if each.name == "logo_20_percent"]
    plain = [np.full((288, 512, 3), 90, np.uint8)]
    for seed in range(4):
        [altered] = alteration.apply(plain, plain, seed, 12.0)
        assert 0.19 < (altered != plain[0]).any(axis=2).mean() < 0.22
