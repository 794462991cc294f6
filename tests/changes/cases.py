"""Cases of remedies: how to make a resource that fails a check, and what a change then does to it.

A case is data in `remedies/*.yaml`:

    - check: s3-bucket-versioning
      make:
        - s3.create_bucket: {Bucket: plain, CreateBucketConfiguration: {LocationConstraint: eu-west-1}}
      set: {days: 400}          # what the remedy asks for
      apart: true                # in a change of its own
      lacks: kms.some_operation  # what moto does not have: then only AWS's own model is asked

The answer of each call can be used in later ones by its place, counted from 0: "{0[Volume][VolumeId]}".
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from demarcate.changes import verifying
from demarcate.changes.applying import Run
from demarcate.changes.deciding import approve, record_plan
from demarcate.changes.planning import Plan, plan_findings
from demarcate.changes.policies import Policy
from demarcate.changes.reach import Reach
from demarcate.changes.selecting import failing
from demarcate.changes.status import Status, Way
from demarcate.changes.structs import Change
from demarcate.changes.verifying import Verified
from demarcate.estate.sources.interface import Options
from demarcate.ledger.entry import Actor
from demarcate.ledger.ledger import Ledger
from tests.aws.conftest import REGION, Aws
from tests.changes.fakes import PLANNER as PLANNER

FOLDER = Path(__file__).parent / "remedies"

APPROVER = Actor(person="approver@example.com")

ANYBODY = (Policy(name="anybody", approvals={"default": 0}),)


@cache
def cases() -> dict[str, list[dict[str, Any]]]:
    """The cases by the name of their file."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))}


def make(aws: Aws, case: dict[str, Any]) -> dict[str, Any]:
    """Make the resources of a case, and return what its remedy is given."""
    answers: list[Any] = []
    for call in case.get("make", []):
        ((operation, parameters),) = call.items()
        service, method = operation.split(".")
        answers.append(getattr(aws.client(service), method)(**_filled(parameters, answers)))
    return dict(_filled(case.get("set", {}), answers))


def _filled(value: Any, answers: list[Any]) -> Any:
    if isinstance(value, str):
        return value.format(*answers) if "{" in value and '"' not in value else value
    if isinstance(value, dict):
        return {key: _filled(inner, answers) for key, inner in value.items()}
    return [_filled(inner, answers) for inner in value] if isinstance(value, list) else value


def options(aws: Aws) -> Options:
    """How that account is read."""
    return Options(session=aws.session, regions=(REGION,), endpoint_url=aws.url)


def plan(aws: Aws, checks: list[str], asked: dict[str, Any] | None = None) -> Plan:
    """A plan for what fails these checks now."""
    chosen = failing(["aws"], options(aws), checks, (), ())
    reads = {name for check in chosen.checks.values() for mend in check.remedy.mends for name in mend.reads}
    with chosen.snapshot:
        return plan_findings(
            chosen.findings,
            chosen.checks,
            chosen.snapshot,
            Reach(options(aws), reads=reads),
            asked=asked,
            judged=chosen.judged,
        )


def reach(aws: Aws, change: Change) -> Reach:
    """What may make the calls of a change, and no others."""
    undoing = {step.undo.operation.name for step in change.steps if step.undo.operation is not None}
    return Reach(
        options(aws),
        reads={step.reads.operation.name for step in change.steps},
        writes={step.do.name for step in change.steps} | undoing,
    )


def carry_out(aws: Aws, ledger: Ledger, change: Change, way: Way) -> Status:
    """Apply or undo a change that is in a ledger."""
    return Run(ledger, PLANNER, reach(aws, change), wait=3).carry_out(change.id, way)


def recorded(ledger: Ledger, change: Change) -> Change:
    """A change that is planned and approved."""
    record_plan(ledger, PLANNER, change)
    approve(ledger, APPROVER, change.id, ANYBODY)
    return change


def verified(aws: Aws, change: Change) -> list[Verified]:
    """How the findings of a change are now. Each is there, and so is read by what names it, and nothing else is."""
    with mock.patch.object(verifying, "_judged", wraps=verifying._judged) as judged:
        items = verifying.verify(change, verifying.checks_of(change), options(aws))
    assert judged.call_count == 1
    return items
