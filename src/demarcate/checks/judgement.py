"""What judging comes to: findings with an identity that lasts, tallies, and what did not run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import duckdb

from demarcate.base.encoding import from_json, to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.sql import identifier
from demarcate.checks.structs import Check, Verdict
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.tables import all_tables

if TYPE_CHECKING:
    import pyarrow as pa

JUDGED = {
    "check": "VARCHAR",
    "verdict": "VARCHAR",
    "resource": "VARCHAR",
    "account": "VARCHAR",
    "region": "VARCHAR",
    "reason": "VARCHAR",
    "kind": "VARCHAR",
    "file": "VARCHAR",
    "line": "BIGINT",
    "partition": "VARCHAR",
    "name": "VARCHAR",
    "tags": "JSON",
}
"""The columns that judging fills, with their types; the others follow from the check."""

FOLLOWING = {
    "check": "VARCHAR",
    "severity": "VARCHAR",
    "responsibility": "VARCHAR",
    "table": "VARCHAR",
    "type": "VARCHAR",
}
"""What follows from the check."""

COLUMNS = (
    "id",
    "check",
    "verdict",
    "resource",
    "account",
    "region",
    "reason",
    "kind",
    "severity",
    "responsibility",
    "table",
    "file",
    "line",
    "partition",
    "type",
    "name",
    "tags",
)
"""The columns of findings, in order."""

ID_DIGITS = 16
"""Of SHA-256, in hexadecimal: two of a million findings have the same id once in thirty million estates."""

_ID = (
    "substr(sha256(to_json([\"check\", account, region, regexp_replace(file, '^([.]/+)+', ''), resource])::VARCHAR), "
    f"1, {ID_DIGITS})"
)

_ORDER = '"check", account NULLS FIRST, region NULLS FIRST, file NULLS FIRST, resource NULLS FIRST, verdict'


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A check's verdict on one resource, with the reason, and the kind of it where the verdict is unknown.

    `id` is the same for the same check, account, region and resource, whatever the verdict and whenever it is judged;
    a resource of a template is that logical id of that file. `resource` is None where a whole table of an account and
    region could not be read. `type` is the resource's CloudFormation type, where it has one; `tags` are None where
    they were not collected.
    """

    id: str
    check: str
    verdict: Verdict
    resource: str | None
    account: str | None
    region: str | None
    reason: str
    severity: str
    responsibility: str
    table: str
    kind: Kind | None = None
    file: str | None = None
    line: int | None = None
    partition: str | None = None
    type: str | None = None
    name: str | None = None
    tags: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many resources of one account and region a check passed, failed, or could not judge."""

    check: str
    account: str | None
    region: str | None
    passed: int
    failed: int
    unknown: int
    tag: str | None = None
    """The value of the tag that tallies were asked for by; None where a resource does not have it."""


@dataclass(frozen=True, slots=True)
class NotRun:
    """A check that does not apply to this snapshot, and why.

    `kind` is "untold" where the source cannot tell the table, "on-request" where nobody asked for the check by name,
    else "not-collected".
    """

    check: str
    reason: str
    kind: Kind


class Judgement:
    """The outcome: findings (in a database of its own, so that they may be many), tallies, and what did not run.

    The database has the tables `findings` and `checks`, with the columns of JUDGED and FOLLOWING.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        tallies: tuple[Tally, ...],
        not_run: tuple[NotRun, ...],
        snapshot: Snapshot,
        *,
        counted: tuple[Tally, ...] = (),
    ) -> None:
        self._connection = connection
        self.tallies, self.not_run = tallies, not_run
        self.counted = counted
        """The tallies of checks that were only counted."""
        self.snapshot = snapshot
        """What was judged: without parts that turned out to be damaged."""

    def findings(self, *, passes: bool = True) -> Iterator[Finding]:
        """Findings by check, account, region, file and resource: fails and unknowns, and passes if these were kept
        and are not left out.
        """
        yield from self._told(self._query("" if passes else "WHERE verdict <> 'pass'"))

    def first_fails(self, most: int) -> Iterator[Finding]:
        """Up to so many fails of each check, the first of them in the order of `findings`."""
        yield from self._told(
            self._query(
                "WHERE verdict = 'fail' "
                f'QUALIFY row_number() OVER (PARTITION BY "check" ORDER BY {_ORDER}) <= {int(most)}'
            )
        )

    def _told(self, query: str) -> Iterator[Finding]:
        result = self._connection.cursor().execute(query)
        while rows := result.fetchmany(2000):
            for row in rows:
                told = dict(zip(COLUMNS, row, strict=True))
                if told["tags"] is not None:
                    told["tags"] = _tags(told["tags"])
                if told["kind"] is not None:
                    told["kind"] = kind_of(told["kind"])
                yield Finding(**told)

    def unknown(self) -> dict[Kind, int]:
        """How many findings are unknown, by kind, the most first."""
        counted = self.cursor().execute(
            "SELECT kind, count(*) FROM findings WHERE verdict = 'unknown' GROUP BY ALL"
        )
        counts: Counter[Kind] = Counter()
        for kind, number in counted.fetchall():
            counts[kind_of(kind)] += number
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection to the database of the findings."""
        return self._connection.cursor()

    def batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        """The findings as Arrow batches of so many rows, read as they are asked for."""
        reader: pa.RecordBatchReader = self._connection.cursor().sql(self._query()).to_arrow_reader(rows)
        yield from reader

    def to_arrow(self) -> pa.Table:
        """The findings as one Arrow table with the columns of `COLUMNS`. Raises DemarcateError without pyarrow."""
        if find_spec("pyarrow") is None:
            raise DemarcateError("Arrow tables need pyarrow: pip install 'demarcate[arrow]'")
        table: pa.Table = self._connection.sql(self._query()).to_arrow_table()
        return table

    def fails(self, severities: Sequence[str]) -> int:
        """How many findings of these severities are fails."""
        cursor = self._connection.cursor()
        row = cursor.execute(
            "SELECT count(*) FROM findings JOIN checks USING (\"check\") WHERE verdict = 'fail' "
            "AND list_contains($severities, severity)",
            {"severities": list(severities)},
        ).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Let the database go."""
        self._connection.close()

    @staticmethod
    def _query(only: str = "") -> str:
        names = ", ".join(f"{_ID} AS id" if name == "id" else identifier(name) for name in COLUMNS)
        return f'SELECT {names} FROM findings JOIN checks USING ("check") {only} ORDER BY {_ORDER}'


def _tags(text: str) -> dict[str, Any] | None:
    """Tags as they are kept; None where a snapshot has something else in their place."""
    try:
        tags = from_json(text)
    except ValueError:
        return None
    return tags if isinstance(tags, dict) else None


_KINDS = {kind.value: kind for kind in Kind}


def kind_of(name: str | None) -> Kind:
    """A kind by its name; another version, or somebody, may have written any into a kept assessment."""
    return _KINDS.get(name or "", Kind.UNRECORDED)


def make_tables(connection: duckdb.DuckDBPyConnection, checks: Sequence[Check]) -> None:
    """The table of findings, empty, and that of what follows from their checks."""
    for table, columns in (("findings", JUDGED), ("checks", FOLLOWING)):
        declared = ", ".join(f"{identifier(name)} {type_}" for name, type_ in columns.items())
        connection.execute(f"CREATE TABLE {table} ({declared})")
    rows = [
        dict(
            zip(
                FOLLOWING,
                (check.id, check.severity, check.responsibility, check.table, type_of(check)),
                strict=True,
            )
        )
        for check in checks
    ]
    # As one JSON text: planning a list of values takes longer than a whole scan.
    connection.execute(
        "INSERT INTO checks SELECT unnest(from_json($rows, $form), recursive := true)",
        {"rows": to_json(rows).decode(), "form": to_json([FOLLOWING]).decode()},
    )


def type_of(check: Check) -> str | None:
    """The CloudFormation type of the resources that a check's findings name; None where these have none."""
    return _type(check.table)


def _type(name: str) -> str | None:
    table = all_tables().get(name)
    if table is None:
        return None
    owners = (of if "::" in of else _type(of) for of in table.owners)
    return table.types[0] if table.types else next(owners, None)
