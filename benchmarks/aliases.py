"""Recall of names in prompts, on names and spellings that this project did not make. Part of `benchmarks.prompts`.

What taggers wrote for a name and nobody registered is told apart mechanically: what needs its work beside it by rule
(short, or ordinary words); what differs only by a convention of writing Japanese in Latin letters, by the order of
words, initials or signs; what has up to two letters wrong; and other names and translations, which must be registered.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio

from tomeishi.screening.levelling import level_all
from tomeishi.screening.names import NameIndex
from tomeishi.screening.ordinary import PLAIN, ordinary_words
from tomeishi.screening.spellings import RegisteredName, without_brackets

_ALIKE = 85
"""Of 100, by rapidfuzz, from which an alias is another spelling of a name and not another name."""
_WRONG = 2
_LEAST = 8
_KINDS = ("that_need_their_work", "by_convention", "with_letters_wrong", "of_other_names")
_CONVENTIONS = [
    (re.compile(pattern), plain)
    for pattern, plain in (
        ("tch|cch", "tty"),
        ("sh", "sy"),
        ("ch", "ty"),
        ("j", "zy"),
        ("(?<=[stz])y(?=[iy])", ""),
        ("tsu", "tu"),
        ("fu", "hu"),
        ("dzu|du", "zu"),
        ("oh(?![aeiouy])|ou|oo", "o"),
        ("uu", "u"),
        ("m(?=[bmp])", "n"),
        ("l", "r"),
        ("v", "b"),
        ("c(?!h)", "k"),
    )
]
"""Hepburn, Kunrei and wāpuro, and the long o of passports."""


def pokemon(folder: Path) -> dict[str, Any]:
    """Japanese and English names of 1,025 figures, with their work's title in the prompt and without."""
    english, japanese = (json.loads((folder / f"{each}.json").read_text(encoding="utf-8")) for each in ("en", "ja"))
    names = [RegisteredName("ポケットモンスター", "w", None), RegisteredName("ポケモン", "w", None)]
    names += [RegisteredName("Pokémon", "w", None)]
    names += [RegisteredName(name, "w", str(n)) for each in (japanese, english) for n, name in enumerate(each)]
    index = NameIndex(names)

    def share(texts: Sequence[str], prompt: str) -> dict[str, Any]:
        return _recall(index, [(str(n), prompt.format(text)) for n, text in enumerate(texts)])

    def known(texts: Sequence[str], prompt: str) -> dict[str, Any]:
        meant = [(str(n), prompt.format(text)) for n, text in enumerate(texts) if not _is_common(text)]
        return _recall(index, meant) | {"common_or_short": len(texts) - len(meant)}

    return {
        "pokemon_ja_with_title": share(japanese, "ポケモンの{}が森で遊んでいる絵"),
        "pokemon_en_with_title": share(english, "a pokemon {} playing in the forest, digital art"),
        "pokemon_ja_alone": share(japanese, "{}が森で遊んでいる絵"),
        "pokemon_en_alone": share(english, "{} playing in the forest, digital art"),
        "pokemon_ja_alone_not_common": known(japanese, "{}が森で遊んでいる絵"),
        "pokemon_en_alone_not_common": known(english, "{} playing in the forest, digital art"),
        **{
            f"variant_{name}": share([change(text) for text in japanese], "ポケモンの{}が森で遊んでいる絵")
            for name, change in VARIANTS.items()
        },
        **{
            f"variant_en_{name}": share([change(text) for text in english], "a pokemon, {}, playing in the forest")
            for name, change in ENGLISH_VARIANTS.items()
        },
    }


def _is_common(text: str) -> bool:
    """A word of the dictionaries, as written or by its sound; or fewer than four kana, or five Latin letters."""
    key = level_all([text])[0].strip().replace(" ", "")
    return key in ordinary_words() or len(text.replace("ー", "")) < (5 if text.isascii() else 4)


_HALF_KANA = dict(
    zip(
        "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンァィゥェォャュョッー",
        "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｧｨｩｪｫｬｭｮｯｰ",
        strict=True,
    )
)


def _half_width(text: str) -> str:
    parts = unicodedata.normalize("NFD", text).replace("\u3099", "ﾞ").replace("\u309a", "ﾟ")
    return "".join(_HALF_KANA.get(char, char) for char in parts)


def _hiragana(text: str) -> str:
    return "".join(chr(ord(char) - 0x60) if "ァ" <= char <= "ヶ" else char for char in text)


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


VARIANTS: dict[str, Callable[[str], str]] = {
    "half_width": _half_width,
    "hiragana": _hiragana,
    "spelled_out": " ".join,
    "dots": "・".join,
    "zero_width": "\u200b".join,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "look_alike": lambda text: (
        text.translate(str.maketrans("カロニハエタト", "力口二八工夕卜")) if len(text) > 2 else text
    ),
}
ENGLISH_VARIANTS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "full_width": _full_width,
    "spelled_out": " ".join,
    "zero_width": "\u200b".join,
    "cyrillic": lambda text: text.translate(str.maketrans("aeopcx", "аеорсх")),
    "figures": lambda text: text.lower().translate(str.maketrans("aeio", "4310")),
}


class Tags:
    """Names as taggers write them, and the aliases that taggers noted for them."""

    def __init__(self, file: Path) -> None:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.reader(lines) if len(row) > 3 and row[1] == "4"]
        self.tags = [row[0].replace("_", " ") for row in rows]
        self.works = [_work_of(tag) or f"unknown {n}" for n, tag in enumerate(self.tags)]
        self.aliases = [
            (n, alias.strip().replace("_", " "))
            for n, row in enumerate(rows)
            for alias in row[3].split(",")
            if alias.strip() and not alias.strip().startswith("/")
        ]
        both = zip(self.tags, self.works, strict=True)
        self.names = [RegisteredName(tag, work, str(n)) for n, (tag, work) in enumerate(both)]

    def index(self) -> NameIndex:
        """Of all names, all aliases, and the works that tags tell."""
        aliases = [RegisteredName(alias, self.works[n], str(n)) for n, alias in self.aliases]
        titles = [work for work in sorted(set(self.works)) if not work.startswith("unknown")]
        return NameIndex([*self.names, *aliases, *(RegisteredName(work, work, None) for work in titles)])

    def recall(self) -> dict[str, Any]:
        index, alone = self.index(), "1girl, {}, standing, smile"
        titled = [(n, alias) for n, alias in self.aliases if "unknown" not in self.works[n]]
        full = [(n, alias) for n, alias in self.aliases if len(alias.split("(")[0].split()) > 1]
        spelled = [(n, alias) for n, alias in self.aliases if _is_spelling(alias, self.tags[n])]
        names = NameIndex(self.names)
        kinds = {n_alias: self._kind(*n_alias) for n_alias in spelled}

        def of_kind(*wanted: str) -> dict[str, Any]:
            return _recall(names, [(str(n), alone.format(alias)) for n, alias in spelled if kinds[n, alias] in wanted])

        return {
            "danbooru_aliases_registered_with_title": _recall(
                index, [(str(n), f"1girl, {alias}, {self.works[n]}, standing") for n, alias in titled]
            ),
            "danbooru_aliases_registered_several_words_alone": _recall(
                index, [(str(n), alone.format(alias)) for n, alias in full]
            ),
            "danbooru_aliases_registered_several_words_alone_not_common": _recall(
                index, [(str(n), alone.format(alias)) for n, alias in full if not self._needs_its_work(alias)]
            ),
            "danbooru_spellings_not_registered": of_kind(*_KINDS),
            **{f"danbooru_spellings_not_registered_{kind}": of_kind(kind) for kind in _KINDS},
        }

    def _kind(self, number: int, alias: str) -> str:
        """Of a spelling that nobody registered."""
        tag = self.tags[number]
        if self._needs_its_work(alias) or self._needs_its_work(tag):
            return "that_need_their_work"
        if _plain(alias) == _plain(tag):
            return "by_convention"
        letters, others = ("".join(sorted(text.split())) for text in (alias, tag))
        wrong = min(OSA.distance(alias, tag), OSA.distance(letters, others))
        return "with_letters_wrong" if wrong <= _WRONG else "of_other_names"

    @staticmethod
    def _needs_its_work(name: str) -> bool:
        """By rule: in small letters, all its words are English ones, or it has fewer than eight letters."""
        words = level_all([without_brackets(name)])[0].split()
        return len("".join(words)) < _LEAST or all(PLAIN + word in ordinary_words() for word in words)


def _plain(name: str) -> list[str]:
    """Its words, each by its sound and in one order, without initials, signs, `no` and `and`."""
    words = re.sub("[^a-z ]", "", re.sub("[-&.]", " ", name.lower())).split()
    plain = []
    for word in words:
        if len(word) < 2 or word in ("no", "and"):
            continue
        for pattern, new in _CONVENTIONS:
            word = pattern.sub(new, word)
        plain.append(re.sub(r"(.)\1+", r"\1", word))
    return sorted(plain)


def _is_spelling(alias: str, tag: str) -> bool:
    """Whether an alias is another spelling of a name of several words, judged without our own levelling."""
    if "(" in alias + tag or " " not in tag or alias.replace(" ", "") == tag.replace(" ", ""):
        return False
    return max(ratio(alias, tag), ratio(" ".join(reversed(alias.split())), tag)) >= _ALIKE


def _work_of(tag: str) -> str | None:
    found = re.search(r"\(([^()]+)\)$", tag)
    return found[1] if found else None


def _recall(index: NameIndex, prompts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    results = index.find([prompt for _, prompt in prompts])
    missed = [
        prompt
        for (owner, prompt), found in zip(prompts, results, strict=True)
        if owner not in {each.name.character_id for each in found}
    ]
    return {"prompts": len(prompts), "recall": round(1 - len(missed) / len(prompts), 4), "missed": missed[:12]}
