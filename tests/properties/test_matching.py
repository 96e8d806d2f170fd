"""What holds of matching whatever the films: on imagined frames, whose truth is known."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.fingerprint.fingerprint import Fingerprint
from tomeishi.index.snapshot import publish
from tomeishi.index.volume import Item, Source
from tomeishi.matching import matches
from tomeishi.matching.matches import Frames, Match, SameFrame, frames_of, match
from tomeishi.matching.score import BandLimit, Calibration
from tomeishi.matching.snapshots import Searchable
from tomeishi.values import Band, digest_of

DIM = 256
RATE_HZ = 2.0
SAME = SameFrame(image=0.4, pdq=31)
CALIBRATION = Calibration(
    intercept=-9.0,
    per_similarity=11.0,
    per_log_samples=1.6,
    bands=tuple(BandLimit(band, 0.9, None) for band in (Band.STRONG, Band.LIKELY, Band.WEAK)),
)
IMAGE = DescriptorSpec("imagined", 1, DIM, Metric.COSINE, SAME.image, "this test", None)
BITS = DescriptorSpec("bits", 1, 256, Metric.HAMMING, SAME.pdq, "this test", None)

seeds = st.integers(0, 10_000)


def _frames(rows: NDArray[np.float32], bits: NDArray[np.uint8]) -> Frames:
    """Two samples a second, none of them blank."""
    count = len(rows)
    times_s, quality = np.arange(count) / RATE_HZ, np.ones(count, np.float32)
    image, pdq = (
        Fingerprint.of(spec, times_s=times_s, rows=each, quality=quality, duration_s=count / RATE_HZ)
        for spec, each in ((IMAGE, rows), (BITS, bits))
    )
    return frames_of(image, pdq)


def _film(seed: int, seconds: float) -> Frames:
    """Frames within about a second resemble each other, distant ones and those of other seeds don't."""
    rng = np.random.default_rng([seed, 7])
    count = round(seconds * RATE_HZ)
    steps = rng.normal(size=(count + 2, DIM))
    rows = steps[:-2] * 0.3 + steps[1:-1] + steps[2:] * 0.3
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    bits = rng.integers(0, 256, (count, 32), np.uint8)
    return _frames(rows.astype(np.float32), bits)


def _joined(*parts: Frames) -> Frames:
    return _frames(np.concatenate([part.image for part in parts]), np.concatenate([part.pdq for part in parts]))


def _cut(film: Frames, start: int, length: int, noise_seed: int) -> Frames:
    """Samples `start` to `start + length`, as another encode shows them."""
    rng = np.random.default_rng([noise_seed, 8])
    rows = film.image[start : start + length] + rng.normal(scale=0.02, size=(length, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return _frames(rows, film.pdq[start : start + length])


def _segments(found: Match | None) -> NDArray[np.float64]:
    assert found is not None
    rows = [(s.query.start, s.query.end, s.reference.start, s.reference.end) for s in found.segments]
    return np.array(sorted(rows))


@settings(max_examples=25, deadline=None)
@given(seed=seeds, shift=st.integers(1, 40), start=st.integers(0, 30), length=st.integers(10, 30))
def test_shifting_a_query_shifts_its_segments(seed: int, shift: int, start: int, length: int) -> None:
    reference = _film(seed, 30)
    query = _cut(reference, start, length, seed)
    before = _film(seed + 20_000, shift / RATE_HZ)
    plain = match(query, reference, SAME, CALIBRATION)
    shifted = match(_joined(before, query), reference, SAME, CALIBRATION)
    assert plain is not None
    assert shifted is not None
    assert (shifted.kind, shifted.band) == (plain.kind, plain.band)
    expected = _segments(plain) + np.array([1, 1, 0, 0]) * (shift / RATE_HZ)
    assert _segments(shifted) == pytest.approx(expected, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, start=st.integers(0, 30), length=st.integers(10, 30))
def test_a_match_tells_the_truth_and_reads_the_same_from_either_side(seed: int, start: int, length: int) -> None:
    reference = _film(seed, 30)
    query = _cut(reference, start, length, seed)
    there = _segments(match(query, reference, SAME, CALIBRATION))
    back = _segments(match(reference, query, SAME, CALIBRATION))
    truth = np.array([0, length, start, start + length]) / RATE_HZ
    assert there[0] == pytest.approx(truth, abs=0.51)
    assert back[0] == pytest.approx(truth[[2, 3, 0, 1]], abs=0.51)


def _source(item: Item) -> Source:
    return Source(item.item_id, "published once", len(item.rows), lambda: item)


def _found(references: Mapping[str, Frames], order: Sequence[str], query: Frames) -> dict[str, Match]:
    """All matches of `query`, through an index of `references` published in this order."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = digest_of(" ".join(order).encode())
        items = [(name, references[name], np.ones(len(references[name].image), np.float32)) for name in order]
        image = publish(
            Path(folder),
            IMAGE,
            (_source(Item(name, f.track.times_s, f.image, quality)) for name, f, quality in items),
            checkpoint,
        )
        bits = publish(
            Path(folder),
            BITS,
            (_source(Item(name, f.track.times_s, f.pdq, quality)) for name, f, quality in items),
            checkpoint,
        )
        searchable = Searchable(image, bits, {name: f.track.duration_s for name, f, _ in items})
        candidates = searchable.candidates(query.image, SAME.image)
        matched = {name: match(query, searchable.frames(name), SAME, CALIBRATION) for name in candidates}
        return {name: found for name, found in matched.items() if found is not None}


@st.composite
def _registries(draw: st.DrawFn) -> tuple[dict[str, Frames], Frames]:
    """A few references, and a query that quotes one or two of them between other footage."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=6, unique=True))
    first = draw(seeds)
    references = {name: _film(first + number, 20) for number, name in enumerate(names)}
    quoted = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    parts = [_film(first + 30_000, 4)]
    for number, name in enumerate(quoted):
        start = draw(st.integers(0, 20))
        parts += [_cut(references[name], start, 16, first), _film(first + 30_001 + number, 4)]
    return references, _joined(*parts)


@settings(max_examples=12, deadline=None)
@given(registry=_registries(), seed=seeds)
def test_adding_an_unrelated_reference_removes_no_match(registry: tuple[dict[str, Frames], Frames], seed: int) -> None:
    references, query = registry
    before = _found(references, list(references), query)
    assert before
    more = references | {f"unrelated-{number}": _film(50_000 + seed + number, 20) for number in range(3)}
    after = _found(more, list(more), query)
    assert {name: after.get(name) for name in before} == before


@settings(max_examples=12, deadline=None)
@given(registry=_registries(), data=st.data())
def test_the_order_of_registration_changes_no_match(
    registry: tuple[dict[str, Frames], Frames], data: st.DataObject
) -> None:
    references, query = registry
    order = data.draw(st.permutations(list(references)))
    assert _found(references, order, query) == _found(references, list(references), query)


@settings(max_examples=12, deadline=None)
@given(seed=seeds, start=st.integers(0, 60), length=st.integers(60, 110), rows=st.integers(20, 50))
def test_a_long_film_aligned_in_parts_has_the_segments_it_has_as_a_whole(
    seed: int, start: int, length: int, rows: int
) -> None:
    reference = _film(seed, 90)
    query = _joined(_film(seed + 20_000, 6), _cut(reference, start, length, seed), _film(seed + 20_001, 6))
    whole = match(query, reference, SAME, CALIBRATION)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(matches, "_MOST_CELLS", rows * len(reference.image))
        patched.setattr(matches, "_SHORTEST_BLOCK", 8)
        in_parts = match(query, reference, SAME, CALIBRATION)
    assert whole is not None
    assert in_parts is not None
    assert in_parts.band == whole.band
    assert _segments(in_parts) == pytest.approx(_segments(whole), abs=0.51)
