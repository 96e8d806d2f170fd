"""How fast `consent check --jsonl` answers on one core, over a ledger of some thousand entries: `make bench`.

    python -m benchmarks.consent_checks [--entries N] [--questions N]

A drawn coalition states grants, reservations and revocations at every level of the lattice, most of them signed; the
questions name works and characters, uses, providers, models and moments at random. Timed is the command itself in a
process of its own, from the first line read to the last line written, once for questions that all differ (nothing that
was worked out before helps) and once for questions as a screening service asks them (the same ones again and again).
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.record import record
from tomeishi import clock, wiring
from tomeishi.access.keys import SigningKey, new_key
from tomeishi.access.public_keys import register_public_key
from tomeishi.consent import ledger
from tomeishi.consent.conditions import NONE, Conditions, Output
from tomeishi.consent.entries import EntryKind, Level, Scope, Statement, sign_entry
from tomeishi.consent.scopes import Element
from tomeishi.registry import franchises, works
from tomeishi.values import Use

SEED = 4
MEMBERS, WORKS_EACH, CHARACTERS_EACH = 20, 50, 3
PROVIDERS = [f"provider-{n}" for n in range(12)]
MODELS = [None, "clip-1", "clip-2"]


def main() -> None:
    """Build, ask, record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=5_000)
    parser.add_argument("--questions", type=int, default=200_000)
    given = parser.parse_args()
    dice = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        began = time.perf_counter()
        places = _build(home, given.entries, dice)
        built_s = time.perf_counter() - began
        started = _answered(home, [])
        seen: set[str] = set()
        different: list[str] = []
        while len(different) < given.questions:
            question = json.dumps(_question(places, dice))
            if question not in seen:
                seen.add(question)
                different.append(question)
        repeated = [dice.choice(different[:2_000]) for _ in range(given.questions)]
        figures: dict[str, Any] = {
            "load": round(os.getloadavg()[0], 1),
            "recording_s": round(built_s, 1),
            "reading_the_ledger_s": round(started.processor_s, 2),
        }
        for name, lines in (("different", different), ("repeated", repeated)):
            done = _answered(home, lines)
            processor_s = done.processor_s - started.processor_s
            figures[name] = {
                "wall_s": round(done.wall_s - started.wall_s, 2),
                "processor_s": round(processor_s, 2),
                "checks_per_processor_second": round(len(lines) / processor_s),
                "checks_per_wall_second": round(len(lines) / (done.wall_s - started.wall_s)),
                "allowed": done.allowed,
                "allowed_on_conditions": done.conditional,
            }
        print(json.dumps(figures, indent=1))
        settings = {"entries": given.entries, "questions": given.questions, "works": MEMBERS * WORKS_EACH, "cores": 1}
        print(record("consent-checks", seed=SEED, settings=settings, figures=figures))


def _build(home: Path, count: int, dice: random.Random) -> list[dict[str, str]]:
    """An installation with `count` entries; where questions may be asked."""
    places: list[dict[str, str]] = []
    with wiring.open(home) as platform, platform.transaction() as tx:
        now = clock.now()
        recorder_inputs: list[tuple[str, SigningKey, Scope]] = []
        for number in range(MEMBERS):
            member = works.add_member(tx, f"member {number}")
            key = new_key(f"member {number}")
            register_public_key(tx, member, key.public, now)
            series = franchises.add_franchise(tx, member, "series")
            scopes = [Scope(Level.MEMBER, member), Scope(Level.FRANCHISE, series)]
            for title in range(WORKS_EACH):
                work = works.add_work(tx, member, f"work {title}")
                if title % 5 == 0:
                    franchises.add_to_franchise(tx, series, work, now)
                scopes.append(Scope(Level.WORK, work))
                places.append({"work": work})
                for name in range(CHARACTERS_EACH):
                    character = works.add_character(tx, work, f"character {name}")
                    scopes.append(Scope(Level.CHARACTER, character, work))
                    scopes.append(Scope(Level.ELEMENT, character, work, Element.VOICE))
                    places.append({"character": character})
            recorder_inputs += [(member, key, scope) for scope in scopes]
        recorder = ledger.Recorder(tx)
        grants: list[tuple[str, str, SigningKey]] = []
        for _ in range(count):
            member, key, scope = dice.choice(recorder_inputs)
            if grants and dice.random() < 0.1:
                entry, member, key = grants.pop(dice.randrange(len(grants)))
                statement = Statement(kind=EntryKind.REVOCATION, member_id=member, declared_at=now, revokes=entry)
            else:
                statement = _statement(member, scope, now, dice)
                if statement.kind is EntryKind.GRANT:
                    grants.append((statement.id, member, key))
            if dice.random() < 0.8:
                recorder.record(sign_entry(statement, key), clock.now())
            else:
                recorder.record_unsigned(statement, "benchmark", clock.now())
    return places


def _statement(member: str, scope: Scope, now: datetime, dice: random.Random) -> Statement:
    granted = dice.random() < 0.7
    provider = dice.choice([None, *PROVIDERS])
    limits = NONE
    if granted and dice.random() < 0.3:
        limits = Conditions(("JP",), (Output.STILL, Output.VIDEO), 30, (Element.VOICE, Element.LIKENESS))
    return Statement(
        kind=EntryKind.GRANT if granted else EntryKind.RESERVATION,
        member_id=member,
        declared_at=now,
        scope=scope,
        uses=tuple(dice.sample(list(Use), dice.randint(1, 4))),
        provider=provider,
        model=dice.choice(MODELS) if provider else None,
        conditions=limits,
        valid_until=dice.choice([None, now + timedelta(days=dice.randint(1, 900))]),
    )


def _question(places: list[dict[str, str]], dice: random.Random) -> dict[str, Any]:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=dice.randrange(3 * 525_600))
    return {
        **dice.choice(places),
        "use": dice.choice(list(Use)).value,
        "provider": dice.choice(PROVIDERS),
        "model": dice.choice(MODELS),
        "at": clock.to_text(at),
    }


@dataclass(frozen=True, slots=True)
class Answered:
    """What the command took with some lines, and how many were allowed, and on conditions."""

    wall_s: float
    processor_s: float
    allowed: int
    conditional: int


def _answered(home: Path, lines: list[str]) -> Answered:
    """The command in a process of its own, on one core; from file to file, so that no reader takes part of the core."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "asked.jsonl", Path(folder) / "answered.jsonl"
        asked.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        with asked.open("rb") as stdin, answered.open("wb") as stdout:
            subprocess.run(
                [sys.executable, "-m", "tomeishi", "consent", "check", "--jsonl", "--home", str(home)],
                stdin=stdin,
                stdout=stdout,
                check=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
            )
        wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        answers = [json.loads(line) for line in answered.read_text(encoding="utf-8").splitlines()]
    if len(answers) != len(lines):
        raise RuntimeError(f"{len(answers)} answers to {len(lines)} questions")
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Answered(
        wall_s, processor_s, sum(a["allowed"] for a in answers), sum(bool(a["conditions"]) for a in answers)
    )


if __name__ == "__main__":
    main()
