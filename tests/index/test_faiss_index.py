"""The approximate index, beyond what the seam's suite asks of every index."""

from pathlib import Path
from threading import Thread

import faiss
import numpy as np
import pytest

from tomeishi.errors import BadInput, Tampered
from tomeishi.fingerprint.descriptor import Metric
from tomeishi.index.exact import nearest
from tomeishi.index.faiss_index import FaissIndex
from tomeishi.testing.indexes import altered, clustered_rows, unit


def test_a_search_leaves_faiss_its_number_of_threads(tmp_path: Path) -> None:
    rows = clustered_rows(Metric.COSINE, 1000)
    index = FaissIndex.build(tmp_path, rows, Metric.COSINE)
    seen = []

    def search_with_three() -> None:
        faiss.omp_set_num_threads(3)
        index.search(rows[:5], 3)
        seen.append(faiss.omp_get_max_threads())

    thread = Thread(target=search_with_three)
    thread.start()
    thread.join()
    assert seen == [3]


def test_the_number_of_build_threads_changes_no_byte(tmp_path: Path) -> None:
    rows = clustered_rows(Metric.COSINE, 4000)

    def build(threads: int) -> None:
        faiss.omp_set_num_threads(threads)
        FaissIndex.build(tmp_path / str(threads), rows, Metric.COSINE)

    for threads in (1, 2):
        builder = Thread(target=build, args=[threads])
        builder.start()
        builder.join()
    assert (tmp_path / "1" / "lists.faiss").read_bytes() == (tmp_path / "2" / "lists.faiss").read_bytes()


def test_searches_from_several_threads_agree(tmp_path: Path) -> None:
    rows = clustered_rows(Metric.COSINE, 4000)
    queries = altered(rows[:200])
    index = FaissIndex.build(tmp_path, rows, Metric.COSINE)
    expected = index.search(queries, 5)[1]
    answers = []
    threads = [Thread(target=lambda: answers.append(index.search(queries, 5)[1])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert all(np.array_equal(answer, expected) for answer in answers)


def test_more_rows_than_the_nearest_lists_hold_are_found_all_the_same(tmp_path: Path) -> None:
    """Of 400 lists 64 are looked into, about 6,400 rows."""
    rows = unit(np.random.default_rng(0).standard_normal((40_000, 16)))
    _, found = FaissIndex.build(tmp_path, rows, Metric.COSINE).search(rows[:3], 9000)
    assert (found >= 0).all()
    assert all(np.unique(numbers).size == 9000 for numbers in found)
    assert found[:, 0].tolist() == [0, 1, 2]


def test_wide_k_looks_at_more_candidates(tmp_path: Path) -> None:
    rows = clustered_rows(Metric.COSINE, 5000)
    queries = altered(rows[:20])
    _, found = FaissIndex.build(tmp_path, rows, Metric.COSINE).search(queries, 200)
    _, truth = nearest(rows, queries, 200)
    recall = np.mean([np.intersect1d(*pair).size / 200 for pair in zip(found, truth, strict=True)])
    assert recall >= 0.8


def test_bits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="exact"):
        FaissIndex.build(tmp_path, clustered_rows(Metric.HAMMING, 10), Metric.HAMMING)


@pytest.mark.parametrize("size", [0, 1000])
def test_cut_lists_are_reported_as_tampered(size: int, tmp_path: Path) -> None:
    FaissIndex.build(tmp_path, clustered_rows(Metric.COSINE, 1000), Metric.COSINE)
    lists = tmp_path / "lists.faiss"
    lists.write_bytes(lists.read_bytes()[:size])
    with pytest.raises(Tampered, match=r"lists\.faiss"):
        FaissIndex.open(tmp_path)


def test_lists_of_other_rows_are_reported_as_tampered(tmp_path: Path) -> None:
    for count in (1000, 1001):
        FaissIndex.build(tmp_path / str(count), clustered_rows(Metric.COSINE, count), Metric.COSINE)
    (tmp_path / "1001" / "lists.faiss").replace(tmp_path / "1000" / "lists.faiss")
    with pytest.raises(Tampered, match="rows beside it"):
        FaissIndex.open(tmp_path / "1000")


def test_what_was_learned_is_used_again_where_it_is_fine_enough(tmp_path: Path) -> None:
    rows = clustered_rows(Metric.COSINE, 5000)
    first = FaissIndex.build(tmp_path / "first", rows, Metric.COSINE)
    smaller = FaissIndex.build(tmp_path / "smaller", rows[:800], Metric.COSINE, like=first)
    assert np.array_equal(smaller.centroids, first.centroids)
    small = FaissIndex.build(tmp_path / "small", rows[:200], Metric.COSINE)
    larger = FaissIndex.build(tmp_path / "larger", rows, Metric.COSINE, like=small)
    assert len(larger.centroids) == len(first.centroids) > 2 * len(small.centroids)


def test_an_index_with_anothers_lists_finds_what_its_own_would(tmp_path: Path) -> None:
    rows = clustered_rows(Metric.COSINE, 5000)
    like = FaissIndex.build(tmp_path / "like", clustered_rows(Metric.COSINE, 5000, seed=3), Metric.COSINE)
    index = FaissIndex.build(tmp_path / "index", rows, Metric.COSINE, like=like)
    queries = altered(rows[:200])
    _, truth = nearest(rows, queries, 10)
    _, found = index.search(queries, 10)
    assert np.mean([np.intersect1d(*pair).size / 10 for pair in zip(found, truth, strict=True)]) >= 0.9
    assert np.mean(found[:, 0] == truth[:, 0]) >= 0.95
