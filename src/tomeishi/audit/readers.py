"""Items of a shard, streamed: whatever a layout looks like, this is what is checked.

What breaks off becomes an item of its own, whose key ends in `!`: of the rest nothing is known. Large members and films
go through files of our own naming, one at a time.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tomeishi.audit import stores, tables
from tomeishi.audit.archives import Damaged, Member, members
from tomeishi.audit.items import (
    Item,
    Medium,
    MediumKind,
    Words,
    clean,
    decoded,
    key_text,
    medium_kind,
    words_of,
)
from tomeishi.audit.shards import Form, Shard, identity_of
from tomeishi.errors import Conflict, NotFound, StorageFailure
from tomeishi.media.stills import LARGEST

LARGEST_MEMBER = 8 << 30
"""Bytes of one file of an archive that are unpacked; a larger one is passed over and told."""
_LARGEST_SIDECAR = 1 << 20
_IN_MEMORY = 16 << 20
"""Bytes of a picture that is kept in memory; a larger one goes through a file, as all films do."""


class Spool:
    """Files that last until the next item is asked for. Close it, or use it as a context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []

    def add(self, member: Member) -> Path:
        """The member's bytes in a file of a name of ours. Raises Damaged; StorageFailure where the disk is full."""
        path: Path | None = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="member-", dir=self._folder)
            path = Path(name)
            self._files.append(path)
            with os.fdopen(handle, "wb") as file:
                for piece in member.pieces():
                    file.write(piece)
        except OSError as error:
            raise StorageFailure(f"{self._folder}: cannot be written: {error.strerror}; free some space") from error
        return path

    def clear(self) -> None:
        for path in self._files:
            with suppress(OSError):
                path.unlink()
        self._files.clear()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()


def items(shard: Shard, spool: Spool) -> Iterator[Item]:
    """Every item of the shard once, in its order. Raises Conflict where the source changes while it is read."""
    _unchanged(shard)
    read = {Form.ARCHIVE: _archive, Form.FOLDER: _folder}.get(shard.source.form, _table)
    try:
        yield from read(shard, spool)
    except Damaged as error:
        yield Item(key_text(f"{shard.source.name}!"), problem=f"{error}; what would follow is not known")
    finally:
        spool.clear()
    _unchanged(shard)


def _unchanged(shard: Shard) -> None:
    try:
        same = identity_of(shard.source) == shard.identity
    except NotFound:
        same = False
    if not same:
        raise Conflict(f"{shard.source.name}: changed while it was read; repeat the command to audit it as it is now")


def _table(shard: Shard, spool: Spool) -> Iterator[Item]:
    del spool
    return tables.rows(shard)


@dataclass(slots=True)
class _Group:
    """Members of one item, as they come."""

    key: str
    words: Words
    media: list[Medium]
    problems: list[str]
    others: list[str]

    def item(self) -> Item:
        problem = "; ".join(self.problems) or None
        if not self.media and problem is None:
            problem = "has no media beside its sidecars" if self.words != Words() else None
            problem = problem or f"holds nothing that is looked at ({', '.join(self.others) or 'an empty sidecar'})"
        return Item(key_text(self.key), self.words, tuple(self.media), problem)


def _archive(shard: Shard, spool: Spool) -> Iterator[Item]:
    group: _Group | None = None
    with stores.reading(shard.source.location) as file:
        try:
            for member in members(file):
                key, suffix = key_and_suffix(member.name)
                if group is not None and group.key != key:
                    yield group.item()
                    spool.clear()
                    group = None
                group = group or _Group(key, Words(), [], [], [])
                _take(group, member, suffix, spool)
        except Damaged as error:
            if group is not None:
                group.problems.append(str(error))
                yield group.item()
            raise
    if group is not None:
        yield group.item()


def key_and_suffix(name: str) -> tuple[str, str]:
    """WebDataset: the name up to the first dot after its folders, and what follows."""
    folder, slash, last = name.rpartition("/")
    stem, _, suffix = last.partition(".")
    return folder + slash + stem, suffix.lower()


def _take(group: _Group, member: Member, suffix: str, spool: Spool) -> None:
    kind = medium_kind(member.name)
    if member.problem is not None:
        group.problems.append(f"{suffix or 'member'} {member.problem}")
    elif kind is not None and member.size > LARGEST_MEMBER:
        group.problems.append(f"{suffix} of {member.size:,} bytes is larger than the limit of {LARGEST_MEMBER:,}")
    elif kind is MediumKind.PICTURE and member.size <= min(_IN_MEMORY, LARGEST):
        group.media.append(Medium(member.name, kind, data=member.data()))
    elif kind is not None:
        group.media.append(Medium(member.name, kind, path=spool.add(member)))
    elif suffix in ("json", "txt", "caption"):
        if member.size > _LARGEST_SIDECAR:
            group.problems.append(f"{suffix} of {member.size:,} bytes is not read")
        else:
            _hear(group, suffix, member.data())
    else:
        group.others.append(suffix or "no suffix")


def _hear(group: _Group, suffix: str, data: bytes) -> None:
    """What a sidecar says."""
    if suffix != "json":
        text = clean(decoded(data).strip())
        group.words = group.words.joined(Words(texts=(text,) if text else ()))
        return
    try:
        fields = json.loads(decoded(data))
    except (ValueError, RecursionError):
        group.problems.append("json is not JSON")
        return
    group.words = group.words.joined(words_of(fields if isinstance(fields, dict) else {"value": fields}))


def _folder(shard: Shard, spool: Spool) -> Iterator[Item]:
    group: _Group | None = None
    for name in shard.source.files:
        stem, suffix = name.rsplit(".", 1)[0], name.rsplit(".", 1)[-1].lower()
        if group is not None and group.key != stem:
            yield _named(group)
            spool.clear()
            group = None
        group = group or _Group(stem, Words(), [], [], [])
        _take_file(group, shard.source.location + name, name, suffix, spool)
    if group is not None:
        yield _named(group)


def _named(group: _Group) -> Item:
    """In a folder an item is called by its media file."""
    if len(group.media) == 1:
        group.key = group.media[0].name
    return group.item()


def _take_file(group: _Group, location: str, name: str, suffix: str, spool: Spool) -> None:
    kind = medium_kind(name)
    if not stores.is_remote(location) and kind not in (None, MediumKind.PICTURE):
        group.media.append(Medium(name, kind or MediumKind.FILM, path=Path(location)))
        return
    size = int(stores.identity(location).split()[0])
    with stores.reading(location) as file:
        member = Member(f"x.{suffix}", size, None, file, size)
        before = len(group.media)
        _take(group, member, suffix, spool)
        group.media[before:] = [Medium(name, each.kind, each.data, each.path) for each in group.media[before:]]
