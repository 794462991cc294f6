"""What AWS itself says of drift, beside what a comparison finds: the statuses that its services keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from demarcate.base.moments import utc
from demarcate.drift.structs import AwsResult
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.sources.plan import Selection
from demarcate.estate.tables import table


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where a service keeps a status: its table, the columns of what it is of, of the status and of its moment."""

    by: str
    table: str
    of: str
    status: str
    at: str = ""

    @property
    def columns(self) -> list[str]:
        return [name for name in (self.of, self.status, self.at) if name]


_KEPT: Final = (
    _Kept(
        "CloudFormation", "aws_cloudformation_stack", "name", "stack_drift_status", "drift_last_check_timestamp"
    ),
    _Kept("Config", "aws_config_rule", "name", "compliance_type"),
    _Kept("State Manager", "aws_ssm_association", "association_id", "status", "last_execution_date"),
    _Kept("Control Tower", "aws_controltower_landing_zone", "arn", "drift_status"),
    _Kept(
        "Control Tower, inheritance",
        "aws_controltower_enabled_baseline",
        "target_identifier",
        "inheritance_drift_status",
    ),
    _Kept(
        "Control Tower, source", "aws_controltower_enabled_baseline", "target_identifier", "source_drift_status"
    ),
    _Kept("Control Tower, control", "aws_controltower_enabled_control", "arn", "drift_status"),
)

IN_SYNC: Final = frozenset({"IN_SYNC", "COMPLIANT", "Success"})
DRIFTED: Final = frozenset({"DRIFTED", "NON_COMPLIANT", "Failed"})
"""Statuses that say it; any other (not checked, pending, no data) says neither."""


def with_results(selection: Selection) -> Selection:
    """The tables and columns of a selection, and those of AWS's own results."""
    added = dict(selection)
    for kept in _KEPT:
        columns = added.get(kept.table, frozenset())
        added[kept.table] = None if columns is None else columns | frozenset(kept.columns)
    return added


def results_of(live: Snapshot) -> tuple[AwsResult, ...]:
    """AWS's own results in a snapshot of a live estate, those that say drift first."""
    results = [result for kept in _KEPT for result in _results(kept, live)]
    return tuple(sorted(results, key=lambda result: (result.in_sync is not False, result.by, result.resource)))


def _results(kept: _Kept, live: Snapshot) -> Iterator[AwsResult]:
    told = live.manifest.tables.get(kept.table)
    if told is None or not set(kept.columns) <= set(told.columns):
        yield AwsResult(by=kept.by, reason=f"{kept.table} was not collected")
        return
    for unread in live.unread:
        if kept.table in unread.missing:
            yield AwsResult(by=kept.by, account=unread.account, region=unread.region, reason=str(unread))
    for row in rows_of(live, table(kept.table), ["account_id", "region", *kept.columns]):
        status = row[kept.status]
        if status == "":
            continue  # it does not apply, or nothing has run
        moment: Any = row[kept.at] if kept.at else None
        yield AwsResult(
            by=kept.by,
            resource=str(row[kept.of]),
            account=row["account_id"],
            region=row["region"],
            status=status or "not known",
            in_sync=True if status in IN_SYNC else False if status in DRIFTED else None,
            at=utc(moment).isoformat(timespec="seconds") if moment is not None else None,
        )
