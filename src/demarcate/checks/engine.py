"""Judges a snapshot by checks: one scan a table for the verdicts, a row for each that is not a pass.

Judging is pure: the same snapshot and the same checks give the same findings. Now is the snapshot's moment.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import duckdb

from demarcate.base.connection import TookTooLong, deadline, short
from demarcate.base.errors import DemarcateError
from demarcate.base.logs import phase
from demarcate.base.sql import identifier, literal
from demarcate.checks.database import Database, concerns
from demarcate.checks.judgement import JUDGED, Judgement, NotRun, Tally, make_tables
from demarcate.checks.names import ROW
from demarcate.checks.ready import Ready, about, ready
from demarcate.checks.structs import Check
from demarcate.checks.whys import COLUMN, cause, tell, whys
from demarcate.estate.schema.table import Table
from demarcate.estate.schema.unknown import Kind, Unknown, first
from demarcate.estate.snapshots.snapshot import Snapshot, Unread
from demarcate.estate.tables import all_tables

FEW_ROWS = 5_000
"""Up to so many rows of a table its verdicts are kept while it is judged."""

SCAN_SECONDS = 120.0
"""How long one scan may take before its checks are unknown."""

_ALWAYS = {"resource", "account_id", "region", "partition", "file", "line", "_unknown"}
"""Columns that every finding needs."""


@phase("judged")
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
    connection = database.cursor()
    ordered = sorted((ready(check, database) for check in checks), key=lambda check: (check.table, check.id))
    make_tables(connection, ordered)
    connection.execute(f"ALTER TABLE findings ADD COLUMN {COLUMN}")
    judging = _Judging(database, passes, findings, only)
    tables = [(all_tables()[name], list(of_it)) for name, of_it in groupby(ordered, key=lambda c: c.table)]
    not_run = [
        NotRun(check.id, why.reason, why.kind)
        for table, of_it in tables
        if (why := database.why_absent(table))
        for check in of_it
    ]
    try:
        # Most of the time for a small estate is planning, which the database does on one core: so side by side.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            judged = [(table, of_it) for table, of_it in tables if database.why_absent(table) is None]
            database.prepare(judging.reads(judged))
            scans = [(table, together) for table, of_it in judged for together in _together(of_it)]
            beside = list(pool.map(lambda scan: judging.beside_others(*scan), scans))
        tallies = [
            tally
            for scan, done in zip(scans, beside, strict=True)
            for tally in (judging.table(*scan) if done is None else done)
        ]
        if findings:
            tell(connection)
        connection.execute("ALTER TABLE findings DROP COLUMN whys")
    except duckdb.Error as error:
        raise DemarcateError(
            f"{snapshot.folder}: cannot be read: {short(error)}; collect the snapshot again"
        ) from error
    return Judgement(connection, tuple(tallies), tuple(not_run))


def _together(checks: Sequence[Ready]) -> list[list[Ready]]:
    """Checks that are judged in one scan: all that look at their own row alone, and each other by itself.

    The database plans each look into another table over all that comes before it in the same query: the cost of
    planning several together grows with the square of their number, and scanning is cheap beside it.
    """
    alone = [[check] for check in checks if check.lookups]
    shared = [check for check in checks if not check.lookups]
    return [shared, *alone] if shared else alone


def _own(table: Table, name: str) -> str:
    """SQL for a column of a row; NULL where its table has none, or tells something of a part of the resource."""
    if table.column(name) is None or table.derived:
        return f"NULL::{JUDGED[name]}"
    return f"{ROW}.{identifier(name)}"


_NAME = "coalesce(_name, _tags ->> 'Name', regexp_extract(resource, '[^:/]+$'))"
"""SQL for what people call a resource."""


def _not_passed(number: int) -> str:
    return f"(a{number} AND v{number} IS NOT TRUE)"


def _by_resource(numbers: Iterable[int], told: Mapping[int, tuple[str, str]] | None = None) -> str:
    """SQL that makes the rows of one resource one: it fails if any fails, else it is unknown if any is.

    `told` is SQL for each check's reason to fail one row, and for the causes why it cannot be told. Of several rows
    that fail, the first is told and counted on; of several that are unknown, the first.
    """
    each, grouped = ["*"], []
    for i in numbers:
        judged = f"FILTER (WHERE a{i})"
        grouped.append(
            f"CASE WHEN bool_or(NOT v{i}) {judged} THEN false WHEN bool_or(v{i} IS NULL) {judged} THEN NULL "
            f"ELSE true END AS v{i}, bool_or(a{i}) AS a{i}"
        )
        if told is not None:
            reason, causes = told[i]
            each.append(f"{reason} AS r{i}, {causes} AS w{i}")
            failed, unknown = f"FILTER (WHERE a{i} AND NOT v{i})", f"FILTER (WHERE a{i} AND v{i} IS NULL)"
            more = f"count(*) {failed}"
            grouped.append(
                f"coalesce(min(r{i}) {failed} || CASE WHEN {more} > 1 THEN ' (and ' || ({more} - 1) || ' more)' "
                f"ELSE '' END, '') AS r{i}, CASE WHEN {more} = 0 THEN min(w{i}) {unknown} END AS w{i}"
            )
    return (
        "SELECT resource, account_id, region, file, min(line) AS line, any_value(partition) AS partition, "
        f"any_value(_name) AS _name, any_value(_tags) AS _tags, {', '.join(grouped)} "
        f"FROM (SELECT {', '.join(each)} FROM judged AS {ROW}) GROUP BY resource, account_id, region, file"
    )


def _reason(check: Ready, verdict: str) -> str:
    """SQL for the reason of a finding that fails; empty for others."""
    return f"CASE WHEN NOT {verdict} THEN {check.reason} ELSE '' END"


_Counts = dict[tuple[str | None, str | None], list[list[int]]]
"""By account and region: for each check, how many passed, failed and are unknown."""


def _count_here(cursor: duckdb.DuckDBPyConnection, kept: str, checks: int) -> _Counts:
    """Counts of a few rows, for which planning the counting would take longer than counting."""
    selected = ", ".join(
        f"CASE WHEN a{i} THEN CASE WHEN v{i} THEN 0 WHEN NOT v{i} THEN 1 ELSE 2 END END" for i in range(checks)
    )
    counts: _Counts = {}
    query = f"SELECT account_id, region, {selected} FROM {kept} ORDER BY account_id, region"
    for account, region, *verdicts in cursor.execute(query).fetchall():
        of_place = counts.setdefault((account, region), [[0, 0, 0] for _ in verdicts])
        for of_check, verdict in zip(of_place, verdicts, strict=True):
            if verdict is not None:
                of_check[verdict] += 1
    return counts


def _count_there(cursor: duckdb.DuckDBPyConnection, kept: str, source: str, abouts: Sequence[str]) -> _Counts:
    """Counts of many rows: what was kept tells what is not passed, the source how many rows there are."""
    query = "SELECT account_id, region, {} FROM {} GROUP BY ALL ORDER BY ALL"
    not_passed = ", ".join(
        f"count(*) FILTER (WHERE a{i} AND NOT v{i}), count(*) FILTER (WHERE a{i} AND v{i} IS NULL)"
        for i in range(len(abouts))
    )
    counted = ", ".join("count(*)" if a == "true" else f"count(*) FILTER (WHERE {a})" for a in abouts)
    found = {tuple(row[:2]): row[2:] for row in cursor.execute(query.format(not_passed, kept)).fetchall()}
    counts: _Counts = {}
    for account, region, *totals in cursor.execute(query.format(counted, source)).fetchall():
        here = found.get((account, region), (0,) * 2 * len(totals))
        pairs = zip(totals, here[::2], here[1::2], strict=True)
        counts[account, region] = [[total - failed - unknown, failed, unknown] for total, failed, unknown in pairs]
    return counts


def _count_written(cursor: duckdb.DuckDBPyConnection, source: str, checks: Sequence[Ready]) -> list[Tally]:
    """Tallies where the findings are written already: they tell what is not passed."""
    totals_of = ", ".join(
        f"count(*) FILTER (WHERE {about(check)})" if check.where_sql else "count(*)" for check in checks
    )
    totals = cursor.execute(
        f"SELECT account_id, region, {totals_of} FROM {source} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    written = cursor.execute(
        "SELECT \"check\", account, region, count(*) FILTER (WHERE verdict = 'fail'), "
        f"count(*) FILTER (WHERE verdict = 'unknown') FROM findings WHERE \"check\" IN "
        f"({', '.join(literal(check.id) for check in checks)}) GROUP BY ALL"
    ).fetchall()
    found = {tuple(row[:3]): row[3:] for row in written}
    tallies = []
    for account, region, *counted in totals:
        for check, total in zip(checks, counted, strict=True):
            failed, unknown = found.get((check.id, account, region), (0, 0))
            if total:
                tallies.append(Tally(check.id, account, region, total - failed - unknown, failed, unknown))
    return tallies


class _Judging:
    """One run over one database."""

    def __init__(self, database: Database, passes: bool, findings: bool, only: str | None) -> None:
        self._database, self._passes, self._findings = database, passes, findings
        self._only = "" if only is None else f" WHERE {ROW}.resource = {literal(only)}"
        self._of_thread = threading.local()

    def reads(self, tables: Iterable[tuple[Table, Sequence[Ready]]]) -> set[str]:
        """The tables that judging these will read."""
        return {
            name
            for table, checks in tables
            if self._database.has_rows(table)
            for name in (table.name, *(lookup for check in checks for lookup in check.lookups))
        }

    def beside_others(self, table: Table, checks: Sequence[Ready]) -> list[Tally] | None:
        """Judge one table while others are judged; None where the memory did not do for all of them at once.

        So that whether a check can be computed does not depend on what else runs.
        """
        self._of_thread.beside = True
        try:
            return self.table(table, checks)
        except duckdb.OutOfMemoryException:
            return None

    def table(self, table: Table, checks: Sequence[Ready]) -> list[Tally]:
        """Judge one table by its checks."""
        has_rows = self._database.has_rows(table)
        if not has_rows and not self._database.gaps(table.name):
            return []
        cursor = self._cursor()
        tallies = self._rows(cursor, table, checks) if has_rows else []
        for check in checks:
            tallies += self._unread(cursor, check, table)
        return tallies

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """The cursor of this thread: making one, with its variables, costs as much as a small scan."""
        if not hasattr(self._of_thread, "cursor"):
            self._of_thread.cursor = self._database.cursor()
        cursor: duckdb.DuckDBPyConnection = self._of_thread.cursor
        return cursor

    def _rows(self, cursor: duckdb.DuckDBPyConnection, table: Table, checks: Sequence[Ready]) -> list[Tally]:
        try:
            with deadline(cursor, SCAN_SECONDS):
                return self._scan(cursor, table, checks)
        except duckdb.IOException:
            raise
        except (duckdb.Error, TookTooLong) as error:
            crowded = isinstance(error, duckdb.OutOfMemoryException)
            if crowded and getattr(self._of_thread, "beside", False):
                raise
            if len(checks) > 1:
                # One predicate that cannot be computed over these values must not stop the others.
                return [tally for check in checks for tally in self._rows(cursor, table, [check])]
            reason = f"it needs more than {self._database.memory:,} bytes of memory" if crowded else short(error)
            kind = Kind.TOO_MUCH if crowded or isinstance(error, TookTooLong) else Kind.UNCOMPUTABLE
            return self._uncomputable(cursor, table, checks[0], Unknown(kind, reason))

    def _scan(self, cursor: duckdb.DuckDBPyConnection, table: Table, checks: Sequence[Ready]) -> list[Tally]:
        """One scan for the verdicts; from what it keeps, the counts and the findings.

        Where rows are many, only those that some check does not pass are kept.
        """
        source = f"{identifier(table.name)} AS {ROW}{self._only}"
        verdicts = f"SELECT {', '.join(self._columns(table, checks))} FROM {source}"
        few = self._database.rows(table) <= FEW_ROWS
        all_kept = few or self._passes or bool(table.derived)
        numbers = range(len(checks))
        if not all_kept:
            verdicts = f"SELECT * FROM ({verdicts}) WHERE {' OR '.join(_not_passed(i) for i in numbers)}"
            if self._findings:
                self._write(cursor, table, list(enumerate(checks)), f"({verdicts})")
                return _count_written(cursor, source, checks)
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {verdicts}")
        kept = f"({_by_resource(numbers)})" if table.derived else "judged"
        if few:
            counts = _count_here(cursor, kept, len(checks))
        else:
            abouts = [f"a{i}" for i in numbers] if all_kept else [about(check) for check in checks]
            counts = _count_there(cursor, kept, kept if all_kept else source, abouts)
        tallies = [
            Tally(check.id, account, region, passed, failed, unknown)
            for (account, region), of_place in counts.items()
            for check, (passed, failed, unknown) in zip(checks, of_place, strict=True)
            if passed or failed or unknown
        ]
        first = 0 if self._passes else 1
        wanted = [i for i in numbers if any(any(of_place[i][first:]) for of_place in counts.values())]
        if wanted and self._findings:
            self._write(cursor, table, [(i, checks[i]) for i in wanted])
        return tallies

    def _columns(self, table: Table, checks: Sequence[Ready]) -> list[str]:
        """What is selected for each row: `v<i>` the verdict of check i, `a<i>` whether it is about the row."""
        columns = {name for check in checks for name in (*check.columns, *check.shown)} | _ALWAYS
        selected = [f'{ROW}."{name}"' for name in sorted(columns)]
        selected += [f"{_own(table, 'name')} AS _name", f"{_own(table, 'tags')} AS _tags"]
        for i, check in enumerate(checks):
            selected.append(f"{self._verdict(check)} AS v{i}")
            selected.append(f"{about(check)} AS a{i}")
        return selected

    def _write(
        self,
        cursor: duckdb.DuckDBPyConnection,
        table: Table,
        checks: Sequence[tuple[int, Ready]],
        source: str = "judged",
    ) -> None:
        """Write a finding for each verdict kept that is not a pass (or is, where passes are asked for)."""
        kept = ", ".join(
            f"CASE WHEN {f'a{i}' if self._passes else _not_passed(i)} THEN {i} END" for i, _ in checks
        )

        def of_check(values: Iterable[tuple[int, str]]) -> str:
            return f"CASE n {' '.join(f'WHEN {i} THEN {value}' for i, value in values)} END"

        told = {i: (_reason(check, f"v{i}"), self._causes(check, f"v{i}")) for i, check in checks}
        if table.derived:
            source = f"({_by_resource(told, told)})"
            told = {i: (f"r{i}", f"w{i}") for i in told}
        reason = of_check((i, reason) for i, (reason, _) in told.items())
        causes = of_check((i, causes) for i, (_, causes) in told.items())
        verdict = of_check((i, f"v{i}") for i, _ in checks)
        cursor.execute(
            f"INSERT INTO findings SELECT {of_check((i, literal(check.id)) for i, check in checks)}, "
            f"CASE WHEN {verdict} THEN 'pass' WHEN NOT {verdict} THEN 'fail' ELSE 'unknown' END, "
            f"resource, account_id, region, {reason}, NULL, file, line, partition, {_NAME}, _tags, {causes} "
            f"FROM (SELECT *, unnest(list_filter([{kept}], lambda i: i IS NOT NULL)) AS n FROM {source}) AS {ROW}"
        )

    def _verdict(self, check: Ready) -> str:
        """The verdict's SQL, NULL where a table looked into was not read for the row's account and region."""
        unread = [self._database.unread_where(name, check) for name in check.lookups]
        conditions = [condition for condition in unread if condition]
        return (
            f"CASE WHEN {' OR '.join(conditions)} THEN NULL ELSE {check.verdict_sql} END"
            if conditions
            else check.verdict_sql
        )

    def _causes(self, check: Ready, verdict: str) -> str:
        """SQL for why a verdict is unknown; NULL where it is not."""
        causes: list[tuple[str, str]] = []
        for name, used in check.lookups.items():
            causes += (("", partly) for partly in self._database.partly(name, used, check))
            unread = self._database.why_unread(name, check)
            if unread:
                causes.append(("", unread))
            partly = self._database.why_partly_read(name)
            if partly:
                causes.append(("", cause(partly.kind, partly.reason)))
        for name in check.columns:
            generic = self._database.why_null(all_tables()[check.table], name)
            why = f"coalesce({ROW}._unknown ->> {literal(name)}, {cause(generic.kind, generic.reason)})"
            causes.append((f"{name}: ", f'CASE WHEN {ROW}."{name}" IS NULL THEN {why} END'))
        looked = ", ".join(check.lookups)
        otherwise = Unknown(Kind.UNCOMPUTABLE, "it cannot be told from what was read")
        if looked:
            otherwise = Unknown(Kind.LOOKUP, f"what {looked} says of it is not known")
        return f"CASE WHEN {verdict} IS NULL THEN {whys(causes, otherwise)} END"

    def _unread(self, cursor: duckdb.DuckDBPyConnection, check: Ready, table: Table) -> list[Tally]:
        """A table that could not be read for an account and region: the check is unknown there as a whole."""
        gaps: dict[tuple[str | None, str | None], list[Unread]] = {}
        for gap in self._database.gaps(table.name):
            if concerns(gap, check, table.name):
                gaps.setdefault((gap.account, gap.region), []).append(gap)
        for (account, region), here in gaps.items():
            why = f"{table.name} could not be read: {'; '.join(map(str, here))}"
            self._insert(cursor, check, account, region, Unknown(first(gap.kind for gap in here), why))
        return [Tally(check.id, account, region, 0, 0, 1) for account, region in gaps]

    def _uncomputable(
        self, cursor: duckdb.DuckDBPyConnection, table: Table, check: Ready, why: Unknown
    ) -> list[Tally]:
        why = Unknown(why.kind, f"the predicate cannot be computed over these rows: {why.reason}")
        rows = cursor.execute(
            f"SELECT account_id, region, count(*) FROM {identifier(table.name)} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        for account, region, _ in rows:
            self._insert(cursor, check, account, region, why)
        return [Tally(check.id, account, region, 0, 0, count) for account, region, count in rows]

    def _insert(
        self,
        cursor: duckdb.DuckDBPyConnection,
        check: Ready,
        account: str | None,
        region: str | None,
        why: Unknown,
    ) -> None:
        """Write one finding about all that a check would have judged in an account and region."""
        if self._findings:
            cursor.execute(
                'INSERT INTO findings ("check", verdict, account, region, reason, kind) '
                "VALUES ($1, 'unknown', $2, $3, $4, $5)",
                [check.id, account, region, why.reason, why.kind],
            )
