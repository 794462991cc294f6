"""Which IAM actions each operation needs.

The rule is `<the service's prefix>:<the operation>`. Where AWS has it otherwise, it stands in the data below, as
AWS's Service Authorization Reference and the documentation of the operation (which botocore carries) tell it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from demarcate.estate.sources.aws.calls import ORGANIZATION, PlannedCall
from demarcate.estate.sources.aws.dry_run import ASSUME
from demarcate.estate.sources.aws.operations import action, describe


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One action that must be allowed, and on what: "*", or the form of an ARN."""

    action: str
    resource: str = "*"

    @property
    def service(self) -> str:
        """The prefix of the action ("ec2")."""
        return self.action.partition(":")[0]


INSTEAD: Final[Mapping[str, tuple[str, ...]]] = {
    # Always allowed, even where a policy denies it.
    "sts.get_caller_identity": (),
    # S3 names actions after the subresource of the bucket. GetPublicAccessBlock is two operations of one name.
    "s3.list_buckets": ("s3:ListAllMyBuckets",),
    "s3.get_bucket_accelerate_configuration": ("s3:GetAccelerateConfiguration",),
    "s3.get_bucket_encryption": ("s3:GetEncryptionConfiguration",),
    "s3.get_bucket_lifecycle_configuration": ("s3:GetLifecycleConfiguration",),
    "s3.get_bucket_notification_configuration": ("s3:GetBucketNotification",),
    "s3.get_bucket_replication": ("s3:GetReplicationConfiguration",),
    "s3.get_object_lock_configuration": ("s3:GetBucketObjectLockConfiguration",),
    "s3.get_public_access_block": ("s3:GetBucketPublicAccessBlock",),
    "s3control.get_public_access_block": ("s3:GetAccountPublicAccessBlock",),
}
"""Operations whose actions have other names."""

ALSO: Final[Mapping[str, tuple[str, ...]]] = {
    "resource-groups.list_group_resources": (
        *("cloudformation:DescribeStacks", "cloudformation:ListStackResources", "tag:GetResources"),
    ),
    # Without a stack's name.
    "cloudformation.describe_stacks": ("cloudformation:ListStacks",),
    # For policies of the type SUBSCRIPTION_FILTER_POLICY.
    "logs.describe_account_policies": ("logs:DescribeSubscriptionFilters",),
    # For an Application Load Balancer. An API's stage needs no more than the operation itself.
    "wafv2.get_web_acl_for_resource": ("elasticloadbalancing:GetLoadBalancerWebACL", "wafv2:GetWebACL"),
    "wafv2.list_resources_for_web_acl": ("elasticloadbalancing:DescribeWebACLAssociation",),
}
"""Further actions that an operation needs beside its own."""

API_GATEWAY: Final[Mapping[str, str]] = {
    "apigateway.get_domain_names": "/domainnames",
    "apigateway.get_rest_apis": "/restapis",
    "apigateway.get_stages": "/restapis/*/stages",
    "apigatewayv2.get_apis": "/apis",
    "apigatewayv2.get_routes": "/apis/*/routes",
    "apigatewayv2.get_stages": "/apis/*/stages",
}
"""API Gateway's actions are HTTP's methods: what may be read (never the keys) is said by the path."""


def grants_of(calls: Iterable[PlannedCall]) -> tuple[Grant, ...]:
    """The grants that a collection needs, sorted. Raises KeyError for an operation that AWS does not have."""
    return tuple(sorted({grant for call in calls for grant in grants_for(call.operation)}))


def organization_grants(role_name: str) -> tuple[Grant, ...]:
    """What it takes, in the account that starts it, to list an organization and to assume that role in it."""
    listing = [call for call in ORGANIZATION if call.operation != ASSUME.operation]
    return (*grants_of(listing), Grant("sts:AssumeRole", f"arn:*:iam::*:role/{role_name.lstrip('/')}"))


def grants_for(operation: str) -> tuple[Grant, ...]:
    """The grants that one operation ("ec2.describe_volumes") needs. Raises KeyError as `grants_of`."""
    if operation in INSTEAD:
        return tuple(map(Grant, INSTEAD[operation]))
    if operation.split(".")[0] in ("apigateway", "apigatewayv2"):
        return (Grant("apigateway:GET", f"arn:*:apigateway:*::{API_GATEWAY[operation]}"),)
    told = describe(operation)
    own = action(told.signing_name, told.name)
    return tuple(map(Grant, (own, *ALSO.get(operation, ()))))
