"""The ledger's table, as the newest migration leaves it."""

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
