"""What an exam is called, and what is said of its outcome: the same in the terminal and on the page."""

from __future__ import annotations

from collections import Counter

from demarcate.exam.structs import PASS_MARK, Exam, Question, Result
from demarcate.model import Model


def title(model: Model, exam: Exam) -> str:
    """What the exam is about."""
    about = [model.area[exam.area].title] if exam.area else []
    about += [model.service[exam.service].name] if exam.service else []
    return ", ".join(about) or "All six areas"


def fewer(exam: Exam) -> str:
    """That there are fewer questions than were asked for; "" where there are not."""
    number = len(exam.questions)
    if number >= exam.asked:
        return ""
    there = "There is 1 question about this" if number == 1 else f"There are {number:,} questions about this"
    return f"{there}, and {exam.asked:,} were asked for."


def about(model: Model, question: Question) -> str:
    """The area and the service of a question, in short; "" where it has neither, or where that is the answer."""
    names = [model.area[question.area].title] if question.area and question.kind != "area" else []
    services = [model.service[service].name for service in question.services]
    if len(services) == 1 and services[0] not in question.text:
        names += services
    return " · ".join(names)


def outcome(result: Result) -> str:
    """How it went, in a sentence."""
    if not result.complete:
        return f"Stopped after {result.answered} of {result.questions}: {result.right} right. Not passed."
    verdict = "Passed" if result.passed else "Not passed"
    return f"{verdict}: {result.right} of {result.questions} right ({result.percent}%, and {PASS_MARK}% passes)."


def takeaways(model: Model, result: Result) -> list[str]:
    """What to take away from the areas in which answers were wrong, the weakest area first."""
    weak = Counter(question.area for question in result.wrong if question.area)
    texts = {takeaway.area: takeaway.text for takeaway in model.exam.takeaways}
    return [texts[area] for area, _ in weak.most_common() if area in texts]
