"""Judges a snapshot by checks: one scan a table for the verdicts, a row for each that is not a pass.

Judging is pure: the same snapshot and the same checks give the same findings. Now is the snapshot's moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import duckdb

from demarcate.base.errors import DemarcateError
from demarcate.checks.database import Database, text
from demarcate.checks.names import ROW
from demarcate.checks.structs import Check, Verdict
from demarcate.estate.snapshot import Snapshot
from demarcate.estate.table import Table
from demarcate.estate.tables import all_tables

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (
    "check",
    "verdict",
    "resource",
    "account",
    "region",
    "reason",
    "severity",
    "responsibility",
    "table",
    "file",
    "line",
)
"""The columns of findings, in order."""

_TYPES = dict.fromkeys(COLUMNS, "VARCHAR") | {"line": "BIGINT"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's verdict on one resource, with the reason.

    `resource` is None where a whole table of an account and region could not be read.
    """

    check: str
    verdict: Verdict
    resource: str | None
    account: str | None
    region: str | None
    reason: str
    severity: str
    responsibility: str
    table: str
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many resources of one account and region a check passed, failed, or could not judge."""

    check: str
    account: str | None
    region: str | None
    passed: int
    failed: int
    unknown: int


@dataclass(frozen=True, slots=True)
class NotRun:
    """A check that does not apply to this snapshot, and why."""

    check: str
    reason: str


class Judgement:
    """The outcome: findings (in a database of its own, so that they may be many), tallies, and what did not run."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, tallies: tuple[Tally, ...], not_run: tuple[NotRun, ...]
    ) -> None:
        self._connection = connection
        self.tallies, self.not_run = tallies, not_run

    def findings(self) -> Iterator[Finding]:
        """Findings by check, account, region, file and resource: fails and unknowns, and passes if asked for."""
        result = self._connection.cursor().execute(self._query())
        while rows := result.fetchmany(2000):
            for row in rows:
                yield Finding(*row)

    def to_arrow(self) -> pa.Table:
        """The findings as one Arrow table with the columns of `COLUMNS`."""
        table: pa.Table = self._connection.sql(self._query()).to_arrow_table()
        return table

    @staticmethod
    def _query() -> str:
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        order = '"check", account NULLS FIRST, region NULLS FIRST, file NULLS FIRST, resource NULLS FIRST, verdict'
        return f"SELECT {names} FROM findings ORDER BY {order}"


def judge(
    snapshot: Snapshot,
    checks: Iterable[Check],
    *,
    passes: bool = False,
    findings: bool = True,
    only: str | None = None,
) -> Judgement:
    """Judge a snapshot. With `passes`, what passes becomes a finding too; without `findings`, only tallies are
    made. `only` judges the rows of one resource.

    Raises DemarcateError where a part of the snapshot cannot be read.
    """
    database = Database(snapshot)
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in _TYPES.items())
    connection = database.cursor()
    connection.execute(f"CREATE TABLE findings ({columns})")
    judging = _Judging(database, passes, findings, only)
    ordered = sorted(checks, key=lambda check: (check.table, check.id))
    tables = [(all_tables()[name], list(of_it)) for name, of_it in groupby(ordered, key=lambda c: c.table)]
    not_run = [
        NotRun(check.id, why) for table, of_it in tables if (why := database.why_absent(table)) for check in of_it
    ]
    try:
        # Most of the time for a small estate is planning, which the database does on one core: so side by side.
        with ThreadPoolExecutor() as pool:
            judged = [(table, of_it) for table, of_it in tables if database.why_absent(table) is None]
            database.prepare(judging.reads(judged))
            tallies = [tally for found in pool.map(lambda one: judging.table(*one), judged) for tally in found]
    except duckdb.Error as error:
        raise DemarcateError(
            f"{snapshot.folder}: cannot be read: {_first_line(error)}; collect the snapshot again"
        ) from error
    return Judgement(connection, tuple(tallies), tuple(not_run))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]


class _Judging:
    """One run over one database."""

    def __init__(self, database: Database, passes: bool, findings: bool, only: str | None) -> None:
        self._database, self._passes, self._findings = database, passes, findings
        self._only = "" if only is None else f" WHERE {ROW}.resource = {text(only)}"

    def reads(self, tables: Iterable[tuple[Table, Sequence[Check]]]) -> set[str]:
        """The tables that judging these will read."""
        return {
            name
            for table, checks in tables
            if self._database.has_rows(table)
            for name in (table.name, *(lookup for check in checks for lookup in check.lookups))
        }

    def table(self, table: Table, checks: Sequence[Check]) -> list[Tally]:
        """Judge one table by its checks."""
        cursor = self._database.cursor()
        tallies = self._rows(cursor, table, checks) if self._database.has_rows(table) else []
        for check in checks:
            tallies += self._unread(cursor, check, table)
        return tallies

    def _rows(self, cursor: duckdb.DuckDBPyConnection, table: Table, checks: Sequence[Check]) -> list[Tally]:
        try:
            return self._scan(cursor, table, checks)
        except duckdb.IOException:
            raise
        except duckdb.Error as error:
            if len(checks) > 1:
                # One predicate that cannot be computed over these values must not stop the others.
                return [tally for check in checks for tally in self._rows(cursor, table, [check])]
            return self._uncomputable(cursor, table, checks[0], _first_line(error))

    def _scan(self, cursor: duckdb.DuckDBPyConnection, table: Table, checks: Sequence[Check]) -> list[Tally]:
        """One scan that counts, and one that writes findings where there are any to write."""
        source = self._judged(table, checks)
        counts = ", ".join(
            f"count(*) FILTER (WHERE v{i} AND a{i}), count(*) FILTER (WHERE NOT v{i} AND a{i}), "
            f"count(*) FILTER (WHERE v{i} IS NULL AND a{i})"
            for i in range(len(checks))
        )
        rows = cursor.execute(
            f"SELECT account_id, region, {counts} FROM ({source}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        tallies: list[Tally] = []
        wanted: set[int] = set()
        for account, region, *numbers in rows:
            for i, check in enumerate(checks):
                passed, failed, unknown = numbers[3 * i : 3 * i + 3]
                if passed or failed or unknown:
                    tallies.append(Tally(check.id, account, region, passed, failed, unknown))
                if failed or unknown or (passed and self._passes):
                    wanted.add(i)
        if wanted and self._findings:
            self._write(cursor, table, [checks[i] for i in sorted(wanted)])
        return tallies

    def _judged(self, table: Table, checks: Sequence[Check], *, reasons: bool = False) -> str:
        """SQL with a row a resource: `v<i>` the verdict of check i, `a<i>` whether it is about the row."""
        verdicts, parts = [], []
        for i, check in enumerate(checks):
            verdicts.append(f"{self._verdict(check)} AS v{i}")
            verdicts.append(f"(({check.where}) IS NOT FALSE) AS a{i}" if check.where else f"true AS a{i}")
            parts.append(f"v{i}, a{i}")
            if reasons:
                parts.append(f"{self._reason(check, f'v{i}')} AS r{i}")
        rows = (
            f"SELECT resource, account_id, region, file, line, {', '.join(parts)} "
            f'FROM (SELECT {ROW}.*, {", ".join(verdicts)} FROM "{table.name}" AS _row{self._only}) AS _row'
        )
        if not table.derived:
            return rows
        # Several rows belong to one resource: it fails if any fails, else it is unknown if any is.
        grouped = []
        for i in range(len(checks)):
            about = f"FILTER (WHERE a{i})"
            grouped.append(
                f"CASE WHEN bool_or(NOT v{i}) {about} THEN false WHEN bool_or(v{i} IS NULL) {about} THEN NULL "
                f"ELSE true END AS v{i}, bool_or(a{i}) AS a{i}"
            )
            if reasons:
                failed, unknown = f"FILTER (WHERE a{i} AND NOT v{i})", f"FILTER (WHERE a{i} AND v{i} IS NULL)"
                more = f"count(*) {failed}"
                grouped.append(
                    f"coalesce(min(r{i}) {failed} || CASE WHEN {more} > 1 THEN ' (and ' || ({more} - 1) || ' more)' "
                    f"ELSE '' END, min(r{i}) {unknown}, '') AS r{i}"
                )
        return (
            f"SELECT resource, account_id, region, file, min(line) AS line, {', '.join(grouped)} FROM ({rows}) "
            "GROUP BY resource, account_id, region, file"
        )

    def _write(self, cursor: duckdb.DuckDBPyConnection, table: Table, checks: Sequence[Check]) -> None:
        source = self._judged(table, checks, reasons=True)
        listed, kept = [], []
        for i, check in enumerate(checks):
            about = f"a{i}" if self._passes else f"a{i} AND v{i} IS NOT TRUE"
            kept.append(f"({about})")
            listed.append(
                f"CASE WHEN {about} THEN {{'check': {text(check.id)}, 'v': v{i}, 'reason': r{i}, "
                f"'severity': {text(check.severity)}, 'responsibility': {text(check.responsibility)}}} END"
            )
        cursor.execute(
            "INSERT INTO findings SELECT f.check, CASE WHEN f.v THEN 'pass' WHEN NOT f.v THEN 'fail' ELSE 'unknown' "
            f"END, resource, account_id, region, f.reason, f.severity, f.responsibility, {text(table.name)}, "
            f"file, line FROM (SELECT resource, account_id, region, file, line, unnest([{', '.join(listed)}]) AS f "
            f"FROM ({source}) WHERE {' OR '.join(kept)}) WHERE f IS NOT NULL"
        )

    def _verdict(self, check: Check) -> str:
        """The verdict's SQL, NULL where a table looked into was not read for the row's account and region."""
        unread = [self._database.unread_where(name) for name in check.lookups]
        conditions = [condition for condition in unread if condition]
        return (
            f"CASE WHEN {' OR '.join(conditions)} THEN NULL ELSE {check.verdict} END"
            if conditions
            else check.verdict
        )

    def _reason(self, check: Check, verdict: str) -> str:
        """SQL for the reason of a finding: the check's own for a fail, what was not known for an unknown."""
        whys = []
        for name in check.lookups:
            condition = self._database.unread_where(name)
            if condition:
                whys.append(f"CASE WHEN {condition} THEN {text(self._database.why_unread(name))} END")
            partly = self._database.why_partly_read(name)
            if partly:
                whys.append(text(partly))
        for name in check.columns:
            generic = text(self._database.why_null(all_tables()[check.table], name))
            whys.append(
                f'CASE WHEN {ROW}."{name}" IS NULL THEN coalesce({text(name + ": ")} || '
                f"({ROW}._unknown ->> {text(name)}), {generic}) END"
            )
        looked = ", ".join(check.lookups)
        last = f"what {looked} says of it is not known" if looked else "it cannot be told from what was read"
        unknown = f"coalesce(nullif(concat_ws('; ', {', '.join(whys) or 'NULL'}), ''), {text(last)})"
        return f"CASE WHEN {verdict} THEN '' WHEN NOT {verdict} THEN {check.reason} ELSE {unknown} END"

    def _unread(self, cursor: duckdb.DuckDBPyConnection, check: Check, table: Table) -> list[Tally]:
        """A table that could not be read for an account and region: the check is unknown there as a whole."""
        tallies = []
        for gap in self._database.gaps(table.name):
            reason = f"{table.name} could not be read: {gap}"
            self._insert(cursor, check, gap.account, gap.region, reason)
            tallies.append(Tally(check.id, gap.account, gap.region, 0, 0, 1))
        return tallies

    def _uncomputable(
        self, cursor: duckdb.DuckDBPyConnection, table: Table, check: Check, message: str
    ) -> list[Tally]:
        reason = f"the predicate cannot be computed over these rows: {message}"
        rows = cursor.execute(
            f'SELECT account_id, region, count(*) FROM "{table.name}" GROUP BY ALL ORDER BY ALL'
        ).fetchall()
        for account, region, _ in rows:
            self._insert(cursor, check, account, region, reason)
        return [Tally(check.id, account, region, 0, 0, count) for account, region, count in rows]

    def _insert(
        self,
        cursor: duckdb.DuckDBPyConnection,
        check: Check,
        account: str | None,
        region: str | None,
        reason: str,
    ) -> None:
        """Write one finding about all that a check would have judged in an account and region."""
        if self._findings:
            cursor.execute(
                "INSERT INTO findings VALUES ($1, 'unknown', NULL, $2, $3, $4, $5, $6, $7, NULL, NULL)",
                [check.id, account, region, reason, check.severity, check.responsibility, check.table],
            )
