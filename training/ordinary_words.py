"""Writes src/tomeishi/screening/ordinary.txt.xz: words that a name must not be taken for without its work.

    python training/ordinary_words.py IPADIC_FOLDER SCOWL_LIST

IPADIC_FOLDER holds the CSV files of mecab-ipadic 2.7.0-20070801 (EUC-JP; Debian package `mecab-ipadic`), SCOWL_LIST is
the word list of SCOWL 2020.12.07 (Debian package `wamerican`). Both may be passed on with their notices, which stand in
ordinary.NOTICE.txt. Kept are keys, not words: Japanese nouns, adverbs, dictionary forms, given names, family names and
common places as written and as read (`registry.folding.fold`), and English words and Japanese given names in Latin
letters as `registry.folding.romaji` levels them.
"""

import csv
import lzma
import sys
from pathlib import Path

from tomeishi.registry.folding import fold, romaji

OUT = Path(__file__).parents[1] / "src" / "tomeishi" / "screening" / "ordinary.txt.xz"
READ_TOO = ("Noun", "Noun.verbal", "Noun.adjv", "Noun.adverbal", "Noun.others", "Adverb", "Interjection", "Noun.name")
AS_WRITTEN = ("Adnominal", "Conjunction", "Noun.demonst", "Suffix", "Prefix", "Noun.number", "Noun.nai")
COMMON_PLACE = 7500
"""Cost in the dictionary; smaller is commoner."""


def japanese(folder: Path) -> set[str]:
    keys: set[str] = set()
    for part in (*READ_TOO, *AS_WRITTEN, "Noun.place", "Verb", "Adj"):
        with (folder / f"{part}.csv").open(encoding="euc-jp") as file:
            for row in csv.reader(file):
                surface, cost, form, base, reading = row[0], int(row[3]), row[9], row[10], row[11]
                if part == "Noun.place" and cost > COMMON_PLACE:
                    continue
                if part in ("Verb", "Adj") and (form != "基本形" or surface != base):
                    continue
                keys.add(fold(surface))
                if part in READ_TOO:
                    keys.add(fold(reading))
                if part == "Noun.name" and row[7] == "名":
                    keys.add(romaji(reading))
    return keys


def english(path: Path) -> set[str]:
    words = path.read_text(encoding="utf-8").split()
    return {romaji(word) for word in words if not word.endswith("'s")}


def main() -> None:
    keys = japanese(Path(sys.argv[1])) | english(Path(sys.argv[2]))
    kept = sorted(key for key in keys if len(key) > 1 and not any(char.isspace() for char in key))
    OUT.write_bytes(lzma.compress("\n".join(kept).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(kept)} keys, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
