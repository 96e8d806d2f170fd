"""The forms in which a registered name may stand in a levelled prompt, and which of them count by themselves.

Registered readings and spellings come first: nothing is guessed that a name's own letters do not say. Kana are also
sought as Latin letters, and romaji as kana; a name of two words also in the other order, and as one word. How kanji
sound, only a registered reading tells.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from tomeishi.screening.boundaries import script_of_letter
from tomeishi.screening.levelling import level_katakana, level_once
from tomeishi.screening.ordinary import LOANWORD, PLAIN, ordinary_words

LONG_KANA = 7
"""Letters from which a name in kana is sought without a boundary in the stream: ピカチュウ has as many (PIKATYU)."""

SHORTEST = 3
"""Letters of kana or Latin that are sought even beside the name's work."""

_SHORTEST_PHRASE = 7
_TWO_WORDS = 11
"""Letters of the shortest katakana that is taken for two words."""

KATAKANA = re.compile("[ァ-ヺー]+")
_BRACKET = re.compile("[(（［【〔]")
_PARTS = re.compile(r"[\s・＝=‐－\-]+")
_SIMPLE = re.compile(r"([々一-鿿]+)|[ァ-ヺ][ァ-ヺー]+(?:[ \u3000・＝=‐－\-]+[ァ-ヺ][ァ-ヺー]+)*")
"""Kanji alone, which stay as they are, and katakana alone, whose words a stream keeps apart: ルイズ・フランソワーズ."""
_PLAIN_PHRASE = re.compile("[一-鿿]{1,2}I[一-鿿]{1,2}")
"""青い花."""
_LEFT_OUT = frozenset({"no", "and"})
_SPEAKABLE = re.compile("(?:(?:[KSTNHMRGZDBPF]Y?|[YW]|TS)?[AIUEO]|N)+")


class RegisteredName(NamedTuple):
    """One name, and whose it is: a character's, or with None the work's own."""

    text: str
    work_id: str
    character_id: str | None
    guessed_from: str | None = None
    """The registered name that `text` may be the reading of; None for what was registered."""


class Key(NamedTuple):
    """One form, and the numbers of the names that it may stand for.

    A form that begins or ends with a Latin word or a run of katakana has a blank there, as it has in a stream.
    """

    form: str
    names: tuple[int, ...]
    alone: bool
    """Whether it counts without another name of its work."""
    titles: frozenset[str]
    """Works that it is a name of, and not only a name of one of their characters."""
    phrase: bool
    """Whether it is made of plain English words, and so counts only where they are capitalised: One Piece."""


class Keys:
    """The forms of many names. What a form is worth is worked out when it is first asked for."""

    def __init__(self, names: Sequence[RegisteredName]) -> None:
        self._names = names
        self._ordinary = ordinary_words()
        # Lists only where there are several: the collector of garbage would walk a hundred thousand again and again.
        self._numbers: dict[str, int | list[int]] = {}
        self._known: dict[str, Key] = {}
        self._by_work: Mapping[str, Sequence[str]] | None = None
        self._after_vowel: dict[str, list[str]] = {}
        """Forms in the kana that begin with U or I, by what is left without it: の and うさぎ level to NOSAGI."""
        ours = self._numbers
        for number, forms in _forms_of([name.text for name in names]):
            for form in forms:
                numbers = ours.setdefault(form, number)
                if numbers is number:
                    continue
                if isinstance(numbers, int):
                    if numbers != number:
                        ours[form] = [numbers, number]
                elif numbers[-1] != number:
                    numbers.append(number)

    def __contains__(self, form: str) -> bool:
        return form in self._numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def get(self, form: str) -> Key | None:
        """Its key; None where no name has this form."""
        key = self._known.get(form)
        if key is None and form in self._numbers:
            numbers = self._numbers_of(form)
            names = [self._names[number] for number in numbers]
            phrase = _is_phrase(form, self._ordinary)
            alone = not phrase and any(_counts_alone(form, name, self._ordinary) for name in names)
            titles = frozenset(name.work_id for name in names if name.character_id is None)
            key = self._known[form] = Key(form, numbers, alone, titles, phrase)
        return key

    def forms_of_work(self, work: str) -> Sequence[str]:
        """Of all names of a work and its characters, each once."""
        if self._by_work is None:
            by_work: defaultdict[str, list[str]] = defaultdict(list)
            for form in self._numbers:
                for owner in {self._names[number].work_id for number in self._numbers_of(form)}:
                    by_work[owner].append(form)
            self._by_work = dict(by_work)
        return self._by_work[work]

    def _numbers_of(self, form: str) -> tuple[int, ...]:
        numbers = self._numbers[form]
        return (numbers,) if isinstance(numbers, int) else tuple(sorted({*numbers}))

    def sought(self) -> list[str]:
        """As what forms are sought anywhere: all but those that surely count only beside a name that does."""
        ordinary, after_vowel = self._ordinary, dict[str, list[str]]()
        joined = "\n".join(self._numbers).replace(" ", "").split("\n") if self._numbers else []
        found = [
            form
            for form, letters in zip(self._numbers, joined, strict=True)
            if (
                len(letters) > 2
                and letters not in ordinary
                and (form[0] == " " or len(letters) >= LONG_KANA or not letters.isascii())
            )
            or self._may_count(form)
        ]
        for form in found:
            if form[0] in "UI" and len(form) > LONG_KANA:
                after_vowel.setdefault(form[1:], []).append(form)
        self._after_vowel = after_vowel
        return [*found, *sorted(after_vowel.keys() - found)]

    def _may_count(self, form: str) -> bool:
        unlikely = len(form.replace(" ", "")) < SHORTEST
        unlikely |= form[0] != " " and len(form) < LONG_KANA and form.isascii()
        if unlikely and all(self._names[number].character_id is not None for number in self._numbers_of(form)):
            return False
        long = len(form) > (3 if form.isascii() else 1)
        key = self.get(form)
        return key is not None and (key.alone or key.phrase or (bool(key.titles) and long))

    def sounding(self, sought: str) -> list[Key]:
        """The keys that are sought as it."""
        found = [self.get(form) for form in self._after_vowel.get(sought, ())]
        return [key for key in (self.get(sought), *found) if key is not None]


def sought_beside(form: str) -> list[str]:
    """As what a form is sought beside its work: one word of kana also without its blanks, for hiragana."""
    word = form.strip()
    if not (word.isascii() and word.isupper()) or " " in word:
        return [form]
    shortened = [word[1:]] if word[0] in "UI" and len(word) > 1 else []  # の and うさぎ level to NOSAGI
    return [*dict.fromkeys((form, word, *shortened))]


def _forms_of(texts: Sequence[str]) -> Iterator[tuple[int, Iterable[str]]]:
    """Forms with the number of their text; a text may come twice, and a form of it too."""
    parted: list[tuple[int, list[str]]] = []
    katakana: list[int] = []
    others: list[int] = []
    for number, text in enumerate(texts):
        simple = _SIMPLE.fullmatch(text)
        if simple is None:
            others.append(number)
        elif simple.lastindex:
            yield number, (text,)
        else:
            katakana.append(number)
    for number, stream in zip(katakana, level_katakana([texts[number] for number in katakana]), strict=True):
        yield number, _forms(stream)
    for number, stream in zip(others, level_once([texts[number] for number in others]), strict=True):
        text, form = texts[number], stream.strip()
        if form.isascii():
            yield number, _forms(form)
        elif form:
            yield number, (form if text[0] > "一" and text[-1] > "一" else _bounded(form, text),)
        if not text.isalpha() and (parts := _parts(text)):
            parted.append((number, parts))
        if "&" in text:
            parted.append((number, [text.replace("&", " and ")]))
    streams = iter(level_once([part for _, parts in parted for part in parts]))
    for number, parts in parted:
        yield number, _forms_of_parts([next(streams) for _ in parts], parts)


def _parts(text: str) -> list[str]:
    """The words of a name whose words close up in a stream; a name without what follows in brackets."""
    bare = without_brackets(text)
    parts = [part for part in _PARTS.split(bare) if part]
    return parts if bare != text or (len(parts) > 1 and not text.isascii()) else []


def without_brackets(text: str) -> str:
    """A name as it stands before what is said of it in brackets."""
    found = _BRACKET.search(text)
    return text[: found.start()].rstrip() if found else text


def _forms(form: str) -> list[str]:
    """Of a name in kana or Latin letters."""
    words = form.split()
    if not words:
        return []
    forms = _forms_of_words(words)
    if form.isupper():
        forms += _forms_of_words(form.lower().split())
    elif form.islower() and _SPEAKABLE.fullmatch("".join(words).upper()):
        forms += _forms_of_words(["".join(words).upper()])
    return forms


def _forms_of_words(words: list[str]) -> list[str]:
    if len(words) == 1:
        (word,) = words
        if not word.isupper() or len(word) < 5:
            return [f" {word} "]
        return [word] if len(word) >= LONG_KANA else [word, f" {word} "]
    joined = "".join(words)
    closed_up = joined.isupper() and len(joined) >= LONG_KANA
    forms = [joined if closed_up else f" {joined} ", f" {' '.join(words)} "]
    if len(words) == 2:
        if min(map(len, words)) > 1:
            forms.append(f" {words[1]} {words[0]} ")
    elif words[0].islower():
        forms += _forms_of_many_words(words)
    return forms


def _forms_of_many_words(words: list[str]) -> Iterator[str]:
    """The family name last instead of first, and without what is often left out: an initial, の, and."""
    first, *between, last = words
    if len(words) == 3:
        yield f" {last} {between[0]} {first} "
        yield f" {between[0]} {last} {first} "
    kept = [word for word in between if len(word) > 1 and word not in _LEFT_OUT]
    if len(kept) < len(between):
        yield f" {' '.join([first, *kept, last])} "
        if not kept:
            yield f" {last} {first} "


def _forms_of_parts(streams: list[str], parts: list[str]) -> list[str]:
    words = [stream.strip() for stream in streams if stream.strip()]
    spelled = all(word.isascii() for word in words)
    if len(words) == 1:
        return _forms(words[0]) if spelled else [_bounded(words[0], parts[0])]
    if words and spelled and all(word.isupper() for word in words):
        return _forms_of_words([word.lower() for word in words]) + _forms_of_words(words)
    return []


def _bounded(form: str, text: str) -> str:
    """With a blank at either end where a Latin word or a run of katakana stands there."""
    if text.isalpha():
        first, last = text[0], text[-1]
    else:
        letters = [char for char in unicodedata.normalize("NFKC", text) if char.isalnum() or char == "ー"]
        first, last = (letters[0], letters[-1]) if letters else ("一", "一")
    return _blank_beside(first) + form + _blank_beside(last)


@cache
def _blank_beside(letter: str) -> str:
    return "" if "一" <= letter <= "鿿" or script_of_letter(letter, 0) not in (None, "katakana") else " "


def _counts_alone(form: str, name: RegisteredName, ordinary: frozenset[str]) -> bool:
    joined = form.replace(" ", "")
    if len(joined) < 3 or joined.isdigit():
        return False
    if joined in ordinary or joined.removesuffix("NO") in ordinary:
        # How a word sounds is not how it is written: ひとかげ is a shadow, ヒトカゲ none. Given names are common.
        common = LOANWORD + joined in ordinary or joined.lower() in ordinary
        return not common and form.isupper() and len(joined) >= 6 and KATAKANA.fullmatch(name.text) is not None
    if not form.isascii():
        return not _PLAIN_PHRASE.fullmatch(joined)
    if form.isupper() and form[0] != " " and len(form) < LONG_KANA:
        return False
    if form.isupper():
        whole = len(joined) >= 4 and len(name.text) >= 3
        return whole and (name.character_id is None or not is_made_of(joined, ordinary))
    words = form.split()
    if len(words) == 1:
        return len(joined) >= 5
    return len(joined) >= 8 or (len(joined) >= 6 and any(word not in ordinary for word in words))


def _is_phrase(form: str, ordinary: frozenset[str]) -> bool:
    words = form.split() if form[0] == " " else ()
    return len(words) > 1 and len(form) > _SHORTEST_PHRASE and all(PLAIN + word in ordinary for word in words)


def is_made_of(word: str, ordinary: frozenset[str]) -> bool:
    """Whether it is two ordinary loanwords in one: リビングルーム."""
    if len(word) < _TWO_WORDS:
        return False
    return any(LOANWORD + word[:at] in ordinary and LOANWORD + word[at:] in ordinary for at in range(4, len(word) - 3))
