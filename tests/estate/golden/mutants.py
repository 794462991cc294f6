"""Columns that are read from another member of the same type, and whether their golden rows tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import structs

from demarcate.base.encoding import to_json
from demarcate.estate.schema.rows import Address, Item, build, spooled
from demarcate.estate.schema.table import Column, From, Table
from demarcate.estate.sources.cloudformation import shapes
from demarcate.estate.sources.plan import make_plan
from demarcate.estate.tables import all_tables
from tests.estate.golden.forms import Form, answer_of, properties_of, renamed, siblings
from tests.estate.golden.live import read_live, rooted
from tests.estate.golden.outline import Outline
from tests.estate.golden.templates import properties
from tests.estate.golden.values import ACCOUNT, REGION, SPARSE, VARIANTS

PLACE = Address(ACCOUNT, REGION, "aws")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A column with another path, and whether the golden rows are other ones then."""

    column: str
    path: str
    plain: bool
    told: bool


def of_live(members: Outline) -> Iterator[Mutant]:
    """Of all columns of live tables."""
    with ThreadPoolExecutor(1) as pool:
        for plan in make_plan(dict.fromkeys(all_tables()), "live"):
            table = plan.table
            if not table.steps:
                continue
            items = [made.items[0] for made in read_live(plan, members, pool)]
            for column in table.columns:
                place = column.place("live")
                for call, path in rooted(table, place.path) if place is not None else ():
                    yield from _mutants("live", table, column, answer_of(call.operation), path, items)


def of_templates(members: Outline) -> Iterator[Mutant]:
    """Of all columns of tables that templates fill."""
    for table in all_tables().values():
        for type_ in table.types:
            items = [_item(table, type_, members, variant) for variant in range(VARIANTS + SPARSE)]
            for column in table.columns:
                place = shapes.place_of(table, column)
                if place is None or place.path.startswith("#"):
                    continue
                of, path = type_, place.said or place.path
                if path.startswith("@") and path != "@":
                    companion, _, path = path[1:].partition(".")
                    of = table.companions[companion.partition("[")[0]].type
                yield from _mutants("cloudformation", table, column, properties_of(of), path or "@", items)


def _item(table: Table, type_: str, members: Outline, variant: int) -> Item:
    details = {}
    for name, companion in table.companions.items():
        own = _plain(properties(companion.type, f"{name} {companion.type}", members, variant))
        details[name] = [own] if companion.many else own
    own = shapes.in_api_shape(type_, _plain(properties(type_, type_, members, variant)))
    return Item(own, None, details, "ref")


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=datetime.isoformat))


def _mutants(
    source: str, table: Table, column: Column, form: Form, path: str, items: list[Item]
) -> Iterator[Mutant]:
    """The mutants of a column that a source finds at a path of a form."""
    tells = shapes.place_of if source == "cloudformation" else _live
    place = tells(table, column)
    assert place is not None
    true = _values(place, column, items)
    for name in siblings(form, path) if path != "@" else ():
        other = structs.replace(place, path=renamed(place.said or place.path, name), said="")
        changed = tells(table, structs.replace(column, places={source: other}))
        assert changed is not None
        told = _values(changed, column, items) != true
        yield Mutant(f"{table.name}.{column.name}", other.path, place.function is None, told)


def _live(_: Table, column: Column) -> From | None:
    return column.place("live")


def _values(place: From, column: Column, items: list[Item]) -> list[bytes]:
    """What a column is of each item, or why it is not known, where it stands at a place."""
    make = build([column], lambda _: place)
    rows = [spooled(make(item, PLACE), {column.name: column.type}) for item in items]
    return [to_json((row.get(column.name), row.get("_unknown"), row.get("_assigned"))) for row in rows]
