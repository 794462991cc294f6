"""Values and names as SQL text: quoted in one place."""

from __future__ import annotations

import os
import re

from demarcate.base.errors import DemarcateError


def literal(value: str | None) -> str:
    """A text as an SQL literal, or an expression that is it: to some versions of DuckDB a NUL ends the statement.

    >>> literal("it's"), literal(None), literal("a\\0b")
    ("'it''s'", 'NULL', "('a' || chr(0) || 'b')")
    """
    if value is None:
        return "NULL"
    quoted = ["'" + part.replace("'", "''") + "'" for part in value.split("\0")]
    return quoted[0] if len(quoted) == 1 else f"({' || chr(0) || '.join(quoted)})"


def identifier(name: str) -> str:
    """A name as an SQL identifier.

    >>> identifier("account_id")
    '"account_id"'
    """
    return '"' + name.replace('"', '""') + '"'


def path_text(path: str | os.PathLike[str]) -> str:
    """A path as DuckDB takes it: in UTF-8, whatever encoding the locale has.

    Raises DemarcateError for a path that is not UTF-8.
    """
    try:
        return os.fsencode(path).decode()
    except UnicodeDecodeError as error:
        raise DemarcateError(f"{os.fspath(path)}: give the folder a name that is UTF-8") from error


def pattern(path: str | os.PathLike[str]) -> str:
    """A path as DuckDB's functions take it, to whom *, ? and [ in a folder's name mean other folders, too.

    Raises DemarcateError for a path with a backslash beside these, which no pattern can say, and as `path_text`.

    >>> pattern("my [prod] estate*/x.json")
    'my [[]prod] estate[*]/x.json'
    """
    text = path_text(path)
    escaped = re.sub(r"[*?[]", r"[\g<0>]", text)
    if escaped != text and "\\" in text:
        raise DemarcateError(f"{path}: give the folder a name that does not have a backslash beside *, ? or [")
    return escaped
