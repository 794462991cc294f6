"""The printed policy is enough and least, as moto's IAM sees it.

With moto's IAM switched on, a role that CloudFormation made of the printed template reads all that is read without
IAM. What moto asks IAM for each operation is noted, and asked again with one action after the other taken away:
exactly the checks that need it are unknown then. Operations that moto lacks are answered by the tests, behind the
same IAM; where moto asks for something else than AWS does, `OTHERWISE` has it.
"""

from __future__ import annotations

import fnmatch
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest import mock
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.core.authorization import enable_iam_authentication
from moto.iam.access_control import IAMPolicy, IAMRequestBase, PermissionResult

from demarcate.estate.sources.aws.calls import calls_of
from demarcate.estate.sources.aws.permissions import Grant, grants_of
from demarcate.estate.sources.plan import Selection
from demarcate.report import policy
from tests.aws.answers.answering import Answer
from tests.aws.answers.asking import Asked, api_name
from tests.aws.answers.data import ANSWERS
from tests.aws.answers.server import Server, serving
from tests.aws.conftest import Aws
from tests.aws.faults.estate import fill
from tests.aws.faults.kinds import denied
from tests.aws.faults.reach import checks
from tests.aws.faults.seeing import REGION, Seen, look, selection_of
from tests.aws.faults.world import unhurried


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

SILENT: Mapping[str, str] = {
    "cloudhsm:DescribeBackups": "no cluster here is active",
    "elasticloadbalancing:DescribeSSLPolicies": "no listener here has TLS",
    "elasticloadbalancing:DescribeLoadBalancerPolicies": "no classic load balancer here has a listener with TLS",
    "ssm:DescribeAssociation": "patching is scheduled here by a maintenance window",
    "ssm:GetMaintenanceWindowTask": "patching is scheduled here by an association",
}
"""Actions that are needed, though no verdict on this estate rests on them alone, and why."""


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


def reset(url: str) -> None:
    urlopen(Request(f"{url}/moto-api/reset", method="POST")).close()


def test_the_role_is_assumed_with_its_external_id(aws: Aws) -> None:
    session, arn = auditor(aws.session, aws.url)
    role = deploy(aws.session, aws.url, grants(), TrustedPrincipal=arn, ExternalId="id-1", RoleName="demarcate")
    assert role == "arn:aws:iam::123456789012:role/demarcate"
    with enable_iam_authentication():
        # moto takes a condition on what was not given for met, as AWS does not: so here one is given.
        with pytest.raises(ClientError, match="AccessDenied"):
            assume(session, aws.url, role, ExternalId="id-2")
        assert assume(session, aws.url, role, ExternalId="id-1")


def test_the_policy_is_enough_and_no_action_can_be_taken_away() -> None:
    guard = Guard()
    admin = boto3.Session("testing", "testing", region_name=REGION)
    with unhurried(), serving() as server:
        reset(server.url)
        fill(admin, server.url)
        user, arn = auditor(admin, server.url)
        role = deploy(admin, server.url, grants(), TrustedPrincipal=arn)
        reader = assume(user, server.url, role)
        free = look(reader, server.url, selection(), ())
        guard.hold(grants())
        server.storm = guard.storm
        server.keep()
        with guard.with_motos_iam():
            seen = look(reader, server.url, selection(), checks(), passes=True)
        server.freeze()
        assert free.unread == seen.unread == ()
        for name, rows in free.rows.items():
            assert ordered(rows) == ordered(seen.rows[name]), name
        problems = [problem for taken in batches(guard) for problem in without(server, reader, guard, taken, seen)]
        reset(server.url)
    assert not problems, "\n".join(problems)


def ordered(rows: list[dict[str, Any]]) -> list[str]:
    """Rows that can be compared: without when a role was last used, which reading changes, and when a trail last
    delivered, which moto says is now.
    """
    moving = ("last_used", "latest_delivery", "latest_cloudwatch_logs_delivery")
    return sorted(
        str({name: row[name] for name in row if not any(each in name for each in moving)}) for row in rows
    )


def operations_of(guard: Guard, grant: Grant) -> set[str]:
    """The operations that IAM was asked for this action, on what the grant is for."""
    return {
        operation
        for operation, wanted in guard.wanted.items()
        if any(action == grant.action and fnmatch.fnmatchcase(on, grant.resource) for action, on in wanted)
    }


@cache
def used() -> Mapping[str, frozenset[str]]:
    """The operations that collecting for each check calls where regions are given."""
    return {
        name: frozenset(call.operation for call in calls_of(selection_of([name]), all_regions=False))
        for name in checks()
    }


def batches(guard: Guard) -> list[dict[Grant, set[str]]]:
    """All grants with the operations that are denied without each, in groups that can be taken away at once.

    No check that is judged needs two of a group, so each is taken away alone as far as any check can see.
    """
    groups: list[dict[Grant, set[str]]] = []
    lost = {grant: operations_of(guard, grant) for grant in grants()}
    judged = {grant: witnesses(operations) for grant, operations in lost.items()}
    for grant in sorted(grants(), key=lambda grant: -len(judged[grant])):
        for group in groups:
            others = set().union(*group.values())
            there = set().union(*(judged[grant] for grant in group))
            if not any(used()[name] & others for name in judged[grant]) and not any(
                used()[name] & lost[grant] for name in there
            ):
                group[grant] = lost[grant]
                break
        else:
            groups.append({grant: lost[grant]})
    return groups


FEW = 3
"""Checks that need more operations are judged only for those that no check with fewer needs."""


def witnesses(operations: set[str]) -> set[str]:
    """The checks that are judged where these operations are denied."""
    names = {name for name, called in used().items() if called & operations}
    fewest = min((len(used()[name]) for name in names), default=0)
    return {name for name in names if len(used()[name]) <= max(FEW, fewest)}


def without(
    server: Server, reader: boto3.Session, guard: Guard, taken: Mapping[Grant, set[str]], before: Seen
) -> Iterator[str]:
    """What is wrong with what is seen where some grants are taken away."""
    lost = set().union(*taken.values())
    needed = set().union(*(witnesses(operations) for operations in taken.values()))
    asked = set().union(*(used()[name] for name in needed))
    judged = needed | {
        name for name, operations in used().items() if operations <= asked and not operations & lost
    }
    guard.hold(grant for grant in grants() if grant not in taken)
    now = look(reader, server.url, selection_of(judged), judged, passes=True)
    for name in sorted(judged):
        was, since = before.findings[name], now.findings[name]
        if not used()[name] & lost:
            if since != was:
                yield f"{name} needs nothing that was taken away; it was {was}, and is {since}"
            continue
        for place, told in since.items():
            if told.verdict not in ("unknown", was[place].verdict if place in was else "unknown"):
                yield f"{name} without {lost & used()[name]}: it was {was.get(place)}, and is {told} on {place}"
    for grant, operations in taken.items():
        moved = [name for name in witnesses(operations) & judged if now.findings[name] != before.findings[name]]
        if not operations:
            yield f"{grant} is for nothing that was called"
        elif bool(moved) == (grant.action in SILENT):
            yield f"{grant}: without it these checks say something else: {moved}"
