"""The table of entries, and what in the database itself refuses to change what was written.

Whoever owns the database can take that away again; then the chain tells.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_REFUSAL: Final = "the ledger is append-only"

_PROTECTION: Final[dict[str, tuple[str, ...]]] = {
    "sqlite": (
        "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger_entries "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
        "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger_entries "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
        "CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger_entries "
        "WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM ledger_entries) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
        "CREATE FUNCTION ledger_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM ledger_entries) "
        "THEN RAISE EXCEPTION 'the ledger is append-only'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER ledger_no_update BEFORE UPDATE OR DELETE ON ledger_entries "
        "FOR EACH ROW EXECUTE FUNCTION ledger_refuse()",
        "CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
        "CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger_entries "
        "FOR EACH ROW EXECUTE FUNCTION ledger_order()",
        "REVOKE UPDATE, DELETE, TRUNCATE ON ledger_entries FROM PUBLIC",
    ),
}


def upgrade() -> None:
    """Create the table, and protect it."""
    op.create_table(
        "ledger_entries",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("change", sa.Text),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_index("ledger_entries_by_change", "ledger_entries", ["change"])
    op.create_index("ledger_entries_by_kind", "ledger_entries", ["kind"])
    for statement in _PROTECTION[op.get_bind().dialect.name]:
        op.execute(statement)
