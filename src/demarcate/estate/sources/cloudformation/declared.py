"""The resources of templates that are rows of a table: of its types, or declared within others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from demarcate.estate.schema.rows import ODD
from demarcate.estate.schema.standins import StandIn, Undecided, first_standin, shown
from demarcate.estate.schema.table import FOLLOWED, Inherited, Table, Within
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.sources.cloudformation.alternatives import Way
from demarcate.estate.sources.cloudformation.forms import in_form
from demarcate.estate.sources.cloudformation.shapes import in_api_shape

if TYPE_CHECKING:
    from demarcate.estate.sources.cloudformation.templates import Resource

_ByType = Mapping[str, Sequence["Resource"]]
_Properties = dict[str, Any] | Unknown

MAX_HEIRS = 20
"""How far it is followed what takes properties from what: further than RDS lets replicas have replicas."""

Declared = tuple["Resource", str | StandIn | Unknown, list[_Properties], list[Way]]
"""A resource, what `Ref` to its rows gives, and the properties of each row; these again for each alternative."""


def declared(table: Table, by_type: _ByType) -> Iterator[Declared]:
    """The resources that are rows of a table. The properties are those of the table's own types."""
    for type_ in table.types:
        for resource in by_type.get(type_, ()):
            own = partial(_own, table, resource, by_type)
            yield resource, resource.ref, own(resource.properties), _each(resource, own)
    for within in table.within:
        for resource in by_type.get(within.type, ()):
            inside = partial(_inside, table, within)
            ref = resource.ref if within.named else _without_name(resource)
            yield resource, ref, inside(resource.properties), _each(resource, inside)


def _each(resource: Resource, rows: Callable[[_Properties], list[_Properties]]) -> list[Way]:
    """The properties of each row in each alternative of a resource."""
    return [Way(way.answers, rows(way.properties)) for way in resource.alternatives]


def _own(table: Table, resource: Resource, by_type: _ByType, properties: _Properties) -> list[_Properties]:
    return [_inheriting(table, resource, properties, by_type) if table.inherits else properties]


def _without_name(resource: Resource) -> Unknown:
    return Unknown(Kind.DEPLOYMENT, f"is declared within {resource.label}, and named once it is deployed")


def _inside(table: Table, within: Within, properties: _Properties) -> list[_Properties]:
    """The properties of the rows within a resource; an Unknown where nothing is known of them."""
    if isinstance(properties, Unknown):
        return [properties]
    try:
        several = list(within.function(properties))
    except (*ODD, Undecided) as error:
        open_ = first_unknown(properties) or first_standin(properties)
        why = error.value if isinstance(error, Undecided) else open_
        why = why.unknown if isinstance(why, StandIn) else why
        several = [why or Unknown(Kind.MALFORMED, f"{within.type}: of a form that was not expected")]
    type_ = table.types[0]
    return [way if isinstance(way, Unknown) else in_api_shape(type_, in_form(type_, way)) for way in several]


def _inheriting(
    table: Table, resource: Resource, properties: _Properties, by_type: _ByType, depth: int = 0
) -> _Properties:
    """Properties of a resource with those that it takes from another one, which may take them from a third."""
    step = _followed(table, resource.type, properties, by_type) if depth < MAX_HEIRS else None
    if step is None or isinstance(properties, Unknown):
        return properties
    rule, other = step
    source = _inheriting(table, other, other.properties, by_type, depth + 1)
    if isinstance(source, Unknown):
        taken = dict.fromkeys(rule.takes, source)
    else:
        taken = {name: source.get(name, default) for name, default in rule.takes.items()}
        taken = {name: value for name, value in taken.items() if value is not None}
    return {**taken, **properties, FOLLOWED: rule.property}


def _followed(
    table: Table, type_: str, properties: _Properties, by_type: _ByType
) -> tuple[Inherited, Resource] | None:
    """What a resource takes properties from, if it is in the templates, and by which rule."""
    if isinstance(properties, Unknown):
        return None
    for rule in table.inherits:
        named = properties.get(rule.property)
        if not isinstance(named, str) or any(name in properties for name in rule.unless):
            continue
        text = shown(named)
        for other in by_type.get(type_, ()):
            ref = shown(other.ref)
            if text in (ref, other.known.get("arn")) or (text.startswith(f"{ref}.") and text.endswith("Arn")):
                return rule, other
    return None
