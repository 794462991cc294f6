"""Measures patching: calendars, the status of nodes, and its history."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from measuring import DEMARCATE, Line, call, process, snapshot_of


def calendar(windows: int, nodes: int, databases: int) -> Line:
    """A year of windows of nodes, by tags, and of databases, with what is in the way of each other."""
    from demarcate.estate.snapshots.writing import SnapshotWriter
    from demarcate.estate.tables import table
    from demarcate.patching.calendar import make_calendar

    place = {"account_id": "123456789012", "region": "eu-west-1"}
    always = {
        "schedule_timezone": "Europe/Berlin",
        "schedule_offset": 0,
        "duration": 3,
        "cutoff": 1,
        "enabled": True,
    }
    plain = {"start_date": "", "end_date": "", "next_execution_time": ""}
    installs = {"task_arn": "AWS-RunPatchBaseline", "patch_operation": "Install", "max_concurrency": "10%"}
    rows: dict[str, list[dict[str, Any]]] = {
        "aws_ssm_maintenance_window": [
            {
                "window_id": f"mw-{n}",
                "name": f"w{n}",
                "schedule": f"cron(0 {n % 24} ? * {n % 7 + 1} *)",
                **always,
                **plain,
            }
            for n in range(windows)
        ],
        "aws_ssm_maintenance_window_task": [
            {"window_id": f"mw-{n}", "targets": [{"Key": "tag:ring", "Values": [f"{n}"]}], **installs}
            for n in range(windows)
        ],
        "aws_ec2_instance": [
            {
                "instance_id": f"i-{n}",
                "instance_state": "running",
                "autoscaling_group_name": f"g{n % 99}",
                "tags": {"ring": f"{n % windows}"},
            }
            for n in range(nodes)
        ],
        "aws_rds_db_instance": [
            {
                "db_instance_identifier": f"db-{n}",
                "engine": "aurora-mysql",
                "db_cluster_identifier": f"c-{n // 2}",
                "preferred_maintenance_window": f"sun:{n % 24:02}:00-sun:{n % 24:02}:30",
                "pending_maintenance_actions": [],
            }
            for n in range(databases)
        ],
    }
    with SnapshotWriter("live", "bench", moment=datetime(2026, 1, 1, tzinfo=UTC)) as writer:
        for name, given in rows.items():
            of = table(name)
            part = writer.part(of, [column.name for column in of.all_columns], *place.values())
            part.append({**place, "resource": f"arn:{name}/{n}", **row} for n, row in enumerate(given))
            part.seal()
        snapshot = writer.finish()
    since = datetime(2026, 1, 1, tzinfo=UTC)
    made = make_calendar(snapshot, since, since + timedelta(days=365), zone="Europe/Berlin")
    ours = call(lambda: make_calendar(snapshot, since, since + timedelta(days=365), zone="Europe/Berlin"))
    zone = ZoneInfo("Europe/Berlin")
    theirs = call(lambda: [entry.start.astimezone(zone) for entry in made.entries])
    what = (
        f"a year of {windows} windows, {nodes:,} nodes and {databases:,} databases ({len(made.entries):,} times)"
    )
    return Line(what, ours, "the same moments in another zone", theirs, "2 s", ours.seconds <= 2)


_NODE = "'i-' || lpad((i {of_node})::VARCHAR, 17, '0')"
_MANAGED = "'arn:aws:ssm:eu-west-1:123456789012:managed-instance/' || "


def _of_node(kind: str, each: int, **filled: str) -> dict[str, str]:
    """SQL for the columns of a row of a node, of which there are so many for each."""
    node = _NODE.format(of_node=f"// {each}")
    place = {"account_id": "'123456789012'", "region": "'eu-west-1'", "partition": "'aws'"}
    return {**place, "resource": f"{_MANAGED}{node} || '{kind}' || i", "instance_id": node, **filled}


def nodes(folder: Path, count: int, patches: int, seconds: float, megabytes: float) -> Line:
    import msgspec

    from demarcate.estate.snapshots.manifest import write_manifest

    of_nodes = {
        "aws_ec2_instance": _of_node(
            "instance",
            1,
            instance_state="CASE WHEN i % 50 = 0 THEN 'stopped' ELSE 'running' END",
            managed_by="''",
            eks_cluster="''",
            eks_node_group="''",
            tags='\'{"env": "prod"}\'',
        ),
        "aws_ssm_managed_instance": _of_node(
            "",
            1,
            resource_type="'EC2Instance'",
            ping_status="CASE WHEN i % 40 = 0 THEN 'ConnectionLost' ELSE 'Online' END",
            platform_name="'Amazon Linux'",
            platform_version="'2'",
        ),
        "aws_ssm_managed_instance_patch_state": _of_node(
            "/patch-state",
            1,
            operation_end_time="TIMESTAMP '2025-12-31 03:00:00' - to_hours(i % 200)",
            missing_count="40",
            failed_count="0",
            installed_pending_reboot_count="i % 3",
            critical_non_compliant_count="i % 2",
            security_non_compliant_count="i % 5",
        ),
    }
    patch = _of_node("/patch/", patches, kb_id="'package-' || i % 40", severity="'Important'", state="'Missing'")
    held = snapshot_of(folder, "live", count, of_nodes).manifest
    held_tables = {
        **held.tables,
        **snapshot_of(folder, "live", count * patches, {"aws_ssm_managed_instance_patch": patch}).manifest.tables,
    }
    write_manifest(folder, msgspec.structs.replace(held, tables=held_tables))
    ours = process([*DEMARCATE, "patch", "status", str(folder), "--format", "csv"])
    read = (
        "import duckdb, sys\n"
        "[duckdb.sql(f\"FROM '{sys.argv[1]}/tables/{name}/*.parquet'\").fetchall() for name in sys.argv[2:]]"
    )
    theirs = process([sys.executable, "-c", read, str(folder), *of_nodes])
    within = ours.seconds <= seconds and ours.megabytes <= megabytes
    what = f"patch status of {count:,} nodes that lack {count * patches:,} patches"
    limit = f"{seconds} s, {megabytes:.0f} MB"
    return Line(what, ours, "bare DuckDB: the rows of the nodes to Python", theirs, limit, within)


def history(folder: Path, days: int, count: int, patches: int, seconds: float, megabytes: float) -> Line:
    """A history of so many days, on each of which so many nodes lack so many patches each."""
    import duckdb

    for number in range(days):
        moment = datetime(2025, 1, 1, 6, tzinfo=UTC) + timedelta(days=number)
        day = folder / "demarcate" / "patching" / moment.date().isoformat()
        day.mkdir(parents=True)
        duckdb.sql(
            f"COPY (SELECT TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}' AS observed_at, '123456789012' AS account_id, "
            f"'eu-west-1' AS region, 'EC2 instance' AS kind, 'arn:aws:ec2:eu-west-1:123456789012:instance/i-' || "
            f"lpad(n::VARCHAR, 17, '0') AS resource, 'web-' || n AS name, 'behind' AS state, "
            f"CASE WHEN p > 0 THEN 'patch KB' || (p + {number // 7 * 5}) END AS finding, "
            f"CASE WHEN p > 0 THEN 'high' END AS severity, 'it is Missing' AS reason "
            f"FROM range({count}) nodes(n), range({patches + 1}) patches(p)) "
            f"TO '{day}/{moment:%Y%m%dT%H%M%SZ}-of.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    os.environ["XDG_DATA_HOME"] = str(folder)
    ours = process([*DEMARCATE, "patch", "history", "--format", "csv"])
    counted = "SELECT count(DISTINCT (resource, finding)) FROM '{sys.argv[1]}'"
    read = f'import duckdb, sys\nduckdb.sql(f"{counted}").fetchall()'
    theirs = process([sys.executable, "-c", read, f"{folder}/demarcate/patching/*/*.parquet"])
    del os.environ["XDG_DATA_HOME"]
    within = ours.seconds <= seconds and ours.megabytes <= megabytes
    what = f"patch history of {days} days, {days * count * patches:,} patches that nodes lacked"
    limit = f"{seconds:.0f} s, {megabytes:.0f} MB"
    return Line(what, ours, "bare DuckDB: distinct patches of nodes", theirs, limit, within)
