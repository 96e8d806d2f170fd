"""Answers to requests that may come twice, and the evidence packages made here."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "answered_requests",
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key", name="pk_answered_requests"),
    )
    op.create_index("ix_answered_requests_at", "answered_requests", ["at"])
    op.create_table(
        "evidence_packages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("screening_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_evidence_packages_member_id"),
        sa.ForeignKeyConstraint(["screening_id"], ["screenings.id"], name="fk_evidence_packages_screening_id"),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_packages"),
    )
    op.create_index("ix_evidence_packages_member_id", "evidence_packages", ["member_id"])
    op.create_index("ix_evidence_packages_screening_id", "evidence_packages", ["screening_id"])
