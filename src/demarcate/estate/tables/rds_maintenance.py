"""Amazon RDS: maintenance that is pending, an action at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import Bool, Derived, Table, Text, Time
from demarcate.estate.schema.unknown import Unknown

_MEMBERS = {
    "action": "Action",
    "description": "Description",
    "auto_applied_after_date": "AutoAppliedAfterDate",
    "forced_apply_date": "ForcedApplyDate",
    "current_apply_date": "CurrentApplyDate",
    "opt_in_status": "OptInStatus",
}


def _actions(parent: Mapping[str, Any]) -> Iterator[dict[str, Any] | Unknown]:
    for action in parent["pending_maintenance_actions"]:
        if isinstance(action, Unknown):
            yield action
        else:
            told = {name: action.get(member, ABSENT) for name, member in _MEMBERS.items()}
            yield {**told, "is_scheduled": "CurrentApplyDate" in action, "is_forced": "ForcedApplyDate" in action}


PENDING_ACTION = Table(
    "aws_rds_pending_maintenance_action",
    "An action of maintenance that waits for a database, with the dates that are set for it.",
    service="rds",
    derived=(
        Derived("aws_rds_db_instance", ("pending_maintenance_actions",), _actions),
        Derived("aws_rds_db_cluster", ("pending_maintenance_actions",), _actions),
    ),
    columns=(
        Text("action", about="system-update, db-upgrade, hardware-maintenance, ca-certificate-rotation, …"),
        Text("description", absent=""),
        Time("auto_applied_after_date", about="From then on it is applied in a maintenance window."),
        Time("forced_apply_date", about="Then it is applied, in a window or not."),
        Time("current_apply_date", about="When it is applied as things stand; NULL where it is not scheduled."),
        Bool("is_scheduled", about="Whether a date of its application is set; if not, it waits for ever."),
        Bool("is_forced", about="Whether there is a date from which it is applied in a window or not."),
        Text("opt_in_status", absent="", about="immediate, next-maintenance, undo-opt-in, or ''."),
    ),
)
