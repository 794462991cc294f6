"""What a template leaves open, and what is supposed of it for the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation.parameters import typed
from demarcate.estate.sources.cloudformation.values import text_of

MAX_ALTERNATIVES = 8
"""To how many alternatives the questions of one resource may lead; where they lead to more, none is told."""

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
        given = value()
        if isinstance(given, Unknown) and given.kind is Kind.PARAMETER and allowed(name, declaration):
            self.asked[question] = None
        return given


class Supposing(Protocol):
    """What answers questions by what is supposed: a stack."""

    suppositions: Suppositions
    current: str | None


@contextmanager
def supposing(stack: Supposing, suppositions: Suppositions) -> Iterator[None]:
    """Answer some questions of a stack so. What refers to what is not noted anew."""
    before, current = stack.suppositions, stack.current
    stack.suppositions, stack.current = suppositions, None
    try:
        yield
    finally:
        stack.suppositions, stack.current = before, current


def allowed(name: str, declaration: Any) -> list[Any]:
    """The values that a parameter may have, in its type; none where they are not listed, or are many."""
    given = declaration.get("AllowedValues") if isinstance(declaration, dict) else None
    kind = declaration.get("Type") if isinstance(declaration, dict) else None
    if kind not in ("String", "Number") or not isinstance(given, list) or not 0 < len(given) <= MAX_ALTERNATIVES:
        return []
    values = [typed(name, declaration, value) for value in given if text_of(value) is not None]
    return values if len(values) == len(given) and not any(isinstance(v, Unknown) for v in values) else []
