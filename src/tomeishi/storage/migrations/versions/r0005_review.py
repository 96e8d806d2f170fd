"""Stored screenings, their matches, and what people decided on them."""

import sqlalchemy as sa
from alembic import op

from tomeishi.storage.migrations.append_only import append_only

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "screenings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("query_digest", sa.Text()),
        sa.Column("media", sa.Text()),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text()),
        sa.Column("model", sa.Text()),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('media', 'prompt')", name=op.f("ck_screenings_kind")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_screenings_organisation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_screenings"),
    )
    op.create_index("ix_screenings_organisation_id_id", "screenings", ["organisation_id", "id"])
    op.create_index("ix_screenings_query_digest", "screenings", ["query_digest"])
    op.create_table(
        "matches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("screening_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("work_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("reference_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("found_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("assignee_id", sa.Text()),
        sa.Column("decisions", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'held', 'asked', 'confirmed', 'dismissed')", name=op.f("ck_matches_state")
        ),
        sa.ForeignKeyConstraint(["assignee_id"], ["people.id"], name="fk_matches_assignee_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_matches_member_id"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_matches_organisation_id"),
        sa.ForeignKeyConstraint(["reference_id"], ["reference_files.id"], name="fk_matches_reference_id"),
        sa.ForeignKeyConstraint(["screening_id"], ["screenings.id"], name="fk_matches_screening_id"),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name="fk_matches_work_id"),
        sa.PrimaryKeyConstraint("id", name="pk_matches"),
        sa.UniqueConstraint("screening_id", "position", name="uq_matches_screening_id_position"),
    )
    op.create_index("ix_matches_assignee_id_state_score_id", "matches", ["assignee_id", "state", "score", "id"])
    op.create_index("ix_matches_member_id_state_score_id", "matches", ["member_id", "state", "score", "id"])
    op.create_index("ix_matches_organisation_id_state_score_id", "matches", ["organisation_id", "state", "score", "id"])
    op.create_index("ix_matches_provider_state_score_id", "matches", ["provider", "state", "score", "id"])
    op.create_index("ix_matches_reference_id_state", "matches", ["reference_id", "state"])
    op.create_index("ix_matches_state_band_score_id", "matches", ["state", "band", "score", "id"])
    op.create_index("ix_matches_state_score_id", "matches", ["state", "score", "id"])
    op.create_index("ix_matches_work_id_state_score_id", "matches", ["work_id", "state", "score", "id"])
    op.create_table(
        "match_decisions",
        sa.Column("match_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('assign', 'confirm', 'dismiss', 'hold', 'ask', 'reopen', 'undo')",
            name=op.f("ck_match_decisions_kind"),
        ),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name="fk_match_decisions_match_id"),
        sa.PrimaryKeyConstraint("match_id", "number", name="pk_match_decisions"),
    )
    for table, key in (("screenings", ("id",)), ("match_decisions", ("match_id", "number"))):
        for statement in append_only(op.get_context().dialect.name, table, key):
            op.execute(sa.text(statement))
