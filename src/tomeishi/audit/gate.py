"""Proof of the gate: what a provider signs about an audit, and how the coalition re-runs a random part of it.

1. The provider draws a nonce, and signs a statement that names the digest of every shard and of every shard's verdicts
   together with the digest of its nonce. From then on it can change neither.
2. The coalition draws its own nonce and hands it over; the provider shows the one that it had bound itself to.
3. The seed is made of the statement and both: no side could have chosen the sample.
4. The sampled items are audited again from the data set, and their verdicts compared with those that were signed.

How many of n disagree bounds the share in the whole data set: the exact interval of Clopper and Pearson (Biometrika
26, 1934), from binomial sums.
"""

import hashlib
import random
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, lgamma, log, log1p
from pathlib import Path
from typing import Any

from tomeishi import clock
from tomeishi.audit.auditing import Auditor, Job, Task
from tomeishi.audit.plan import SHARDS, Plan
from tomeishi.audit.readers import Spool
from tomeishi.audit.rows import read_rows
from tomeishi.audit.running import Part
from tomeishi.audit.shards import Shard
from tomeishi.audit.signed import RECHECK, STATEMENT
from tomeishi.errors import BadInput, Tampered
from tomeishi.values import canonical, digest_of, digest_of_file

_NONCE_BYTES = 32
_MOST_TOLD = 50


def new_nonce() -> str:
    """64 hex digits."""
    return secrets.token_hex(_NONCE_BYTES)


def commitment_of(nonce: str) -> str:
    """What binds to a nonce without showing it. Raises BadInput for what is none."""
    try:
        data = bytes.fromhex(nonce.strip())
    except ValueError as error:
        raise BadInput(f"not a nonce ({2 * _NONCE_BYTES} hex digits): {nonce[:80]!r}") from error
    if len(data) != _NONCE_BYTES:
        raise BadInput(f"a nonce has {2 * _NONCE_BYTES} hex digits, not {len(nonce.strip())}")
    return digest_of(data)


def statement(
    plan: Plan, summary: Mapping[str, Any], parts: Sequence[Part], nonce: str, moment: datetime
) -> dict[str, Any]:
    """The words to sign. `parts` are those of the finished audit."""
    return {
        "format": STATEMENT,
        "plan": plan.to_json(),
        "summary": dict(summary),
        "shards": [
            {
                "name": part.shard.source.name,
                "content": part.shard.digest,
                "key": part.key,
                "verdicts": part.done.digest,
                "items": part.done.items,
            }
            for part in parts
            if part.done is not None
        ],
        "commitment": commitment_of(nonce),
        "created_at": clock.to_text(moment),
    }


def seed_of(words: Mapping[str, Any], theirs: str, ours: str) -> str:
    """What the sample is drawn by. Raises BadInput where the provider's nonce is not the one it bound itself to."""
    if commitment_of(theirs) != words["commitment"]:
        raise BadInput("the provider's nonce is not the one that its statement binds it to")
    commitment_of(ours)
    text = "\n".join(("tomeishi-sample-1", digest_of(canonical(dict(words))), theirs.strip(), ours.strip()))
    return hashlib.sha256(text.encode()).hexdigest()


def sampled(words: Mapping[str, Any], seed: str, count: int) -> dict[str, list[int]]:
    """Numbers of the items to re-run by the key of their shard: `count` of all items, each as likely as any other."""
    sizes = [(shard["key"], shard["items"]) for shard in words["shards"]]
    total = sum(size for _, size in sizes)
    chosen = sorted(random.Random(seed).sample(range(total), min(count, total)))  # noqa: S311 - repeatable by both sides
    found: defaultdict[str, list[int]] = defaultdict(list)
    at, before = 0, 0
    for place in chosen:
        while place >= before + sizes[at][1]:
            before += sizes[at][1]
            at += 1
        found[sizes[at][0]].append(place - before)
    return dict(found)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An item whose verdict came out otherwise."""

    key: str
    shard: str
    signed: str
    found: str


def rechecked(
    words: Mapping[str, Any], shards: Mapping[str, Shard], out: Path, job: Job, wanted: Mapping[str, Sequence[int]]
) -> tuple[int, list[Disagreement]]:
    """How many items were audited again, and those that came out otherwise.

    `shards` are those of the data set as it is now, by key. Raises Tampered where verdicts are not those that were
    signed, or a sampled shard is not in the data set any more.
    """
    signed = {shard["key"]: shard for shard in words["shards"]}
    worker, count, found = Auditor(job), 0, []
    try:
        for key, numbers in sorted(wanted.items()):
            name, path = signed[key]["name"], out / SHARDS / f"{key}.parquet"
            if not path.is_file() or digest_of_file(path) != signed[key]["verdicts"]:
                raise Tampered(f"{name}: its verdicts ({path.name}) are not those that were signed")
            if key not in shards or shards[key].digest != signed[key]["content"]:
                raise Tampered(f"{name}: the data set is not the one that was signed for")
            before = _verdicts(read_rows(path, ["number", "key", "verdict", "reason"]), set(numbers))
            with Spool(job.out / ".members") as spool:
                for row in worker.rows(Task(shards[key], key, frozenset(numbers)), spool):
                    now = f"{row.settled.verdict.value} {row.settled.reason}".strip()
                    count += 1
                    if now != before.get(row.number):
                        found.append(Disagreement(row.key, name, before.get(row.number, "not there"), now))
    finally:
        worker.close()
    return count, found


def _verdicts(rows: Any, numbers: set[int]) -> dict[int, str]:
    return {row["number"]: f"{row['verdict']} {row['reason']}".strip() for row in rows if row["number"] in numbers}


def recheck(
    words: Mapping[str, Any], seed: str, asked: int, count: int, found: Sequence[Disagreement], moment: datetime
) -> dict[str, Any]:
    """The words to sign about a re-run."""
    low, high = clopper_pearson(len(found), count)
    return {
        "format": RECHECK,
        "statement": digest_of(canonical(dict(words))),
        "seed": seed,
        "asked": asked,
        "items": count,
        "of": sum(shard["items"] for shard in words["shards"]),
        "disagreements": len(found),
        "share": [round(low, 6), round(high, 6)],
        "level": 0.95,
        "examples": [
            {"key": each.key, "shard": each.shard, "signed": each.signed, "found": each.found}
            for each in found[:_MOST_TOLD]
        ],
        "created_at": clock.to_text(moment),
    }


def clopper_pearson(count: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval for a share of which `count` in `of` were seen; (0, 1) where nothing was looked at."""
    if of == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else _root(lambda p: 1 - _at_most(count - 1, of, p) - tail)
    high = 1.0 if count == of else _root(lambda p: tail - _at_most(count, of, p))
    return low, high


def _at_most(count: int, of: int, share: float) -> float:
    """Probability of `count` or fewer in `of` draws."""
    if share <= 0 or share >= 1:
        return float(share <= 0)
    odds, rest = log(share), log1p(-share)
    whole = lgamma(of + 1)
    return sum(exp(whole - lgamma(k + 1) - lgamma(of - k + 1) + k * odds + (of - k) * rest) for k in range(count + 1))


def _root(rising: Any) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2
