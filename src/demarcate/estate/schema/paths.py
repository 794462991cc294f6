"""Paths into AWS's answers and templates' properties.

    A.B        member B of member A
    A[]        the list A; A[].B is the list of B of its elements, A[].B[] the elements of all those lists
    A[0].B     B of the first element
    @          the item itself
    ^.A        member A of the item of the step before
    @name.A    member A of the detail (live) or companion (template) `name`

A path meets three things beside values: a member that is not there (`ABSENT`), a value that is not known
(`Unknown`, wherever on the way), and a value of a form that AWS's schema does not have (`Unknown` as well).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from demarcate.estate.schema.unknown import Kind, Unknown


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
"""What a path gives where a member is not there."""

_TOKEN = re.compile(r"([A-Za-z0-9_:/-]+)|\[(\d+)\]|(\[\])|\.")


@lru_cache(maxsize=4096)
def path(text: str) -> Callable[[Any], Any]:
    """Compile a path to a getter. Raises ValueError for a path that cannot be read.

    >>> path("Rules[0].Name")({"Rules": [{"Name": "a"}]})
    'a'
    >>> path("Rules[].Name")({"Rules": [{"Name": "a"}, {}]})
    ['a']
    """
    if text in ("@", ""):
        return lambda value: value
    steps: list[str | int | None] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise ValueError(f"cannot read the path {text!r} at {text[position:]!r}")
        position = match.end()
        name, index, each = match.groups()
        if name:
            steps.append(name)
        elif index:
            steps.append(int(index))
        elif each:
            steps.append(None)
    if len(steps) == 1 and isinstance(steps[0], str):
        return _member(steps[0], text)
    return lambda value: _walk(value, steps, 0, text)


def _member(name: str, text: str) -> Callable[[Any], Any]:
    def get(value: Any) -> Any:
        if isinstance(value, dict):
            member = value.get(name, ABSENT)
            return ABSENT if member is None else member
        return _walk(value, [name], 0, text)

    return get


def _walk(value: Any, steps: list[str | int | None], at: int, text: str) -> Any:
    for position in range(at, len(steps)):
        if isinstance(value, Unknown) or value is ABSENT:
            return value
        step = steps[position]
        if isinstance(step, str):
            if not isinstance(value, dict):
                return Unknown(Kind.MALFORMED, f"{text}: expected an object, found {kind(value)}")
            value = value.get(step, ABSENT)
        elif not isinstance(value, list):
            return Unknown(Kind.MALFORMED, f"{text}: expected a list, found {kind(value)}")
        elif step is None:
            reached = [_walk(item, steps, position + 1, text) for item in value]
            if None in steps[position + 1 :]:
                reached = [member for item in reached for member in (item if isinstance(item, list) else [item])]
            return [item for item in reached if item is not ABSENT]
        else:
            value = value[step] if step < len(value) else ABSENT
        if value is None:
            value = ABSENT
    return value


def kind(value: Any) -> str:
    """What a value is, in the words of a template's author."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "nothing"
