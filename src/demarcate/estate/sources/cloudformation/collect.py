"""CloudFormation templates as a source: their resources as rows of the same tables as live AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from demarcate.base.encoding import to_json
from demarcate.estate.schema.rows import Address, Item, Row, build, derive, detail_of, spooled
from demarcate.estate.schema.table import ALTERNATIVES, COMPANION, REF, Column, Derived, From, Table
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.snapshots.manifest import Declared, Unread
from demarcate.estate.snapshots.writing import PartWriter, SnapshotWriter
from demarcate.estate.sources.cloudformation.alternatives import OPEN, Way, agreed
from demarcate.estate.sources.cloudformation.budget import CELL, TOO_MUCH, Exhausted, Share, too_much
from demarcate.estate.sources.cloudformation.companions import Companions
from demarcate.estate.sources.cloudformation.declared import declared
from demarcate.estate.sources.cloudformation.forms import in_form
from demarcate.estate.sources.cloudformation.problems import TemplateProblem
from demarcate.estate.sources.cloudformation.shapes import in_api_shape, place_of
from demarcate.estate.sources.cloudformation.suppositions import MAX_ALTERNATIVES
from demarcate.estate.sources.plan import Selection, TablePlan, make_plan
from demarcate.estate.tables import all_tables

if TYPE_CHECKING:
    from demarcate.estate.sources.cloudformation.estate import Called
    from demarcate.estate.sources.cloudformation.templates import Resource


KEY: Final = "Demarcate"
"""What the metadata of a resource has under this key is said to us."""

LONGEST: Final = 20_000
"""How many bytes of JSON that may be."""

_PLACE = frozenset(
    ("account_id", "region", "partition", "resource", "file", "line", "_conditional", COMPANION.name)
)
"""What is known of a row that is too much to be written."""


def named() -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """The property that is what `Ref` gives where it is declared, and the attributes that are, by type."""
    tables = all_tables().values()
    names = {t: table.ref_property for table in tables if table.ref_property for t in table.named_types}
    same = {t: table.ref_attributes for table in tables if table.ref_attributes for t in table.named_types}
    return names, same


def collect(
    paths: Sequence[Path],
    selection: Selection,
    writer: SnapshotWriter,
    *,
    parameters: Mapping[str, Any] | None = None,
    max_resources: int | None = None,
    texts: Mapping[str, str] = MappingProxyType({}),
    called: Called | None = None,
) -> None:
    """Write the rows of all templates under the paths.

    A table that templates can fill is written even where no resource of it is declared: that it has no rows
    is then known. Problems in templates are recorded as unread. `texts` are read as if they stood in files, by their
    real paths. `called` says what findings call a resource, where that is not its logical id. Raises DemarcateError for
    a path that does not exist or a folder without a template.
    """
    from demarcate.estate.sources.cloudformation.templates import load

    names, same = named()
    templates = load(
        paths,
        parameters=parameters,
        names=names,
        same_as_ref=same,
        max_resources=max_resources,
        texts=texts,
        called=called,
    )
    writer.unread(*(problem.unread() for problem in templates.problems))
    known = types_read()
    unseen = Counter(r.type for r in templates.resources if r.type not in known)
    writer.resources = dict(unseen + Counter(writer.resources))
    resources = templates.resources
    if called is not None:
        resources = [replace(each, logical_id=called(each.metadata) or each.logical_id) for each in resources]
    writer.declared = tuple(_declared(resources, writer))
    write(resources, templates.shares, selection, writer)


Places = Callable[[Table, Column], From | None]
"""Where the properties of a resource have a column of a table."""


def write(
    resources: Iterable[Resource],
    shares: Mapping[str, Share],
    selection: Selection,
    writer: SnapshotWriter,
    places: Places = place_of,
) -> None:
    """Write the rows of some resources. `shares` says what may be made of each file's. Raises OSError (a full disk)."""
    by_type: dict[str, list[Resource]] = {}
    for resource in resources:
        by_type.setdefault(resource.type, []).append(_shaped(resource))
    companions = Companions(by_type)
    rows = _Rows(shares)
    plans = make_plan(selection, "cloudformation")
    kept = {p.table.name: writer.part(p.table, p.names) for p in plans if p.kept}
    for plan in plans:
        _table(plan, by_type, companions, rows, kept, places)
    writer.unread(*(problem.unread() for problem in rows.problems))
    for part in kept.values():
        part.seal()


def _declared(resources: Iterable[Resource], writer: SnapshotWriter) -> Iterator[Declared]:
    """What resources say to Demarcate in their metadata."""
    for resource in resources:
        if KEY in resource.metadata:
            said = resource.metadata[KEY]
            if len(to_json(said)) > LONGEST:
                why = (
                    f"Metadata.{KEY} of {resource.logical_id} has more than {LONGEST:,} bytes; none of it is read"
                )
                writer.unread(Unread(kind=Kind.TOO_MUCH, reason=why, file=resource.file, line=resource.line))
                continue
            yield Declared(resource=resource.logical_id, file=resource.file, line=resource.line, said=said)


def _shaped(resource: Resource) -> Resource:
    """A resource in the API's shape, its properties in their forms."""

    def shaped(properties: dict[str, Any] | Unknown | None) -> Any:
        if properties is resource.properties:
            return own
        if not isinstance(properties, dict):
            return properties
        return in_api_shape(resource.type, in_form(resource.type, properties))

    own = resource.properties
    if isinstance(own, dict):
        own = in_api_shape(resource.type, in_form(resource.type, own))
    if own is resource.properties and not resource.ways:
        return resource
    ways = tuple(Way(way.answers, shaped(way.properties)) for way in resource.ways)
    return replace(resource, properties=own, ways=ways)


def types_read() -> set[str]:
    """The types of resources that tables read."""
    return {type_ for table in all_tables().values() for type_ in _all_types(table)}


def _all_types(table: Table) -> Iterable[str]:
    yield from table.types
    yield from (companion.type for companion in table.companions.values())
    yield from (within.type for within in table.within)
    yield from (derived.of for derived in table.derived if "::" in derived.of)


def _table(
    plan: TablePlan,
    by_type: Mapping[str, list[Resource]],
    companions: Companions,
    rows: _Rows,
    kept: Mapping[str, PartWriter],
    places: Places,
) -> None:
    table = plan.table
    make = build(plan.columns, partial(places, table))
    details = plan.details("cloudformation")
    part = kept.get(table.name)
    for resource, ref, own, other_ways in declared(table, by_type):
        certain = {name: companions.of(table, name, resource) for name in details}
        supposed = _supposed(table, resource, own, other_ways, certain, companions)
        rows_of, *alternatives = (
            [
                make(Item(way, None, completing, ref, resource.label, resource.known), _place(resource))
                for way in each
            ]
            for each, completing in ((own, certain), *supposed)
        )
        for child, derived in plan.children:
            for number, row in enumerate(rows_of):
                others = [each[number] for each in alternatives if len(each) == len(rows_of)]
                rows.derive(kept[child.name], derived, row, others, resource)
        if part is not None:
            rows.append(_joined(table, rows_of, alternatives, resource), part, resource)
    for name in table.companions:
        _alone(plan, name, companions, rows, kept)
    if part is None:
        return
    for derived in table.derived:
        for resource in by_type.get(derived.of, ()) if "::" in derived.of else ():
            parent, *others = (
                dict.fromkeys(derived.needs, properties) if isinstance(properties, Unknown) else properties
                for properties in (resource.properties, *(way.properties for way in resource.alternatives))
            )
            rows.derive(part, derived, parent, others, resource)


def _supposed(
    table: Table,
    resource: Resource,
    own: list[Any],
    other_ways: Sequence[Way],
    certain: dict[str, Any],
    companions: Companions,
) -> list[tuple[list[Any], dict[str, Any]]]:
    """The properties of a resource's rows with what completes them, in each alternative of both together.

    Where these are too many, those of its own alone. None where all is certain.
    """
    if not other_ways and not certain:
        return []
    ways = other_ways or [Way(way.answers, own) for way in resource.ways if way.properties is not None]
    supposed = [
        (way.properties, completing)
        for way in ways or [Way({}, own)]
        for completing in islice(
            companions.ways(table, list(certain), resource, way.answers), MAX_ALTERNATIVES + 1
        )
    ]
    if len(supposed) > MAX_ALTERNATIVES:
        return [(way.properties, certain) for way in other_ways]
    if not other_ways and all(completing == certain for _, completing in supposed):
        return []
    return supposed


def _alone(
    plan: TablePlan,
    name: str,
    companions: Companions,
    rows: _Rows,
    kept: Mapping[str, PartWriter],
) -> None:
    """Rows of companions of one name whose resource is not in the templates: they tell what the companion does."""
    table = plan.table
    companion = table.companions[name]
    places = {column.name: place_of(table, column) for column in plan.columns if column in table.columns}
    told = {column for column, place in places.items() if place is not None and detail_of(place.path) == name}
    names = {
        column
        for column, place in places.items()
        if place is not None and place.path in (REF.path, table.ref_property)
    }
    make = build((column for column in plan.columns if column.name in told), partial(place_of, table))
    part = kept.get(table.name)
    for other, target in companions.alone(table, name) if told else ():
        several: Sequence[Any] = (other.properties, *(way.properties for way in other.alternatives))
        if companion.optional and isinstance(target, Unknown):
            several = [Unknown(target.kind, f"whether it amends any is not known: {target.reason}")]
        untold = Unknown(Kind.NOT_GIVEN, f"is not among what was given: only an {other.type} of it is")
        unmade = {column: target if column in names else untold for column in places.keys() - told}
        details = [{name: [properties] if companion.many else properties} for properties in several]
        row, *others = (
            {**make(Item({}, details=each), _place(other)), **unmade, COMPANION.name: name} for each in details
        )
        for child, derived in plan.children:
            if derived.rests_on(told):
                rows.derive(kept[child.name], derived, row, others, other)
        if part is not None:
            rows.append(_joined(table, [row], [[way] for way in others], other), part, other)


def _derived(
    table: Table, derived: Derived, parent: Row, others: Sequence[Row], resource: Resource
) -> Iterable[Row]:
    """The rows that come from a resource."""
    rows, *alternatives = (
        list(derive(table, derived, {**way, "ref": resource.ref}, _place(resource))) for way in (parent, *others)
    )
    return _joined(table, rows, alternatives, resource)


def _joined(table: Table, rows: list[Row], alternatives: list[list[Row]], resource: Resource) -> Iterable[Row]:
    """The rows of a resource: what all alternatives agree on, and where that is not all, what the alternatives are."""
    if alternatives and len({len(several) for several in alternatives}) == 1:
        if len(rows) != len(alternatives[0]):
            rows = [dict.fromkeys(row, Unknown(Kind.PARAMETER, OPEN)) for row in alternatives[0]]
        rows = [_agreed(row, several) for row, *several in zip(rows, *alternatives, strict=True)]
    if rows and alternatives and first_unknown(rows) is not None:
        types = {column.name: column.type for column in table.all_columns}
        told = [[spooled(dict(row), types) for row in several] for several in alternatives]
        rows[0] = {**rows[0], ALTERNATIVES: told}
    return (_conditional(row, resource) for row in rows)


def _agreed(row: Row, others: Sequence[Row]) -> Row:
    """A row with what all alternatives of it agree on; there may be none."""
    return (
        {name: agreed(value, [other[name] for other in others]) for name, value in row.items()} if others else row
    )


def _place(resource: Resource) -> Address:
    return Address(resource=resource.logical_id, file=resource.file, line=resource.line)


def _conditional(row: Row, resource: Resource) -> Row:
    if resource.conditional is not None:
        row["_conditional"] = resource.conditional.reason
    return row


class _Rows:
    """Writes rows of resources, each counted to the template that it is of: what is short there may be long here.

    Where a template has used up its share, its rows are unknown, and that it has is among the `problems`.
    """

    def __init__(self, shares: Mapping[str, Share]) -> None:
        self._shares = shares
        self.problems: dict[TemplateProblem, None] = {}

    def derive(
        self, part: PartWriter, derived: Derived, parent: Row, others: Sequence[Row], resource: Resource
    ) -> None:
        """Write the rows of a table that come from a resource. Raises OSError (a full disk)."""
        if self._shares[resource.file].exhausted:  # all that is left of a template may be its costliest policies
            row = dict.fromkeys((column.name for column in part.table.columns), Unknown(Kind.TOO_MUCH, TOO_MUCH))
            place = _place(resource)
            part.append(
                [
                    _conditional(
                        {**row, **{name: getattr(place, name) for name in Address.__struct_fields__}}, resource
                    )
                ]
            )
        else:
            self.append(_derived(part.table, derived, parent, others, resource), part, resource)

    def append(self, rows: Iterable[Row], part: PartWriter, resource: Resource) -> None:
        """Write the rows that one resource makes in one table. Raises OSError (a full disk)."""
        part.append(self._counted(rows, part, self._shares[resource.file]))

    def _counted(self, rows: Iterable[Row], part: PartWriter, share: Share) -> Iterator[Row]:
        for row in rows:
            if share.exhausted:
                yield {
                    name: value if name in _PLACE else Unknown(Kind.TOO_MUCH, TOO_MUCH)
                    for name, value in row.items()
                }
                break
            before = part.size
            yield row
            try:
                share.spend(part.size - before + CELL * part.width)
            except Exhausted as error:
                self.problems[too_much(error)] = None
