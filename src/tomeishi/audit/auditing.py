"""`audit_shard`: one shard to one file of verdicts. Pure but for that file, and the same wherever it runs.

Pictures wait until there are enough to be decoded, described and searched for together; what came of each item is
written in the order of the items. The batches depend on the shard alone, so the file does too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tomeishi.audit import checks
from tomeishi.audit.basis import Basis, read_basis
from tomeishi.audit.items import Item, Medium, MediumKind
from tomeishi.audit.pictures import Pictures, thumbnail_of
from tomeishi.audit.readers import Spool, items
from tomeishi.audit.rows import Done, Row, write_rows
from tomeishi.audit.shards import Shard
from tomeishi.audit.verdicts import AuditFinding, Check, settle
from tomeishi.config import Limits
from tomeishi.consent.permission import Permission
from tomeishi.consent.scopes import WorkRef
from tomeishi.errors import StorageFailure, UnreadableMedia
from tomeishi.fingerprint.figure import FigureDescriptor
from tomeishi.fingerprint.shipped import shipped_descriptors
from tomeishi.matching import calibration, figures, sound_calibration
from tomeishi.matching.anchored import anchors_in
from tomeishi.matching.pursuit import Pursuit
from tomeishi.matching.stages import ALL
from tomeishi.media.guard import one_line
from tomeishi.media.sample import Frame, frames_at
from tomeishi.media.stills import LARGEST, Stills
from tomeishi.registry.domains import host_of
from tomeishi.screening.figures import Figures
from tomeishi.screening.findings import Finding, MadeBy
from tomeishi.screening.outputs import PLAN, Screener
from tomeishi.screening.sound import Ear
from tomeishi.storage.blobs import Blobs
from tomeishi.values import Kind, Use, Verdict

BATCH = 64
"""Pictures that are described and searched for together."""
_BATCH_BYTES = 64 << 20
_BATCH_ITEMS = 512
_THUMBNAILS = 2
"""Films shown of each work in a shard: their pictures are decoded anew."""


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker has to know; small, for it travels to every one of them."""

    basis: Path
    index: Path
    """Folder of the snapshots."""
    blobs: Path
    out: Path
    """Folder for the files of finished shards."""
    checks: frozenset[Check]
    limits: Limits
    made_by: MadeBy


@dataclass(frozen=True, slots=True)
class Task:
    """One shard, and the name of its file."""

    shard: Shard
    key: str
    only: frozenset[int] | None = None
    """Numbers of the items to audit; None for all of them."""


@dataclass(slots=True)
class _Open:
    """An item that is not settled yet."""

    number: int
    item: Item
    problems: list[str]
    findings: dict[Check, list[AuditFinding]] = field(default_factory=dict)
    checked: set[Check] = field(default_factory=set)
    stills: list[Medium] = field(default_factory=list)
    size: int = 0

    def found(self, check: Check, findings: list[AuditFinding]) -> None:
        self.findings.setdefault(check, []).extend(findings)


def auditor(job: Job) -> Callable[[Task], Done]:
    """Opens what a worker needs once, and gives the function for its shards."""
    return partial(audit_shard, Auditor(job))


def audit_shard(worker: "Auditor", task: Task) -> Done:
    """Every item of the shard to a verdict, in one file that appears whole or not at all."""
    path = worker.job.out / f"{task.key}.parquet"
    with Spool(worker.job.out / ".members") as spool:
        return write_rows(path, worker.rows(task, spool))


class Auditor:
    """The checks of one worker: basis, mapped snapshots, descriptors, and a nursery of decoders."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._basis = basis = _basis(job.basis)
        searchable = basis.searchable(job.index)
        pdq, image = shipped_descriptors()
        shipped = calibration.shipped()
        self._names = checks.name_screener(basis, job.made_by)
        looked_for = basis.cast if Check.CHARACTER in job.checks else None
        self._figures = None if looked_for is None else Figures(FigureDescriptor(), looked_for, figures.shipped())
        anchors = anchors_in(basis.anchors, Blobs(job.blobs))
        self._pictures = Pictures(basis, searchable, anchors, image, pdq, shipped)
        self._stills = Stills(job.limits, PLAN.max_side)
        self._films = Screener(
            pursuit=None if searchable is None else Pursuit(searchable, anchors, image, pdq, shipped, ALL),
            identical=None,  # digests are a check of their own
            references=basis.references,
            image=image,
            pdq=pdq,
            ear=Ear(basis.audible(job.index), sound_calibration.shipped()),
            policy=basis.policy,
            limits=job.limits,
            made_by=job.made_by,
            ask=self._ask,
            use=basis.asked.use,
            figures=self._figures,
        )

    def close(self) -> None:
        self._stills.close()

    def rows(self, task: Task, spool: Spool) -> Iterator[Row]:
        """A row for each item, in their order."""
        waiting: list[_Open] = []
        size = pictures = 0
        for number, item in enumerate(items(task.shard, spool)):
            if task.only is not None and number not in task.only:
                continue
            opened = self._begun(number, item)
            waiting.append(opened)
            pictures += len(opened.stills)
            size += sum(len(each.data or b"") for each in opened.stills)
            if pictures >= BATCH or size >= _BATCH_BYTES or len(waiting) >= _BATCH_ITEMS:
                yield from self._settled(waiting)
                waiting, size, pictures = [], 0, 0
        yield from self._settled(waiting)

    def _begun(self, number: int, item: Item) -> _Open:
        """All that can be said of an item by itself; films are looked at now, while their file is there."""
        opened = _Open(number, item, [item.problem] if item.problem else [])
        words, basis, wanted = item.words, self._basis, self.job.checks
        digests = [*words.digests, *map(checks.media_digest, item.media)]
        opened.size = sum(_size(each) for each in item.media)
        for check, given, look in (
            (Check.DIGEST, digests, checks.by_digest),
            (Check.ISCC, words.isccs, checks.by_code),
            (Check.SOURCE, words.urls, checks.by_source),
        ):
            if check in wanted and given:
                opened.checked.add(check)
                opened.found(check, list(look(basis, given)))
        if Check.RESERVATIONS in wanted and (item.media or words.headers):
            opened.checked.add(Check.RESERVATIONS)
            findings, problem = checks.reservations(basis, item, item.key, self.job.limits)
            opened.found(Check.RESERVATIONS, findings)
            opened.problems += [problem] if problem else []
        for medium in item.media if wanted & {Check.MATCH, Check.CHARACTER} else ():
            if medium.kind is MediumKind.PICTURE and medium.data is not None and 0 < len(medium.data) <= LARGEST:
                opened.stills.append(medium)
            else:
                self._look(opened, medium)
        return opened

    def _look(self, opened: _Open, medium: Medium) -> None:
        """A film, an animation, or a picture that lies in a file."""
        if medium.path is None:
            path = self.job.out / ".members" / f"film-{opened.number}-{id(medium)}"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(medium.data or b"")
                self._screen(opened, path, medium.name)
            except OSError as error:
                raise StorageFailure(f"{path.parent}: cannot be written: {error.strerror}; free some space") from error
            finally:
                path.unlink(missing_ok=True)
        else:
            self._screen(opened, medium.path, medium.name)

    def _screen(self, opened: _Open, path: Path, name: str) -> None:
        screening = self._films.screen(path, name)
        if screening.skipped is not None:
            opened.problems.append(screening.skipped.reason.replace(str(path), name))
            return
        if screening.checked:
            seen = {Check.CHARACTER if kind is Kind.CHARACTER else Check.MATCH for kind in screening.checked}
            opened.checked |= seen & self.job.checks
        else:
            opened.problems.append(f"{name}: holds nothing that could be compared")
        if screening.partial is not None:
            until, why = screening.partial.until, screening.partial.reason
            opened.problems.append(f"{name}: read only up to {until:.1f} s: {why}")
        for each in screening.findings:
            check = Check.CHARACTER if each.kind is Kind.CHARACTER else Check.MATCH
            if check in self.job.checks:
                opened.found(check, [self._film_finding(path, check, each)])

    def _film_finding(self, path: Path, check: Check, found: Finding) -> AuditFinding:
        character = found.portrayal
        standing = self._basis.standings[found.reference_id if character is None else character.character_id]
        best = found.segments[0]
        whose = found.title if character is None else f"{character.name}, {found.title}"
        return AuditFinding(
            check=check,
            work_id=found.work_id,
            member_id=found.member_id,
            reference_id=found.reference_id,
            character_id=None if character is None else character.character_id,
            kind=found.kind.value,
            band=found.band,
            score=found.score,
            allowed=standing.allowed,
            conditional=standing.conditional,
            entries=standing.entries,
            policy=found.verdict,
            detail=f"{found.band} {found.kind} of {whose} ({found.member})",
            segment=(best.query.start, best.query.end, best.reference.start, best.reference.end),
            thumbnail=_film_thumbnail(path, (best.query.start + best.query.end) / 2, self.job.limits),
        )

    def _settled(self, waiting: list[_Open]) -> Iterator[Row]:
        """Names and pictures of several items at once, then their verdicts."""
        self._name(waiting)
        self._compare(waiting)
        for opened in waiting:
            findings = [each for check in Check for each in opened.findings.get(check, ())]
            problem = "; ".join(opened.problems) or None
            hosts = [host for url in opened.item.words.urls if (host := host_of(url)) is not None]
            yield Row(
                number=opened.number,
                key=opened.item.key,
                settled=settle(findings, None if problem is None else one_line(problem, 500)),
                findings=tuple(findings),
                checked=tuple(check for check in Check if check in opened.checked),
                medium=opened.item.media[0].kind.value if opened.item.media else "",
                size=opened.size,
                host=hosts[0] if hosts else "",
                words=sum(map(len, opened.item.words.texts)),
            )

    def _name(self, waiting: list[_Open]) -> None:
        if Check.NAMES not in self.job.checks:
            return
        named = checks.by_names(self._basis, self._names, [opened.item.words for opened in waiting])
        for opened, (findings, problem) in zip(waiting, named, strict=True):
            opened.found(Check.NAMES, findings)
            opened.problems += [problem] if problem else []
            if opened.item.words.texts:
                opened.checked.add(Check.NAMES)

    def _compare(self, waiting: list[_Open]) -> None:
        asked = [(opened, medium) for opened in waiting for medium in opened.stills]
        answers = self._stills.read([(medium.name, medium.data or b"") for _, medium in asked])
        shown = []
        for (opened, medium), still in zip(asked, answers, strict=True):
            if still.problem is not None:
                opened.problems.append(still.problem)
            elif still.frame is None:
                self._look(opened, medium)
            else:
                shown.append((opened, medium, still.frame.pixels))
                if still.partial is not None:
                    opened.problems.append(f"{medium.name}: {still.partial.reason}")
        compared = shown if Check.MATCH in self.job.checks else []
        matched = self._pictures.compare([pixels for _, _, pixels in compared])
        for (opened, medium, _), found in zip(compared, matched, strict=True):
            if isinstance(found, str):
                opened.problems.append(f"{medium.name}: {found}")
            else:
                opened.checked.add(Check.MATCH)
                opened.found(Check.MATCH, found)
        if self._figures is not None:
            for opened, _, pixels in shown:
                opened.checked.add(Check.CHARACTER)
                opened.found(Check.CHARACTER, self._portrayed(self._figures, pixels))

    def _portrayed(self, looked_for: Figures, pixels: NDArray[np.uint8]) -> list[AuditFinding]:
        """Characters in a still; only its surest boxes are looked at, for there are millions of stills."""
        onlooker = looked_for.onlooker()
        onlooker.see([Frame(0.0, pixels, scene_change=True)])
        found = []
        for each in looked_for.matches(onlooker.sightings(still=False), 1.0):
            role, standing = looked_for.cast.roles[each.character_id], self._basis.standings[each.character_id]
            if not self._basis.policy.reports(each.band):
                continue
            policy = self._basis.policy.verdict(each.band, allowed=standing.allowed)
            best = looked_for.segments(each)[0]
            found.append(
                AuditFinding(
                    check=Check.CHARACTER,
                    work_id=role.work_id,
                    member_id=role.member_id,
                    reference_id=looked_for.cast.drawings[each.tracks[0].nearest[0].drawing_id].reference_id,
                    character_id=role.character_id,
                    kind=Kind.CHARACTER.value,
                    band=each.band,
                    score=each.score,
                    allowed=standing.allowed,
                    conditional=standing.conditional,
                    entries=standing.entries,
                    policy=Verdict.REVIEW if policy is Verdict.BLOCK else policy,
                    detail=f"{each.band} {Kind.CHARACTER} of {role.name}, {role.title} ({role.member})",
                    segment=(best.query.start, best.query.end, best.reference.start, best.reference.end),
                    thumbnail=thumbnail_of(pixels),
                )
            )
        return sorted(found, key=lambda each: (-each.score, each.character_id or ""))

    def _ask(self, about: WorkRef, use: Use) -> Permission:
        standing = self._basis.standings[about.reference_id or about.character_id or about.work_id]
        return Permission(use, standing.allowed, standing.entries, standing.words, standing.words)


def _basis(path: Path) -> Basis:
    try:
        return read_basis(path.read_bytes())
    except OSError as error:
        raise StorageFailure(f"{path}: cannot be read by this worker: {error.strerror}; share the folder") from error


def _size(medium: Medium) -> int:
    if medium.data is not None:
        return len(medium.data)
    return medium.path.stat().st_size if medium.path is not None else 0


def _film_thumbnail(path: Path, time_s: float, limits: Limits) -> bytes | None:
    try:
        return thumbnail_of(frames_at(path, [time_s], limits)[0].pixels)
    except UnreadableMedia:
        return None
