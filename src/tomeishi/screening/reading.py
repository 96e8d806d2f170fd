"""One prompt, read letter by letter: which of the names that may stand in it do, and where.

A name inside a longer one is not meant; of two that share only some letters, neither is inside the other, and both are
told. A name that is short, or an ordinary word or given name, counts only beside another name of its work, or
within 『』.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tomeishi.registry.folding import fold
from tomeishi.screening.boundaries import script_of_letter, stands_alone
from tomeishi.screening.levelling import level, level_all, like_kana
from tomeishi.screening.ordinary import ordinary_words
from tomeishi.screening.second_look import Near
from tomeishi.screening.spellings import KATAKANA, LONG_KANA, SHORTEST, Key, RegisteredName, sought_beside

_LONG_WORD = re.compile(r"[^\W\d_]{3,}")
_BREAK = re.compile(r"[,;!?\n。、，；！？]|[.:：] ")
_INVISIBLE = frozenset({"Mn", "Mc", "Me", "Cf", "Cs"})
_HIRAGANA = re.compile("[ぁ-ゖー]+")
_KATAKANA_OF = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_VOICING = "ﾞﾟ\u3099\u309a"

Strike = tuple[int, int, Key]
"""First and last letter in the stream, and what may stand there."""

Beside = Callable[[str, str], Sequence[Key]]
"""Of a work (id), the keys that count only beside another of its names and may stand in a stream."""


class Found(StrEnum):
    """How a name was found."""

    WRITTEN = "written"
    """As registered, but for width, case and kind of kana."""
    LEVELLED = "levelled"
    """In another script or spelling, or with letters that pass for others."""
    BESIDE = "beside"
    """Short or ordinary, but beside another name of its work."""
    JOINED = "joined"
    """Broken up, or with figures for letters."""
    NEAR = "near"
    """With a letter or two wrong."""
    GUESSED = "guessed"
    """By a reading that nobody registered."""


@dataclass(frozen=True, slots=True)
class NameFound:
    """One name at [start, end) of a prompt, in code points."""

    name: RegisteredName
    start: int
    end: int
    how: Found
    likeness: float
    """1, or for a near name the share of its letters that agree."""


class Reading:
    """Takes what may be a name, in the order of sureness; `result` tells what is one."""

    def __init__(self, names: Sequence[RegisteredName], beside: Beside, prompt: str) -> None:
        self.names, self.beside, self.prompt = names, beside, prompt
        self.levelled = level(prompt)
        self.visible, self.at = _visible(prompt)
        self.until = [0] * len(prompt)  # for each letter, where the farthest find ends that it is part of
        self.found: list[NameFound] = []
        self.titles: set[str] = set()

    def look_at(self, strikes: Sequence[Strike]) -> None:
        sure: list[tuple[int, int, Key]] = []
        for first, last, key in sorted(strikes, key=lambda strike: strike[0] - strike[1]):
            place = self._place(first, last, key)
            if place is not None and (
                key.alone or _is_bracketed(self.prompt, *place) or (key.phrase and _is_capitalised(self.prompt, *place))
            ):
                sure.append((*place, key))
            elif not key.alone:
                self.titles |= key.titles
        for start, end, key in sorted(sure, key=lambda each: each[0] - each[1]):
            if self.until[start] < end:
                self._take(start, end, key.names, None)

    def look_again(self, words: Sequence[tuple[int, int, Near]], places: Sequence[tuple[int, int, Near]]) -> None:
        """Finds of the second look: by first and last word of the stream, and by place."""
        at = [found.span() for found in re.finditer("[^ ]+", self.levelled.stream)] if words else []
        spans = [(self.levelled.starts[at[a][0]], self.levelled.ends[at[b][1] - 1], near) for a, b, near in words]
        for start, end, (numbers, likeness) in (*spans, *places):
            if not any(self.until[start:end]):
                self._take(start, end, numbers, Found.JOINED if likeness == 1 else Found.NEAR, likeness)

    def result(self) -> list[NameFound]:
        """By place; at one place those first that are written as registered."""
        if not self.found and not self.titles:
            return []
        sure = {each.name.work_id for each in self.found}
        works = sure | self.titles
        beside = {key.form: key for work in works for key in self.beside(work, self.levelled.stream)}
        for key in sorted(beside.values(), key=lambda key: -len(key.form)):
            for first, last, sought in self._where(key):
                place = self._place(first, last, sought, named=True)
                if sought is not key and place is not None and not _HIRAGANA.fullmatch(self.prompt[slice(*place)]):
                    continue
                if place is not None and not any(self.until[place[0] : place[1]]):
                    self._take(*place, [n for n in key.names if self.names[n].work_id in works], Found.BESIDE)
        owners: defaultdict[str, set[str | None]] = defaultdict(set)
        for each in self.found:
            owners[each.name.work_id].add(each.name.character_id)
        kept = [
            each
            for each in self.found
            if each.how is not Found.BESIDE
            or each.name.work_id in sure
            or (None in owners[each.name.work_id] and len(owners[each.name.work_id]) > 1)
        ]
        return sorted(kept, key=lambda each: (each.start, -each.end, each.how is not Found.WRITTEN))

    def _take(self, start: int, end: int, numbers: Sequence[int], how: Found | None, likeness: float = 1.0) -> None:
        """Of the names of one owner the likest to what is written."""
        piece = self.prompt[start:end]
        owners: dict[tuple[str, str | None], tuple[int, NameFound]] = {}
        for number in numbers:
            name = self.names[number]
            guessed = name.guessed_from is not None
            alike = not guessed and _folded(name.text) == _folded(piece)
            likest = alike + (name.text.casefold() == piece.casefold())
            owner = (name.work_id, name.character_id)
            if owner not in owners or likest > owners[owner][0]:
                here = Found.GUESSED if guessed else how or (Found.WRITTEN if alike else Found.LEVELLED)
                owners[owner] = likest, NameFound(name, start, end, here, likeness)
        self.found += [found for _, found in owners.values()]
        if owners:
            self.until[start:end] = [max(end, until) for until in self.until[start:end]]

    def _where(self, key: Key) -> Iterator[tuple[int, int, Key]]:
        """First and last letter in the stream, and the key, with its bare form where it is sought without blanks."""
        for form in sought_beside(key.form):
            meant = key if form == key.form else key._replace(form=key.form.strip())
            at = self.levelled.stream.find(form)
            while at >= 0:
                yield at, at + len(form) - 1, meant
                at = self.levelled.stream.find(form, at + 1)

    def _place(self, first: int, last: int, key: Key, *, named: bool = False) -> tuple[int, int] | None:
        """Where in the prompt the key stands as a word of its own; None where it does not.

        `named`: whether the prompt holds another name of its work.
        """
        stream, starts, ends = self.levelled.stream, self.levelled.starts, self.levelled.ends
        shortened = stream[first : last + 1] != key.form
        first += stream[first] == " "
        last -= stream[last] == " "
        if key.form[0] == key.form[-1] == " ":
            place = starts[first], self._past_silent(ends[last])
            return place if self._is_whole(*place, key, named) else None
        best: tuple[bool, int, int] | None = None
        for start in range(starts[first - 1] if shortened and first else starts[first], ends[first]):
            for end in range(starts[last] + 1, self._past_silent(ends[last]) + 1):
                if start < end and self.prompt[start].isalnum() and self._ends_letter(end):
                    piece = self.prompt[start:end]
                    if level_all([piece])[0].strip() == key.form.strip() and self._is_whole(start, end, key, named):
                        exact = any(_folded(self.names[n].text) == _folded(piece) for n in key.names)
                        best = max(best or (False, -len(self.prompt), 0), (exact, -start, end))
        return None if best is None else (-best[1], best[2])

    def _ends_letter(self, end: int) -> bool:
        following = self.prompt[end : end + 1]
        joined = bool(following) and (following in "ﾞﾟ" or unicodedata.combining(following) > 0)
        return not joined and not self.prompt[end - 1].isspace()

    def _past_silent(self, end: int) -> int:
        at = end
        while at < len(self.prompt):
            if self.prompt[at] in "ーｰっッｯ" or unicodedata.combining(self.prompt[at]):
                end = at + 1
            elif not _is_invisible(self.prompt[at]):
                break
            at += 1
        return end

    def _is_whole(self, start: int, end: int, key: Key, named: bool) -> bool:
        texts = [self.names[n].text for n in key.names]
        start, end = self.at[start], self.at[end]
        piece = self.visible[start:end]
        if _BREAK.search(piece) and not _is_spelled_out(piece) and not any(_BREAK.search(text) for text in texts):
            return False
        form = key.form.strip()
        if form.isupper() and form.isascii() and not _says_enough(form, piece, texts, key.alone and not named):
            return False
        return stands_alone(self.visible, start, end, named=named)


_folded = lru_cache(maxsize=1 << 14)(fold)
"""The same names are met again and again."""


def _says_enough(form: str, piece: str, texts: Sequence[str], unnamed: bool) -> bool:
    """Whether a name is meant by a piece that sounds like it, whose work is `unnamed`."""
    ordinary = form in ordinary_words()
    scripts = {script_of_letter(piece, at) for at in range(len(piece))} - {None}
    if scripts == {"hiragana"} and (ordinary or len(form) < LONG_KANA):
        # Letter by letter: by sound ている would be テル, and から カーラ.
        if unnamed:
            return not ordinary and any(unicodedata.normalize("NFKC", text) == piece for text in texts)
        latin = any(text.isascii() for text in texts) and len(form) >= SHORTEST
        return any(_in_katakana(text) == _in_katakana(piece) for text in texts) or (latin and not ordinary)
    if len(form) >= SHORTEST and ordinary and not KATAKANA.fullmatch(piece):
        return not unnamed
    if len(form) >= LONG_KANA:
        return True
    # By sound, so few letters say too much: デイス would be です.
    alike = [text for text in texts if _folded(text) == _folded(piece)]
    if unnamed and scripts != {"katakana"} and not any(unicodedata.normalize("NFKC", text) == piece for text in alike):
        return False
    return bool(alike) or (len(form) >= SHORTEST and any(text.isascii() for text in texts))


def _in_katakana(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_KATAKANA_OF)


def _is_bracketed(text: str, start: int, end: int) -> bool:
    return text[max(0, start - 1) : start] == "『" and text[end : end + 1] == "』"


def _is_capitalised(text: str, start: int, end: int) -> bool:
    """As a title is, in a prompt that does not write all words so."""
    words = _LONG_WORD.findall(text[start:end]) or [text[start:end]]
    others = _LONG_WORD.findall(text[:start] + " " + text[end:])
    return all(word[0].isupper() for word in words) and (not others or any(word[0].islower() for word in others))


def _is_spelled_out(piece: str) -> bool:
    letters = sum(char.isalnum() or char == "ー" for char in piece)
    return len(piece) - letters >= letters - 1


@lru_cache(maxsize=1 << 14)
def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in _INVISIBLE


def _visible(prompt: str) -> tuple[str, Sequence[int]]:
    """In normal width, without marks and invisible characters; and where each character of the prompt is in that."""
    if prompt.isascii():
        return prompt, range(len(prompt) + 1)
    if unicodedata.is_normalized("NFKC", prompt) and not any(map(_is_invisible, prompt)):
        return like_kana(prompt), range(len(prompt) + 1)
    letters: list[str] = []
    at: list[int] = []
    for char in prompt:
        at.append(len(letters))
        if char in _VOICING and letters:
            voiced = unicodedata.normalize("NFKC", letters[-1] + unicodedata.normalize("NFKC", char))
            letters[-1] = voiced if len(voiced) == 1 else letters[-1]
        elif not _is_invisible(char):
            plain = unicodedata.normalize("NFKC", char)
            letters.append(plain if len(plain) == 1 else char)
    return like_kana("".join(letters)), [*at, len(letters)]
