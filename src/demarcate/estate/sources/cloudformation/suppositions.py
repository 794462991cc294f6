"""What templates leave open, and what is supposed of it for the moment: in all of their stacks at once.

A nested stack is given values that hang on what the template around it leaves open, and gives back others; so a
question belongs to a stack, and what is supposed belongs to none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation.parameters import typed
from demarcate.estate.sources.cloudformation.values import text_of

MAX_ALTERNATIVES = 8
"""To how many alternatives the questions of one resource may lead; where they lead to more, none is told."""

Question = tuple[object, str, str]
"""What tells a stack from others, what is asked for (`condition`, `parameter`, `output`, …), and its name."""

Answers = Mapping[Question, Any]
"""What is supposed of each question."""


class Suppositions:
    """What is supposed of the questions that stacks leave open, the questions asked, and what is known by it.

    Of each question asked it is noted which answers there may be.
    """

    def __init__(self, answers: Answers | None = None) -> None:
        self.answers = answers or {}
        self.asked: dict[Question, Sequence[Any]] = {}
        self._known: dict[Question, tuple[Any, dict[Question, Sequence[Any]]]] = {}

    def knows(self, question: Question) -> bool:
        """Whether a question was answered before."""
        return question in self._known

    def known(self, question: Question) -> Any:
        """The answer given before; what it hangs on has been asked."""
        value, asked = self._known[question]
        self.asked |= asked
        return value

    @contextmanager
    def asking(self) -> Iterator[dict[Question, Sequence[Any]]]:
        """What is asked meanwhile, told apart from what was asked before, to which it is not added."""
        before, self.asked = self.asked, {}
        try:
            yield self.asked
        finally:
            self.asked = before

    def answer(self, question: Question, find: Callable[[], Any]) -> Any:
        """Find an answer and keep it, with what it hangs on. Raises what `find` does, and keeps nothing then."""
        with self.asking() as asked:
            value = find()
        self._known[question] = value, asked
        self.asked |= asked
        return value

    def condition(self, question: Question, decide: Callable[[], bool | Unknown]) -> bool | Unknown:
        """Whether a condition holds; where that is open, what it hangs on and then it have been asked."""
        if question in self.answers:
            holds: bool = self.answers[question]
            return holds
        with self.asking() as asked:
            verdict = decide()
        if isinstance(verdict, Unknown):
            self.asked |= {**asked, question: (True, False)}
        return verdict

    def parameter(self, question: Question, declaration: Any, value: Callable[[], Any]) -> Any:
        """The value of a parameter; where it has none and may have few, it has been asked.

        One that another stack gives hangs on what that one leaves open, as far as anything there can be asked.
        """
        if question in self.answers:
            return self.answers[question]
        with self.asking() as asked:
            given = value()
        if isinstance(given, Unknown) and given.kind is Kind.PARAMETER and not asked:
            several = allowed(question[-1], declaration)
            if several:
                asked[question] = several
        self.asked |= asked
        return given


class Around(Protocol):
    """What stacks have in common: what is supposed of all of them."""

    suppositions: Suppositions


class Supposing(Protocol):
    """What answers questions by what is supposed: a stack."""

    current: str | None

    @property
    def around(self) -> Around:
        """What it has in common with other stacks."""


@contextmanager
def supposing(stack: Supposing, suppositions: Suppositions) -> Iterator[None]:
    """Answer some questions so. What refers to what in a stack is not noted anew."""
    before, current = stack.around.suppositions, stack.current
    stack.around.suppositions, stack.current = suppositions, None
    try:
        yield
    finally:
        stack.around.suppositions, stack.current = before, current


def joined_answers(some: Answers, others: Answers) -> Answers | None:
    """What is supposed by both; None where they contradict each other."""
    if not others:
        return some
    if any(question in some and some[question] != answer for question, answer in others.items()):
        return None
    return {**some, **others}


def allowed(name: str, declaration: Any) -> list[Any]:
    """The values that a parameter may have, in its type; none where they are not listed, or are many."""
    given = declaration.get("AllowedValues") if isinstance(declaration, dict) else None
    kind = declaration.get("Type") if isinstance(declaration, dict) else None
    if kind not in ("String", "Number") or not isinstance(given, list) or not 0 < len(given) <= MAX_ALTERNATIVES:
        return []
    values = [typed(name, declaration, value) for value in given if text_of(value) is not None]
    return values if len(values) == len(given) and not any(isinstance(v, Unknown) for v in values) else []
