"""From sightings to characters: tracks, scores, bands, who else it might be. Rows are made up, so that it is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.fingerprint.colours import POWER, SHARE
from tomeishi.fingerprint.figure import FORMS
from tomeishi.fingerprint.sightings import Sightings
from tomeishi.matching.figures import FEW, Enrolled, FigureCalibration, crowd, others, shipped
from tomeishi.matching.score import BandLimit
from tomeishi.values import Band, Box

DIM = 2 * FORMS
NOBODY = np.zeros((0, DIM), np.float32)
CALIBRATION = FigureCalibration(
    -8.0,
    14.0,
    6.0,
    0.5,
    (BandLimit(Band.STRONG, 0.95, 1.0), BandLimit(Band.LIKELY, 0.7, 10.0), BandLimit(Band.WEAK, 0.5, None)),
    2,
)
LEFT, RIGHT = Box(0.1, 0.2, 0.2, 0.6), Box(0.7, 0.2, 0.2, 0.6)


def axis(number: int, towards: int | None = None, share: float = 0.0) -> NDArray[np.float32]:
    """A unit row along one axis, or a little towards another."""
    half = np.zeros(FORMS, np.float32)
    half[number] = np.sqrt(1 - share**2)
    if towards is not None:
        half[towards] = share
    return np.asarray(np.concatenate([half, half]) / np.sqrt(2), np.float32)


def likeness(cosine: float) -> float:
    """Of rows whose forms and colours have this cosine."""
    return (cosine + SHARE * cosine**POWER) / (1 + SHARE)


def cast(*drawn: tuple[str, int, int]) -> Enrolled:
    """(character, axis of its drawings, how many)."""
    rows = [axis(which) for _, which, count in drawn for _ in range(count)]
    ids = [f"{name}/{n}" for name, _, count in drawn for n in range(count)]
    return Enrolled(np.stack(rows), ids, [name for name, _, count in drawn for _ in range(count)], NOBODY)


def seen(*looks: tuple[float, int, Box, NDArray[np.float32]]) -> Sightings:
    """(time, shot, box, row)."""
    return Sightings(
        np.array([look[0] for look in looks]),
        np.array([look[1] for look in looks]),
        tuple(look[2] for look in looks),
        np.stack([look[3] for look in looks]) if looks else np.zeros((0, DIM), np.float32),
    )


ALICE_AND_BOB = cast(("alice", 0, 5), ("bob", 1, 5))


def test_who_comes_nearest_is_named_with_the_nearest_drawings_and_the_nearest_other() -> None:
    query = seen(*((float(t), 0, LEFT, axis(0, 1, 0.3)) for t in range(4)))
    found = ALICE_AND_BOB.matches(query, 5.0, CALIBRATION)
    assert list(found) == ["alice"]
    track = found["alice"].tracks[0]
    assert [near.character_id for near in track.nearest] == ["alice"] * 3
    assert len({near.drawing_id for near in track.nearest}) == 3
    assert track.nearest_other is not None
    assert track.nearest_other.character_id == "bob"
    assert track.nearest_other.similarity == pytest.approx(likeness(0.3), abs=1e-3)


def test_one_figure_through_a_shot_is_one_track() -> None:
    query = seen(*((float(t), 0, LEFT, axis(0)) for t in range(6)))
    (track,) = ALICE_AND_BOB.tracks(query, 7.0)
    assert len(track.which) == 6
    assert (track.query.start, track.query.end) == (0.0, 6.0)


def test_two_figures_side_by_side_are_two_tracks() -> None:
    looks = [each for t in range(3) for each in ((float(t), 0, LEFT, axis(0)), (float(t), 0, RIGHT, axis(1)))]
    assert set(ALICE_AND_BOB.matches(seen(*looks), 4.0, CALIBRATION)) == {"alice", "bob"}


def test_a_cut_ends_a_track_and_one_character_is_still_one_finding() -> None:
    query = seen((0.0, 0, LEFT, axis(0)), (1.0, 0, LEFT, axis(0)), (5.0, 1, LEFT, axis(0)), (6.0, 1, LEFT, axis(0)))
    found = ALICE_AND_BOB.matches(query, 7.0, CALIBRATION)["alice"]
    assert sorted((each.query.start, each.query.end) for each in found.tracks) == [(0.0, 2.0), (5.0, 7.0)]


def test_several_boxes_around_one_figure_are_one_track() -> None:
    inner = Box(0.15, 0.3, 0.1, 0.3)
    looks = [each for t in range(3) for each in ((float(t), 0, LEFT, axis(0)), (float(t), 0, inner, axis(0, 5, 0.4)))]
    assert len(ALICE_AND_BOB.matches(seen(*looks), 4.0, CALIBRATION)["alice"].tracks) == 1


def test_somebody_who_is_like_nobody_is_nobody() -> None:
    assert ALICE_AND_BOB.matches(seen((0.0, 0, LEFT, axis(7))), 1.0, CALIBRATION) == {}


def test_nothing_seen_or_nobody_enrolled_is_nothing_found() -> None:
    assert ALICE_AND_BOB.matches(seen(), 3.0, CALIBRATION) == {}


def test_a_figure_between_two_characters_scores_less_than_one_that_is_clearly_of_one() -> None:
    between = seen(*((float(t), 0, LEFT, axis(0, 1, np.sqrt(0.5))) for t in range(3)))
    clear = seen(*((float(t), 0, LEFT, axis(0, 5, np.sqrt(0.5))) for t in range(3)))
    scores = [
        max(CALIBRATION.score(t.similarity, t.lead, len(t.which), 2) for t in ALICE_AND_BOB.tracks(each, 4.0))
        for each in (between, clear)
    ]
    assert scores[0] < scores[1]


def test_the_same_likeness_says_less_among_more_characters_and_no_more_among_fewer() -> None:
    odds = {n: np.log(p / (1 - p)) for n in (1, 2, 20, 200) for p in [CALIBRATION.score(0.6, 0.1, 3, n)]}
    assert odds[1] == odds[2]
    assert odds[2] - odds[20] == pytest.approx(np.log(10))
    assert odds[20] - odds[200] == pytest.approx(np.log(10))


def test_who_is_found_among_two_is_found_less_surely_among_many() -> None:
    query = seen(*((float(t), 0, LEFT, axis(0, 5, 0.4)) for t in range(3)))
    many = cast(("alice", 0, 5), ("bob", 1, 5), *((f"other {n}", 20 + n, 1) for n in range(40)))
    few, among = (each.matches(query, 4.0, CALIBRATION)["alice"] for each in (ALICE_AND_BOB, many))
    assert among.score < few.score


def test_few_drawings_never_make_a_strong_finding() -> None:
    query = seen(*((float(t), 0, LEFT, axis(0)) for t in range(8)))
    for drawings in range(1, 6):
        found = cast(("alice", 0, drawings), ("bob", 1, 5)).matches(query, 9.0, CALIBRATION)["alice"]
        assert (found.band is Band.STRONG) == (drawings >= FEW)


def test_a_row_that_lies_near_everybody_is_worth_less() -> None:
    bystanders = np.stack([axis(0, 9, 0.5)] * 5)
    plain = np.stack([axis(0)])
    assert float(crowd(plain, bystanders)[0]) == pytest.approx(likeness(np.sqrt(0.75)), abs=1e-3)
    assert crowd(plain, NOBODY)[0] == 0


def test_the_order_of_enrolment_changes_no_score() -> None:
    query = seen(*((float(t), 0, LEFT, axis(0, 1, 0.4)) for t in range(3)))
    turned = cast(("bob", 1, 5), ("alice", 0, 5))
    first, second = (each.matches(query, 4.0, CALIBRATION)["alice"].score for each in (ALICE_AND_BOB, turned))
    assert first == pytest.approx(second, abs=1e-6)


def test_the_shipped_calibration_has_bands_from_strong_to_weak_and_a_crowd_of_unit_rows() -> None:
    limits = [band.score for band in shipped().bands]
    assert [band.band for band in shipped().bands] == [Band.STRONG, Band.LIKELY, Band.WEAK]
    assert limits == sorted(limits, reverse=True)
    assert np.abs(np.linalg.norm(others(), axis=1) - 1).max() < 0.01
