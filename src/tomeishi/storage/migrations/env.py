"""Alembic's entry: runs the scripts on the connection that `Database.migrate` hands over, or prints their SQL."""

from alembic import context

from tomeishi.storage.tables import metadata


def run() -> None:
    attributes = context.config.attributes
    if context.is_offline_mode():
        context.configure(dialect_name=attributes["dialect"], target_metadata=metadata, literal_binds=True)
    else:
        context.configure(connection=attributes["connection"], target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


run()
