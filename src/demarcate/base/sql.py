"""Values and names as SQL text: quoted in one place."""

from __future__ import annotations


def literal(value: str | None) -> str:
    """A text as an SQL literal.

    >>> literal("it's"), literal(None)
    ("'it''s'", 'NULL')
    """
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as an SQL identifier.

    >>> identifier("account_id")
    '"account_id"'
    """
    return '"' + name.replace('"', '""') + '"'
