"""How resources that are named are asked for: by what names them where AWS can, else by a listing of all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from string import Formatter
from typing import Final

from msgspec.structs import replace

from demarcate.estate.schema.table import Each, Table
from demarcate.estate.sources.plan import Resource, TablePlan

_TOLD: Final = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:[\w-]+[:/](.+)", re.DOTALL)
"""An ARN with the name after the kind of resource."""


def way_in(plan: TablePlan) -> tuple[tuple[Each, ...], Mapping[Resource, str] | None]:
    """The steps that lead to the items of a plan, and the resources that the first one asks for by what is sent.

    They are None, and the steps those of the table, where it is read whole, and where AWS cannot be asked by name.
    """
    steps = tuple(replace(step, by={}) for step in plan.table.steps)  # tables share a listing, by what it asks
    number = next((number for number, step in enumerate(plan.table.steps) if step.by), None)
    if plan.only is None or number is None:
        return steps, None
    step = plan.table.steps[number]
    ((parameter, column),) = step.by.items()
    sent = {of: identifier(plan.table, column, of.name) for of in sorted(plan.only)}
    named = {of: text for of, text in sent.items() if text is not None}
    if len(named) < len(sent):
        return steps, None
    name = parameter.removesuffix("[]")
    inputs = {key: text for key, text in step.inputs.items() if text.startswith("#")}  # no item comes before it
    asking = replace(step, inputs={**inputs, name: "@"}, batch=name if name != parameter else "", by={})
    return (asking, *steps[number + 1 :]), named


def identifier(table: Table, column: str, resource: str) -> str | None:
    """The value of a column that is part of the ARN, in the ARN of a resource; None where it is none of the table's."""
    if column == "arn":
        return resource
    told = _form(column, _format_of(table)).fullmatch(resource)
    return told[1] if told else None


def _format_of(table: Table) -> str:
    """The format of the table's ARNs over its own columns; empty where AWS tells them."""
    column = table.column("arn")
    place = column.place("live") if column is not None else None
    return place.path.removeprefix("#format.") if place is not None and place.path.startswith("#format.") else ""


@lru_cache(maxsize=128)
def _form(column: str, format: str) -> re.Pattern[str]:
    """An expression whose group is the column in an ARN."""
    if not format:
        return _TOLD
    parts = (
        re.escape(literal) + ("" if name is None else "(.+)" if name == column else "[^:]*")
        for literal, name, _, _ in Formatter().parse(format)
    )
    return re.compile("".join(parts), re.DOTALL)
