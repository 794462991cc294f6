"""What plans and states can tell: types of resources of templates, and properties of these."""

from __future__ import annotations

from functools import cache

from demarcate.estate.schema.table import From, Table
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
        name for several in all_mapped().values() for mapped in several if mapped.type == type_ for name in _told(mapped)
    }
    return frozenset(in_api_shape(type_, dict.fromkeys(told)))


def _told(mapped: Mapped) -> set[str]:
    if mapped.at:
        return {mapped.at.partition(".")[0]}
    names = frozenset(attributes().get(mapped.resource, {}))
    members = forms_of(mapped.type)[""]
    return {name for name in members if attribute_for(mapped, name, name, names) is not None}


def is_told(table: Table, place: From, detail: str | None) -> bool:
    """Whether any resource tells what stands at a column's place."""
    if detail is not None:
        return table.companions[detail].type in told_types()
    if place.path.startswith("#") or place.path == "@":
        return True
    first = place.path.partition(".")[0].partition("[")[0]
    types = [*table.types, *(within.type for within in table.within)]
    return any(first in told_properties(type_) for type_ in types)
