"""Matches counted by their sort, and indexes by which pages of a large installation are read."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_SORT = ("member_id", "organisation_id", "provider", "assignee_id", "state", "band", "reason")


def upgrade() -> None:
    tallies = op.create_table(
        "match_tallies",
        *(sa.Column(name, sa.Text(), nullable=False) for name in _SORT),
        sa.Column("matches", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*_SORT, name="pk_match_tallies"),
        sqlite_with_rowid=False,
    )
    matches = sa.table("matches", *(sa.column(name, sa.Text()) for name in _SORT))
    sort = [sa.func.coalesce(matches.c[name], "") for name in _SORT]
    op.execute(tallies.insert().from_select([*_SORT, "matches"], sa.select(*sort, sa.func.count()).group_by(*sort)))
    op.create_index("ix_matches_score_id", "matches", ["score", "id"])
    op.create_index("ix_matches_member_id_score_id", "matches", ["member_id", "score", "id"])
    op.create_index("ix_screenings_verdict", "screenings", ["verdict"])
