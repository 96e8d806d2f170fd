"""Sound against sound: what is found of changed copies, and that nothing is found where there is nothing."""

import numpy as np
import pytest

from tomeishi.fingerprint.audio import RATE_HZ, Landmarks, landmarks
from tomeishi.matching.audible import match_pair
from tomeishi.matching.matches import Match
from tomeishi.matching.sound import Reference
from tomeishi.matching.sound_calibration import shipped
from tomeishi.testing.sound_edits import SOUND_EDITS, Sound, filtered, voice
from tomeishi.testing.tunes import tune
from tomeishi.values import Band, Kind

MADE_AT_HZ = 22_050
MUSIC = tune(31, 40.0, MADE_AT_HZ)
START_S, SECONDS = 14.0, 6.0


def at_our_rate(sound: Sound) -> Landmarks:
    return landmarks([filtered(sound, MADE_AT_HZ, "anull", RATE_HZ)])


REFERENCE = Reference(at_our_rate(MUSIC), 40.0)
CLIP = MUSIC[int(START_S * MADE_AT_HZ) : int((START_S + SECONDS) * MADE_AT_HZ)]


def heard(query: Landmarks, reference: Reference = REFERENCE) -> Match | None:
    return match_pair(query, reference, shipped())


@pytest.mark.parametrize("edit", [name for name in SOUND_EDITS if name != "speech over it"])
def test_a_changed_copy_is_found_at_its_seconds(edit: str) -> None:
    change = SOUND_EDITS[edit]
    found = heard(at_our_rate(change.apply(CLIP, MADE_AT_HZ, np.random.default_rng(3))))
    assert found is not None
    assert found.kind is Kind.SOUND
    segment = found.segments[0]
    middle = (segment.query.start + segment.query.end) / 2
    assert (segment.reference.start + segment.reference.end) / 2 == pytest.approx(
        START_S + change.slope * middle, abs=0.25
    )
    assert segment.slope == pytest.approx(change.slope, abs=0.03)
    assert segment.query.length > 0.6 * SECONDS / change.slope


def test_a_plain_copy_is_strong() -> None:
    found = heard(at_our_rate(CLIP))
    assert found is not None
    assert found.band is Band.STRONG
    assert found.score == pytest.approx(1.0, abs=0.01)


def test_two_stretches_of_one_query_are_both_found() -> None:
    second = MUSIC[int(30 * MADE_AT_HZ) : int(36 * MADE_AT_HZ)]
    between = tune(77, 4.0, MADE_AT_HZ)
    found = heard(at_our_rate(np.concatenate([second, between, CLIP])))
    assert found is not None
    # Tunes repeat themselves, so only the query's side has to be where the stretches are.
    spans = sorted((segment.query.start, segment.query.end) for segment in found.segments)
    assert spans[0][0] < 1.0
    assert spans[-1][1] > 15.0


def nothing() -> dict[str, Sound]:
    rng = np.random.default_rng(9)
    t = np.arange(20 * MADE_AT_HZ) / MADE_AT_HZ
    return {
        "silence": np.zeros(20 * MADE_AT_HZ, np.float32),
        "noise": (rng.standard_normal(20 * MADE_AT_HZ) * 0.2).astype(np.float32),
        "one tone": (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32),
        "clicks": (t % 0.5 < 0.002).astype(np.float32),
        "a constant": np.full(20 * MADE_AT_HZ, 0.7, np.float32),
        "a voice": voice(20.0, MADE_AT_HZ, rng),
        "another tune": tune(32, 20.0, MADE_AT_HZ),
        "under a second of the reference": MUSIC[int(20 * MADE_AT_HZ) : int(20.9 * MADE_AT_HZ)],
        "one sample": np.zeros(1, np.float32),
        "none": np.zeros(0, np.float32),
    }


NOTHING = nothing()


@pytest.mark.parametrize("name", NOTHING)
def test_where_there_is_nothing_nothing_is_found(name: str) -> None:
    assert heard(at_our_rate(NOTHING[name])) is None


@pytest.mark.parametrize("name", ["silence", "noise", "one tone", "clicks"])
def test_a_reference_of_nothing_is_found_in_no_music(name: str) -> None:
    assert heard(at_our_rate(MUSIC), Reference(at_our_rate(NOTHING[name]), 20.0)) is None


@pytest.mark.parametrize("pair", [("noise", 4), ("one tone", 4)])
def test_two_sounds_of_the_same_nothing_do_not_match(pair: tuple[str, int]) -> None:
    name, seconds = pair
    again = nothing()[name] if name == "one tone" else np.random.default_rng(10).standard_normal(20 * MADE_AT_HZ)
    part = np.asarray(again[seconds * MADE_AT_HZ :], np.float32) * np.float32(0.2)
    assert heard(at_our_rate(part), Reference(at_our_rate(NOTHING[name]), 20.0)) is None
