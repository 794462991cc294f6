"""What a resource may turn out to be: its properties for each answer to what its template leaves open.

A condition that cannot be decided holds or does not; a parameter without a value has one of those that are allowed. A
few such questions are answered in every way, so that what is the same whatever the answer is known all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.sources.cloudformation.budget import Exhausted
from demarcate.estate.sources.cloudformation.parameters import typed
from demarcate.estate.sources.cloudformation.values import text_of

if TYPE_CHECKING:
    from demarcate.estate.sources.cloudformation.stacks import Stack

MAX_ALTERNATIVES = 8
"""To how many alternatives the questions of one resource may lead; where they lead to more, none is told."""

OPEN = "it differs with what the template leaves open"

Question = tuple[str, str]
"""`condition` or `parameter`, and its name."""


class Suppositions:
    """What is supposed of the questions that a stack leaves open, the questions asked, and what is known by it."""

    def __init__(self, answers: dict[Question, Any] | None = None) -> None:
        self.answers = answers or {}
        self.asked: dict[Question, None] = {}
        self.known: dict[Question, Any] = {}
        self._asked_by: dict[Question, dict[Question, None]] = {}

    def condition(self, name: str, decide: Callable[[], bool | Unknown]) -> bool | Unknown:
        """Whether a condition holds; where that is open, it and what it hangs on have been asked."""
        question = ("condition", name)
        if question in self.answers:
            holds: bool = self.answers[question]
            return holds
        before, self.asked = self.asked, {}
        verdict = decide()
        inner = self._asked_by.setdefault(question, {})
        inner.update(self.asked)
        self.asked = before
        if isinstance(verdict, Unknown):
            self.asked |= {**inner, question: None}
        return verdict

    def parameter(self, name: str, declaration: Any, value: Callable[[], Any]) -> Any:
        """The value of a parameter; where it has none and may have few, it has been asked."""
        question = ("parameter", name)
        if question in self.answers:
            return self.answers[question]
        found = value()
        if isinstance(found, Unknown) and found.kind is Kind.PARAMETER and allowed(name, declaration):
            self.asked[question] = None
        return found


def allowed(name: str, declaration: Any) -> list[Any]:
    """The values that a parameter may have, in its type; none where they are not listed, or are many."""
    given = declaration.get("AllowedValues") if isinstance(declaration, dict) else None
    kind = declaration.get("Type") if isinstance(declaration, dict) else None
    if kind not in ("String", "Number") or not isinstance(given, list) or not 0 < len(given) <= MAX_ALTERNATIVES:
        return []
    values = [typed(name, declaration, value) for value in given if text_of(value) is not None]
    return values if len(values) == len(given) and not any(isinstance(v, Unknown) for v in values) else []


def alternatives(stack: Stack, name: str, make: Callable[[], Any]) -> list[Any]:
    """What `make` gives of a resource in each alternative, those left out in which the resource is not there.

    None where nothing that it needs is open, or too much is. What they cost is counted to the template; of what it has
    left only a part is spent on them.
    """
    open_: list[dict[Question, Any]] = [{}]
    made: list[Any] = []
    try:
        while open_:
            answers = open_.pop()
            with supposing(stack, Suppositions(answers)):
                present = stack.presence(name)
                value = make() if present is not False else None
                asked = [question for question in stack.suppositions.asked if question not in answers]
            if asked:
                question = min(asked, key=lambda asked: asked[0] == "condition")
                open_ += [{**answers, question: answer} for answer in _answers(stack, question)]
            elif present is not False:
                made.append(value)
            if len(open_) + len(made) > MAX_ALTERNATIVES or stack.share.is_short:
                return []
    except Exhausted as error:
        stack.exhausted(error)
        return []
    return made if len(made) > 1 or answers else []


def _answers(stack: Stack, question: Question) -> list[Any]:
    kind, name = question
    return [True, False] if kind == "condition" else allowed(name, stack.raw.sections["Parameters"][name])


@contextmanager
def supposing(stack: Stack, suppositions: Suppositions) -> Iterator[None]:
    """Answer some questions of a stack so. What refers to what is not noted anew."""
    before, current = stack.suppositions, stack.current
    stack.suppositions, stack.current = suppositions, None
    try:
        yield
    finally:
        stack.suppositions, stack.current = before, current


def agreed(value: Any, others: Sequence[Any]) -> Any:
    """A value, where it is known or all of its alternatives are the same; else Unknown.

    What is known without an alternative, and not in it, is of one that cannot be deployed: it refers to what is not
    there.
    """
    known = [other for other in others if first_unknown(other) is None]
    unknown = first_unknown(value)
    if len({repr(other) for other in known}) == 1 and (len(known) == len(others) or unknown is None):
        return known[0]
    return value if unknown is not None or not known else Unknown(Kind.PARAMETER, OPEN)
