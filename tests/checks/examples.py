"""Runs a check's examples, judged by the real engine: side by side in one snapshot, or each in one of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from demarcate.base.documents import compose, convert, read_text
from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.checks.structs import Check, Example, Written
from demarcate.estate.schema.table import Table
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table

MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
"""What now() is in examples."""

ACCOUNT, REGION = "123456789012", "eu-west-1"


@cache
def shipped() -> dict[str, Check]:
    """The checks of the catalog."""
    return load_checks()


def written_checks(folder: Path) -> Iterator[Written]:
    for path in sorted(folder.rglob("*.yaml")):
        node = compose(read_text(path), str(path))
        for item in node.value if node is not None else ():
            yield convert(item, Written, str(path))


def region_of(of: Table) -> str:
    return "global" if of.scope == "account" else REGION


def row_of(of: Table, values: Example, account: str = ACCOUNT) -> dict[str, Any]:
    columns = {column.name for column in of.all_columns}
    unknown = set(values) - columns
    assert not unknown, f"{of.name} has no {sorted(unknown)}"
    common = {"resource": f"example of {of.name}", "account_id": account, "region": region_of(of)}
    return common | values


Told = list[tuple[str, str]]
"""The (verdict, reason) of each finding for one example; empty where the check is not about the row."""


def verdicts(check: Check, examples: Sequence[Example]) -> list[Told]:
    """What is found for each example. Those that speak of nothing but their own row are judged side by side.

    Each of the others is all that there is in an account of its own: no check looks beyond one.
    """
    together = verdicts_together if is_plain(check, examples) else verdicts_apart
    return together([(check, examples)])[check.id]


def is_plain(check: Check, examples: Sequence[Example]) -> bool:
    """Whether examples speak of nothing but their own row."""
    return not check.lookups and not any(example.keys() & {"with", "unread", "resource"} for example in examples)


def verdicts_together(checks: Iterable[tuple[Check, Sequence[Example]]]) -> dict[str, list[Told]]:
    """What is found for each of the plain examples of some checks, by check: all are rows of one snapshot."""
    given = list(checks)
    rows: dict[str, list[dict[str, Any]]] = {}
    for check, examples in given:
        of = table(check.table)
        named = (
            row_of(of, example) | {"resource": _name(check, number)} for number, example in enumerate(examples)
        )
        rows.setdefault(check.table, []).extend(named)
    with SnapshotWriter("live", "examples", moment=MOMENT) as writer:
        for name, values in rows.items():
            of = table(name)
            part = writer.part(of, [c.name for c in of.all_columns], ACCOUNT, region_of(of))
            part.append(values)
            part.seal()
        snapshot = writer.finish()
    told: dict[tuple[str, str | None], Told] = {}
    for f in judge(snapshot, [check for check, _ in given], passes=True).findings():
        told.setdefault((f.check, f.resource), []).append((f.verdict, f.reason))
    return {
        check.id: [told.get((check.id, _name(check, number)), []) for number in range(len(examples))]
        for check, examples in given
    }


def _name(check: Check, number: int) -> str:
    return f"example {number} of {check.id}"


def verdicts_apart(checks: Iterable[tuple[Check, Sequence[Example]]]) -> dict[str, list[Told]]:
    """What is found for each example of some checks, by check: each is in an account of its own of one snapshot."""
    numbers = count(int(ACCOUNT))
    by_table = sorted(
        checks, key=lambda given: given[0].table
    )  # accounts are judged in groups: few tables in each
    given = [(check, [(str(next(numbers)), example) for example in examples]) for check, examples in by_table]
    with SnapshotWriter("live", "examples", moment=MOMENT) as writer:
        for check, placed in given:
            for account, example in placed:
                _write(writer, check, _moved(dict(example), account), account)
        snapshot = writer.finish()
    told: dict[tuple[str, str | None, str | None], Told] = {}
    for f in judge(snapshot, [check for check, _ in given], passes=True).findings():
        told.setdefault((f.check, f.account, f.resource), []).append((f.verdict, f.reason))
    return {
        check.id: [
            [
                *told.get((check.id, account, None), []),
                *told.get((check.id, account, example.get("resource", f"example of {check.table}")), []),
            ]
            for account, example in placed
        ]
        for check, placed in given
    }


def _moved(value: Any, account: str) -> Any:
    """Part of an example as it is in another account than the one that examples name."""
    if isinstance(value, dict):
        return {key: _moved(item, account) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(item, account) for item in value]
    return value.replace(ACCOUNT, account) if isinstance(value, str) else value


def _write(writer: SnapshotWriter, check: Check, example: Example, account: str) -> None:
    others = dict(example.pop("with", {}))
    unread = list(example.pop("unread", ()))
    rows = {check.table: [row_of(table(check.table), example, account)]}
    for name in check.lookups:
        if name not in unread and (name != check.table):
            rows.setdefault(name, [])
    for name, more in others.items():
        assert name in check.tables, f"{check.id} does not look into {name}"
        rows.setdefault(name, []).extend(row_of(table(name), values, account) for values in more)
    for name, values in rows.items():
        of = table(name)
        part = writer.part(of, [c.name for c in of.all_columns], account, region_of(of))
        part.append(values)
        part.seal()
    for name in unread:
        where = region_of(table(name))
        denied = Unread(kind=Kind.DENIED, reason="access denied", account=account, region=where, operation="x:Y")
        writer.unread(replace(denied, table=name))
