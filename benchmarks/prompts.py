"""Names in prompts: speed, recall, and false finds. `python -m benchmarks.prompts`.

Speed: 70,000 names of the package `bdfan` (Japanese characters and works; a peer, not installed by set-up) or, without
it, as many invented ones; processor time of one core, best of several, beside a bare automaton over the same names.

Recall and false finds need data that this project does not pass on; each option names a file, and what is left out is
not measured:

  --pokemon FOLDER   `data/` of the npm package `pokemon` (MIT): names in Japanese and English
  --danbooru FILE    `tags/danbooru.csv` of DominikDoom/a1111-sd-webui-tagcomplete (MIT): characters with their aliases
  --japanese FILE    JSTS of yahoojapan/JGLUE (CC BY-SA 4.0), JSON lines: people's captions
  --english FILE     `Flickr8k.token.txt` (Hodosh and others, 2013): people's captions
  --parti FILE       PartiPrompts.tsv of google-research/parti (Apache-2.0): people's prompts

False finds are counted against `bdfan`, and against all names and aliases of `danbooru`: far more than any registry
holds, most of them never meant. A prompt that really names a registered work counts as false too. Rules and words
were written with an eye on `sentence1` of JSTS and on PartiPrompts; sentences that are no `sentence1`, and Flickr8k,
are other ones.
"""

import argparse
import csv
import json
import os
import random
import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ahocorasick
from rapidfuzz.fuzz import ratio

from benchmarks.record import record
from tomeishi.screening.names import NameIndex
from tomeishi.screening.ordinary import ordinary_words
from tomeishi.screening.spellings import RegisteredName

SEED = 4
NAMES = 70_000
_ALIKE = 85
"""Of 100, by rapidfuzz, from which an alias is another spelling of a name and not another name."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("pokemon", "danbooru", "japanese", "english", "parti"):
        parser.add_argument(f"--{option}", type=Path)
    given = parser.parse_args()
    ordinary_words()
    names, source = large_registry()
    figures: dict[str, Any] = {"build": build(names)}
    index = NameIndex(names)
    prompts = {
        "jsts": [] if given.japanese is None else _captions(given.japanese),
        "flickr8k": [] if given.english is None else _columns(given.english, 1),
        "parti": [] if given.parti is None else _columns(given.parti, 0)[1:],
    }
    prompts = {name: texts for name, texts in prompts.items() if texts}
    figures["speed"] = {name: speed(index, texts) for name, texts in prompts.items()}
    figures["false_finds_bdfan"] = {name: false_finds(index, texts) for name, texts in prompts.items()}
    figures["recall"] = {}
    if given.pokemon is not None:
        figures["recall"] |= pokemon(given.pokemon)
    if given.danbooru is not None:
        tagged = Tags(given.danbooru)
        figures["recall"] |= tagged.recall()
        latin = tagged.index()
        figures["speed_danbooru"] = {name: speed(latin, texts) for name, texts in prompts.items()}
        figures["false_finds_danbooru"] = {name: false_finds(latin, texts) for name, texts in prompts.items()}
        figures["danbooru_names"] = len(latin.names)
    path = record("prompts", seed=SEED, settings={"names": len(names), "names_from": source}, figures=figures)
    print(path.read_text(encoding="utf-8"))


def large_registry() -> tuple[list[RegisteredName], str]:
    """Characters as (name, work), and the works' titles; 70,000 names in all."""
    try:
        import bdfan
    except ImportError:
        return _invented(), "invented syllables"
    days = json.loads((Path(bdfan.__file__).parent / "bdfan_with_hearts.json").read_text(encoding="utf-8"))
    people = [(name, work) for day in days for _, name, work, _ in day["birthdays"]]
    works = sorted({work for _, work in people})
    names = [RegisteredName(work, work, None) for work in works]
    names += [RegisteredName(name, work, name) for name, work in people[: NAMES - len(works)]]
    return names, "bdfan 2025.8.23.post1"


def _invented() -> list[RegisteredName]:
    rng = random.Random(SEED)
    syllables = "カキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモラリルレロワンガギグゲゴ"
    texts = ["".join(rng.choices(syllables, k=rng.randint(3, 8))) for _ in range(NAMES)]
    return [RegisteredName(text, f"w{n // 12}", None if n % 12 == 0 else f"c{n}") for n, text in enumerate(texts)]


def build(names: Sequence[RegisteredName]) -> dict[str, float]:
    bare = _best(lambda: _bare(names))
    return {
        "names": len(names),
        "seconds": round(_best(lambda: NameIndex(names)), 3),
        "bare_automaton_seconds": round(bare, 3),
        "load": round(os.getloadavg()[0], 1),
    }


def _bare(names: Sequence[RegisteredName]) -> Any:
    """The peer: names as they are written, in any place, and nothing more."""
    automaton = ahocorasick.Automaton()
    for number, name in enumerate(names):
        automaton.add_word(name.text, number)
    automaton.make_automaton()
    return automaton


def speed(index: NameIndex, prompts: list[str]) -> dict[str, float]:
    prompts = (prompts * (20_000 // len(prompts) + 1))[:20_000]
    cold = _once(lambda: index.find(prompts))
    bare = _bare(index.names)
    scanned = _best(lambda: [list(bare.iter(prompt)) for prompt in prompts])
    return {
        "bare_automaton_per_second": round(len(prompts) / scanned),
        "load": round(os.getloadavg()[0], 1),
        "letters_each": round(sum(map(len, prompts)) / len(prompts), 1),
        "first_pass_per_second": round(len(prompts) / cold),
        "per_second": round(len(prompts) / _best(lambda: index.find(prompts))),
    }


def false_finds(index: NameIndex, prompts: list[str]) -> dict[str, Any]:
    found = [(prompt, each) for prompt, each in zip(prompts, index.find(prompts), strict=True) if each]
    return {
        "prompts": len(prompts),
        "with_finds": len(found),
        "share": round(len(found) / len(prompts), 6),
        "names": sorted({each[0].name.text for _, each in found})[:40],
    }


def pokemon(folder: Path) -> dict[str, Any]:
    """Japanese and English names of 1,025 figures, with their work's title in the prompt and without."""
    english, japanese = (json.loads((folder / f"{each}.json").read_text(encoding="utf-8")) for each in ("en", "ja"))
    names = [RegisteredName("ポケットモンスター", "w", None), RegisteredName("ポケモン", "w", None)]
    names += [RegisteredName("Pokémon", "w", None)]
    names += [RegisteredName(name, "w", str(n)) for each in (japanese, english) for n, name in enumerate(each)]
    index = NameIndex(names)

    def share(texts: Sequence[str], prompt: str) -> dict[str, Any]:
        return _recall(index, [(str(n), prompt.format(text)) for n, text in enumerate(texts)])

    return {
        "pokemon_ja_with_title": share(japanese, "ポケモンの{}が森で遊んでいる絵"),
        "pokemon_en_with_title": share(english, "a pokemon {} playing in the forest, digital art"),
        "pokemon_ja_alone": share(japanese, "{}が森で遊んでいる絵"),
        "pokemon_en_alone": share(english, "{} playing in the forest, digital art"),
        **{
            f"variant_{name}": share([change(text) for text in japanese], "ポケモンの{}が森で遊んでいる絵")
            for name, change in VARIANTS.items()
        },
        **{
            f"variant_en_{name}": share([change(text) for text in english], "a pokemon, {}, playing in the forest")
            for name, change in ENGLISH_VARIANTS.items()
        },
    }


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
        return {
            "danbooru_aliases_registered_with_title": _recall(
                index, [(str(n), f"1girl, {alias}, {self.works[n]}, standing") for n, alias in titled]
            ),
            "danbooru_aliases_registered_several_words_alone": _recall(
                index, [(str(n), alone.format(alias)) for n, alias in full]
            ),
            "danbooru_spellings_not_registered": _recall(
                NameIndex(self.names), [(str(n), alone.format(alias)) for n, alias in spelled]
            ),
        }


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


def _captions(file: Path) -> list[str]:
    pairs = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    seen = {pair["sentence1"] for pair in pairs}
    return sorted({pair["sentence2"] for pair in pairs} - seen)


def _columns(file: Path, column: int) -> list[str]:
    return [line.split("\t")[column] for line in file.read_text(encoding="utf-8").splitlines() if "\t" in line]


def _once(work: Callable[[], object]) -> float:
    began = time.process_time()
    made = work()
    took = time.process_time() - began
    del made  # taking apart a large index is no part of building it
    return took


def _best(work: Callable[[], object], times: int = 5) -> float:
    return min(_once(work) for _ in range(times))


if __name__ == "__main__":
    main()
