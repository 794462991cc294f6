"""AWS Systems Manager Quick Setup: what it keeps set up, among that patch policies and Host Management."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.table import Arn, Each, From, Table, Tags, Text, Texts, Time, attribute
from demarcate.estate.schema.transforms import each
from demarcate.estate.schema.unknown import first_unknown


def _parameter(name: str) -> From:
    """A parameter of the configurations of a manager; '' where none of them has it."""

    def value(definitions: Any) -> Any:
        values = [definition.get("Parameters", {}).get(name) for definition in definitions]
        return first_unknown(values) or next((text for text in values if text), "")

    return From("ConfigurationDefinitions", value, absent="")


CONFIGURATION_MANAGER = Table(
    "aws_ssmquicksetup_configuration_manager",
    "Something that Quick Setup keeps set up in accounts and regions, such as a patch policy.",
    service="systems-manager",
    live=(
        Each("ssm-quicksetup.list_configuration_managers", "ConfigurationManagersList[]"),
        Each("ssm-quicksetup.get_configuration_manager", "@", inputs={"ManagerArn": "ManagerArn"}),
    ),
    cloudformation="AWS::SSMQuickSetup::ConfigurationManager",
    columns=(
        Text("name", live="Name"),
        Arn(live="ManagerArn", cloudformation=attribute("ManagerArn")),
        Texts(
            "types",
            live=From("ConfigurationDefinitions", each("Type")),
            absent=[],
            about="AWSQuickSetupType-PatchPolicy, AWSQuickSetupType-SSMHostMgmt, …",
        ),
        Text(
            "patch_operation",
            live=_parameter("ConfigurationOptionsPatchOperation"),
            cloudformation=_parameter("ConfigurationOptionsPatchOperation"),
            about="Of a patch policy: Scan, or ScanAndInstall.",
        ),
        Text(
            "scan_schedule",
            live=_parameter("ConfigurationOptionsScanValue"),
            cloudformation=_parameter("ConfigurationOptionsScanValue"),
        ),
        Text(
            "install_schedule",
            live=_parameter("ConfigurationOptionsInstallValue"),
            cloudformation=_parameter("ConfigurationOptionsInstallValue"),
        ),
        Text(
            "scans_instances",
            live=_parameter("ScanInstances"),
            cloudformation=_parameter("ScanInstances"),
            about="Of Host Management: true where it scans for patches every day.",
        ),
        Text(
            "target_type",
            live=_parameter("TargetType"),
            cloudformation=_parameter("TargetType"),
            about="Which nodes: *, Tags, InstanceIds, ResourceGroups; '' where it is not said.",
        ),
        Text("target_tag_key", live=_parameter("TargetTagKey"), cloudformation=_parameter("TargetTagKey")),
        Text("target_tag_value", live=_parameter("TargetTagValue"), cloudformation=_parameter("TargetTagValue")),
        Text("target_instances", live=_parameter("TargetInstances"), cloudformation=_parameter("TargetInstances")),
        Text("target_accounts", live=_parameter("TargetAccounts"), cloudformation=_parameter("TargetAccounts")),
        Text("target_regions", live=_parameter("TargetRegions"), cloudformation=_parameter("TargetRegions")),
        Time("last_modified_at", live="LastModifiedAt"),
        Tags(live="Tags"),
    ),
)
