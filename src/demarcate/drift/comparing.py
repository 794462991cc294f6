"""Compare what is declared with what is live, column by column: drift is a join of rows of one table.

What is declared are templates, whose resources are paired with live ones through their stacks, or a snapshot of the
live estate that was signed off, whose rows have the same identity. What could not be compared is told as well, with
why: an unknown on either side, a value that only exists once deployed and that nobody tells, a type without a table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from demarcate.drift.alike import alike
from demarcate.drift.columns import CHILDREN, Children, declarable, settings_of
from demarcate.drift.identities import by_file, identities
from demarcate.drift.ignoring import Ignored, aws_own, filled_by_aws
from demarcate.drift.pairing import Pairing, Stack, pair
from demarcate.drift.resolving import Resolver, Unresolved, marks_of
from demarcate.drift.rows import STACK_RESOURCES, Row, Rows, plain_value
from demarcate.drift.structs import Comparison, Drift, DriftKind
from demarcate.estate.schema.table import MANAGED_BY, Column, Table
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.registry import collected_from
from demarcate.estate.tables import all_tables


def compare(
    declared: Snapshot,
    live: Snapshot,
    *,
    stacks: Mapping[str, Sequence[str]] | None = None,
    asked: Mapping[str, frozenset[str]] | None = None,
    ignored: Ignored | None = None,
    undeclared: bool = True,
) -> Comparison:
    """Where a live estate differs from what is declared.

    `stacks` names the stacks that files are deployed as. `asked` are the columns that checks ask of tables: they are
    compared with a baseline that was read live. `ignored` are differences that are left out; with `undeclared`,
    resources that nothing declares are told. Raises DemarcateError where a snapshot cannot be read.
    """
    rows = Rows(declared, live)
    try:
        if declared.manifest.source == live.manifest.source:
            comparing: _Baseline | _Templates = _Baseline(rows, asked or {})
        else:
            identified = collected_from(declared).identifies
            comparing = _Templates(rows, stacks or {}, undeclared=undeclared, identified=identified)
        drifts = sorted(
            (drift for drift in comparing.drifts() if ignored is None or not ignored.leaves_out(drift)),
            key=lambda drift: (drift.kind, drift.table, drift.file or "", drift.resource, drift.column or ""),
        )
    finally:
        rows.close()
    return Comparison(
        declared=declared.manifest.origin,
        live=live.manifest.origin,
        moment=live.moment.isoformat(),
        drifts=tuple(drifts),
        resources=comparing.resources,
        values=comparing.values,
        stacks=comparing.stacks,
    )


class _Unread:
    """What of the live estate was not read."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._unread = [unread for unread in snapshot.unread if unread.missing]
        self._held = snapshot.manifest.tables

    def why(self, table: str, account: str | None, region: str | None) -> str | None:
        """Why a table was not read in an account and region; None where it was."""
        for unread in self._unread:
            whole = unread.account is None and unread.region is None
            here = unread.account == account and unread.region in (None, region, "global")
            if table in unread.missing and (whole or here):
                return unread.reason
        if not self._has(table, account):
            return self.anywhere(table) or "it was not collected there"
        return None

    def anywhere(self, table: str) -> str | None:
        """Why a table was read nowhere; None where it was read somewhere."""
        if self._has(table, None):
            return None
        reasons = (unread.reason for unread in self._unread if table in unread.missing)
        return next(reasons, "it was not collected")

    def _has(self, table: str, account: str | None) -> bool:
        held = self._held.get(table)
        return held is not None and any(account in (None, part.account) for part in held.parts)


class _Templates:
    """What is declared, in templates or with the names that AWS has for it (`identified`), against the live estate."""

    def __init__(
        self, rows: Rows, named: Mapping[str, Sequence[str]], *, undeclared: bool, identified: bool = False
    ) -> None:
        self._identified = identified
        self._rows, self._undeclared = rows, undeclared
        self._unread = _Unread(rows.live)
        self._tables = [
            table for name, table in all_tables().items() if table.types and name in rows.declared.manifest.tables
        ]
        self.resources = self.values = 0
        stacks = identities(rows, self._tables) if identified else rows.stacks()
        self._held = {physical.id for stack in stacks for physical in stack.resources.values()}
        self._stacks = {stack.id: stack for stack in stacks}
        self._pairing: Pairing = (
            Pairing(by_file(stacks), {}) if identified else pair(rows.logical_ids(self._tables), stacks, named)
        )
        rows.pair(self._pairing.stacks)
        self.stacks = {file: tuple(stack.id for stack in of) for file, of in self._pairing.stacks.items()}
        self._looked_up: dict[tuple[str, str], dict[str, Any]] = {}

    def drifts(self) -> Iterator[Drift]:
        for file, why in self._pairing.unpaired.items():
            if reason := self._unread.anywhere(STACK_RESOURCES):
                why = f"the stacks were not read: {reason}"
            yield Drift(
                kind=DriftKind.NOT_COMPARED,
                table="",
                resource=file,
                account=None,
                region=None,
                reason=why,
                file=file,
            )
        for type_, count in sorted(self._rows.declared.manifest.resources.items()):
            yield Drift(
                kind=DriftKind.NOT_COMPARED,
                table="",
                resource=type_,
                account=None,
                region=None,
                reason=f"no table holds {type_}: {count} declared",
            )
        for table in self._tables:
            yield from self._of_table(table)
            if self._undeclared:
                yield from self._undeclared_of(table)
        for name, children in CHILDREN.items():
            yield from self._of_children(all_tables()[name], children)

    def _of_table(self, table: Table) -> Iterator[Drift]:
        apart = {name for children in CHILDREN.values() if children.of == table.name for name in children.needs}
        columns = [column for column in declarable(table.name) if column.name not in apart]
        names = [column.name for column in columns]
        seen: set[tuple[str, str, str]] = set()
        for physical, declared, live in self._rows.declared_and_live(table, names):
            if declared["file"] in self._pairing.unpaired:
                continue
            where = _where(table, declared, physical)
            if physical["stack"] is None:
                if declared["_conditional"] is None:
                    why = (
                        "AWS has not given it a name yet" if self._identified else "its stack has no such resource"
                    )
                    yield _drift(DriftKind.MISSING, where, reason=why)
                continue
            key = (physical["stack"], declared["file"], declared["resource"])
            if physical["type"] not in table.types or declared["_companion"] is not None:
                reason = (
                    f"it is declared within a resource of the type {physical['type']}, and has no id of its own"
                )
                yield _drift(DriftKind.NOT_COMPARED, where, reason=reason)
                continue
            if live is None:
                yield self._absent(table, where, physical)
                continue
            if key in seen:
                continue
            seen.add(key)
            self.resources += 1
            where["resource"] = live["resource"] or where["resource"]
            resolver = self._resolver(self._stacks[physical["stack"]])
            yield from self._columns(columns, declared, live, resolver, where)

    def _columns(
        self, columns: Sequence[Column], declared: Row, live: Row, resolver: Resolver, where: dict[str, Any]
    ) -> Iterator[Drift]:
        marks = marks_of(declared)
        for column in columns:
            name = column.name
            if declared[name] is None:
                if reason := _reason(declared, name):
                    yield _drift(DriftKind.NOT_COMPARED, where, name, reason=f"declared: {reason}")
                continue
            if live[name] is None:
                reason = _reason(live, name) or "AWS does not return it"
                yield _drift(
                    DriftKind.NOT_COMPARED, where, name, plain_value(column, declared[name]), reason=reason
                )
                continue
            if declared[name] == live[name] and name not in marks:  # as most are: nothing has to be understood
                self.values += 1
                continue
            try:
                mine = plain_value(column, resolver.value(column.type, declared[name], marks.get(name)))
            except Unresolved as error:
                yield _drift(DriftKind.NOT_COMPARED, where, name, reason=str(error))
                continue
            theirs = plain_value(column, live[name])
            self.values += 1
            if not alike(mine, theirs, column=name) and not filled_by_aws(where["table"], name, mine, theirs):
                yield _drift(DriftKind.CHANGED, where, name, mine, theirs)

    def _of_children(self, table: Table, children: Children) -> Iterator[Drift]:
        """The rows of a table that belong to others, such as the rules of a group, as a whole for each owner."""
        left_out = {MANAGED_BY, children.owner, *children.concluded}
        columns = [column for column in table.columns if column.name not in left_out]
        names = [children.owner, *(column.name for column in columns)]
        declared: dict[str, tuple[dict[str, Any], list[Any]]] = {}
        open_: set[str] = set()
        for physical, row in self._rows.declared_rows(table, names):
            if physical["stack"] is None:
                continue
            where = _where(table, row, physical)
            resolver, marks = self._resolver(self._stacks[physical["stack"]]), marks_of(row)
            try:
                owner = resolver.value("VARCHAR", row[children.owner], marks.get(children.owner))
                told = {
                    c.name: plain_value(c, resolver.value(c.type, row[c.name], marks.get(c.name))) for c in columns
                }
            except Unresolved as error:
                yield _drift(DriftKind.NOT_COMPARED, where, reason=str(error))
                open_.add(str(row[children.owner]))
                continue
            if reasons := [reason for column in columns if (reason := _reason(row, column.name))]:
                yield _drift(DriftKind.NOT_COMPARED, where, reason=f"declared: {reasons[0]}")
                open_.add(str(owner))
            else:
                declared.setdefault(str(owner), (where, []))[1].append(told)
        live: dict[str, list[Any]] = {}
        resources: dict[str, str] = {}
        for row in self._rows.live_rows(table, names):
            live.setdefault(row[children.owner], []).append({c.name: plain_value(c, row[c.name]) for c in columns})
            resources[row[children.owner]] = row["resource"]
        for owner, (where, mine) in declared.items():
            if owner in open_ or owner not in live:
                continue
            gone, added = _difference(mine, live[owner])
            gone = [item for item in gone if not any(part.items() <= item.items() for part in children.may_lack)]
            self.values += len(mine)
            if gone or added:
                reason = f"{children.called} that only the declaration has, and that only the live resource has"
                yield _drift(
                    DriftKind.CHANGED,
                    {**where, "resource": resources[owner]},
                    children.called,
                    gone,
                    added,
                    reason,
                )

    def _absent(self, table: Table, where: dict[str, Any], physical: Row) -> Drift:
        region = physical["region"] if table.scope == "region" else "global"
        why = self._unread.why(table.name, physical["account"], region)
        if why is not None:
            return _drift(DriftKind.NOT_COMPARED, where, reason=f"{table.name} was not read: {why}")
        whose = "it is declared" if self._identified else "its stack has it"
        return _drift(DriftKind.MISSING, where, reason=f"{whose} as {physical['physical_id']}")

    def _undeclared_of(self, table: Table) -> Iterator[Drift]:
        """Live resources that no stack has, other than AWS's own."""
        if not self._stacks or (not self._identified and self._unread.anywhere(STACK_RESOURCES) is not None):
            return
        keys = table.keys
        own = aws_own(table)
        for live in self._rows.live_rows(table, [*keys, *own.columns]):
            names = {live["resource"], *(live[key] for key in keys)} - {None}
            if names & self._held or own.is_aws(live):
                continue
            yield Drift(
                kind=DriftKind.UNDECLARED,
                table=table.name,
                resource=str(live["resource"]),
                account=live["account_id"],
                region=live["region"],
                reason="nothing declares it" if self._identified else "no stack has it",
            )

    def _resolver(self, stack: Stack) -> Resolver:
        partition = stack.id.split(":")[1] if stack.id.startswith("arn:") else "aws"
        return Resolver(stack, partition, self._lookup)

    def _lookup(self, table: str, physical: str, column: str) -> Any:
        key = (table, column)
        if key not in self._looked_up:
            chosen = all_tables()[table]
            keys = chosen.keys
            self._looked_up[key] = {
                str(name): row[column]
                for row in self._rows.live_rows(chosen, [*keys, column])
                for name in (row["resource"], *(row[key] for key in keys))
            }
        return self._looked_up[key].get(physical)


class _Baseline:
    """A snapshot that was signed off against one of today."""

    def __init__(self, rows: Rows, asked: Mapping[str, frozenset[str]]) -> None:
        self._rows, self._asked = rows, asked
        self._unread = _Unread(rows.live)
        self.resources = self.values = 0
        self.stacks: dict[str, tuple[str, ...]] = {}

    def drifts(self) -> Iterator[Drift]:
        for name in sorted(self._rows.declared.manifest.tables):
            table = all_tables().get(name)
            if table is not None and not table.owners:
                yield from self._of_table(table)

    def _of_table(self, table: Table) -> Iterator[Drift]:
        held = set(self._rows.declared.manifest.tables[table.name].columns)
        columns = [
            column
            for column in settings_of(table.name, self._asked.get(table.name, frozenset()))
            if column.name in held
        ]
        if not columns:
            return
        count = self._rows.count(self._rows.declared, table)
        self.resources += count
        self.values += count * len(columns)
        told: set[tuple[Any, ...]] = set()
        for before, now in self._rows.both(table, [column.name for column in columns]):
            row = before or now or {}
            where = _place(table, row)
            if now is None:
                why = self._unread.why(table.name, row["account_id"], row["region"])
                if why is not None:
                    yield _drift(DriftKind.NOT_COMPARED, where, reason=f"{table.name} was not read: {why}")
                else:
                    yield _drift(DriftKind.MISSING, where, reason="the baseline has it")
            elif before is None:
                if not aws_own(table).is_aws(now):
                    yield _drift(DriftKind.UNDECLARED, where, reason="the baseline does not have it")
            else:
                for drift in self._columns(columns, before, now, where):
                    key = (drift.resource, drift.account, drift.region, drift.column)
                    if key not in told:
                        told.add(key)
                        yield drift

    @staticmethod
    def _columns(columns: Sequence[Column], before: Row, now: Row, where: dict[str, Any]) -> Iterator[Drift]:
        for column in columns:
            name = column.name
            if before[name] is None or now[name] is None:
                reason = _reason(before, name) or _reason(now, name)
                if reason is not None or before[name] is not now[name]:
                    why = reason or "one of the two does not tell it"
                    yield _drift(DriftKind.NOT_COMPARED, where, name, reason=why)
                continue
            mine, theirs = plain_value(column, before[name]), plain_value(column, now[name])
            if not alike(mine, theirs, column=name):
                yield _drift(DriftKind.CHANGED, where, name, mine, theirs)


def _difference(mine: list[Any], theirs: list[Any]) -> tuple[list[Any], list[Any]]:
    """What only the one of two lists has, and what only the other."""
    left = list(theirs)
    gone = []
    for item in mine:
        match = next((place for place, other in enumerate(left) if alike(item, other)), None)
        if match is None:
            gone.append(item)
        else:
            del left[match]
    return gone, left


def _where(table: Table, declared: Row, physical: Row) -> dict[str, Any]:
    return {
        "table": table.name,
        "resource": physical["physical_id"] or declared["resource"] or "",
        "account": physical["account"],
        "region": physical["region"],
        "logical_id": declared["resource"],
        "file": declared["file"],
        "line": declared["line"],
        "stack": physical["stack"],
    }


def _place(table: Table, row: Row) -> dict[str, Any]:
    return {
        "table": table.name,
        "resource": str(row["resource"]),
        "account": row["account_id"],
        "region": row["region"],
    }


def _drift(
    kind: DriftKind,
    where: Mapping[str, Any],
    column: str | None = None,
    declared: Any = None,
    live: Any = None,
    reason: str = "",
) -> Drift:
    return Drift(kind=kind, column=column, declared=declared, live=live, reason=reason, **where)


def _reason(row: Row, column: str) -> str | None:
    """Why a column is not known; None where nothing says so."""
    if row["_unknown"] is None:
        return None
    told = json.loads(row["_unknown"]).get(column)
    return str(told["reason"]) if isinstance(told, dict) else None
