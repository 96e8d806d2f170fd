"""What an audit holds items against: registry and ledger as they stood at one moment, in one file.

Use, provider, model and moment are fixed for a whole audit, so every answer of the ledger is worked out once and
written down; a worker needs this file and the index snapshots that it names, and no database. Equal files give equal
verdicts.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from tomeishi import clock
from tomeishi.consent.conditions import Question
from tomeishi.consent.permission import Permission
from tomeishi.consent.scopes import WorkRef
from tomeishi.errors import BadInput
from tomeishi.fingerprint import figure
from tomeishi.fingerprint.anchors import KEY as ANCHORS
from tomeishi.index.postings import Postings
from tomeishi.index.snapshot import Snapshot
from tomeishi.matching.audible import Audible
from tomeishi.matching.cast import Cast, EnrolledCharacter, cast_of
from tomeishi.matching.figures import Enrolled, others
from tomeishi.matching.snapshots import Searchable
from tomeishi.registry import references, works
from tomeishi.registry.domains import domains_by_member
from tomeishi.registry.drawings import Drawing
from tomeishi.registry.names import Name, Role
from tomeishi.registry.references import Reference
from tomeishi.registry.works import Character, Work
from tomeishi.screening.policy import Policy, parse_policy
from tomeishi.values import Box, MediaKind, Use, canonical, digest_of

FORMAT = "tomeishi-audit-basis-1"

Ask = Callable[[Question], Permission]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the ledger, for all items alike."""

    use: Use
    provider: str
    model: str | None
    moment: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "use": self.use.value,
            "provider": self.provider,
            "model": self.model,
            "moment": clock.to_text(self.moment),
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """The ledger's answer about one member, work, character or reference."""

    allowed: bool
    entries: tuple[str, ...]
    """That decided; empty where nothing was ever stated."""
    conditional: bool
    """Whether it is allowed only as far as a condition is met, which a person has to see."""
    words: str


@dataclass(frozen=True, slots=True)
class Basis:
    """The file, read."""

    asked: Asked
    policy: Policy
    digest: str
    members: Mapping[str, str]
    """Names by id."""
    works: Mapping[str, Work]
    references: Mapping[str, Reference]
    by_digest: Mapping[str, tuple[str, ...]]
    """Reference ids."""
    by_code: Mapping[str, tuple[str, ...]]
    by_domain: Mapping[str, str]
    """Member ids."""
    snapshots: tuple[tuple[str, str], ...]
    """Folder below the index and digest of each, image descriptor first; empty for a registry without references."""
    sound: tuple[str, str] | None
    """The same of what sound is found by."""
    anchors: Mapping[str, str]
    """Blobs of the local features of references, by reference id."""
    standings: Mapping[str, Standing]
    """By id of a member, work, character or reference."""
    cast: Cast | None
    """The enrolled characters; None where there are none."""

    def searchable(self, index: Path) -> Searchable | None:
        """The snapshots in the folder `index`, mapped. Raises Tampered where they are not those that it names."""
        if not self.snapshots:
            return None
        image, pdq = (Snapshot(index / folder, digest) for folder, digest in self.snapshots)
        return Searchable(image, pdq, {each.id: each.duration_s for each in self.references.values()})

    def audible(self, index: Path) -> Audible | None:
        """The same for sound."""
        if self.sound is None:
            return None
        folder, digest = self.sound
        return Audible(
            Postings(index / folder, digest), {each.id: each.duration_s for each in self.references.values()}
        )


def frozen(
    tx: Connection,
    asked: Asked,
    ask: Ask,
    policy_text: str,
    snapshots: Sequence[Snapshot],
    sound: Postings | None,
) -> bytes:
    """The file, canonical: equal for equal registries, ledgers and questions."""
    anchors = {file.reference_id: file.digest for file in references.fingerprint_files_of(tx, ANCHORS)}
    listed = sorted(works.list_works(tx), key=lambda work: work.id)
    files = sorted(references.references(tx), key=lambda reference: reference.id)
    codes, domains = references.codes_of(tx), domains_by_member(tx)
    cast = cast_of(tx, figure.SPEC)

    def standing(work: Work, reference_id: str | None = None, character_id: str | None = None) -> Permission:
        about = WorkRef(work.member_id, work.id, reference_id, character_id)
        return ask(Question(about, asked.use, asked.provider, asked.model))

    by_id = {work.id: work for work in listed}
    of_works = {work.id: standing(work) for work in listed}
    return canonical(
        {
            "format": FORMAT,
            **asked.to_json(),
            "policy": policy_text,
            "snapshots": [[f"{each.folder.parent.name}/{each.folder.name}", each.digest] for each in snapshots],
            "sound": None if sound is None else [f"{sound.folder.parent.name}/{sound.folder.name}", sound.digest],
            "members": [
                {
                    "id": member.id,
                    "name": member.name,
                    "domains": domains.get(member.id, []),
                    "standing": _of_member([of_works[work.id] for work in listed if work.member_id == member.id]),
                }
                for member in sorted(works.list_members(tx), key=lambda member: member.id)
            ],
            "works": [
                {
                    "id": work.id,
                    "member": work.member_id,
                    "title": work.title,
                    "names": [name.text for name in work.names],
                    "standing": _standing(of_works[work.id]),
                    "characters": [
                        {
                            "id": each.id,
                            "name": each.name,
                            "names": [name.text for name in each.names],
                            "standing": _standing(standing(work, character_id=each.id)),
                        }
                        for each in work.characters
                    ],
                }
                for work in listed
            ],
            "references": [
                {
                    "id": each.id,
                    "work": each.work_id,
                    "path": _unicode(each.path),
                    "location": _unicode(each.location),
                    "digest": each.digest,
                    "size": each.size_bytes,
                    "kind": each.kind.value,
                    "duration": each.duration_s,
                    "codes": codes.get(each.id, []),
                    "anchors": anchors.get(each.id),
                    "standing": _standing(standing(by_id[each.work_id], reference_id=each.id)),
                }
                for each in files
            ],
            "drawings": [] if cast is None else list(_drawings(cast)),
        }
    )


def _drawings(cast: Cast) -> Iterator[dict[str, Any]]:
    for character_id in cast.enrolled.character_ids:
        for drawing_id, rows in cast.enrolled.rows_of(character_id).items():
            drawing = cast.drawings[drawing_id]
            yield {
                "id": drawing_id,
                "character": character_id,
                "reference": drawing.reference_id,
                "time": drawing.time_s,
                "box": drawing.box.to_json(),
                "rows": [base64.b64encode(row.astype("<f2").tobytes()).decode() for row in rows],
            }


def _standing(answer: Permission) -> list[Any]:
    return [answer.allowed, list(answer.because), bool(answer.conditions), answer.english]


def _of_member(answers: Sequence[Permission]) -> list[Any]:
    """What lies at a member's domain may be any of its works: allowed where all of them are."""
    if not answers:
        return [False, [], False, "no work of the member is registered, and so nothing of it permitted"]
    refused = [each for each in answers if not each.allowed]
    deciding = refused or list(answers)
    entries = list(dict.fromkeys(entry for each in deciding for entry in each.because))
    return [not refused, entries, any(each.conditions for each in answers), deciding[0].english]


def _unicode(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()


def read_basis(data: bytes) -> Basis:
    """The basis in a file; raises BadInput where it is none."""
    try:
        words = json.loads(data)
        if words["format"] != FORMAT:
            raise BadInput(f"basis of another format: {words['format']!r}")
        return _read(words, digest_of(data))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("not the basis of an audit") from error


def _read(words: Mapping[str, Any], digest: str) -> Basis:
    moment = clock.from_text(words["moment"])
    names = {each["id"]: each["name"] for each in words["members"]}
    standings: dict[str, Standing] = {}

    def keep(each: Mapping[str, Any]) -> None:
        allowed, entries, conditional, said = each["standing"]
        standings[each["id"]] = Standing(allowed, tuple(entries), conditional, said)

    listed: dict[str, Work] = {}
    for each in words["works"]:
        keep(each)
        for character in each["characters"]:
            keep(character)
        listed[each["id"]] = Work(
            id=each["id"],
            member_id=each["member"],
            member=names[each["member"]],
            title=each["title"],
            names=_names(each["names"]),
            characters=tuple(Character(c["id"], c["name"], _names(c["names"])) for c in each["characters"]),
            cross_ids=(),
            references=0,
            created_at=moment,
        )
    files: dict[str, Reference] = {}
    for each in words["references"]:
        keep(each)
        work = listed[each["work"]]
        files[each["id"]] = Reference(
            id=each["id"],
            work_id=work.id,
            title=work.title,
            member_id=work.member_id,
            member=work.member,
            path=each["path"],
            location=each["location"],
            digest=each["digest"],
            size_bytes=each["size"],
            kind=MediaKind(each["kind"]),
            duration_s=float(each["duration"]),
            partial_reason=None,
            created_at=moment,
        )
    for each in words["members"]:
        keep(each)
    return Basis(
        asked=Asked(Use(words["use"]), words["provider"], words["model"], moment),
        policy=parse_policy(words["policy"], "the policy of the audit"),
        digest=digest,
        members=names,
        works=listed,
        references=files,
        by_digest=_several((each["digest"], each["id"]) for each in words["references"]),
        by_code=_several((code, each["id"]) for each in words["references"] for code in each["codes"]),
        by_domain={domain: each["id"] for each in words["members"] for domain in each["domains"]},
        snapshots=tuple((folder, snapshot) for folder, snapshot in words["snapshots"]),
        sound=None if words["sound"] is None else (words["sound"][0], words["sound"][1]),
        anchors={each["id"]: each["anchors"] for each in words["references"] if each["anchors"] is not None},
        standings=standings,
        cast=_cast(words["drawings"], listed, moment),
    )


def _cast(words: Sequence[Mapping[str, Any]], listed: Mapping[str, Work], moment: datetime) -> Cast | None:
    if not words:
        return None
    by_id = {
        each["id"]: Drawing(
            each["id"], each["character"], each["reference"], each["time"], Box(*each["box"]), None, moment
        )
        for each in words
    }
    rows = [(each, np.frombuffer(base64.b64decode(row), "<f2")) for each in words for row in each["rows"]]
    values = np.stack([row for _, row in rows]).astype(np.float32)
    drawing_ids = [each["id"] for each, _ in rows]
    owners = [each["character"] for each, _ in rows]
    wanted = set(owners)
    roles = {
        character.id: EnrolledCharacter(
            character.id, character.name, work.id, work.title, work.member_id, work.member, {}
        )
        for work in listed.values()
        for character in work.characters
        if character.id in wanted
    }
    return Cast(Enrolled(values, drawing_ids, owners, others()), by_id, roles)


def _names(texts: Sequence[str]) -> tuple[Name, ...]:
    return tuple(Name(text, Role.ALIAS, None, None) for text in texts)


def _several(pairs: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        found[key] = (*found.get(key, ()), value)
    return found
