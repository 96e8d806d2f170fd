"""The policy: which resemblance leads to which verdict. A TOML file that people edit; pure once read.

A policy can only be as lenient as the words say: an unknown key or a missing band is an error, never a default.
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from tomeishi.errors import BadInput, NotFound
from tomeishi.values import Band, Verdict, digest_of

_SURENESS = (Band.WEAK, Band.LIKELY, Band.STRONG)
_GRAVITY = (Verdict.CLEAR, Verdict.REVIEW, Verdict.BLOCK)


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy file, read."""

    minimum_band: Band
    not_allowed: dict[Band, Verdict]
    allowed: Verdict
    unreadable: Verdict
    description: Verdict
    """Where the nearest description is of something whose use is not allowed; never `block`."""
    style: Verdict
    """Where the nearest look is that of a work whose style may not be used; never `block`."""
    digest: str
    """Of the file's bytes."""

    def reports(self, band: Band) -> bool:
        """Whether a match of this band becomes a finding."""
        return _SURENESS.index(band) >= _SURENESS.index(self.minimum_band)

    def verdict(self, band: Band, *, allowed: bool) -> Verdict:
        """Of one finding."""
        return self.allowed if allowed else self.not_allowed[band]


def gravest(verdicts: list[Verdict]) -> Verdict:
    """The gravest of several; `clear` for none."""
    return max(verdicts, key=_GRAVITY.index, default=Verdict.CLEAR)


def default_text() -> str:
    """The policy file that a new installation starts with."""
    return files("tomeishi.screening").joinpath("policy.toml").read_text(encoding="utf-8")


def read_policy(path: Path | None) -> Policy:
    """The policy in `path`, or the one shipped for None."""
    if path is None:
        return parse_policy(default_text(), "the shipped policy")
    return parse_policy(policy_text(path), str(path))


def policy_text(path: Path) -> str:
    """The text of a policy file, as its digest is made of it. Raises NotFound, BadInput."""
    try:
        if path.stat().st_size > 1 << 20:
            raise BadInput(f"{path}: too large for a policy file")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"{path}: no such policy file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as a policy file (UTF-8 TOML)") from error


def parse_policy(text: str, where: str) -> Policy:
    """The policy that `text` states; `where` names it in errors."""
    try:
        words = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{where}: not TOML: {error}") from error
    for section in ("description", "style"):  # policies of before these sections were there
        words.setdefault(section, {"verdict": "clear"})
    _only(words, {"minimum_band", "not_allowed", "allowed", "unreadable", "description", "style"}, where)
    for section, keys in (
        ("not_allowed", {b.value for b in Band}),
        ("allowed", {"verdict"}),
        ("unreadable", {"verdict"}),
        ("description", {"verdict"}),
        ("style", {"verdict"}),
    ):
        if not isinstance(words[section], dict):
            raise BadInput(f"{where}: [{section}] must be a section")
        _only(words[section], keys, f"{where}: [{section}]")
    unreadable = _verdict(words["unreadable"]["verdict"], f"{where}: [unreadable] verdict")
    if unreadable is Verdict.CLEAR:
        raise BadInput(f"{where}: [unreadable] verdict cannot be clear: what was not read was not checked")
    hints = {each: _verdict(words[each]["verdict"], f"{where}: [{each}] verdict") for each in ("description", "style")}
    for each, verdict in hints.items():
        if verdict is Verdict.BLOCK:
            raise BadInput(f"{where}: [{each}] verdict cannot be block: a {each} is never certain")
    band = words["minimum_band"]
    if band not in {b.value for b in Band}:
        raise BadInput(f"{where}: minimum_band is {band!r}; write strong, likely or weak")
    return Policy(
        minimum_band=Band(band),
        not_allowed={b: _verdict(words["not_allowed"][b.value], f"{where}: [not_allowed] {b.value}") for b in Band},
        allowed=_verdict(words["allowed"]["verdict"], f"{where}: [allowed] verdict"),
        unreadable=unreadable,
        description=hints["description"],
        style=hints["style"],
        digest=digest_of(text.encode()),
    )


def _only(words: dict[str, Any], keys: set[str], where: str) -> None:
    if unknown := sorted(words.keys() - keys):
        raise BadInput(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(keys))}")
    if missing := sorted(keys - words.keys()):
        raise BadInput(f"{where}: {missing[0]!r} is missing")


def _verdict(word: object, where: str) -> Verdict:
    if word not in {v.value for v in Verdict}:
        raise BadInput(f"{where} is {word!r}; write clear, review or block")
    return Verdict(str(word))
