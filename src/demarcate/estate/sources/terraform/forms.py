"""Small functions from the form that a provider gives something to the form that a template gives it.

They get the values of a block. Where one of these is Unknown or a stand-in, they hand it on, or fail: whoever calls
them says then that it is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.unknown import Unknown, first_unknown
from demarcate.estate.sources.terraform.mapped import Values
from demarcate.estate.sources.terraform.shaping import at

Function = Callable[[Values], Any]


def always(value: Any) -> Function:
    """That value, whatever the block says."""
    return lambda _: value


def within(name: str, path: str) -> Function:
    """What is at a path, as the one member of an object."""

    def function(values: Values) -> Any:
        value = at(values, path)
        return ABSENT if value in (ABSENT, None) else {name: value}

    return function


def listed(path: str) -> Function:
    """What is at a path, as the one element of a list."""

    def function(values: Values) -> Any:
        value = at(values, path)
        return ABSENT if value in (ABSENT, None) else [value]

    return function


def worded(path: str, words: Mapping[Any, Any]) -> Function:
    """What is at a path, in other words."""

    def function(values: Values) -> Any:
        value = at(values, path)
        return value if isinstance(value, Unknown) or value is ABSENT else words.get(value, value)

    return function


def given(*names: str) -> Callable[[Values], Iterable[Values]]:
    """The values themselves where one of these attributes has any, else none."""
    return lambda values: [values] if any(values.get(name) not in (None, "", []) for name in names) else []


def members(path: str, names: Mapping[str, str]) -> Function:
    """An object of what is in a block at a path: template's member by attribute."""

    def function(values: Values) -> Any:
        block = at(values, path)
        if isinstance(block, list):
            block = block[0] if block else ABSENT
        if block is ABSENT or block is None or isinstance(block, Unknown):
            return ABSENT if block is None else block
        return {to: value for name, to in names.items() if (value := block.get(name)) not in (None, "", [])}

    return function


def blocks(values: Values, name: str) -> Any:
    """The blocks of a name: a list, empty where there is none, or Unknown."""
    several = values.get(name)
    if several is None:
        return []
    return several if isinstance(several, Unknown | list) else [several]


def known(value: Any) -> bool:
    """Whether nothing in a value is Unknown."""
    return first_unknown(value) is None
