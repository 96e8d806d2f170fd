"""Signals, and what several say together."""

from datetime import UTC, datetime

from tomeishi.consent.standards.signal import (
    LONGEST_RAW,
    Authority,
    Reading,
    Signal,
    Stance,
    Standard,
    combine,
    kept,
    no_statement,
    permits_more,
)
from tomeishi.values import Use


def _signal(stance: Stance, authority: Authority = Authority.SITE, standard: Standard = Standard.RSL) -> Signal:
    return Signal(standard, "here", authority, {Use.TRAIN: stance})


def test_the_strictest_wins_however_weak_its_source() -> None:
    together = combine([_signal(Stance.ALLOW, Authority.SIGNED), _signal(Stance.DENY, Authority.SITE)])
    assert together.stance(Use.TRAIN) is Stance.DENY


def test_everything_that_decided_and_everything_that_lost_is_named() -> None:
    together = combine([_signal(Stance.ALLOW, Authority.SIGNED, Standard.CAWG), _signal(Stance.DENY)])
    assert together.derivation == ("train: deny, by rsl (site: here); stricter than cawg (signed: here) says allow",)


def test_silence_loses_against_every_statement_and_allows_nothing() -> None:
    assert combine([_signal(Stance.UNKNOWN), _signal(Stance.ALLOW)]).stance(Use.TRAIN) is Stance.ALLOW
    assert combine([_signal(Stance.UNKNOWN)]).uses == {}
    assert combine([]).stance(Use.TRAIN) is Stance.UNKNOWN


def test_terms_are_stricter_than_a_yes() -> None:
    assert combine([_signal(Stance.ALLOW), _signal(Stance.CONSTRAINED)]).stance(Use.TRAIN) is Stance.CONSTRAINED


def test_a_refusal_forgotten_is_no_freedom_but_a_yes_is() -> None:
    assert not permits_more({}, {Use.TRAIN: Stance.DENY})
    assert permits_more({Use.TRAIN: Stance.CONSTRAINED}, {})
    assert permits_more({Use.TRAIN: Stance.ALLOW}, {Use.TRAIN: Stance.CONSTRAINED})


def test_json_says_unknown_where_nothing_is_said() -> None:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    nothing = no_statement(Standard.RSL, Reading("here", fetched_at=moment), Authority.SITE, "not XML", "raw")
    written = nothing.to_json()
    assert set(written["uses"]) == set(Use)
    assert set(written["uses"].values()) == {"unknown"}
    assert (written["raw"], written["warnings"], written["fetched_at"]) == (
        "raw",
        ["no statement: not XML"],
        "2026-11-23T00:00:00Z",
    )


def test_a_long_text_is_kept_in_part() -> None:
    assert len(kept("x" * (3 * LONGEST_RAW))) < 2 * LONGEST_RAW
    assert kept("short") == "short"
