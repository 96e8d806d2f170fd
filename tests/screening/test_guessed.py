"""Readings that nobody registered, by the real Sudachi where it is installed."""

import importlib.util

import pytest

from tomeishi.errors import MissingExtra
from tomeishi.screening.guessed import guessed_readings

real = pytest.mark.skipif(importlib.util.find_spec("sudachipy") is None, reason="the extra sudachi is not installed")


@real
@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("東京物語", "トウキョウ モノガタリ"),
        ("佐々木小次郎", "ササキ コジロウ"),
        ("東京 物語", "トウキョウ モノガタリ"),
        ("ピコ丸", "ピコ マル"),
        ("ピコマル", None),
        ("Pikomaru", None),
        ("Pico 東京", None),
        ("", None),
        ("🎨", None),
    ],
)
def test_what_holds_kanji_gets_a_reading_where_all_of_it_has_one(text: str, reading: str | None) -> None:
    assert list(guessed_readings([text])) == [reading]


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"install tomeishi\[sudachi\]"):
        list(guessed_readings(["東京"]))
