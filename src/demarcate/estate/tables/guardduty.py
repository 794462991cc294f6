"""Amazon GuardDuty: detectors, and what they have found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Each,
    Float,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Time,
)
from demarcate.estate.schema.unknown import Unknown


def _feature(name: str, additional: str = "") -> Callable[[Any], Any]:
    """Whether a feature (or an additional configuration of it) is on; absent where the detector does not say."""

    def function(features: Any) -> Any:
        for feature in features:
            if isinstance(feature, Unknown) or isinstance(feature["Name"], Unknown):
                return feature if isinstance(feature, Unknown) else feature["Name"]
            if feature["Name"] != name:
                continue
            if not additional:
                return _on(feature["Status"])
            for more in feature.get("AdditionalConfiguration", ()):
                if more["Name"] == additional:
                    return _on(more["Status"])
        return ABSENT

    return function


def _on(status: Any) -> Any:
    return status if isinstance(status, Unknown) else status == "ENABLED"


def _status(enable: bool) -> str:
    return "ENABLED" if enable else "DISABLED"


def _protection(column: str, name: str, additional: str = "") -> Any:
    place = From("Features", _feature(name, additional))
    # A new detector has Runtime Monitoring only where it is asked for.
    off = From("Features", place.function, absent=False) if name == "RUNTIME_MONITORING" else None
    return Bool(column, live=place, cloudformation=off)


DETECTOR = Table(
    "aws_guardduty_detector",
    "The detector of a region.",
    service="guardduty",
    live=(
        Each("guardduty.list_detectors", "DetectorIds[]"),
        Each("guardduty.get_detector", "@", inputs={"DetectorId": "@"}),
    ),
    details={"administrator": Call("guardduty.get_administrator_account", inputs={"DetectorId": "^"})},
    cloudformation="AWS::GuardDuty::Detector",
    ref_attributes=("Id",),
    columns=(
        Text("detector_id", live="^", cloudformation=REF),
        Arn("arn:{partition}:guardduty:{region}:{account_id}:detector/{detector_id}", cloudformation=REF),
        Text("status", live="Status", cloudformation=From("Enable", _status)),
        Text(
            "finding_publishing_frequency",
            live="FindingPublishingFrequency",
            cloudformation=From("FindingPublishingFrequency", absent="SIX_HOURS"),
        ),
        Text(
            "administrator_account_id",
            live="@administrator.Administrator.AccountId",
            absent="",
            about="The account that manages it; '' where it manages itself.",
        ),
        _protection("s3_protection_enabled", "S3_DATA_EVENTS"),
        _protection("eks_audit_log_monitoring_enabled", "EKS_AUDIT_LOGS"),
        _protection("ec2_malware_protection_enabled", "EBS_MALWARE_PROTECTION"),
        _protection("rds_protection_enabled", "RDS_LOGIN_EVENTS"),
        _protection("lambda_protection_enabled", "LAMBDA_NETWORK_LOGS"),
        _protection("runtime_monitoring_enabled", "RUNTIME_MONITORING"),
        _protection("eks_runtime_agent_managed", "RUNTIME_MONITORING", "EKS_ADDON_MANAGEMENT"),
        _protection("ecs_runtime_agent_managed", "RUNTIME_MONITORING", "ECS_FARGATE_AGENT_MANAGEMENT"),
        _protection("ec2_runtime_agent_managed", "RUNTIME_MONITORING", "EC2_AGENT_MANAGEMENT"),
        Json("features", live="Features", absent=[]),
        Text("service_role", live="ServiceRole"),
        Time("created_at", live=From("CreatedAt", str)),
        Time("updated_at", live=From("UpdatedAt", str)),
        Tags(live="Tags"),
    ),
)

FINDING = Table(
    "aws_guardduty_finding",
    "A finding that is not archived.",
    service="guardduty",
    live=(
        Each("guardduty.list_detectors", "DetectorIds[]"),
        Each(
            "guardduty.list_findings",
            "FindingIds[]",
            params={"FindingCriteria": {"Criterion": {"service.archived": {"Eq": ["false"]}}}},
            inputs={"DetectorId": "@"},
        ),
        Each(
            "guardduty.get_findings",
            "Findings[]",
            inputs={"DetectorId": "^", "FindingIds": "@"},
            batch="FindingIds",
            size=50,
        ),
    ),
    columns=(
        Text("id", live="Id"),
        Arn(live="Arn"),
        Text("title", live="Title"),
        Text("type", live="Type"),
        Float("severity", live="Severity", about="From 1; from 7 on it is high, from 9 on critical."),
        Text("resource_type", live="Resource.ResourceType"),
        Int("count", live="Service.Count"),
        Time("created_at", live=From("CreatedAt", str)),
        Time("updated_at", live=From("UpdatedAt", str)),
    ),
)
