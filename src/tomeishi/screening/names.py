"""Names of works and characters, found in prompts.

An Aho-Corasick automaton over levelled names sees every prompt; only where it strikes, or where a prompt holds words
that no dictionary knows (`second_look`), is a prompt read letter by letter (`reading`).
"""

import gc
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

import ahocorasick

from tomeishi.screening.levelling import Lines
from tomeishi.screening.ordinary import ordinary_words
from tomeishi.screening.reading import Found, NameFound, Reading, Strike
from tomeishi.screening.second_look import SecondLook
from tomeishi.screening.spellings import LONG_KANA, SHORTEST, Key, Keys, RegisteredName, sought_beside

_BATCH = 512
"""Prompts that are levelled together."""

_BEGINNING = 9
"""Bytes of a form by which the automaton seeks it; all of it would take twice as long to build."""


class NameIndex:
    """All names of a registry; built once, then asked for any number of prompts, from any thread."""

    def __init__(self, names: Iterable[RegisteredName]) -> None:
        self.names = tuple(dict.fromkeys(names))
        self._works: dict[str, _OfWork] = {}
        self._asked = Lock()  # what is made or cleared when first needed must not be seen half done by another thread
        self._automaton: Any = ahocorasick.Automaton()
        collecting = gc.isenabled()
        gc.disable()  # it would walk a hundred thousand new lists again and again: half of the time
        try:
            self._keys = Keys(self.names)
            self._build()
        finally:
            if collecting:
                gc.enable()
        self._second_look = SecondLook(self._keys, self.names)

    def _build(self) -> None:
        """The automaton seeks how forms begin, as bytes: edges of a node are searched one by one, so few are better."""
        sought = self._keys.sought()
        letters = _as_bytes("\n".join(sought)).split("\n") if sought else []
        beginnings = [each[:_BEGINNING] for each in letters]
        last = dict(zip(beginnings, letters, strict=True))
        begins: dict[str, str | list[str]] = {**last}
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for beginning, each in zip(beginnings, letters, strict=True):
            if last[beginning] is not each:
                alike[beginning].append(each)
        for beginning, others in alike.items():
            begins[beginning] = [*others, last[beginning]]
        for beginning, found in begins.items():
            self._automaton.add_word(beginning, found)
        self._automaton.make_automaton()

    def find(self, prompts: Sequence[str]) -> list[list[NameFound]]:
        """For each prompt its names, by place."""
        if not self._automaton:
            return [[] for _ in prompts]
        return [found for at in range(0, len(prompts), _BATCH) for found in self._find(prompts[at : at + _BATCH])]

    def _find(self, prompts: Sequence[str]) -> list[list[NameFound]]:
        with self._asked:
            results, with_odd = self._read(prompts)
            for number in with_odd:
                results[number] = self._with_figures(prompts[number], results[number])
        return results

    def _read(self, prompts: Sequence[str]) -> tuple[list[list[NameFound]], set[int]]:
        """What each prompt says as it stands, and which of them hold words that are worth a second look."""
        lines = Lines(prompts)
        strikes = self._strikes(lines.streams, prompts)
        with_odd = self._second_look.with_broken_katakana(prompts)
        with_odd.update(lines.that_hold(self._second_look.odd_pieces(lines.pieces())))
        numbers = sorted(with_odd)
        words = dict(zip(numbers, self._second_look.words([lines.streams[n].split() for n in numbers]), strict=True))
        results: list[list[NameFound]] = [[] for _ in prompts]
        for number in strikes.keys() | words.keys():
            prompt, near = prompts[number], words.get(number, [])
            places = self._second_look.katakana(prompt) if number in words and not prompt.isascii() else []
            if number in strikes or near or places:
                reading = Reading(self.names, self._beside, prompt)
                reading.look_at(strikes.get(number, ()))
                reading.look_again(near, places)
                results[number] = reading.result()
        return results, with_odd

    def _with_figures(self, prompt: str, found: list[NameFound]) -> list[NameFound]:
        """With names too that hold figures for letters."""
        plain, changed = self._second_look.without_figures(prompt)
        for each in self._read([plain])[0][0] if changed else ():
            is_new = not any(other.start < each.end and each.start < other.end for other in found)
            is_changed = any(start < each.end and each.start < end for start, end in changed)
            if is_new and is_changed and each.end - each.start >= SHORTEST:
                as_written = each.how in (Found.WRITTEN, Found.LEVELLED)
                found = [*found, replace(each, how=Found.JOINED) if as_written else each]
        return sorted(found, key=lambda each: (each.start, -each.end))

    def _strikes(self, streams: Sequence[str], prompts: Sequence[str]) -> dict[int, list[Strike]]:
        """By number of the prompt; only of keys that may count there."""
        found: defaultdict[int, list[Strike]] = defaultdict(list)
        text = _as_bytes("\n".join(streams))
        lines = text.split("\n")
        number, begins, ends = 0, 0, len(lines[0])
        for last, alike in self._automaton.iter(text):
            while last >= ends:
                number += 1
                begins, ends = ends + 1, ends + 1 + len(lines[number])
            for letters in (alike,) if isinstance(alike, str) else alike:
                at = last + 1 - min(len(letters), _BEGINNING)
                if not text.startswith(letters, at):
                    continue
                form = letters if letters.isascii() else letters.encode("latin-1").decode()
                for key in self._keys.sounding(form):
                    counts = key.alone or key.phrase or (bool(key.titles) and "『" in prompts[number])
                    if counts or (key.titles and self._has_company(key, lines[number])):
                        first = len(text[begins:at].encode("latin-1").decode())
                        found[number].append((first, first + len(form) - 1, key))
        return found

    def _has_company(self, title: Key, line: str) -> bool:
        """Whether another name of its work seems to be in the same prompt; a first, quick answer."""
        return any(self._of_work(work).is_beside(title.form, line) for work in title.titles)

    def _beside(self, work: str, stream: str) -> list[Key]:
        """The keys of a work that count only beside another of its names, and may stand in `stream`."""
        keys = map(self._keys.get, self._of_work(work).that_may_stand_in(_as_bytes(stream)))
        return [key for key in keys if key is not None and self._counts_beside(key)]

    def _of_work(self, work: str) -> "_OfWork":
        found = self._works.get(work)
        if found is None:
            found = self._works[work] = _OfWork(self._keys.forms_of_work(work))
        return found

    def _counts_beside(self, key: Key) -> bool:
        form = key.form.strip()
        if not form.isascii():
            return not key.alone
        if len(form) < SHORTEST:
            # Long vowels count as nothing: ホウオウ is HO.
            return form.isupper() and any(len(self.names[number].text) >= SHORTEST for number in key.names)
        return not key.alone or (form.isupper() and (len(form) < LONG_KANA or form in ordinary_words()))


class _OfWork:
    """The forms of one work's names, and which of them stand in a stream."""

    def __init__(self, forms: Iterable[str]) -> None:
        sought: defaultdict[str, list[str]] = defaultdict(list)
        for form in forms:
            for each in sought_beside(form):
                sought[each].append(form)
        self._automaton: Any = ahocorasick.Automaton()
        for each, alike in sought.items():
            long = not each.isascii() or len(each.strip()) >= SHORTEST
            self._automaton.add_word(_as_bytes(each), (each if each in alike and long else None, alike))
        self._automaton.make_automaton()

    def is_beside(self, form: str, line: str) -> bool:
        """Whether a long form other than `form` stands in `line`, a stream as bytes, just as it is."""
        return any(whole not in (None, form) for _, (whole, _) in self._automaton.iter(line))

    def that_may_stand_in(self, line: str) -> Iterable[str]:
        """Each once."""
        return dict.fromkeys(form for _, (_, alike) in self._automaton.iter(line) for form in alike)


def _as_bytes(text: str) -> str:
    return text if text.isascii() else text.encode().decode("latin-1")
