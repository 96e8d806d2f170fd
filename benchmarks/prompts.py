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
holds, most of them never meant. Captions that do name a figure ("a girl in a Spider-Man costume") are told apart by a
rule without a look at them: all finds are written as registered, and each has a capital letter within the sentence.
Rules and words were written with an eye on `sentence1` of JSTS and on PartiPrompts; sentences that are no `sentence1`,
and Flickr8k, are other ones.
"""

import argparse
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ahocorasick

from benchmarks.aliases import Tags, pokemon
from benchmarks.record import record
from tomeishi.screening.names import NameIndex
from tomeishi.screening.ordinary import ordinary_words
from tomeishi.screening.reading import Found, NameFound
from tomeishi.screening.spellings import RegisteredName

SEED = 4
NAMES = 70_000
TITLES = 40


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
    if "jsts" in prompts:
        figures["false_finds_beside_a_title"] = false_finds_beside(index, prompts["jsts"])
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
    """Of prompts that were not seen before, once the index has made its tables; and of the same ones again."""
    prompts = random.Random(SEED).sample(prompts, len(prompts))
    first, unseen = prompts[: len(prompts) // 3], prompts[len(prompts) // 3 :][:20_000]
    opening = _once(lambda: index.find(first))
    new = _once(lambda: index.find(unseen))
    bare = _bare(index.names)
    scanned = _best(lambda: [list(bare.iter(prompt)) for prompt in unseen])
    again = _best(lambda: index.find(unseen))
    return {
        "prompts": len(unseen),
        "letters_each": round(sum(map(len, unseen)) / len(unseen), 1),
        "bare_automaton_per_second": round(len(unseen) / scanned),
        "opening_per_second": round(len(first) / opening),
        "unseen_per_second": round(len(unseen) / new),
        "per_second": round(len(unseen) / again),
        "load": round(os.getloadavg()[0], 1),
    }


def false_finds(index: NameIndex, prompts: list[str]) -> dict[str, Any]:
    found = [(prompt, each) for prompt, each in zip(prompts, index.find(prompts), strict=True) if each]
    false = [(prompt, each) for prompt, each in found if not all(_is_named(prompt, one) for one in each)]
    return {
        "prompts": len(prompts),
        "with_finds": len(found),
        "that_name_a_figure": len(found) - len(false),
        "false": len(false),
        "false_share": round(len(false) / len(prompts), 6),
        "false_names": sorted({each[0].name.text for _, each in false})[:40],
        "names": sorted({each[0].name.text for _, each in found} - {each[0].name.text for _, each in false})[:40],
    }


def false_finds_beside(index: NameIndex, captions: list[str]) -> dict[str, Any]:
    """Captions with a title before them: how many then seem to name a character of that work. Titles are those with
    the most characters that count by themselves."""
    sizes = Counter(name.work_id for name in index.names if name.character_id is not None)
    titles = [name.text for name in index.names if name.character_id is None]
    largest = sorted(titles, key=lambda title: -sizes[title])[:TITLES]
    known = [
        title for title, found in zip(largest, index.find([f"『{title}』" for title in largest]), strict=True) if found
    ]
    pairs = [
        (title, f"『{title}』の世界で、{each}") for n, title in enumerate(known) for each in captions[n :: TITLES * 2]
    ]
    found = index.find([prompt for _, prompt in pairs])
    told = [
        each.name.text
        for (title, _), finds in zip(pairs, found, strict=True)
        for each in [one for one in finds if one.name.work_id == title and one.name.character_id is not None][:1]
    ]
    return {
        "prompts": len(pairs),
        "works": len(known),
        "with_finds": len(told),
        "share": round(len(told) / len(pairs), 6),
        "names": [name for name, _ in Counter(told).most_common(12)],
    }


def _is_named(prompt: str, found: NameFound) -> bool:
    written = prompt[max(1, found.start) : found.end]
    return found.how is Found.WRITTEN and any(letter.isupper() for letter in written)


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
