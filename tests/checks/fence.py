"""Predicates that want out, and what must hold of whatever is made of them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from demarcate.base.connection import connect, select_of
from demarcate.base.sql import identifier
from demarcate.checks.catalog import columns_of, scoped
from demarcate.checks.predicate import Compiled, compile_predicate
from demarcate.checks.standins import _FORMS, MARKS

if TYPE_CHECKING:
    import duckdb

HOSTILE = (
    *("'", "''", '"', ")", "(", "--", "/*", "*/", ";", "\\", "$$", "{", "}", "%", "é", "\u202e", " "),
    *("look 0", "pass 0", "_row", "; SELECT 1"),
)
PLAIN = ("volume_id", "encrypted", "size", "create_time", "tags", "now()", "true", "1", "interval 1 day")
FORMS = (
    *("{0} = {1}", "{0}::{1}", "cast({0} as {1})", "{0} and {1}", "not {0}", "{0}({1})", "{0} ->> {1}", "({0})"),
    *("interval {0} {1}", "create_time + interval 1 day to {0} > now()", "date_diff({0}, {1}, now()) > 1"),
    *("{0} in ({1}, {0})", "{0} /* {1} */", "{0} -- {1}", "[{0}, {1}]", "{0}[{1}]", "{0} collate {1}", "{0}.{1}"),
    *(
        "exists (select 1 from aws_ebs_snapshot as {1} where {0})",
        "(select {0} from {1})",
        "{0} like {1} escape {1}",
    ),
    *("replace({0}, {1}, {1})", "list_aggregate({0}, {1})", "{0} in (select {1} from aws_ebs_snapshot)"),
)
"""Predicates made of two others."""

_WORD = re.compile(
    "AND|OR|NOT|IN|LIKE|ILIKE|ESCAPE|BETWEEN|CASE|WHEN|THEN|ELSE|END|NULL|TRUE|FALSE|IS|DISTINCT|FROM|"
    "SELECT|EXISTS|AS|WHERE|COUNT|MIN|GETVARIABLE|INTERVAL|TRY_CAST|TEXT|DATE|BOOLEAN|INT|BIGINT|DOUBLE|"
    "TIMESTAMP|TIMESTAMPTZ|JSON|MICROSECOND|MILLISECOND|SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|QUARTER|YEAR|ABS|"
    "ROUND|FLOOR|LOWER|UPPER|TRIM|LENGTH|CONTAINS|STARTS_WITH|ENDS_WITH|SPLIT_PART|REPLACE|REGEXP_MATCHES|"
    "REGEXP_FULL_MATCH|REGEXP_EXTRACT|SUBSTRING|STRPOS|STR_SPLIT|LIST_CONTAINS|ARRAY_CONTAINS|LIST_HAS_ANY|"
    "LIST_HAS_ALL|ARRAY_HAS_ANY|ARRAY_HAS_ALL|ARRAY_LENGTH|LIST_AGGREGATE|LIST_UNIQUE|LIST_POSITION|"
    "JSON_ARRAY_LENGTH|JSON_CONTAINS|PREFIX|DATE_DIFF|DATE_TRUNC|LTRIM|RTRIM|BOTH|LEADING|TRAILING|FOR|TO|"
    "TZ|MOD|POSITION"
)
"""All that is SQL's own in what is compiled."""


_OF_ASKS = set(re.findall(r"\w+", " ".join(" ".join(form) for form in _FORMS.values()))) | {MARKS}
"""What the SQL of asks is made of, beside columns and texts."""


def compiled(text: str, table: str = "aws_ebs_volume") -> Compiled:
    """A predicate over a table of ours. Raises PredicateError."""
    return compile_predicate(text, table, columns_of, scoped)


def filled(done: Compiled) -> list[str]:
    """All that is run: the predicate, and its looks into tables that are empty, and that are not."""
    return [done.sql, *(sql for look in done.looks.values() for sql in (look.sql, look.empty) if sql)]


def holds(text: str, done: Compiled, table: str = "aws_ebs_volume") -> None:
    """What is compiled is one expression; beside texts and numbers it holds words of SQL and our own names."""
    words = set(re.findall(r"[A-Za-z][A-Za-z0-9_]*", text))
    tables = {table, *done.lookups}
    asks = [ask for of_table in done.asks.values() for ask in of_table]
    ours = {"_row", *tables, *(column for name in tables for column in columns_of(name) or {})}
    ours |= {ask.name for ask in asks}
    for ask in asks:
        for marked in (True, False):
            sql = ask.sql(marked=marked)
            select_of(_database(), f"SELECT {sql} FROM {identifier(table)}")
            outside = re.sub(r"'(?:[^']|'')*'", " ", sql)
            assert set(re.findall(r'"([^"]*)"', outside)) <= {ask.column}, outside
            assert not words & set(re.findall(r"\w+", re.sub(r'"[^"]*"', " ", outside))) - _OF_ASKS, outside
    for sql in filled(done):
        select_of(_database(), f"SELECT {sql} FROM {identifier(table)} AS _row")
        outside = re.sub(r"'(?:[^']|'')*'", " ", sql)
        aliases = set(re.findall(r' AS "([^"]*)"', outside)) & words  # which the text chose, and a plain word
        assert set(re.findall(r'"([^"]*)"', outside)) <= ours | aliases | set(done.looks), outside
        bare = re.sub(r'"[^"]*"', " ", outside)
        assert not re.search(r"--|/\*|;|\$|'|\"", bare), bare
        bare = re.sub(r"\b[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?\b", " ", bare)
        assert all(_WORD.fullmatch(word) for word in re.findall(r"[^\W\d]\w*", bare)), bare


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return connect()
