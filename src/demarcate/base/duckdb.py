"""DuckDB's engine: connections, and what they raise.

The package that people install has before it relations, expressions and readers of data frames, in Python, none of
which is used here: to import them is a fifteenth of a short run. So the engine is taken from the module that the
package takes it from.
"""

from __future__ import annotations

from typing import Any

try:
    from _duckdb import (
        DuckDBPyConnection,
        Error,
        InterruptException,
        OutOfMemoryException,
        Statement,
        StatementType,
        connect,
    )
except ImportError:  # a version that has the engine elsewhere
    from duckdb import (
        DuckDBPyConnection,
        Error,
        InterruptException,
        OutOfMemoryException,
        Statement,
        StatementType,
        connect,
    )

__all__ = [
    "DuckDBPyConnection",
    "Error",
    "InterruptException",
    "OutOfMemoryException",
    "Statement",
    "StatementType",
    "connect",
    "relation",
]


def relation(connection: DuckDBPyConnection, sql: str) -> Any:
    """What a query gives, as what can be told in the forms of data frames."""
    import duckdb  # noqa: F401 - which gives connections their relations

    return connection.sql(sql)
