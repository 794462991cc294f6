"""The windows that services keep of their own resources, as a person says that they are to be: a change of each.

Most have one of a week. OpenSearch has one of each day, and Quick Setup times by which its patch policies scan and
install.

https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/maintaining-brokers.html
https://docs.aws.amazon.com/opensearch-service/latest/developerguide/off-peak.html
https://docs.aws.amazon.com/quick-setup/latest/APIReference/API_UpdateConfigurationDefinition.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.making import Making
from demarcate.changes.planning import Reader
from demarcate.changes.structs import Change, Operation, Undo
from demarcate.changes.values import literal
from demarcate.patching.schedules import daily, parse, weekly

_OWED: Final = "patch-management.schedule-maintenance"
_DOMAIN: Final = "opensearch.describe_domain"
_MANAGER: Final = "ssm-quicksetup.get_configuration_manager"
_OFF_PEAK_HOURS: Final = 10
_POLICY: Final = "AWSQuickSetupType-PatchPolicy"
_DAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where a service keeps the weekly window of a resource: what changes it, what reads it, and as which parameter."""

    change: str
    read: str
    state: str
    parameter: str = "PreferredMaintenanceWindow"
    name: str = ""
    hours: int | None = None
    """How long it is, where that is not said: then its beginning alone is kept, as a day and a time."""
    by: str = ""
    """The parameter of what reads that takes the name; empty where it is read in a list of all."""


_WEEKLY: Final[Mapping[tuple[str, str], _Kept]] = {
    ("rds", "db"): _Kept(
        "rds.modify_db_instance",
        "rds.describe_db_instances",
        "DBInstances[0].PreferredMaintenanceWindow",
        name="DBInstanceIdentifier",
        by="DBInstanceIdentifier",
    ),
    ("rds", "cluster"): _Kept(
        "rds.modify_db_cluster",
        "rds.describe_db_clusters",
        "DBClusters[0].PreferredMaintenanceWindow",
        name="DBClusterIdentifier",
        by="DBClusterIdentifier",
    ),
    ("elasticache", "cluster"): _Kept(
        "elasticache.modify_cache_cluster",
        "elasticache.describe_cache_clusters",
        "CacheClusters[0].PreferredMaintenanceWindow",
        name="CacheClusterId",
        by="CacheClusterId",
    ),
    ("elasticache", "replicationgroup"): _Kept(
        "elasticache.modify_replication_group",
        "elasticache.describe_cache_clusters",
        "CacheClusters[?ReplicationGroupId=={name}] | [0].PreferredMaintenanceWindow",
        name="ReplicationGroupId",
    ),
    ("memorydb", "cluster"): _Kept(
        "memorydb.update_cluster",
        "memorydb.describe_clusters",
        "Clusters[0].MaintenanceWindow",
        parameter="MaintenanceWindow",
        name="ClusterName",
        by="ClusterName",
    ),
    ("dms", "rep"): _Kept(
        "dms.modify_replication_instance",
        "dms.describe_replication_instances",
        "ReplicationInstances[?ReplicationInstanceArn=={arn}] | [0].PreferredMaintenanceWindow",
        name="ReplicationInstanceArn",
    ),
    ("mq", "broker"): _Kept(
        "mq.update_broker",
        "mq.describe_broker",
        "MaintenanceWindowStartTime",
        parameter="MaintenanceWindowStartTime",
        name="BrokerId",
        by="BrokerId",
        hours=2,
    ),
    ("redshift", "cluster"): _Kept(
        "redshift.modify_cluster",
        "redshift.describe_clusters",
        "Clusters[0].PreferredMaintenanceWindow",
        name="ClusterIdentifier",
        by="ClusterIdentifier",
    ),
}
"""By the service and the kind of resource that an ARN names."""

READS: Final = frozenset({_DOMAIN, _MANAGER, *(kept.read for kept in _WEEKLY.values())})
"""What is asked of AWS."""


def _parts(arn: str) -> tuple[str, str, str]:
    """The service, the kind and the name that an ARN is of; empty where it is none."""
    told = arn.split(":", 5)
    service, rest = (told[2], told[5]) if len(told) == 6 else ("", "")
    kind, _, name = rest.replace("/", ":", 1).partition(":")
    return service, kind, name


def weekly_window(arn: str, window: str, reader: Reader) -> Change | None:
    """The change of the weekly window of a database, cache, cluster or broker; None where it is that window already.

    Raises DemarcateError for what is no such ARN or window, and where it cannot be read.
    """
    told = weekly(window)
    window = window.lower()
    service, kind, name = _parts(arn)
    kept = _WEEKLY.get((service, kind))
    if kept is None or not name:
        kinds = ", ".join(f"{service}:{kind}" for service, kind in _WEEKLY)
        raise DemarcateError(f"{arn} has no weekly window that can be set so; what has one: {kinds}")
    if kept.hours is not None and told.duration != timedelta(hours=kept.hours):
        raise DemarcateError(f"a window of {service} is {kept.hours} hours long: {window} is not")
    name = {"dms": arn, "mq": name.rpartition(":")[2]}.get(service, name)
    plan = Making(reader, arn.split(":")[4], arn.split(":")[3], arn, _OWED)
    asked: dict[str, Any] = {kept.by: name} if kept.by else {}
    state = kept.state.replace("{name}", literal(name)).replace("{arn}", literal(arn))
    reads, before = plan.read(kept.read, state, pages=service != "mq", **asked)
    if before is None:
        raise DemarcateError(f"{arn}: it is not there, or has no window")
    wanted: Any = window if kept.hours is None else _start(window)
    if before != wanted:
        plan.step(
            Operation(name=kept.change, parameters={kept.name: name, kept.parameter: wanted}),
            reads,
            before,
            f"@ == {literal(wanted)}",
            Operation(name=kept.change, parameters={kept.name: name, kept.parameter: before}),
        )
    return plan.change(f"the window of {name} is {window}")


def _start(window: str) -> dict[str, str]:
    """The beginning of a weekly window.

    >>> _start("sun:03:00-sun:05:00")
    {'DayOfWeek': 'SUNDAY', 'TimeOfDay': '03:00', 'TimeZone': 'UTC'}
    """
    day, time = window.strip().partition("-")[0].split(":", 1)
    return {
        "DayOfWeek": next(name for name in _DAYS if name.startswith(day.upper())),
        "TimeOfDay": time,
        "TimeZone": "UTC",
    }


_OFF_PEAK: Final = (
    "DomainStatus.{enabled: OffPeakWindowOptions.Enabled, "
    "start: OffPeakWindowOptions.OffPeakWindow.WindowStartTime, "
    "software: SoftwareUpdateOptions.AutoSoftwareUpdateEnabled, tuning: AutoTuneOptions.State, "
    "tuned: AutoTuneOptions.UseOffPeakWindow}"
)


def off_peak_window(arn: str, time: str, reader: Reader, *, automatic: bool) -> Change | None:
    """The change of the off-peak window of a domain of OpenSearch; None where it is so already.

    It begins each day at a time (UTC, HH:MM) and has ten hours. `automatic` has AWS update the service software in it,
    and Auto-Tune, where that is on, make its changes in it. Raises DemarcateError for what is no such ARN or time.
    """
    service, kind, name = _parts(arn)
    if (service, kind) != ("es", "domain") or not name:
        raise DemarcateError(
            f"{arn} has no off-peak window: that is of a domain of OpenSearch (arn:aws:es:…:domain/…)"
        )
    hour, colon, minute = time.partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(time) == 5):
        raise DemarcateError(f"--daily takes a time in UTC such as 22:00, not {time!r}")
    start = {"Hours": int(hour), "Minutes": int(minute)}
    daily(start["Hours"], start["Minutes"], _OFF_PEAK_HOURS)
    plan = Making(reader, arn.split(":")[4], arn.split(":")[3], arn, _OWED)
    reads, before = plan.read(_DOMAIN, _OFF_PEAK, pages=False, DomainName=name)
    if before is None:
        raise DemarcateError(f"{arn}: it is not there")
    done = [f"enabled && start == {literal(start)}"]
    wanted: dict[str, Any] = {"OffPeakWindowOptions": _enabled(start)}
    was: dict[str, Any] = {"OffPeakWindowOptions": _enabled(before["start"])}
    if automatic:
        done.append("software")
        wanted["SoftwareUpdateOptions"] = {"AutoSoftwareUpdateEnabled": True}
        was["SoftwareUpdateOptions"] = {"AutoSoftwareUpdateEnabled": bool(before["software"])}
        if before["tuning"] == "ENABLED":
            done.append("tuned")
            wanted["AutoTuneOptions"] = {"DesiredState": "ENABLED", "UseOffPeakWindow": True}
            was["AutoTuneOptions"] = {"DesiredState": "ENABLED", "UseOffPeakWindow": bool(before["tuned"])}
    so = bool(before["enabled"]) and before["start"] == start
    if not (so and (not automatic or (before["software"] and (before["tuned"] or before["tuning"] != "ENABLED")))):
        plan.step(
            Operation(name="opensearch.update_domain_config", parameters={"DomainName": name, **wanted}),
            reads,
            before,
            " && ".join(done),
            Operation(name="opensearch.update_domain_config", parameters={"DomainName": name, **was})
            if before["enabled"] and before["start"]
            else Undo(why_not="AWS takes no off-peak window back that was switched on"),
        )
    return plan.change(f"the off-peak window of {name} begins at {time}")


def _enabled(start: Any) -> dict[str, Any]:
    return {"Enabled": True, "OffPeakWindow": {"WindowStartTime": start}}


def patch_policy(arn: str, schedule: str, operation: str, reader: Reader) -> Change | None:
    """The change of when a patch policy of Quick Setup scans, or installs; None where it is so already.

    `operation` is Scan or Install. Raises DemarcateError for what is no such ARN or cron expression.
    """
    service, kind, name = _parts(arn)
    if (service, kind) != ("ssm-quicksetup", "configuration-manager") or not name:
        raise DemarcateError(f"{arn} is no configuration manager of Quick Setup")
    if not schedule.startswith("cron("):
        raise DemarcateError(f"Quick Setup takes a cron expression, not {schedule!r}")
    parse(schedule)
    plan = Making(reader, arn.split(":")[4], arn.split(":")[3], arn, _OWED)
    of_type = f"ConfigurationDefinitions[?Type=={literal(_POLICY)}]"
    _, ids = plan.read(_MANAGER, f"{of_type}.Id", pages=False, ManagerArn=arn)
    if len(ids or ()) != 1:
        raise DemarcateError(f"{arn} has {len(ids or ())} patch policies: only one can be set so")
    reads, before = plan.read(_MANAGER, f"{of_type} | [0].Parameters", pages=False, ManagerArn=arn)
    told = {f"ConfigurationOptions{operation}Value": schedule}
    if operation == "Install":
        told["ConfigurationOptionsPatchOperation"] = "ScanAndInstall"
    if any(before.get(key) != value for key, value in told.items()):
        update = {"ManagerArn": arn, "Id": ids[0]}
        plan.step(
            Operation(
                name="ssm-quicksetup.update_configuration_definition",
                parameters={**update, "Parameters": {**before, **told}},
            ),
            reads,
            before,
            " && ".join(f"{key} == {literal(value)}" for key, value in told.items()),
            Operation(
                name="ssm-quicksetup.update_configuration_definition",
                parameters={**update, "Parameters": before},
            ),
        )
    return plan.change(f"the patch policy {name} {'scans' if operation == 'Scan' else 'installs'} by {schedule}")
