"""Prompts and names levelled to one spelling, in batches, with the way back to where each letter stood.

Comparable to `registry.folding.romaji`, which levels one name at a time and says how single letters are levelled here
too. But a prompt is a line of words: rules stay within a word, and words can be told from one another. Kana become
capital Latin letters; Latin words and runs of katakana stand between single blanks, hiragana and kanji close up:

    "Pikachuを2匹" → " pikatyu O 2 匹"      "青いﾋﾟｶﾁｭｳの絵" → "青I PIKATYU NO絵"

Letters that pass for others (Cyrillic а, 力 for カ) count as those; marks and invisible characters count as nothing.
"""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np

from tomeishi.registry.folding import romaji

_TOGETHER = 2048
"""Texts that are levelled as one; more would only leave the processor's cache."""
_KEPT = 1 << 20
"""Letters of the words and runs of kana whose levels are kept."""

_MOST_LETTERS = 4
"""That one letter of normal width is levelled to."""

_SMALL_Y, _SMALL_VOWEL = "\x01", "\x02"
_MARKS = dict.fromkeys("ゃゅょャュョ", _SMALL_Y) | dict.fromkeys("ぁぃぅぇぉァィゥェォ", _SMALL_VOWEL)
_SILENT = frozenset("っッー")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_LEVEL = {"l": "r", "v": "b"}
_LIKE_KANA = str.maketrans("力口二八工夕卜一", "カロニハエタトー")

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u0300-\u036f\u0483-\u0489\u061c\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\u3099\u309a\ud800-\udfff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_LOOK_ALIKES = re.compile("[力口二八工夕卜一](?:(?<=[ァ-ヺー].)[力口二八工夕卜一]*|[力口二八工夕卜一]*(?=[ァ-ヺー]))")
"""A run of them beside katakana."""
_WORD = re.compile("([ァ-ヺ][ァ-ヺー]*|[^\\W_ぁ-ゖァ-ヺー\u2e80-\U0003ffff]+)")
_BLANKS = re.compile("  +")
_LATIN = "A-Za-z\u00c0-\u024f\u0370-\u058f"
"""With what passes for it, in a class."""
_APOSTROPHES = "'\u2019\u02bc"
_APOSTROPHE = re.compile(f"(?<=[nN])[{_APOSTROPHES}](?=[aiueoyAIUEOY])")
"""What Hepburn puts between a syllable's n and a vowel: Shin'ichi."""
_SPELLED_LATIN = f"(?<=(?<![0-9{_LATIN}])[{_LATIN}].)(?:(?!\n)[\\W_])*(?=[{_LATIN}](?![0-9{_LATIN}]))"
_SPELLED_KANA = "(?<=(?<![ァ-ヺー])[ァ-ヺー].)(?=[ァ-ヺー](?![ァ-ヺー]))"
_GAP = "(?<=[ぁ-ゖ々一-鿿][ \u3000・_~*.\\-])(?=[ぁ-ゖ々一-鿿])"
_SPELLED_OUT = re.compile(f"[\\W_](?:{_SPELLED_LATIN}|{_SPELLED_KANA}|{_GAP})")
"""What stands between letters that stand alone, p i k a and ピ カ, and between kanji or hiragana."""
_LATIN_SPELLED_OUT = re.compile(f"[\\W_]{_SPELLED_LATIN}")
_PIECES = re.compile("([ァ-ヺ][ァ-ヺー]*|[^\\W_ぁ-ゖァ-ヺー\u2e80-\U0003ffff]+|[\u3400-\u4dbf一-\u9fff]+|\n)")
"""Words, and runs of kanji, which stay as they are: no rule reaches across either."""

_KANA_RULES = {
    **{vowel + _SMALL_Y: "" for vowel in "IUE"},
    _SMALL_Y: "",
    f"HU{_SMALL_VOWEL}": "F",
    f"BU{_SMALL_VOWEL}": "B",
    f"KU{_SMALL_VOWEL}": "KW",
    f"GU{_SMALL_VOWEL}": "GW",
    f"TU{_SMALL_VOWEL}": "TS",
    f"TO{_SMALL_VOWEL}U": "TU",
    f"DO{_SMALL_VOWEL}U": "ZU",
    f"TE{_SMALL_VOWEL}": "T",
    f"DE{_SMALL_VOWEL}": "D",
    f"I{_SMALL_VOWEL}": "Y",
    f"U{_SMALL_VOWEL}": "W",
    _SMALL_VOWEL: "",
}
_LATIN_RULES = {
    "j": "zy",
    "tch": "ty",
    "cch": "ty",
    "ch": "ty",
    "c": "k",
    "sh": "sy",
    "tsu": "tu",
    "dzu": "zu",
    "du": "zu",
    **{first + "y" + second: first + second for first in "stz" for second in "yi"},
    "fu": "hu",
    "mb": "nb",
    "mp": "np",
    "mm": "nm",
}
_LONG_LATIN = {letter: letter for letter in "abdfghikmnpqrstuwxyz"} | {"o": "uo", "e": "ie"}
_LONG_KANA = {letter: letter for letter in "AIUN"} | {"O": "UO", "E": "IE"}
"""Letters after which others, one or many, only draw out the sound; themselves last, since ou and uo leave oo."""
_WO = re.compile("wo(?<=(?<![^ \n])wo)(?![^ \n])")
_OH = re.compile("oh(?![aiueoy])")
"""A long o as Japanese passports write it: Ohtani, Satoh."""
_LONG_RUN = re.compile("|".join(f"{letter}[{others}]+" for letter, others in (_LONG_LATIN | _LONG_KANA).items()))
_RULES = [(re.compile(re.escape(old)), old, new) for old, new in (*_KANA_RULES.items(), *_LATIN_RULES.items())]
_RULES += [(_WO, "wo", "o"), (_OH, "oh", "o")]


@dataclass(frozen=True, slots=True)
class Levelled:
    """One text as a stream, and for each letter of the stream the stretch of the text that it stands for."""

    stream: str
    starts: list[int]
    ends: list[int]


class Lines:
    """A batch of texts, levelled; and which of them hold given words."""

    def __init__(self, texts: Sequence[str]) -> None:
        # One by one, since most texts are normal already, which a long one with a single other letter is not.
        lines = [unicodedata.normalize("NFKC", text.replace("\n", " ")) for text in texts]
        self.streams: list[str] = lines
        """Each with a blank at either end."""
        self._words: list[list[str]] = []
        self._runs: list[str] = []
        plain = [number for number, line in enumerate(lines) if line.isascii()]
        other = [number for number, line in enumerate(lines) if not line.isascii()]
        self._numbers = plain, other
        if plain:
            streams, self._words = _level_words("\n".join([lines[number] for number in plain]))
            self._put(plain, streams)
        if other:
            streams, self._runs = _level_runs("\n".join([lines[number] for number in other]))
            self._put(other, streams)

    def _put(self, numbers: Sequence[int], streams: Sequence[str]) -> None:
        for number, stream in zip(numbers, streams, strict=True):
            self.streams[number] = stream

    def pieces(self) -> set[str]:
        """What the texts are made of, not levelled."""
        return set(chain.from_iterable(self._words)).union(self._runs) - {"\n"}

    def that_hold(self, odd: Set[str]) -> list[int]:
        """Numbers of the texts that hold one of these pieces, given both as they are and as the words of a stream."""
        plain, other = self._numbers
        held = [number for number, words in zip(plain, self._words, strict=True) if not odd.isdisjoint(words)]
        return held + [number for number in other if not odd.isdisjoint(self.streams[number].split())]


def level_all(texts: Sequence[str]) -> list[str]:
    """The streams of many texts, each with a blank at either end."""
    parts = (texts[at : at + _TOGETHER] for at in range(0, len(texts), _TOGETHER))
    return [stream for part in parts for stream in Lines(part).streams]


def level_once(texts: Sequence[str]) -> list[str]:
    """The same for texts that seldom come twice, as names do: of what they are made of nothing is kept."""
    streams = [*texts]
    plain: list[int] = []
    others: list[int] = []
    for number, text in enumerate(texts):
        streams[number] = _in_one_width(text)
        (plain if streams[number].isascii() else others).append(number)
    for level_lines, numbers in ((_plain_levelled, plain), (_others_levelled, others)):
        for number, stream in zip(numbers, _in_parts(level_lines, [streams[n] for n in numbers]), strict=True):
            streams[number] = stream
    return streams


def level_katakana(texts: Sequence[str]) -> list[str]:
    """The same for texts of katakana in words of two letters or more, in half of the time."""
    return _in_parts(_katakana_levelled, texts)


def _in_parts(level_lines: Callable[[str], str], texts: Sequence[str]) -> list[str]:
    parts = (texts[at : at + _TOGETHER] for at in range(0, len(texts), _TOGETHER))
    return [stream for part in parts for stream in level_lines("\n".join(part)).split("\n")]


def level(text: str) -> Levelled:
    """As `level_all` has it, step by step with the places; several times slower."""
    tracked = _replaced(_unlevelled(text), _INVISIBLE, "")
    tracked = Levelled(like_kana(tracked.stream), tracked.starts, tracked.ends)
    for pattern in (_APOSTROPHE, _SPELLED_OUT):
        tracked = _replaced(tracked, pattern, "")
    tracked = _translated(_replaced(tracked, _WORD))
    tracked = _replaced(tracked, _BLANKS, " ")
    for pattern, old, new in _RULES:
        if old in tracked.stream:
            tracked = _replaced(tracked, pattern, new)
    return _replaced(tracked, _LONG_RUN)


def _unlevelled(text: str) -> Levelled:
    """In one width, with a blank at either end."""
    whole, starts, ends = text.replace("\n", " "), [*range(len(text))], [*range(1, len(text) + 1)]
    if not unicodedata.is_normalized("NFKC", whole) or any(map(unicodedata.combining, whole)):
        letters = [(char, start, end) for start, end in _clusters(text) for char in _in_one_width(text[start:end])]
        whole = "".join(char for char, _, _ in letters)
        starts, ends = [start for _, start, _ in letters], [end for _, _, end in letters]
    return Levelled(f" {whole} ", [0, *starts, len(text)], [0, *ends, len(text)])


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Each character with the marks that follow it."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not (text[at] in "ﾞﾟ" or unicodedata.combining(text[at])):
            yield start, at
            start = at


def _in_one_width(text: str) -> str:
    return text.replace("\n", " ") if text.isascii() else unicodedata.normalize("NFKC", text.replace("\n", " "))


def _translated(text: Levelled) -> Levelled:
    levels = [*map(_letter, text.stream)]
    at = [number for number, level in enumerate(levels) for _ in level]
    return Levelled("".join(levels), [text.starts[n] for n in at], [text.ends[n] for n in at])


def _replaced(text: Levelled, pattern: re.Pattern[str], new: str = "") -> Levelled:
    """As `pattern.sub` does it. New letters stand for all that they replace, but a word only gets blanks around it."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for found in pattern.finditer(text.stream):
        before, after = found.span()
        if pattern is _WORD:
            new = f" {found[0]} "
        elif pattern is _LONG_RUN:
            new = found[0][0]
        pieces += (text.stream[done:before], new)
        starts += text.starts[done:before]
        ends += text.ends[done:before]
        if pattern is _WORD:
            starts += [text.starts[before], *text.starts[before:after], text.ends[after - 1]]
            ends += [text.starts[before], *text.ends[before:after], text.ends[after - 1]]
        else:
            starts += [text.starts[before]] * len(new)
            ends += [text.ends[after - 1]] * len(new)
        done = after
    if not done:
        return text
    pieces.append(text.stream[done:])
    return Levelled("".join(pieces), starts + text.starts[done:], ends + text.ends[done:])


def _level_words(text: str) -> tuple[list[str], list[list[str]]]:
    """The streams of the lines of `text`, which is ASCII, and their words."""
    lines = [line.split() for line in _closed_up_words(text).split("\n")]
    level_of = _WORDS.levels(chain.from_iterable(lines))
    return [" ".join(["", *[level_of[word] for word in words], ""]) for words in lines], lines


def _level_runs(text: str) -> tuple[list[str], list[str]]:
    """The streams of the lines of `text`, and its words and runs of letters between them, each line's end being one."""
    pieces = _PIECES.split(_closed_up_runs(text))
    level_of = _RUNS.levels(pieces)
    return _blanks(f" {''.join([level_of[piece] for piece in pieces])} ").split("\n"), pieces


def _plain_levelled(text: str) -> str:
    """The streams of lines of ASCII."""
    return _words_levelled(_blanks(f" {_closed_up_words(text)} ".replace("\n", " \n ")))


def _others_levelled(text: str) -> str:
    """The streams of other lines."""
    return _runs_levelled(f" {_closed_up_runs(text)} ".replace("\n", " \n "))


def _katakana_levelled(text: str) -> str:
    """The streams of lines of katakana."""
    return _by_rules(_blanks(_LETTERS.levelled(f" {text} ".replace("\n", " \n "))), _KANA_RULES)


def _closed_up_words(text: str) -> str:
    text = _APOSTROPHE.sub("", text) if "'" in text else text
    return _LATIN_SPELLED_OUT.sub("", text.translate(_ASCII))


def _closed_up_runs(text: str) -> str:
    text = like_kana(_INVISIBLE.sub("", text))
    if any(mark in text for mark in _APOSTROPHES):
        text = _APOSTROPHE.sub("", text)
    return _SPELLED_OUT.sub("", text)


class _Known:
    """Levels of words and runs of kana: prompts are made of the same ones, and looking up takes a third of the time."""

    def __init__(self, level_lines: Callable[[str], str]) -> None:
        self._level_lines = level_lines
        self._kept: dict[str, str] = {}
        self._letters = 0

    def levels(self, pieces: Iterable[str]) -> Mapping[str, str]:
        """Of all of `pieces`, and others."""
        known = self._kept
        new = list(set(pieces).difference(known))
        if new:
            known["\n"] = " \n "
            new = [piece for piece in new if piece != "\n"]
            known.update(zip(new, self._level_lines("\n".join(new)).split("\n"), strict=True))
            self._letters += sum(map(len, new))
        if self._letters > _KEPT:
            self._kept, self._letters = {}, 0
        return known


def _words_levelled(text: str) -> str:
    return _by_rules(text, _LATIN_RULES)


def _runs_levelled(text: str) -> str:
    # Splitting at the words and joining again takes a third of the time of a template that adds blanks.
    text = _LETTERS.levelled(" ".join(_WORD.split(text)))
    return _by_rules(_blanks(text), _KANA_RULES | _LATIN_RULES)


def _by_rules(text: str, rules: Mapping[str, str]) -> str:
    for old, new in rules.items():
        text = text.replace(old, new)
    return _LONG_RUN.sub(_first_letter, _OH.sub("o", _WO.sub("o", text)))


def _first_letter(found: re.Match[str]) -> str:
    return found[0][0]


def _blanks(text: str) -> str:
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def like_kana(text: str) -> str:
    """Letter for letter, kanji that pass for katakana beside katakana: 力メラ."""
    return _LOOK_ALIKES.sub(_as_kana, text)


def _as_kana(found: re.Match[str]) -> str:
    before, after = found.string[max(0, found.start() - 1) : found.start()], found.string[found.end() : found.end() + 1]
    amid = not _is_kanji(after) if _is_katakana(before) else _is_katakana(after) and not _is_kanji(before)
    return found[0].translate(_LIKE_KANA) if amid else found[0]


def _is_katakana(char: str) -> bool:
    return "ァ" <= char <= "ヺ" or char == "ー"


def _is_kanji(char: str) -> bool:
    return "一" <= char <= "鿿" or char == "々"


class _Letters:
    """The levels of the letters of long texts. `str.translate` takes three times as long."""

    def __init__(self) -> None:
        self._known = np.zeros(sys.maxunicode + 1, np.bool_)
        self._levels = np.zeros((sys.maxunicode + 1, _MOST_LETTERS), np.uint32)
        """Code points, then zeros. Of these tables only what is used takes memory."""

    def levelled(self, text: str) -> str:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        known = self._known[codes]
        if not known.all():
            for code in {*codes[~known].tolist()}:
                level = _letter(chr(code))
                self._levels[code, : len(level)] = [ord(letter) for letter in level]
                self._known[code] = True
        levels = self._levels[codes]
        return levels[levels > 0].tobytes().decode("utf-32-le", "surrogatepass")


@cache
def _letter(char: str) -> str:
    if char == "\n":
        return char
    kind = unicodedata.category(char)
    if char in _SILENT or (kind[0] in "MC" and not char.isspace()):
        return ""
    if kind[0] not in "LN":
        return " "
    if _KANA.match(char):
        return _MARKS.get(char, "") + romaji(char).upper()
    plain = unicodedata.normalize("NFKC", "".join(c for c in unicodedata.normalize("NFD", char) if not _is_accent(c)))
    return "".join(_LEVEL.get(letter, letter) for letter in _look_alike(plain or char).casefold() if letter != " ")


def _is_accent(char: str) -> bool:
    return "\u0300" <= char <= "\u036f"


def _look_alike(char: str) -> str:
    """A letter of a European alphabet that passes for a Latin one, as that one."""
    if len(char) > 1 or not "\u0080" <= char < "\u0590":
        return char
    # Its tables take a moment to read, and most prompts need none of them.
    from confusable_homoglyphs import confusables

    alike = confusables.is_confusable(char, greedy=True, preferred_aliases=["latin"])
    latin = (
        [found["c"] for found in alike[0]["homoglyphs"] if found["c"].isascii() and found["c"].isalpha()]
        if alike
        else []
    )
    return str(latin[0]) if latin else char


_WORDS, _RUNS = _Known(_words_levelled), _Known(_runs_levelled)
_LETTERS = _Letters()
_ASCII = str.maketrans({chr(code): _letter(chr(code)) for code in range(128)})
