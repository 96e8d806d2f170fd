"""Looks: what is near, in which order, and what has none."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tomeishi.matching.styles import NEAR, NEAREST, Rows, Styles, look_of
from tomeishi.registry.references import Reference
from tomeishi.values import MediaKind

DIM = 8


def row(**axes: float) -> Rows:
    values = np.zeros(DIM, np.float32)
    for axis, value in axes.items():
        values[int(axis[1:])] = value
    return values / np.float32(np.linalg.norm(values))


def reference(name: str, work: str) -> Reference:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    digest = "sha256:" + "0" * 64
    return Reference(name, work, work, "mem", "M", name, name, digest, 1, MediaKind.VIDEO, 1.0, None, now)


REFERENCES = {name: reference(name, work) for name, work in (("a", "one"), ("b", "one"), ("c", "two"), ("d", "three"))}
STYLES = Styles([("a", row(x0=1)), ("b", row(x0=1, x1=1)), ("c", row(x2=1)), ("d", row(x2=1, x3=0.3))], REFERENCES)


def test_a_look_is_what_pictures_share() -> None:
    pictures = np.stack([row(x0=1, x4=1), row(x0=1, x4=-1), row(x0=1, x5=1), row(x0=1, x5=-1)])
    assert look_of(pictures) == pytest.approx(row(x0=1))


def test_the_nearest_work_comes_first_by_all_its_references() -> None:
    nearest = STYLES.nearest(np.stack([row(x0=1, x1=0.4)]))
    assert [each.reference.work_id for each in nearest] == ["one"]
    assert nearest[0].similarity == pytest.approx(1.0, abs=0.01)
    assert nearest[0].common == pytest.approx(0.0, abs=0.01)


def test_of_two_alike_both_are_named_and_what_is_far_is_not() -> None:
    nearest = STYLES.nearest(np.stack([row(x2=1, x3=0.1)]))
    assert [each.reference.work_id for each in nearest] == ["two", "three"]
    assert min(each.similarity - each.common for each in nearest) >= NEAR
    assert not STYLES.nearest(np.stack([row(x7=1)]))


def test_what_all_works_have_in_common_makes_none_near() -> None:
    many = {str(n): reference(str(n), f"work {n}") for n in range(9)}
    papers = [(name, row(x0=1, **{f"x{1 + n % 7}": 0.3})) for n, name in enumerate(many)]
    assert not Styles(papers, many).nearest(np.stack([row(x0=1)]))
    assert Styles([*papers[:3], ("8", row(x0=1))], many).nearest(np.stack([row(x0=1)]))


def test_at_most_a_few_are_named() -> None:
    many = {str(n): reference(str(n), f"work {n}") for n in range(12)}
    styles = Styles([(name, row(x0=1) if int(name) < 5 else row(x1=1)) for name in many], many)
    assert len(styles.nearest(np.stack([row(x0=1)]))) == NEAREST


def test_without_pictures_or_works_nothing_is_near() -> None:
    assert not STYLES.nearest(np.zeros((0, DIM), np.float32))
    assert not Styles([], {}).nearest(np.stack([row(x0=1)]))
    assert not STYLES.nearest(np.stack([row(x0=1), -row(x0=1)]))
