"""The shipped model is complete, consistent and plain, and a broken one is told what is wrong and where."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from demarcate.base.documents import DocumentError
from demarcate.model import SERVICE_TYPES, Model, ModelError, Responsibility, load

Edited = Callable[[str, str, str], Path]

AREAS = (
    "patch-management",
    "configuration-management",
    "awareness-and-training",
    "encryption",
    "logging-and-monitoring",
    "incident-response",
)
UNSEEN = {
    *("sagemaker", "fsx", "kinesis", "cognito"),
    *("lightsail", "workspaces", "quicksight", "mwaa", "transfer-family", "outposts"),
    *("storage-gateway", "iam-identity-center"),
}
"""Services whose line the model draws, and of which no table holds a resource yet."""

DOCUMENTED_SERVICES = {"ec2", "rds", "lambda", "s3", "eks", "ecs-ec2", "ecs-fargate", "elastic-beanstalk"}


def test_the_six_areas_in_order(model: Model) -> None:
    assert tuple(area.id for area in model.areas) == AREAS


def test_services(model: Model) -> None:
    assert set(model.service) >= DOCUMENTED_SERVICES
    assert len(model.services) >= 8 + 25
    assert {service.type for service in model.services} == set(SERVICE_TYPES)
    assert [model.service[id_].cloud for id_ in ("ec2", "rds", "s3")] == ["IaaS", "PaaS", "SaaS"]
    assert {service.id for service in model.services if not service.tables} == UNSEEN
    for service in model.services:
        assert service.arn_services and service.line, service.id
        assert all(re.fullmatch(r"aws_[a-z0-9_]+", table) for table in service.tables)


def test_aws_patches_every_abstracted_service(model: Model) -> None:
    abstracted = {service.id for service in model.services if service.type == "abstracted"}
    assert abstracted <= set(model.responsibility["patch-management.patch-abstracted-services"].services)


def test_each_service_has_responsibilities_of_its_own(model: Model) -> None:
    for service in model.services:
        named = [r for r in model.responsibilities if r.services != "all" and service.id in r.services]
        assert any(r.party == "customer" for r in named), service.id


def test_every_responsibility_is_proved(model: Model) -> None:
    for item in model.responsibilities:
        if item.party == "customer":
            assert item.proof and set(item.proof_kinds) <= {"checks", "attestation", "training", "drill"}, item.id
        else:
            assert item.proof_kinds == ("report",), item.id


def test_most_of_the_customers_half_is_proved_by_checks(model: Model) -> None:
    mine = [item for item in model.responsibilities if item.party == "customer"]
    assert 0.5 < sum("checks" in item.proof_kinds for item in mine) / len(mine) < 0.75


def test_controls_look_like_nist_800_53(model: Model) -> None:
    for item in model.responsibilities:
        assert item.controls["nist-800-53-r5"], item.id
        for control in item.controls["nist-800-53-r5"]:
            assert re.fullmatch(
                r"(AC|AT|AU|CA|CM|CP|IA|IR|MA|MP|PE|PL|PM|PS|RA|SA|SC|SI|SR)-\d+(\(\d+\))?", control
            )


def test_the_other_half_is_named_on_both_sides(model: Model) -> None:
    alone = {item.id for item in model.responsibilities if not item.counterpart}
    # Both leave the customer with nothing to do, which is what the document says of them.
    assert alone == {
        "patch-management.patch-abstracted-services",
        "awareness-and-training.train-data-center-staff",
    }
    for item in model.responsibilities:
        for other in model.counterparts(item):
            assert item.id in other.counterpart and other.party != item.party


def test_oscal_words(model: Model) -> None:
    assert model.responsibility["patch-management.patch-hypervisor"].oscal == "provided"
    assert model.responsibility["patch-management.patch-guest-os"].oscal == "responsibility"


def test_every_tool_is_owned_and_used(model: Model) -> None:
    used = {tool for item in model.responsibilities for tool in item.tools}
    assert set(model.tool) - used == set()
    documented = {ref for tool in model.tools for ref in tool.document}
    assert len([ref for ref in documented if ref.startswith("configuration-management/tools/")]) == 10


def test_the_drift_loop_comes_back_to_where_it_began(model: Model) -> None:
    steps = {step.id: step for step in model.practices.drift}
    at, seen = "define", []
    while at not in seen:
        seen.append(at)
        at = steps[at].next[0]
    assert (seen, at) == (["define", "deploy", "monitor", "remediate"], "define")


def test_collaboration_and_quick_reference_cover_all_areas(model: Model) -> None:
    assert model.summary.collaboration.areas == AREAS
    assert tuple(row.area for row in model.summary.quick_reference) == AREAS


def test_communication_goes_both_ways(model: Model) -> None:
    assert [(rule.sender, rule.recipient) for rule in model.communication] == [
        ("aws", "customer"),
        ("customer", "aws"),
        ("aws", "customer"),
        ("aws", "customer"),
    ]
    for rule in model.communication:
        assert model.responsibility[rule.responsibility].party == rule.sender


def test_sentences_are_short(model: Model) -> None:
    for item in model.responsibilities:
        for text in (item.title, item.description, item.why, *(when.because for when in item.when)):
            for sentence in re.split(r"(?<=[.?!]) ", text):
                assert len(sentence.split()) <= 32, (item.id, sentence)
        assert item.description.endswith(".") and item.why.endswith("."), item.id
        assert item.title.startswith("AWS ") == (item.party == "aws"), item.id


def test_the_model_survives_msgpack(model: Model) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(model), type=Model) == model


# Broken data

PATCH = "responsibilities/patch-management.yaml"


def _replaced(model: Model, **changes: Any) -> Responsibility:
    return msgspec.structs.replace(model.responsibility["patch-management.patch-guest-os"], **changes)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (PATCH, "id: patch-management.patch-guest-os", "id: patch-management.patch-host-os", "is used twice"),
        (PATCH, "- id: patch-management.patch-firmware", "- id: encryption.patch-firmware", "its area"),
        (
            PATCH,
            "services: [ec2, ecs-ec2, emr, batch, lightsail, workspaces, outposts]",
            "services: [ec3]",
            "'ec3', which services.yaml does not",
        ),
        (
            PATCH,
            "services: [ec2, ecs-ec2, emr, batch, lightsail, workspaces, outposts]",
            "services: []",
            "names no service",
        ),
        (PATCH, "table: aws_lambda_function", "table: aws_lambda_functions", "list that table in"),
        (PATCH, "is: NOT managed_actions_enabled", "is: managed_actions_enabled IS NULL", "stays unknown"),
        (PATCH, "proof: [{kind: checks}]", "proof: []", "has no proof"),
        (PATCH, "proof: [{kind: checks}]", "proof: [{kind: report, ask: SOC}]", "cannot be proved by report"),
        (PATCH, "proof: [{kind: checks}]", "proof: [{kind: drill}]", "needs an 'ask'"),
        (PATCH, "{nist-800-53-r5: [SI-2, SI-2(2), RA-5]}", "{}", "maps to no control"),
        (PATCH, "tools: [patch-manager, systems-manager, inspector]", "tools: [hammer]", "'hammer'"),
        (PATCH, "counterpart: [patch-management.patch-guest-os]", "counterpart: [nothing.here]", "does not exist"),
        (
            PATCH,
            "counterpart: [patch-management.patch-guest-os]",
            "counterpart: [patch-management.patch-host-os]",
            "too",
        ),
        ("areas.yaml", "order: 1", "order: one", "areas.yaml:3: "),
        ("services.yaml", "type: infrastructure", "type: metal", "services.yaml:3: "),
        ("services.yaml", "- id: ebs", "- id: ec2", "is used twice"),
        ("services.yaml", "- id: ebs", "- id: E_B_S", "is no id"),
        ("services.yaml", "{table: aws_ecs_service, is", "{table: aws_ecs_thing, is", "its own 'tables'"),
        ("tools.yaml", "areas: [", "areas: [cooking, ", "'cooking'"),
        ("tools.yaml", "services: [config]", "services: [confit]", "'confit'"),
        ("exam.yaml", "aws: [patch-management.patch-rds-engine]", "aws: [a.b]", "'a.b', which does not exist"),
        (
            "exam.yaml",
            "aws: [patch-management.patch-rds-engine]",
            "aws: [patch-management.patch-guest-os]",
            "side of",
        ),
        ("exam.yaml", "area: encryption", "area: decryption", "'decryption'"),
        ("practices.yaml", "next: [deploy]", "next: [lunch]", "the step 'lunch'"),
        ("practices.yaml", "[configuration-management.define-baseline]", "[a.b]", "'a.b', which does not exist"),
        ("training.yaml", "reason: Customers have", "reason: ''  # Customers have", "give the 'reason'"),
        ("communication.yaml", "from: aws", "form: aws", "communication.yaml:1: "),
        ("summary.yaml", "area: encryption", "area: decryption", "'decryption'"),
        ("topics.yaml", "area: encryption", "area: decryption", "'decryption'"),
    ],
)
def test_broken_data_is_named(edited: Edited, file: str, old: str, new: str, expected: str) -> None:
    folder = edited(file, old, new)
    with pytest.raises((ModelError, DocumentError)) as error:
        load(folder)
    assert expected in str(error.value)
    assert str(folder / file) in str(error.value)


def test_problems_carry_file_and_line(edited: Edited) -> None:
    folder = edited(
        PATCH,
        "services: [ec2, eks, ecs-ec2, ecs-fargate, elastic-beanstalk, lambda, batch, app-runner,",
        "services: [ec3,",
    )
    with pytest.raises(ModelError) as error:
        load(folder)
    (problem,) = error.value.problems
    line = (folder / PATCH).read_text(encoding="utf-8").splitlines()[(problem.line or 0) - 1]
    assert line == "- id: patch-management.patch-applications"


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        load(tmp_path)
