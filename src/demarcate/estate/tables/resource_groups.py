"""AWS Resource Groups: what each group holds, by its query or by name."""

from __future__ import annotations

from demarcate.estate.schema.table import Arn, Each, Table, Text

RESOURCE = Table(
    "aws_resource_group_resource",
    "A resource that a resource group holds.",
    service="systems-manager",
    live=(
        Each("resource-groups.list_groups", "GroupIdentifiers[]"),
        Each(
            "resource-groups.list_group_resources",
            "Resources[]",
            inputs={"Group": "GroupArn"},
            failures="QueryErrors",
        ),
    ),
    columns=(
        Text("group_name", live="^.GroupName"),
        Text("resource_arn", live="Identifier.ResourceArn"),
        Text("resource_type", live="Identifier.ResourceType", about="Such as AWS::EC2::Instance."),
        Text("status", live="Status.Name", absent="", about="PENDING while it is being added; '' once it is."),
        Arn("arn:{partition}:resource-groups:{region}:{account_id}:group/{group_name}/{resource_arn}"),
    ),
)
