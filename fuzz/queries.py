"""SQL of somebody else's, over a snapshot that has a secret beside it."""

from __future__ import annotations

import atexit
import contextlib
import os
import tempfile
from functools import cache
from pathlib import Path
from random import Random

from demarcate.base import stopping
from demarcate.estate.snapshots.querying import QueryLimits
from fuzz import texts
from fuzz.inputs import Input
from tests.estate.place import ATTACKS, MARK, Place, placed

TABLES = (
    "aws_s3_bucket",
    "aws_ebs_volume",
    "AWS_S3_BUCKET",
    '"aws_s3_bucket"',
    "range(5)",
    "range(100000)",
    "generate_series(1, 9)",
    "read_text('{secret}')",
    "read_csv('{secret}', header=true)",
    "read_blob('{snapshot}/link')",
    "glob('{folder}/*')",
    "read_parquet('{snapshot}/*/*/*.parquet')",
    "'{secret}'",
    "'{secret}.csv'",
    "read_json('{url}/x')",
    "read_csv('{url}')",
    "duckdb_settings()",
    "duckdb_functions()",
    "duckdb_secrets()",
    "pragma_version()",
    "information_schema.tables",
    "sqlite_scan('{secret}', 'x')",
    "query('{q}')",
    "query_table(['aws_s3_bucket'])",
    "(VALUES (1), ({e}))",
    "unnest([{e}])",
    "json_each('{\"a\": 1}')",
    "({s})",
    "repeat_row(1, num_rows=9)",
    "test_all_types()",
    "checkpoint()",
    "force_checkpoint()",
    "a_variable",
    "an_arrow_table",
    "arrow_scan(1, 2, 3)",
    "pandas_scan(0)",
    "python_map_function()",
    "summary({s})",
    "duckdb_logs()",
    "pragma_table_info('aws_s3_bucket')",
    "read_text(['{secret}', '{snapshot}/manifest.json'])",
    "histogram_values(range(5), 1)",
)
EXPRESSIONS = (
    "name",
    "*",
    "1",
    "NULL",
    "'{secret}'",
    "count(*)",
    "COLUMNS('x')",
    "COLUMNS(*)",
    "'a' || {e}",
    "{e} + {e}",
    "({s})",
    "[{e}, {e}]",
    "{{'a': {e}}}",
    "getenv('SECRET')",
    "getvariable('now')",
    "current_setting('secret_directory')",
    "repeat('x', 100000000)",
    "range(10000000)",
    "list({e})",
    "regexp_replace({e}, '(a+)+', 'b')",
    "regexp_matches(repeat('a', 30), '(a+)+$')",
    "lpad('x', 999999999)",
    "sum({e}) OVER (ORDER BY {e})",
    "CASE WHEN {e} THEN {e} ELSE {e} END",
    "{e}::{t}",
    "CAST({e} AS {t})",
    "TRY_CAST({e} AS {t})",
    "list_transform([{e}], x -> {e})",
    "{e} IN ({s})",
    "EXISTS ({s})",
    "{e} ->> '$.a'",
    "strftime(now(), {e})",
    "format('{{}}', {e})",
    "printf('%999999999d', 1)",
    "error({e})",
    "write_log({e})",
    "nextval('x')",
    "random()",
    "uuid()",
    "md5({e})",
    "array_agg({e})",
    "2 ** 1000",
    "1 << 62",
    "factorial(30)",
    "bit_count({e})",
    "1/0",
    "hash({e})",
    "from_json({e}, '\"VARCHAR\"')",
    "to_json({e})",
)
TYPES = (
    "VARCHAR",
    "INT[]",
    "STRUCT(a INT)",
    "MAP(INT, INT)",
    "JSON",
    "DECIMAL(38, 38)",
    "ENUM('a')",
    "BLOB",
    "BIT",
    "UNION(a INT)",
    "TIME",
    "INTERVAL",
    "UUID",
    "HUGEINT",
    "TIMESTAMP_NS",
    "INT[3]",
    "x",
)
STATEMENTS = (
    "SELECT {e} FROM {f}",
    "SELECT {e}, {e} FROM {f} WHERE {e}",
    "FROM {f}",
    "SELECT {e}",
    "WITH x AS ({s}) SELECT * FROM x, {f}",
    "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT {e} FROM x",
    "{s} UNION ALL {s}",
    "({s}) ORDER BY {e}",
    "SELECT {e} FROM {f} a JOIN {f} b ON {e}",
    "SELECT {e} FROM {f} GROUP BY ALL",
    "SELECT {e} FROM {f} LIMIT {e} OFFSET {e}",
    "PIVOT {f} ON {e} USING count(*)",
    "UNPIVOT {f} ON COLUMNS(*)",
    "SELECT {e} FROM {f} TABLESAMPLE 10%",
    "DESCRIBE {s}",
    "SUMMARIZE {s}",
    "SHOW TABLES",
    "EXPLAIN ANALYZE {s}",
    "SELECT {e} FROM {f}, LATERAL ({s})",
    "SELECT DISTINCT ON ({e}) {e} FROM {f}",
    "VALUES ({e})",
    "SELECT {e} FROM {f} QUALIFY row_number() OVER () = 1",
    "SELECT {e} FROM {f} POSITIONAL JOIN {f}",
    "SELECT {e} FROM {f} ASOF JOIN {f} ON {e}",
)
MORE = (
    "; {s}",
    "; COPY ({s}) TO '{folder}/x.csv'",
    "; ATTACH '{secret}'",
    "; SET enable_external_access = true",
    "; INSTALL httpfs",
    ";",
    " --",
    "; PRAGMA database_list",
    "; CREATE TABLE x AS {s}",
    " /*",
    "; CALL pragma_version()",
    "; LOAD 'x'",
    "; EXPORT DATABASE '{folder}/x'",
)


LIMITS = QueryLimits(seconds=1, memory=250_000_000, rows=1000)


def prepare() -> None:
    """Make the place. A query that cannot be interrupted ends this process, as it ends the command."""
    stopping.listen()
    _place()


def make(random: Random) -> Input:
    """A query: an attack, or one by a small grammar."""
    lot = random.random()
    if lot < 0.2:
        text = random.choice(_attacks())
    else:
        text = _filled(random, "{s}", random.choice((2, 3, 4, 6)))
        if random.random() < 0.1:
            text += _filled(random, random.choice(MORE), 2)
    raw = text.encode(errors="surrogatepass")
    if random.random() < 0.25:
        raw = texts.damaged(random, raw, [random.choice(_attacks()).encode()])
    return {"query.sql": raw[:100_000]}


def run(given: Input, folder: Path) -> None:
    """Run it, and see that nothing got out."""
    raw = given["query.sql"]
    assert isinstance(raw, bytes)
    place = _place()
    with contextlib.chdir(place.folder):
        place.holds(place.aimed(raw.decode(errors="surrogateescape")), LIMITS)


@cache
def _attacks() -> list[str]:
    return [attack for kind in ATTACKS.values() for attack in kind]


@cache
def _place() -> Place:
    """The place of this process; the environment holds the secret as well."""
    kept = contextlib.ExitStack()
    atexit.register(kept.close)
    os.environ["SECRET"] = MARK
    return kept.enter_context(placed(Path(kept.enter_context(tempfile.TemporaryDirectory()))))


def _filled(random: Random, text: str, depth: int) -> str:
    """A form with something in each of its places."""
    if depth < -4:
        return "1"
    forms = {"s": STATEMENTS, "f": TABLES, "e": EXPRESSIONS, "t": TYPES, "q": STATEMENTS}
    for place, choices in forms.items():
        while (mark := "{" + place + "}") in text:
            plain = choices[: 3 if depth <= 0 else None]
            inner = _filled(random, random.choice(plain), depth - 1)
            text = text.replace(mark, inner.replace("'", "''") if place == "q" else inner, 1)
    return text
