"""Patches of an operating system through rings: from the plan to the last ring, and back, and what stops them."""

from __future__ import annotations

import msgspec
import pytest

from demarcate.base.errors import DemarcateError
from demarcate.changes.applying import standing
from demarcate.changes.status import Outcome, State
from demarcate.ledger.evidence import ledger_evidence
from demarcate.model import load
from demarcate.patching.plans import progress_of
from tests.patching.conftest import Worlds

BASELINE = "baseline=pb-0123456789abcdef0"
A, B, C, D = (f"i-0000000000000000{letter}" for letter in "abcd")

RINGS = """
budget: 2
snapshots: true
rings:
  - id: test
    tags: {environment: [test]}
    approvals: {default: 0}
    soak: 24h
    checks: [ssm-instance-patch-compliant]
  - id: production
    tags: {environment: [prod]}
    soak: 1h
    alarms: [checkout-errors]
"""


def nodes(calls: list[dict[str, object]]) -> list[str]:
    return [f"{call['Parameters']['Operation'][0]} {call['InstanceIds'][0][-1]}" for call in calls]  # type: ignore[index]


def test_from_the_plan_to_the_last_ring_and_back(world: Worlds) -> None:
    own = world("an alarm that was silent")
    plan = own.plan(RINGS, BASELINE)
    assert [(stage.ring.name, len(stage.members), stage.at_once) for stage in plan.stages] == [
        ("test", 2, 2),
        ("production", 1, 2),
    ]
    assert {member.proof.verdict for stage in plan.stages for member in stage.members} == {"possible"}
    assert [(item.ring, item.why) for item in plan.left_out] == [
        ("production", "Systems Manager does not manage it")
    ]
    (artefact,) = plan.artefacts
    assert (artefact.digest[:7], "by their age" in artefact.note) == ("sha256:", True)

    ended = own.run(plan)
    assert (ended.how, ended.ring) == ("soaks", "test")
    assert nodes(own.scene.made("ssm.send_command")) == ["Scan a", "Scan b", "Install a", "Install b"]
    (snapshot,) = {call["Parameters"]["SnapshotId"][0] for call in own.scene.made("ssm.send_command")}
    assert snapshot == artefact.snapshot
    assert own.run(plan).how == "soaks", "nothing is done before it has soaked"

    own.later(hours=25)
    ended = own.run(plan)
    assert (ended.how, ended.ring) == ("waits", "production")
    assert "1 to approve it" in ended.reasons[0]
    own.approve(plan, "production")
    assert own.run(plan).how == "soaks"
    own.later(hours=2)
    assert own.run(plan).how == "done"
    assert nodes(own.scene.made("ssm.send_command"))[4:] == ["Scan c", "Install c"]

    evidence = ledger_evidence(own.ledger, load(), own.clock.date())
    (tested,) = evidence.records
    assert (tested.kind, tested.responsibilities) == ("attestation", ("patch-management.test-patches-in-staging",))
    assert artefact.digest in tested.detail
    assert "check ssm-instance-patch-compliant passes 2 of 2" in tested.detail

    assert own.roll_back(plan).how == "rolled back"
    assert [call["InstanceId"][-1] for call in own.scene.made("ec2.create_replace_root_volume_task")] == [*"cba"]
    evidence = ledger_evidence(own.ledger, load(), own.clock.date())
    assert [record.kind for record in evidence.records] == ["attestation", "drill"]
    assert not evidence.problems
    with pytest.raises(DemarcateError, match="it was rolled back"):
        own.run(plan)


STOPS = {
    "a node that never reboots": "has no outcome after 3 s",
    "a command that times out": "ssm.send_command was taken by AWS, and failed",
}


@pytest.mark.parametrize("name", STOPS)
def test_a_node_that_does_not_come_back_stops_its_ring(name: str, world: Worlds) -> None:
    own = world(name)
    plan = own.plan(RINGS, BASELINE)
    change = standing(own.ledger, plan.stages[0].parts[0].change).change
    short = [msgspec.structs.replace(step, wait=3) for step in change.steps]
    own.plan_steps(change, short)
    ended = own.run(plan)
    assert (ended.how, ended.ring) == ("stopped", "test")
    assert STOPS[name] in ended.reasons[0]
    assert B not in {call["InstanceIds"][0] for call in own.scene.made("ssm.send_command")[2:]}
    own.later(days=9)
    assert own.run(plan).ring == "test", "no later ring begins"
    assert C not in {call["InstanceIds"][0] for call in own.scene.made("ssm.send_command")}
    assert progress_of(own.ledger, plan.id).stopped["test"]


GATES = {
    "an agent that dies after the patch": "its agent is silent (ConnectionLost)",
    "a check that fails in the ring": "check ssm-instance-patch-compliant: fail",
}


@pytest.mark.parametrize("name", GATES)
def test_a_gate_stops_the_next_ring(name: str, world: Worlds) -> None:
    own = world(name)
    plan = own.plan(RINGS, BASELINE)
    own.run(plan)
    own.later(hours=25)
    ended = own.run(plan)
    assert (ended.how, any(GATES[name] in reason for reason in ended.reasons)) == ("stopped", True), ended
    own.play("an alarm that was silent")  # it was mended
    ended = own.run(plan)
    assert (ended.how, ended.ring) == ("waits", "production")


def test_an_alarm_that_rang_while_it_soaked_stops_it(world: Worlds) -> None:
    own = world("an alarm that rang while it soaked")
    rings = RINGS.replace("    soak: 24h\n", "    soak: 24h\n    alarms: [checkout-errors]\n")
    plan = own.plan(rings, BASELINE)
    assert own.run(plan).how == "soaks"
    own.later(hours=25)
    ended = own.run(plan)
    assert (ended.how, "the alarm checkout-errors has rung since" in ended.reasons[0]) == ("stopped", True)


def test_an_artefact_that_was_edited_goes_no_further(world: Worlds) -> None:
    own = world("all goes well")
    plan = own.plan(RINGS, BASELINE)
    own.run(plan)
    own.later(hours=25)
    own.run(plan)
    own.approve(plan, "production")
    own.play("a baseline that is edited between the rings")
    ended = own.run(plan)
    assert (ended.how, "was changed since it was planned" in ended.reasons[0]) == ("stopped", True)
    assert C not in {call["InstanceIds"][0] for call in own.scene.made("ssm.send_command")}


def test_a_rollback_that_fails_half_way_is_told_and_goes_on(world: Worlds) -> None:
    own = world("a rollback that fails half-way")
    plan = own.plan(RINGS, BASELINE)
    own.run(plan)
    ended = own.roll_back(plan)
    assert (ended.how, "create_replace_root_volume_task was taken by AWS, and failed" in ended.reasons[0]) == (
        "stopped",
        True,
    )
    change = plan.stages[0].parts[0].change
    assert standing(own.ledger, change).state is State.UNDO_STOPPED
    assert [call["InstanceId"] for call in own.scene.made("ec2.create_replace_root_volume_task")] == [B, A]
    undone = {
        name: ended.outcome for name, ended in standing(own.ledger, change).ended.items() if name[0] == "undo"
    }
    assert (undone["undo", 1], undone["undo", 2]) == (Outcome.DONE, Outcome.FAILED)
    own.later(hours=25)
    with pytest.raises(DemarcateError, match="on the way back"):
        own.run(plan)
    own.play("all goes well")  # somebody put it back by hand, under the same mark
    assert own.roll_back(plan).how == "rolled back"


def test_without_a_copy_there_is_no_way_back(world: Worlds) -> None:
    own = world("all goes well")
    rings = RINGS.replace("snapshots: true\n", "")
    with pytest.raises(DemarcateError, match="3 of its resources have no way back that is proven"):
        own.plan(rings, BASELINE)
    plan = own.plan(rings, BASELINE, accept=True)
    assert {member.proof.verdict for stage in plan.stages for member in stage.members} == {"irreversible"}
    own.run(plan)
    assert not own.scene.made("ec2.create_snapshot")
    assert "patches are not taken off a node" in own.roll_back(plan).reasons[0]


def test_a_window_that_was_missed_is_waited_for(world: Worlds) -> None:
    own = world("all goes well")
    window = 'windows: [{days: [sat], from: "22:00", to: "23:00", zone: Europe/Berlin}]'
    plan = own.plan(RINGS.replace("    soak: 24h\n", f"    soak: 24h\n    {window}\n"), BASELINE)
    ended = own.run(plan)
    assert (ended.how, ended.again is not None and ended.again.isoformat()) == (
        "waits",
        "2026-11-28T21:00:00+00:00",
    )
    own.later(hours=11)  # it was skipped
    ended = own.run(plan)
    assert (ended.how, ended.again is not None and ended.again.isoformat()) == (
        "waits",
        "2026-12-05T21:00:00+00:00",
    )
    assert not own.scene.made("ssm.send_command")
    own.later(days=6, hours=22, minutes=30)
    assert own.run(plan).how == "soaks"


def test_a_ring_is_what_a_resource_group_holds(world: Worlds) -> None:
    own = world("nodes in resource groups")
    grouped = RINGS.replace("tags: {environment: [test]}", "groups: [web]")
    plan = own.plan(grouped, BASELINE)
    assert [[member.name for member in stage.members] for stage in plan.stages] == [[B], [C]]
    with pytest.raises(DemarcateError, match="no resource group 'wob' that holds anything"):
        own.plan(grouped.replace("web", "wob"), BASELINE)
    own.play("nodes whose groups cannot be read")
    first = "rings:\n  - {id: production, tags: {environment: [prod]}}\n  - {id: test, groups: [web]}\n"
    left_out = own.plan(first, BASELINE, accept=True).left_out
    assert "the groups that hold it are not known, and so it is not known whether it belongs to 'test'" in {
        item.why for item in left_out
    }
