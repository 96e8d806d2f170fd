"""Postings: what was published is found by its key, and what was altered is refused."""

from pathlib import Path

import numpy as np
import pytest

from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.fingerprint.audio import SPEC
from tomeishi.fingerprint.groups import Groups
from tomeishi.index.postings import Postings, current_postings, publish_postings
from tomeishi.index.volume import Item
from tomeishi.values import digest_of

CHECKPOINT = digest_of(b"one")


def item(item_id: str, rows: int, keys: list[int]) -> tuple[Item, Groups]:
    first = np.arange(len(keys), dtype=np.int64) % max(1, rows - 3)
    return (
        Item(
            item_id,
            np.linspace(0, 1, rows),
            np.arange(rows * 2, dtype=np.uint8).reshape(rows, 2),
            np.full(rows, 0.5, np.float32),
        ),
        Groups(np.array(keys, np.uint32), first, first + 3),
    )


def published(root: Path, *items: tuple[Item, Groups], checkpoint: str = CHECKPOINT) -> Postings:
    return publish_postings(root, SPEC, items, checkpoint)


def asked(postings: Postings, *keys: int, at_most: int = 100) -> set[tuple[int, str, int, int]]:
    found = postings.look_up(np.array(keys, np.uint32), at_most)
    owners = postings.owners(found.first)
    return {
        (keys[place], postings.item_ids[owner], int(first), int(last))
        for place, owner, first, last in zip(found.asked, owners, found.first, found.last, strict=True)
    }


def test_a_key_finds_every_group_that_has_it(tmp_path: Path) -> None:
    postings = published(tmp_path, item("a", 5, [7, 9]), item("b", 6, [9, 4_000_000_000]))
    assert asked(postings, 9) == {(9, "a", 1, 4), (9, "b", 5, 8)}
    assert asked(postings, 4_000_000_000, 8) == {(4_000_000_000, "b", 6, 9)}
    assert asked(postings) == set()


def test_a_key_that_too_many_groups_have_is_passed_over(tmp_path: Path) -> None:
    postings = published(tmp_path, item("a", 9, [3, 3, 3, 5]))
    assert asked(postings, 3, 5, at_most=2) == {(5, "a", 3, 6)}
    assert len(asked(postings, 3, 5, at_most=3)) == 4


def test_an_item_comes_back_as_it_was_published(tmp_path: Path) -> None:
    given, _ = item("b", 6, [1])
    postings = published(tmp_path, item("a", 5, []), (given, item("b", 6, [1])[1]))
    back = postings.item("b")
    assert np.array_equal(back.rows, given.rows)
    assert np.array_equal(back.times_s, given.times_s)
    with pytest.raises(NotFound):
        postings.item("c")


def test_nothing_published_is_nothing_found(tmp_path: Path) -> None:
    assert current_postings(tmp_path, SPEC.key) is None
    postings = published(tmp_path)
    assert asked(postings, 1, 2) == set()
    assert published(tmp_path, item("a", 0, [])).item_ids == ()  # the same checkpoint: nothing is done


def test_another_checkpoint_takes_the_place_of_the_first_which_stays_readable(tmp_path: Path) -> None:
    before = published(tmp_path, item("a", 5, [7]))
    published(tmp_path, item("a", 5, [8]), checkpoint=digest_of(b"two"))
    after = current_postings(tmp_path, SPEC.key)
    assert after is not None
    assert (asked(after, 7), asked(before, 7)) == (set(), {(7, "a", 0, 3)})


def test_an_item_given_twice_is_refused_and_leaves_what_was_in_force(tmp_path: Path) -> None:
    published(tmp_path, item("a", 5, [7]))
    with pytest.raises(BadInput, match="given twice"):
        published(tmp_path, item("a", 5, [7]), item("a", 5, [7]), checkpoint=digest_of(b"two"))
    kept = current_postings(tmp_path, SPEC.key)
    assert kept is not None
    assert asked(kept, 7)


@pytest.mark.parametrize("name", ["keys.npy", "first.npy", "after.npy", "times.npy", "rows.npy", "starts.npy"])
def test_an_altered_file_is_noticed(tmp_path: Path, name: str) -> None:
    postings = published(tmp_path, item("a", 5, [7, 9]))
    path = postings.folder / name
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(Tampered, match=name):
        postings.verify()
    path.write_bytes(data[:-1])
    with pytest.raises(Tampered, match=name):
        current_postings(tmp_path, SPEC.key)
