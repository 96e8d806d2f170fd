"""Words of the pages in English and Japanese, from one catalogue (words.toml), and which language a reader gets."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from tomeishi.values import Kind, Use, Verdict

LANGUAGES = ("en", "ja")


@dataclass(frozen=True, slots=True)
class Words:
    """Says things in one language."""

    language: str
    texts: Mapping[str, str]
    """By `section.key`."""
    labels: Mapping[str, Mapping[str, str]]
    """What the reports call kinds, uses and verdicts: one word for a thing, on paper and on the screen."""

    def __call__(self, key: str, /, **values: object) -> str:
        """KeyError for a key that the catalogue lacks, or a value that the text asks for and nobody gave."""
        return self.texts[key].format_map(values)

    def kind(self, kind: Kind) -> str:
        return self.labels["kinds"][kind]

    def use(self, use: Use) -> str:
        return self.labels["uses"][use]

    def verdict(self, verdict: Verdict) -> str:
        return self.labels["verdicts"][verdict]

    def section(self, name: str) -> dict[str, str]:
        """All texts of a section by their keys, for a script that says them."""
        return {key.partition(".")[2]: text for key, text in self.texts.items() if key.startswith(f"{name}.")}


@cache
def words_in(language: str) -> Words:
    """`en` or `ja`."""
    catalogue = tomllib.loads(files("tomeishi.web").joinpath("words.toml").read_text(encoding="utf-8"))
    place = LANGUAGES.index(language)
    texts = {f"{name}.{key}": both[place] for name, section in catalogue.items() for key, both in section.items()}
    report = files("tomeishi.evidence").joinpath("templates", f"words.{language}.json")
    labels = json.loads(report.read_text(encoding="utf-8"))
    chosen = {name: labels[name] for name in ("kinds", "uses", "verdicts")}
    return Words(language, MappingProxyType(texts), MappingProxyType(chosen))


def preferred(accepted: str) -> str:
    """The language that a browser asks for (`Accept-Language`, RFC 9110, 12.5.4); English where it asks for neither."""
    found: list[tuple[float, str]] = []
    for part in accepted[:1000].split(","):
        tag, _, weight = part.strip().partition(";q=")
        language = tag.strip().lower().partition("-")[0]
        try:
            share = float(weight or 1)
        except ValueError:
            continue
        if language in LANGUAGES and share > 0:
            found.append((share, language))
    return max(found, key=lambda each: each[0])[1] if found else "en"
