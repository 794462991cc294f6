"""What an exam is: its questions, and the outcome of answering them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Kind = Literal["scenario", "who", "shift", "tool", "proof", "area", "half", "line", "estate"]
"""What a question asks for: the answer to a scenario, whose a job is, what changes hands from one service to
another, a tool, a proof, an area, the other half, where the line runs, or something about the user's own estate."""

KINDS: tuple[Kind, ...] = ("scenario", "who", "shift", "tool", "proof", "area", "half", "line", "estate")

PASS_MARK = 80
"""Of a hundred questions, how many must be right to pass."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question with its choices, of which one is right."""

    id: Annotated[str, Meta(description="The same for the same question, whatever the seed.")]
    kind: Kind
    area: Annotated[str | None, Meta(description="The id of its area; null where it is about several.")]
    services: Annotated[tuple[str, ...], Meta(description="The ids of the services that it names.")]
    text: str
    choices: tuple[str, ...]
    answer: Annotated[int, Meta(description="Which choice is right, counted from 0.")]
    explanation: Annotated[str, Meta(description="Whose it is, and why the line runs there.")]
    responsibilities: Annotated[tuple[str, ...], Meta(description="The responsibilities that it tests.")]
    explain: Annotated[str, Meta(description="What `demarcate explain` says more about.")]
    resource: Annotated[str | None, Meta(description="The resource of the estate that it is about.")] = None


class Exam(msgspec.Struct, frozen=True, kw_only=True):
    """Questions in the order in which they are asked. The seed and the filters that made it make it again."""

    seed: int
    area: Annotated[str | None, Meta(description="The area that was asked for; null for all.")]
    service: Annotated[str | None, Meta(description="The service that was asked for; null for all.")]
    origin: Annotated[str | None, Meta(description="The estate that it asks about; null for none.")]
    asked: Annotated[int, Meta(description="How many questions were asked for; there may be fewer.")]
    questions: tuple[Question, ...]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome. `wrong` are the questions that were answered, and not right."""

    questions: int
    answered: int
    right: int
    passed: bool
    wrong: tuple[Question, ...]

    @property
    def percent(self) -> int:
        """The right answers in a hundred questions, rounded down so that no rounding makes a pass."""
        return 100 * self.right // self.questions

    @property
    def complete(self) -> bool:
        """Whether every question was answered."""
        return self.answered == self.questions
