"""A statement in a sentence, and a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from demarcate.access.authorization import action
from demarcate.access.conditions import Test
from demarcate.access.evaluating import Request
from demarcate.access.statements import Principals, Statement
from demarcate.access.values import Values
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Unknown

MOST: Final = 4
"""How many texts of one element are named; of the others it is said how many they are."""


def sentence(said: Statement) -> str:
    """What a statement says."""
    effect = said.effect if isinstance(said.effect, str) else "Perhaps allows or denies"
    verb = {"Allow": "Allows", "Deny": "Denies"}.get(effect, effect)
    parts = [f"{verb} {_whom(said)} {_what(said.actions, said.not_actions, 'all actions')}"]
    if said.resources.given or said.not_resources.given:
        parts.append(f"on {_what(said.resources, said.not_resources, 'everything')}")
    conditions = list(_conditions(said.tests))
    if conditions:
        parts.append(f"where {' and '.join(conditions)}")
    return f"{' '.join(parts)}."


def _whom(said: Statement) -> str:
    if said.not_principals.given:
        return f"everybody but {_principals(said.not_principals)}"
    if said.principals.given:
        return "everybody" if said.principals.anyone is True else _principals(said.principals)
    return "whoever has it"


def _principals(principals: Principals) -> str:
    if principals.unknown is not None:
        return f"somebody who is not known ({principals.unknown.reason})"
    return _some(
        text if type_ in ("AWS", "*") else f"{type_} {text}"
        for type_, values in principals.types.items()
        for text in _texts(values)
    )


def _what(values: Values, but: Values, all_: str) -> str:
    if but.given:
        return f"{all_} but {_some(_texts(but))}"
    return all_ if "*" in values.known else _some(_spelled(text) for text in _texts(values))


def _spelled(text: str) -> str:
    """An action as AWS writes it."""
    told = action(text)
    return told.name if told else text


def _texts(values: Values) -> Iterator[str]:
    yield from (text.text if isinstance(text, StandIn) else text for text in values.texts)
    if values.unknown is not None:
        yield f"what is not known ({values.unknown.reason})"


def _some(texts: Iterable[str]) -> str:
    named = list(texts)
    if len(named) > MOST:
        named = [*named[: MOST - 1], f"{len(named) - MOST + 1} others"]
    return " or ".join(named) or "nothing"


_VERBS: Final = {
    **dict.fromkeys(("stringequals", "stringequalsignorecase", "bool", "binaryequals", "numericequals"), "is"),
    **dict.fromkeys(("stringnotequals", "stringnotequalsignorecase", "numericnotequals"), "is not"),
    **dict.fromkeys(("stringlike", "arnlike", "arnequals"), "is like"),
    **dict.fromkeys(("stringnotlike", "arnnotlike", "arnnotequals"), "is not like"),
    **{"dateequals": "is", "datenotequals": "is not", "ipaddress": "is in", "notipaddress": "is not in"},
    **{"numericlessthan": "is less than", "datelessthan": "is before"},
    **{"numericlessthanequals": "is at most", "datelessthanequals": "is not after"},
    **{"numericgreaterthan": "is more than", "dategreaterthan": "is after"},
    **{"numericgreaterthanequals": "is at least", "dategreaterthanequals": "is not before"},
}


def _conditions(tests: Iterable[Test | Unknown]) -> Iterator[str]:
    for test in tests:
        if isinstance(test, Unknown):
            yield f"a condition holds that is not known ({test.reason})"
        elif test.operator == "null":
            missing = [text.lower() for text in test.values.known] == ["true"]
            yield f"{test.key} is {'missing' if missing else 'there'}"
        else:
            verb = _VERBS.get(test.operator, test.operator)
            many = {"all": "every value of ", "any": "a value of "}.get(test.quantity, "")
            exists = ", or it is missing," if test.if_exists or test.quantity == "all" else ""
            yield f"{many}{test.key} {verb} {_some(_texts(test.values))}{exists}".rstrip(",")


def request_in_words(request: Request) -> str:
    """A request, with what it carries of what is asked after."""
    told = f"{request.who}: {request.action} on {request.resource}"
    carried = [
        f"no {key}" if given is None else f"{key} = {', '.join(given)}" for key, given in request.context.items()
    ]
    return f"{told}, with {'; '.join(carried)}" if carried else told
