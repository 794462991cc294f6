"""Each kind of artefact through a ring and back: which calls are made, in which order, and what has no way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jmespath
import msgspec
import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.applying import standing
from demarcate.changes.permissions import grants_of_change
from demarcate.changes.status import State
from demarcate.changes.structs import Change, Operation, Read
from demarcate.estate.sources.aws.guard import reads
from demarcate.patching.mechanisms import MECHANISMS
from tests.changes.test_models import operation, sample, wrong
from tests.patching.conftest import World, Worlds

RINGS = """
rings:
  - id: test
    tags: {environment: [test]}
    approvals: {default: 0}
"""

AMI = "ami=ami-0000000000000000b"
IMAGE = f"image=123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop@sha256:{'b' * 64}"
PLATFORM = (
    "platform=arn:aws:elasticbeanstalk:eu-west-1::platform/Python 3.13 running on 64bit Amazon Linux 2023/4.2.0"
)


@dataclass(frozen=True)
class Case:
    """A scenario with what is promoted in it: the calls there, the calls back, and how each ended."""

    scene: str
    artefact: str
    there: tuple[str, ...]
    back: tuple[str, ...]
    verdict: str = "possible"
    stops: str = ""
    not_back: str = ""


CASES = (
    Case(
        "an instance refresh",
        AMI,
        ("create_launch_template_version", "start_instance_refresh 4"),
        ("start_instance_refresh 3", "delete_launch_template_versions"),
    ),
    Case(
        "an instance refresh that never ends, and is rolled back midway",
        AMI,
        ("create_launch_template_version", "start_instance_refresh 4"),
        ("rollback_instance_refresh", "delete_launch_template_versions"),
        stops="has no outcome",
    ),
    Case(
        "an instance refresh that failed and rolled itself back",
        AMI,
        ("create_launch_template_version", "start_instance_refresh 4"),
        ("delete_launch_template_versions",),
        stops="was taken by AWS, and failed",
    ),
    Case("a deployment of ECS", IMAGE, ("update_service 7",), ("update_service 6",)),
    Case(
        "a deployment of ECS whose circuit breaker opens",
        IMAGE,
        ("update_service 7",),
        (),
        stops="was taken by AWS, and failed",
    ),
    Case("an alias of Lambda", "function=orders:12@live", ("update_alias 12",), ("update_alias 11",)),
    Case(
        "a node group of EKS",
        "node-release=1.31.2-20250101",
        ("update_nodegroup_version",),
        (),
        verdict="irreversible",
        not_back="EKS takes no node group back to an earlier release",
    ),
    Case(
        "a node group with an image of one's own",
        "node-image=ami-0000000000000000b",
        ("create_launch_template_version", "update_nodegroup_version 4"),
        ("update_nodegroup_version 3", "delete_launch_template_versions"),
    ),
    Case(
        "a node group with an image of one's own that does not take it",
        "node-image=ami-0000000000000000b",
        ("create_launch_template_version", "update_nodegroup_version 4"),
        ("delete_launch_template_versions",),
        stops="was taken by AWS, and failed",
    ),
    Case(
        "a node group with an image that is not there any more",
        "node-image=ami-0000000000000000b",
        ("create_launch_template_version", "update_nodegroup_version 4"),
        ("update_nodegroup_version 3", "delete_launch_template_versions"),
        verdict="irreversible",
    ),
    Case(
        "a node group of EKS that goes back to where it was",
        "node-release=1.31.2-20250101",
        ("update_nodegroup_version",),
        (),
        verdict="irreversible",
        stops="was taken by AWS, and failed",
    ),
    Case(
        "a database",
        "engine=postgres:16.4",
        ("create_db_snapshot", "modify_db_instance"),
        (),
        verdict="irreversible",
        not_back="restore the snapshot that was taken",
    ),
    Case(
        "a blue/green deployment",
        "blue-green=postgres:16.4",
        ("create_blue_green_deployment", "switchover_blue_green_deployment"),
        (),
        verdict="irreversible",
        not_back="the old database is kept beside the new one",
    ),
    Case(
        "a green database that cannot be made",
        "blue-green=postgres:16.4",
        ("create_blue_green_deployment",),
        ("delete_blue_green_deployment",),
        verdict="irreversible",
        stops="was taken by AWS, and failed",
    ),
    Case(
        "an instance refresh of mixed instances",
        AMI,
        ("create_launch_template_version", "start_instance_refresh 4"),
        ("start_instance_refresh 3", "delete_launch_template_versions"),
    ),
    Case(
        "a platform of Elastic Beanstalk", PLATFORM, ("update_environment 4.2.0",), ("update_environment 4.1.0",)
    ),
)

VALUES = (
    "DesiredConfiguration.LaunchTemplate.Version",
    "DesiredConfiguration.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.Version",
    "taskDefinition",
    "FunctionVersion",
    "PlatformArn",
    "launchTemplate.version",
)
"""What tells one call of an operation from another."""


def calls(own: World) -> list[str]:
    """The calls that changed something, each with the version that it is about."""
    made = []
    for name, parameters in own.scene.log:
        if not reads(name):
            told = next((value for path in VALUES if (value := jmespath.search(path, parameters))), "")
            made.append(f"{name.partition('.')[2]} {told.replace('/', ':').rpartition(':')[2]}".strip())
    return made


def hurried(own: World, change_id: str) -> Change:
    """A change whose steps are waited for no longer than it takes."""
    change = standing(own.ledger, change_id).change
    steps = [msgspec.structs.replace(step, wait=min(step.wait, 3)) for step in change.steps]
    own.plan_steps(change, steps)
    return change


@pytest.mark.parametrize("case", CASES, ids=[case.scene for case in CASES])
def test_there_and_back(case: Case, world: Worlds) -> None:
    own = world(case.scene)
    if case.verdict != "possible":
        with pytest.raises(DemarcateError, match="no way back that is proven"):
            own.plan(RINGS, case.artefact)
    plan = own.plan(RINGS, case.artefact, accept=case.verdict != "possible")
    (member,) = plan.stages[0].members
    assert member.proof.verdict == case.verdict
    change = hurried(own, plan.stages[0].parts[0].change)
    assert list(not_of_aws(change)) == []
    assert not calls(own)

    ended = own.run(plan)
    assert (ended.how, calls(own)) == ("stopped" if case.stops else "done", list(case.there)), ended
    assert case.stops in " ".join(ended.reasons)
    before = len(calls(own))
    back = own.roll_back(plan)
    assert calls(own)[before:] == list(case.back)
    if case.not_back:
        assert (back.how, case.not_back in back.reasons[0]) == ("stopped", True)
    else:
        assert standing(own.ledger, change.id).state is State.UNDONE, back


def not_of_aws(change: Change) -> list[str]:
    """What AWS's own models do not have of the calls, the reads and the states of a change."""
    told = []
    for step in change.steps:
        undo = step.undo
        for call in (step.do, undo.operation, undo.midway):
            told += _not_taken(call) if call is not None else []
        for read in (step.reads, undo.reads):
            told += _not_answered(read) if read is not None else []
    assert all(":" in grant.action for grant in grants_of_change(change))
    return told


def _not_taken(call: Operation) -> list[str]:
    assert not reads(call.name)
    return list(wrong(call.parameters, operation(call.name).input_shape, call.name))


def _not_answered(read: Read) -> list[str]:
    assert reads(read.operation.name)
    model = operation(read.operation.name)
    told = list(wrong(read.operation.parameters, model.input_shape, read.operation.name))
    state = jmespath.search(_unfiltered(read.state), sample(model.output_shape))
    empty = state in (None, [], {}) or (isinstance(state, dict) and None in state.values())
    return [*told, f"{read.operation.name}: {read.state}: {state}"] if empty else told


def _unfiltered(path: str) -> str:
    """A JMESPath that takes all of what it chooses from: a sample has no values that a filter would find.

    >>> _unfiltered("Snapshots[?Tags[?Key=='a']] | [0].State")
    'Snapshots[] | [0].State'
    """
    begin = path.find("[?")
    if begin < 0:
        return path
    depth, end = 0, begin
    for end in range(begin, len(path)):
        depth += {"[": 1, "]": -1}.get(path[end], 0)
        if not depth:
            break
    return f"{path[:begin]}[]{_unfiltered(path[end + 1 :])}"


def test_what_cannot_be_rolled_back_is_named_with_what_to_do(world: Worlds) -> None:
    own = world("an instance refresh")
    with pytest.raises(DemarcateError) as refused:
        own.plan(RINGS.replace("[test]", "[loose]"), AMI)
    told = str(refused.value)
    assert "$Latest of its launch template" in told and "set the group to a numbered version first" in told
    assert "takes the image from a parameter" in told
    assert "2 of its resources have no way back" in told


def test_artefacts_are_what_their_kind_takes() -> None:
    wrong_values: dict[str, Any] = {
        "baseline": "pb-1",
        "ami": "base",
        "image": "shop:latest",
        "node-release": "latest",
        "node-image": "nodes-2",
        "engine": "postgres",
        "blue-green": "sqlserver-se:16.00",
        "platform": "Python 3.13",
        "function": "orders:$LATEST@live",
    }
    assert set(wrong_values) == set(MECHANISMS)
    for kind, value in wrong_values.items():
        with pytest.raises(ValueError, match="expected"):
            MECHANISMS[kind].artefact(value)
        assert MECHANISMS[kind].reads >= {
            MECHANISMS[kind].artefact(text.partition("=")[2]).operation.name
            for text in (case.artefact for case in CASES)
            if text.startswith(f"{kind}=")
        }
