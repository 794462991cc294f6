"""Amazon EC2: the windows in which AWS may stop, reboot or replace instances."""

from __future__ import annotations

from demarcate.estate.schema.table import Arn, Each, Json, Table, Tags, Text, Texts

EVENT_WINDOW = Table(
    "aws_ec2_instance_event_window",
    "An event window: when scheduled events of EC2 may be, for the instances that it is associated with.",
    service="ec2",
    live=Each("ec2.describe_instance_event_windows", "InstanceEventWindows[]"),
    gone=("state", "deleting", "deleted"),
    columns=(
        Text("instance_event_window_id", live="InstanceEventWindowId"),
        Arn("arn:{partition}:ec2:{region}:{account_id}:instance-event-window/{instance_event_window_id}"),
        Text("name", live="Name", absent=""),
        Text("state", live="State"),
        Text("cron_expression", live="CronExpression", absent="", about="Hours and days of the week, in UTC."),
        Json("time_ranges", live="TimeRanges", absent=[], about="Days of the week and hours, in UTC."),
        Texts("instance_ids", live="AssociationTarget.InstanceIds", absent=[]),
        Texts("dedicated_host_ids", live="AssociationTarget.DedicatedHostIds", absent=[]),
        Json("instance_tags", live="AssociationTarget.Tags", absent=[], about="Tags of the instances it is for."),
        Tags(live="Tags"),
    ),
)
