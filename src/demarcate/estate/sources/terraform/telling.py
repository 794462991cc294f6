"""What plans and states can tell: types of resources of templates, and properties of these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from msgspec import structs

from demarcate.estate.schema.table import Column, From, Table
from demarcate.estate.sources.cloudformation import shapes as templates
from demarcate.estate.sources.cloudformation.forms import forms_of
from demarcate.estate.sources.cloudformation.shapes import in_api_shape
from demarcate.estate.sources.terraform.mapped import BLOCK, NOTHING, OWN, Mapped, all_mapped, attributes
from demarcate.estate.sources.terraform.shaping import attribute_for
from demarcate.estate.tables import all_tables


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
    if place is None or (table.name, column.name) not in _AMENDED:
        return place
    path, absent = _AMENDED[table.name, column.name]
    return From(path, absent=absent) if path else structs.replace(place, absent=absent)


@cache
def asked_attributes() -> frozenset[str]:
    """The attributes of resources that rows are made of or found by, in lower case."""
    paths = [
        place.path
        for table in all_tables().values()
        for column in table.columns
        if (place := place_of(table, column)) is not None
    ]
    beginning = "#attribute."
    return frozenset({"arn", "id", *(p.removeprefix(beginning).lower() for p in paths if p.startswith(beginning))})


def in_words(table: Table, place: From) -> From:
    """A place in the words of the provider: the resource that has it, and the attribute where it is one alone."""
    path = place.said or place.path
    if path.startswith(("#", "@")):
        return place
    types = (*table.types, *(within.type for within in table.within))
    told = (words for mapped in _ordered(types) if (words := _words(mapped, path)) is not None)
    words = next(told, None)
    return place if words is None else structs.replace(place, said=words)


@cache
def _ordered(types: tuple[str, ...]) -> tuple[Mapped, ...]:
    """What makes resources of some types: of `hashicorp/aws` first, and the resource of its own before the block."""
    several = [mapped for each in all_mapped().values() for mapped in each if mapped.type in types]
    return tuple(
        sorted(
            several, key=lambda m: (m.resource.startswith("awscc"), types.index(m.type), not m.into, m.resource)
        )
    )


def _words(mapped: Mapped, path: str) -> str | None:
    """Where a resource has a property; None where it does not tell it."""
    steps = re.sub(r"\[\d*\]", "", path).split(".")
    forms, form, tree = forms_of(mapped.type), forms_of(mapped.type)[""], attributes().get(mapped.resource, {})
    words = [mapped.resource]
    for number, step in enumerate(steps):
        here = ".".join(steps[: number + 1])
        if mapped.at == here or mapped.at.startswith(f"{here}."):
            way: Any = BLOCK
        elif (mapped.at and number == 0) or (
            mapped.into and not mapped.at and here not in mapped.names and number == 0
        ):
            return None
        else:
            way = attribute_for(mapped, step, here, frozenset(tree))
        if way is None or way is NOTHING:
            return None
        if not isinstance(way, str | tuple):
            break  # a function makes it, of more than one attribute
        way = way if isinstance(way, str) else way[0]
        if way != BLOCK:
            words.append(way)
            for part in way.split("."):
                tree = tree.get(part, {}) if isinstance(tree, Mapping) else {}
        form = form.get(step) if isinstance(form, Mapping) else None
        form = form[0] if isinstance(form, list) else form
        form = forms[form[1:]] if isinstance(form, str) and form.startswith("#") else form
        if not isinstance(tree, Mapping):
            tree = {}
    return ".".join(words)


_AMENDED: Final[Mapping[tuple[str, str], tuple[str, Any]]] = {
    # The provider takes away the egress rules that AWS gives a new group: see its documentation of aws_security_group.
    ("aws_vpc_security_group", "ip_permissions_egress"): ("", []),
    ("aws_ec2_classic_load_balancer", "desync_mitigation_mode"): (f"{OWN}DesyncMitigationMode", "defensive"),
    ("aws_elasticache_cluster", "replication_group_id"): (f"{OWN}ReplicationGroupId", ""),
}
"""Columns that the provider tells otherwise than a template: their place ("" for the same), and what they are where a
resource says nothing."""


def is_told(table: Table, place: From, detail: str | None) -> bool:
    """Whether any resource tells what stands at a column's place. Of a companion that no provider has there is none."""
    if detail is not None or place.path.startswith(("#", OWN)) or place.path == "@":
        return True
    first = place.path.partition(".")[0].partition("[")[0]
    types = [*table.types, *(within.type for within in table.within)]
    return any(first in told_properties(type_) for type_ in types)
