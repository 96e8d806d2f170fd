"""Words and given names that a prompt may hold without meaning anybody's work, as `levelling` keys.

Made by training/ordinary_words.py from the dictionaries named in ordinary.NOTICE.txt.
"""

import lzma
from functools import cache
from importlib.resources import files

LOANWORD = "+"
"""Before the keys of words that are written in katakana; they are there without it too."""

PLAIN = "-"
"""Before the keys of English words that are no proper names; they are there without it too."""


@cache
def ordinary_words() -> frozenset[str]:
    """Kana words in capitals, Latin ones in small letters; one-letter words are none."""
    data = files("tomeishi.screening").joinpath("ordinary.txt.xz").read_bytes()
    return frozenset(lzma.decompress(data).decode().split("\n"))
