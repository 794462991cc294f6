"""IAM before every operation, as moto has it: what a role may read that CloudFormation made of the printed template."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest import mock

import boto3
from moto.core.authorization import enable_iam_authentication
from moto.iam.access_control import IAMPolicy, IAMRequestBase, PermissionResult

from demarcate.estate.sources.aws.calls import calls_of
from demarcate.estate.sources.aws.permissions import Grant, grants_of
from demarcate.estate.sources.plan import Selection
from demarcate.report import policy
from tests.aws.answers.answering import Answer
from tests.aws.answers.asking import Asked, api_name
from tests.aws.answers.data import ANSWERS
from tests.aws.answers.server import Server
from tests.aws.faults.kinds import denied
from tests.aws.faults.reach import checks
from tests.aws.faults.seeing import REGION, Seen, look, selection_of


@cache
def selection() -> Selection:
    """What all checks need."""
    return selection_of(checks())


@cache
def grants() -> tuple[Grant, ...]:
    """What a role is granted for that."""
    return tuple(grants_of(calls_of(selection(), all_regions=False)))


OTHERWISE: Mapping[str, tuple[str, ...]] = {
    # AWS's prefix is not the name that requests are signed for.
    "cloudwatch.describe_alarms": ("cloudwatch:DescribeAlarms",),
    "cloudwatch.list_dashboards": ("cloudwatch:ListDashboards",),
    "cloudwatch.list_metrics": ("cloudwatch:ListMetrics",),
    "cloudwatch.list_tags_for_resource": ("cloudwatch:ListTagsForResource",),
    # Moto has their names from their paths, where they are in small letters.
    "batch.describe_compute_environments": ("batch:DescribeComputeEnvironments",),
    "batch.describe_job_definitions": ("batch:DescribeJobDefinitions",),
    # Subresources of a bucket that moto does not know by name: it asks for s3:ListBucket.
    "s3.get_bucket_encryption": ("s3:GetEncryptionConfiguration",),
    "s3.get_bucket_ownership_controls": ("s3:GetBucketOwnershipControls",),
    "s3.get_bucket_replication": ("s3:GetReplicationConfiguration",),
    "s3.get_object_lock_configuration": ("s3:GetBucketObjectLockConfiguration",),
    "s3.get_public_access_block": ("s3:GetBucketPublicAccessBlock",),
    # An operation of the same name as a bucket's.
    "s3control.get_public_access_block": ("s3:GetAccountPublicAccessBlock",),
    # AWS asks for more than the operation's own.
    "cloudformation.describe_stacks": ("cloudformation:DescribeStacks", "cloudformation:ListStacks"),
    "logs.describe_account_policies": ("logs:DescribeAccountPolicies", "logs:DescribeSubscriptionFilters"),
    "wafv2.get_web_acl_for_resource": (
        "elasticloadbalancing:GetLoadBalancerWebACL",
        "wafv2:GetWebACL",
        "wafv2:GetWebACLForResource",
    ),
    "wafv2.list_resources_for_web_acl": (
        "elasticloadbalancing:DescribeWebACLAssociation",
        "wafv2:ListResourcesForWebACL",
    ),
}
"""What AWS asks IAM for an operation, where moto asks for something else, or lacks it and its name is not all."""


def asks(what: Asked, action: str, resource: str) -> list[tuple[str, str]]:
    """The actions and resources that AWS asks IAM for, where moto asks for this one."""
    if what.service.startswith("apigateway"):
        # HTTP's method, on the path.
        path = str(what.request.path).removeprefix("/v2")
        return [(f"apigateway:{what.request.method}", f"arn:aws:apigateway:{what.region}::{path}")]
    if action == "sts:GetCallerIdentity":
        return []
    return [(name, resource) for name in OTHERWISE.get(what.operation, (action,))]


class Guard:
    """IAM before every operation: moto's own, and the same for answers that moto does not give."""

    def __init__(self) -> None:
        self.wanted: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        """The actions and resources that each operation was asked for."""
        self._held: IAMPolicy | None = None
        self._known: dict[tuple[str, str], bool] = {}
        self._now = threading.local()

    def hold(self, grants: Iterable[Grant]) -> None:
        """From now on these are the grants that there are. Until then everything is allowed."""
        self._held, self._known = IAMPolicy(policy.policy_json(policy.policy(grants))), {}

    def storm(self, what: Asked, truth: Callable[[], Answer]) -> Answer:
        """Let an operation through if there are grants for all that it was ever asked for."""
        self._now.what = what
        if what.operation in ANSWERS:
            self.wanted[what.operation].update(asks(what, api_name(what.operation), "*"))
        if self._held is None or all(map(self._allows, tuple(self.wanted[what.operation]))):
            return truth()
        return denied(what, truth)

    def _allows(self, pair: tuple[str, str]) -> bool:
        if pair not in self._known and self._held is not None:
            self._known[pair] = self._held.is_action_permitted(*pair) is PermissionResult.PERMITTED
        return self._known[pair]

    @contextmanager
    def with_motos_iam(self) -> Iterator[None]:
        """While moto asks its IAM, and notes for what. It takes a GET without a body for wrongly signed: let be."""
        real = IAMRequestBase.check_action_permitted

        def check(request: Any, resource: str) -> None:
            what = self._now.what
            for action, on in asks(what, request._action, resource):
                request._action = action
                real(request, on)
                self.wanted[what.operation].add((action, on))

        with (
            mock.patch.object(IAMRequestBase, "check_action_permitted", check),
            mock.patch.object(IAMRequestBase, "check_signature", lambda _: None),
            enable_iam_authentication(),
        ):
            yield


def deploy(session: boto3.Session, url: str, grants: Iterable[Grant], **parameters: str) -> str:
    """The ARN of the role that the printed template makes."""
    client: Any = session.client("cloudformation", region_name=REGION, endpoint_url=url)
    client.create_stack(
        StackName="reader",
        TemplateBody=policy.template(grants),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    (output,) = client.describe_stacks(StackName="reader")["Stacks"][0]["Outputs"]
    return str(output["OutputValue"])


def auditor(session: boto3.Session, url: str) -> tuple[boto3.Session, str]:
    """A user who may assume roles and nothing else, and its ARN."""
    iam: Any = session.client("iam", endpoint_url=url)
    arn = iam.create_user(UserName="auditor")["User"]["Arn"]
    allowed = policy.policy([Grant("sts:AssumeRole")])
    iam.put_user_policy(UserName="auditor", PolicyName="assume", PolicyDocument=policy.policy_json(allowed))
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION), arn


def assume(session: boto3.Session, url: str, role: str, **more: str) -> boto3.Session:
    """A session of the role."""
    sts: Any = session.client("sts", endpoint_url=url)
    credentials = sts.assume_role(RoleArn=role, RoleSessionName="demarcate", **more)["Credentials"]
    return boto3.Session(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], region_name=REGION
    )


@dataclass(frozen=True)
class Guarded:
    """A role with these grants, and what it sees of an estate while moto's IAM is asked for each operation."""

    guard: Guard
    reader: boto3.Session
    seen: Seen


def reading(session: boto3.Session, url: str) -> boto3.Session:
    """A session of a role that the printed template makes for a user who may assume it."""
    user, arn = auditor(session, url)
    return assume(user, url, deploy(session, url, grants(), TrustedPrincipal=arn))


def guarded(server: Server, reader: boto3.Session) -> Guarded:
    """Read all that checks need, with moto's IAM switched on: moto is asked for each answer anew."""
    guard = Guard()
    guard.hold(grants())
    server.storm = guard.storm
    try:
        with server.asking_anew(), guard.with_motos_iam():
            return Guarded(guard, reader, look(reader, server.url, selection(), ()))
    finally:
        server.storm = None
