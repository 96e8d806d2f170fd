"""Checkpoints of the append-only logs, and proofs that hold against them.

A checkpoint is a signed note (`notes`) over the Merkle root of a log's first entries. Whoever keeps one elsewhere can
hold the log to it for good: `problems` finds what was cut off or rewritten since, also where the whole chain was made
anew, and `proof_of` shows that one entry was in the log, to somebody who has nothing but the checkpoint and the key.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from tomeishi.access.keys import PublicKey, SigningKey
from tomeishi.access.notes import Checkpoint, opened, signed_note
from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.storage import log, merkle
from tomeishi.storage.tables import log_checkpoints

PROOF_FORMAT = "tomeishi-log-proof-1"
LONGEST_PROOF = 4 * 1024 * 1024
"""Characters of a proof; the entry itself takes most of them."""


@dataclass(frozen=True, slots=True)
class State:
    """What was found of one log."""

    name: str
    entries: int
    root: str
    """Merkle root over all entries, base64."""
    checkpoints: int
    """Kept here and held, signature and consistency both."""
    problems: tuple[log.Problem, ...]
    """By row; empty means that nothing was changed since the first checkpoint."""

    def to_json(self) -> dict[str, Any]:
        return {
            "log": self.name,
            "entries": self.entries,
            "root": self.root,
            "checkpoints": self.checkpoints,
            "first_bad_row": self.problems[0].number if self.problems else None,
            "problems": [{"row": each.number, "what": each.what} for each in self.problems],
        }


def checkpoint(transaction: Connection, name: str, key: SigningKey, at: datetime) -> str:
    """The signed note over the log as it stands; the one kept already where nothing was added since.

    Tampered if the log isn't whole: what is broken is never signed.
    """
    entries = log.read(transaction, name)
    kept = _kept(transaction, name)
    if kept and kept[-1][0] == len(entries):
        return kept[-1][1]
    tree = merkle.Tree(log.leaf_data(entry) for entry in entries)
    for size, note in kept:
        found, _ = opened(note, ())
        if size > tree.size or found.root != tree.root(size):
            raise Tampered(f"log {name}: does not continue its checkpoint of {size} entries; run `tomeishi log verify`")
    # A log keeps the name under which it was first signed, whichever key signs later.
    origin = opened(kept[0][1], ())[0].origin if kept else _origin(name, key.public)
    note = signed_note(Checkpoint(origin, tree.size, tree.root()).text, origin, key)
    transaction.execute(insert(log_checkpoints).values(log=name, size=tree.size, note=note, made_at=at))
    return note


def state_of(transaction: Connection, name: str, trusted: Sequence[PublicKey], against: Iterable[str] = ()) -> State:
    """Checks the chain, every checkpoint kept here, and those of `against` that are over this log.

    `trusted` are the keys that may have signed checkpoints; `against` are notes that were kept elsewhere.
    """
    problems = log.verify(transaction, name)
    entries = log.rows(transaction, name)
    tree = merkle.Tree(log.leaf_data(entry) for entry in entries)
    kept = _kept(transaction, name)
    outside = [note for note in against if opened(note, ())[0].origin.endswith(f"/{name}")]
    notes: list[tuple[int | None, str]] = [*kept, *((None, note) for note in outside)]
    signed: list[Checkpoint] = []
    for size, note in notes:
        try:
            found, signer = opened(note, trusted)
        except BadInput as error:
            problems.append(_under(size or 1, f"a checkpoint that does not hold: {error}"))
            continue
        if signer is None:
            problems.append(_under(found.size, "a checkpoint signed by a key that is not known here"))
        elif size not in (None, found.size):
            problems.append(_under(found.size, "a checkpoint that was moved to another size"))
        elif signed and found.origin != signed[0].origin:
            problems.append(_under(found.size, f"a checkpoint of another log, {found.origin}"))
        else:
            signed.append(found)
    held = _held(tree, signed, problems, intact=not problems)
    root = base64.b64encode(tree.root()).decode()
    return State(name, len(entries), root, held, tuple(sorted(problems, key=lambda each: each.number)))


def _held(tree: merkle.Tree, signed: Sequence[Checkpoint], problems: list[log.Problem], *, intact: bool) -> int:
    """How many checkpoints the log continues; adds a problem for the first that it doesn't."""
    held, before = 0, Checkpoint("none", 0, merkle.EMPTY_ROOT)
    for found in sorted(signed, key=lambda each: each.size):
        if found.size > tree.size:
            cut = f"and all up to {found.size} are cut off: a checkpoint covers them"
            problems.append(log.Problem(tree.size + 1, cut))
            break
        proof = tree.consistency(before.size, found.size)
        continued = merkle.consistent(before.size, before.root, found.size, found.root, proof)
        if not continued or found.root != tree.root(found.size):
            # A chain that is broken by itself has named its row already.
            if intact:
                rewritten = f"or a later one up to {found.size} was rewritten after a checkpoint had covered it"
                problems.append(log.Problem(min(before.size + 1, found.size), rewritten))
            break
        held, before = held + 1, found
    return held


def _under(number: int, what: str) -> log.Problem:
    return log.Problem(max(1, number), f"is under {what}")


def proof_of(transaction: Connection, name: str, number: int, key: SigningKey, at: datetime) -> dict[str, Any]:
    """That entry `number` (from 1) is in the log, as JSON; a checkpoint is made where none covers it yet."""
    entries = log.read(transaction, name)
    if not 1 <= number <= len(entries):
        raise NotFound(f"log {name}: no entry {number}")
    note = checkpoint(transaction, name, key, at)
    (inclusion,) = inclusions(transaction, name, [number], note)
    return {"format": PROOF_FORMAT, "key": key.public.text, "checkpoint": note, **inclusion}


def inclusions(transaction: Connection, name: str, numbers: Iterable[int], note: str) -> list[dict[str, Any]]:
    """Inclusion proofs of several entries (from 1) under the checkpoint `note`, which covers them."""
    entries = log.read(transaction, name)
    size = opened(note, ())[0].size
    tree = merkle.Tree(log.leaf_data(entry) for entry in entries)
    return [
        {
            "entry": log.entry_fields(entries[number - 1]),
            "proof": [base64.b64encode(each).decode() for each in tree.inclusion(number - 1, size)],
        }
        for number in numbers
    ]


def proof_bytes(proof: dict[str, Any]) -> bytes:
    """A proof as a file."""
    return (json.dumps(proof, ensure_ascii=False, indent=1) + "\n").encode()


def check_proof(text: str, trusted: Sequence[PublicKey]) -> tuple[log.LogEntry, Checkpoint]:
    """The entry that a proof shows to be in the log of a checkpoint signed by one of `trusted`; needs no registry.

    BadInput where it is no proof, Tampered where it proves nothing. The key inside the proof counts for nothing.
    """
    if len(text) > LONGEST_PROOF:
        raise BadInput(f"too large for a proof: more than {LONGEST_PROOF >> 20} MiB")
    try:
        fields = json.loads(text)
        if fields["format"] != PROOF_FORMAT:
            raise BadInput(f"not a proof in the format {PROOF_FORMAT}")
        entry = log.entry_from(fields["entry"])
        path = [base64.b64decode(each, validate=True) for each in fields["proof"]]
        note = fields["checkpoint"]
        found, signer = opened(note, trusted)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInput("not a proof; make one with `tomeishi log prove ENTRY`") from error
    if signer is None:
        raise Tampered(f"the checkpoint of {found.origin} is not signed by a key that is trusted; give it with --key")
    leaf = merkle.leaf_digest(log.leaf_data(entry))
    if not merkle.included(leaf, entry.number - 1, found.size, path, found.root):
        raise Tampered(f"log {entry.log}: entry {entry.number} is not in the log of this checkpoint, or was changed")
    return entry, found


def _kept(transaction: Connection, name: str) -> list[tuple[int, str]]:
    rows = transaction.execute(
        select(log_checkpoints.c.size, log_checkpoints.c.note)
        .where(log_checkpoints.c.log == name)
        .order_by(log_checkpoints.c.size)
    )
    return [(row.size, row.note) for row in rows]


def _origin(name: str, key: PublicKey) -> str:
    return f"tomeishi/{key.key_id.removeprefix('ed25519:')}/{name}"
