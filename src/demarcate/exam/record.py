"""An exam as evidence: which training it proves, and what is written down of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TypedDict

from demarcate.base.errors import DemarcateError
from demarcate.evidence.recording import append_training, training_record
from demarcate.evidence.structs import Record
from demarcate.exam.structs import Exam, Result
from demarcate.model import Model

LEAST = 10
"""How many questions an exam must have to prove anything."""

GENERAL = "awareness-and-training.train-employees"

BY_AREA = {
    "incident-response": "awareness-and-training.train-for-incidents",
    "logging-and-monitoring": "awareness-and-training.train-operations",
}
"""What an exam about one area proves, where that is more than general knowledge."""


def course(model: Model, exam: Exam) -> str:
    """The name of an exam as a course: the same for all who take it, whatever questions they get."""
    about = [model.area[exam.area].title.lower()] if exam.area else []
    about += [model.service[exam.service].name] if exam.service else []
    return f"demarcate quiz: {', '.join(about) or 'all areas'}"


def proves(model: Model, area: str | None, named: str | None) -> str:
    """The responsibility that an exam proves: the one that was named, or the one that suits its area.

    Raises DemarcateError where training does not prove the one that was named.
    """
    chosen = named or BY_AREA.get(area or "", GENERAL)
    trained = [r.id for r in model.responsibilities if "training" in r.proof_kinds]
    if chosen not in trained:
        raise DemarcateError(f"{chosen!r} is not proven by training; these are: {', '.join(trained)}")
    return chosen


def long_enough(exam: Exam) -> None:
    """Raises DemarcateError for an exam that is too short to be evidence."""
    if len(exam.questions) < LEAST:
        raise DemarcateError(
            f"an exam of {len(exam.questions)} is too short to be evidence; it takes {LEAST} questions or more"
        )


def record(
    folder: Path,
    model: Model,
    exam: Exam,
    result: Result,
    *,
    person: str,
    responsibility: str,
    completed: date,
) -> Path:
    """Write the outcome into an evidence folder as a training record, and return its file.

    A failed exam is written down as well. Raises DemarcateError where the record cannot be written.
    """
    return append_training(folder, **_told(model, exam, result, person, responsibility, completed))


def for_ledger(
    model: Model, exam: Exam, result: Result, *, person: str, responsibility: str, completed: date
) -> Record:
    """The outcome as a piece of evidence for the ledger. Raises DemarcateError where it cannot be recorded."""
    return training_record(**_told(model, exam, result, person, responsibility, completed))


class _Told(TypedDict):
    person: str
    course: str
    responsibility: str
    completed: date
    score: str
    passed: bool


def _told(model: Model, exam: Exam, result: Result, person: str, responsibility: str, completed: date) -> _Told:
    return _Told(
        person=person,
        course=course(model, exam),
        responsibility=responsibility,
        completed=completed,
        score=f"{result.right}/{result.questions}",
        passed=result.passed,
    )
