"""What a resource may turn out to be: its properties for each answer to what its template leaves open.

A condition that cannot be decided holds or does not; a parameter without a value has one of those that are allowed. A
few such questions are answered in every way, so that what is the same whatever the answer is known all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.sources.cloudformation.budget import Exhausted
from demarcate.estate.sources.cloudformation.suppositions import MAX_ALTERNATIVES, Answers, Suppositions, supposing

if TYPE_CHECKING:
    from demarcate.estate.sources.cloudformation.stacks import Stack

OPEN = "it differs with what the template leaves open"


class Way(NamedTuple):
    """What a resource is if questions are answered so: its properties, or None where it is not there."""

    answers: Answers
    properties: Any


def ways(stack: Stack, name: str, make: Callable[[], Any]) -> list[Way]:
    """What `make` gives of a resource for each answer to what is open.

    None where nothing that it needs is open, or too much is. What they cost is counted to the template; of what it has
    left only a part is spent on them.
    """
    open_: list[Answers] = [{}]
    made: list[Way] = []
    there = 0
    try:
        while open_:
            answers = open_.pop()
            with supposing(stack, Suppositions(answers)):
                present = presence(stack, name)
                value = make() if present is not False else None
                asked = {q: several for q, several in stack.suppositions.asked.items() if q not in answers}
            if asked:
                question = min(asked, key=lambda asked: asked[1] == "condition")
                open_ += [{**answers, question: answer} for answer in asked[question]]
            else:
                made.append(Way(answers, value))
                there += value is not None
            if len(open_) + there > MAX_ALTERNATIVES or stack.share.is_short:
                return []
    except Exhausted as error:
        stack.exhausted(error)
        return []
    return made if made[0].answers else []


def presence(stack: Stack, name: str) -> bool | Unknown:
    """Whether a resource is there: its own condition, and those of the stacks that it is nested in."""
    around = nested_presence(stack)
    own = False if around is False else stack.presence(name)
    return around if own is True else own


def nested_presence(stack: Stack) -> bool | Unknown:
    """Whether a nested stack is there: its own condition and those of the stacks it is nested in."""
    verdict: bool | Unknown = True
    child = stack
    while child.parent is not None:
        there = child.parent.presence(child.path[-1])
        if there is False:
            return False
        if isinstance(there, Unknown):
            verdict = there
        child = child.parent
    return verdict


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
