"""What AWS Config records of a type, and how a row of a table is made of it: declared as data in `types/`.

A type is declared once for each table that it fills:

    Recorded("AWS::EC2::Volume", "aws_ebs_volume", absent=("kms_key_id", "snapshot_id"))

That is all where Config's `configuration` is an item of the answer that the table's live rows are made from: the
table's own paths are used, on the item in the API's shape (`shapes.py`). With `declared` it has the form of the
CloudFormation resource, and the table's paths into templates are used.

What Config does not record is unknown. A column's `absent` holds where the item says null, and in the columns
that `absent` names: those whose members AWS publishes as recorded, so that leaving them out means what it means
in the API's answer. Sources: https://github.com/awslabs/aws-config-resource-schema and the examples in
https://docs.aws.amazon.com/config/latest/developerguide/resource-config-reference.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import msgspec

from demarcate.estate.schema.rows import detail_of
from demarcate.estate.schema.table import Column, From, Table
from demarcate.estate.sources.cloudformation import shapes as templates
from demarcate.estate.sources.config.items import ConfigurationItem
from demarcate.estate.tables import table

RECORDER = "AWS::Config::ConfigurationRecorder"
"""The type whose items say which types are recorded. Config always records it."""


class Told(msgspec.Struct, frozen=True):
    """A detail of a row, from what Config has beside the configuration.

    `entry` is the member of `supplementaryConfiguration`, or "" for the configuration itself. It stands at the
    path `at` of the detail's answer ("" where it is the answer). `function` turns Config's form into the
    answer's where more than names differ; what it raises for a value of the wrong form is caught.
    """

    entry: str
    at: str = ""
    function: Callable[[Any], Any] | None = None


class Recorded(msgspec.Struct, frozen=True):
    """One type as Config records it, and the table that its items fill.

    `at` is where the configuration stands in the live item ("" where it is that item), `value` the member of the
    configuration that is the live item where this is no object. `names` are members that Config calls otherwise.
    `each` yields, from an item's configuration and the item, the configurations that rows are made of: none
    where it is no row. `columns` are places of columns that differ; None where what Config has is not to be
    believed. `proof` is a path into the item ("supplementaryConfiguration.Policy"): only where it has a value
    does leaving out count for `absent`. With `newest`, of the rows with the same first column only that with the
    highest second is kept.
    """

    type: str
    table: str
    declared: bool = False
    absent: tuple[str, ...] = ()
    details: Mapping[str, Told] = msgspec.field(default_factory=dict)
    columns: Mapping[str, From | None] = msgspec.field(default_factory=dict)
    names: Mapping[str, str] = msgspec.field(default_factory=dict)
    at: str = ""
    value: str = ""
    each: Callable[[dict[str, Any], ConfigurationItem], Iterable[dict[str, Any]]] | None = None
    proof: str = ""
    newest: tuple[str, str] | None = None


@cache
def all_recorded() -> dict[str, tuple[Recorded, ...]]:
    """What each type fills, by type."""
    from demarcate.estate.sources.config import types

    recorded: dict[str, tuple[Recorded, ...]] = {}
    for info in iter_modules(types.__path__):
        for declared in import_module(f"{types.__name__}.{info.name}").RECORDED:
            recorded[declared.type] = (*recorded.get(declared.type, ()), declared)
    return dict(sorted(recorded.items()))


def types_of(of: Table) -> tuple[str, ...]:
    """The types whose items fill a table directly."""
    return _types_by_table().get(of.name, ())


@cache
def _types_by_table() -> dict[str, tuple[str, ...]]:
    types: dict[str, tuple[str, ...]] = {}
    for type_, several in all_recorded().items():
        for name in dict.fromkeys(recorded.table for recorded in several):
            types[name] = (*types.get(name, ()), type_)
    return types


def own_place(recorded: Recorded, column: Column) -> From | None:
    """Where the source whose form the items of a type have, has a column."""
    return templates.place_of(table(recorded.table), column) if recorded.declared else column.place("live")


def place_of(recorded: Recorded, column: Column) -> From | None:
    """Where items of a type have a column; None where Config does not record it."""
    if column.name in recorded.columns:
        return recorded.columns[column.name]
    if column.name in ("region", "tags"):
        return From("@")  # every item says these itself
    live = column.place("live")
    formatted = live if live is not None and live.path.startswith("#format.") else None
    place = formatted or own_place(recorded, column)
    if place is None or place.path.startswith(("#ref", "#attribute")):
        return None
    if (detail := detail_of(place.path)) and detail not in recorded.details:
        return None
    # What a template's whole says rests on what it leaves out.
    return None if recorded.declared and place.path == "@" else place
