"""Judges a snapshot by checks: one scan a table for the verdicts, a row for each that is not a pass.

Judging is pure: the same snapshot and the same checks give the same findings. Now is the snapshot's moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.checks.facts import facts_of
from demarcate.checks.names import partly_read
from demarcate.checks.structs import Check, Verdict
from demarcate.estate.plan import tells
from demarcate.estate.snapshot import Snapshot, Unread
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
    connection = duckdb.connect()
    connection.execute("SET VARIABLE now = $now::TIMESTAMP", {"now": snapshot.moment.replace(tzinfo=None)})
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in _TYPES.items())
    connection.execute(f"CREATE TABLE findings ({columns})")
    judging = _Judging(connection, snapshot, passes, findings, only)
    tallies: list[Tally] = []
    not_run: list[NotRun] = []
    ordered = sorted(checks, key=lambda check: (check.table, check.id))
    try:
        for name, group in groupby(ordered, key=lambda check: check.table):
            table, of_table = all_tables()[name], list(group)
            if name not in snapshot.manifest.tables and not judging.gaps(name):
                reason = _absent_reason(snapshot, table)
                not_run += [NotRun(check.id, reason) for check in of_table]
                continue
            tallies += judging.table(table, of_table)
    except duckdb.Error as error:
        raise DemarcateError(
            f"{snapshot.folder}: cannot be read: {_first_line(error)}; collect the snapshot again"
        ) from error
    return Judgement(connection, tuple(tallies), tuple(not_run))


def _absent_reason(snapshot: Snapshot, table: Table) -> str:
    if snapshot.manifest.source == "cloudformation" and not tells("cloudformation", table):
        return f"templates cannot tell {table.name}"
    return f"{table.name} was not collected"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]


def _text(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


class _Judging:
    """One run over one snapshot: its tables as views, made when first needed."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        snapshot: Snapshot,
        passes: bool,
        findings: bool,
        only: str | None,
    ) -> None:
        self._connection, self._snapshot = connection, snapshot
        self._passes, self._findings = passes, findings
        self._only = "" if only is None else f" WHERE _row.resource = {_text(only)}"
        self._ready: set[str] = set()
        self._stale: dict[str, str] = {}
        self._gaps: dict[str, list[Unread]] = {}
        for unread in snapshot.unread:
            if unread.table is not None and not unread.columns:
                self._gaps.setdefault(unread.table, []).append(unread)
        lost = [unread for unread in snapshot.unread if unread.file is not None]
        self._lost_template = lost[0] if lost else None

    def gaps(self, table: str) -> list[Unread]:
        """The parts of a table that could not be read."""
        return self._gaps.get(table, [])

    # --- tables as views ----------------------------------------------------------------------------

    def _view(self, name: str) -> None:
        """Make a table readable under its name, with all of its columns, whatever the snapshot's version."""
        if name in self._ready:
            return
        self._ready.add(name)
        table = all_tables()[name]
        files = self._snapshot.files(name)
        if self._why_partly_read(name):
            self._connection.execute(f"SET VARIABLE {_quoted(partly_read(name))} = true")
        facts = facts_of(name) if table.facts and not files else None
        if facts is not None:
            self._stale_or_none(name, facts.stale(self._snapshot.moment))
            self._facts_table(table, facts.rows)
            return
        if not files:
            nothing = ", ".join(f'NULL::{c.type} AS "{c.name}"' for c in table.all_columns)
            self._connection.execute(f'CREATE VIEW "{name}" AS SELECT {nothing} WHERE false')
            return
        source = f"read_parquet([{', '.join(map(_text, files))}], union_by_name = true)"
        held = {row[0] for row in self._connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        columns = ", ".join(
            f'"{c.name}"' if c.name in held else f'NULL::{c.type} AS "{c.name}"' for c in table.all_columns
        )
        self._connection.execute(f'CREATE VIEW "{name}" AS SELECT {columns} FROM {source}')

    def _stale_or_none(self, name: str, reason: str | None) -> None:
        if reason is not None:
            self._stale[name] = reason

    def _facts_table(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        columns = ", ".join(f'"{c.name}" {c.type}' for c in table.all_columns)
        self._connection.execute(f'CREATE TABLE "{table.name}" ({columns})')
        names = [column.name for column in table.all_columns]
        form = msgspec.json.encode([{c.name: c.type for c in table.all_columns}]).decode()
        self._connection.execute(
            f'INSERT INTO "{table.name}" SELECT {", ".join(f"row.{_quoted(n)}" for n in names)} '
            "FROM (SELECT unnest(from_json($rows, $form)) AS row)",
            {"rows": msgspec.json.encode(rows).decode(), "form": form},
        )

    def _has_rows(self, table: Table) -> bool:
        return bool(self._snapshot.files(table.name)) or (table.facts and facts_of(table.name) is not None)

    # --- judging ------------------------------------------------------------------------------------

    def table(self, table: Table, checks: Sequence[Check]) -> list[Tally]:
        """Judge one table by its checks."""
        if not self._has_rows(table):
            return [tally for check in checks for tally in self._unread(check, table)]
        for name in sorted({table.name, *(lookup for check in checks for lookup in check.lookups)}):
            self._view(name)
        try:
            tallies = self._scan(table, checks)
        except duckdb.IOException:
            raise
        except duckdb.Error as error:
            if len(checks) > 1:
                # One predicate that cannot be computed over these values must not stop the others.
                return [tally for check in checks for tally in self.table(table, [check])]
            tallies = self._uncomputable(table, checks[0], _first_line(error))
        for check in checks:
            tallies += self._unread(check, table)
        return tallies

    def _scan(self, table: Table, checks: Sequence[Check]) -> list[Tally]:
        """One scan that counts, and one that writes findings where there are any to write."""
        source = self._judged(table, checks)
        counts = ", ".join(
            f"count(*) FILTER (WHERE v{i} AND a{i}), count(*) FILTER (WHERE NOT v{i} AND a{i}), "
            f"count(*) FILTER (WHERE v{i} IS NULL AND a{i})"
            for i in range(len(checks))
        )
        rows = self._connection.execute(
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
            self._write(table, [checks[i] for i in sorted(wanted)])
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
            f'FROM (SELECT _row.*, {", ".join(verdicts)} FROM "{table.name}" AS _row{self._only}) AS _row'
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

    def _write(self, table: Table, checks: Sequence[Check]) -> None:
        source = self._judged(table, checks, reasons=True)
        listed, kept = [], []
        for i, check in enumerate(checks):
            about = f"a{i}" if self._passes else f"a{i} AND v{i} IS NOT TRUE"
            kept.append(f"({about})")
            listed.append(
                f"CASE WHEN {about} THEN {{'check': {_text(check.id)}, 'v': v{i}, 'reason': r{i}, "
                f"'severity': {_text(check.severity)}, 'responsibility': {_text(check.responsibility)}}} END"
            )
        self._connection.execute(
            "INSERT INTO findings SELECT f.check, CASE WHEN f.v THEN 'pass' WHEN NOT f.v THEN 'fail' ELSE 'unknown' "
            f"END, resource, account_id, region, f.reason, f.severity, f.responsibility, {_text(table.name)}, "
            f"file, line FROM (SELECT resource, account_id, region, file, line, unnest([{', '.join(listed)}]) AS f "
            f"FROM ({source}) WHERE {' OR '.join(kept)}) WHERE f IS NOT NULL"
        )

    def _verdict(self, check: Check) -> str:
        """The verdict's SQL, NULL where a table looked into was not read for the row's account and region."""
        unread = [self._unread_condition(name) for name in check.lookups]
        conditions = [condition for condition in unread if condition]
        return (
            f"CASE WHEN {' OR '.join(conditions)} THEN NULL ELSE {check.verdict} END"
            if conditions
            else check.verdict
        )

    def _unread_condition(self, name: str) -> str | None:
        """SQL for: this other table was not read where the row is. None where it was read everywhere."""
        if name in self._stale:
            return "true"
        table = all_tables()[name]
        if table.facts and self._has_rows(table):
            return None  # what is known of the world is the same everywhere
        parts = []
        for gap in self.gaps(name):
            same = [f"_row.account_id IS NOT DISTINCT FROM {_text(gap.account)}"]
            if table.scope == "region":
                same.append(f"_row.region IN ({_text(gap.region)}, 'global')")
            parts.append(f"({' AND '.join(same)})")
        return " OR ".join(parts) or None

    def _why_unread(self, name: str) -> str:
        if name in self._stale:
            return f"{name}: {self._stale[name]}"
        return f"{name} could not be read: {self.gaps(name)[0]}"

    def _why_partly_read(self, name: str) -> str | None:
        """Why a table may have rows that are not in the snapshot, anywhere; None where it has them all."""
        table = all_tables()[name]
        if table.facts and self._has_rows(table):
            return None
        if name not in self._snapshot.manifest.tables and not self.gaps(name):
            return _absent_reason(self._snapshot, table)
        if self._lost_template is not None and not table.facts:
            return f"{name} may have rows in what could not be read: {self._lost_template}"
        return None

    def _reason(self, check: Check, verdict: str) -> str:
        """SQL for the reason of a finding: the check's own for a fail, what was not known for an unknown."""
        whys = []
        for name in check.lookups:
            condition = self._unread_condition(name)
            if condition:
                whys.append(f"CASE WHEN {condition} THEN {_text(self._why_unread(name))} END")
            partly = self._why_partly_read(name)
            if partly:
                whys.append(_text(partly))
        for name in check.columns:
            generic = _text(self._why_null(check.table, name))
            whys.append(
                f'CASE WHEN _row."{name}" IS NULL THEN coalesce({_text(name + ": ")} || '
                f"(_row._unknown ->> {_text(name)}), {generic}) END"
            )
        looked = ", ".join(name for name in check.lookups if name not in self._stale)
        last = f"what {looked} says of it is not known" if looked else "it cannot be told from what was read"
        unknown = f"coalesce(nullif(concat_ws('; ', {', '.join(whys) or 'NULL'}), ''), {_text(last)})"
        return f"CASE WHEN {verdict} THEN '' WHEN NOT {verdict} THEN {check.reason} ELSE {unknown} END"

    def _why_null(self, table_name: str, column_name: str) -> str:
        table = all_tables()[table_name]
        column = table.column(column_name)
        source = self._snapshot.manifest.source
        held = self._snapshot.manifest.tables.get(table_name)
        if column is not None and not table.derived:
            place = column.live if source == "live" else column.cloudformation
            own = column in table.columns
            if own and place is None:
                return f"{column_name}: {'AWS does' if source == 'live' else 'templates do'} not tell it"
            if held is not None and own and column_name not in held.columns:
                return f"{column_name}: was not collected"
        return f"{column_name}: is not told" if source == "live" else f"{column_name}: is not set"

    def _unread(self, check: Check, table: Table) -> list[Tally]:
        """A table that could not be read for an account and region: the check is unknown there as a whole."""
        tallies = []
        for gap in self.gaps(table.name):
            reason = f"{table.name} could not be read: {gap}"
            self._insert(check, None, gap.account, gap.region, reason)
            tallies.append(Tally(check.id, gap.account, gap.region, 0, 0, 1))
        return tallies

    def _uncomputable(self, table: Table, check: Check, message: str) -> list[Tally]:
        reason = f"the predicate cannot be computed over these rows: {message}"
        rows = self._connection.execute(
            f'SELECT account_id, region, count(*) FROM "{table.name}" GROUP BY ALL ORDER BY ALL'
        ).fetchall()
        for account, region, _ in rows:
            self._insert(check, None, account, region, reason)
        return [Tally(check.id, account, region, 0, 0, count) for account, region, count in rows]

    def _insert(
        self, check: Check, resource: str | None, account: str | None, region: str | None, reason: str
    ) -> None:
        if not self._findings:
            return
        self._connection.execute(
            "INSERT INTO findings VALUES ($1, 'unknown', $2, $3, $4, $5, $6, $7, $8, NULL, NULL)",
            [check.id, resource, account, region, reason, check.severity, check.responsibility, check.table],
        )


def _quoted(name: str) -> str:
    return f'"{name}"'
