"""Run by Alembic: the connection comes from `ledger.opening`."""

from __future__ import annotations

from alembic import context

from demarcate.ledger.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
