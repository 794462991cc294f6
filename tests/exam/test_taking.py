"""An exam in a terminal: what people type, how it ends, and what is written down."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from demarcate.cli import app
from demarcate.evidence.load import load_evidence
from demarcate.evidence.weigh import weigh
from demarcate.exam.answering import choice_of, grade
from demarcate.exam.questions import make_exam
from demarcate.exam.record import BY_AREA, GENERAL, LEAST, course, proves
from demarcate.ledger.evidence import ledger_evidence
from demarcate.ledger.ledger import Ledger
from demarcate.model import Model
from tests import processes
from tests.exam.conftest import HOSTILE, Quiz
from tests.processes import PATIENCE, started, terminal

EMPLOYEES = "awareness-and-training.train-employees"


def answers(model: Model, seed: int, number: int, wrong: int = 0, area: str | None = None) -> str:
    """What to type to have all but so many answers right."""
    exam = make_exam(model, seed=seed, number=number, area=area)
    typed = [
        (question.answer + (place < wrong)) % len(question.choices)
        for place, question in enumerate(exam.questions)
    ]
    return "".join(f"{choice + 1}\n" for choice in typed)


def test_all_right(quiz: Quiz, model: Model) -> None:
    done = quiz("--seed", "4", "--number", "12", typed=answers(model, 4, 12))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("✓ Right") == 12
    assert "Passed: 12 of 12 right (100%, and 80% passes)." in done.stdout
    assert "To look at again" not in done.stdout
    assert "demarcate explain" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_wrong_answers_are_explained(quiz: Quiz, model: Model) -> None:
    exam = make_exam(model, seed=4, number=10)
    done = quiz("--seed", "4", typed=answers(model, 4, 10, wrong=3))
    assert "Not passed: 7 of 10 right (70%, and 80% passes)." in done.stdout
    said = " ".join(done.stdout.split())
    again = said.partition("To look at again")[2]
    for question in exam.questions[:3]:
        assert f"Wrong. Right is {question.answer + 1}: {question.choices[question.answer]}" in said
        assert question.explanation in said
        assert question.text in again
        assert f"demarcate explain {question.explain}" in again
    assert said.count("× Wrong") == 3
    assert "To take away" in again


@pytest.mark.parametrize(
    ("right", "of", "passed"),
    [(8, 10, True), (7, 10, False), (4, 5, True), (3, 4, False), (80, 100, True), (79, 99, False)],
)
def test_the_pass_mark(model: Model, right: int, of: int, passed: bool) -> None:
    exam = make_exam(model, seed=1, number=of)
    given = [
        (question.answer + (place >= right)) % len(question.choices)
        for place, question in enumerate(exam.questions)
    ]
    result = grade(exam, given)
    assert (result.right, result.passed, len(result.wrong)) == (right, passed, of - right)
    assert (result.percent >= 80) is passed
    assert not grade(exam, given[:-1]).passed, "only a complete exam is passed"


def test_numbers_and_letters(model: Model) -> None:
    question = next(q for q in make_exam(model, seed=1, number=50).questions if len(q.choices) == 3)
    assert [choice_of(question, typed) for typed in ("1", "2", "3")] == [0, 1, 2]
    assert [choice_of(question, typed) for typed in ("a", " B", "c\n")] == [0, 1, 2]
    for typed in (
        "",
        " ",
        "0",
        "4",
        "d",
        "-1",
        "1.0",
        "01",
        "²",
        "١",
        "12",
        "ab",
        "9" * 5000,
        "\0",
        "\ud800",
        "yes",
    ):
        assert choice_of(question, typed) is None


def test_what_is_no_answer_is_asked_for_again(quiz: Quiz, model: Model) -> None:
    noise = b"\n0\n99\nyes\n\xff\xfe\n\x1b[2J\n\0\n" + b"x" * 500 + b"\n"
    done = quiz("--seed", "4", typed=noise + answers(model, 4, 10).encode())
    assert done.stdout.count("Type a number from 1 to") == 10, "the long line is read in three pieces"
    assert "Passed: 10 of 10" in done.stdout
    assert not {"\x1b", "\0"} & set(done.stdout)


@pytest.mark.parametrize("stop", ["q\n", "quit\n", "Q\n", ""])
def test_stopping(quiz: Quiz, model: Model, stop: str) -> None:
    typed = "".join(answers(model, 4, 10).splitlines(keepends=True)[:3])
    done = quiz("--seed", "4", typed=typed + stop)
    assert done.returncode == 0
    assert "Stopped after 3 of 10: 3 right. Not passed." in done.stdout
    assert "Question 5" not in done.stdout


def test_no_input_at_all(quiz: Quiz, tmp_path: Path) -> None:
    assert "Stopped after 0 of 10" in quiz(typed="").stdout
    done = processes.run("sh", "-c", '"$0" -m demarcate quiz <&-', sys.executable, cwd=tmp_path)
    assert done.returncode == 0
    assert "Stopped after 0 of 10" in done.stdout
    assert done.stderr == ""


def test_interrupted(tmp_path: Path, model: Model) -> None:
    first = answers(model, 4, 10).splitlines()[0]
    command = (sys.executable, "-m", "demarcate", "quiz", "--seed", "4")
    with (
        terminal() as (keyboard, end),
        started(*command, cwd=tmp_path, stdin=end, stderr=subprocess.PIPE) as running,
    ):
        assert running.stdout is not None
        keyboard.write(f"{first}\n".encode())
        seen = b""
        while not re.search(rb"Question 2 of 10.*Your answer", seen, re.DOTALL):
            read = os.read(running.stdout.fileno(), 4096)
            assert read, "it ended before it was interrupted"
            seen += read
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=PATIENCE)
    assert b"Stopped after 1 of 10: 1 right." in out
    assert err == b"demarcate: interrupted\n"
    assert running.returncode == 130


def evidence(folder: Path, model: Model, moment: date | None = None) -> dict[str, str]:
    """What an evidence folder proves: the standing of each responsibility."""
    day = moment or datetime.now(UTC).date()
    loaded = load_evidence(folder, model, day)
    assert not loaded.problems
    return {id_: results[0].standing for id_, results in weigh(loaded, day).items()}


def test_the_ledger_has_the_same_evidence(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a folder has, in one entry of whoever records it; where that is not known, no question is asked."""
    monkeypatch.setenv("COLUMNS", "200")
    place = str(tmp_path / "ledger")
    typed, taken = answers(model, 4, 10, wrong=2), ["quiz", "--seed", "4", "--person", "person-01"]
    command = [*taken, "--evidence", "ledger", "--ledger", place]
    done = CliRunner().invoke(app, [*command, "--as", "anna@example.com"], input=typed)
    assert (done.exit_code, f"{place}, entry 1" in " ".join(done.stdout.split())) == (0, True), done.output
    (tmp_path / "evidence").mkdir()
    CliRunner().invoke(app, [*taken, "--evidence", str(tmp_path / "evidence")], input=typed)
    day = datetime.now(UTC).date()
    with Ledger(place, reading=True) as ledger:
        (record,) = ledger_evidence(ledger, model, day).records
        assert [entry.person for entry in ledger.entries()] == ["anna@example.com"]
    (same,) = load_evidence(tmp_path / "evidence", model, day).records
    assert replace(record, file="", line=0) == replace(same, file="", line=0)
    done = CliRunner().invoke(app, [*command, "--as", " "], input=typed)
    assert "Question 1" not in done.stdout
    assert done.exit_code != 0


def test_a_passed_exam_proves_training(quiz: Quiz, model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    typed = answers(model, 4, 10, wrong=2)
    done = quiz("--seed", "4", "--evidence", "evidence", "--person", "person-01", typed=typed)
    assert f"Written down as passed: evidence for {EMPLOYEES}" in " ".join(done.stdout.split())
    assert evidence(folder, model) == {EMPLOYEES: "proves"}
    assert evidence(folder, model, datetime.now(UTC).date() + timedelta(days=400)) == {EMPLOYEES: "expired"}


def test_a_failed_exam_proves_nothing_until_it_is_passed(quiz: Quiz, model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    taken = ("--evidence", "evidence", "--person", HOSTILE.replace("\x1b", ""))
    done = quiz("--seed", "4", *taken, typed=answers(model, 4, 10, wrong=3))
    assert "Written down as not passed" in done.stdout
    assert evidence(folder, model) == {EMPLOYEES: "failed"}
    # Another seed has other questions, and is the same course.
    assert quiz("--seed", "5", *taken, typed=answers(model, 5, 10)).returncode == 0
    assert evidence(folder, model) == {EMPLOYEES: "proves"}
    wrongly = answers(model, 5, 10, wrong=10)
    quiz("--seed", "5", "--evidence", "evidence", "--person", "person-02", typed=wrongly)
    assert evidence(folder, model) == {EMPLOYEES: "incomplete"}


def test_a_posture_meets_the_responsibility(quiz: Quiz, model: Model, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("Resources: {V: {Type: AWS::EC2::Volume, Properties: {Size: 8}}}\n")
    (tmp_path / "evidence").mkdir()
    quiz("--seed", "4", "--evidence", "evidence", "--person", "person-01", typed=answers(model, 4, 10))
    done = processes.demarcate("assess", "t.yaml", "--evidence", "evidence", "--format", "json", cwd=tmp_path)
    posture = json.loads(done.stdout)["posture"]["responsibilities"]
    (standing,) = [each for each in posture if each["id"] == EMPLOYEES]
    assert (standing["state"], standing["evidence"][0]["title"]) == ("met", "demarcate quiz: all areas")


def test_the_row(quiz: Quiz, model: Model, tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    named = ("--responsibility", "awareness-and-training.train-developers")
    arguments = ("--seed", "4", "--area", "encryption", "--evidence", "evidence", "--person", "person-01", *named)
    quiz(*arguments, typed=answers(model, 4, 10, wrong=1, area="encryption"))
    with (tmp_path / "evidence" / "training" / "recorded.csv").open(newline="") as file:
        (row,) = list(csv.DictReader(file))
    assert row | {"completed": ""} == {
        "person": "person-01",
        "course": "demarcate quiz: encryption",
        "responsibility": "awareness-and-training.train-developers",
        "assigned": "",
        "completed": "",
        "valid_until": "",
        "score": "9/10",
        "passed": "yes",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["completed"])


def test_an_exam_that_was_stopped_is_not_written_down(quiz: Quiz, tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    done = quiz("--evidence", "evidence", "--person", "person-01", typed="1\n1\nq\n")
    assert "not written down: the exam is not complete" in done.stderr
    assert not list((tmp_path / "evidence").iterdir())


def test_an_exam_proves_training(model: Model) -> None:
    for id_ in (GENERAL, *BY_AREA.values(), *(proves(model, area, None) for area in (None, *model.area))):
        assert "training" in model.responsibility[id_].proof_kinds
    assert set(BY_AREA) <= set(model.area)
    assert proves(model, "incident-response", None).endswith("train-for-incidents")


def test_a_course_is_the_same_whatever_is_asked(model: Model) -> None:
    first, second = (make_exam(model, seed=seed, number=LEAST + seed, service="rds") for seed in (1, 2))
    assert course(model, first) == course(model, second) == "demarcate quiz: Amazon RDS and Aurora"
