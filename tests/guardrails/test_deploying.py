"""Guardrails are deployed through a change: made, attached to one target, found again, and undone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from moto.core.utils import get_service_model

from demarcate.base.errors import DemarcateError
from demarcate.changes.applying import Run, standing
from demarcate.changes.commands import command
from demarcate.changes.deciding import approve, permitted, record_plan
from demarcate.changes.permissions import grants_of_change
from demarcate.changes.reach import NotDone, Reach
from demarcate.changes.status import State
from demarcate.changes.structs import Change, Operation, Read
from demarcate.estate.sources.aws.operations import members
from demarcate.guardrails import deploying
from demarcate.guardrails.filling import Choices
from demarcate.guardrails.load import limits, load_guardrails
from demarcate.guardrails.structs import TYPES
from demarcate.ledger.ledger import Ledger
from tests.changes import cases
from tests.guardrails.conftest import Organization
from tests.guardrails.test_catalog import SAID

ACCOUNT = "123456789012"
UNIT = "ou-abcd-12345678"


def reach(organization: Organization, change: Change | None = None) -> Reach:
    steps = change.steps if change else ()
    undoing = {step.undo.operation.name for step in steps if step.undo.operation}
    return Reach(
        cases.options(organization.aws), reads=deploying.READS, writes={step.do.name for step in steps} | undoing
    )


def planned(organization: Organization, *ids: str, target: str = "", **how: Any) -> Change:
    hands = reach(organization)
    guardrails = [load_guardrails()[name] for name in ids]
    return deploying.plan(guardrails, target or organization.unit, hands.caller.account, hands, SAID, **how)


def carried_out(organization: Organization, ledger: Ledger, change: Change) -> Run:
    record_plan(ledger, cases.PLANNER, change)
    approve(ledger, cases.APPROVER, change.id, cases.ANYBODY)
    return Run(ledger, cases.PLANNER, reach(organization, change), wait=3)


def test_policies_are_made_attached_to_one_unit_and_undone(organization: Organization, ledger: Ledger) -> None:
    before = organization.named()
    change = planned(organization, "trails-kept", "resources-for-the-organization", "accounts-stay")
    assert [step.do.name.partition(".")[2] for step in change.steps] == ["create_policy", "attach_policy"] * 2
    assert '"PolicyId":"<[2].Id of the steps before>"' in command(change.steps[3])
    run = carried_out(organization, ledger, change)
    after = run.carry_out(change.id, "apply")
    assert (after.state, after.reason) == (State.APPLIED, "")
    (name,) = [name for name in organization.attached() if name.startswith("demarcate")]
    assert name.startswith("demarcate-trails-kept-and-1-more-")
    policy = next(told for told in organization.listed() if told["Name"] == name)
    content = json.loads(organization.client.describe_policy(PolicyId=policy["Id"])["Policy"]["Content"])
    assert [statement["Sid"] for statement in content["Statement"]] == ["TrailsKept1", "AccountsStay1"]
    (own,) = set(organization.named("RESOURCE_CONTROL_POLICY")) - {"RCPFullAWSAccess"}
    assert own.startswith("demarcate-resources-for-the-organization-")
    with pytest.raises(DemarcateError, match="has all of these guardrails already"):
        planned(organization, "trails-kept", "resources-for-the-organization", "accounts-stay")

    undone = run.carry_out(change.id, "undo")
    assert (undone.state, undone.reason) == (State.UNDONE, "")
    assert (organization.named(), organization.named("RESOURCE_CONTROL_POLICY")) == (before, ["RCPFullAWSAccess"])


def test_a_policy_that_was_made_for_one_unit_is_attached_to_the_next(
    organization: Organization, ledger: Ledger
) -> None:
    first = planned(organization, "trails-kept")
    assert carried_out(organization, ledger, first).carry_out(first.id, "apply").state is State.APPLIED
    client = organization.client
    for number in range(25):  # the policy is on no first page any more
        client.create_policy(Name=f"a{number}", Description="", Type="SERVICE_CONTROL_POLICY", Content="{}")
    other = client.create_organizational_unit(ParentId=organization.root, Name="shop")["OrganizationalUnit"]["Id"]
    second = planned(organization, "trails-kept", target=other)
    assert [step.do.name for step in second.steps] == ["organizations.attach_policy"]
    assert carried_out(organization, ledger, second).carry_out(second.id, "apply").state is State.APPLIED


def test_a_run_that_was_stopped_between_the_steps_goes_on(organization: Organization, ledger: Ledger) -> None:
    change = planned(organization, "trails-kept")
    run = carried_out(organization, ledger, change)
    call = run.hands.call

    def refused(account: str, region: str, operation: Operation) -> Any:
        if operation.name == "organizations.attach_policy":
            raise NotDone("TooManyRequestsException")
        return call(account, region, operation)

    run.hands.call = refused  # type: ignore[method-assign]
    assert run.carry_out(change.id, "apply").state is State.STOPPED
    run.hands.call = call  # type: ignore[method-assign]
    assert run.carry_out(change.id, "apply").state is State.APPLIED
    assert [name for name in organization.attached() if name.startswith("demarcate-trails-kept-")]


def test_what_may_lock_out_is_said_and_must_be_accepted(organization: Organization, ledger: Ledger) -> None:
    change = planned(organization, "root-user-idle")
    assert change.risks == ("interrupts", "locks-out")
    record_plan(ledger, cases.PLANNER, change)
    approve(ledger, cases.APPROVER, change.id, cases.ANYBODY)
    status = standing(ledger, change.id)
    with pytest.raises(DemarcateError, match="--accept-lockout"):
        permitted(status, cases.ANYBODY)
    assert permitted(status, cases.ANYBODY, accept_lockout=True)
    assert "locks-out" not in planned(organization, "trails-kept").risks


class Told:
    """Answers what planning reads."""

    def __init__(self, attached: Sequence[str] = (), named: Any = None, content: str = "{}") -> None:
        self.answers = {
            deploying.ROOTS: list(TYPES.values()),
            deploying.ATTACHED: list(attached),
            deploying.LISTED: named,
            deploying.DESCRIBED: content,
        }

    def read(self, account: str, region: str, read: Read) -> Any:
        assert (account, region) == (ACCOUNT, "global")
        return self.answers[read.operation.name]


def plan(ids: Sequence[str], told: Told, target: str = UNIT, **how: Any) -> Change:
    return deploying.plan([load_guardrails()[name] for name in ids], target, ACCOUNT, told, SAID, **how)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("sandbox", "is no target"),
        ("ou-abcd", "is no target"),
        ("r-abcd", "try a unit first, or say that you mean it"),
    ],
)
def test_targets_that_are_refused(target: str, told: str) -> None:
    with pytest.raises(DemarcateError, match=told):
        plan(["trails-kept"], Told(), target)


def test_a_root_is_taken_where_it_is_meant() -> None:
    assert plan(["trails-kept"], Told(), "r-abcd", root=True).steps


def test_what_aws_would_not_take_is_refused_before() -> None:
    with pytest.raises(
        DemarcateError, match=r"has 10 service control policies, 1 would be added, and AWS attaches 10"
    ):
        plan(["trails-kept"], Told([f"p{number}" for number in range(limits()["scp"].attached)]))
    with pytest.raises(DemarcateError, match=r"the policy demarcate-trails-kept-\w+ \(p-1\) was changed since"):
        plan(["trails-kept"], Told(named={"Id": "p-1"}))
    off = Told()
    off.answers[deploying.ROOTS] = []
    with pytest.raises(DemarcateError, match=r"are not switched on .* enable-policy-type --policy-type S3_POLICY"):
        plan(["s3-public-access-blocked"], off)
    with pytest.raises(DemarcateError, match="needs the regions that are used"):
        deploying.plan([load_guardrails()["regions-chosen"]], UNIT, ACCOUNT, Told(), Choices())


def test_every_guardrail_makes_calls_that_botocore_knows() -> None:
    every = [guardrail.id for guardrail in load_guardrails().values() if not guardrail.control]
    change = plan(every, Told())
    model = get_service_model("organizations")
    names = model.shape_for("PolicyName").metadata["max"]
    for step in change.steps:
        operations = [step.do, step.reads.operation, *([step.undo.operation] if step.undo.operation else [])]
        for operation in operations:
            assert set(operation.parameters) <= members(operation.name)
        if "Name" in step.do.parameters:
            assert len(step.do.parameters["Name"]) <= names
            assert len(step.do.parameters["Description"]) <= model.shape_for("PolicyDescription").metadata["max"]
    earlier = [step.do.parameters["PolicyId"] for step in change.steps if step.do.name.endswith("attach_policy")]
    assert earlier == [{"$earlier": f"[{number}].Id"} for number in range(0, len(change.steps), 2)]
    assert {grant.action for grant in grants_of_change(change)} == {
        f"organizations:{name}"
        for name in (
            *("AttachPolicy", "CreatePolicy", "DeletePolicy", "DetachPolicy"),
            *("ListPolicies", "ListPoliciesForTarget"),
        )
    }
