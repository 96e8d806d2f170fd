"""Keys of groups: the same at any pitch and tempo."""

from itertools import pairwise

import numpy as np
import pytest

from tomeishi.fingerprint.audio import Landmarks
from tomeishi.fingerprint.groups import REACH_S, asked_of, groups_of


def scattered(count: int, seed: int = 0) -> Landmarks:
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, count / 25, count))
    return Landmarks(times, rng.uniform(20, 110, count), rng.uniform(3, 40, count).astype(np.float32))


def asked(marks: Landmarks) -> set[tuple[int, int]]:
    """Key and leader of each group that a query asks for."""
    return {pair for part in asked_of(marks) for pair in zip(part.keys.tolist(), part.first.tolist(), strict=True)}


def test_a_change_of_pitch_changes_no_key() -> None:
    marks = scattered(300)
    higher = Landmarks(marks.times_s, marks.bins + 7.0, marks.strength)
    assert np.array_equal(groups_of(marks).keys, groups_of(higher).keys)


@pytest.mark.parametrize("tempo", [0.9, 1.1])
def test_a_change_of_tempo_changes_few_keys(tempo: float) -> None:
    """Which landmarks are followers depends on the tempo, the key of those that stay does not."""
    marks = scattered(600)
    faster = Landmarks(marks.times_s / tempo, marks.bins, marks.strength)
    kept, other = set(groups_of(marks).keys.tolist()), set(groups_of(faster).keys.tolist())
    assert len(kept & other) > 0.6 * len(kept)


def test_a_query_asks_for_what_a_reference_keeps() -> None:
    marks = scattered(300)
    assert set(groups_of(marks).keys.tolist()) <= {key for key, _ in asked(marks)}


def test_numbers_that_wobble_are_still_asked_for() -> None:
    marks = scattered(600)
    rng = np.random.default_rng(5)
    wobbled = Landmarks(marks.times_s, marks.bins + rng.uniform(-0.1, 0.1, len(marks)), marks.strength)
    kept, pairs = groups_of(marks), asked(wobbled)
    found = [pair in pairs for pair in zip(kept.keys.tolist(), kept.first.tolist(), strict=True)]
    assert np.mean(found) > 0.9


def test_groups_name_their_first_and_last_landmark() -> None:
    marks = scattered(200)
    groups = groups_of(marks)
    spans = marks.times_s[groups.last] - marks.times_s[groups.first]
    assert len(groups.keys) > 200
    assert ((spans > 0) & (spans <= REACH_S)).all()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_landmarks_make_no_group(count: int) -> None:
    assert len(groups_of(scattered(count)).keys) == len(asked(scattered(count))) == 0


def test_a_long_query_asks_in_parts_and_for_the_same_as_a_short_one() -> None:
    """Two hours asked for at once would take gigabytes."""
    marks = scattered(20_000)
    parts = list(asked_of(marks))
    assert len(parts) > 1
    assert max(len(part.keys) for part in parts) < 0.6 * sum(len(part.keys) for part in parts)
    leaders = [part.first for part in parts]
    assert all(before.max() < after.min() for before, after in pairwise(leaders))
    last = leaders[-1].min()
    alone = Landmarks(marks.times_s[last:], marks.bins[last:], marks.strength[last:])
    assert {(key, first - last) for key, first in asked(marks) if first >= last} == asked(alone)
