"""Measures the judging of many accounts, and of many rows (`make bench`): seconds of the processor beside wall seconds.

A lake is made of one account whose rows are the examples of the catalog's own checks, with the id of each account in
their place: what fails and what is unknown is what the catalog says, and so is how many look into other tables.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

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


def measured(command: list[str]) -> tuple[float, float, float, str]:
    """Wall seconds, those of the processor, peak memory (MB) of the largest process of a command, and its output."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as wrong:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=wrong, text=True)
        said = child.stdout.read() if child.stdout is not None else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 3):
            wrong.seek(0)
            sys.exit(f"{command} exited with {child.returncode}: {wrong.read()[-2000:]}")
    seconds = time.perf_counter() - began
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said


@dataclass(frozen=True)
class Line:
    """One line of the result."""

    what: str
    seconds: float
    cpu: float
    megabytes: float
    limit: str
    within: bool

    def __str__(self) -> str:
        memory = f", {self.megabytes:,.0f} MB" if self.megabytes else ""
        verdict = "within" if self.within else "OVER"
        took = f"{self.seconds:.1f} s, {self.cpu:.1f} s of the processor{memory}"
        return f"| {self.what} | {took} | {self.limit} | {verdict} |"


def by_processes(lake: Path, out: Path, accounts: int) -> Line:
    command = [sys.executable, "-m", "demarcate", "assess", str(lake), "--engine", "local", "--save", str(out)]
    seconds, cpu, megabytes, _ = measured(command)
    limit = 60 * accounts / 1000
    what = f"assess {accounts:,} accounts of {ROWS} rows by processes"
    return Line(
        what, seconds, cpu, megabytes, f"{limit:g} s, 500 MB a process", seconds <= limit and megabytes <= 500
    )


MASTER = "local-cluster[2,1,1024]"


def in_spark(lake: Path, out: Path) -> None:
    """Assess a lake in a cluster that is up, and print the seconds that it takes."""
    from pyspark.sql import SparkSession

    from demarcate.lake.assessing import assess_lake
    from demarcate.lake.engines import Engine
    from demarcate.lake.places import Lake

    builder = SparkSession.builder.master(MASTER).config("spark.ui.enabled", "false")
    session = builder.config("spark.log.level", "ERROR").getOrCreate()
    session.range(2).count()
    began = time.perf_counter()
    assess_lake(Lake(place=str(lake)), out, Engine("spark", master=MASTER)).close()
    print(time.perf_counter() - began)
    session.stop()


def by_spark(lake: Path, out: Path, accounts: int) -> Line | None:
    """None where there is no Spark here."""
    from importlib.util import find_spec

    if find_spec("pyspark") is None or shutil.which("java") is None:
        return None
    os.environ["PYSPARK_PYTHON"] = sys.executable
    _, cpu, _, said = measured([sys.executable, __file__, "spark", str(lake), str(out)])
    seconds, limit = float(said.split()[-1]), 90 * accounts / 1000
    what = "the same in local-cluster[2,1,1024], after its start"
    return Line(what, seconds, cpu, 0, f"{limit:g} s", seconds <= limit)


MANY, LOOKED = "aws_rds_db_instance", "aws_rds_db_event_subscription"
"""The table that most checks judge, and one that a check of them looks into."""

PASSING = {
    "engine": "postgres",
    "engine_version": "17.4",
    "engine_major_version": "17",
    "enabled_cloudwatch_logs_exports": ["postgresql", "upgrade"],
    "db_cluster_identifier": "",
}


def make_rows(folder: Path, rows: int) -> None:
    """A snapshot of so many rows of one table: a thousandth of them are the examples of its checks, the others pass."""
    import duckdb

    from demarcate.checks.catalog import load_checks
    from demarcate.estate.snapshots.manifest import Part, TableParts, write_manifest
    from demarcate.estate.snapshots.snapshot import Snapshot
    from demarcate.estate.snapshots.writing import SnapshotWriter
    from demarcate.estate.tables import table

    given = examples()[MANY]
    of = table(MANY)
    columns = [column.name for column in of.all_columns]
    with SnapshotWriter("live", "bench", out=folder, moment=MOMENT) as writer:
        for account, listed in (("1", [most_alike(given) | PASSING]), ("2", given)):
            part = writer.part(of, columns, account, "eu-west-1")
            common = {"account_id": account, "region": "eu-west-1", "partition": "aws"}
            part.append({"resource": "db", **common, **row} for row in listed)
            part.seal()
        told = {"region": "eu-west-1", "enabled": True, "source_type": "", "source_ids_list": []}
        part = writer.part(table(LOOKED), [column.name for column in table(LOOKED).all_columns])
        part.append(
            {"resource": f"of {n}", "account_id": str(100_000_000_000 + n), **told, "event_categories_list": []}
            for n in range(200)
        )
        part.seal()
        writer.finish()
    whole, few = Snapshot.open(folder), rows // 1000
    passing, varied = whole.files(MANY)
    file = Path(passing).with_name("whole.parquet")
    named = "'arn:' || i AS resource, (100000000000 + i % 200)::VARCHAR AS account_id"
    with duckdb.connect() as database:
        database.execute(
            f"COPY (SELECT * EXCLUDE (i) REPLACE ({named}) FROM '{passing}', range({rows - few}) numbers(i) "
            f"UNION ALL SELECT * EXCLUDE (i) REPLACE ({named}) FROM '{varied}', "
            f"range({rows - few}, {rows - few} + {few} // {len(given)}) numbers(i)) TO '{file}' (FORMAT parquet)"
        )
        (count,) = database.execute(f"SELECT count(*) FROM '{file}'").fetchone() or (0,)
    held = Part(account=None, region=None, rows=count, file=f"tables/{MANY}/{file.name}")
    tables = {MANY: TableParts(columns=tuple(columns), parts=(held,)), LOOKED: whole.manifest.tables[LOOKED]}
    for name in {name for check in load_checks().values() if check.table == MANY for name in check.lookups}:
        if not table(name).facts and name != LOOKED:
            nothing = Part(account=None, region=None, rows=0, file=None)  # read, and there is none
            tables[name] = TableParts(columns=tuple(c.name for c in table(name).all_columns), parts=(nothing,))
    write_manifest(folder, replace(whole.manifest, tables=tables))


def most_alike(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A row with the value of each column that most of some rows have."""
    values: dict[str, Counter[str]] = {}
    by_text = {}
    for row in rows:
        for name, value in row.items():
            values.setdefault(name, Counter())[repr(value)] += 1
            by_text[repr(value)] = value
    return {name: by_text[counted.most_common(1)[0][0]] for name, counted in values.items()}


def judge_rows(folder: Path) -> None:
    """Judge a snapshot in this process by all checks of its table, and print how many these are, and their verdicts."""
    from demarcate.checks.catalog import load_checks
    from demarcate.checks.engine import judge
    from demarcate.estate.snapshots.snapshot import Snapshot

    checks = [check for check in load_checks().values() if check.table == MANY]
    judged = judge(Snapshot.open(folder), checks, threads=2)
    no_pass = sum(tally.failed + tally.unknown for tally in judged.tallies)
    print(len(checks), no_pass, no_pass + sum(tally.passed for tally in judged.tallies))


def many_rows(folder: Path, rows: int) -> Line:
    measured([sys.executable, __file__, "rows", str(folder), str(rows)])
    seconds, cpu, megabytes, said = measured([sys.executable, __file__, "judge", str(folder)])
    checks, findings, judged = map(int, said.split()[-3:])
    what = f"judge {rows:,} resources by the {checks} checks of their table ({findings:,} of {judged:,} no pass)"
    return Line(what, seconds, cpu, megabytes, "1,000 MB", megabytes <= 1000)


def main(accounts: int, rows: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="demarcate-bench-"))
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    try:
        measured([sys.executable, "-c", "from demarcate.checks.catalog import load_checks; load_checks()"])
        lake = make_lake(folder / "lake", accounts)
        made = by_processes(lake, folder / "processes", accounts), by_spark(lake, folder / "spark", accounts)
        lines = [line for line in (*made, many_rows(folder / "rows", rows)) if line is not None]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n| what | measured | limit | |\n|---|---|---|---|")
    for line in lines:
        print(line)
    if made[1] is None:
        print("\nSpark was not measured: there is no PySpark, or no Java.")
    if not all(line.within for line in lines):
        sys.exit(1)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["spark", given, out]:
            in_spark(Path(given), Path(out))
        case ["rows", made, number]:
            make_rows(Path(made), int(number))
        case ["judge", made]:
            judge_rows(Path(made))
        case ["lake", made, number]:
            make_lake(Path(made), int(number))
        case numbers:
            main(*map(int, numbers or ("1000", "10000000")))
