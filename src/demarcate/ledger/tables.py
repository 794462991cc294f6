"""The ledger's tables, as the newest migration leaves them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

METADATA: Final = MetaData()

VERSION: Final = "ledger_version"
"""The table that has the version of the database: Alembic's own name may be taken in a database that is shared."""

ENTRIES: Final = Table(
    "ledger_entries",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("change", Text),
    Column("entry", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("ledger_entries_by_change", "change"),
    Index("ledger_entries_by_kind", "kind"),
)
"""`entry` is the text that is hashed. `kind` and `change` stand beside it to be searched, and are verified with it."""

DELIVERIES: Final = Table(
    "outbox_deliveries",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("destination", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("moment", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("added", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("outbox_by_item", "destination", "item", "revision", unique=True),
    Index("outbox_by_status", "destination", "status", "number"),
)
"""What is to be delivered, and what was: a queue of each destination, which `sending/outbox.py` keeps. It is no record,
and so no part of the chain.
"""
