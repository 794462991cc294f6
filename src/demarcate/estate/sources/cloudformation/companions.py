"""Which resources of templates complete which rows, and which complete none of those that are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import TYPE_CHECKING, Any, NamedTuple

from demarcate.estate.schema.paths import path
from demarcate.estate.schema.standins import shown
from demarcate.estate.schema.table import Companion, Table
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.cloudformation.suppositions import MAX_ALTERNATIVES

if TYPE_CHECKING:
    from demarcate.estate.sources.cloudformation.templates import Resource


class _Completing(NamedTuple):
    """What a companion tells, what it tells in each alternative of its own, and whether it may not be there at all."""

    properties: Any
    ways: Sequence[Any]
    may_lack: bool


class Companions:
    """Finds the resources that complete a row: indexed once for each table and companion."""

    def __init__(self, by_type: Mapping[str, Sequence[Resource]]) -> None:
        self._by_type = by_type
        self._indexes: dict[tuple[str, str], tuple[dict[str, list[_Completing]], list[Unknown]]] = {}
        self._wholes: dict[str, dict[str, str]] = {}

    def of(self, table: Table, name: str, resource: Resource) -> Any:
        """The companion's properties, or with `many` the list of them; {} where it is known that none is."""
        completing, unplaced = self._completing(table, name, resource)
        told = [companion.properties for companion in completing]
        if table.companions[name].many:
            return [*told, *unplaced]
        return (told or unplaced or [{}])[0]

    def ways(self, table: Table, names: Sequence[str], resource: Resource) -> list[dict[str, Any]]:
        """What completes a resource, by the companions' names, in each alternative of the companions.

        None where all is certain, or there are too many.
        """
        each = [list(islice(self._ways_of(table, name, resource), MAX_ALTERNATIVES + 1)) for name in names]
        several = list(islice(product(*each), MAX_ALTERNATIVES + 1))
        if not 1 < len(several) <= MAX_ALTERNATIVES:
            return []
        return [dict(zip(names, told, strict=True)) for told in several]

    def _ways_of(self, table: Table, name: str, resource: Resource) -> Iterator[Any]:
        completing, unplaced = self._completing(table, name, resource)
        if table.companions[name].many:
            for several in product(*(_each_way(companion) for companion in completing)):
                yield [*(told for told in several if told != {}), *unplaced]
            return
        for companion in completing:
            yield from companion.ways
            if not companion.may_lack:
                return
        yield unplaced[0] if unplaced else {}

    def _completing(self, table: Table, name: str, resource: Resource) -> tuple[list[_Completing], list[Unknown]]:
        """The companions of one name that complete a resource, and why one more might."""
        index, unplaced = self._index(table, name)
        keys = self._keys(table.companions[name], resource)
        completing = [companion for key in keys for companion in index.get(key, ())]
        return completing, unplaced[:1]  # no more is known of the others, and there may be thousands

    def alone(self, table: Table, name: str) -> Iterator[tuple[Resource, Any]]:
        """The companions that name a resource which is not there, each with what names it."""
        companion = table.companions[name]
        if companion.shared:
            return
        there = {
            key
            for type_ in table.named_types
            for resource in self._by_type.get(type_, ())
            for key in self._keys(companion, resource)
        }
        for other in self._by_type.get(companion.type, ()):
            for target, owner in self._targets(table, companion, other):
                if owner is None or owner not in there:
                    yield other, target
                    break

    def _keys(self, companion: Companion, resource: Resource) -> tuple[str, ...]:
        """The texts that name a resource, each once."""
        ref = shown(resource.ref)
        known = companion.keys is not None and not isinstance(resource.properties, Unknown)
        others = companion.keys(shown(resource.properties), ref) if known and companion.keys else ()
        arn = resource.known.get("arn", f"{ref}.Arn")
        return tuple(dict.fromkeys((ref, arn, *others)))

    def _index(self, table: Table, name: str) -> tuple[dict[str, list[_Completing]], list[Unknown]]:
        key = (table.name, name)
        if key in self._indexes:
            return self._indexes[key]
        companion = table.companions[name]
        index: dict[str, list[_Completing]] = {}
        unplaced: list[Unknown] = []
        for other in self._by_type.get(companion.type, ()):
            properties: Any = other.properties
            ways = other.alternatives or (properties,)
            if other.conditional is not None:
                properties = Unknown(other.conditional.kind, f"{other.logical_id}: {other.conditional.reason}")
            completing = _Completing(properties, ways, other.conditional is not None)
            for target, owner in self._targets(table, companion, other):
                if owner is not None:
                    index.setdefault(owner, []).append(completing)
                else:
                    unplaced.append(Unknown(target.kind, f"{other.logical_id} may be for it: {target.reason}"))
        self._indexes[key] = index, unplaced
        return index, unplaced

    def _targets(self, table: Table, companion: Companion, other: Resource) -> Iterator[tuple[Any, str | None]]:
        """What a companion names, each as it is written and as the text of its owner; None where that is not known."""
        named = path(companion.property)(other.properties)
        for target in named if isinstance(named, list) else [named]:
            if isinstance(target, Unknown):
                yield target, None
            elif isinstance(target, str):
                yield target, self._owner(table, companion, shown(target))

    def _owner(self, table: Table, companion: Companion, text: str) -> str:
        wholes = self._parts_of(table)
        owner = wholes.get(text, text)
        return companion.owner(owner) if companion.owner is not None else owner

    def _parts_of(self, table: Table) -> Mapping[str, str]:
        """The texts of what parts of a table's resources are parts of, by the texts of the parts."""
        if table.name not in self._wholes:
            self._wholes[table.name] = {
                shown(part.ref): shown(whole)
                for type_, property_ in table.parts.items()
                for part in self._by_type.get(type_, ())
                if isinstance(whole := path(property_)(part.properties), str)
            }
        return self._wholes[table.name]


def _each_way(companion: _Completing) -> Iterable[Any]:
    """What a companion may tell; {} where it is not there."""
    return (*companion.ways, {}) if companion.may_lack else companion.ways
