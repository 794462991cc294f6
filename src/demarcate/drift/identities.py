"""Which live resource each declared one is, where what is declared has the names that AWS gave it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from demarcate.base.arn import is_account_id, is_region
from demarcate.drift.pairing import Physical, Stack
from demarcate.drift.resolving import marks_of
from demarcate.drift.rows import Rows
from demarcate.estate.schema.table import Table

_ARN: Final = "arn"


def identities(rows: Rows, tables: Sequence[Table]) -> list[Stack]:
    """What is declared as if it were stacks: for each file, account and region one, with its resources by their names.

    The account is that of the resource's ARN, or the one that was read live.
    """
    accounts = {part.account for held in rows.live.manifest.tables.values() for part in held.parts} - {None}
    only = next(iter(accounts)) if len(accounts) == 1 else None
    stacks: dict[tuple[str, str, str], Stack] = {}
    taken: set[tuple[str, str]] = set()
    for table in tables:
        keys = table.keys
        for row in rows.declared_only(table, [_ARN, *keys]):
            name = _name(row, keys)
            key = (row["file"], row["resource"])
            if name is None or None in key or key in taken or row["_companion"] is not None:
                continue
            account, region = _whose(row)
            where = (row["file"], account or only or "", region)
            taken.add(key)
            stack = stacks.setdefault(where, Stack("/".join(where), row["file"], where[1], where[2]))
            stack.resources[row["resource"]] = Physical(name, table.types[0])
    return list(stacks.values())


def by_file(stacks: Iterable[Stack]) -> dict[str, tuple[Stack, ...]]:
    """The stacks of each file."""
    files: dict[str, tuple[Stack, ...]] = {}
    for stack in stacks:
        files[stack.name] = (*files.get(stack.name, ()), stack)
    return files


def _whose(row: Mapping[str, Any]) -> tuple[str, str]:
    """The account and the region of a resource, as far as its ARN says them."""
    parts = row[_ARN].split(":") if isinstance(row[_ARN], str) else []
    if len(parts) < 6:
        return "", ""
    return parts[4] if is_account_id(parts[4]) else "", parts[3] if is_region(parts[3]) else ""


def _name(row: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    """What AWS calls a resource; None where it has not given it a name yet."""
    marks = marks_of(row)
    return next(
        (row[key] for key in (*keys, _ARN) if isinstance(row[key], str) and row[key] and key not in marks), None
    )
