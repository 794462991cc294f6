"""Which IAM actions a change needs: its calls, what undoes them, and what is read before and after.

Where AWS names an action otherwise than the operation, it stands in the data below, as AWS's Service Authorization
Reference has it (https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from demarcate.changes.github import is_github
from demarcate.changes.structs import Change
from demarcate.estate.sources.aws.permissions import Grant, grants_for

INSTEAD: Final[Mapping[str, tuple[str, ...]]] = {
    # Beside its own action: what AWS does in the caller's name.
    "backup.create_backup_selection": ("backup:CreateBackupSelection", "iam:PassRole"),
    "secretsmanager.rotate_secret": ("secretsmanager:RotateSecret", "lambda:InvokeFunction"),
    "s3.delete_bucket_ownership_controls": ("s3:PutBucketOwnershipControls",),
    "s3.put_bucket_encryption": ("s3:PutEncryptionConfiguration",),
    "s3.delete_bucket_encryption": ("s3:PutEncryptionConfiguration",),
    "s3.put_bucket_lifecycle_configuration": ("s3:PutLifecycleConfiguration",),
    "s3.delete_bucket_lifecycle": ("s3:PutLifecycleConfiguration",),
    "s3.put_bucket_notification_configuration": ("s3:PutBucketNotification",),
    "s3.put_public_access_block": ("s3:PutBucketPublicAccessBlock",),
    "s3.delete_public_access_block": ("s3:PutBucketPublicAccessBlock",),
    "s3control.put_public_access_block": ("s3:PutAccountPublicAccessBlock",),
    "s3control.delete_public_access_block": ("s3:PutAccountPublicAccessBlock",),
}
"""Operations whose actions have other names."""

ALSO: Final[Mapping[str, tuple[str, ...]]] = {
    # Services that make a role of their own when they are switched on.
    "accessanalyzer.create_analyzer": ("iam:CreateServiceLinkedRole",),
    "guardduty.create_detector": ("iam:CreateServiceLinkedRole",),
    "guardduty.update_detector": ("iam:CreateServiceLinkedRole",),
    "inspector2.enable": ("iam:CreateServiceLinkedRole",),
    "macie2.enable_macie": ("iam:CreateServiceLinkedRole",),
    "securityhub.enable_security_hub": ("iam:CreateServiceLinkedRole",),
    # Roles that are given to a service.
    "cloudtrail.update_trail": ("iam:PassRole",),
    "config.put_configuration_recorder": ("iam:PassRole",),
    "ec2.associate_iam_instance_profile": ("iam:PassRole",),
    # Logs that AWS delivers.
    "apigatewayv2.update_stage": ("logs:CreateLogDelivery", "logs:UpdateLogDelivery"),
    "apigatewayv2.delete_access_log_settings": ("logs:DeleteLogDelivery",),
    "cloudfront.update_distribution": ("s3:GetBucketAcl", "s3:PutBucketAcl", "wafv2:GetWebACL"),
    "ec2.create_flow_logs": ("logs:CreateLogDelivery",),
    "ec2.delete_flow_logs": ("logs:DeleteLogDelivery",),
    "wafv2.put_logging_configuration": (
        *("iam:CreateServiceLinkedRole", "logs:CreateLogDelivery", "logs:DescribeLogGroups"),
        *("logs:DescribeResourcePolicies", "logs:PutResourcePolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"),
    ),
    "wafv2.delete_logging_configuration": ("logs:DeleteLogDelivery",),
    # What is put behind a web ACL must allow it too.
    "wafv2.associate_web_acl": ("apigateway:SetWebACL", "elasticloadbalancing:SetWebACL"),
    "wafv2.disassociate_web_acl": ("apigateway:SetWebACL", "elasticloadbalancing:SetWebACL"),
}
"""Further actions that an operation needs beside its own."""

API_GATEWAY: Final[Mapping[str, tuple[str, str]]] = {
    "apigateway.get_domain_name": ("GET", "/domainnames/*"),
    "apigateway.get_stage": ("GET", "/restapis/*/stages/*"),
    "apigateway.update_domain_name": ("PATCH", "/domainnames/*"),
    "apigateway.update_stage": ("PATCH", "/restapis/*/stages/*"),
    "apigatewayv2.delete_access_log_settings": ("DELETE", "/apis/*/stages/*/accesslogsettings"),
    "apigatewayv2.get_route": ("GET", "/apis/*/routes/*"),
    "apigatewayv2.get_stage": ("GET", "/apis/*/stages/*"),
    "apigatewayv2.update_route": ("PATCH", "/apis/*/routes/*"),
    "apigatewayv2.update_stage": ("PATCH", "/apis/*/stages/*"),
}
"""API Gateway's actions are HTTP's methods, and what may be done is said by the path."""


def grants_of_change(change: Change) -> tuple[Grant, ...]:
    """The grants that applying and undoing a change needs, sorted."""
    names = {name for step in change.steps for name in (step.do.name, step.reads.operation.name)}
    for undo in (step.undo for step in change.steps):
        calls = (undo.operation, undo.midway, undo.reads.operation if undo.reads is not None else None)
        names |= {call.name for call in calls if call is not None}
    return tuple(sorted({grant for name in names for grant in grants_of_call(name)}))


def grants_of_call(operation: str) -> Iterable[Grant]:
    """The grants that one call needs: one of GitHub needs none. Raises KeyError for what AWS does not have."""
    if is_github(operation):
        return ()
    also = tuple(map(Grant, ALSO.get(operation, ())))
    if operation in API_GATEWAY:
        method, path = API_GATEWAY[operation]
        return (Grant(f"apigateway:{method}", f"arn:*:apigateway:*::{path}"), *also)
    return (*(map(Grant, INSTEAD[operation]) if operation in INSTEAD else grants_for(operation)), *also)
