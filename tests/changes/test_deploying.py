"""Deployments: what a change set would do in words, what it does to the posture, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes import deploying
from demarcate.changes.applying import Run
from demarcate.changes.deciding import approve, record_plan
from demarcate.changes.deploying import Proposal, Wanted, propose
from demarcate.changes.following import EVENTS, StackEvents
from demarcate.changes.reach import NotDone, Reach
from demarcate.changes.status import Outcome, State
from demarcate.changes.structs import Change, Operation, Read, Step
from demarcate.checks.judgement import Finding
from demarcate.drift.foreseeing import foresee
from demarcate.drift.pairing import Stack
from demarcate.ledger.ledger import Ledger
from tests.aws.conftest import REGION, Aws
from tests.changes import cases

TEMPLATE: dict[str, Any] = {
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}}}
}
READS = {deploying.STACKS, deploying.DESCRIBE, EVENTS}


def reach(aws: Aws) -> Reach:
    writes = {deploying.CREATE, deploying.DELETE, deploying.EXECUTE}
    return Reach(cases.options(aws), reads=READS, writes=writes)


def proposed(aws: Aws, ledger: Ledger, template: dict[str, Any]) -> Proposal:
    wanted = Wanted("shop", json.dumps(template), REGION, {})
    return propose(wanted, reach(aws), ledger, cases.PLANNER, sleep=lambda _: None)


def test_a_stack_is_proposed_approved_made_and_followed(aws: Aws, ledger: Ledger) -> None:
    proposal = proposed(aws, ledger, TEMPLATE)
    assert [(item.effect, item.logical_id, item.type) for item in proposal.altered] == [
        ("added", "Queue", "AWS::SQS::Queue")
    ]
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == [], "nothing is made before it is approved"
    assert proposal.change is not None
    record_plan(ledger, cases.PLANNER, proposal.change)
    approve(ledger, cases.APPROVER, proposal.change.id, cases.ANYBODY)
    told: list[str] = []
    hands = reach(aws)
    follow = StackEvents(proposal.change, hands, told.append).follow
    after = Run(ledger, cases.PLANNER, hands, wait=3, follow=follow).carry_out(proposal.change.id, "apply")
    assert (after.state, after.reason) == (State.APPLIED, "")
    assert len(aws.client("sqs").list_queues()["QueueUrls"]) == 1
    assert [entry.act.kind for entry in ledger.entries()][:2] == [deploying.PROPOSED, "change-planned"]


def test_what_a_deployment_alters_and_loses() -> None:
    def altered(**change: Any) -> tuple[str, str]:
        item = deploying._altered({"LogicalResourceId": "Data", "ResourceType": "AWS::DynamoDB::Table", **change})
        return item.effect, item.loses

    assert altered(Action="Add") == ("added", "")
    assert altered(Action="Modify", Replacement="False") == ("changed", "")
    assert altered(Action="Modify", Replacement="True") == ("replaced", "what it holds")
    assert altered(Action="Modify", Replacement="Conditional") == ("perhaps replaced", "what it holds")
    assert altered(Action="Remove") == ("deleted", "what it holds")
    assert altered(Action="Remove", PolicyAction="Retain") == ("deleted", "")
    assert altered(Action="Modify", Replacement="True", PolicyAction="ReplaceAndSnapshot") == ("replaced", "")
    assert altered(Action="Remove", ResourceType="AWS::SNS::Topic") == ("deleted", "")
    assert altered(Action="Import") == ("imported", "")
    assert altered(Action="Dynamic") == ("unknown", "")


def test_a_template_that_is_too_large_is_not_sent(aws: Aws, ledger: Ledger) -> None:
    wanted = Wanted("shop", "x" * (deploying.LARGEST + 1), REGION, {})
    with pytest.raises(DemarcateError, match="51,201 bytes"):
        propose(wanted, reach(aws), ledger, cases.PLANNER)
    assert list(ledger.entries()) == []


class Refusing:
    """A CloudFormation that cannot make a change set."""

    caller = SimpleNamespace(account="123456789012")

    def __init__(self, reason: str) -> None:
        self.reason, self.called = reason, list[str]()

    def read(self, account: str, region: str, read: Read) -> Any:
        return (
            None if read.operation.name == deploying.STACKS else {"Status": "FAILED", "StatusReason": self.reason}
        )

    def call(self, account: str, region: str, operation: Operation) -> Any:
        self.called.append(operation.name)
        return {"Id": "arn"}


def refused(reason: str, ledger: Ledger) -> tuple[Refusing, Proposal]:
    hands = Refusing(reason)
    wanted = Wanted("shop", "{}", REGION, {})
    return hands, propose(wanted, hands, ledger, cases.PLANNER)  # type: ignore[arg-type]


def test_a_template_that_aws_refuses_is_told(ledger: Ledger) -> None:
    with pytest.raises(DemarcateError, match="shop: CloudFormation cannot deploy this template: Unresolved"):
        refused("Unresolved resource dependencies [No]", ledger)


def test_nothing_to_deploy_is_no_change(ledger: Ledger) -> None:
    hands, proposal = refused("The submitted information didn't contain changes.", ledger)
    assert (proposal.altered, proposal.change) == ((), None)
    assert hands.called == [deploying.CREATE, deploying.DELETE], "what cannot be executed is not left behind"


def test_what_would_fail_and_what_would_be_mended(aws: Aws, tmp_path: Path) -> None:
    volume = {"AvailabilityZone": f"{REGION}a", "Size": 1}
    group = {"GroupDescription": "web"}
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    before = {
        "Resources": {
            "Data": {"Type": "AWS::EC2::Volume", "Properties": volume},
            "Old": {"Type": "AWS::EC2::Volume", "Properties": volume},
            "Web": {"Type": "AWS::EC2::SecurityGroup", "Properties": {**group, "SecurityGroupIngress": [rule]}},
        }
    }
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName="shop", TemplateBody=json.dumps(before))
    ids = {
        item["LogicalResourceId"]: item["PhysicalResourceId"]
        for item in cloudformation.list_stack_resources(StackName="shop")["StackResourceSummaries"]
    }
    aws.client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1)  # which no stack has
    after = tmp_path / "shop.json"
    after.write_text(
        json.dumps(
            {
                "Resources": {
                    "Data": {"Type": "AWS::EC2::Volume", "Properties": {**volume, "Encrypted": True}},
                    "New": {"Type": "AWS::EC2::Volume", "Properties": volume},
                    "Web": {"Type": "AWS::EC2::SecurityGroup", "Properties": group},
                }
            }
        )
    )
    there = Stack("", "shop", "123456789012", REGION)
    foreseen = foresee(after, there, {ids["Old"]}, cases.options(aws), {})

    def told(findings: tuple[Finding, ...], check: str) -> set[str]:
        return {str(finding.resource).rpartition("/")[2] for finding in findings if finding.check == check}

    assert told(foreseen.ends, "ebs-volume-encrypted") == {ids["Data"], ids["Old"]}
    assert told(foreseen.brings, "ebs-volume-encrypted") == {"New"}
    assert told(foreseen.ends, "vpc-security-group-no-public-ssh") == {ids["Web"]}
    assert foreseen.unread == ()


class Failing:
    """A CloudFormation that takes a change set, and rolls it back."""

    def __init__(self) -> None:
        self.looks = 0

    def read(self, account: str, region: str, read: Read) -> Any:
        if read.operation.name == EVENTS:
            return self.events() if self.looks else []
        self.looks += 1
        status = ["AVAILABLE", "EXECUTE_IN_PROGRESS", "EXECUTE_FAILED"][min(self.looks - 1, 2)]
        return {"Status": "CREATE_COMPLETE", "ExecutionStatus": status}

    @staticmethod
    def events() -> list[dict[str, Any]]:
        told = [
            ("4", "shop", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Table]."),
            ("3", "Queue", "CREATE_FAILED", "Resource creation cancelled"),
            ("2", "Table", "CREATE_FAILED", "A table of that name is there already"),
            ("1", "Table", "CREATE_IN_PROGRESS", None),
        ]
        return [
            {"Id": id_, "Resource": resource, "Type": "T", "Status": status, "Reason": reason}
            for id_, resource, status, reason in told
        ]

    def call(self, account: str, region: str, operation: Operation) -> Any:
        return {}


def deployment() -> Change:
    described = {
        "ChangeSetId": "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/d/1",
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/1",
        "Status": "CREATE_COMPLETE",
        "ExecutionStatus": "AVAILABLE",
    }
    return deploying._change(Wanted("shop", "", REGION, {}), described, (), "123456789012", exists=False)


def test_a_deployment_that_rolls_back_says_its_first_cause(ledger: Ledger) -> None:
    change, hands = deployment(), Failing()
    record_plan(ledger, cases.PLANNER, change)
    approve(ledger, cases.APPROVER, change.id, cases.ANYBODY)
    told: list[str] = []
    follow = StackEvents(change, hands, told.append).follow  # type: ignore[arg-type]
    run = Run(ledger, cases.PLANNER, hands, wait=3, follow=follow, sleep=lambda _: None)
    after = run.carry_out(change.id, "apply")
    assert after.state is State.STOPPED
    assert after.ended["apply", 1].outcome is Outcome.FAILED
    assert "Table: A table of that name is there already" in after.reason
    assert told[0] == "CREATE_IN_PROGRESS Table (T)"
    assert len(told) == 4, "each once"


def test_events_that_cannot_be_read_stop_nothing() -> None:
    class Denied(Failing):
        def read(self, account: str, region: str, read: Read) -> Any:
            raise NotDone("denied")

    change = deployment()
    (step,) = change.steps
    assert isinstance(step, Step)
    assert StackEvents(change, Denied(), print).follow(step) == ""  # type: ignore[arg-type]
