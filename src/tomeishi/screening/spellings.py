"""The forms in which a registered name may stand in a levelled prompt, and which of them count by themselves.

Registered readings and spellings come first: nothing is guessed that a name's own letters do not say. Kana are also
sought as Latin letters, and romaji as kana; a name of two words also in the other order, and as one word. How kanji
sound, only a registered reading tells.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tomeishi.screening.boundaries import script_of_letter
from tomeishi.screening.levelling import level_all
from tomeishi.screening.ordinary import LOANWORD, PLAIN, ordinary_words

LONG_KANA = 7
"""Letters from which a name in kana is sought without a boundary in the stream: ピカチュウ has as many (PIKATYU)."""

_SHORTEST_PHRASE = 7
_TWO_WORDS = 11
"""Letters of the shortest katakana that is taken for two words."""

KATAKANA = re.compile("[ァ-ヺー]+")
_BRACKETS = re.compile(r"\s*[(（［【〔].*")
_PARTS = re.compile(r"[\s・＝=‐－\-]+")
_WORDS = re.compile("[A-Za-z0-9 ]+")
_PLAIN_PHRASE = re.compile("[一-鿿]{1,2}I[一-鿿]{1,2}")
"""青い花."""
_SPEAKABLE = re.compile("(?:(?:[KSTNHMRGZDBPF]Y?|[YW]|TS)?[AIUEO]|N)+")


@dataclass(frozen=True, slots=True)
class RegisteredName:
    """One name, and whose it is: a character's, or with None the work's own."""

    text: str
    work_id: str
    character_id: str | None


@dataclass(slots=True)
class Key:
    """One form, and the numbers of the names that it may stand for.

    A form that begins or ends with a Latin word or a run of katakana has a blank there, as it has in a stream.
    """

    form: str
    names: list[int]
    alone: bool
    """Whether it counts without another name of its work."""
    titles: bool
    """Whether one of the names is a work's own."""
    phrase: bool
    """Whether it is made of plain English words, and so counts only where they are capitalised: One Piece."""


def keys_of(names: Sequence[RegisteredName]) -> dict[str, Key]:
    """By form."""
    keys: dict[str, Key] = {}
    ordinary = ordinary_words()
    parted: list[tuple[int, list[str]]] = []

    def add(form: str, number: int, name: RegisteredName) -> None:
        key = keys.get(form)
        if key is None:
            alone, phrase = _counts_alone(form, name, ordinary), _is_phrase(form, ordinary)
            keys[form] = Key(form, [number], alone and not phrase, name.character_id is None, phrase)
        elif key.names[-1] != number:
            key.names.append(number)
            key.alone = key.alone or (not key.phrase and _counts_alone(form, name, ordinary))
            key.titles = key.titles or name.character_id is None

    for number, (name, stream) in enumerate(zip(names, level_all([name.text for name in names]), strict=True)):
        text = name.text
        if form := stream.strip():
            if form.isascii() and _WORDS.fullmatch(form):
                for each in _forms(form):
                    add(each, number, name)
            else:
                add(form if text[0] > "一" and text[-1] > "一" else _bounded(form, text), number, name)
        if not text.isalpha() and (parts := _parts(text)):
            parted.append((number, parts))
    streams = iter(level_all([part for _, parts in parted for part in parts]))
    for number, parts in parted:
        for form in _forms_of_parts([next(streams) for _ in parts], parts):
            add(form, number, names[number])
    return keys


def _parts(text: str) -> list[str]:
    """The words of a name whose words close up in a stream; a name without what follows in brackets."""
    bare = _BRACKETS.sub("", text) if "(" in text or "（" in text or not text.isascii() else text
    parts = [part for part in _PARTS.split(bare) if part]
    return parts if bare != text or (len(parts) > 1 and not text.isascii()) else []


def _forms(form: str) -> Iterator[str]:
    """Of a name in kana or Latin letters."""
    words = form.split()
    yield from _forms_of_words(words)
    if form.isupper():
        yield from _forms_of_words(form.lower().split())
    elif form.islower() and _SPEAKABLE.fullmatch("".join(words).upper()):
        yield from _forms_of_words(["".join(words).upper()])


def _forms_of_words(words: list[str]) -> Iterator[str]:
    joined = "".join(words)
    if len(words) == 1 and joined.isupper() and len(joined) > 4:
        yield joined
    if len(words) > 1 or not joined.isupper() or len(joined) < LONG_KANA:
        yield f" {joined} "
    if len(words) > 1:
        yield f" {' '.join(words)} "
    if len(words) == 2 and min(map(len, words)) > 2:
        yield f" {words[1]} {words[0]} "


def _forms_of_parts(streams: list[str], parts: list[str]) -> Iterator[str]:
    words = [stream.strip() for stream in streams if stream.strip()]
    spelled = all(word.isascii() and _WORDS.fullmatch(word) for word in words)
    if len(words) == 1:
        yield from _forms(words[0]) if spelled else [_bounded(words[0], parts[0])]
    elif words and spelled and all(word.isupper() for word in words):
        yield from _forms_of_words([word.lower() for word in words])
        yield from _forms_of_words(words)


def _bounded(form: str, text: str) -> str:
    letters = [char for char in unicodedata.normalize("NFKC", text) if char.isalnum() or char == "ー"] or ["一"]
    ends = (script_of_letter(letters[0], 0), script_of_letter(letters[-1], 0))
    before, after = (" " if script in (None, "katakana") else "" for script in ends)
    return before + form + after


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
