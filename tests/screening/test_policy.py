"""The policy file."""

from pathlib import Path

import pytest

from tomeishi.errors import BadInput, NotFound
from tomeishi.screening.policy import default_text, gravest, parse_policy, read_policy
from tomeishi.values import Band, Verdict


def test_the_shipped_policy_blocks_what_is_sure_and_not_allowed() -> None:
    policy = read_policy(None)
    assert policy.verdict(Band.STRONG, allowed=False) is Verdict.BLOCK
    assert policy.verdict(Band.WEAK, allowed=False) is Verdict.REVIEW
    assert policy.verdict(Band.STRONG, allowed=True) is Verdict.CLEAR


def test_the_gravest_verdict_wins_and_none_is_clear() -> None:
    assert gravest([Verdict.CLEAR, Verdict.BLOCK, Verdict.REVIEW]) is Verdict.BLOCK
    assert gravest([]) is Verdict.CLEAR


def test_an_edited_policy_has_another_digest() -> None:
    edited = default_text().replace('likely = "review"', 'likely = "block"')
    policy = parse_policy(edited, "edited")
    assert policy.verdict(Band.LIKELY, allowed=False) is Verdict.BLOCK
    assert policy.digest != read_policy(None).digest


def test_a_minimum_band_hides_weaker_matches() -> None:
    policy = parse_policy(default_text().replace('minimum_band = "weak"', 'minimum_band = "likely"'), "edited")
    assert not policy.reports(Band.WEAK)
    assert policy.reports(Band.LIKELY)
    assert policy.reports(Band.STRONG)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('strong = "block"', 'strong = "blok"', "write clear, review or block"),
        ('strong = "block"\n', "", "'strong' is missing"),
        ('[allowed]\nverdict = "clear"', '[allowed]\nverdict = "clear"\nmaybe = 1', "unknown key 'maybe'"),
        ('[unreadable]\nverdict = "review"', '[unreadable]\nverdict = "clear"', "cannot be clear"),
        ('[description]\nverdict = "clear"', '[description]\nverdict = "block"', "cannot be block"),
        ('[style]\nverdict = "clear"', '[style]\nverdict = "block"', "a style is never certain"),
        ('minimum_band = "weak"', 'minimum_band = "sure"', "minimum_band is 'sure'"),
        ("[not_allowed]", "[not_allowed", "not TOML"),
    ],
)
def test_a_policy_with_a_slip_is_refused_and_says_where(old: str, new: str, says: str) -> None:
    with pytest.raises(BadInput, match="house") as caught:
        parse_policy(default_text().replace(old, new), "house")
    assert says in str(caught.value).replace("[", "[")


def test_a_policy_of_before_descriptions_is_read_as_it_was() -> None:
    older = default_text().partition("# Registered descriptions")[0]
    read = parse_policy(older, "older")
    assert (read.description, read.style) == (Verdict.CLEAR, Verdict.CLEAR)


def test_a_missing_policy_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.toml"):
        read_policy(tmp_path / "none.toml")
