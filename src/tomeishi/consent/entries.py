"""What a member states (grant, reservation, revocation), how it is signed, and what the ledger keeps of it.

A statement has exactly one written form, its *words*: canonical JSON (RFC 8785) with every field present and null for
"all" or "open". The member signs the UTF-8 bytes of the words with a key that only the member holds (Ed25519), where
the member works; what travels is a `SignedEntry`. The ledger keeps the words as received. Words that don't read back to
themselves (a field doubled, unknown or missing, another spelling of a moment) are refused: an older reader must never
overlook a condition that a newer format added, so new fields come with a new `format`. A statement that needs none of
the newer fields is written in the older format, so that every statement still has one written form.

None means all for uses, provider, model and version, and open for `valid_until`. A grant names its uses one by one, so
that a use added to the vocabulary later is never granted by an old paper; a reservation may cover all, those too.

A contract about several characters is several entries that name the same `document`.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tomeishi import clock
from tomeishi.access.keys import COALITION, SigningKey
from tomeishi.consent.conditions import NONE, Conditions, Output
from tomeishi.consent.scopes import Element, Level, Scope, WorkRef, check_name
from tomeishi.errors import BadInput
from tomeishi.values import Use, canonical, new_id

__all__ = [
    "FIRST_FORMAT",
    "LONGEST_WORDS",
    "SECOND_FORMAT",
    "SIGNED_FORMAT",
    "Conditions",
    "Element",
    "Entry",
    "EntryKind",
    "Level",
    "Output",
    "Scope",
    "SignedEntry",
    "Statement",
    "WorkRef",
    "check_name",
    "sign_entry",
    "signature_fields",
    "statement_from",
]

FIRST_FORMAT = "tomeishi-consent-1"
SECOND_FORMAT = "tomeishi-consent-2"
"""With version, conditions, issuer, authority, and the scopes coalition, franchise, character and element."""
SIGNED_FORMAT = "tomeishi-signed-consent-1"
LONGEST_WORDS = 64 * 1024
"""Bytes of one statement; a contract is named by its digest, not copied into a note."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_FIRST_LEVELS = frozenset({Level.MEMBER, Level.WORK, Level.REFERENCE})


class EntryKind(StrEnum):
    GRANT = "grant"
    RESERVATION = "reservation"
    REVOCATION = "revocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a member states; checked here once, and read back from its words by `statement_from`."""

    kind: EntryKind
    member_id: str
    """Whose statement it is; COALITION for the coalition's own reservations."""
    declared_at: datetime
    """When the member says that this was stated."""
    scope: Scope | None = None
    """A grant and a reservation have one; a revocation reaches as far as what it revokes."""
    uses: tuple[Use, ...] | None = None
    provider: str | None = None
    model: str | None = None
    version: str | None = None
    """Of the model."""
    conditions: Conditions = NONE
    issuer: str | None = None
    """Who states it for the member: a person, a department."""
    authority: str | None = None
    """On whose behalf and with what authority, where the member isn't the only rights holder."""
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
        for name in ("id", "member_id", "provider", "model", "version", "issuer", "authority", "revokes"):
            check_name(name, getattr(self, name))
        if self.uses is not None:
            object.__setattr__(self, "uses", tuple(use for use in Use if use in self.uses))
        if self.document is not None and not _DIGEST.fullmatch(self.document):
            raise BadInput(f"document: give its digest as sha256:<64 hex digits>, not {self.document[:80]!r}")
        if self.valid_until is not None and self.valid_until <= (self.valid_from or self.declared_at):
            raise BadInput(f"a {self.kind} must end after it begins, not at {clock.to_text(self.valid_until)}")
        if self.model is not None and self.provider is None:
            raise BadInput(f"model {self.model!r} is named without its provider; name both")
        if self.version is not None and self.model is None:
            raise BadInput(f"version {self.version!r} is named without its model; name both")
        if self.kind is EntryKind.REVOCATION:
            self._check_revocation()
        else:
            self._check_terms()
        if len(self.words.encode()) > LONGEST_WORDS:
            raise BadInput(f"the {self.kind} is longer than {LONGEST_WORDS >> 10} KiB; put conditions in the document")

    def _check_revocation(self) -> None:
        if self.revokes is None:
            raise BadInput("a revocation names the entry that it ends")
        terms = (self.scope, self.uses, self.provider, self.valid_until)
        if any(part is not None for part in terms) or self.conditions != NONE:
            raise BadInput("a revocation ends a whole entry; to narrow one, revoke it and state the rest anew")

    def _check_terms(self) -> None:
        if self.revokes is not None:
            raise BadInput(f"only a revocation revokes, not a {self.kind}")
        if self.scope is None:
            raise BadInput(f"a {self.kind} names what it is about: the member, a work or a reference")
        if self.scope.level is Level.MEMBER and self.scope.id != self.member_id:
            raise BadInput(f"member {self.member_id} can't state anything for all works of {self.scope.id}")
        if (self.scope.level is Level.COALITION) != (self.member_id == COALITION):
            raise BadInput("the coalition states what holds for all members, and nobody else does")
        if self.kind is EntryKind.GRANT:
            if self.member_id == COALITION:
                raise BadInput("the coalition can't grant what belongs to its members; each member grants its own")
            if not self.uses:
                raise BadInput(f"a grant names its uses, one or more of: {', '.join(Use)}")
        elif self.conditions.longest_clip_s is not None or self.conditions.excluded:
            raise BadInput("a reservation names what it refuses; a longest clip and exclusions belong to a grant")
        if self.uses == ():
            raise BadInput(f"name at least one use, of: {', '.join(Use)}")

    @property
    def format(self) -> str:
        """The oldest that can say it."""
        first = self.scope is None or self.scope.level in _FIRST_LEVELS
        newer = (self.version, self.issuer, self.authority) != (None, None, None) or self.conditions != NONE
        return FIRST_FORMAT if first and not newer else SECOND_FORMAT

    @property
    def words(self) -> str:
        """The one written form, which is signed and kept."""
        first = self.format == FIRST_FORMAT
        fields: dict[str, Any] = {
            "format": self.format,
            "id": self.id,
            "kind": self.kind.value,
            "member": self.member_id,
            "scope": None if self.scope is None else _scope_fields(self.scope, whole=not first),
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
        if not first:
            fields |= {"version": self.version, "issuer": self.issuer, "authority": self.authority}
            fields["conditions"] = self.conditions.to_json()
        return canonical(fields).decode()


def statement_from(words: str) -> Statement:
    """The statement that `words` are the written form of; BadInput where it would be written otherwise."""
    if len(words) > LONGEST_WORDS:
        raise BadInput(f"a statement of consent has at most {LONGEST_WORDS >> 10} KiB")
    try:
        fields = json.loads(words)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not a statement of consent (JSON expected): {words[:60]!r}") from error
    if not isinstance(fields, dict) or fields.get("format") not in (FIRST_FORMAT, SECOND_FORMAT):
        known = f"{FIRST_FORMAT} or {SECOND_FORMAT}"
        raise BadInput(f"not a statement of consent in the format {known}: {words[:60]!r}")
    try:
        uses = fields["uses"]
        newer: dict[str, Any] = {}
        if fields["format"] == SECOND_FORMAT:
            newer = {name: _text_or_none(fields, name) for name in ("version", "issuer", "authority")}
            newer["conditions"] = _conditions(fields["conditions"])
        statement = Statement(
            id=_text(fields, "id"),
            kind=EntryKind(fields["kind"]),
            member_id=_text(fields, "member"),
            scope=_scope(fields["scope"]),
            uses=None if uses is None else tuple(Use(use) for use in uses),
            provider=_text_or_none(fields, "provider"),
            model=_text_or_none(fields, "model"),
            valid_from=_moment_or_none(fields, "valid_from"),
            valid_until=_moment_or_none(fields, "valid_until"),
            document=_text_or_none(fields, "document"),
            declared_at=clock.from_text(_text(fields, "declared_at")),
            note=_text(fields, "note"),
            revokes=_text_or_none(fields, "revokes"),
            **newer,
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


def _scope_fields(scope: Scope, *, whole: bool) -> dict[str, Any]:
    """`whole`: as the second format writes it."""
    fields: dict[str, Any] = {"level": scope.level.value, "id": scope.id}
    if whole:
        fields |= {"work": scope.work_id, "element": None if scope.element is None else scope.element.value}
    return fields


def _scope(fields: Any) -> Scope | None:
    if fields is None:
        return None
    if not isinstance(fields, dict):
        raise TypeError("scope is not an object")
    element = fields.get("element")
    return Scope(
        Level(fields["level"]),
        _text(fields, "id"),
        _text(fields, "work") if fields.get("work") is not None else None,
        None if element is None else Element(element),
    )


def _conditions(fields: Any) -> Conditions:
    territories, outputs, longest = fields["territories"], fields["outputs"], fields["longest_clip_s"]
    if longest is not None and type(longest) is not int:
        raise TypeError("longest_clip_s is not a whole number")
    if territories is not None and not all(isinstance(code, str) for code in territories):
        raise TypeError("territories are not texts")
    return Conditions(
        None if territories is None else tuple(territories),
        None if outputs is None else tuple(Output(output) for output in outputs),
        longest,
        tuple(Element(element) for element in fields["excluded"]),
    )


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
