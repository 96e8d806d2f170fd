"""The tables of the first whole path: registry, consent log, fingerprints."""

import sqlalchemy as sa
from alembic import op

from tomeishi.storage.migrations.append_only import append_only

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.UniqueConstraint("name", name="uq_members_name"),
    )
    op.create_table(
        "works",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_works"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_works_member_id"),
        sa.UniqueConstraint("member_id", "title", name="uq_works_member_id_title"),
    )
    op.create_index("ix_works_member_id", "works", ["member_id"])
    op.create_table(
        "characters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("work_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_characters"),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name="fk_characters_work_id"),
        sa.UniqueConstraint("work_id", "name", name="uq_characters_work_id_name"),
    )
    op.create_index("ix_characters_work_id", "characters", ["work_id"])
    op.create_table(
        "names",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("work_id", sa.Text()),
        sa.Column("character_id", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text()),
        sa.Column("script", sa.Text()),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("romaji", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_names"),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name="fk_names_work_id"),
        sa.ForeignKeyConstraint(["character_id"], ["characters.id"], name="fk_names_character_id"),
        sa.CheckConstraint("(work_id IS NULL) <> (character_id IS NULL)", name=op.f("ck_names_one_owner")),
        sa.CheckConstraint("role IN ('title', 'alias', 'reading')", name=op.f("ck_names_role")),
    )
    for column in ("work_id", "character_id", "text", "folded", "romaji"):
        op.create_index(f"ix_names_{column}", "names", [column])
    op.create_table(
        "name_grams",
        sa.Column("gram", sa.Text(), nullable=False),
        sa.Column("name_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("gram", "name_id", name="pk_name_grams"),
        sa.ForeignKeyConstraint(["name_id"], ["names.id"], name="fk_name_grams_name_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cross_ids",
        sa.Column("work_id", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("work_id", "scheme", name="pk_cross_ids"),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name="fk_cross_ids_work_id"),
        sa.CheckConstraint("scheme IN ('eidr', 'isan', 'wikidata', 'anilist')", name=op.f("ck_cross_ids_scheme")),
    )
    op.create_table(
        "reference_files",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("work_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("partial_reason", sa.Text()),
        sa.Column("compared_at", sa.DateTime()),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reference_files"),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name="fk_reference_files_work_id"),
        sa.UniqueConstraint("work_id", "digest", name="uq_reference_files_work_id_digest"),
        sa.CheckConstraint("kind IN ('video', 'image', 'sound')", name=op.f("ck_reference_files_kind")),
    )
    for column in ("work_id", "digest"):
        op.create_index(f"ix_reference_files_{column}", "reference_files", [column])
    op.create_table(
        "fingerprint_files",
        sa.Column("reference_id", sa.Text(), nullable=False),
        sa.Column("descriptor", sa.Text(), nullable=False),
        sa.Column("weights_digest", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("reference_id", "descriptor", name="pk_fingerprint_files"),
        sa.ForeignKeyConstraint(["reference_id"], ["reference_files.id"], name="fk_fingerprint_files_reference_id"),
    )
    op.create_table(
        "exclusions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reference_id", sa.Text(), nullable=False),
        sa.Column("start_s", sa.Float(), nullable=False),
        sa.Column("end_s", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exclusions"),
        sa.ForeignKeyConstraint(["reference_id"], ["reference_files.id"], name="fk_exclusions_reference_id"),
        sa.CheckConstraint("start_s >= 0 AND start_s < end_s", name=op.f("ck_exclusions_interval")),
    )
    op.create_index("ix_exclusions_reference_id", "exclusions", ["reference_id"])
    op.create_table(
        "overlaps",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reference_id", sa.Text(), nullable=False),
        sa.Column("other_reference_id", sa.Text(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("segments", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_overlaps"),
        sa.ForeignKeyConstraint(["reference_id"], ["reference_files.id"], name="fk_overlaps_reference_id"),
        sa.ForeignKeyConstraint(["other_reference_id"], ["reference_files.id"], name="fk_overlaps_other_reference_id"),
        sa.UniqueConstraint("reference_id", "other_reference_id", name="uq_overlaps_reference_id_other_reference_id"),
        sa.CheckConstraint("found_by IN ('digest', 'match')", name=op.f("ck_overlaps_found_by")),
        sa.CheckConstraint("reference_id <> other_reference_id", name=op.f("ck_overlaps_two_references")),
    )
    for column in ("reference_id", "other_reference_id"):
        op.create_index(f"ix_overlaps_{column}", "overlaps", [column])
    op.create_table(
        "public_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(), nullable=False),
        sa.Column("retired_at", sa.DateTime()),
        sa.Column("retired_because", sa.Text()),
        sa.PrimaryKeyConstraint("key_id", name="pk_public_keys"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_public_keys_member_id"),
    )
    op.create_index("ix_public_keys_member_id", "public_keys", ["member_id"])
    op.create_table(
        "log_entries",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("log", "number", name="pk_log_entries"),
        sa.UniqueConstraint("digest", name="uq_log_entries_digest"),
    )
    for statement in append_only(op.get_context().dialect.name, "log_entries", ("log", "number"), ("digest",)):
        op.execute(sa.text(statement))
