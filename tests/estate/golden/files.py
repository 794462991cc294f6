"""Golden rows as files: one for each source and table, one line for each column."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
OUTLINE = FOLDER / "outline.json"
REWRITE = "python -m tests.estate.golden"

KINDS = ("rows", "sparse")

Document = dict[str, dict[str, Any]]
"""The rows of one table by what they come from: an operation, a type of resources, a table.

Each has its "rows" of answers with all members, "sparse" ones of answers without some, and the "calls" where AWS is
asked.
"""


def merged(variants: list[Any]) -> Any:
    """What is the same in all variants once, and what differs as {"each": […]}."""
    first = variants[0]
    if all(other == first and type(other) is type(first) for other in variants):
        return first
    if all(isinstance(variant, dict) and variant.keys() == first.keys() for variant in variants):
        return {key: merged([variant[key] for variant in variants]) for key in first}
    if all(isinstance(variant, list) and len(variant) == len(first) for variant in variants):
        return [merged([*items]) for items in zip(*variants, strict=True)]
    return {"each": variants}


def rows_of(variants: list[list[dict[str, Any]]]) -> list[Any]:
    """The rows of all variants: merged where each has as many, else one after the other."""
    if len({len(rows) for rows in variants}) == 1:
        return [merged([*rows]) for rows in zip(*variants, strict=True)]
    return [row for rows in variants for row in rows]


def written(document: Document) -> str:
    """A document as its file has it."""
    parts = []
    for origin, section in sorted(document.items()):
        entries = [f'    "calls": {_lines(map(_json, section["calls"]), 4)}'] if "calls" in section else []
        entries += [
            f"    {_json(kind)}: {_lines(map(_columns, section[kind]), 4)}" for kind in KINDS if kind in section
        ]
        parts.append(f"  {_json(origin)}: {{\n" + ",\n".join(entries) + "\n  }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _columns(row: Mapping[str, Any]) -> str:
    return "{" + _block((f"{_json(name)}: {_json(row[name])}" for name in sorted(row)), 8) + "}"


def _lines(items: Iterable[str], indent: int) -> str:
    return "[" + _block(items, indent + 2) + "]"


def _block(items: Iterable[str], indent: int) -> str:
    lines = ",\n".join(" " * indent + item for item in items)
    return f"\n{lines}\n{' ' * (indent - 2)}" if lines else ""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def path_of(source: str, table: str) -> Path:
    """The file of a table's rows from a source."""
    return FOLDER / source / f"{table}.json"


def without(value: Any, names: set[str]) -> Any:
    """A value without the members of some names, however deep."""
    if isinstance(value, dict):
        return {key: without(item, names) for key, item in value.items() if key not in names}
    return [without(item, names) for item in value] if isinstance(value, list) else value


def differences(source: str, table: str, now: Document | None, lacking: set[str]) -> list[str]:
    """What is not as it was committed, a line for each column."""
    path = path_of(source, table)
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    after = json.loads(written(now)) if now is not None else {}
    changed = []
    for origin in sorted({*before, *after}):
        old, new = before.get(origin, {}), after.get(origin, {})
        where = f"{source} {table} ({origin})"
        if old.get("calls") != new.get("calls"):
            changed.append(f"{where}: calls: committed {old.get('calls')}, now {new.get('calls')}")
        for kind in KINDS:
            committed, current = old.get(kind, []), new.get(kind, [])
            if len(committed) != len(current):
                changed.append(f"{where}: {len(committed)} {kind} were committed, there are {len(current)} now")
                continue
            for row, other in zip(committed, current, strict=True):
                changed += _changed(f"{where}: {kind}", row, other, lacking)
    return changed


def _changed(where: str, row: Mapping[str, Any], other: Mapping[str, Any], lacking: set[str]) -> Iterable[str]:
    for name in sorted({*row, *other}):
        old, new = (_json(without(side[name], lacking)) if name in side else "no column" for side in (row, other))
        if old != new:
            same = next((at for at, pair in enumerate(zip(old, new, strict=False)) if len({*pair}) > 1), 0)
            yield f"{where}: {name}: committed {_from(old, same)}, now {_from(new, same)}"


def _from(value: str, same: int) -> str:
    """A long value from shortly before where it differs."""
    start = max(0, same - 100)
    return f"{'…' if start else ''}{value[start : start + 400]}{'…' if len(value) > start + 400 else ''}"
