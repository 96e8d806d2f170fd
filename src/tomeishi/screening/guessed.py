"""Readings that nobody registered, guessed by Sudachi: how 東雲ツムギ may sound. Never in place of a registered one."""

import importlib.util
import re
from collections.abc import Iterable, Iterator

from tomeishi.errors import MissingExtra

_KANJI = re.compile("[々\u3400-\u9fff]")
_SIGNS = ("空白", "補助記号", "記号")
_KATAKANA = re.compile("[ァ-ヺー]+")


def guessed_readings(texts: Iterable[str]) -> Iterator[str | None]:
    """Of each text in katakana, word by word; None where it holds no kanji, or some that the dictionary cannot read.

    Raises MissingExtra at the first one.
    """
    if importlib.util.find_spec("sudachipy") is None or importlib.util.find_spec("sudachidict_small") is None:
        raise MissingExtra("guessed readings need the extra sudachi: install tomeishi[sudachi]")
    import sudachidict_small  # noqa: F401 - what `Dictionary` opens by its name
    from sudachipy import Dictionary, SplitMode

    tokenizer = Dictionary(dict="small").tokenizer(mode=SplitMode.C)
    for text in texts:
        tokens = tokenizer.tokenize(text) if _KANJI.search(text) else ()
        words = [token.reading_form() for token in tokens if token.part_of_speech()[0] not in _SIGNS]
        yield " ".join(words) if words and all(map(_KATAKANA.fullmatch, words)) else None
