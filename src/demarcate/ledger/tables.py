"""The ledger's table, as the newest migration leaves it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

METADATA: Final = MetaData()

ENTRIES: Final = Table(
    "entries",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("change", Text),
    Column("entry", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("entries_by_change", "change"),
    Index("entries_by_kind", "kind"),
)
"""`entry` is the text that is hashed. `kind` and `change` stand beside it to be searched, and are verified with it."""
