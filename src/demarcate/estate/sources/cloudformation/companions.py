"""Which resources of templates complete which rows, and which complete none of those that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from demarcate.estate.schema.paths import path
from demarcate.estate.schema.standins import shown
from demarcate.estate.schema.table import Companion, Table
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.cloudformation.alternatives import Way
from demarcate.estate.sources.cloudformation.suppositions import MAX_ALTERNATIVES, Answers, joined_answers

if TYPE_CHECKING:
    from demarcate.estate.sources.cloudformation.templates import Resource


class _Completing(NamedTuple):
    """What a companion tells, and what it tells in each way of its own: None where it is not there."""

    properties: Any
    ways: Sequence[Way]

    def each(self, answers: Answers) -> Iterator[Way]:
        """Its ways that do not contradict what is supposed already, of which they suppose more."""
        for way in self.ways:
            joined = joined_answers(answers, way.answers)
            if joined is not None:
                yield Way(joined, way.properties)


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

    def ways(
        self, table: Table, names: Sequence[str], resource: Resource, answers: Answers
    ) -> Iterator[dict[str, Any]]:
        """What completes a resource, by the companions' names, in each way that does not contradict `answers`."""
        if not names:
            yield {}
            return
        name, *rest = names
        completing, unplaced = self._completing(table, name, resource)
        told = _all_ways(completing, answers) if table.companions[name].many else _first_ways(completing, answers)
        for way in told:
            own = [*way.properties, *unplaced]
            first = own if table.companions[name].many else (own or [{}])[0]
            for others in self.ways(table, rest, resource, way.answers):
                yield {name: first, **others}

    def _completing(self, table: Table, name: str, resource: Resource) -> tuple[list[_Completing], list[Unknown]]:
        """The companions of one name that complete a resource, and why one more might."""
        index, unplaced = self._index(table, name)
        keys = self._keys(table.companions[name], resource) if index else ()
        completing = [companion for key in keys for companion in index.get(key, ())]
        return completing, unplaced[:1]  # no more is known of the others, and there may be thousands

    def alone(self, table: Table, name: str) -> Iterator[tuple[Resource, Any]]:
        """The companions that name a resource which is not there, each with what names it."""
        companion = table.companions[name]
        if companion.shared or not self._by_type.get(companion.type):
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
            if other.conditional is not None:
                properties = Unknown(other.conditional.kind, f"{other.logical_id}: {other.conditional.reason}")
            ways = other.ways or (
                (Way({}, properties),) if other.conditional is None else (Way({}, other.properties), Way({}, None))
            )
            completing = _Completing(properties, ways)
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


def _all_ways(completing: Sequence[_Completing], answers: Answers) -> Iterator[Way]:
    """What all companions of a kind tell together, those that are there. No more than one too many is told."""
    several: list[tuple[Answers, Any]] = [
        (answers, None)
    ]  # what was told before is shared, as companions may be many
    for companion in completing:
        several = [
            (way.answers, (told, way.properties)) for known, told in several for way in companion.each(known)
        ]
        del several[MAX_ALTERNATIVES + 1 :]
    for known, told in several:
        properties = []
        while told is not None:
            told, last = told
            properties.append(last)
        yield Way(known, [body for body in reversed(properties) if body is not None])


def _first_ways(completing: Sequence[_Completing], answers: Answers) -> Iterator[Way]:
    """What the first companion of a kind tells that is there."""
    without = [answers]
    for companion in completing:
        ways = [way for known in without for way in companion.each(known)]
        yield from (Way(way.answers, [way.properties]) for way in ways if way.properties is not None)
        without = [way.answers for way in ways if way.properties is None]
    yield from (Way(known, []) for known in without)
