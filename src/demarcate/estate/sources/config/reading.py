"""From a configuration item to rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demarcate.estate.schema import rows
from demarcate.estate.schema.paths import ABSENT, path
from demarcate.estate.schema.rows import Address, Row, build, detail_of
from demarcate.estate.schema.table import ADDED, UNSET, Column, From, Table, tag_map
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation.shapes import in_api_shape
from demarcate.estate.sources.config.items import ConfigurationItem, unpacked
from demarcate.estate.sources.config.recorded import Recorded, Told, own_place, place_of
from demarcate.estate.sources.config.shapes import item_shape, output_shape, shaped

NOT_RECORDED = Unknown(Kind.UNTOLD, "AWS Config does not record it")
NOT_IN_ITEM = Unknown(Kind.UNSET, "AWS Config's item does not have it")


class _LeftOut:
    """Stands where an item does not have a column's member, until it is decided what that means."""


_LEFT_OUT = _LeftOut()


@dataclass(slots=True)
class _Made:
    """What a row is made from: the item in the table's form, and what Config says is not there."""

    live: rows.Item
    nulls: dict[str, set[str]]
    """Of each detail, and of the item itself under ""."""
    proved: bool


class Maker:
    """Makes the rows of one table from items of one type."""

    def __init__(self, recorded: Recorded, table: Table, columns: Sequence[Column]) -> None:
        self.recorded, self.table = recorded, table
        needed = [
            column for name in recorded.newest or () if (column := table.column(name)) not in columns and column
        ]
        self._columns = {column.name: column for column in (*columns, *needed) if column not in ADDED}
        self._places = {name: place_of(recorded, column) for name, column in self._columns.items()}
        self._needed = {detail for place in self._places.values() if place and (detail := detail_of(place.path))}
        asked = [column for name, column in self._columns.items() if self._places[name] is not None]
        self._make = build(asked, self._asked)
        self._shape = item_shape(table)
        self._regional = table.scope == "region" or table.column("region") in table.columns

    def region_of(self, item: ConfigurationItem) -> str:
        """The region of the rows of an item."""
        return item.region if self._regional else "global"

    def rows(self, item: ConfigurationItem) -> Iterator[Row]:
        """The rows of an item that is not deleted."""
        place = Address(item.account, self.region_of(item), item.partition)
        for configuration in self._configurations(item):
            row = self._row(item, configuration, place)
            if not rows.is_gone(self.table, row.get(self.table.gone[0]) if self.table.gone else None):
                yield row

    def _configurations(self, item: ConfigurationItem) -> Iterator[Any]:
        configuration = item.configuration
        if not isinstance(configuration, dict):
            yield Unknown(Kind.UNSET, "AWS Config has no configuration of it")
            return
        if self.recorded.each is None:
            yield configuration
            return
        try:
            yield from list(self.recorded.each(configuration, item))
        except rows.ODD:
            yield Unknown(Kind.MALFORMED, "AWS Config's item has a form that was not expected")

    def _row(self, item: ConfigurationItem, configuration: Any, place: Address) -> Row:
        if isinstance(configuration, Unknown):
            row: Row = dict.fromkeys(self._columns, configuration)
            row |= {"account_id": place.account_id, "region": place.region, "partition": place.partition}
        else:
            made = self._made(item, configuration)
            row = self._make(made.live, place)
            for name, column in self._columns.items():
                where = self._places[name]
                if where is None:
                    row[name] = NOT_RECORDED
                elif (value := row.get(name)) is _LEFT_OUT or value is None:
                    row[name] = self._left_out(column, where, made)
        if "tags" in self._columns:
            row["tags"] = _tags(item)
        if "region" in self._columns:
            row["region"] = place.region
        if not isinstance(row.get("arn"), str):
            row["arn"] = item.arn or NOT_IN_ITEM
        row["resource"] = row["arn"] if isinstance(row["arn"], str) else None
        return row

    def _asked(self, column: Column) -> From | None:
        place = self._places[column.name]
        return None if place is None else From(place.path, place.function, _LEFT_OUT)

    def _made(self, item: ConfigurationItem, configuration: dict[str, Any]) -> _Made:
        recorded = self.recorded
        nulls: dict[str, set[str]] = {"": set()}
        if recorded.value:
            value = configuration.get(recorded.value) or item.id
        elif recorded.declared:
            value = _without_nulls(in_api_shape(recorded.type, configuration), nulls[""], "")
        else:
            value = shaped(self._shape, _nested(recorded.at, configuration), nulls[""], recorded.names)
        live = rows.Item(value)
        for name in self._needed:
            live.details[name] = self._detail(name, recorded.details[name], item, configuration, nulls)
        return _Made(live, nulls, not recorded.proof or _has(configuration, item, recorded.proof))

    def _detail(
        self,
        name: str,
        told: Told,
        item: ConfigurationItem,
        configuration: dict[str, Any],
        nulls: dict[str, set[str]],
    ) -> Any:
        """A detail in the form of its call's answer; ABSENT where Config has nothing of it."""
        value = configuration if not told.entry else unpacked(item.supplementary.get(told.entry, ABSENT))
        if value is ABSENT:
            return ABSENT
        if told.function is not None:
            try:
                value = told.function(value)
            except rows.ODD:
                return Unknown(Kind.MALFORMED, f"{told.entry or 'configuration'}: of a form that was not expected")
        if value is ABSENT:
            return {} if told.entry else ABSENT
        shape = output_shape(self.table.details[name].operation)
        return shaped(shape, _nested(told.at, value), nulls.setdefault(name, set()), self.recorded.names)

    def _left_out(self, column: Column, place: From, made: _Made) -> Any:
        """What a column is whose member the item does not have."""
        absent = _absent(column, place, self.recorded)
        if absent is UNSET:
            return NOT_IN_ITEM
        if column.name in self.recorded.absent:
            return absent if made.proved else NOT_IN_ITEM
        detail = detail_of(place.path)
        if detail is not None:
            if made.live.details.get(detail, ABSENT) is ABSENT:
                return NOT_IN_ITEM
            if self.recorded.details[detail].entry:
                return absent  # the whole of an answer: what it leaves out is not there
        if rows.find(made.live, place.path) is not ABSENT:
            return absent  # the member is there, and the column's function found nothing in it
        return absent if _said(place.path, detail, made.nulls) else NOT_IN_ITEM


def _absent(column: Column, place: From, recorded: Recorded) -> Any:
    if place.absent is not UNSET:
        return place.absent
    own = own_place(recorded, column)
    return own.absent if own is not None and own.absent is not UNSET else column.absent


def _said(text: str, detail: str | None, nulls: Mapping[str, set[str]]) -> bool:
    """Whether Config itself says that there is nothing at a path, or at one that it leads through."""
    if detail is not None:
        text = text[1:].removeprefix(detail).lstrip(".")
    steps = re.sub(r"\[\d*\]", "[]", text).split(".")
    names = nulls.get(detail or "", set())
    return any(".".join(steps[: end + 1]).removesuffix("[]") in names for end in range(len(steps)))


def _nested(where: str, value: Any) -> Any:
    for name in reversed(where.split(".")) if where else ():
        value = {name: value}
    return value


def _without_nulls(value: Any, nulls: set[str], where: str) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item, nulls, f"{where}[]") for item in value if item is not None]
    if not isinstance(value, dict):
        return value
    members = {}
    for key, item in value.items():
        if item is None:
            nulls.add(f"{where}.{key}" if where else key)
        else:
            members[key] = _without_nulls(item, nulls, f"{where}.{key}" if where else key)
    return members


def _has(configuration: Any, item: ConfigurationItem, proof: str) -> bool:
    whole = {"configuration": configuration, "supplementaryConfiguration": item.supplementary}
    value = path(proof)(whole)
    return value is not ABSENT and not isinstance(value, Unknown)


def _tags(item: ConfigurationItem) -> Any:
    """The tags: Config has them as a map, its queries as a list."""
    told = item.tags if item.tags is not None else NOT_IN_ITEM
    if isinstance(told, Unknown):
        return told
    try:
        tags = tag_map(told)
    except rows.ODD:
        return Unknown(Kind.MALFORMED, "tags: of a form that was not expected")
    known = all(isinstance(key, str) and isinstance(value, str) for key, value in tags.items())
    return tags if known else Unknown(Kind.MALFORMED, "tags: expected text")
