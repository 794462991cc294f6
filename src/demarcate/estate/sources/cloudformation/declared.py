"""The resources of templates that are rows of a table: of its types, or declared within others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from demarcate.estate.schema.rows import ODD
from demarcate.estate.schema.standins import StandIn, Undecided, first_standin, shown
from demarcate.estate.schema.table import FOLLOWED, Inherited, Table, Within
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.sources.cloudformation.shapes import in_api_shape

if TYPE_CHECKING:
    from demarcate.estate.sources.cloudformation.templates import Resource

_ByType = Mapping[str, Sequence["Resource"]]


def declared(table: Table, by_type: _ByType) -> Iterator[tuple[Resource, str | StandIn | Unknown]]:
    """The resources that are rows of a table, each with what `Ref` to the row gives.

    The properties are those of the table's types.
    """
    for type_ in table.types:
        for resource in by_type.get(type_, ()):
            yield (_inheriting(table, resource, by_type) if table.inherits else resource), resource.ref
    for within in table.within:
        for resource in by_type.get(within.type, ()):
            for properties in _inside(within, resource):
                shaped: Any = properties  # an Unknown is one whatever is looked for in it
                if not isinstance(properties, Unknown):
                    shaped = in_api_shape(table.types[0], properties)
                ref = resource.ref if within.named else _without_name(resource)
                yield replace(resource, properties=shaped), ref


def _without_name(resource: Resource) -> Unknown:
    return Unknown(Kind.DEPLOYMENT, f"is declared within {resource.label}, and named once it is deployed")


def _inside(within: Within, resource: Resource) -> list[Any]:
    try:
        return list(within.function(resource.properties))
    except (*ODD, Undecided) as error:
        open_ = first_unknown(resource.properties) or first_standin(resource.properties)
        why = error.value.unknown if isinstance(error, Undecided) else open_
        why = why.unknown if isinstance(why, StandIn) else why
        return [why or Unknown(Kind.MALFORMED, f"{within.type}: of a form that was not expected")]


def _inheriting(table: Table, resource: Resource, by_type: _ByType) -> Resource:
    """A resource with the properties that it takes from another one, which may take them from a third."""
    seen = {id(resource)}
    chain = [resource]
    rules: list[Inherited] = []
    while (step := _followed(table, chain[-1], by_type)) is not None and id(step[1]) not in seen:
        seen.add(id(step[1]))
        rules.append(step[0])
        chain.append(step[1])
    properties: Mapping[str, Any] = chain[-1].properties
    for rule, heir in zip(reversed(rules), reversed(chain[:-1]), strict=True):
        taken = {name: properties.get(name, default) for name, default in rule.takes.items()}
        taken = {name: value for name, value in taken.items() if value is not None}
        properties = {**taken, **heir.properties, FOLLOWED: rule.property}
    return replace(resource, properties=dict(properties)) if rules else resource


def _followed(table: Table, resource: Resource, by_type: _ByType) -> tuple[Inherited, Resource] | None:
    """What a resource takes properties from, if it is in the templates, and by which rule."""
    for rule in table.inherits:
        named = resource.properties.get(rule.property)
        if not isinstance(named, str) or any(name in resource.properties for name in rule.unless):
            continue
        text = shown(named)
        for other in by_type.get(resource.type, ()):
            ref = shown(other.ref)
            if text == ref or (text.startswith(f"{ref}.") and text.endswith("Arn")):
                return rule, other
    return None
