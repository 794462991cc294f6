"""Run by Alembic: the connection comes from `ledger.opening`."""

from __future__ import annotations

from alembic import context

from demarcate.ledger.tables import METADATA, VERSION

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, version_table=VERSION
)
with context.begin_transaction():
    context.run_migrations()
