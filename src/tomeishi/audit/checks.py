"""The checks that need no decoding: digests, codes, addresses, reservations, names. All from the basis alone."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tomeishi.audit.basis import Basis
from tomeishi.audit.items import Item, Medium, Words
from tomeishi.audit.verdicts import AuditFinding, Check
from tomeishi.config import Limits
from tomeishi.consent.permission import Permission
from tomeishi.consent.standards import cawg, embedded, headers, iscc
from tomeishi.consent.standards.signal import Reading, Signal, Stance, combine
from tomeishi.errors import MissingExtra, UnreadableMedia
from tomeishi.media.guard import one_line
from tomeishi.media.provenance import c2pa_manifest
from tomeishi.registry.domains import host_of
from tomeishi.registry.works import Work
from tomeishi.screening.findings import MadeBy
from tomeishi.screening.names import NameIndex
from tomeishi.screening.prompts import PromptScreener, PromptScreening
from tomeishi.screening.spellings import RegisteredName
from tomeishi.values import Band, Kind, Use, Verdict, digest_of, digest_of_file

_XMP, _C2PA = (b"<x:xmpmeta", b"<?xpacket"), (b"c2pa", b"jumb")
"""What a file with a packet or a manifest holds: only then is it parsed."""
_LONGEST_LOOK = 16 << 20
"""Bytes at the start of a large file in which these are sought."""


def surely(
    basis: Basis,
    check: Check,
    standing_of: str,
    kind: str,
    detail: str,
    *,
    work_id: str | None,
    member_id: str,
    reference_id: str | None = None,
) -> AuditFinding:
    """A finding that leaves no doubt about what was found."""
    standing = basis.standings[standing_of]
    return AuditFinding(
        check=check,
        work_id=work_id,
        member_id=member_id,
        reference_id=reference_id,
        character_id=None,
        kind=kind,
        band=Band.STRONG,
        score=1.0,
        allowed=standing.allowed,
        conditional=standing.conditional,
        entries=standing.entries,
        policy=basis.policy.verdict(Band.STRONG, allowed=standing.allowed),
        detail=detail,
    )


def by_digest(basis: Basis, digests: Iterable[str]) -> Iterator[AuditFinding]:
    for digest in dict.fromkeys(digests):
        for reference_id in basis.by_digest.get(digest, ()):
            yield _of_reference(basis, Check.DIGEST, reference_id, "the very file of a reference")


def by_code(basis: Basis, codes: Iterable[str]) -> Iterator[AuditFinding]:
    units = dict.fromkeys(unit for code in codes for unit in iscc.units_of(code) if iscc.names_a_file(unit))
    for unit in units:
        for reference_id in basis.by_code.get(unit, ()):
            yield _of_reference(basis, Check.ISCC, reference_id, f"recorded Instance-Code {unit} is a reference's")


def _of_reference(basis: Basis, check: Check, reference_id: str, detail: str) -> AuditFinding:
    reference = basis.references[reference_id]
    return surely(
        basis,
        check,
        reference_id,
        Kind.COPY.value,
        f"{detail}: {reference.title} ({reference.member})",
        work_id=reference.work_id,
        member_id=reference.member_id,
        reference_id=reference_id,
    )


def by_source(basis: Basis, urls: Iterable[str]) -> Iterator[AuditFinding]:
    """Addresses at a member's domain or below it."""
    seen: set[str] = set()
    for url in urls:
        host = host_of(url)
        if host is None:
            continue
        labels = host.split(".")
        for at in range(len(labels) - 1):
            domain = ".".join(labels[at:])
            member_id = basis.by_domain.get(domain)
            if member_id is not None and domain not in seen:
                seen.add(domain)
                detail = f"comes from {domain}, a domain of {basis.members[member_id]}"
                yield surely(basis, Check.SOURCE, member_id, "source", detail, work_id=None, member_id=member_id)


def media_digest(medium: Medium) -> str:
    if medium.data is not None:
        return digest_of(medium.data)
    return digest_of_file(medium.path or Path())


def reservations(basis: Basis, item: Item, key: str, limits: Limits) -> tuple[list[AuditFinding], str | None]:
    """What the file and its recorded headers refuse for the use asked about; and what of it could not be read."""
    reading, problem = Reading(key), None
    signals: list[Signal] = []
    if item.words.headers:
        signals += headers.read("\n".join(item.words.headers).encode(), reading)
    for medium in item.media:
        start = medium.data if medium.data is not None else _start(medium.path)
        if any(mark in start for mark in _XMP):
            signals += embedded.read_packets(start, reading)
        if all(mark in start for mark in _C2PA):
            try:
                signals += _sealed(medium, reading, limits)
            except (MissingExtra, UnreadableMedia) as error:
                problem = f"carries Content Credentials that were not read: {error}"
    stance = combine(signals).stance(basis.asked.use)
    if stance not in (Stance.DENY, Stance.CONSTRAINED):
        return [], problem
    told = [f"{each.standard} ({each.authority})" for each in signals if each.stance(basis.asked.use) is stance]
    word = "refuses" if stance is Stance.DENY else "allows only on terms"
    return [_reservation(f"{', '.join(dict.fromkeys(told))} {word} {basis.asked.use.value}")], problem


def _reservation(detail: str) -> AuditFinding:
    """Nobody in particular: whoever made the file said so. Whether the ledger says otherwise is for `settle`."""
    return AuditFinding(
        check=Check.RESERVATIONS,
        work_id=None,
        member_id=None,
        reference_id=None,
        character_id=None,
        kind="reservation",
        band=Band.STRONG,
        score=1.0,
        allowed=False,
        conditional=False,
        entries=(),
        policy=Verdict.BLOCK,
        detail=detail,
    )


def _start(path: Path | None) -> bytes:
    with (path or Path()).open("rb") as file:
        return file.read(_LONGEST_LOOK)


def _sealed(medium: Medium, reading: Reading, limits: Limits) -> tuple[Signal, ...]:
    if medium.path is not None:
        return _read_store(medium.path, reading, limits)
    with tempfile.NamedTemporaryFile(prefix="tomeishi-") as file:
        file.write(medium.data or b"")
        file.flush()
        return _read_store(Path(file.name), reading, limits)


def _read_store(path: Path, reading: Reading, limits: Limits) -> tuple[Signal, ...]:
    store = c2pa_manifest(path, limits)
    return cawg.read(store, reading) if store is not None else ()


def name_screener(basis: Basis, made_by: MadeBy) -> PromptScreener:
    """Names of all works and characters, with the answers that the basis holds."""

    def ask(work: Work, character_id: str | None, use: Use) -> Permission:
        standing = basis.standings[character_id or work.id]
        return Permission(use, standing.allowed, standing.entries, standing.words, standing.words)

    index = NameIndex(
        RegisteredName(name.text, work.id, character_id)
        for work in basis.works.values()
        for character_id, names in [(None, work.names), *((each.id, each.names) for each in work.characters)]
        for name in names
    )
    return PromptScreener(index, basis.works, basis.policy, made_by, ask, basis.asked.use)


def by_names(
    basis: Basis, screener: PromptScreener, words: Sequence[Words]
) -> list[tuple[list[AuditFinding], str | None]]:
    """For the words of each item the names in them, the surest of each owner; and what was too long to read."""
    texts = [text for each in words for text in each.texts]
    screened = iter(screener.screen(texts)) if texts else iter(())
    return [_named(basis, [next(screened) for _ in each.texts]) for each in words]


def _named(basis: Basis, screenings: Sequence[PromptScreening]) -> tuple[list[AuditFinding], str | None]:
    best: dict[tuple[str, str | None], AuditFinding] = {}
    problem = None
    for screening in screenings:
        if screening.partial is not None:
            problem = screening.partial.reason
        for each in screening.findings:
            owner = (each.work_id, each.character_id)
            if owner in best and best[owner].score >= each.score:
                continue
            standing = basis.standings[each.character_id or each.work_id]
            start, end = each.span
            whose = f"{each.character}, {each.title}" if each.character else each.title
            best[owner] = AuditFinding(
                check=Check.NAMES,
                work_id=each.work_id,
                member_id=basis.works[each.work_id].member_id,
                reference_id=None,
                character_id=each.character_id,
                kind=Kind.NAME.value,
                band=each.band,
                score=each.score,
                allowed=standing.allowed,
                conditional=standing.conditional,
                entries=standing.entries,
                policy=each.verdict,
                detail=one_line(f"{each.mention}: {screening.prompt[start:end]!r} for {whose} ({each.member})"),
            )
    return list(best.values()), problem
