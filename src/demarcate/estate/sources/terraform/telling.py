"""What plans and states can tell: types of resources of templates, and properties of these."""

from __future__ import annotations

from functools import cache
from typing import Final

from msgspec import structs

from demarcate.estate.schema.table import Column, From, Table
from demarcate.estate.sources.cloudformation import shapes as templates
from demarcate.estate.sources.cloudformation.forms import forms_of
from demarcate.estate.sources.cloudformation.shapes import in_api_shape
from demarcate.estate.sources.terraform.mapped import Mapped, all_mapped, attributes
from demarcate.estate.sources.terraform.shaping import attribute_for


@cache
def told_types() -> frozenset[str]:
    """The types that a resource of a provider is."""
    return frozenset(mapped.type for several in all_mapped().values() for mapped in several)


@cache
def told_properties(type_: str) -> frozenset[str]:
    """The properties of a type that resources of providers tell, under the API's names, the resource's own alone."""
    told = {
        name
        for several in all_mapped().values()
        for mapped in several
        if mapped.type == type_
        for name in _told(mapped)
    }
    return frozenset(in_api_shape(type_, dict.fromkeys(told)))


def _told(mapped: Mapped) -> set[str]:
    if mapped.at:
        return {mapped.at.partition(".")[0]}
    names = frozenset(attributes().get(mapped.resource, {}))
    members = forms_of(mapped.type)[""]
    return {name for name in members if attribute_for(mapped, name, name, names) is not None}


def place_of(table: Table, column: Column) -> From | None:
    """Where the properties of a resource have a column; None where no template tells it."""
    place = templates.place_of(table, column)
    if place is not None and (table.name, column.name) in _AMENDED:
        return structs.replace(place, absent=_AMENDED[table.name, column.name])
    return place


_AMENDED: Final = {("aws_vpc_security_group", "ip_permissions_egress"): []}
"""What columns are where a resource says nothing, and it is not what it is in a template: the provider takes away the
egress rules that AWS gives a new group. Source: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/security_group.
"""


def is_told(table: Table, place: From, detail: str | None) -> bool:
    """Whether any resource tells what stands at a column's place. Of a companion that no provider has there is none."""
    if detail is not None or place.path.startswith("#") or place.path == "@":
        return True
    first = place.path.partition(".")[0].partition("[")[0]
    types = [*table.types, *(within.type for within in table.within)]
    return any(first in told_properties(type_) for type_ in types)
