"""The printed policy is enough and least, as moto's IAM sees it.

With moto's IAM switched on, a role that CloudFormation made of the printed template reads all that is read without
IAM. What moto asks IAM for each operation is noted, and asked again with one action after the other taken away:
exactly the checks that need it are unknown then. Operations that moto lacks are answered by the tests, behind the
same IAM (`guarding.py`).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from functools import cache

import pytest
from botocore.exceptions import ClientError
from moto.core.authorization import enable_iam_authentication

from demarcate.estate.sources.aws.calls import calls_of
from demarcate.estate.sources.aws.permissions import Grant
from tests.aws.conftest import Aws
from tests.aws.faults.guarding import Guard, assume, auditor, deploy, grants
from tests.aws.faults.reach import checks
from tests.aws.faults.seeing import Row, look, selection_of
from tests.aws.faults.world import World, unhurried

SILENT: Mapping[str, str] = {
    "cloudhsm:DescribeBackups": "no cluster here is active",
    "elasticloadbalancing:DescribeSSLPolicies": "no listener here has TLS",
    "elasticloadbalancing:DescribeLoadBalancerPolicies": "no classic load balancer here has a listener with TLS",
    "ssm:DescribeAssociation": "patching is scheduled here by a maintenance window",
    "ssm:GetMaintenanceWindowTask": "patching is scheduled here by an association",
}
"""Actions that are needed, though no verdict on this estate rests on them alone, and why."""


def test_the_role_is_assumed_with_its_external_id(aws: Aws) -> None:
    session, arn = auditor(aws.session, aws.url)
    role = deploy(aws.session, aws.url, grants(), TrustedPrincipal=arn, ExternalId="id-1", RoleName="demarcate")
    assert role == "arn:aws:iam::123456789012:role/demarcate"
    with enable_iam_authentication():
        # moto takes a condition on what was not given for met, as AWS does not: so here one is given.
        with pytest.raises(ClientError, match="AccessDenied"):
            assume(session, aws.url, role, ExternalId="id-2")
        assert assume(session, aws.url, role, ExternalId="id-1")


def test_the_policy_is_enough(whole_world: World) -> None:
    free, seen = whole_world.calm, whole_world.guarded.seen
    assert free.unread == seen.unread == ()
    for name, rows in seen.rows.items():
        assert ordered(rows, seen.columns[name]) == ordered(free.rows[name], seen.columns[name]), name


def test_no_action_can_be_taken_away(whole_world: World) -> None:
    with unhurried():
        problems = [
            problem for taken in batches(whole_world.guarded.guard) for problem in without(whole_world, taken)
        ]
    assert not problems, "\n".join(problems)


def ordered(rows: list[Row], columns: frozenset[str]) -> list[str]:
    """Some columns of rows, so that they can be compared: without when a role was last used, which reading changes, and
    when a trail last delivered, which moto says is now.
    """
    moving = ("last_used", "recently_used", "latest_delivery", "latest_cloudwatch_logs_delivery")
    still = sorted(column for column in columns - {"_unknown"} if not any(each in column for each in moving))
    return sorted(str([(row[column], row["_unknown"].get(column)) for column in still]) for row in rows)


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


def without(world: World, taken: Mapping[Grant, set[str]]) -> Iterator[str]:
    """What is wrong with what is seen where some grants are taken away."""
    guard, reader, before = world.guarded.guard, world.guarded.reader, world.calm
    lost = set().union(*taken.values())
    needed = set().union(*(witnesses(operations) for operations in taken.values()))
    asked = set().union(*(used()[name] for name in needed))
    judged = needed | {
        name for name, operations in used().items() if operations <= asked and not operations & lost
    }
    guard.hold(grant for grant in grants() if grant not in taken)
    with world.with_faults({}, guard.storm):
        now = look(reader, world.server.url, selection_of(judged), judged, passes=True)
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
