"""The rooms fit together: model, tables and checks speak of the same things."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from demarcate.checks.catalog import load_checks
from demarcate.checks.structs import Check
from demarcate.estate.tables import all_tables
from demarcate.model import Model, load
from demarcate.posture.line import line_checks

REFERENCE = Path(__file__).parent.parent.parent / "shared" / "reference"

PEOPLE_ALONE = {"awareness-and-training"}
"""Nothing in an estate shows what people know: this half is proven by training records and attestations."""

DOCUMENT_SERVICES = ("ec2", "rds", "lambda", "s3", "eks", "ecs-ec2", "ecs-fargate", "elastic-beanstalk")
"""The services of which the model's source document speaks."""

NIST = re.compile(r"[A-Z]{2}-[1-9]\d?(\([1-9]\d?\))?$")


@cache
def model() -> Model:
    return load()


@cache
def checks() -> dict[str, Check]:
    return load_checks(responsibilities=model().owed)


def test_every_service_has_tables_that_exist() -> None:
    missing = {
        service.id: sorted(set(service.tables) - set(all_tables()))
        for service in model().services
        if not set(service.tables) <= set(all_tables())
    }
    assert not missing, "services.yaml names tables that src/demarcate/estate/tables does not have"


def test_every_table_is_of_a_service_of_the_model() -> None:
    strange = {
        table.name: table.service for table in all_tables().values() if table.service not in model().service
    }
    assert not strange, "tables name services that services.yaml does not have"


def test_every_table_is_among_the_tables_of_its_service() -> None:
    """Facts are knowledge that checks look up: their rows are no resources, and tell of no service in use."""
    left_out = {
        table.name: table.service
        for table in all_tables().values()
        if not table.facts and table.name not in model().service[table.service].tables
    }
    assert not left_out, "services.yaml does not list these tables of its services"


def test_every_condition_of_the_model_compiles() -> None:
    conditions = sum(len(r.when) for r in model().responsibilities) + sum(len(s.when) for s in model().services)
    assert len(line_checks(model())) == conditions


def test_what_checks_prove_has_a_check() -> None:
    proven = {check.responsibility for check in checks().values()}
    owed = [model().responsibility[id_] for id_ in model().owed]
    without = [r.id for r in owed if "checks" in r.proof_kinds and r.id not in proven]
    assert not without, "these name checks as their proof, and the catalog has none"


def test_every_check_is_of_what_a_customer_owes() -> None:
    strange = {
        check.id: check.responsibility for check in checks().values() if check.responsibility not in model().owed
    }
    assert not strange, "a check proves a responsibility of the customer"


def test_what_has_a_check_says_that_checks_prove_it() -> None:
    strange = sorted({check.responsibility for check in checks().values() if not _by_checks(check.responsibility)})
    assert not strange, "these have checks, and do not name them among their proof"


def test_a_check_judges_a_service_that_its_responsibility_speaks_of() -> None:
    strange = {}
    for check in checks().values():
        responsibility, about = model().responsibility[check.responsibility], services_judged(check)
        # The account's own row is asked whether there is a trail, a plan, a contact, …: it can be of any service.
        if ACCOUNT not in about and not any(responsibility.covers(service) for service in about):
            strange[check.id] = f"{check.responsibility} does not name {' or '.join(sorted(about))}"
    assert not strange, "add the service to the responsibility, or move the check to another one"


ACCOUNT = "account"


def services_judged(check: Check) -> set[str]:
    """The services of the table that a check judges; of derived rows, those of the owners that it names."""
    table = all_tables()[check.table]
    owners = {*table.owners} & set(all_tables())
    named = {owner for owner in owners if f"'{owner}'" in check.condition}
    tables = (named or owners) if len(owners) > 1 else {check.table}
    return {service.id for name in tables for service in model().services_of_table[name]}


def test_there_are_checks_in_every_area_that_checks_can_prove() -> None:
    provable = {model().responsibility[id_].area for id_ in model().owed if _by_checks(id_)}
    assert set(model().area) - provable == PEOPLE_ALONE
    assert {check.area for check in checks().values()} == provable
    assert len(checks()) >= 100


def _by_checks(id_: str) -> bool:
    return "checks" in model().responsibility[id_].proof_kinds


@pytest.mark.parametrize("service", DOCUMENT_SERVICES)
def test_there_are_checks_for_every_service_of_the_document(service: str) -> None:
    tables = set(model().service[service].tables)
    assert tables
    about = [check.id for check in checks().values() if check.table in tables]
    assert about, f"no check judges a table of {service}: {', '.join(sorted(tables))}"


# --- References -----------------------------------------------------------------------------------------


def known(file: str, column: str) -> set[str]:
    path = REFERENCE / file
    if not path.is_file():
        pytest.skip(f"{path.name} is not here: references cannot be looked up")
    with path.open(newline="") as handle:
        return {cell for row in csv.DictReader(handle) for cell in re.split(r"[;,\s]+", row[column]) if cell}


WITHOUT_A_CONTROL = {
    "codebuild-project-artifact-encryption",
    "codebuild-project-environment-privileged-check",
    "mq-auto-minor-version-upgrade-enabled",
    "mq-no-public-access",
}
"""Managed rules that no control in the table has behind it: AWS Config's developer guide has a page of each."""


def used(name: str) -> Iterable[tuple[str, str]]:
    return ((check.id, ref) for check in checks().values() for ref in check.refs.get(name, ()))


@pytest.mark.parametrize(
    ("name", "file", "column"),
    [
        ("prowler", "prowler-checks.csv", "check"),
        ("config-rule", "security-hub-controls.csv", "config_rule"),
    ],
)
def test_references_exist(name: str, file: str, column: str) -> None:
    there = known(file, column) | WITHOUT_A_CONTROL
    invented = [f"{check}: {ref}" for check, ref in used(name) if ref not in there]
    assert not invented, f"{name}: {file} does not have these"


def test_no_other_kind_of_reference_is_used() -> None:
    kinds = {name for check in checks().values() for name in (*check.refs, *check.related)}
    assert kinds <= {"prowler", "security-hub", "config-rule", "nist-800-53-r5", "checkov", "cfn-nag"}


def test_nist_controls_look_like_nist_controls() -> None:
    told = [(r.id, control) for r in model().responsibilities for control in r.controls.get("nist-800-53-r5", ())]
    told += used("nist-800-53-r5")
    assert told
    assert not [f"{id_}: {control}" for id_, control in told if not NIST.fullmatch(control)]
