"""Model sheets become drawings of a character: which figures a file shows, and what is described of each."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tomeishi import registering
from tomeishi.config import Limits
from tomeishi.errors import BadInput, NotFound, TomeishiError
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.figure import alike, square
from tomeishi.fingerprint.regions import on_plain_ground
from tomeishi.fingerprint.sightings import LEAST_DETAIL
from tomeishi.matching.cast import Cast, EnrolledCharacter
from tomeishi.matching.figures import FEW, Near, Rows, crowd, others
from tomeishi.media.probe import probe
from tomeishi.media.sample import frames_at
from tomeishi.registry import drawings, references, works
from tomeishi.registry.drawings import Part, Variant
from tomeishi.registry.names import clean_name
from tomeishi.storage.blobs import Blobs
from tomeishi.storage.db import Database
from tomeishi.values import WHOLE_PICTURE, Box, MediaKind, Skipped, digest_of_file

MOST_DRAWINGS = 500
"""Of one character: some dozens serve, and every one is compared with all queries."""
SMALLEST_PX = 24
"""Longer side of a drawing."""
ALIKE = 0.97
"""Likeness (`alike`) from which two drawings are one and the same."""
UNLIKE = 0.0
"""Likeness to the nearest other drawing, less the crowd's, below which a drawing is said to be unlike the rest."""
CONFUSING = 0.8
"""Likeness to another character's drawing from which a person is warned before anybody is accused."""
SEPARABLE = 0.8
"""Separability below which a person is warned."""
_TALL = 1.25
"""Height against width from which the upper square is described too."""


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """One drawing of a file, before it is kept."""

    time_s: float
    box: Box
    rows: dict[Part, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is to be enrolled."""

    work_id: str
    name: str
    files: tuple[str, ...]
    """Model sheets; or pictures and films of which `at_s` and `box` say where the character is."""
    reading: str | None = None
    aliases: tuple[str, ...] = ()
    look: str | None = None
    """Which of several appearances the files show."""
    at_s: float | None = None
    box: Box | None = None
    variants: Mapping[Variant, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was enrolled of a sheet."""

    character_id: str
    drawings: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What enrolling did, and what a person should look at."""

    character_id: str
    drawings: tuple[str, ...]
    separability: float | None
    """Share of its drawings whose nearest other drawing is its own, among all enrolled characters and the shipped
    others; None for a single drawing."""
    nearest_other: Near | None
    """The other character's drawing that comes nearest to any of its own."""
    other: EnrolledCharacter | None
    """Whose that is."""
    confusing: bool
    """Whether it comes so near that one will be taken for the other: to be seen before anybody is accused."""
    overlaps: tuple[tuple[str, Near], ...]
    """(own drawing, drawing of another character) that are one and the same."""
    skipped: tuple[Skipped, ...]
    warnings: tuple[str, ...]


def enrol(
    sheet: Sheet,
    database: Database,
    blobs: Blobs,
    descriptors: Sequence[Descriptor],
    figure: Descriptor,
    limits: Limits,
) -> Kept:
    """Each file becomes a reference of the work, unless it is one already, and its drawings the character's.

    Where files were given and not one shows a drawing, nothing is added: raises NotFound, UnreadableMedia or BadInput.
    """
    with database.reading() as tx:
        known = {each.digest: each.id for each in references.references(tx, works.work(tx, sheet.work_id).id)}
    prepared: list[tuple[str, str, list[Described], registering.Described | None]] = []
    failures: list[tuple[str, TomeishiError]] = []
    warnings: list[str] = []
    for file in dict.fromkeys(sheet.files):
        path = Path(file)
        try:
            shown, said = drawings_in(path, figure, limits, sheet.at_s, sheet.box)
            digest = digest_of_file(path)
            new = None if digest in known else registering.describe(path, descriptors, limits)
        except (NotFound, BadInput) as error:
            failures.append((file, error))
            continue
        prepared.append((file, digest, shown, new))
        warnings += said
    if failures and not prepared:
        raise failures[0][1]
    with database.transaction() as tx:
        character_id = _character(tx, sheet)
        drawings.note_variants(tx, character_id, sheet.variants)
        ids: list[str] = []
        for file, digest, shown, new in prepared:
            if new is not None:
                known[digest] = registering.keep(tx, blobs, sheet.work_id, file, digest, new)
            for each in shown:
                drawing_id = drawings.add_drawing(tx, character_id, known[digest], each.time_s, each.box, sheet.look)
                drawings.keep_rows(tx, drawing_id, figure.spec.key, figure.spec.weights_digest, each.rows)
                ids.append(drawing_id)
        if drawings.enrolled(tx).get(character_id, 0) > MOST_DRAWINGS:
            raise BadInput(
                f"{sheet.name}: a character has {MOST_DRAWINGS} drawings at most; choose those that show it best"
            )
    skipped = tuple(Skipped(file, str(error)) for file, error in failures)
    return Kept(character_id, tuple(dict.fromkeys(ids)), skipped, tuple(warnings))


def fill(database: Database, figure: Descriptor, limits: Limits) -> Iterator[tuple[str, Skipped | None]]:
    """Describe anew what an earlier version of `figure` described: path of each reference, and why it could not be."""
    spec, waiting = figure.spec, defaultdict[str, list[drawings.Drawing]](list)
    with database.reading() as tx:
        for drawing in drawings.undescribed(tx, spec.key, spec.weights_digest):
            waiting[drawing.reference_id].append(drawing)
        shown = {reference_id: references.reference(tx, reference_id) for reference_id in waiting}
    for reference_id, each in waiting.items():
        try:
            path = registering.still_there(shown[reference_id])
            pictures = frames_at(path, [drawing.time_s for drawing in each], limits)
        except (NotFound, BadInput) as error:
            yield shown[reference_id].path, Skipped(shown[reference_id].path, str(error))
            continue
        with database.transaction() as tx:
            for drawing, picture in zip(each, pictures, strict=True):
                rows = rows_in(picture.pixels, drawing.box, figure)
                drawings.keep_rows(tx, drawing.id, spec.key, spec.weights_digest, rows)
        yield shown[reference_id].path, None


def drawings_in(
    path: Path, descriptor: Descriptor, limits: Limits, at_s: float | None, box: Box | None
) -> tuple[list[Described], list[str]]:
    """The drawings that a file shows, described, and what to look at. Raises NotFound, UnreadableMedia, BadInput."""
    info = probe(path, limits)
    kind = info.kind
    if kind is MediaKind.SOUND:
        raise BadInput(f"{path}: sound alone shows no character; give pictures, or films with --at and --box")
    if kind is MediaKind.VIDEO and at_s is None:
        raise BadInput(f"{path}: moving pictures; say with --at which second shows the character, and with --box where")
    moment = at_s or 0.0
    if kind is MediaKind.VIDEO and moment >= info.duration_s > 0:
        raise BadInput(f"{path}: ends at {info.duration_s:.3f} s; there is no picture at {moment:.3f} s")
    picture = frames_at(path, [moment], limits)[0].pixels
    boxes, warnings = ([box], []) if box is not None else _found(path, picture, kind)
    described = []
    for each in boxes:
        width, height = each.width * picture.shape[1], each.height * picture.shape[0]
        if max(width, height) < SMALLEST_PX:
            raise BadInput(
                f"{path}: a drawing of {width:.0f} x {height:.0f} pixels is too small; {SMALLEST_PX} are needed"
            )
        rows = rows_in(picture, each, descriptor)
        if rows:
            described.append(Described(moment, each, rows))
    if not described:
        raise BadInput(f"{path}: nothing is drawn there; see the picture, or say with --box where the character is")
    return described, warnings


def _found(path: Path, picture: NDArray[np.uint8], kind: MediaKind) -> tuple[list[Box], list[str]]:
    found = on_plain_ground(picture) if kind is MediaKind.IMAGE else None
    if found is None:
        return [WHOLE_PICTURE], [f"{path}: no plain ground; the whole picture counts as the drawing. --box says where"]
    return found, []


def rows_in(picture: NDArray[np.uint8], box: Box, descriptor: Descriptor) -> dict[Part, NDArray[np.float32]]:
    """The rows of one drawing in a picture (h, w, 3); none of a part that is blank."""
    parts = {Part.WHOLE: box}
    width, height = box.width * picture.shape[1], box.height * picture.shape[0]
    if height > _TALL * width:
        parts[Part.UPPER] = Box(box.x, box.y, box.width, width / picture.shape[0])
    described = descriptor.describe(np.stack([square(picture, each) for each in parts.values()]))
    return {
        part: row.astype(np.float32)
        for part, row, quality in zip(parts, described.values, described.quality, strict=True)
        if quality >= LEAST_DETAIL
    }


def _character(tx: Connection, sheet: Sheet) -> str:
    """The id of the work's character of that name, made where there is none; new names are added to it."""
    name = clean_name(sheet.name, "character's name")
    found = [each for each in works.work(tx, sheet.work_id).characters if each.name == name]
    if not found:
        return works.add_character(tx, sheet.work_id, name, sheet.reading, sheet.aliases)
    if sheet.reading is not None:
        works.add_name(tx, sheet.reading, works.Role.READING, character_id=found[0].id)
    for alias in sheet.aliases:
        works.add_name(tx, alias, works.Role.ALIAS, character_id=found[0].id)
    return found[0].id


def separability(own: Sequence[Rows], foreign: Rows) -> float | None:
    """Share of drawings (each with its rows) whose nearest row of all others is one of the character's own.

    None for a single drawing: there is nothing to tell it by.
    """
    if len(own) < 2:
        return None
    inside = 0
    for number, rows in enumerate(own):
        rest = np.concatenate([each for n, each in enumerate(own) if n != number])
        nearest = float(alike(rows, rest).max())
        inside += nearest > (float(alike(rows, foreign).max()) if len(foreign) else -1.0)
    return inside / len(own)


def unlike(own: Sequence[Rows], others: Rows) -> list[int]:
    """Numbers of drawings that no other drawing of the character comes near to, where most of them come near."""
    if len(own) < 3:
        return []
    best = []
    for number, rows in enumerate(own):
        rest = np.concatenate([each for n, each in enumerate(own) if n != number])
        near = alike(rows, rest) - (crowd(rows, others)[:, None] + crowd(rest, others)) / 2
        best.append(float(near.max()))
    odd = [n for n, near in enumerate(best) if near < UNLIKE]
    return odd if len(odd) <= len(own) / 2 else []


def judged(cast: Cast | None, kept: Kept) -> Enrolment:
    """What a person should know of a character as it is enrolled now."""
    own = {} if cast is None else cast.enrolled.rows_of(kept.character_id)
    if cast is None or not own:
        return Enrolment(kept.character_id, kept.drawings, None, None, None, False, (), kept.skipped, kept.warnings)
    said = list(kept.warnings)
    if len(own) < FEW:
        said.append(f"{len(own)} of {FEW} drawings that a finding needs to be called strong")
    if odd := unlike(list(own.values()), others()):
        names = ", ".join(list(own)[n] for n in odd)
        said.append(f"unlike the other drawings: {names}; two figures on one sheet, text, or a photograph?")
    foreign = np.concatenate([cast.enrolled.rows_but(kept.character_id), others()])
    separable = separability(list(own.values()), foreign)
    near = max(
        cast.enrolled.nearest_of(np.concatenate(list(own.values())), kept.character_id),
        key=lambda each: each.similarity,
        default=None,
    )
    confusing = near is not None and (near.similarity >= CONFUSING or (separable is not None and separable < SEPARABLE))
    same = [
        (drawing_id, each)
        for drawing_id in kept.drawings
        for each in cast.enrolled.nearest_of(own[drawing_id], kept.character_id)
        if each.similarity >= ALIKE
    ]
    return Enrolment(
        kept.character_id,
        kept.drawings,
        separable,
        near,
        None if near is None else cast.roles[near.character_id],
        confusing,
        tuple({(drawing_id, each.drawing_id): (drawing_id, each) for drawing_id, each in same}.values()),
        kept.skipped,
        tuple(said),
    )
