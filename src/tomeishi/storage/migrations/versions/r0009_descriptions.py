"""Descriptions of works and characters."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "descriptions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("work_id", sa.Text(), nullable=False),
        sa.Column("character_id", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_descriptions"),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name="fk_descriptions_work_id"),
        sa.ForeignKeyConstraint(["character_id"], ["characters.id"], name="fk_descriptions_character_id"),
    )
    op.create_index("ix_descriptions_work_id", "descriptions", ["work_id"])
    op.create_index("ix_descriptions_character_id", "descriptions", ["character_id"])
