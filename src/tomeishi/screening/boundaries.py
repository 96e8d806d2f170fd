"""Whether a name within Japanese, which has no spaces, is a word of its own: チュウ inside ピカチュウ is not.

Where the script changes, a word ends. Within one script the words around must be such as stand beside names:
particles, ー風 and the like, or, within katakana, an ordinary word (ピカチュウイラスト). Long names need less of that
than short ones.
"""

import re

from tomeishi.screening.levelling import level_all
from tomeishi.screening.ordinary import LOANWORD, ordinary_words

_SCRIPTS = (
    ("katakana", re.compile("[ァ-ヺー]")),
    ("hiragana", re.compile("[ぁ-ゖ]")),
    ("han", re.compile("[々〆\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")),
    ("hangul", re.compile("[\u1100-\u11ff\uac00-\ud7af]")),
)
_KATAKANA_RUN = re.compile("[ァ-ヺー]+")
_REACH = 24
"""Letters of a katakana run that are looked at."""

_LEAST_HIRAGANA = 4
"""Letters of a name that may stand between particles."""
_AFTER_HIRAGANA = re.compile(
    "の|は|が|を|に|で|と|も|や|へ|か(?:ら|な|も|$|[^ぁ-ゖ])|まで|より|だ|な|です|じゃ|って|っぽ|み|ら|ちゃん|くん|さん|さま|"
    "たち|しか|だけ|こそ|さえ|など|ごっこ|$"
)
_BEFORE_HIRAGANA = frozenset("のはがをにでともやへいなたるくしらだてう")
_AFTER_HAN = frozenset("風似様君達等的氏殿展版顔像画役編戦推姿本絵型色柄用以抜無禁除描衣")
_BEFORE_HAN = frozenset("絵画版作曰描萌推元初某新旧全各両")


def stands_alone(text: str, start: int, end: int, *, named: bool = False) -> bool:
    """Whether [start, end) is a word of its own in `text`, which is in normal width, letter for letter.

    Where the work is `named`, a name in hiragana may be one letter shorter.
    """
    letters = end - start
    least = _LEAST_HIRAGANA - named
    scripts = script_of_letter(text, start - 1), script_of_letter(text, start)
    if letters < _LEAST_HIRAGANA and scripts == ("han", "hiragana"):
        return False  # 小さい
    return _may_end(text, end, letters, least) and _may_begin(text, start, letters, least)


def script_of_letter(text: str, at: int) -> str | None:
    """Of the letter at `at`, if it is one of those that are written without spaces."""
    if not 0 <= at < len(text):
        return None
    return next((name for name, pattern in _SCRIPTS if pattern.match(text[at])), None)


def _may_end(text: str, end: int, letters: int, least: int) -> bool:
    script = script_of_letter(text, end)
    if script is None or script != script_of_letter(text, end - 1):
        return True
    if script == "hiragana":
        particle = _AFTER_HIRAGANA.match(text, end) is not None
        whole = script_of_letter(text, end - letters) == "hiragana"
        return letters >= 6 or (particle and (letters >= least or not whole))
    if script == "katakana":
        run = _KATAKANA_RUN.match(text, end, end + _REACH)
        return letters >= 4 and run is not None and _is_ordinary(run[0])
    return letters >= 4 or (letters == 3 and (script == "hangul" or text[end] in _AFTER_HAN))


def _may_begin(text: str, start: int, letters: int, least: int) -> bool:
    script = script_of_letter(text, start)
    if script is None or script != script_of_letter(text, start - 1):
        return True
    if script == "hiragana":
        return letters >= least and text[start - 1] in _BEFORE_HIRAGANA
    if script == "katakana":
        first = start
        while first > max(0, start - _REACH) and script_of_letter(text, first - 1) == "katakana":
            first -= 1
        return letters >= 4 and _is_ordinary(text[first:start])
    return letters >= 4 or (letters == 3 and script == "han" and text[start - 1] in _BEFORE_HAN)


def _is_ordinary(katakana: str) -> bool:
    return len(katakana) >= 3 and LOANWORD + level_all([katakana])[0].strip() in ordinary_words()
