"""Controls of Control Tower and conformance packs are deployed through a change, awaited, and undone."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.documents import DocumentError
from demarcate.base.errors import DemarcateError
from demarcate.changes.applying import Run
from demarcate.changes.deciding import approve, record_plan
from demarcate.changes.permissions import grants_of_change
from demarcate.changes.reach import Reach
from demarcate.changes.status import State
from demarcate.changes.structs import Change
from demarcate.guardrails import deploying, packing
from demarcate.guardrails.conformance import MOST, RULE, PackTemplate, read_template
from demarcate.guardrails.load import load_guardrails
from demarcate.ledger.ledger import Ledger
from tests.changes import cases
from tests.guardrails.conftest import Organization
from tests.guardrails.enabled import Simulated
from tests.guardrails.test_catalog import SAID

CONTROLS = ("control-tower-volumes-encrypted", "control-tower-versioning")
ALL = deploying.READS | packing.READS


def reach(organization: Organization, simulated: Simulated, writes: Collection[str] = ()) -> Reach:
    return simulated.behind(Reach(cases.options(organization.aws), reads=ALL, writes=writes))


def carried_out(organization: Organization, simulated: Simulated, ledger: Ledger, change: Change) -> Run:
    writes = {operation.name for step in change.steps for operation in (step.do, step.undo.operation) if operation}
    record_plan(ledger, cases.PLANNER, change)
    approve(ledger, cases.APPROVER, change.id, cases.ANYBODY)
    hands = reach(organization, simulated, writes)
    return Run(ledger, cases.PLANNER, hands, sleep=lambda _: None)


def controls(organization: Organization, simulated: Simulated, *ids: str, **how: Any) -> Change:
    hands = reach(organization, simulated)
    guardrails = [load_guardrails()[name] for name in ids]
    region = how.pop("region", simulated.home)
    target = how.pop("target", organization.unit)
    return deploying.plan(guardrails, target, hands.caller.account, hands, SAID, region=region, **how)


def test_controls_are_enabled_for_a_unit_and_disabled(organization: Organization, ledger: Ledger) -> None:
    simulated = Simulated()
    change = controls(organization, simulated, *CONTROLS)
    assert [(step.do.name, step.region) for step in change.steps] == [
        ("controltower.enable_control", "eu-west-1")
    ] * 2
    assert change.risks == ("costs",)
    run = carried_out(organization, simulated, ledger, change)
    applied = run.carry_out(change.id, "apply")
    assert (applied.state, applied.reason) == (State.APPLIED, "")
    unit = organization.client.describe_organizational_unit(OrganizationalUnitId=organization.unit)
    arns = {(f"arn:aws:controltower:eu-west-1::control/{load_guardrails()[name].control}") for name in CONTROLS}
    assert simulated.controls == dict.fromkeys(
        ((arn, unit["OrganizationalUnit"]["Arn"]) for arn in arns), "SUCCEEDED"
    )
    with pytest.raises(DemarcateError, match="has all of these guardrails already"):
        controls(organization, simulated, *CONTROLS)
    mixed = controls(organization, simulated, "trails-kept", CONTROLS[0], "control-tower-no-public-ssh")
    assert [step.do.name.partition(".")[2] for step in mixed.steps] == [
        "create_policy",
        "attach_policy",
        "enable_control",
    ]

    undone = run.carry_out(change.id, "undo")
    assert (undone.state, undone.reason) == (State.UNDONE, "")
    assert simulated.controls == {}
    assert simulated.calls.count("EnableControl") == simulated.calls.count("DisableControl") == 2


def test_a_control_that_fails_stops_the_change_and_is_seen_to_first(
    organization: Organization, ledger: Ledger
) -> None:
    simulated = Simulated(fails=frozenset({"EnableControl"}))
    change = controls(organization, simulated, *CONTROLS)
    stopped = carried_out(organization, simulated, ledger, change).carry_out(change.id, "apply")
    assert stopped.state is State.STOPPED
    assert simulated.calls.count("EnableControl") == 1
    with pytest.raises(DemarcateError, match=f"is FAILED for {organization.unit}: see to it"):
        controls(organization, simulated, CONTROLS[0])


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"target": "123456789012"}, "for a unit .*, and 123456789012 is none"),
        ({"region": "us-east-1"}, "no landing zone of Control Tower in us-east-1"),
    ],
)
def test_where_controls_cannot_be_enabled(organization: Organization, how: dict[str, Any], told: str) -> None:
    with pytest.raises(DemarcateError, match=told):
        controls(organization, Simulated(), CONTROLS[0], **how)


# --- conformance packs ------------------------------------------------------------------------------------


def template(
    name: str = "encrypted-volumes", file: str = "pack.json", count: int = 1, kind: str = RULE
) -> PackTemplate:
    resources = {f"{name}{number}": {"Type": kind} for number in range(count)}
    return PackTemplate(file, json.dumps({"Resources": resources}), dict.fromkeys(resources, kind))


def packed(where: Organization, simulated: Simulated, /, *templates: PackTemplate, **how: Any) -> Change:
    hands = reach(where, simulated)
    return packing.plan(templates, hands.caller.account, how.pop("regions", ["eu-west-1"]), hands, **how)


@pytest.mark.parametrize("whole", [False, True])
def test_packs_are_put_into_regions_and_deleted(organization: Organization, ledger: Ledger, whole: bool) -> None:
    simulated = Simulated()
    change = packed(organization, simulated, template(), template("b"), organization=whole)
    assert len({step.resource for step in change.steps}) == 2
    run = carried_out(organization, simulated, ledger, change)
    applied = run.carry_out(change.id, "apply")
    assert (applied.state, applied.reason) == (State.APPLIED, "")
    states = simulated.packs_of_all if whole else simulated.packs
    assert set(states) == {step.resource for step in change.steps}
    assert len(set(states.values())) == 1
    with pytest.raises(DemarcateError, match="are there already, in eu-west-1"):
        packed(organization, simulated, template(), organization=whole)
    assert len(packed(organization, simulated, template(), template("c"), organization=whole).steps) == 1

    undone = run.carry_out(change.id, "undo")
    assert (undone.state, undone.reason) == (State.UNDONE, "")
    assert set(states.values()) == ({"DELETE_SUCCESSFUL"} if whole else set())
    assert len(packed(organization, simulated, template(), organization=whole).steps) == 1
    name = "OrganizationConformancePack" if whole else "ConformancePack"
    read = "DescribeOrganizationConformancePackStatuses" if whole else "DescribeConformancePackStatus"
    assert {grant.action for grant in grants_of_change(change)} == {
        *(f"config:{verb}{name}" for verb in ("Put", "Delete")),
        f"config:{read}",
    }


def test_a_pack_that_fails_stops_the_change(organization: Organization, ledger: Ledger) -> None:
    simulated = Simulated(fails=frozenset({"PutConformancePack"}))
    change = packed(organization, simulated, template())
    assert (
        carried_out(organization, simulated, ledger, change).carry_out(change.id, "apply").state is State.STOPPED
    )
    with pytest.raises(DemarcateError, match="is CREATE_FAILED in eu-west-1: wait, or delete it"):
        packed(organization, simulated, template())


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (template(count=0), "holds no rules"),
        (template(kind="AWS::IAM::Role"), "holds AWS::IAM::Role"),
        (template(count=MOST + 1), f"holds {MOST + 1} rules, and a conformance pack has {MOST} at most"),
        (template("x" * 60_000), "and AWS takes 51,200 at most"),
    ],
)
def test_packs_that_aws_would_not_take(organization: Organization, made: PackTemplate, told: str) -> None:
    with pytest.raises(DemarcateError, match=f"pack.json {told}|pack.json has .* {told}"):
        packed(organization, Simulated(), made)


def test_nothing_is_deployed_where_nothing_is_recorded(organization: Organization) -> None:
    with pytest.raises(DemarcateError, match="records nothing in eu-west-1"):
        packed(organization, Simulated(records=False), template())


def test_the_file_of_a_pack(tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text('{"Resources": {"A": {"Type": "AWS::Config::ConfigRule", "Properties": {}}}}')
    assert read_template(path).resources == {"A": RULE}
    path.write_text('{"Resources": {"A": {"Properties": {}}}}')
    with pytest.raises(DocumentError, match=r"pack.yaml:1: .*Type"):
        read_template(path)
