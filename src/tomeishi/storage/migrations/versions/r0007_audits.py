"""Members' domains, ISCC units of references, and the finished shards of audits."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "member_domains",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name="pk_member_domains"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_member_domains_member_id"),
    )
    op.create_index("ix_member_domains_member_id", "member_domains", ["member_id"])
    op.create_table(
        "reference_codes",
        sa.Column("reference_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reference_id", "code", name="pk_reference_codes"),
        sa.ForeignKeyConstraint(["reference_id"], ["reference_files.id"], name="fk_reference_codes_reference_id"),
    )
    op.create_index("ix_reference_codes_code", "reference_codes", ["code"])
    op.create_table(
        "audit_shards",
        sa.Column("shard", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("denied", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_audit_shards"),
    )
