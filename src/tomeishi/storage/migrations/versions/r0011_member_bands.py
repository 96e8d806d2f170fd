"""The index by which a member's matches of one band are read, the surest first."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_index(
        "ix_matches_member_id_state_band_score_id", "matches", ["member_id", "state", "band", "score", "id"]
    )
