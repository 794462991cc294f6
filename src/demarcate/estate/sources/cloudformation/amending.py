"""What a template would have to say for a column to have another value.

A table says how a column is made of a property; here it is gone back that way. Where a function is on it, the way back
is a supposition: whoever edits a template by one of these ways reads it again, and keeps only what then says what was
meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demarcate.base.encoding import to_json
from demarcate.estate.schema.table import UNSET, Column, From, Table, tag_map
from demarcate.estate.schema.transforms import Equals, document, not_empty, present
from demarcate.estate.sources.cloudformation.editing import REMOVED, UNTOLD
from demarcate.estate.sources.cloudformation.forms import form_at
from demarcate.estate.sources.cloudformation.shapes import in_words_of, place_of


@dataclass(frozen=True, slots=True)
class Way:
    """A property, what it is to be (or REMOVED), and what it is now (or UNTOLD)."""

    path: str
    value: Any
    declared: Any = UNTOLD


class NoWay(Exception):
    """Why no property of the resource itself says what a column does."""


def ways(table: Table, column: Column, value: Any, declared: Any = UNTOLD) -> Iterator[Way]:
    """The ways in which a resource could declare a column's value, the likeliest first. `declared` is its value now.

    Raises NoWay where there is none.
    """
    place = place_of(table, column)
    if place is None or place.path.startswith("#"):
        raise NoWay("no property says it")
    if place.path.startswith("@") and place.path != "@":
        name = place.path[1:].partition(".")[0].partition("[")[0]
        companion = table.companions.get(name)
        raise NoWay(
            f"another resource declares it, of the type {companion.type}" if companion else "no property says it"
        )
    type_ = table.types[0]
    if place.path == "@":
        yield from _guessed(type_, column, value)
        return
    path = place.said or place.path
    yield from _told(type_, path, place, value, declared)
    if value == (column.absent if place.absent is UNSET else place.absent):
        yield Way(path, REMOVED)


def _told(type_: str, path: str, place: From, value: Any, declared: Any) -> Iterator[Way]:
    """Ways by the property that a column is made of."""
    function = place.function
    form = form_at(type_, path)
    if function is tag_map:
        if form is None or isinstance(form, list):
            yield Way(path, _pairs(value), _pairs(declared))
        else:
            yield Way(path, value, declared)
    elif function in (present, not_empty):
        if value is False:
            yield Way(path, REMOVED)
    elif isinstance(function, Equals):
        if value is True:
            yield from (Way(path, text) for text in function.values)
        else:
            yield Way(path, REMOVED)
    elif function is document and form == "VARCHAR":
        yield Way(path, to_json(value).decode())
    elif function in (None, document) or _fits(value, form):
        yield Way(path, in_words_of(type_, path, value), in_words_of(type_, path, declared))


def _guessed(type_: str, column: Column, value: Any) -> Iterator[Way]:
    """Ways by what AWS's answer calls it, for a column that is made of several properties."""
    live = column.place("live")
    steps = live.path.split(".") if live is not None else []
    for start in range(len(steps)):
        path = ".".join(steps[start:])
        form = None if path.startswith("@") else form_at(type_, path)
        if form is not None and _fits(value, form):
            yield Way(path, value)


def _pairs(tags: Any) -> Any:
    return [{"Key": key, "Value": text} for key, text in tags.items()] if isinstance(tags, Mapping) else tags


def _fits(value: Any, form: Any) -> bool:
    """Whether a value is of a property's form, as far as one can tell."""
    if isinstance(form, list):
        return isinstance(value, list) and all(_fits(item, form[0]) for item in value)
    if isinstance(value, bool):
        return bool(form == "BOOLEAN")
    if isinstance(value, int | float):
        return form in ("BIGINT", "DOUBLE")
    return isinstance(value, str) and bool(form == "VARCHAR")
