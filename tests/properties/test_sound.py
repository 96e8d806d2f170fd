"""What holds of matching sound whatever the sound: on imagined landmarks, whose truth is known."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tomeishi.fingerprint.audio import SPEC, Landmarks, fingerprint_of
from tomeishi.fingerprint.groups import groups_of
from tomeishi.index.postings import publish_postings
from tomeishi.index.volume import Item
from tomeishi.matching.audible import Audible, match_pair
from tomeishi.matching.matches import Match
from tomeishi.matching.sound import Reference
from tomeishi.matching.sound_calibration import shipped
from tomeishi.values import digest_of

seeds = st.integers(0, 10_000)


def imagined(seed: int, seconds: float) -> Landmarks:
    """Landmarks as of music that nobody wrote, 25 a second."""
    rng = np.random.default_rng(seed)
    count = int(25 * seconds)
    times_s = np.sort(rng.uniform(0, seconds, count))
    return Landmarks(times_s, rng.uniform(15, 130, count), rng.uniform(3, 40, count).astype(np.float32))


def part(of: Landmarks, start_s: float, end_s: float) -> Landmarks:
    """A stretch, told from its own beginning."""
    kept = of.where((of.times_s >= start_s) & (of.times_s < end_s))
    return Landmarks(kept.times_s - start_s, kept.bins, kept.strength)


def found(query: Landmarks, reference: Landmarks, seconds: float) -> Match:
    match = match_pair(query, Reference(reference, seconds), shipped())
    assert match is not None
    return match


@given(seed=seeds, start_s=st.floats(0, 20), later_s=st.floats(0.1, 500))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_query_that_begins_later_has_its_segments_later(seed: int, start_s: float, later_s: float) -> None:
    reference = imagined(seed, 30.0)
    query = part(reference, start_s, start_s + 8.0)
    moved = Landmarks(query.times_s + later_s, query.bins, query.strength)
    (segment,), (other,) = (found(each, reference, 30.0).segments for each in (query, moved))
    assert other.query.start - segment.query.start == pytest.approx(later_s, abs=0.3)
    assert other.query.end - segment.query.end == pytest.approx(later_s, abs=0.3)
    assert other.reference.start == pytest.approx(segment.reference.start, abs=0.3)


@given(seed=seeds, slope=st.floats(0.8, 1.25), shift=st.floats(-6, 6))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_any_tempo_and_pitch_in_reach_is_told_by_the_segments(seed: int, slope: float, shift: float) -> None:
    reference = imagined(seed, 30.0)
    query = part(reference, 10.0, 18.0)
    changed = Landmarks(query.times_s / slope, query.bins - shift, query.strength)
    (segment,) = found(changed, reference, 30.0).segments
    assert segment.slope == pytest.approx(slope, rel=0.01)
    assert segment.reference.start == pytest.approx(10.0, abs=0.6)
    assert segment.reference.end == pytest.approx(18.0, abs=0.6)


@given(seed=seeds, others=st.integers(1, 5))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_unrelated_references_take_no_match_away(seed: int, others: int) -> None:
    marks = {f"r{number}": imagined(seed + number, 20.0) for number in range(others + 1)}
    query = part(marks["r0"], 4.0, 12.0)
    alone, among = (_searched(query, {name: marks[name] for name in names}) for names in (["r0"], list(marks)))
    assert alone["r0"] == among["r0"]
    assert set(among) == {"r0"}


def _searched(query: Landmarks, marks: dict[str, Landmarks]) -> dict[str, Match]:
    items = []
    for name, each in marks.items():
        stored = fingerprint_of(each, 0.0, 20.0)
        items.append((Item(name, stored.times_s, stored.rows.astype(np.uint8), stored.quality), groups_of(each)))
    with tempfile.TemporaryDirectory() as folder:
        postings = publish_postings(Path(folder), SPEC, items, digest_of(b"checkpoint"))
        return Audible(postings, dict.fromkeys(marks, 20.0)).matches(query, shipped())
