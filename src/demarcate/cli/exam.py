"""quiz: an exam on who owes what."""

from __future__ import annotations

import io
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demarcate.cli import completing, options
from demarcate.report.out import NobodyReads, data, last_words, saving, say

if TYPE_CHECKING:
    from demarcate.exam.structs import Exam, Question, Result
    from demarcate.ledger.entry import Actor
    from demarcate.model import Model
    from demarcate.report.console import Console

LONGEST_ANSWER = 200
"""How many characters are read as one answer: a stream without line ends must not fill the memory."""


class ExamFormat(StrEnum):
    """How an exam is taken."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(quiz)


def quiz(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help=f"Ask about this estate, too: {options.SOURCES}")
    ] = None,
    area: Annotated[str | None, typer.Option(help="Only this area.", autocompletion=completing.areas)] = None,
    service: Annotated[
        str | None, typer.Option(help="Only questions that name this service.", autocompletion=completing.services)
    ] = None,
    number: Annotated[int, typer.Option(min=1, help="How many questions.")] = 10,
    seed: Annotated[int | None, typer.Option(min=0, help="Ask the questions of this seed again.")] = None,
    format: Annotated[
        ExamFormat, typer.Option("--format", help="Here and now, as data, or as a page.")
    ] = ExamFormat.TEXT,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write (json, html).")] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            "--evidence",
            metavar=f"DIR|{options.LEDGER}",
            help="Write the result into this evidence folder, or into the ledger.",
        ),
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="With --evidence: who takes the exam, by name or number.")
    ] = None,
    responsibility: Annotated[
        str | None,
        typer.Option(help="With --evidence: the training that it proves. Default: what suits the area."),
    ] = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    endpoint_url: options.Endpoint = None,
    parameters: options.Parameters = None,
    ledger: options.LedgerPlace = None,
    as_: options.Person = None,
) -> None:
    """Take an exam: questions on who owes what, from the model and from your own estate.

    Exit codes: 0 done; 2 bad input; 3 done, but something of the estate could not be read.
    """
    import secrets

    from demarcate.exam.questions import make_exam
    from demarcate.model import load

    model = load()
    options.known("area", area, model.area)
    options.known("service", service, model.service)
    _refuse_what_does_not_go_together(format, out, evidence, person, responsibility)
    chosen = seed if seed is not None else secrets.randbelow(1_000_000)
    estate, origin, unread = [], None, 0
    if sources:
        from demarcate.assessing import assess_sources
        from demarcate.exam.estate import drafts

        reading = {"profile": profile, "region": region, "endpoint_url": endpoint_url, "parameters": parameters}
        assessment = options.kept(sources, **reading) or assess_sources(
            sources, options.options_of(profile, region, endpoint_url, parameters)
        )
        estate, origin = drafts(assessment, chosen), assessment.posture.origin
        unread = len(assessment.posture.unread)
    exam = make_exam(model, seed=chosen, number=number, area=area, service=service, estate=estate, origin=origin)
    if unread:
        say(f"{unread} of what {origin} has could not be read; demarcate assess says what")
    if format is ExamFormat.TEXT:
        _take(model, exam, _Kept(evidence, person or "", ledger, as_), responsibility)
    else:
        _write(model, exam, format, out)
    if unread:
        raise typer.Exit(options.UNREAD)


def _refuse_what_does_not_go_together(
    format: ExamFormat, out: Path | None, evidence: str | None, person: str | None, responsibility: str | None
) -> None:
    from demarcate.base.errors import DemarcateError

    if format is ExamFormat.TEXT and out is not None:
        raise DemarcateError("--out requires --format json or html")
    if evidence is None and (person is not None or responsibility is not None):
        raise DemarcateError("--person and --responsibility go with --evidence")
    if evidence is not None and format is not ExamFormat.TEXT:
        raise DemarcateError("--evidence requires --format text: only an exam that is taken here has a result")
    if evidence is not None and not (person or "").strip():
        raise DemarcateError("--evidence requires --person: whose result it is")
    if evidence is not None and evidence != options.LEDGER and not Path(evidence).is_dir():
        raise DemarcateError(f"{evidence}: there is no such folder; make it first")


def _write(model: Model, exam: Exam, format: ExamFormat, out: Path | None) -> None:
    from demarcate.report.exam import document, page

    printed = data("utf-8" if format is ExamFormat.HTML else None)
    with nullcontext(printed) if out is None else saving(out) as stream:
        if format is ExamFormat.JSON:
            document.write(exam, stream)
        else:
            page.write(model, exam, stream)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where a result is written down, if anywhere: whose it is, and by whom, where it is the ledger."""

    evidence: str | None
    person: str
    ledger: str | None
    as_: str | None

    def actor(self) -> Actor | None:
        """Who records it; None where it is not for the ledger. Raises DemarcateError where nobody says it."""
        from demarcate.ledger.acting import actor_of

        return actor_of(self.as_) if self.evidence == options.LEDGER else None

    def record(self, model: Model, exam: Exam, result: Result, proves: str, actor: Actor | None) -> str:
        """Write a result down, and say where. Raises DemarcateError where that cannot be done."""
        from demarcate.exam import record as recording
        from demarcate.ledger.evidence import act_of
        from demarcate.ledger.ledger import Ledger

        today = datetime.now(UTC).date()
        if actor is None:
            folder = Path(self.evidence or "")
            written = recording.record(
                folder, model, exam, result, person=self.person, responsibility=proves, completed=today
            )
            return str(written)
        evidence = recording.for_ledger(
            model, exam, result, person=self.person, responsibility=proves, completed=today
        )
        with Ledger(self.ledger) as opened:
            entry = opened.append(actor, act_of(evidence))[0]
            return f"{opened.name}, entry {entry.number:,}"


def _take(model: Model, exam: Exam, kept: _Kept, responsibility: str | None) -> None:
    """Ask the questions, say how it went, and write it down where that is wanted."""
    from demarcate.base.stopping import ending_with
    from demarcate.exam import record
    from demarcate.exam.answering import grade
    from demarcate.report.console import Console
    from demarcate.report.exam import terminal

    proves = record.proves(model, exam.area, responsibility)
    actor = kept.actor()
    if kept.evidence is not None:
        record.long_enough(exam)
    console = options.console()
    terminal.write_head(model, exam, console)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # what is no text is no answer, and no error
    answers: list[int] = []

    def interrupted() -> None:
        own = Console(last_words())
        own.print()
        terminal.write_outcome(model, grade(exam, answers), own)

    with ending_with(interrupted):
        for number, question in enumerate(exam.questions):
            terminal.write_question(model, exam, number, console)
            choice = _ask(question, console)
            if choice is None:
                break
            answers.append(choice)
            terminal.write_verdict(question, choice, console)
    result = grade(exam, answers)
    terminal.write_outcome(model, result, console)
    if kept.evidence is not None:
        if result.complete:
            terminal.write_recorded(result, proves, kept.record(model, exam, result, proves, actor), console)
        else:
            say("not written down: the exam is not complete")


def _ask(question: Question, console: Console) -> int | None:
    """The choice that somebody types; None where they stop, or the input ends."""
    from demarcate.exam.answering import STOP, choice_of
    from demarcate.report.exam import terminal

    while True:
        asked = data()
        asked.write(terminal.prompt(question))
        asked.flush()
        if asked.gone:
            raise NobodyReads
        typed = sys.stdin.readline(LONGEST_ANSWER) if sys.stdin else ""
        if not sys.stdin or not sys.stdin.isatty():
            terminal.write_typed(typed, console)
        if not typed or typed.strip().lower() in STOP:
            return None
        choice = choice_of(question, typed)
        if choice is not None:
            return choice
        terminal.write_refused(question, console)
