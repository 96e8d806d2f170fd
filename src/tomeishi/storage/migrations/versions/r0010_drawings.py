"""Drawings of characters, what was described of them, and which variants a member counts as the character."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "drawings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("character_id", sa.Text(), nullable=False),
        sa.Column("reference_id", sa.Text(), nullable=False),
        sa.Column("time_s", sa.Float(), nullable=False),
        sa.Column("box", sa.Text(), nullable=False),
        sa.Column("look", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_drawings"),
        sa.ForeignKeyConstraint(["character_id"], ["characters.id"], name="fk_drawings_character_id"),
        sa.ForeignKeyConstraint(["reference_id"], ["reference_files.id"], name="fk_drawings_reference_id"),
        sa.UniqueConstraint(
            "character_id", "reference_id", "time_s", "box", name="uq_drawings_character_id_reference_id_time_s_box"
        ),
    )
    op.create_index("ix_drawings_character_id", "drawings", ["character_id"])
    op.create_index("ix_drawings_reference_id", "drawings", ["reference_id"])
    op.create_table(
        "drawing_rows",
        sa.Column("drawing_id", sa.Text(), nullable=False),
        sa.Column("descriptor", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("weights_digest", sa.Text(), nullable=True),
        sa.Column("row", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("drawing_id", "descriptor", "part", name="pk_drawing_rows"),
        sa.ForeignKeyConstraint(["drawing_id"], ["drawings.id"], name="fk_drawing_rows_drawing_id"),
        sa.CheckConstraint("part IN ('whole', 'upper')", name="part"),
    )
    op.create_index("ix_drawing_rows_descriptor", "drawing_rows", ["descriptor"])
    op.create_table(
        "character_variants",
        sa.Column("character_id", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("character_id", "variant", name="pk_character_variants"),
        sa.ForeignKeyConstraint(["character_id"], ["characters.id"], name="fk_character_variants_character_id"),
        sa.CheckConstraint("variant IN ('mirrored', 'recoloured')", name="variant"),
    )
