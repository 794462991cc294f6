"""An exam is made of its seed and filters alone, and varies what it asks."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.errors import DemarcateError
from demarcate.exam.questions import make_exam
from demarcate.exam.structs import Exam
from demarcate.model import Model, load
from demarcate.report.exam import document
from tests.exam.asked import by_id, drafts
from tests.exam.conftest import Quiz
from tests.example import ESTATE

MODEL = load()


@settings(max_examples=25)
@given(
    seed=st.integers(min_value=0, max_value=2**70),
    number=st.integers(min_value=1, max_value=120),
    area=st.sampled_from([None, *MODEL.area]),
    service=st.sampled_from([None, None, None, "rds", "ec2", "health"]),
)
def test_any_exam(seed: int, number: int, area: str | None, service: str | None) -> None:
    there = {
        draft.id
        for draft in drafts()
        if area in (None, draft.area) and (service is None or service in draft.services)
    }
    try:
        exam = make_exam(MODEL, seed=seed, number=number, area=area, service=service)
    except DemarcateError:
        assert not there
        return
    assert len(exam.questions) == min(number, len(there))
    assert {question.id for question in exam.questions} <= there
    assert len({question.id for question in exam.questions}) == len(exam.questions)
    for question in exam.questions:
        draft = by_id()[question.id]
        assert question.choices[question.answer] == draft.right
        assert set(question.choices) - {draft.right} <= set(draft.wrong)
        assert len(question.choices) == len(set(question.choices)) == min(4, 1 + len(draft.wrong))
        assert (question.text, question.area, question.services) == (draft.text, draft.area, draft.services)


def test_ten_questions_vary(model: Model) -> None:
    for seed in range(10):
        questions = make_exam(model, seed=seed, number=10).questions
        assert len({question.kind for question in questions}) >= 6
        assert len({question.area for question in questions} - {None}) >= 4
        tested = Counter(id_ for question in questions for id_ in question.responsibilities)
        assert not [id_ for id_, times in tested.items() if times > 1], "no responsibility is asked about twice"


@pytest.fixture(scope="module")
def whole(model: Model) -> list[Exam]:
    """All that can be asked, by a few seeds."""
    return [make_exam(model, seed=seed, number=10_000) for seed in range(8)]


def test_right_choices_stand_anywhere(whole: list[Exam]) -> None:
    places = Counter(
        question.answer for exam in whole for question in exam.questions if len(question.choices) == 4
    )
    assert places.total() > 5000
    assert all(places[place] > 0.23 * places.total() for place in range(4)), places


def test_the_length_of_a_choice_tells_nothing(whole: list[Exam]) -> None:
    """Whoever always takes the longest choice, or the shortest, is right as often as whoever takes any.

    Choices that are the same few words in all questions of a family (parties, layers) say nothing by length.
    """
    taken: dict[str, dict[str, float]] = {}
    for exam in whole:
        for question in exam.questions:
            lengths = [len(choice) for choice in question.choices]
            counts = taken.setdefault(question.id.split(":")[0], defaultdict(float))
            counts["all"] += 1
            counts["any"] += 1 / len(lengths)
            for name, length in (("longest", max(lengths)), ("shortest", min(lengths))):
                counts[name] += (lengths[question.answer] == length) / lengths.count(length)
    for family in ("scenario", "line", "side", "half", "proof", "asked", "tool", "area"):
        counts = taken[family]
        for name in ("longest", "shortest"):
            assert abs(counts[name] - counts["any"]) < 0.1 * counts["all"], (family, name, counts)
    assert sum(counts["longest"] for counts in taken.values()) < sum(counts["any"] for counts in taken.values())


def test_seeds_differ(model: Model) -> None:
    exams = {tuple(q.id for q in make_exam(model, seed=seed, number=10).questions) for seed in range(12)}
    assert len(exams) == 12


def test_near_choices_come_first(whole: list[Exam]) -> None:
    id_ = "half:patch-management.patch-rds-engine:patch-management.maintain-database-schema"
    near = set(by_id()[id_].wrong[: by_id()[id_].near])
    assert len(near) >= 3
    (question,) = [question for question in whole[1].questions if question.id == id_]
    assert set(question.choices) - near == {by_id()[id_].right}


@pytest.mark.parametrize(
    "arguments", [(str(ESTATE / "orders.yaml"), "--format", "json"), ("--format", "html")], ids=["json", "html"]
)
def test_any_process_makes_the_same(quiz: Quiz, arguments: tuple[str, ...]) -> None:
    asked = (*arguments, "--number", "60", "--seed")
    made = {quiz(*asked, "7", PYTHONHASHSEED=seed).stdout for seed in ("1", "424242")}
    assert len(made) == 1


def test_the_chosen_seed_is_told(quiz: Quiz) -> None:
    first = json.loads(quiz("--format", "json").stdout)
    again = json.loads(quiz("--format", "json", "--seed", str(first["exam"]["seed"])).stdout)
    assert first == again


def test_json_is_what_its_schema_says(quiz: Quiz) -> None:
    schema = document.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    written = json.loads(quiz(str(ESTATE), "--format", "json", "--number", "5000", "--seed", "1").stdout)
    jsonschema.validate(written, schema)
    assert written["version"] == 1
    assert len(written["exam"]["questions"]) < written["exam"]["asked"] == 5000
    assert {question["kind"] for question in written["exam"]["questions"]} >= {"estate", "who", "scenario"}
    del written["exam"]["questions"][0]["answer"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, schema)


def test_what_goes_into_a_question_is_described() -> None:
    fields = document.schema()["$defs"]["Question"]["properties"]
    told = {name for name, field in fields.items() if "description" in field}
    assert set(fields) - told == {"kind", "text", "choices"}


def test_filters_that_leave_nothing(quiz: Quiz, model: Model) -> None:
    with pytest.raises(DemarcateError, match="no question about awareness and training and Amazon MQ"):
        make_exam(model, seed=1, number=10, area="awareness-and-training", service="mq")
    done = quiz("--area", "awareness-and-training", "--service", "mq")
    assert (done.returncode, done.stdout) == (2, "")
    assert "leave out --area or --service" in done.stderr


def test_more_questions_than_there_are(quiz: Quiz) -> None:
    done = quiz("--service", "macie", "--number", "500")
    assert "questions about this, and 500 were asked for." in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--area", "encription"], "did you mean encryption"),
        (["--service", "rdss"], "did you mean rds"),
        (["--number", "0"], "--number"),
        (["--seed", "-1"], "--seed"),
        (["--format", "pdf"], "pdf"),
        (["--out", "exam.html"], "--format json or html"),
        (["nowhere.yaml"], "nowhere.yaml"),
        (["--person", "person-01"], "--evidence"),
        (["--responsibility", "x"], "--evidence"),
        (["--evidence", "."], "--person"),
        (["--evidence", ".", "--person", "  "], "--person"),
        (["--evidence", "none", "--person", "person-01"], "no such folder"),
        (["--evidence", ".", "--person", "person-01", "--format", "html"], "--format text"),
        (["--evidence", ".", "--person", "person-01", "--number", "9"], "too short"),
        (
            ["--evidence", ".", "--person", "person-01", "--responsibility", "encryption.rotate-keys"],
            "awareness-and-training.train-developers",
        ),
    ],
)
def test_bad_usage(quiz: Quiz, arguments: list[str], says: str) -> None:
    done = quiz(*arguments, typed="1\n" * 20)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
