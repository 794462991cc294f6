"""What a resource may turn out to be: its properties for each answer to what its template leaves open.

A condition that cannot be decided holds or does not; a parameter without a value has one of those that are allowed. A
few such questions are answered in every way, so that what is the same whatever the answer is known all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.sources.cloudformation.budget import Exhausted
from demarcate.estate.sources.cloudformation.suppositions import (
    MAX_ALTERNATIVES,
    Question,
    Suppositions,
    allowed,
    supposing,
)

if TYPE_CHECKING:
    from demarcate.estate.sources.cloudformation.stacks import Stack

OPEN = "it differs with what the template leaves open"


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
