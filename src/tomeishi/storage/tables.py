"""All tables, in one text that SQLite and PostgreSQL both take.

Moments are UTC (`UtcMoment`: SQLite drops time zones silently). Identifiers are text (`values.new_id`). Columns that
hold JSON hold canonical text (RFC 8785), so that digests of it can be repeated.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.ext.compiler import compiles

from tomeishi.errors import BadInput


@compiles(Text, "postgresql")
def _text_in_order_of_its_bytes(kind: Text, compiler: Any, **options: Any) -> str:
    """SQLite orders text by its bytes; PostgreSQL would by the language that its server was set up with."""
    return 'TEXT COLLATE "C"'


class UtcMoment(TypeDecorator[datetime]):
    """A timezone-aware moment, stored as UTC without a zone and handed back with one."""

    impl = DateTime(timezone=False)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise BadInput(f"a moment needs a time zone: {value.isoformat()}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

members = Table(
    "members",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", UtcMoment, nullable=False),
)

member_domains = Table(
    "member_domains",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("member_id", ForeignKey("members.id"), nullable=False, index=True),
    Column("added_at", UtcMoment, nullable=False),
)
"""Where a member publishes its works itself: in ASCII as the DNS has it, each with all domains below it."""

works = Table(
    "works",
    metadata,
    Column("id", Text, primary_key=True),
    Column("member_id", ForeignKey("members.id"), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    UniqueConstraint("member_id", "title"),
)

characters = Table(
    "characters",
    metadata,
    Column("id", Text, primary_key=True),
    Column("work_id", ForeignKey("works.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    UniqueConstraint("work_id", "name"),
)

franchises = Table(
    "franchises",
    metadata,
    Column("id", Text, primary_key=True),
    Column("member_id", ForeignKey("members.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    UniqueConstraint("member_id", "name"),
)

franchise_works = Table(
    "franchise_works",
    metadata,
    Column("franchise_id", ForeignKey("franchises.id"), primary_key=True),
    Column("work_id", ForeignKey("works.id"), primary_key=True, index=True),
    Column("added_at", UtcMoment, nullable=False),
)
"""Append-only: what a grant for a franchise covered at a past moment must stay answerable."""

names = Table(
    "names",
    metadata,
    Column("id", Text, primary_key=True),
    Column("work_id", ForeignKey("works.id"), index=True),
    Column("character_id", ForeignKey("characters.id"), index=True),
    Column("text", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("language", Text),
    Column("script", Text),
    Column("position", Integer, nullable=False),
    Column("folded", Text, nullable=False, index=True),
    Column("romaji", Text, nullable=False, index=True),
    CheckConstraint("(work_id IS NULL) <> (character_id IS NULL)", name="one_owner"),
    CheckConstraint("role IN ('title', 'alias', 'reading')", name="role"),
)
"""Titles, aliases and readings of works and characters. `language` BCP 47, `script` ISO 15924 (Jpan, Hira, Kana, Latn).

`position` keeps the order in which an owner's names were given; `folded` and `romaji` are what a search compares
(registry.folding).
"""

descriptions = Table(
    "descriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("work_id", ForeignKey("works.id"), nullable=False, index=True),
    Column("character_id", ForeignKey("characters.id"), index=True),
    Column("text", Text, nullable=False),
    Column("position", Integer, nullable=False),
)
"""What a work or a character looks like, in words that do not name it; `position` is their order within the work."""

name_grams = Table(
    "name_grams",
    metadata,
    Column("gram", Text, primary_key=True),
    Column("name_id", ForeignKey("names.id", ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,  # the key is the whole row: half the file
)
"""Single letters and pairs of `names.folded` and `names.romaji`.

FTS5 trigrams and PostgreSQL's `simple` both miss two-character Japanese names.
"""

cross_ids = Table(
    "cross_ids",
    metadata,
    Column("work_id", ForeignKey("works.id"), primary_key=True),
    Column("scheme", Text, primary_key=True),
    Column("value", Text, nullable=False),
    CheckConstraint("scheme IN ('eidr', 'isan', 'wikidata', 'anilist')", name="scheme"),
)

reference_files = Table(
    "reference_files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("work_id", ForeignKey("works.id"), nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("digest", Text, nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("partial_reason", Text),
    Column("compared_at", UtcMoment),
    Column("created_at", UtcMoment, nullable=False),
    UniqueConstraint("work_id", "digest"),
    CheckConstraint("kind IN ('video', 'image', 'sound')", name="kind"),
)
"""`path` as it was given, `location` the same made absolute: the folder of whoever asks later is another one.
`compared_at` is NULL until its footage was compared with that of other members."""

reference_codes = Table(
    "reference_codes",
    metadata,
    Column("reference_id", ForeignKey("reference_files.id"), primary_key=True),
    Column("code", Text, primary_key=True, index=True),
)
"""ISCC units of a reference's file without their prefix (ISO 24138): its Instance-Code."""

fingerprint_files = Table(
    "fingerprint_files",
    metadata,
    Column("reference_id", ForeignKey("reference_files.id"), primary_key=True),
    Column("descriptor", Text, primary_key=True),
    Column("weights_digest", Text),
    Column("digest", Text, nullable=False),
    Column("rows", Integer, nullable=False),
)
"""Which blob holds the fingerprint of a reference for a descriptor key."""

drawings = Table(
    "drawings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("character_id", ForeignKey("characters.id"), nullable=False, index=True),
    Column("reference_id", ForeignKey("reference_files.id"), nullable=False, index=True),
    Column("time_s", Float, nullable=False),
    Column("box", Text, nullable=False),
    Column("look", Text),
    Column("created_at", UtcMoment, nullable=False),
    UniqueConstraint("character_id", "reference_id", "time_s", "box"),
)
"""Where a character is drawn: a place in a moment of a reference of its work. `box` JSON [x, y, width, height] in
shares of the picture; `look` names one of several appearances."""

drawing_rows = Table(
    "drawing_rows",
    metadata,
    Column("drawing_id", ForeignKey("drawings.id"), primary_key=True),
    Column("descriptor", Text, primary_key=True, index=True),
    Column("part", Text, primary_key=True),
    Column("weights_digest", Text),
    Column("row", Text, nullable=False),
    CheckConstraint("part IN ('whole', 'upper')", name="part"),
)
"""What a descriptor of figures made of a drawing: float16, little-endian, in base64."""

character_variants = Table(
    "character_variants",
    metadata,
    Column("character_id", ForeignKey("characters.id"), primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("counts", Boolean, nullable=False),
    CheckConstraint("variant IN ('mirrored', 'recoloured')", name="variant"),
)
"""Whether the member counts a mirrored or recoloured drawing as the character; no row: nothing was said."""

exclusions = Table(
    "exclusions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("reference_id", ForeignKey("reference_files.id"), nullable=False, index=True),
    Column("start_s", Float, nullable=False),
    Column("end_s", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    CheckConstraint("start_s >= 0 AND start_s < end_s", name="interval"),
)
"""Stretches of a reference that never count: shared openings, stock footage."""

overlaps = Table(
    "overlaps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("reference_id", ForeignKey("reference_files.id"), nullable=False, index=True),
    Column("other_reference_id", ForeignKey("reference_files.id"), nullable=False, index=True),
    Column("found_by", Text, nullable=False),
    Column("segments", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    UniqueConstraint("reference_id", "other_reference_id"),
    CheckConstraint("reference_id <> other_reference_id", name="two_references"),
    CheckConstraint("found_by IN ('digest', 'match')", name="found_by"),
)
"""The same footage registered by two members. `segments` JSON [[start, end, other_start, other_end], ...]."""

public_keys = Table(
    "public_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("member_id", ForeignKey("members.id"), nullable=False, index=True),
    Column("public_key", Text, nullable=False),
    Column("valid_from", UtcMoment, nullable=False),
    Column("retired_at", UtcMoment),
    Column("retired_because", Text),
)
"""Members' public keys (base64 of 32 bytes, Ed25519). The private key never comes here."""

log_entries = Table(
    "log_entries",
    metadata,
    Column("log", Text, primary_key=True),
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("recorded_at", UtcMoment, nullable=False),
    UniqueConstraint("digest"),
)
"""Append-only, hash-chained. Triggers refuse UPDATE and DELETE (see migrations)."""

log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("log", Text, primary_key=True),
    Column("size", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("made_at", UtcMoment, nullable=False),
)
"""Signed notes (access.notes) over the Merkle root of a log's first `size` entries; append-only like the log itself."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("asked_by", Text),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease", Integer, nullable=False),
    Column("free_at", UtcMoment, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("message", Text),
    Column("result", Text),
    Column("reason", Text),
    Column("created_at", UtcMoment, nullable=False),
    Column("ended_at", UtcMoment),
    UniqueConstraint("kind", "key"),
    CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
    Index("ix_jobs_state_free_at", "state", "free_at"),
    Index("ix_jobs_asked_by", "asked_by", "id"),
)
"""Work that outlives processes (jobs.queue). `lease` grows with every claim; from `free_at` on it may be claimed."""

organisations = Table(
    "organisations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("member_id", ForeignKey("members.id"), unique=True),
    Column("created_at", UtcMoment, nullable=False),
    UniqueConstraint("kind", "name"),
    CheckConstraint("kind IN ('coalition', 'member', 'provider')", name="kind"),
    CheckConstraint("(kind = 'member') = (member_id IS NOT NULL)", name="member"),
)
"""The coalition itself, its members as far as somebody works here for them, and providers."""

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", ForeignKey("organisations.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False, unique=True),
    Column("language", Text, nullable=False),
    Column("password", Text),
    Column("totp_secret", Text),
    Column("totp_since", UtcMoment),
    Column("totp_last_step", Integer),
    Column("issuer", Text),
    Column("subject", Text),
    Column("created_at", UtcMoment, nullable=False),
    Column("disabled_at", UtcMoment),
    UniqueConstraint("issuer", "subject"),
    CheckConstraint("language IN ('ja', 'en')", name="language"),
)
"""`password` is argon2id's encoded text. `totp_secret` counts once `totp_since` is set; `totp_last_step` is the step of
the last code that was taken: none is taken twice. `issuer` and `subject` name the account of OpenID Connect."""

person_roles = Table(
    "person_roles",
    metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("role", Text, primary_key=True),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("used_at", UtcMoment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("created_at", UtcMoment, nullable=False),
    Column("seen_at", UtcMoment, nullable=False),
    Column("expires_at", UtcMoment, nullable=False, index=True),
)
"""By the digest of the cookie's token: whoever reads the table can't use a session. A session that ends is deleted."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("organisation_id", ForeignKey("organisations.id"), nullable=False, index=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("expires_at", UtcMoment),
    Column("revoked_at", UtcMoment),
)
"""Only the digest of a key is kept. `scopes` are words joined by a blank."""

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("folded", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("at", UtcMoment, nullable=False, index=True),
    Index("ix_login_attempts_folded_at", "folded", "at"),
    Index("ix_login_attempts_address_at", "address", "at"),
)
"""Failed ones, for as long as they count. In the database, since several processes answer."""

approvals = Table(
    "approvals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("member_id", ForeignKey("members.id"), index=True),
    Column("addressee_id", ForeignKey("organisations.id"), index=True),
    Column("reason", Text, nullable=False),
    Column("requested_by", ForeignKey("people.id"), nullable=False),
    Column("requested_at", UtcMoment, nullable=False),
    Column("decided_by", ForeignKey("people.id")),
    Column("decided_at", UtcMoment),
    Column("granted", Boolean),
    CheckConstraint("action IN ('send_evidence', 'publish')", name="action"),
    CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name="two_people"),
    CheckConstraint("(decided_by IS NULL) = (granted IS NULL)", name="decided"),
    Index("ix_approvals_subject", "action", "subject"),
)
"""What leaves the house: asked for by one person, decided by another one; the database refuses the same person."""

screenings = Table(
    "screenings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("query_digest", Text, index=True),
    Column("media", Text),
    Column("duration_s", Float, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("findings", Integer, nullable=False),
    Column("organisation_id", ForeignKey("organisations.id"), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("provider", Text),
    Column("model", Text),
    Column("words", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("made_at", UtcMoment, nullable=False),
    Index("ix_screenings_organisation_id_id", "organisation_id", "id"),
    Index("ix_screenings_verdict", "verdict"),
    CheckConstraint("kind IN ('media', 'prompt')", name="kind"),
)
"""Append-only. `words`: the line of JSON as `screen --jsonl` writes it, canonical; `digest` is its SHA-256, `media` the
digest of the kept file. `asked_by` is the id of a person or key."""

matches = Table(
    "matches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("screening_id", ForeignKey("screenings.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("work_id", ForeignKey("works.id"), nullable=False),
    Column("member_id", ForeignKey("members.id"), nullable=False),
    Column("reference_id", ForeignKey("reference_files.id"), nullable=False),
    Column("organisation_id", ForeignKey("organisations.id"), nullable=False),
    Column("provider", Text),
    Column("kind", Text, nullable=False),
    Column("band", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("allowed", Boolean, nullable=False),
    Column("found_at", UtcMoment, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("assignee_id", ForeignKey("people.id")),
    Column("decisions", Integer, nullable=False),
    UniqueConstraint("screening_id", "position"),
    CheckConstraint("state IN ('open', 'held', 'asked', 'confirmed', 'dismissed')", name="state"),
    Index("ix_matches_score_id", "score", "id"),
    Index("ix_matches_state_score_id", "state", "score", "id"),
    Index("ix_matches_state_band_score_id", "state", "band", "score", "id"),
    Index("ix_matches_member_id_score_id", "member_id", "score", "id"),
    Index("ix_matches_member_id_state_score_id", "member_id", "state", "score", "id"),
    Index("ix_matches_member_id_state_band_score_id", "member_id", "state", "band", "score", "id"),
    Index("ix_matches_work_id_state_score_id", "work_id", "state", "score", "id"),
    Index("ix_matches_provider_state_score_id", "provider", "state", "score", "id"),
    Index("ix_matches_assignee_id_state_score_id", "assignee_id", "state", "score", "id"),
    Index("ix_matches_organisation_id_state_score_id", "organisation_id", "state", "score", "id"),
    Index("ix_matches_reference_id_state", "reference_id", "state"),
)
"""Findings of screenings that people look at: `position` counts a screening's findings from 0. `state`, `reason`,
`assignee_id` and `decisions` (how many) repeat what `match_decisions` give, so that a queue can be read by an index."""

match_tallies = Table(
    "match_tallies",
    metadata,
    Column("member_id", Text, primary_key=True),
    Column("organisation_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("assignee_id", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("band", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("matches", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""How many matches are alike in all of this, empty standing for NULL; kept by `review.tallies`."""

match_decisions = Table(
    "match_decisions",
    metadata,
    Column("match_id", ForeignKey("matches.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("words", Text, nullable=False),
    CheckConstraint(
        "kind IN ('assign', 'confirm', 'dismiss', 'hold', 'ask', 'reopen', 'undo')",
        name="kind",
    ),
)
"""Append-only; numbered from 1 for each match. `words` JSON, by kind (review.states)."""

answered_requests = Table(
    "answered_requests",
    metadata,
    Column("principal_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", UtcMoment, nullable=False, index=True),
)
"""Answers to requests that carried an Idempotency-Key, for a day; `request` is the digest of what was asked."""

evidence_packages = Table(
    "evidence_packages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("screening_id", ForeignKey("screenings.id"), nullable=False, index=True),
    Column("member_id", ForeignKey("members.id"), index=True),
    Column("digest", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", UtcMoment, nullable=False),
)
"""Sealed packages that were made here; `digest` names the kept file. With `member_id`: of its findings only."""

audit_shards = Table(
    "audit_shards",
    metadata,
    Column("shard", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("items", Integer, nullable=False),
    Column("denied", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("finished_at", UtcMoment, nullable=False),
)
"""Finished shards of audits of data sets. `shard` is made of all that its results depend on; `digest` is theirs."""

APPEND_ONLY = ("log_entries", "log_checkpoints", "franchise_works", "screenings", "match_decisions")

Index("ix_names_text", names.c.text)
