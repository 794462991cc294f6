"""AWS Control Tower: landing zones, and what is enabled in them, each with whether it has drifted."""

from __future__ import annotations

from demarcate.estate.schema.table import Arn, Each, Table, Text

_LANDING_ZONES = Each("controltower.list_landing_zones", "landingZones[]")
"""Only the region that is home to a landing zone has any, and what is enabled in it."""

LANDING_ZONE = Table(
    "aws_controltower_landing_zone",
    "A landing zone of Control Tower, as its home region tells it.",
    service="organizations",
    live=(
        _LANDING_ZONES,
        Each("controltower.get_landing_zone", "landingZone", inputs={"landingZoneIdentifier": "arn"}),
    ),
    columns=(
        Arn(live="arn"),
        Text("status", live="status"),
        Text("version", live="version"),
        Text("latest_available_version", live="latestAvailableVersion"),
        Text("drift_status", live="driftStatus.status", about="IN_SYNC or DRIFTED."),
    ),
)

ENABLED_BASELINE = Table(
    "aws_controltower_enabled_baseline",
    "A baseline of Control Tower that is enabled for an organizational unit or an account.",
    service="organizations",
    live=(
        _LANDING_ZONES,
        Each("controltower.list_enabled_baselines", "enabledBaselines[]", params={"includeChildren": True}),
    ),
    columns=(
        Arn(live="arn"),
        Text("baseline_identifier", live="baselineIdentifier"),
        Text("baseline_version", live="baselineVersion"),
        Text("target_identifier", live="targetIdentifier", about="The ARN of the unit or account."),
        Text("parent_identifier", live="parentIdentifier", absent="", about="The baseline that it inherits from."),
        Text("status", live="statusSummary.status"),
        Text(
            "inheritance_drift_status",
            live="driftStatusSummary.types.inheritance.status",
            absent="",
            about="Whether an account is as its unit is set up; '' where Control Tower does not tell.",
        ),
        Text(
            "source_drift_status",
            live="driftStatusSummary.types.source.status",
            absent="",
            about="Whether the baseline is that of the landing zone; '' where Control Tower does not tell.",
        ),
    ),
)

ENABLED_CONTROL = Table(
    "aws_controltower_enabled_control",
    "A control of Control Tower that is enabled for an organizational unit.",
    service="organizations",
    live=(_LANDING_ZONES, Each("controltower.list_enabled_controls", "enabledControls[]")),
    columns=(
        Arn(live="arn"),
        Text("control_identifier", live="controlIdentifier"),
        Text("target_identifier", live="targetIdentifier", about="The ARN of the unit."),
        Text("status", live="statusSummary.status"),
        Text(
            "drift_status",
            live="driftStatusSummary.driftStatus",
            absent="UNKNOWN",
            about="IN_SYNC, DRIFTED, NOT_CHECKING or UNKNOWN.",
        ),
    ),
)
