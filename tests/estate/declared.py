"""Rows of what a template declares, without a template."""

from __future__ import annotations

from functools import partial
from typing import Any

from demarcate.estate.schema.rows import Address, Item, build
from demarcate.estate.schema.table import Table
from demarcate.estate.sources.cloudformation.shapes import in_api_shape, place_of


def declared(
    table: Table, properties: dict[str, Any], *, details: dict[str, Any] | None = None, resource: str = "It"
) -> dict[str, Any]:
    """The row of a resource with these properties. `details` are those of its companions, by name."""
    item = Item(in_api_shape(table.types[0], properties), None, details or {}, resource)
    return build(table.columns, partial(place_of, table))(item, Address(resource=resource))
