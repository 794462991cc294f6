"""The fields of a rule, as members of an event: which column has one, and where in the JSON of that column it is."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final

from demarcate.logs.events import COLUMNS, Column, Kind

_BY_MEMBER: Final = {column.member: column for column in COLUMNS}
_INDEX: Final = re.compile(r"\[\*?\]|\{\}")
"""What some write behind the name of an array. An array stands for its elements anyway."""
DEEPEST: Final = 30
"""How many members a field may name, one within the other. AWS's own have less than 15."""

_UNSAYABLE: Final = frozenset('"\\*')
"""What no member of AWS's has in its name, and a JSON path of DuckDB's cannot say."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field is: a column, and the names of members from there on."""

    column: Column
    path: tuple[str, ...]


@functools.cache
def place_of(field: str) -> Place | None:
    """Where a field is; None where no event has it.

    >>> place_of("requestParameters.items[*].key").path
    ('items', 'key')
    >>> place_of("userIdentity.type").column.name, place_of("Image")
    ('user_identity_type', None)
    """
    name = _INDEX.sub("", field)
    if name in _BY_MEMBER:
        return Place(_BY_MEMBER[name], ())
    members = name.split(".")
    if not all(members) or set(name) & _UNSAYABLE or len(members) > DEEPEST:
        return None
    for length in range(len(members) - 1, 0, -1):
        column = _BY_MEMBER.get(".".join(members[:length]))
        if column is not None and column.kind is Kind.JSON:
            return Place(column, tuple(members[length:]))
    return None
