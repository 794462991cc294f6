"""What people type, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence

from demarcate.exam.structs import PASS_MARK, Exam, Question, Result

STOP = ("q", "quit")
LETTERS = "abcdefgh"


def choice_of(question: Question, typed: str) -> int | None:
    """The choice that a text names by its number or letter, counted from 0; None where it names none.

    >>> from demarcate.exam.structs import Question
    >>> question = Question(id="", kind="who", area=None, services=(), text="", choices=("x", "y"), answer=0,
    ...                     explanation="", responsibilities=(), explain="")
    >>> [choice_of(question, text) for text in ("2", " B ", "3", "²", "")]
    [1, 1, None, None, None]
    """
    names = {str(number + 1): number for number in range(len(question.choices))}
    names |= {LETTERS[number]: number for number in range(len(question.choices))}
    return names.get(typed.strip().lower())


def grade(exam: Exam, answers: Sequence[int]) -> Result:
    """The outcome of answers to the first questions of an exam, in their order. Only a complete exam is passed."""
    given = list(zip(exam.questions, answers, strict=False))
    wrong = tuple(question for question, answer in given if answer != question.answer)
    right = len(given) - len(wrong)
    number = len(exam.questions)
    return Result(
        questions=number,
        answered=len(given),
        right=right,
        passed=len(given) == number and 100 * right >= PASS_MARK * number,
        wrong=wrong,
    )
