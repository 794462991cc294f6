"""Questions about an estate are true of it, whatever its names are."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from demarcate.assessing import assess_sources
from demarcate.exam import estate
from demarcate.exam.drafts import Draft
from demarcate.exam.parties import settings
from demarcate.exam.questions import make_exam
from demarcate.model import Model
from demarcate.posture.assessment import Assessment
from demarcate.posture.line import draw
from tests.exam.conftest import HOSTILE, Quiz
from tests.exam.oracle import Oracle

PARTIES = {"AWS": "aws", "You, the customer": "customer"}


@pytest.fixture(scope="module")
def drafts(assessment: Assessment) -> list[Draft]:
    return estate.drafts(assessment, seed=1)


def of(drafts: list[Draft], form: str) -> list[Draft]:
    chosen = [draft for draft in drafts if draft.id.startswith(f"estate:{form}:")]
    assert chosen, form
    return chosen


def test_each_is_a_question(drafts: list[Draft]) -> None:
    for draft in drafts:
        choices = {choice.lower() for choice in (draft.right, *draft.wrong)}
        assert len(choices) == 1 + len(draft.wrong) > 2, draft.id
        assert draft.resource
        assert draft.text.endswith("?")
        assert 0 <= draft.near <= len(draft.wrong)
    assert len({draft.id for draft in drafts}) == len(drafts)
    assert len({draft.text for draft in drafts}) == len(drafts)


def test_a_setting_puts_the_job_where_the_line_of_the_resource_has_it(
    drafts: list[Draft], assessment: Assessment
) -> None:
    of_setting = {setting.id: setting for setting in settings()}
    asked = of(drafts, "setting")
    assert {draft.right for draft in asked} == set(PARTIES)
    lines_of = cache(lambda resource: draw(assessment.model, assessment.snapshot, resource))
    # To draw a line is dear: each side of each setting is looked at once.
    for draft in {(draft.id.split(":")[2], draft.right): draft for draft in asked}.values():
        told = of_setting[draft.id.split(":")[2]]
        sides = {"aws": told.aws, "customer": told.customer}
        applies = {
            party
            for line in lines_of(draft.resource or "")
            for drawn in line.drawn
            for party, ids in sides.items()
            if drawn.applies is not False and drawn.responsibility.id in ids
        }
        assert applies == {PARTIES[draft.right]}, draft.id


def test_what_a_check_found_is_told_with_whose_job_it_was(drafts: list[Draft], assessment: Assessment) -> None:
    failed: dict[tuple[str, str | None], str] = {}
    not_done: dict[str | None, set[str]] = {}
    for finding in assessment.findings():
        if finding.verdict == "fail":
            failed[finding.check, finding.resource] = finding.responsibility
            not_done.setdefault(finding.resource, set()).add(finding.responsibility)
    oracle = Oracle(assessment.model)
    for draft in of(drafts, "whose"):
        assert draft.responsibilities == (failed[draft.id.split(":")[2], draft.resource],)
        assert draft.right == "You, the customer"
    for draft in of(drafts, "which"):
        assert oracle.titled[draft.right].id == failed[draft.id.split(":")[2], draft.resource]
        assert not {oracle.titled[choice].id for choice in draft.wrong} & not_done[draft.resource]


def test_layers_of_a_resource_are_those_of_its_service(drafts: list[Draft], model: Model) -> None:
    oracle = Oracle(model)
    for draft in of(drafts, "layer"):
        service = next(s for s in model.services if f"({s.name})" in draft.text)
        assert oracle.parties_of(draft.id.split(":")[2], service.id) == [PARTIES[draft.right]]


@pytest.mark.parametrize(
    ("id_", "text", "right"),
    [
        (
            "estate:setting:lambda-runtime:ReserveStock",
            "“ReserveStock” (AWS Lambda). This function uses a managed runtime that is not deprecated, in automatic "
            "update mode. Who keeps the function's runtime patched?",
            "AWS",
        ),
        (
            "estate:whose:rds-instance-maintenance-window-chosen:ReportsDatabase",
            "“ReportsDatabase: reports leaves AWS to pick a random hour for its maintenance.” "
            "Whose job is it to choose the maintenance windows of managed databases?",
            "You, the customer",
        ),
        (
            "estate:whose:elb-target-group-encrypted:OrdersTargets",
            "“targets of OrdersTargets are reached by HTTP.” Whose job is it to enable encryption in transit?",
            "You, the customer",
        ),
    ],
)
def test_questions_read_so(drafts: list[Draft], id_: str, text: str, right: str) -> None:
    (draft,) = [draft for draft in drafts if draft.id == id_]
    assert (draft.text, draft.right) == (text, right)


def test_the_seed_takes_a_few_of_many(tmp_path: Path) -> None:
    volumes = "".join(
        f"  V{n}: {{Type: AWS::EC2::Volume, Properties: {{AvailabilityZone: a, Size: 8}}}}\n" for n in range(40)
    )
    (tmp_path / "t.yaml").write_text(f"Resources:\n{volumes}")
    assessment = assess_sources([tmp_path / "t.yaml"])

    def taken(seed: int) -> set[str | None]:
        asked = estate.drafts(assessment, seed)
        return {draft.resource for draft in asked if draft.id.startswith("estate:whose:ebs-volume-encrypted:")}

    by_seed = [taken(seed) for seed in range(14)]
    assert {len(some) for some in by_seed} == {estate.MOST}
    assert taken(1) == by_seed[1]
    assert len(set().union(*by_seed)) > 20, "any of them may be taken"


@pytest.mark.parametrize("number", [3, 10, 20])
def test_an_estate_has_half_of_the_questions(drafts: list[Draft], model: Model, number: int) -> None:
    exam = make_exam(model, seed=1, number=number, estate=drafts, origin="an estate")
    about = [question for question in exam.questions if question.kind == "estate"]
    assert abs(2 * len(about) - number) <= 1
    answers = [question.choices[question.answer] for question in about]
    assert answers.count("You, the customer") <= max(1, 0.7 * len(answers)), "no answer is right nearly always"


def test_names_stay_names(quiz: Quiz, hostile_estate: Path) -> None:
    seen = quiz(str(hostile_estate), "--number", "60", typed="1\n" * 60).stdout
    assert "onerror" in seen
    assert not {"\x1b", "\u202e"} & set(seen)
    told = json.loads(quiz(str(hostile_estate), "--number", "60", "--format", "json").stdout)
    assert HOSTILE in {question["resource"] for question in told["exam"]["questions"]}


def test_long_names_are_cut(tmp_path: Path, quiz: Quiz) -> None:
    (tmp_path / "t.yaml").write_text(
        f"Resources:\n  {'V' * 255}: {{Type: AWS::EC2::Volume, Properties: {{AvailabilityZone: a, Size: 8}}}}\n"
    )
    told = json.loads(quiz("t.yaml", "--number", "2000", "--format", "json").stdout)
    texts = [question["text"] for question in told["exam"]["questions"] if question["resource"]]
    assert texts
    assert max(map(len, texts)) < 500


def test_what_could_not_be_read_is_told(tmp_path: Path, quiz: Quiz) -> None:
    (tmp_path / "good.yaml").write_text("Resources: {V: {Type: AWS::EC2::Volume, Properties: {Size: 8}}}\n")
    (tmp_path / "bad.yaml").write_text("Resources: [unclosed")
    done = quiz("good.yaml", "bad.yaml", "--number", "1", typed="1\n")
    assert done.returncode == 3
    assert "could not be read; demarcate assess says what" in done.stderr
    assert "Question 1 of 1" in done.stdout
