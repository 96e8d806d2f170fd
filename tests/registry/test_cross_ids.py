import pytest

from tomeishi.errors import BadInput
from tomeishi.registry.cross_ids import check_character, cross_id


@pytest.mark.parametrize(
    ("digits", "check"),
    [("00000000D07A0090", "Q"), ("00000000D07A009000000000", "X"), ("000000018CFA0000", "I")],
)
def test_check_characters_are_those_of_published_numbers(digits: str, check: str) -> None:
    assert check_character(digits) == check


@pytest.mark.parametrize(
    ("scheme", "text", "kept"),
    [
        ("eidr", "10.5240/7791-8534-2C23-9030-8610-5", "10.5240/7791-8534-2C23-9030-8610-5"),
        ("eidr", " https://doi.org/10.5240/7791-8534-2c23-9030-8610-5 ", "10.5240/7791-8534-2C23-9030-8610-5"),
        ("eidr", "１０.5240/7791-8534-2C23-9030-8610-5", "10.5240/7791-8534-2C23-9030-8610-5"),
        ("isan", "ISAN 0000-0000-D07A-0090-Q-0000-0000-X", "0000-0000-D07A-0090-Q-0000-0000-X"),
        ("isan", "0000-0001-8CFA-0000-I-0000-0000-K", "0000-0001-8CFA-0000-I-0000-0000-K"),
        ("isan", "0000-0000-D07A-0090", "0000-0000-D07A-0090-Q"),
        ("isan", "00000000d07a009000000000", "0000-0000-D07A-0090-Q-0000-0000-X"),
        ("wikidata", "q42", "Q42"),
        ("anilist", "16498", "16498"),
    ],
)
def test_an_identifier_is_kept_in_its_canonical_form(scheme: str, text: str, kept: str) -> None:
    assert cross_id(scheme, text) == kept
    assert cross_id(scheme, kept) == kept


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        ("eidr", "10.5240/7791-8534-2C23-9030-8610-6"),
        ("eidr", "10.5240/7791-8534-2C23-9030-8611-5"),
        ("eidr", "10.5239/7791-8534-2C23-9030-8610-5"),
        ("eidr", "7791"),
        ("isan", "0000-0000-D07A-0090-R"),
        ("isan", "0000-0000-D07A-0090-Q-0000-0001-X"),
        ("isan", "0000"),
        ("wikidata", "42"),
        ("wikidata", "Q0"),
        ("wikidata", "P31"),
        ("anilist", "016498"),
        ("anilist", "Attack on Titan"),
        ("imdb", "tt0000001"),
    ],
)
def test_what_is_no_identifier_is_refused_in_one_line(scheme: str, text: str) -> None:
    with pytest.raises(BadInput, match=r"^[^\n]+; [^\n]+$"):
        cross_id(scheme, text)
