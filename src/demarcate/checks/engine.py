"""Judges a snapshot by checks: one scan a table for the verdicts, a row for each that is not a pass.

Judging is pure: the same snapshot and the same checks give the same findings. Now is the snapshot's moment.

What is judged is an account. That several are judged together, in groups, is only how it is done: what fails of a
group is judged again in halves, down to the check and the account that it fails for, and is unknown there alone.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from demarcate.base import duckdb
from demarcate.base.connection import TookTooLong, deadline, short
from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.logs import phase
from demarcate.base.sql import identifier
from demarcate.checks.database import Database, Group
from demarcate.checks.judgement import JUDGED, WAIVER, Judgement, NotRun, Tally, make_tables
from demarcate.checks.missing import Missing, Place
from demarcate.checks.scanning import Scan, Wanted, is_few, read_by
from demarcate.checks.structs import Check
from demarcate.checks.whys import COLUMN, Cause, tell
from demarcate.estate.schema.table import Table
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.tables import all_tables

T = TypeVar("T")

SCAN_SECONDS = 120.0
"""How long the checks of one scan may take before they are unknown."""

GROUP_ACCOUNTS, GROUP_ROWS = 100, 200_000
"""How many accounts are judged together, and how many rows: the planning of queries is paid for each group."""


@phase("judged")
def judge(
    snapshot: Snapshot,
    checks: Iterable[Check],
    *,
    passes: bool = False,
    counted: Iterable[Check] = (),
    passing: Collection[str] = (),
    only: str | None = None,
    threads: int | None = None,
    memory: int | None = None,
    temp: Path | None = None,
    database: Database | None = None,
) -> Judgement:
    """Judge a snapshot. With `passes`, what passes becomes a finding too; of checks that are only `counted`, tallies
    are made and nothing else; of those that are `passing`, by their ids, what passes is a finding in any case. `only`
    judges the rows of one resource.

    At most `threads` queries run at once (all processors), in `memory` bytes (what the number of rows asks for); what
    does not fit is spilled into the folder `temp` (where temporary files are).

    A part that cannot be read is one that was not: what needs it is unknown there, and the snapshot of the judgement
    says so. Raises DemarcateError where tables cannot be read although all of their parts can.
    """
    database = database or Database(snapshot, threads=threads, memory=memory, temp=temp)
    told, tallied = list(checks), list(counted)
    make_tables(database.connection, told)
    database.connection.execute(f"ALTER TABLE findings ADD COLUMN {COLUMN}")
    missing = Missing(snapshot)
    ordered = sorted([*told, *tallied], key=lambda check: (check.table, check.id))
    tables = [(all_tables()[name], list(of_it)) for name, of_it in groupby(ordered, key=lambda c: c.table)]
    absent = {
        check.id: missing.why_absent(table) or missing.why_unanswered(check, table)
        for table, of_it in tables
        for check in of_it
    }
    of_counted = frozenset(check.id for check in tallied)
    not_run = [
        NotRun(name, why.reason, why.kind)
        for name, why in absent.items()
        if why is not None and name not in of_counted
    ]
    answered = [(table, [check for check in of_it if absent[check.id] is None]) for table, of_it in tables]
    present = [(table, of_it) for table, of_it in answered if of_it]
    judging = _Judging(database, present, Wanted(passes, only, of_counted, frozenset(passing)))
    for part in groups(snapshot):
        judging.group(part)
    tell(database.connection)
    database.connection.execute("ALTER TABLE findings DROP COLUMN whys")
    database.connection.execute(f"ALTER TABLE findings ADD COLUMN {WAIVER}")
    judged = snapshot.without(judging.damaged) if judging.damaged else snapshot
    return Judgement(
        database.connection,
        tuple(tally for tally in judging.tallies if tally.check not in of_counted),
        tuple(not_run),
        judged,
        counted=tuple(tally for tally in judging.tallies if tally.check in of_counted),
    )


def groups(snapshot: Snapshot) -> Iterator[Snapshot]:
    """A snapshot in groups of accounts that are judged together: one, where a part may have rows of any account."""
    accounts = snapshot.accounts
    if not snapshot.is_divisible:
        yield snapshot
        return
    rows: dict[str | None, int] = {}
    for held in snapshot.manifest.tables.values():
        for part in held.parts:
            rows[part.account] = rows.get(part.account, 0) + part.rows
    group: list[str | None] = []
    for account in accounts:
        if group and (len(group) == GROUP_ACCOUNTS or sum(rows.get(a, 0) for a in (*group, account)) > GROUP_ROWS):
            yield snapshot.of(group)
            group = []
        group.append(account)
    yield snapshot if len(group) == len(accounts) else snapshot.of(group)


def _together(group: Group, table: Table, checks: Sequence[Check], counted: frozenset[str]) -> list[list[Check]]:
    """Checks that are judged in one scan: all that look at their own row alone, and those that look for the same.

    The database plans each look into another table over all that comes before it in the same query: the cost of
    planning several together grows with the square of their number, and scanning is cheap beside it.
    """
    few = is_few(group, table)
    scans: dict[object, list[Check]] = {}
    for check in checks:
        apart = check.id in counted and not few  # of many rows, those are kept for which there are findings
        scans.setdefault((apart, _looked_for(group, check)), []).append(check)
    return list(scans.values())


def _work(group: Group, checks: Iterable[Check]) -> int:
    """How much there is to plan for some checks, as far as the length of their SQL tells it."""
    looks = {look for check in checks for look in check.looks.values() if group.has_rows(all_tables()[look.table])}
    return sum(len(look.sql) for look in looks) + sum(len(check.verdict) for check in checks)


def _looked_for(group: Group, check: Check) -> object:
    """What a check looks for in other tables. A look into a table without rows is not planned, one that no row leaves
    open is soon planned, and one into a table of which something is missing is the check's own.
    """
    if check.lookups and group.missing.looked_into(check) is not None:
        return check.id
    looks = [look for look in check.looks.values() if group.has_rows(all_tables()[look.table])]
    return None if all(map(group.is_sure, looks)) else frozenset(check.looks)


_Failed = duckdb.Error | TookTooLong
_Scan = tuple[Table, list[Check]]


class _Judging:
    """One run over one database."""

    def __init__(self, database: Database, tables: Sequence[tuple[Table, list[Check]]], wanted: Wanted) -> None:
        self._database, self._tables, self._wanted = database, tables, wanted
        self.tallies: list[Tally] = []
        self.damaged: dict[str, Unread] = {}

    def group(self, snapshot: Snapshot) -> None:
        """Judge some accounts. Raises DemarcateError where they cannot be read, and no part is damaged."""
        while True:
            group = self._database.group(snapshot)
            tables = [(table, checks) for table, checks in self._tables if group.has_rows(table)]
            scans, outcomes, failed = self._side_by_side(group, tables)
            damaged = group.damaged(_read_by(scans[n] for n in failed))
            if not damaged:
                break
            # A part is read whole or not at all, whichever column or check it was that told.
            group.drop()
            self._forget(snapshot)
            self.damaged |= damaged
            snapshot = snapshot.without(damaged)
        for n, (table, checks) in enumerate(scans):
            self.tallies += self._halved(group, table, checks, failed[n]) if n in failed else outcomes[n]
        for table, checks in self._tables:
            self.tallies += self._unread(group, table, checks)
        group.drop()

    def _side_by_side(
        self, group: Group, tables: Sequence[_Scan]
    ) -> tuple[Sequence[_Scan], dict[int, list[Tally]], dict[int, _Failed]]:
        """The scans of tables, the tallies of each by its number, and those that failed, with what they failed of.

        Most of the time for a small estate is planning, which the database does on one core: so side by side. A scan
        for which the memory did not do then is done again alone: whether a check can be computed does not depend on
        what else runs.
        """
        try:
            group.prepare(tables, _read_by(tables))
        except duckdb.Error as error:
            if not group.damaged(_read_by(tables)):
                raise DemarcateError(f"{group.snapshot.folder}: cannot be read: {short(error)}") from error
            return tables, {}, dict.fromkeys(range(len(tables)), error)
        scans = [
            (table, together)
            for table, checks in tables
            for together in _together(group, table, checks, self._wanted.counted)
        ]
        of_thread = threading.local()

        def scan(n: int) -> list[Tally] | _Failed:
            if not hasattr(of_thread, "cursor"):  # making one costs as much as a small scan
                of_thread.cursor = group.cursor()
            return self._attempt(group, of_thread.cursor, *scans[n], SCAN_SECONDS)

        # Those that take longest come first: else all but one thread may wait for the last of them.
        longest = sorted(range(len(scans)), key=lambda n: -_work(group, scans[n][1]))
        with ThreadPoolExecutor(self._database.threads) as pool:
            outcomes = dict(sorted(zip(longest, pool.map(scan, longest), strict=True)))
        for n, outcome in outcomes.items():
            if isinstance(outcome, duckdb.OutOfMemoryException):
                outcomes[n] = self._attempt(group, group.cursor(), *scans[n], SCAN_SECONDS)
        return (
            scans,
            {n: outcome for n, outcome in outcomes.items() if isinstance(outcome, list)},
            {n: outcome for n, outcome in outcomes.items() if not isinstance(outcome, list)},
        )

    def _attempt(
        self,
        group: Group,
        cursor: duckdb.DuckDBPyConnection,
        table: Table,
        checks: Sequence[Check],
        seconds: float,
    ) -> list[Tally] | _Failed:
        try:
            with deadline(cursor, seconds):
                return Scan(group, cursor, table, checks, self._wanted).run()
        except (duckdb.Error, TookTooLong) as error:
            return error

    def _again(self, group: Group, table: Table, checks: Sequence[Check], seconds: float) -> list[Tally]:
        outcome = self._attempt(group, group.cursor(), table, checks, seconds)
        return outcome if isinstance(outcome, list) else self._halved(group, table, checks, outcome, seconds)

    def _halved(
        self,
        group: Group,
        table: Table,
        checks: Sequence[Check],
        failed: _Failed,
        seconds: float = SCAN_SECONDS,
    ) -> list[Tally]:
        """Judge by halves what failed as a whole: halves of the checks, then of the accounts.

        One check that takes too long over several accounts has as long again for all of them, each its share.
        """
        if len(checks) > 1:
            return [tally for half in _halves(checks) for tally in self._again(group, table, half, seconds)]
        accounts = group.snapshot.accounts
        if len(accounts) < 2 or not group.snapshot.is_divisible:
            return self._uncomputable(group, table, checks[0], failed)
        late = isinstance(failed, TookTooLong)
        tallies = []
        for part in [[account] for account in accounts] if late else _halves(accounts):
            smaller = self._database.group(group.snapshot.of(part))
            if smaller.has_rows(table):
                smaller.prepare([(table, checks)], read_by(table, checks))
                tallies += self._again(smaller, table, checks, seconds / len(accounts) if late else seconds)
            smaller.drop()
        return tallies

    def _uncomputable(self, group: Group, table: Table, check: Check, failed: _Failed) -> list[Tally]:
        """A check that cannot be computed over the rows of an account is unknown there as a whole."""
        crowded = isinstance(failed, duckdb.OutOfMemoryException)
        kind = Kind.TOO_MUCH if crowded or isinstance(failed, TookTooLong) else Kind.UNCOMPUTABLE
        reason = f"it needs more than {self._database.memory:,} bytes of memory" if crowded else short(failed)
        why = Cause(kind, f"the predicate cannot be computed over these rows: {reason}")
        rows = (
            group.cursor()
            .execute(
                f"SELECT account_id, region, count(*) FROM {identifier(table.name)} GROUP BY ALL ORDER BY ALL"
            )
            .fetchall()
        )
        self._insert([(check, (account, region), why) for account, region, _ in rows])
        return [Tally(check.id, account, region, 0, 0, count) for account, region, count in rows]

    def _unread(self, group: Group, table: Table, checks: Sequence[Check]) -> list[Tally]:
        """A table that could not be read for an account and region: its checks are unknown there as a whole."""
        unread = [
            (check, place, why)
            for check in checks
            for place, why in group.missing.unread_as_a_whole(check, table).items()
        ]
        self._insert(unread)
        return [Tally(check.id, *place, 0, 0, 1) for check, place, _ in unread]

    def _insert(self, findings: Sequence[tuple[Check, Place, Cause]]) -> None:
        """Write findings about all that a check would have judged in an account and region."""
        rows = [
            {"check": check.id, "account": account, "region": region, "reason": why.reason, "kind": why.kind}
            for check, (account, region), why in findings
            if check.id not in self._wanted.counted
        ]
        if not rows:
            return
        given = {name: JUDGED[name] for name in rows[0]}
        self._database.connection.execute(
            "INSERT INTO findings BY NAME SELECT 'unknown' AS verdict, "
            "unnest(from_json($rows, $form), recursive := true)",
            {"rows": to_json(rows).decode(), "form": to_json([given]).decode()},
        )

    def _forget(self, snapshot: Snapshot) -> None:
        """Remove what was found of the accounts of a snapshot."""
        self._database.connection.execute(
            "DELETE FROM findings WHERE list_contains($accounts, coalesce(account, ''))",
            {"accounts": [account or "" for account in snapshot.accounts]},
        )


def _read_by(scans: Iterable[tuple[Table, Sequence[Check]]]) -> dict[str, set[str]]:
    """The columns of tables that some scans read."""
    reads: dict[str, set[str]] = {}
    for table, checks in scans:
        for name, columns in read_by(table, checks).items():
            reads.setdefault(name, set()).update(columns)
    return reads


def _halves(items: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    middle = len(items) // 2
    return items[:middle], items[middle:]
