"""A second look at words that no dictionary knows: names broken up, with figures for letters, or with a typing error.

Bounded, so that no prompt costs much: `ODD_WORDS` words of a prompt, `TOGETHER` neighbours at a time, and each word is
compared only with names of its own script that begin or end as it does.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rapidfuzz.distance import OSA

from tomeishi.screening.levelling import level_all
from tomeishi.screening.ordinary import LOANWORD, ordinary_words
from tomeishi.screening.spellings import KATAKANA, Key, RegisteredName, is_made_of

ODD_WORDS = 64
TOGETHER = 8
SHORT = 3
"""Letters of an ordinary word that may be a piece of a name."""

_NEAR_FROM = {"latin": 7, "katakana": 9}
_TWO_FROM = 12
"""Letters of a name from which one, and from which two, may be wrong; two letters of katakana are one."""
_ENDS = 3
_KEPT = 1 << 16
_FIGURES = str.maketrans("01345789@$!|", "oieastbgasii")
_WITH_FIGURES = re.compile(r"(?<![A-Za-z0-9@$!|])[A-Za-z0-9@$!|]{3,60}(?![A-Za-z0-9@$!|])")
_FIGURE, _LETTER = re.compile("[0-9@$!|]"), re.compile("[A-Za-z]")
_BROKEN_KATAKANA = re.compile("[ァ-ヺー]+(?:[ \u3000・_~.*\\-][ァ-ヺー]+)+")
_KATAKANA_RUN = re.compile("[ァ-ヺー]{3,}")

Near = tuple[list[int], float]
"""Numbers of names, and the share of letters that agree."""


class SecondLook:
    """Over the keys of one registry."""

    def __init__(self, keys: Mapping[str, Key], names: Sequence[RegisteredName]) -> None:
        self._keys = keys
        self._names = names
        self._ordinary = ordinary_words()
        self._by_end: dict[str, list[str]] | None = None
        self._near: dict[str, Near | None] = {}

    def odd_words(self, streams: Sequence[str]) -> set[str]:
        """Latin words of a batch that are in no dictionary."""
        words = set(" ".join(streams).split()) - self._ordinary
        return {word for word in words if word.islower() and word.isascii() and f" {word} " not in self._keys}

    def odd_katakana(self, prompts: Sequence[str]) -> set[str]:
        """Runs of katakana in a batch that are near a name, or in pieces."""
        whole = "\n".join(prompts)
        near = {run for run in set(_KATAKANA_RUN.findall(whole)) if self._nearest_katakana(run)}
        return near | set(_BROKEN_KATAKANA.findall(whole))

    def words(self, stream: str, odd: set[str]) -> list[tuple[int, int, Near]]:
        """First and last word of the stream that may be a name in pieces, or near one; the longest first."""
        words = stream.split()
        ours = [at for at, word in enumerate(words) if word in odd][:ODD_WORDS]
        found = [*self._joined(words, ours, odd)]
        found.sort(key=lambda each: each[0] - each[1])
        for at in ours:
            if near := self._nearest(words[at]):
                found.append((at, at, near))
        return found

    def figures(self, prompt: str) -> Iterator[tuple[int, int, Near]]:
        """Start and end of names with figures for letters (p1kachu), or after them (pikachu2)."""
        for found in _WITH_FIGURES.finditer(prompt):
            if not (_FIGURE.search(found[0]) and _LETTER.search(found[0])):
                continue
            bare = found[0].rstrip("0123456789")
            for text, end in ((found[0].translate(_FIGURES), found.end()), (bare, found.start() + len(bare))):
                key = self._keys.get(f" {level_all([text])[0].strip()} ")
                if key is not None and key.alone:
                    yield found.start(), end, (key.names, 1.0)
                    break

    def katakana(self, prompt: str) -> list[tuple[int, int, Near]]:
        """Start and end of runs of katakana that are near a name, or one in pieces."""
        runs = [*_KATAKANA_RUN.finditer(prompt)]
        broken = [place for found in _BROKEN_KATAKANA.finditer(prompt) for place in self._mended(found)]
        near = [(run.start(), run.end(), self._nearest_katakana(run[0])) for run in runs[:ODD_WORDS]]
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

    def _nearest_katakana(self, run: str) -> Near | None:
        if run not in self._near:
            word = level_all([run])[0].strip()
            self._keep(run, None if not word.isupper() else self._nearest(word))
        return self._near[run]

    def _joined(self, words: Sequence[str], ours: Sequence[int], odd: set[str]) -> Iterator[tuple[int, int, Near]]:
        for at in ours:
            first = at
            while first > max(0, at - TOGETHER + 1) and self._may_be_a_piece(words[first - 1], odd):
                first -= 1
            last = at
            while last < min(len(words) - 1, at + TOGETHER - 1) and self._may_be_a_piece(words[last + 1], odd):
                last += 1
            spans = [(a, b) for a in range(first, at + 1) for b in range(at, last + 1) if 0 < b - a < TOGETHER]
            # Letters that make one sound may have come apart: pikac hu.
            joined = ["".join(words[a : b + 1]).replace("kh", "ch") for a, b in spans]
            for (a, b), stream in zip(spans, level_all(joined), strict=True):
                key = self._keys.get(stream)
                if key is not None and key.alone:
                    yield a, b, (key.names, 1.0)

    def _may_be_a_piece(self, word: str, odd: set[str]) -> bool:
        return word in odd or (len(word) <= SHORT and word.islower() and word.isascii())

    def _nearest(self, word: str) -> Near | None:
        if word not in self._near:
            known = word in self._ordinary or f" {word} " in self._keys or word in self._keys
            worth = len(word) >= _NEAR_FROM["latin"] - 1 and word.isalpha() and word.isascii() and not known
            made = worth and is_made_of(word, self._ordinary)
            self._keep(word, self._compare(word) if worth and not made else None)
        return self._near[word]

    def _keep(self, word: str, near: Near | None) -> None:
        if len(self._near) > _KEPT:
            self._near.clear()
        self._near[word] = near

    def _compare(self, word: str) -> Near | None:
        by_end = self._by_end = self._by_end or self._ends()
        best: tuple[int, str] | None = None
        for form in (*by_end.get("<" + word[:_ENDS], ()), *by_end.get(">" + word[-_ENDS:], ())):
            plain = form.strip()
            allowed = 2 if len(plain) >= _TWO_FROM else 1
            if abs(len(plain) - len(word)) <= allowed:
                wrong = OSA.distance(plain, word, score_cutoff=allowed)
                if wrong <= allowed and (best is None or (wrong, form) < best):
                    best = wrong, form
        if best is None:
            return None
        wrong, form = best
        return self._keys[form].names, 1 - max(1, wrong) / max(len(word), len(form.strip()))

    def _ends(self) -> dict[str, list[str]]:
        """Forms by their first and last letters, of names that were registered in the script of the form."""
        by_end: defaultdict[str, list[str]] = defaultdict(list)
        for form, key in self._keys.items():
            plain = form.strip()
            least = _NEAR_FROM["latin" if plain.islower() else "katakana"]
            if not (key.alone and len(plain) >= least and plain.isascii() and plain.isalpha()):
                continue
            texts = [self._names[number].text for number in key.names]
            if any(text.isascii() if plain.islower() else KATAKANA.fullmatch(text) for text in texts):
                by_end["<" + plain[:_ENDS]].append(form)
                by_end[">" + plain[-_ENDS:]].append(form)
        return by_end
