"""Policies of which something is not known: their columns are NULL, and the column `_partial` keeps what is known.

To a predicate such a document is not known as a whole. Whoever weighs policies reads each statement by itself, so that
a parameter without a value in one leaves what the others say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demarcate.estate.schema.standins import marks, shown, unmarked
from demarcate.estate.schema.unknown import Kind, Unknown

_POLICIES = ("Statement", "PolicyDocument")
_KINDS = {kind.value: kind for kind in Kind}


def kept(value: Any) -> dict[str, Any] | None:
    """What is known of a policy, or of a list of policies, of which something is not; None for anything else.

    >>> kept({"Statement": [{"Effect": Unknown(Kind.PARAMETER, "no value"), "Sid": "a"}]})["value"]
    {'Statement': [{'Effect': None, 'Sid': 'a'}]}
    """
    items = value if isinstance(value, list) else [value]
    if not any(isinstance(item, dict) and not item.keys().isdisjoint(_POLICIES) for item in items):
        return None
    told = {where: {"kind": why.kind.value, "reason": why.reason} for where, why in _unknowns(value, "")}
    known = _without(value)
    return {"value": shown(known), "assigned": marks("JSON", known), "unknown": told}


def whole(told: Any) -> Any:
    """What `kept` made, as it was."""
    value = unmarked(told["value"], told["assigned"])
    for pointer, why in told["unknown"].items():
        *way, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))
        inside = value
        for step in way:
            inside = inside[int(step) if isinstance(inside, list) else step]
        inside[int(last) if isinstance(inside, list) else last] = Unknown(_KINDS[why["kind"]], why["reason"])
    return value


def _unknowns(value: Any, where: str) -> Iterator[tuple[str, Unknown]]:
    if isinstance(value, Unknown):
        yield where, value
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _unknowns(item, f"{where}/{str(key).replace('~', '~0').replace('/', '~1')}")


def _without(value: Any) -> Any:
    """Plain data with None in the place of what is not known."""
    if isinstance(value, Unknown):
        return None
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items()}
    return [_without(item) for item in value] if isinstance(value, list) else value
