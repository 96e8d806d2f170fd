"""Many questions to one reading of the ledger: entries by what they are about, answers kept while they hold.

An answer changes only at the moments at which an entry about the same thing is recorded, begins or ends, or at which
the work joins a franchise. Between two of them every moment has the same answer, so each is worked out once.
"""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from tomeishi import clock
from tomeishi.consent import rules
from tomeishi.consent.conditions import Output, Question
from tomeishi.consent.entries import Entry, Level
from tomeishi.consent.permission import Permission
from tomeishi.consent.scopes import Element, WorkRef
from tomeishi.consent.subjects import Subjects
from tomeishi.errors import BadInput, TomeishiError
from tomeishi.registry.franchises import Membership
from tomeishi.values import Use

LONGEST_LINE = 16 * 1024
"""Characters of one question."""

MOST_KEPT = 200_000
"""Different questions whose answers are kept, and things asked about; about 1 KB each."""

_ABOUT = ("work", "character", "reference", "element", "use")
_ASKED = (*_ABOUT, "provider", "model", "version", "territory", "output", "duration")
_FIELDS = frozenset((*_ASKED, "at"))
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Known:
    """One subject and use: the moments at which an answer may change, and the entries that it can depend on."""

    use: Use
    moments: list[datetime]
    works: list[WorkRef]
    """Before the first moment, and from each moment on: the work with its franchises."""
    relevant: list[Entry]


class Places:
    """Entries by what they are about; more can be added behind those that are there."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._about: defaultdict[tuple[Level, str], list[Entry]] = defaultdict(list)
        self._inside: defaultdict[str, list[Entry]] = defaultdict(list)
        """By work: entries about characters and elements of it."""
        self._revoking: defaultdict[str, list[Entry]] = defaultdict(list)
        self.add(entries)

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            scope, revoked = entry.statement.scope, entry.statement.revokes
            if scope is not None and scope.work_id is not None:
                self._inside[scope.work_id].append(entry)
            elif scope is not None:
                self._about[scope.level, scope.id].append(entry)
            elif revoked is not None:
                self._revoking[revoked].append(entry)

    def relevant(self, work: WorkRef, joined: Iterable[Membership]) -> list[Entry]:
        """The entries that an answer about it, at any moment, can depend on; `joined` are its work's franchises."""
        places = [
            (Level.COALITION, "coalition"),
            (Level.MEMBER, work.member_id),
            (Level.WORK, work.work_id),
            (Level.REFERENCE, work.reference_id),
            *((Level.FRANCHISE, franchise_id) for franchise_id, _ in joined),
        ]
        found = [entry for level, id_ in places if id_ is not None for entry in self._about.get((level, id_), ())]
        found += [entry for entry in self._inside.get(work.work_id, ()) if _touches(entry, work)]
        return found + [revocation for entry in found for revocation in self._revoking.get(entry.id, ())]

    def is_revoked(self, entry: Entry) -> bool:
        return entry.id in self._revoking


class Answers:
    """Give it all entries of the ledger. Answers are those of `rules.answer`, over the entries that matter."""

    def __init__(self, entries: Iterable[Entry] | Places, subjects: Subjects) -> None:
        self._subjects = subjects
        self._places = entries if isinstance(entries, Places) else Places(entries)

    def ask(self, asked: Question, moment: datetime) -> Permission:
        """The answer; the franchises of the work are those of the moment, whatever the question says."""
        work = self._subjects.at(asked.work, moment)
        relevant = self.relevant(asked.work)
        return rules.answer(relevant, asked if work is asked.work else replace(asked, work=work), moment)

    def moments(self, work: WorkRef, relevant: Iterable[Entry]) -> list[datetime]:
        """Where answers about it may change, in order; `relevant` are its entries."""
        found = {since for _, since in self._subjects.memberships.get(work.work_id, ())}
        for entry in relevant:
            found |= {entry.recorded_at, entry.in_effect_from}
            if entry.statement.valid_until is not None:
                found.add(entry.statement.valid_until)
        return sorted(found)

    def relevant(self, work: WorkRef) -> list[Entry]:
        """The entries that an answer about it, at any moment, can depend on."""
        return self._places.relevant(work, self._subjects.memberships.get(work.work_id, ()))


class Lines:
    """Questions as JSON lines: `{"work" or "character", "use", "provider", "model", "at"}` and more (`_FIELDS`)."""

    def __init__(self, answers: Answers, subjects: Subjects, now: datetime) -> None:
        """`now` is the moment of questions that name none."""
        self._answers = answers
        self._subjects = subjects
        self._now = now
        self._known: dict[tuple[Any, ...], _Known] = {}
        self._relevant: dict[WorkRef, list[Entry]] = {}
        """By subject, about any use."""
        self._kept: dict[tuple[Any, ...], str] = {}

    def answered(self, lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """One line of JSON for each that isn't blank, and whether the question could be answered."""
        for line in lines:
            if line and not line.isspace():
                try:
                    yield self._answer(line), True
                except TomeishiError as error:
                    yield _WRITER.encode({"error": str(error)}), False

    def _answer(self, line: str) -> str:
        fields = _fields(line)
        at = fields.get("at")
        moment = self._now if at is None else clock.from_text(at)
        said = tuple(map(fields.get, _ASKED))
        about = said[: len(_ABOUT)]
        known = self._known.get(about)
        if known is None:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
                self._relevant.clear()
            known = self._known[about] = self._known_about(*about)
        stretch = bisect_right(known.moments, moment)
        key = (said, stretch)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            provider, model, version, territory, output, duration = said[len(_ABOUT) :]
            form = _one_of(Output, output, "output")
            asked = Question(known.works[stretch], known.use, provider, model, version, territory, form, duration)
            found = self._kept[key] = _written(rules.answer(known.relevant, asked, moment))
        return found

    def _known_about(
        self, work_id: str | None, character: str | None, reference: str | None, part: str | None, named: str | None
    ) -> _Known:
        element = _one_of(Element, part, "element")
        work = self._subjects.subject(work_id, character, reference, element)
        use = _one_of(Use, named, "use")
        if use is None:
            raise BadInput(f"name a use, one of: {', '.join(Use)}")
        relevant = self._relevant.get(work)
        if relevant is None:
            relevant = self._relevant[work] = self._answers.relevant(work)
        relevant = _about(use, relevant)
        moments = self._answers.moments(work, relevant)
        works = [self._subjects.at(work, moment) for moment in (_EVER, *moments)]
        return _Known(use, moments, works, relevant)


def _touches(entry: Entry, work: WorkRef) -> bool:
    """Whether it is about what is asked about, or about a part of that."""
    scope = entry.statement.scope
    return scope is not None and (scope.covers(work) or scope.lies_inside(work))


def _about(use: Use, entries: Sequence[Entry]) -> list[Entry]:
    """Those about the use, with what ends them."""
    found: dict[str | None, Entry] = {}
    for entry in entries:
        stated = entry.statement
        if stated.revokes is None and (stated.uses is None or use in stated.uses):
            found[entry.id] = entry
    return [*found.values(), *(entry for entry in entries if entry.statement.revokes in found)]


def _fields(line: str) -> dict[str, Any]:
    """The fields of a line; BadInput where one is unknown, doubled or of another type: none may be overlooked."""
    if len(line) > LONGEST_LINE:
        raise BadInput(f"a question has at most {LONGEST_LINE >> 10} KiB")
    text = line.strip(_BLANK)
    try:
        fields, end = _READER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not a question (one JSON object a line): {line.strip()[:60]!r}") from error
    if not isinstance(fields, dict) or end != len(text):
        raise BadInput(f"not a question (one JSON object a line): {line.strip()[:60]!r}")
    if not fields.keys() <= _FIELDS:
        unknown = ", ".join(sorted(fields.keys() - _FIELDS))[:60]
        raise BadInput(f"unknown in a question: {unknown}; it may hold {', '.join(sorted(_FIELDS))}")
    for name, value in fields.items():
        if value is None or (type(value) is str and name != "duration"):
            continue
        if name == "duration" and type(value) in (int, float):
            continue
        raise BadInput(f"{name}: not a {'number of seconds' if name == 'duration' else 'text'}: {str(value)[:60]!r}")
    return fields


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadInput("a question names a field twice")
    return fields


@lru_cache(maxsize=1 << 14)
def _written(answer: Permission) -> str:
    """Most answers are silence, and silence about one use and provider is said in the same words."""
    return _WRITER.encode(answer.to_json())


_BLANK = " \t\n\r"
"""What JSON lets stand around a value (RFC 8259, section 2)."""
_READER = json.JSONDecoder(object_pairs_hook=_once)
_WRITER = json.JSONEncoder(ensure_ascii=False)


@lru_cache(maxsize=256)
def _one_of(words: Any, text: str | None, what: str) -> Any:
    """Unknown words are unknown, not allowed."""
    if text is None:
        return None
    try:
        return words(text)
    except ValueError as error:
        raise BadInput(f"no {what} is called {text[:60]!r}; it is one of: {', '.join(words)}") from error
