"""The outbox: what is to be delivered to other systems. It is a queue, and no part of the chain of entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table of deliveries."""
    op.create_table(
        "outbox_deliveries",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("moment", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("faults", sa.Integer, nullable=False),
        sa.Column("added", sa.Text, nullable=False),
        sa.Column("due", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("outbox_by_item", "outbox_deliveries", ["destination", "item", "revision"], unique=True)
    op.create_index("outbox_by_status", "outbox_deliveries", ["destination", "status", "number"])
