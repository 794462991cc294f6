"""Golden rows: what each resource of `hashicorp/aws` gives where every attribute says its own name.

A changed mapping is a changed line of `rows.json`. After a change that is meant,
`python -m tests.estate.terraform.golden` writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

from demarcate.base.connection import connect
from demarcate.base.files import write_whole
from demarcate.estate import tables
from demarcate.estate.schema.table import Table
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.tabular import rows_in
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.terraform.mapped import attributes, declarations
from demarcate.report.safe import json_text
from tests.estate.terraform.plans import plan

KEPT = Path(__file__).with_name("rows.json")
LEFT_OUT = ("resource", "file", "_assigned", "_unknown", "managed_by")


def said(tree: Any, path: str) -> Any:
    """A value of a form that says where it is: an attribute's text is its name."""
    if tree == "number":
        return crc32(path.encode()) % 9_000 + 1
    if isinstance(tree, str):
        return tree == "boolean" or path
    if isinstance(tree, list):
        return [said(tree[0], path)]
    if "*" in tree:
        return {"key": said(tree["*"], path)}
    return [{name: said(inner, f"{path}.{name}") for name, inner in tree.items()}]


def golden(folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """The rows of each resource, by resource and table: columns that are known."""
    resources = sorted({mapped.resource for mapped in declarations() if not mapped.into})
    values = {name: {key: said(form, key) for key, form in attributes()[name].items()} for name in resources}
    path = folder / "plan.json"
    path.write_text(json.dumps(plan({f"{name}.a": {"values": of} for name, of in values.items()})))
    rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in resources}
    with collect_snapshot([path]) as snapshot:
        for table, row in all_rows(snapshot):
            known = {name: value for name, value in row.items() if name not in LEFT_OUT and value is not None}
            rows[row["resource"].removesuffix(".a")].setdefault(table.name, known)
    return {name: of for name, of in rows.items() if of}


def all_rows(snapshot: Snapshot) -> Iterator[tuple[Table, dict[str, Any]]]:
    """The rows of all tables that resources of templates are rows of."""
    with connect(snapshot.folder) as connection:
        for table in (table for table in tables.all_tables().values() if table.types):
            result = connection.execute(f"SELECT * FROM {rows_in(snapshot.files(table.name))}")
            names = [column[0] for column in result.description or ()]
            for values in result.fetchall():
                yield table, dict(zip(names, values, strict=True))


def text(rows: dict[str, dict[str, dict[str, Any]]]) -> str:
    """What the file holds: a column a line."""
    lines = [
        f"{json_text(f'{resource} {table} {column}')}: {json_text(value)}"
        for resource, of in rows.items()
        for table, row in of.items()
        for column, value in row.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        write_whole(KEPT, text(golden(Path(made))).encode())
