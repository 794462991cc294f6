"""Questions to the model and their answers."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demarcate.base import documents
from demarcate.model import (
    Model,
    NotInModelError,
    explain,
    load,
    matrix,
    services_of_arn,
    shift,
    who,
)
from demarcate.model.words import stem
from tests.each import each


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ask: str
    first: str | None = None
    among: str | None = None


QUESTIONS = documents.read(Path(__file__).parent / "questions.yaml", tuple[Question, ...])


@each("question", QUESTIONS, ids=[q.ask for q in QUESTIONS])
def test_who(model: Model, question: Question) -> None:
    ids = [match.responsibility.id for match in who(model, question.ask).matches]
    expected = question.first or question.among
    assert expected in model.responsibility
    assert expected in ids[: 1 if question.first else 3], ids[:5]


def test_who_pairs_both_halves(model: Model) -> None:
    match = who(model, "patch the rds engine").matches[0]
    assert [r.id for r in match.aws] == ["patch-management.patch-rds-engine"]
    assert "patch-management.schedule-maintenance" in [r.id for r in match.customer]


@pytest.mark.parametrize("question", ["", "   ", "who is it", "???", "zzz qqq", "のために"])
def test_who_finds_nothing_in_nothing(model: Model, question: str) -> None:
    assert who(model, question).matches == ()


@given(st.text(max_size=80), st.integers(0, 5))
def test_who_takes_any_text(question: str, limit: int) -> None:
    matches = who(MODEL, question, limit=limit).matches
    assert len(matches) <= limit
    assert [m.score for m in matches] == sorted((m.score for m in matches), reverse=True)


MODEL = load()


@pytest.mark.parametrize(
    "words",
    [
        "rotate rotates rotation rotating renew renewal",
        "patch patches patching patched update updates fix fixes upgrade",
        "encrypt encryption encrypted encrypting",
        "log logs logging logged",
        "policy policies",
        "train trains training trained",
    ],
)
def test_words_that_mean_the_same(words: str) -> None:
    first, *others = words.split()
    assert {stem(word) for word in others if word != "renewal"} <= {stem(first)}


def test_matrix_holds_every_responsibility(model: Model) -> None:
    rows = matrix(model)
    held = {r.id for row in rows for r in (*row.aws, *row.customer)}
    assert held == set(model.responsibility)
    assert [row.area for row in rows] == sorted((row.area for row in rows), key=list(model.area).index)
    for row in rows:
        assert all(r.party == "aws" and r.area == row.area for r in row.aws)
        assert all(r.party == "customer" and r.area == row.area for r in row.customer)


def test_matrix_filters(model: Model) -> None:
    rows = matrix(model, area="patch-management", service="rds", party="aws")
    assert [row.service for row in rows] == ["all", "rds"]
    assert all(not row.customer for row in rows)
    assert "patch-management.patch-rds-engine" in [r.id for r in rows[1].aws]
    assert matrix(model, area="awareness-and-training", service="rds")[0].service_name == "all"


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"area": "patching"}, "patch-management"),
        ({"service": "lamda"}, "Did you mean lambda"),
        ({"party": "us"}, "The parties are aws and customer"),
    ],
)
def test_matrix_refuses_what_it_does_not_know(model: Model, filters: dict[str, str], message: str) -> None:
    with pytest.raises(NotInModelError, match=message):
        matrix(model, **filters)  # type: ignore[arg-type]


def test_explain_a_responsibility(model: Model) -> None:
    explained = explain(model, "patch-management.patch-guest-os")
    assert explained.responsibility in explained.customer
    assert "patch-management.patch-hypervisor" in [r.id for r in explained.aws]


def test_explain_area_service_and_tool(model: Model) -> None:
    area = explain(model, "encryption")
    assert area.area is not None and all(r.area == "encryption" for r in (*area.aws, *area.customer))
    trail = explain(model, "cloudtrail")
    assert trail.service is not None and trail.tool is not None
    assert explain(model, "patch-manager").customer


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("patch-management.patch-gest-os", "patch-management.patch-guest-os"),
        ("patch-guest-os", "patch-management.patch-guest-os"),
        ("encrytion", "encryption"),
    ],
)
def test_explain_suggests_the_nearest(model: Model, wrong: str, right: str) -> None:
    with pytest.raises(NotInModelError) as error:
        explain(model, wrong)
    assert right in error.value.nearest
    assert right in str(error.value)


def test_the_line_rises_from_infrastructure_to_abstracted(model: Model) -> None:
    owes = {s.type: {layer.topic: layer.owes for layer in s.layers} for s in shift(model)}
    assert list(owes) == ["infrastructure", "container", "managed-platform", "abstracted"]
    assert {types["hardware"] for types in owes.values()} == {"aws"}
    assert [types["operating-system"] for types in owes.values()] == ["customer", "both", "both", "aws"]
    assert owes["infrastructure"]["engine"] == "customer"
    assert owes["abstracted"]["engine"] == "aws"
    assert owes["abstracted"]["code"] == "nobody"
    # Settings, access and data never pass to AWS, however abstracted the service is.
    for topic in ("settings", "encryption", "logs", "incidents", "people"):
        assert {types[topic] for types in owes.values()} == {"both"}, topic


def test_shift_tells_services_of_one_type_apart(model: Model) -> None:
    container = next(s for s in shift(model) if s.type == "container")
    system = next(layer for layer in container.layers if layer.topic == "operating-system")
    assert system.services["ecs-fargate"] == "aws"
    assert system.services["ecs-ec2"] == "customer"


def test_arns_name_their_services(model: Model) -> None:
    def ids(arn: str) -> list[str]:
        return [service.id for service in services_of_arn(model, arn)]

    assert ids("arn:aws:lambda:eu-west-1:123456789012:function:pay") == ["lambda"]
    assert ids("arn:aws:s3:::bucket") == ["s3"]
    assert ids("arn:aws-cn:ecs:cn-north-1:123456789012:service/x") == ["ecs-ec2", "ecs-fargate"]
    assert ids("Bucket") == []
