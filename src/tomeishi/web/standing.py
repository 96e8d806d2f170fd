"""What answers many questions, made once and used while registry, ledger and policy are what they were.

Reading the registry and the ledger, checking every signature and building the index of names takes from a tenth of a
second to a few; a consent check takes microseconds. The ledger's head is compared at every request, so that a
revocation counts at once; the registry at most once a second.
"""

import json
from collections.abc import Mapping, Sequence
from threading import BoundedSemaphore, Lock
from typing import Any

from tomeishi import clock
from tomeishi.consent import ledger
from tomeishi.consent.answers import Answers, Lines
from tomeishi.consent.subjects import Subjects, subjects
from tomeishi.registry.stamp import stamp
from tomeishi.screening.outputs import Screener
from tomeishi.screening.prompts import PromptScreener
from tomeishi.values import Use
from tomeishi.wiring import Platform

LOOK_S = 1.0
"""Between looks at the registry."""

MOST_KEPT = 16
"""Screeners, by provider, model and use."""

SCREENED_AT_ONCE = 4
"""Files that are decoded at the same moment for whoever waits; each takes a process and a core."""

Asking = tuple[str | None, str | None, Use | None]
"""Provider, model, use."""


class Standing:
    """Of one platform; shared between threads."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lock = Lock()
        self._stamp: tuple[object, ...] = ()
        self._looked_at_s = 0.0
        self._media: dict[tuple[Asking, bool], Screener] = {}
        self._prompts: dict[Asking, PromptScreener] = {}
        self.few_at_once = BoundedSemaphore(SCREENED_AT_ONCE)
        """Held while a file is decoded for somebody who waits."""
        self._subjects: Subjects | None = None
        """Of the registry, whatever the ledger says."""
        self._consent: tuple[Subjects, Lines] | None = None

    def media(self, asking: Asking, *, style: bool = False) -> Screener:
        """`style`: ranks works by their whole look too."""
        with self._lock:
            self._refresh(at_once=True)
            if (asking, style) not in self._media:
                provider, model, use = asking
                made = self._platform.screener(provider=provider, model=model, use=use, style=style)
                _keep(self._media, (asking, style), made)
            return self._media[asking, style]

    def prompts(self, asking: Asking) -> PromptScreener:
        with self._lock:
            self._refresh(at_once=True)
            if asking not in self._prompts:
                provider, model, use = asking
                made = self._platform.prompt_screener(provider=provider, model=model, use=use)
                _keep(self._prompts, asking, made)
            return self._prompts[asking]

    def answers(self, questions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The ledger's answer to each question, or `{"error": …}`; questions as `consent check --jsonl` takes them."""
        now = clock.to_text(clock.now())
        asked = [json.dumps({"at": now} | {k: v for k, v in each.items() if v is not None}) for each in questions]
        with self._lock:
            self._refresh()
            _, lines = self._known()
            return [json.loads(answer) for answer, _ in lines.answered(asked)]

    def member_of(self, question: Mapping[str, Any]) -> str:
        """Whose work a question is about; NotFound or BadInput where it is about none."""
        with self._lock:
            self._refresh()
            known, _ = self._known()
        return known.subject(question.get("work"), question.get("character"), question.get("reference")).member_id

    def _known(self) -> tuple[Subjects, Lines]:
        if self._consent is None:
            with self._platform.reading() as tx:
                known = self._subjects = self._subjects or subjects(tx)
                places = self._platform.book.read(tx).places
            self._consent = known, Lines(Answers(places, known), known, clock.now())
        return self._consent

    def _refresh(self, *, at_once: bool = False) -> None:
        """What changed in the registry counts `at_once` for a screening, which takes longer than the look."""
        now_s = clock.now().timestamp()
        policy = self._platform.settings.policy
        with self._platform.reading() as tx:
            head = ledger.head(tx)
            registry = self._stamp[2:]
            if at_once or not registry or not 0 <= now_s - self._looked_at_s < LOOK_S:
                registry, self._looked_at_s = stamp(tx), now_s
        found = (head, policy.stat().st_mtime_ns if policy.exists() else 0, *registry)
        if found != self._stamp:
            self._media.clear()
            self._prompts.clear()
            self._consent = None
            if found[2:] != self._stamp[2:]:
                self._subjects = None
            self._stamp = found


def _keep(kept: dict[Any, Any], asking: Any, made: Any) -> None:
    """In place of the oldest one where there are too many."""
    while len(kept) >= MOST_KEPT:
        del kept[next(iter(kept))]
    kept[asking] = made
