"""Measures the judging of many accounts, and of many rows (`make bench`): seconds of the processor beside wall seconds.

A lake is made of one account whose rows are the examples of the catalog's own checks, with the id of each account in
their place: what fails and what is unknown is what the catalog says, and so is how many look into other tables.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PLACEHOLDER = "999999999999"
TABLES, ROWS = 24, 700
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)


def examples() -> dict[str, list[dict[str, Any]]]:
    """Rows of the tables with most checks: each passes what it can, but for what an example of one check says."""
    from demarcate.base.documents import compose, convert, read_text
    from demarcate.checks.catalog import SHIPPED
    from demarcate.checks.structs import Written

    rows: dict[str, list[dict[str, Any]]] = {}
    passing: dict[str, dict[str, Any]] = {}
    for path in sorted(SHIPPED.rglob("*.yaml")):
        node = compose(read_text(path), str(path))
        for item in node.value if node is not None else ():
            check = convert(item, Written, str(path))
            told = check.examples
            for example in (*told.passes, *told.fails, *told.unknown) if told is not None else ():
                if not {"with", "unread", "resource"} & example.keys():
                    rows.setdefault(check.table, []).append(example)
                    if told is not None and example in told.passes:
                        passing[check.table] = {**example, **passing.get(check.table, {})}
    most = Counter({name: len(of) for name, of in rows.items()}).most_common(TABLES)
    return {name: [{**passing.get(name, {}), **row} for row in rows[name]] for name, _ in most}


def make_account(folder: Path, rows: int) -> Path:
    """A snapshot of one account with so many rows."""
    from demarcate.estate.snapshots.writing import SnapshotWriter
    from demarcate.estate.tables import table

    given = examples()
    with SnapshotWriter("live", "bench", out=folder, moment=MOMENT) as writer:
        for number, (name, of_table) in enumerate(given.items()):
            of = table(name)
            region = "global" if of.scope == "account" else "eu-west-1"
            part = writer.part(of, [column.name for column in of.all_columns], PLACEHOLDER, region)
            count = rows // TABLES + (number < rows % TABLES)
            common = {"account_id": PLACEHOLDER, "region": region, "partition": "aws"}
            part.append(
                {"resource": f"arn:aws:{name}:{region}:{PLACEHOLDER}:{n}", **common, **of_table[n % len(of_table)]}
                for n in range(count)
            )
            part.seal()
        writer.finish()
    return folder


def make_lake(folder: Path, accounts: int, rows: int = ROWS) -> Path:
    """A lake of so many accounts, each with so many rows: a folder of snapshots."""
    import duckdb

    folder.mkdir(parents=True)
    made = make_account(folder / PLACEHOLDER, rows)
    ids = [str(100_000_000_000 + n) for n in range(accounts)]
    with duckdb.connect() as database:
        for part in sorted(made.rglob("*.parquet")):
            account = "'1' || lpad(numbers.n::VARCHAR, 11, '0')"
            database.execute(
                f"COPY (SELECT part.* REPLACE ({account} AS account_id, "
                f"replace(part.resource, '{PLACEHOLDER}', {account}) AS resource), numbers.n AS of_account "
                f"FROM range({accounts}) numbers(n), '{part}' part) TO '{folder}/.made' "
                "(FORMAT parquet, PARTITION_BY (of_account), COMPRESSION zstd)"
            )
            for number, account in enumerate(ids):
                to = folder / account / part.relative_to(made).parent / part.name.replace(PLACEHOLDER, account)
                to.parent.mkdir(parents=True, exist_ok=True)
                (folder / ".made" / f"of_account={number}" / "data_0.parquet").rename(to)
            shutil.rmtree(folder / ".made")
    _manifests(made, folder, ids)
    shutil.rmtree(made)
    return folder


def _manifests(made: Path, folder: Path, accounts: list[str]) -> None:
    from msgspec.structs import replace

    from demarcate.estate.snapshots.manifest import write_manifest
    from demarcate.estate.snapshots.snapshot import Snapshot

    manifest = Snapshot.open(made).manifest
    for account in accounts:
        tables = {
            name: replace(
                held,
                parts=tuple(
                    replace(part, account=account, file=(part.file or "").replace(PLACEHOLDER, account))
                    for part in held.parts
                ),
            )
            for name, held in manifest.tables.items()
        }
        write_manifest(folder / account, replace(manifest, tables=tables))


if __name__ == "__main__":
    began = time.process_time()
    make_lake(Path(sys.argv[1]), int(sys.argv[2]))
    print(time.process_time() - began)
