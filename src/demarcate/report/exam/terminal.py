"""An exam in a terminal: one question after the other, and at the end what was wrong. Readable at 80 columns."""

from __future__ import annotations

from rich.padding import Padding
from rich.table import Table

from demarcate.exam.structs import PASS_MARK, Exam, Question, Result
from demarcate.model import Model
from demarcate.report.console import Console, Text
from demarcate.report.exam import words
from demarcate.report.safe import one_line


def write_head(model: Model, exam: Exam, console: Console) -> None:
    """What the exam is, and how it is taken."""
    number = len(exam.questions)
    console.print(Text.assemble(("Demarcate exam", "bold"), f"  {words.title(model, exam)}"))
    if exam.origin is not None:
        console.print(Text(f"With questions about {one_line(exam.origin)}"))
    questions = "1 question" if number == 1 else f"{number:,} questions"
    console.print(
        Text(f"{questions}, {PASS_MARK}% passes. With --seed {exam.seed} the same are asked again.", style="dim")
    )
    if fewer := words.fewer(exam):
        console.print(Text(fewer, style="yellow"))


def write_question(model: Model, exam: Exam, number: int, console: Console) -> None:
    """One question with its choices."""
    question = exam.questions[number]
    head = Text(f"\nQuestion {number + 1} of {len(exam.questions)}", style="bold")
    if about := words.about(model, question):
        head.append(f"  {about}", style="not bold dim")
    console.print(head)
    console.print(Padding(Text(one_line(question.text), overflow="fold"), (1, 0, 1, 2), expand=False))
    for place, choice in enumerate(question.choices, 1):
        console.print(_listed(str(place), choice, 4))
    console.print()


def prompt(question: Question) -> str:
    """What asks for an answer."""
    return f"  Your answer (1 to {len(question.choices)}, q to stop): "


def write_typed(typed: str, console: Console) -> None:
    """An answer that no terminal showed, since it came from a pipe or a file."""
    console.print(Text(one_line(typed)))


def write_refused(question: Question, console: Console) -> None:
    """That an answer is none of the choices."""
    console.print(Text(f"  Type a number from 1 to {len(question.choices)}, or q to stop.", style="yellow"))


def write_verdict(question: Question, choice: int, console: Console) -> None:
    """Whether an answer is right, what is, and why."""
    if choice == question.answer:
        console.print(_listed("✓", "Right", 2, "bold green"))
        console.print(_under(question.explanation))
        return
    right = f"Wrong. Right is {question.answer + 1}: {question.choices[question.answer]}"
    console.print(_listed("×", right, 2, "bold red"))
    console.print(_under(question.explanation))
    console.print(_under(f"demarcate explain {question.explain}", "dim"))


def write_outcome(model: Model, result: Result, console: Console) -> None:
    """How it went, and what to learn from it."""
    console.print(Text(f"\n{words.outcome(result)}", style="bold green" if result.passed else "bold yellow"))
    if result.wrong:
        console.print(Text("\nTo look at again", style="bold"))
        for question in result.wrong:
            console.print(_listed("×", question.text, 2))
            console.print(_under(question.choices[question.answer], "bold"))
            console.print(_under(f"demarcate explain {question.explain}", "dim"))
    if takeaways := words.takeaways(model, result):
        console.print(Text("\nTo take away", style="bold"))
        for takeaway in takeaways:
            console.print(_listed("•", takeaway, 2))


def write_recorded(result: Result, responsibility: str, file: str, console: Console) -> None:
    """Where the result was written down, and what it is worth."""
    worth = "as passed: evidence for" if result.passed else "as not passed, for"
    console.print(Text(f"\nWritten down {worth} {responsibility} in {one_line(file)}", overflow="fold"))


def _listed(sign: str, text: str, indent: int, style: str = "") -> Padding:
    """A text with a sign before it, whose further lines begin where the text does."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text(sign, style=style), Text(one_line(text), style=style, overflow="fold"))
    return Padding(grid, (0, 0, 0, indent), expand=False)


def _under(text: str, style: str = "") -> Padding:
    """A text that belongs to the line above it."""
    return Padding(Text(one_line(text), style=style, overflow="fold"), (0, 0, 0, 4), expand=False)
