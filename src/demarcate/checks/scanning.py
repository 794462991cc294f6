"""One scan of one table: the verdicts of its checks, a finding for each that is not a pass, and how many there are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import msgspec

from demarcate.base import duckdb
from demarcate.base.encoding import to_json
from demarcate.base.sql import identifier, literal
from demarcate.checks.companions import about as about_companions
from demarcate.checks.database import Group
from demarcate.checks.judgement import JUDGED, Tally
from demarcate.checks.missing import Looked, partly_column, unread_column
from demarcate.checks.names import ROW, Look
from demarcate.checks.standins import MARKS, why_assigned
from demarcate.checks.structs import Check
from demarcate.checks.whys import cause, whys
from demarcate.estate.schema.table import COMPANION, Table
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables import all_tables

FEW_ROWS = 5_000
"""Up to so many rows of a table its verdicts are kept while it is judged."""


def is_few(group: Group, table: Table) -> bool:
    """Whether a table has so few rows that planning takes longer than anything else."""
    return group.rows(table) <= FEW_ROWS


_ALWAYS = {"resource", "account_id", "region", "partition", "file", "line", "_unknown", MARKS}
"""Columns that every finding needs."""

_LOOKED_AT = ("account_id", "region", "_conditional", COMPANION.name, MARKS)
"""Columns that every look into another table needs, as far as that has them."""


def _own(table: Table, name: str) -> str:
    """SQL for a column of a row; NULL where its table has none, or tells something of a part of the resource."""
    if table.column(name) is None or table.owners:
        return f"NULL::{JUDGED[name]}"
    return f"{ROW}.{identifier(name)}"


def read_by(table: Table, checks: Iterable[Check]) -> dict[str, set[str]]:
    """The columns of tables that judging a table by some checks reads."""
    read = {table.name: {*_ALWAYS, COMPANION.name, "name", "tags"}}
    for check in checks:
        read[table.name].update(check.columns, check.shown)
        for name, columns in check.lookups.items():
            of = all_tables()[name]
            whole = {column.name for column in of.all_columns} if of.facts else ()
            read.setdefault(name, set()).update(columns, _LOOKED_AT, whole)
    return read


_NAME = "coalesce(_name, _tags ->> 'Name', regexp_extract(resource, '[^:/]+$'))"
"""SQL for what people call a resource."""


PASSED, FAILED, UNKNOWN = VERDICTS = range(3)
"""Verdicts as numbers: three times the number of a check of the scan, and this, is the verdict of that check."""


def _not_passed(number: int) -> str:
    return f"(a{number} AND v{number} IS NOT TRUE)"


def _code(number: int, codes: Set[int]) -> str:
    """SQL for the verdict of a check on a row, where it is one of these; else NULL."""
    value = f"v{number}"
    conditions = {PASSED: value, FAILED: f"NOT {value}", UNKNOWN: f"{value} IS NULL"}
    coded = {3 * number + verdict: condition for verdict, condition in conditions.items()}
    whens = " ".join(f"WHEN {condition} THEN {code}" for code, condition in coded.items() if code in codes)
    return f"CASE WHEN a{number} THEN CASE {whens} END END"


def _by_code(values: Mapping[int, str], otherwise: str) -> str:
    """SQL for the value of the verdict `n`, of those that have one."""
    whens = " ".join(f"WHEN {code} THEN {value}" for code, value in values.items())
    return f"CASE n {whens} ELSE {otherwise} END" if whens else otherwise


def _by_resource(numbers: Iterable[int], told: Mapping[int, tuple[str | None, str | None]] | None = None) -> str:
    """SQL that makes the rows of one resource one: it fails if any fails, else it is unknown if any is.

    `told` is SQL for each check's reason to fail one row, and for the causes why it cannot be told, where these are
    wanted. Of several rows that fail, the first is told and counted on; of several that are unknown, the first.
    """
    each, grouped = ["*"], []
    for i in numbers:
        judged = f"FILTER (WHERE a{i})"
        grouped.append(
            f"CASE WHEN bool_or(NOT v{i}) {judged} THEN false WHEN bool_or(v{i} IS NULL) {judged} THEN NULL "
            f"ELSE true END AS v{i}, bool_or(a{i}) AS a{i}"
        )
        reason, causes = told[i] if told is not None else (None, None)
        if reason is not None:
            failed = f"FILTER (WHERE a{i} AND NOT v{i})"
            more = f"count(*) {failed}"
            each.append(f"CASE WHEN a{i} AND NOT v{i} THEN {reason} END AS r{i}")
            grouped.append(
                f"min(r{i}) {failed} || CASE WHEN {more} > 1 THEN ' (and ' || ({more} - 1) || ' more)' ELSE '' END "
                f"AS r{i}"
            )
        if causes is not None:
            each.append(f"CASE WHEN a{i} AND v{i} IS NULL THEN {causes} END AS w{i}")
            grouped.append(f"min(w{i}) AS w{i}")
    return (
        "SELECT resource, account_id, region, file, min(line) AS line, any_value(partition) AS partition, "
        f"any_value(_name) AS _name, any_value(_tags) AS _tags, {', '.join(grouped)} "
        f"FROM (SELECT {', '.join(each)} FROM judged AS {ROW}) GROUP BY resource, account_id, region, file"
    )


_Counts = dict[tuple[str | None, str | None], list[list[int]]]
"""By account and region: for each check, how many passed, failed and are unknown."""


def _count_here(cursor: duckdb.DuckDBPyConnection, checks: int, merged: bool) -> tuple[_Counts, bool]:
    """Counts of a few rows, for which planning the counting would take longer than counting. Rows of one resource count
    as one where they are `merged`; and whether there are any such.
    """
    columns = ", ".join(f"a{i}, v{i}" for i in range(checks))
    rows = cursor.execute(f"SELECT account_id, region, resource, file, {columns} FROM judged").fetchall()
    resources: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for number, row in enumerate(rows):
        resources.setdefault(row[:4] if merged else (*row[:2], number), []).append(row[4:])
    counts: _Counts = {}
    for (account, region, *_), parts in resources.items():
        of_place = counts.setdefault((account, region), [[0, 0, 0] for _ in range(checks)])
        for i in range(checks):
            verdicts = {part[2 * i + 1] for part in parts if part[2 * i]}
            if verdicts:
                of_place[i][FAILED if False in verdicts else UNKNOWN if None in verdicts else PASSED] += 1
    ordered = sorted(counts.items(), key=lambda item: [(name is None, name or "") for name in item[0]])
    return dict(ordered), len(resources) < len(rows)


def _count_there(cursor: duckdb.DuckDBPyConnection, judged: str, checks: int) -> _Counts:
    """Counts of many rows."""
    numbers = ", ".join(
        f"count(*) FILTER (WHERE a{i} AND v{i}), count(*) FILTER (WHERE a{i} AND NOT v{i}), "
        f"count(*) FILTER (WHERE a{i} AND v{i} IS NULL)"
        for i in range(checks)
    )
    rows = cursor.execute(
        f"SELECT account_id, region, {numbers} FROM {judged} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return {
        (account, region): [counted[3 * i : 3 * i + 3] for i in range(checks)]
        for account, region, *counted in rows
    }


def _count_written(
    cursor: duckdb.DuckDBPyConnection, source: str, checks: Sequence[Check], abouts: Sequence[str]
) -> list[Tally]:
    """Tallies where the findings are written already: they tell what is not passed."""
    totals_of = ", ".join("count(*)" if a == "true" else f"count(*) FILTER (WHERE {a})" for a in abouts)
    totals = cursor.execute(
        f"SELECT account_id, region, {totals_of} FROM {source} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    written = cursor.execute(
        "SELECT \"check\", account, region, count(*) FILTER (WHERE verdict = 'fail'), "
        f"count(*) FILTER (WHERE verdict = 'unknown') FROM findings WHERE \"check\" IN "
        f"({', '.join(literal(check.id) for check in checks)}) GROUP BY ALL"
    ).fetchall()
    counts = {tuple(row[:3]): row[3:] for row in written}
    tallies = []
    for account, region, *counted in totals:
        for check, total in zip(checks, counted, strict=True):
            failed, unknown = counts.get((check.id, account, region), (0, 0))
            if total:
                tallies.append(Tally(check.id, account, region, total - failed - unknown, failed, unknown))
    return tallies


class Wanted(msgspec.Struct, frozen=True):
    """What is made of verdicts: findings, also of what passes (by all checks, or by those that are `passing`), of all
    resources or one; but only tallies of the checks that are `counted`.
    """

    passes: bool = False
    only: str | None = None
    counted: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()

    def of(self, check: Check) -> Sequence[int]:
        """The verdicts of a check that become findings."""
        return VERDICTS if self.passes or check.id in self.passing else (FAILED, UNKNOWN)


class Scan:
    """One scan of a group's rows of one table, by checks that look for the same in other tables, or for nothing."""

    def __init__(
        self,
        group: Group,
        cursor: duckdb.DuckDBPyConnection,
        table: Table,
        checks: Sequence[Check],
        wanted: Wanted,
    ) -> None:
        self._group, self._cursor, self._table, self._checks = group, cursor, table, checks
        self._wanted = wanted
        # Of what a template declares within a resource there may be several rows; AWS names each by itself.
        self._merged = bool(table.owners or (table.within and not group.missing.source.asks))
        """Whether several rows are one resource."""
        looked = [group.missing.looked_into(check) for check in checks if check.lookups]
        self._missing: tuple[str, ...] = ()
        """Columns of the judged row that say what is missing from the tables that are looked into."""
        for part in looked:
            self._join(part)

    def run(self) -> list[Tally]:
        """The tallies; the findings are written. Raises duckdb.Error, and then nothing is.

        Where rows are many, only those that some check does not pass are kept.
        """
        self._cursor.begin()
        try:
            tallies = self._run()
            self._cursor.commit()
        except BaseException:
            with contextlib.suppress(duckdb.Error):  # what failed is told, and the connection is of no more use
                self._cursor.rollback()
            raise
        return tallies

    def _run(self) -> list[Tally]:
        checks, numbers = self._checks, range(len(self._checks))
        told = [i for i in numbers if checks[i].id not in self._wanted.counted]
        source = self._source()
        verdicts = f"SELECT {', '.join(self._columns())} FROM {source}"
        few = is_few(self._group, self._table)
        alternatives = self._group.alternatives(self._table)
        if not (few or self._merged or alternatives is not None):
            if not told:
                return self._tallies(_count_there(self._cursor, f"({verdicts})", len(checks)))
            if not any(PASSED in self._wanted.of(check) for check in checks):
                verdicts = f"SELECT * FROM ({verdicts}) WHERE {' OR '.join(map(_not_passed, numbers))}"
                self._write({3 * i + verdict for i in told for verdict in (FAILED, UNKNOWN)}, f"({verdicts})")
                return _count_written(self._cursor, source, checks, [self._about(check) for check in checks])
        self._cursor.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {verdicts}")
        if alternatives is not None:
            self._settle(alternatives)
        if few:
            counts, merged = _count_here(self._cursor, len(checks), self._merged)
        else:
            merged = self._merged
            counts = _count_there(self._cursor, f"({_by_resource(numbers)})" if merged else "judged", len(checks))
        codes = {
            3 * i + verdict
            for i in told
            for verdict in self._wanted.of(checks[i])
            if any(of[i][verdict] for of in counts.values())
        }
        if codes:
            self._write(codes, merged=merged)
        return self._tallies(counts)

    def _tallies(self, counts: _Counts) -> list[Tally]:
        return [
            Tally(check.id, account, region, passed, failed, unknown)
            for (account, region), of_place in counts.items()
            for check, (passed, failed, unknown) in zip(self._checks, of_place, strict=True)
            if passed or failed or unknown
        ]

    def _join(self, looked: Looked | None) -> None:
        """Make a table of what is missing where rows look, to be joined with them."""
        rows = looked.rows(self._group.places(self._table.name)) if looked is not None else []
        if looked is None or not rows:
            return
        self._missing = looked.columns
        form = dict.fromkeys(("account_id", "region", *looked.columns), "VARCHAR")
        self._cursor.execute(
            "CREATE OR REPLACE TEMP TABLE missing AS SELECT unnest(from_json($rows, $form), recursive := true)",
            {"rows": to_json(rows).decode(), "form": to_json([form]).decode()},
        )

    def _settle(self, alternatives: str) -> None:
        """Give a verdict to what is unknown of rows that may be one of several, where it is the same for each."""
        numbers = range(len(self._checks))
        each = ", ".join(
            f"{self._verdict(check)} AS v{i}, {self._about(check)} AS a{i}" for i, check in enumerate(self._checks)
        )
        source = self._source(f"({alternatives})")
        rows = f"SELECT {ROW}.resource, {ROW}.file, {ROW}._of, {ROW}._alternatives, {each} FROM {source}"
        worst = ", ".join(
            f"bool_or(a{i}) AS a{i}, CASE WHEN bool_or(NOT v{i}) FILTER (WHERE a{i}) THEN false "
            f"WHEN bool_or(v{i} IS NULL) FILTER (WHERE a{i}) THEN NULL ELSE true END AS v{i}"
            for i in numbers
        )
        same = ", ".join(
            f"count(*) FILTER (WHERE a{i}) AS n{i}, CASE WHEN count(v{i}) FILTER (WHERE a{i}) < "
            f"any_value(_alternatives) THEN NULL WHEN bool_and(v{i}) THEN true WHEN NOT bool_or(v{i}) THEN false END "
            f"AS v{i}"
            for i in numbers
        )
        self._cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE settled AS SELECT resource, file, {same} FROM "
            f"(SELECT resource, file, _of, any_value(_alternatives) AS _alternatives, {worst} FROM ({rows}) "
            "GROUP BY resource, file, _of) GROUP BY resource, file"
        )
        told = ", ".join(
            f"v{i} = coalesce(judged.v{i}, settled.v{i}), "
            f"a{i} = judged.a{i} AND (judged.v{i} IS NOT NULL OR settled.n{i} > 0)"
            for i in numbers
        )
        self._cursor.execute(
            f"UPDATE judged SET {told} FROM settled "
            "WHERE judged.resource = settled.resource AND judged.file = settled.file"
        )

    def _source(self, of: str | None = None) -> str:
        """SQL for the rows to be judged (of the table, or given as SQL), each with what other tables say of it."""
        rows = f"{of or identifier(self._table.name)} AS {ROW}"
        looks = {name: look for check in self._checks for name, look in check.looks.items()}
        added = [f"{self._look(look)} AS {identifier(name)}" for name, look in looks.items()]
        if self._missing:
            rows += (
                f" LEFT JOIN missing ON missing.account_id IS NOT DISTINCT FROM {ROW}.account_id "
                f"AND missing.region IS NOT DISTINCT FROM {ROW}.region"
            )
            added += [f"missing.{identifier(name)}" for name in self._missing]
        if self._wanted.only is not None:
            rows += f" WHERE {ROW}.resource = {literal(self._wanted.only)}"
        return f"(SELECT {', '.join([f'{ROW}.*', *added])} FROM {rows}) AS {ROW}" if added else rows

    def _look(self, look: Look) -> str:
        """SQL for what a look gives: NULL where the table that is looked into was not read."""
        sql = self._group.sql_of(look)
        unread = unread_column(look.table)
        if unread not in self._missing:
            return sql
        return f"CASE WHEN missing.{identifier(unread)} IS NULL THEN {sql} END"

    def _columns(self) -> list[str]:
        """What is selected for each row: `v<i>` the verdict of check i, `a<i>` whether it is about the row."""
        columns = {name for check in self._checks for name in (*check.columns, *check.shown)} | _ALWAYS
        selected = [f"{ROW}.{identifier(name)}" for name in (*sorted(columns), *self._missing)]
        selected += [f"{_own(self._table, 'name')} AS _name", f"{_own(self._table, 'tags')} AS _tags"]
        for i, check in enumerate(self._checks):
            selected.append(f"{self._verdict(check)} AS v{i}")
            selected.append(f"{self._about(check)} AS a{i}")
        return selected

    def _about(self, check: Check) -> str:
        """SQL for: the check is about this row, or may be."""
        about = [f"({check.about})"] if check.about else []
        companions = self._group.companions(self._table)
        if companions:
            source = self._group.missing.source
            about.append(about_companions(check, self._table, companions, source, self._verdict(check)))
        return " AND ".join(about) or "true"

    def _verdict(self, check: Check) -> str:
        """The verdict's SQL, NULL where a table looked into was not read for the row's account and region."""
        unread = [
            f"{ROW}.{identifier(name)} IS NULL"
            for name in map(unread_column, check.lookups)
            if name in self._missing
        ]
        return f"CASE WHEN {' AND '.join(unread)} THEN {check.verdict} END" if unread else check.verdict

    def _write(self, codes: Set[int], source: str = "judged", *, merged: bool = False) -> None:
        """Write a finding for each of these verdicts on each row, or on each resource where rows are `merged`."""
        told = {
            i: (
                self._checks[i].reason if 3 * i + FAILED in codes else None,
                self._causes(self._checks[i]) if 3 * i + UNKNOWN in codes else None,
            )
            for i in sorted({code // 3 for code in codes})
        }
        if merged:
            source = f"({_by_resource(told, told)})"
            told = {i: (reason and f"r{i}", causes and f"w{i}") for i, (reason, causes) in told.items()}
        reason = _by_code({3 * i + FAILED: reason for i, (reason, _) in told.items() if reason}, "''")
        causes = _by_code({3 * i + UNKNOWN: causes for i, (_, causes) in told.items() if causes}, "NULL")
        coded = ", ".join(_code(i, codes) for i in told)
        self._cursor.execute(
            f"INSERT INTO findings SELECT [{', '.join(literal(check.id) for check in self._checks)}][n // 3 + 1], "
            f"['pass', 'fail', 'unknown'][n % 3 + 1], resource, account_id, region, {reason}, NULL, file, line, "
            f"partition, _name, _tags, {causes} "
            f"FROM (SELECT *, unnest(list_filter([{coded}], lambda i: i IS NOT NULL)) AS n "
            f"FROM (SELECT * REPLACE ({_NAME} AS _name) FROM {source})) AS {ROW}"
        )

    def _causes(self, check: Check) -> str:
        """SQL for why a verdict is unknown."""
        causes: list[tuple[str, str]] = []
        for name in check.lookups:
            missing = (partly_column(name), unread_column(name))
            causes += (("", f"{ROW}.{identifier(column)}") for column in missing if column in self._missing)
            partly = self._group.missing.why_partly_read(name)
            if partly:
                causes.append(("", cause(partly.kind, partly.reason)))
        for name in check.columns:
            generic = self._group.missing.why_null(self._table, name)
            why = f"coalesce({ROW}._unknown ->> {literal(name)}, {cause(generic.kind, generic.reason)})"
            causes.append((f"{name}: ", f'CASE WHEN {ROW}."{name}" IS NULL THEN {why} END'))
        types = {column.name: column.type for column in self._table.all_columns}
        marked = self._group.marked(self._table)
        causes += [
            (f"{name}: ", why_assigned(name, types[name], check.asks[check.table]))
            for name in check.asked
            if name in marked
        ]
        otherwise = Unknown(Kind.UNCOMPUTABLE, "it cannot be told from what was read")
        if check.lookups:
            otherwise = self._group.missing.why_open(check.lookups)
        return whys(causes, otherwise)
