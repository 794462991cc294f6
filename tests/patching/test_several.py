"""Several kinds in one plan, rings by units of the organization, and who may do what to a ring's change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demarcate.base.errors import DemarcateError
from demarcate.changes.applying import standing
from demarcate.cli import app
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.ledger.ledger import Ledger
from demarcate.patching.plans import ring_of
from tests.aws.answers.server import Server
from tests.patching.conftest import Worlds
from tests.patching.test_kinds import AMI, RINGS, calls
from tests.surroundings import CREDENTIALS


def test_one_budget_holds_for_all_kinds(world: Worlds) -> None:
    own = world("everything")
    rings = f"budget: 50%{RINGS}".replace("approvals: {default: 0}", "approvals: {default: 0}\n    soak: 1h")
    plan = own.plan(rings, AMI, "function=orders:12@live")
    (stage,) = plan.stages
    assert ([part.kind for part in stage.parts], stage.at_once) == (["ami", "function"], 1)
    assert own.run(plan).how == "soaks"
    assert calls(own) == ["create_launch_template_version", "start_instance_refresh 4", "update_alias 12"]
    own.later(hours=2)
    assert own.run(plan).how == "done"
    assert own.roll_back(plan).how == "rolled back"
    assert calls(own)[3:] == ["update_alias 11", "start_instance_refresh 3", "delete_launch_template_versions"]


def test_what_others_made_since_stops_no_ring(world: Worlds) -> None:
    own = world("everything")
    plan = own.plan(RINGS.replace("approvals: {default: 0}", "approvals: {default: 0}\n    soak: 1h"), AMI)
    own.run(plan)
    own.later(hours=2)
    own.play("a version of the launch template that somebody made since")
    assert own.run(plan).how == "done", "what nothing uses yet is nothing to the ring"


def test_what_was_rolled_back_by_itself_does_not_pass(world: Worlds) -> None:
    own = world("everything")
    plan = own.plan(RINGS.replace("approvals: {default: 0}", "approvals: {default: 0}\n    soak: 1h"), AMI)
    own.run(plan)
    own.later(hours=2)
    own.play("an instance refresh that failed and rolled itself back")
    ended = own.run(plan)
    assert (ended.how, "does not have any more" in ended.reasons[0]) == ("stopped", True)


def test_rings_by_units(world: Worlds) -> None:
    own = world("everything")
    by_units = RINGS.replace("tags: {environment: [test]}", "units: [ou-ab12-22222222]")
    plan = own.plan(by_units, "function=orders:12@live")
    assert [member.name for member in plan.stages[0].members] == ["orders"]
    with pytest.raises(DemarcateError, match="no account in the unit 'ou-ab12-33333333'"):
        own.plan(by_units.replace("22222222", "33333333"), "function=orders:12@live")
    own.play("an alias of Lambda")
    with pytest.raises(DemarcateError, match="where its accounts are could not be read"):
        own.plan(by_units, "function=orders:12@live")


def test_a_snapshot_without_a_table_is_none_to_plan_from(
    world: Worlds, aws_of_scenes: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = world("everything")
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws_of_scenes.url}.items():
        monkeypatch.setenv(name, value)
    rings = tmp_path / "rings.yaml"
    rings.write_text(RINGS)
    kept = {"aws_ec2_autoscaling_group": None}
    collect_snapshot(["aws"], own.options, selection=kept, out=tmp_path / "kept").close()
    words = ("patch", "plan", "--rings", str(rings), "--ledger", str(tmp_path / "l"), "--as", "me@example.com")
    refused = CliRunner().invoke(app, [*words, "--artefact", "function=orders:12@live", str(tmp_path / "kept")])
    assert "the snapshot has no aws_lambda_function" in str(refused.exception)
    planned = CliRunner().invoke(app, [*words, "--artefact", AMI, str(tmp_path / "kept")])
    assert planned.exit_code == 0, planned.exception


def test_a_change_of_a_ring_goes_no_way_of_its_own(
    world: Worlds, aws_of_scenes: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = world("everything")
    rings = RINGS.replace("approvals: {default: 0}", "approvals: {default: 1}\n    by: [boss@example.com]")
    plan = own.plan(rings, "function=orders:12@live")
    change = plan.stages[0].parts[0].change
    where = ("--ledger", str(own.folder / "ledger.sqlite"))
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws_of_scenes.url}.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, [*words, *where])

    with Ledger(where[1]) as ledger:
        assert ring_of(ledger, change) == plan.stages[0].ring
        assert ring_of(ledger, "c-00000000") is None
    assert "asks for the approval of boss@example.com" in str(
        run("change", "approve", change, "--as", "other@example.com").exception
    )
    assert run("change", "approve", change, "--as", "boss@example.com").exit_code == 0
    assert "it is of a patch plan" in str(run("change", "apply", change, "--as", "other@example.com").exception)
    assert "no patch plan 'p-00000000'" in str(run("patch", "run", "p-00000000").exception)
    done = run("patch", "run", plan.id, "--as", "other@example.com")
    assert (done.exit_code, standing(own.ledger, change).state) == (0, "applied")
    told = str(run("patch", "plan", "--rings", "none.yaml", "--artefact", "funktion=x").exception)
    assert "did you mean function?" in told
