"""Franchises, checkpoints of logs, and the log of key events for the keys that are registered already."""

import sqlalchemy as sa
from alembic import context, op

from tomeishi import clock
from tomeishi.storage import log
from tomeishi.storage.migrations.append_only import append_only
from tomeishi.storage.tables import public_keys

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "franchises",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_franchises"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_franchises_member_id"),
        sa.UniqueConstraint("member_id", "name", name="uq_franchises_member_id_name"),
    )
    op.create_index("ix_franchises_member_id", "franchises", ["member_id"])
    op.create_table(
        "franchise_works",
        sa.Column("franchise_id", sa.Text(), nullable=False),
        sa.Column("work_id", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("franchise_id", "work_id", name="pk_franchise_works"),
        sa.ForeignKeyConstraint(["franchise_id"], ["franchises.id"], name="fk_franchise_works_franchise_id"),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name="fk_franchise_works_work_id"),
    )
    op.create_index("ix_franchise_works_work_id", "franchise_works", ["work_id"])
    op.create_table(
        "log_checkpoints",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("log", "size", name="pk_log_checkpoints"),
    )
    for table, key in (("franchise_works", ("franchise_id", "work_id")), ("log_checkpoints", ("log", "size"))):
        for statement in append_only(op.get_context().dialect.name, table, key):
            op.execute(sa.text(statement))
    if not context.is_offline_mode():
        _log_known_keys(op.get_bind())


def _log_known_keys(connection: sa.Connection) -> None:
    """Before this version a key was kept in its table alone; from now on the table is held to the log."""
    now = clock.now()
    for row in connection.execute(
        sa.select(public_keys).order_by(public_keys.c.valid_from, public_keys.c.key_id)
    ).all():
        event = {"event": "registered", "key_id": row.key_id, "member": row.member_id, "public_key": row.public_key}
        log.append(connection, "keys", event | {"at": clock.to_text(row.valid_from)}, now)
        if row.retired_at is not None:
            event = {"event": "retired", "key_id": row.key_id, "because": row.retired_because}
            log.append(connection, "keys", event | {"at": clock.to_text(row.retired_at)}, now)
