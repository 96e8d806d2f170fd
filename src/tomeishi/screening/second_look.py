"""A second look at words that no dictionary knows: names broken up, with figures for letters, or with a typing error.

Bounded, so that no prompt costs much: `ODD_WORDS` words of a prompt, `TOGETHER` neighbours at a time, and each word is
compared only with names of its own script that begin or end as it does.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence, Set
from itertools import accumulate

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from tomeishi.screening.levelling import level_all
from tomeishi.screening.ordinary import LOANWORD, ordinary_words
from tomeishi.screening.spellings import KATAKANA, SHORTEST, Key, Keys, RegisteredName, is_made_of, without_brackets

ODD_WORDS = 64
TOGETHER = 8
SHORT = 3
"""Letters of an ordinary word that may be a piece of a name."""

_NEAR_FROM = {True: 7, False: 9}
"""Letters of a Latin name, and of one in katakana, from which one may be wrong; two letters of katakana are one."""
_TWO_FROM = 12
_ENDS = 3
_KEPT = 1 << 16
_LINES = 64
"""Prompts whose odd words are joined with their neighbours at once: 150,000 words at most."""
_FIGURES = str.maketrans("01345789@$!|", "oieastbgasii")
_ONE_IS_L = str.maketrans("01345789@$!|", "oleastbgasll")
_WITH_FIGURES = re.compile(r"(?<![\w@$!|])(?=[^\d@$!|]*[\d@$!|])[\w@$!|][\w@$!|'-]{1,58}[\w@$!|](?![\w@$!|])")
_FIGURE, _LETTER = re.compile("[0-9@$!|]"), re.compile("[A-Za-z]")
_BROKEN_KATAKANA = re.compile("[ァ-ヺー]+(?:[ \u3000・_~.*\\-][ァ-ヺー]+)+")
_BETWEEN_KATAKANA = re.compile("[ \u3000・_~.*\\-](?<=[ァ-ヺー].)[ \u3000・_~.*\\-]*(?=[ァ-ヺー])")
_WORD = re.compile("[A-Za-z0-9']+")
_KATAKANA_RUN = re.compile("[ァ-ヺー]{3,}")

Near = tuple[tuple[int, ...], float]
"""Numbers of names, and the share of letters that agree."""


class SecondLook:
    """Over the keys of one registry."""

    def __init__(self, keys: Keys, names: Sequence[RegisteredName]) -> None:
        self._keys = keys
        self._names = names
        self._ordinary = ordinary_words()
        self._by_end: dict[bool, tuple[list[str], list[str]]] = {}
        self._near: dict[str, Near | None] = {}
        self._seen: set[str] = set()
        self._odd: dict[str, list[str]] = {}
        self._letters: dict[str, str | None] = {}
        self._words: frozenset[str] = frozenset()

    def odd_pieces(self, pieces: Set[str]) -> set[str]:
        """Latin words of a batch that are in no dictionary, and runs of katakana near a name; levelled, too."""
        if max(len(self._near), len(self._letters), len(self._seen)) > _KEPT:
            self._near.clear()
            self._letters.clear()
            self._seen.clear()
            self._odd.clear()
        new = [*(pieces - self._seen)]
        self._seen.update(new)
        runs = {piece for piece in new if len(piece) >= SHORTEST and KATAKANA.fullmatch(piece)}
        self._look_up(runs)
        for piece, stream in zip(new, level_all(new), strict=True):
            words = stream.split()
            if (piece in runs and self._near[piece]) or any(map(self._is_odd, words)):
                self._odd[piece] = words
        odd = pieces & self._odd.keys()
        return odd.union(*[self._odd[piece] for piece in odd])

    def _is_odd(self, word: str) -> bool:
        return word not in self._ordinary and word.islower() and word.isascii() and f" {word} " not in self._keys

    def with_broken_katakana(self, prompts: Sequence[str]) -> set[int]:
        """Numbers of the prompts of a batch that hold a run of katakana in pieces."""
        whole = "\n".join(prompts)
        if whole.isascii():
            return set()
        ends = [*accumulate(len(prompt) + 1 for prompt in prompts)]
        return {bisect_right(ends, found.start()) for found in _BETWEEN_KATAKANA.finditer(whole)}

    def words(self, streams: Sequence[Sequence[str]]) -> list[list[tuple[int, int, Near]]]:
        """Of each stream first and last word of what may be a name in pieces, or near one; the longest first."""
        odd = [[self._is_odd(word) for word in words] for words in streams]
        ours = [[at for at in range(len(words)) if odd[n][at]][:ODD_WORDS] for n, words in enumerate(streams)]
        parts = [slice(at, at + _LINES) for at in range(0, len(streams), _LINES)]
        found = [each for part in parts for each in self._joined(streams[part], ours[part], odd[part])]
        for words, places, here in zip(streams, ours, found, strict=True):
            here.sort(key=lambda each: each[0] - each[1])
            for at in places:
                for first, last in _spans_around(at, len(words)):
                    piece = words[first : last + 1]
                    if min(map(len, piece)) >= SHORTEST and (near := self._near_of(piece)):
                        here.append((first, last, near))
        return found

    def _near_of(self, words: Sequence[str]) -> Near | None:
        """Of a name of as many words, in either order."""
        written = " ".join(words)
        if written not in self._near:
            orders = [words, [*words[1:], words[0]]] if len(words) > 1 else [words]
            near = (self._nearest("".join(order), len(words)) for order in orders)
            self._near[written] = next(filter(None, near), None)
        return self._near[written]

    def without_figures(self, prompt: str) -> tuple[str, list[tuple[int, int]]]:
        """The prompt with letters for the figures of names (p1kachu), and blanks for those after them (pikachu2).

        Each stands where it stood; and from where to where a word has changed.
        """
        changed: list[tuple[int, int]] = []
        pieces: list[str] = []
        done = 0
        # Most prompts hold no figure: a search for one takes a tenth of the time.
        for found in _WITH_FIGURES.finditer(prompt) if _FIGURE.search(prompt) else ():
            if plain := self._plain(found[0]):
                pieces += (prompt[done : found.start()], plain)
                done = found.end()
                changed.append(found.span())
        return "".join([*pieces, prompt[done:]]), changed

    def _plain(self, word: str) -> str | None:
        if word not in self._letters:
            tried = [word.rstrip("0123456789").ljust(len(word)), word.translate(_FIGURES), word.translate(_ONE_IS_L)]
            mixed = _FIGURE.search(word) and _LETTER.search(word)
            self._letters[word] = next(filter(self._is_part_of_a_name, tried if mixed else ()), None)
        return self._letters[word]

    def _is_part_of_a_name(self, text: str) -> bool:
        if not self._words:
            self._words = frozenset(" ".join(self._keys).split())
        words = level_all([text])[0].split()
        joined = "".join(words)
        return len(joined) >= SHORTEST and (joined in self._words or self._words.issuperset(words))

    def katakana(self, prompt: str) -> list[tuple[int, int, Near]]:
        """Start and end of runs of katakana that are near a name, or one in pieces."""
        runs = [*_KATAKANA_RUN.finditer(prompt)]
        broken = [place for found in _BROKEN_KATAKANA.finditer(prompt) for place in self._mended(found)]
        self._look_up({run[0] for run in runs})
        near = [(run.start(), run.end(), self._near[run[0]]) for run in runs[:ODD_WORDS]]
        return broken + [(start, end, each) for start, end, each in near if each is not None]

    def _mended(self, found: re.Match[str]) -> Iterator[tuple[int, int, Near]]:
        runs = [run.span() for run in KATAKANA.finditer(found.string, *found.span())][:TOGETHER]
        spans = [(runs[a][0], runs[b][1]) for a in range(len(runs)) for b in range(a + 1, len(runs))]
        joined = ["".join(KATAKANA.findall(found.string[start:end])) for start, end in spans]
        whole = sorted(zip(spans, level_all(joined), strict=True), key=lambda each: each[0][0] - each[0][1])
        for (start, end), stream in whole:
            key = self._keys.get(stream) or self._keys.get(stream.strip())
            if key is not None and key.alone and LOANWORD + stream.strip() not in self._ordinary:
                yield start, end, (key.names, 1.0)

    def _look_up(self, runs: set[str]) -> None:
        new = sorted(runs - self._near.keys())
        for run, stream in zip(new, level_all(new), strict=True):
            word = stream.strip()
            self._near[run] = self._nearest(word) if word.isupper() else None

    def _joined(
        self, streams: Sequence[Sequence[str]], ours: Sequence[Sequence[int]], odd: Sequence[Sequence[bool]]
    ) -> list[list[tuple[int, int, Near]]]:
        """Of each stream the names in pieces. All are levelled together: a call for a few words takes as long."""
        spans: list[tuple[int, int, int]] = []
        for number, (words, places) in enumerate(zip(streams, ours, strict=True)):
            for at in places:
                spans += [(number, *span) for span in _spans_of_pieces(words, odd[number], at)]
        # Letters that make one sound may have come apart: pikac hu.
        joined = ["".join(streams[number][a : b + 1]).replace("kh", "ch") for number, a, b in spans]
        found: list[list[tuple[int, int, Near]]] = [[] for _ in streams]
        for (number, a, b), stream in zip(spans, level_all(joined), strict=True):
            key = self._keys.get(stream)
            if key is not None and key.alone:
                found[number].append((a, b, (key.names, 1.0)))
        return found

    def _nearest(self, word: str, words: int = 1) -> Near | None:
        worth = len(word) >= _NEAR_FROM[True] - 1 and word.isalpha() and word.isascii()
        known = word in self._ordinary or f" {word} " in self._keys or word in self._keys
        return self._compare(word, words) if worth and not known and not is_made_of(word, self._ordinary) else None

    def _compare(self, word: str, words: int) -> Near | None:
        latin = word.islower()
        if latin not in self._by_end:
            self._by_end[latin] = self._ends(latin)
        forwards, backwards = self._by_end[latin]
        alike = {*_beginning(forwards, word[:_ENDS])}
        alike |= {form[::-1] for form in _beginning(backwards, word[: -_ENDS - 1 : -1])}
        found = extract(word, alike, scorer=OSA.distance, score_cutoff=2, limit=None)
        for plain, wrong, _ in sorted(found, key=lambda each: (each[1], each[0])):
            key = self._keys.get(f" {plain} " if latin else plain)
            if (
                key is not None
                and key.alone
                and (wrong < 2 or len(plain) >= _TWO_FROM)
                and self._is_registered_so(key, words)
            ):
                return key.names, 1 - max(1, wrong) / max(len(word), len(plain))
        return None

    def _is_registered_so(self, key: Key, words: int) -> bool:
        """Whether one of the names is written in the script of the key, and in so many words if in several."""
        texts = [self._names[number].text for number in key.names]
        if not key.form.islower():
            return any(KATAKANA.fullmatch(text) for text in texts)
        return any(text.isascii() and words in (1, len(_WORD.findall(without_brackets(text)))) for text in texts)

    def _ends(self, latin: bool) -> tuple[list[str], list[str]]:
        """Forms of one word in one script, long enough to be compared; sorted, and sorted with their ends first."""
        words = (form[1:-1] for form in self._keys) if latin else iter(self._keys)
        least = _NEAR_FROM[latin]
        long = [w for w in words if len(w) >= least and w.isascii() and w.isalpha() and w.islower() is latin]
        return sorted(long), sorted(word[::-1] for word in long)


def _may_be_a_piece(word: str) -> bool:
    return len(word) <= SHORT and word.islower() and word.isascii()


def _spans_of_pieces(words: Sequence[str], odd: Sequence[bool], at: int) -> list[tuple[int, int]]:
    """First and last of the words around an odd one that may be pieces with it; two or more."""
    first = last = at
    while first > max(0, at - TOGETHER + 1) and (odd[first - 1] or _may_be_a_piece(words[first - 1])):
        first -= 1
    while last < min(len(words) - 1, at + TOGETHER - 1) and (odd[last + 1] or _may_be_a_piece(words[last + 1])):
        last += 1
    return [(a, b) for a in range(first, at + 1) for b in range(at, last + 1) if 0 < b - a < TOGETHER]


def _spans_around(at: int, end: int) -> Iterator[tuple[int, int]]:
    """First and last of up to three words around one; the most first."""
    for size in (2, 1, 0):
        for first in range(max(0, at - size), min(at, end - size - 1) + 1):
            yield first, first + size


def _beginning(forms: Sequence[str], with_letters: str) -> Sequence[str]:
    return forms[bisect_left(forms, with_letters) : bisect_left(forms, with_letters + "\x7f")]
