"""What a member states (grant, reservation, revocation), how it is signed, and what the ledger keeps of it.

A statement has exactly one written form, its *words*: canonical JSON (RFC 8785) with every field present and null for
"all" or "open". The member signs the UTF-8 bytes of the words with a key that only the member holds (Ed25519), where
the member works; what travels is a `SignedEntry`. The ledger keeps the words as received. Words that don't read back to
themselves (a field doubled, unknown or missing, another spelling of a moment) are refused: an older reader must never
overlook a condition that a newer format added, so new fields come with a new `format`.

None means all for uses, provider and model, and open for `valid_until`. A grant names its uses one by one, so that
a use added to the vocabulary later is never granted by an old paper; a reservation may cover all, those too.
"""

import base64
import json
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tomeishi import clock
from tomeishi.access.keys import SigningKey
from tomeishi.errors import BadInput
from tomeishi.values import Use, canonical, new_id

FORMAT = "tomeishi-consent-1"
SIGNED_FORMAT = "tomeishi-signed-consent-1"
LONGEST_WORDS = 64 * 1024
"""Bytes of one statement; a contract is named by its digest, not copied into a note."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_BREAKING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that no name holds: control and direction marks would let one name pass for another."""


class EntryKind(StrEnum):
    GRANT = "grant"
    RESERVATION = "reservation"
    REVOCATION = "revocation"


class Level(StrEnum):
    """How far a scope reaches, from wide to narrow; a narrower one beats a wider one (`rules`)."""

    MEMBER = "member"
    """All works of the member, present and future."""
    WORK = "work"
    REFERENCE = "reference"

    @property
    def rank(self) -> int:
        """0 is the widest."""
        return tuple(Level).index(self)


@dataclass(frozen=True, slots=True)
class WorkRef:
    """What a question is about. Without a reference it is about the work as such, not about any one file of it."""

    member_id: str
    work_id: str
    reference_id: str | None = None

    def id_at(self, level: Level) -> str | None:
        return {Level.MEMBER: self.member_id, Level.WORK: self.work_id, Level.REFERENCE: self.reference_id}[level]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an entry is about: one thing, named by its level and id."""

    level: Level
    id: str

    def covers(self, work: WorkRef) -> bool:
        return work.id_at(self.level) == self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a member states; checked here once, and read back from its words by `statement_from`."""

    kind: EntryKind
    member_id: str
    declared_at: datetime
    """When the member says that this was stated."""
    scope: Scope | None = None
    """A grant and a reservation have one; a revocation reaches as far as what it revokes."""
    uses: tuple[Use, ...] | None = None
    provider: str | None = None
    model: str | None = None
    valid_from: datetime | None = None
    """None: from its declaration."""
    valid_until: datetime | None = None
    """The first moment at which it no longer holds; None: open."""
    document: str | None = None
    """Digest of the paper it rests on."""
    note: str = ""
    """Conditions in words, for people; no rule reads them."""
    revokes: str | None = None
    """Id of the entry that a revocation ends, for good."""
    id: str = field(default_factory=lambda: new_id("entry"))

    def __post_init__(self) -> None:
        for name in ("valid_from", "valid_until", "declared_at"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise BadInput(f"{name}: a moment needs a time zone: {moment.isoformat()}")
        for name in ("id", "member_id", "provider", "model", "revokes"):
            check_name(name, getattr(self, name))
        if self.uses is not None:
            object.__setattr__(self, "uses", tuple(use for use in Use if use in self.uses))
        if self.document is not None and not _DIGEST.fullmatch(self.document):
            raise BadInput(f"document: give its digest as sha256:<64 hex digits>, not {self.document[:80]!r}")
        if self.valid_until is not None and self.valid_until <= (self.valid_from or self.declared_at):
            raise BadInput(f"a {self.kind} must end after it begins, not at {clock.to_text(self.valid_until)}")
        if self.model is not None and self.provider is None:
            raise BadInput(f"model {self.model!r} is named without its provider; name both")
        if self.kind is EntryKind.REVOCATION:
            if self.revokes is None:
                raise BadInput("a revocation names the entry that it ends")
            if any(part is not None for part in (self.scope, self.uses, self.provider, self.valid_until)):
                raise BadInput("a revocation ends a whole entry; to narrow one, revoke it and state the rest anew")
        else:
            if self.revokes is not None:
                raise BadInput(f"only a revocation revokes, not a {self.kind}")
            if self.scope is None:
                raise BadInput(f"a {self.kind} names what it is about: the member, a work or a reference")
            check_name("scope", self.scope.id)
            if self.scope.level is Level.MEMBER and self.scope.id != self.member_id:
                raise BadInput(f"member {self.member_id} can't state anything for all works of {self.scope.id}")
            if self.kind is EntryKind.GRANT and not self.uses:
                raise BadInput(f"a grant names its uses, one or more of: {', '.join(Use)}")
            if self.uses == ():
                raise BadInput(f"name at least one use, of: {', '.join(Use)}")
        if len(self.words.encode()) > LONGEST_WORDS:
            raise BadInput(f"the {self.kind} is longer than {LONGEST_WORDS >> 10} KiB; put conditions in the document")

    @property
    def words(self) -> str:
        """The one written form, which is signed and kept."""
        return canonical(
            {
                "format": FORMAT,
                "id": self.id,
                "kind": self.kind.value,
                "member": self.member_id,
                "scope": None if self.scope is None else {"level": self.scope.level.value, "id": self.scope.id},
                "uses": None if self.uses is None else [use.value for use in self.uses],
                "provider": self.provider,
                "model": self.model,
                "valid_from": _moment_text(self.valid_from),
                "valid_until": _moment_text(self.valid_until),
                "document": self.document,
                "declared_at": clock.to_text(self.declared_at),
                "note": self.note,
                "revokes": self.revokes,
            }
        ).decode()


def statement_from(words: str) -> Statement:
    """The statement that `words` are the written form of; BadInput where it would be written otherwise."""
    if len(words) > LONGEST_WORDS:
        raise BadInput(f"a statement of consent has at most {LONGEST_WORDS >> 10} KiB")
    try:
        fields = json.loads(words)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not a statement of consent (JSON expected): {words[:60]!r}") from error
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise BadInput(f"not a statement of consent in the format {FORMAT}: {words[:60]!r}")
    try:
        scope, uses = fields["scope"], fields["uses"]
        statement = Statement(
            id=_text(fields, "id"),
            kind=EntryKind(fields["kind"]),
            member_id=_text(fields, "member"),
            scope=None if scope is None else Scope(Level(scope["level"]), _text(scope, "id")),
            uses=None if uses is None else tuple(Use(use) for use in uses),
            provider=_text_or_none(fields, "provider"),
            model=_text_or_none(fields, "model"),
            valid_from=_moment_or_none(fields, "valid_from"),
            valid_until=_moment_or_none(fields, "valid_until"),
            document=_text_or_none(fields, "document"),
            declared_at=clock.from_text(_text(fields, "declared_at")),
            note=_text(fields, "note"),
            revokes=_text_or_none(fields, "revokes"),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"a statement of consent with a value that can't be used: {error}") from error
    if statement.words != words:
        raise BadInput(
            f"statement {statement.id} holds fields that this version doesn't know, or isn't written in canonical form"
        )
    return statement


@dataclass(frozen=True, slots=True)
class SignedEntry:
    """Words, and a signature over their UTF-8 bytes: the file that travels from the member to the registry."""

    words: str
    key_id: str
    signature: bytes

    def to_text(self) -> str:
        """Canonical JSON, one line."""
        return canonical({"format": SIGNED_FORMAT, "words": self.words, **signature_fields(self)}).decode() + "\n"

    @classmethod
    def from_text(cls, text: str) -> "SignedEntry":
        """Checks the form only; whether the signature holds is for the ledger to say."""
        if len(text) > 4 * LONGEST_WORDS:
            raise BadInput("too large for a signed entry")
        try:
            fields = json.loads(text)
            if fields["format"] != SIGNED_FORMAT:
                raise BadInput(f"not a signed entry in the format {SIGNED_FORMAT}")
            return cls.from_fields(fields)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise BadInput("not a signed entry; make one with `tomeishi consent grant --sign-with KEY`") from error

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "SignedEntry":
        """From `words`, `key_id` and `signature` (base64); KeyError, TypeError or ValueError where they aren't that."""
        return cls(
            _text(fields, "words"),
            _text(fields, "key_id"),
            base64.b64decode(_text(fields, "signature"), validate=True),
        )


def sign_entry(statement: Statement, key: SigningKey) -> SignedEntry:
    """Signs where the member works; needs no registry."""
    return SignedEntry(statement.words, key.public.key_id, key.sign(statement.words.encode()))


def signature_fields(signed: SignedEntry) -> dict[str, str]:
    """How the signature is written, in the file that travels and in the ledger."""
    return {"key_id": signed.key_id, "signature": base64.b64encode(signed.signature).decode()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A statement as the ledger holds it."""

    statement: Statement
    number: int
    """In the consent log, from 1."""
    digest: str
    """Of its row in the consent log (storage.log)."""
    recorded_at: datetime
    signed: SignedEntry | None
    """None where somebody recorded it on the member's word."""
    recorded_by: str | None
    """Who typed an unsigned entry in."""

    @property
    def id(self) -> str:
        return self.statement.id

    @property
    def in_effect_from(self) -> datetime:
        """Never before it was stated, nor before the ledger could tell anybody (`rules`, 2)."""
        return max(
            self.statement.valid_from or self.statement.declared_at, self.statement.declared_at, self.recorded_at
        )

    def to_json(self) -> dict[str, Any]:
        """With words and signature as received, so that whoever reads it can check them again."""
        return {
            "number": self.number,
            "digest": self.digest,
            "recorded_at": clock.to_text(self.recorded_at),
            "recorded_by": self.recorded_by,
            "words": self.statement.words,
            "signature": None if self.signed is None else signature_fields(self.signed),
        }


def check_name(what: str, name: str | None) -> None:
    """A name or id is one line of up to 200 characters without control or direction marks; None is let through."""
    if name is None:
        return
    if not name.strip() or len(name) > 200 or any(unicodedata.category(letter) in _BREAKING for letter in name):
        raise BadInput(f"{what}: a name has 1 to 200 characters on one line, not {name[:60]!r}")


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is not text")
    return value


def _text_or_none(fields: dict[str, Any], name: str) -> str | None:
    return None if fields[name] is None else _text(fields, name)


def _moment_or_none(fields: dict[str, Any], name: str) -> datetime | None:
    return None if fields[name] is None else clock.from_text(_text(fields, name))


def _moment_text(moment: datetime | None) -> str | None:
    return None if moment is None else clock.to_text(moment)
