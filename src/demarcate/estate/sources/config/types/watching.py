"""CloudTrail, CloudWatch alarms, GuardDuty, Config's own recorder, and how nodes comply with Systems Manager."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import From
from demarcate.estate.sources.config.forms import declared, member
from demarcate.estate.sources.config.recorded import RECORDER, Recorded, Told

_SUMMARY, _ITEM = "AWS:ComplianceSummary", "AWS:ComplianceItem"


def _node(item: Any) -> str:
    """The id of a node: Config's id of its compliance ends in it."""
    return str(item.id.rpartition("/")[2])


def _compliance(kind: str) -> Any:
    def summaries(configuration: dict[str, Any], item: Any) -> Iterator[dict[str, Any]]:
        """The compliance of one node as Systems Manager sums it up: from Config's summary, or its items."""
        item_: dict[str, Any] = {"ResourceId": _node(item), "ResourceType": "ManagedInstance"}
        summary = configuration.get(_SUMMARY, {}).get("Content", {}).get(kind)
        if summary is not None:
            counts = {
                name.removeprefix("NonCompliant"): int(count)
                for name, count in summary.items()
                if name.startswith("NonCompliant")
            }
            severities = {name: count for name, count in counts.items() if name != "Count"}
            item_ |= {name: summary.get(name) for name in ("Status", "OverallSeverity")}
            item_["ExecutionSummary"] = {"ExecutionTime": summary.get("ExecutionTime")}
            if counts:
                total = counts.get("Count", sum(severities.values()))
                item_["NonCompliantSummary"] = {"NonCompliantCount": total, "SeveritySummary": severities}
        else:
            statuses = [entry["Status"] for entry in _items(configuration, kind)]
            failed = sum(status == "NON_COMPLIANT" for status in statuses)
            item_["Status"] = "NON_COMPLIANT" if failed else "COMPLIANT"
            item_["NonCompliantSummary"] = {"NonCompliantCount": failed}
        yield {"ComplianceType": kind, **item_}

    return summaries


def _items(configuration: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return list(configuration[_ITEM]["Content"][kind].values())


def _patches(configuration: dict[str, Any], item: Any) -> Iterator[dict[str, Any]]:
    """How many patches of a node are in which state."""
    patches = _items(configuration, "Patch")
    states = Counter(patch["PatchState"].replace("_", "").lower() for patch in patches)
    counts: dict[str, Any] = {f"{name}Count": states[name.lower()] for name in _STATES}
    for name, other in (("BaselineId", "PatchBaselineId"), ("PatchGroup", "PatchGroup")):
        told = {patch[other] for patch in patches if patch.get(other)}
        if len(told) == 1:
            counts[name] = told.pop()
    yield {"InstanceId": _node(item), **counts}


def _source(column: str, where: str) -> From:
    """Whether a detector watches something: as its features say, or its data sources, which were before them."""
    feature, source = declared("aws_guardduty_detector", column), member(where)

    def function(detector: Any) -> Any:
        told = feature(detector.get("Features", ()))
        return source(detector) if told is ABSENT else told

    return From("@", function)


_STATES = ("Missing", "Failed", "Installed", "InstalledPendingReboot", "InstalledRejected")

RECORDED = (
    Recorded(
        "AWS::CloudTrail::Trail",
        "aws_cloudtrail_trail",
        absent=("kms_key_id", "s3_key_prefix", "sns_topic_arn", "log_group_arn", "cloudwatch_logs_role_arn"),
    ),
    Recorded(
        "AWS::CloudWatch::Alarm",
        "aws_cloudwatch_alarm",
        absent=(
            *("alarm_actions", "insufficient_data_actions", "ok_actions", "metric_name", "namespace"),
            *("statistic", "treat_missing_data", "alarm_description", "dimensions"),
        ),
    ),
    Recorded(
        "AWS::GuardDuty::Detector",
        "aws_guardduty_detector",
        declared=True,
        columns={
            "detector_id": From("Id"),
            "s3_protection_enabled": _source("s3_protection_enabled", "DataSources.S3Logs.Enable"),
            "eks_audit_log_monitoring_enabled": _source(
                "eks_audit_log_monitoring_enabled", "DataSources.Kubernetes.AuditLogs.Enable"
            ),
        },
    ),
    Recorded(
        RECORDER,
        "aws_config_configuration_recorder",
        details={
            "status": Told(
                "",
                "ConfigurationRecordersStatus",
                lambda recorder: [{"recording": recorder["Recording"]}],
            ),
        },
        absent=("resource_types", "excluded_resource_types", "recording_strategy", "recording_frequency"),
    ),
    # AWS::SSM::ManagedInstanceInventory fills no table: only nodes that collect inventory have it, and that a
    # node has none would be taken for that Systems Manager does not manage it.
    Recorded("AWS::SSM::PatchCompliance", "aws_ssm_managed_instance_compliance", each=_compliance("Patch")),
    Recorded(
        "AWS::SSM::AssociationCompliance",
        "aws_ssm_managed_instance_compliance",
        each=_compliance("Association"),
    ),
    Recorded("AWS::SSM::PatchCompliance", "aws_ssm_managed_instance_patch_state", each=_patches),
)
