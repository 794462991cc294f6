"""From an item of AWS's answer, or a template's resource, to a row of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from string import Formatter
from typing import Any

import msgspec

from demarcate.estate.schema import partial
from demarcate.estate.schema.conversion import convert
from demarcate.estate.schema.paths import ABSENT, kind, path
from demarcate.estate.schema.standins import StandIn, Undecided, combined, first_standin, marks, shown
from demarcate.estate.schema.table import MANAGED_BY, PARTIAL, UNSET, Column, Derived, Formatted, From, Table
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown

Row = dict[str, Any]
"""Column to value. A value may be an `Unknown` or a stand-in; inside JSON values these may stand anywhere."""


ODD = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What a pure function raises for a value of a form that it was not made for."""


class Item(msgspec.Struct):
    """What a row is made from: a value, the item it was found under, and its details or companions.

    In a template, `ref` is what `Ref` to it gives, and `label` what stand-ins for something of it call it. Nothing
    refers to what is declared within another resource: its `ref` is Unknown. `known` are attributes that are known
    already, by their names in lower case.
    """

    value: Any
    parent: Item | None = None
    details: dict[str, Any] = msgspec.field(default_factory=dict)
    ref: str | StandIn | Unknown = ""
    label: str = ""
    known: Mapping[str, str] = msgspec.field(default_factory=dict)

    def attribute(self, name: str) -> str | StandIn | Unknown:
        """What `Fn::GetAtt` of it gives."""
        if (value := self.known.get(name.lower())) is not None:
            return value
        if isinstance(self.ref, Unknown):
            return self.ref
        text = self.ref.text if isinstance(self.ref, StandIn) else self.ref
        return StandIn(f"{text}.{name}", f"${{{self.label}.{name}}}")


class Address(msgspec.Struct, frozen=True):
    """Where a row is: the values of the columns that every table has (see `table.COMMON`)."""

    account_id: str | None = None
    region: str | None = None
    partition: str | None = None
    resource: str | None = None
    file: str | None = None
    line: int | None = None


def find(item: Item, text: str) -> Any:
    """The value at a path that may lead into a detail (`@name.…`) or the parent item (`^.…`)."""
    while text.startswith("^"):
        if item.parent is None:
            return ABSENT
        item, text = item.parent, text[1:].removeprefix(".")
    if text.startswith("@") and len(text) > 1:
        name, _, rest = text[1:].partition(".")
        if name.endswith("]"):
            name, _, index = name.partition("[")
            rest = f"[{index}" + (f".{rest}" if rest else "")
        value = item.details.get(name, ABSENT)
        return value if value is ABSENT or isinstance(value, Unknown) else path(rest)(value)
    return path(text)(item.value)


def detail_of(text: str) -> str | None:
    """The name of the detail that a path leads into, or None.

    >>> detail_of("@versioning.Status")
    'versioning'
    """
    if not text.startswith("@") or text == "@":
        return None
    return text[1:].partition(".")[0].partition("[")[0]


def build(columns: Iterable[Column], place_of: Callable[[Column], From | None]) -> Callable[[Item, Address], Row]:
    """A function that makes the row of one item, with the columns given, each from its place."""
    makers: list[tuple[str, Callable[[Item, Address], Any]]] = []
    formats: list[tuple[str, str]] = []
    defaults: list[tuple[str, str]] = []
    for column in columns:
        place = place_of(column)
        if place is None:
            continue
        if place.path.startswith("#format."):
            formats.append((column.name, place.path.removeprefix("#format.")))
        else:
            makers.append((column.name, _maker(column, place)))
            absent = _absent(column, place)
            if isinstance(absent, Formatted):
                defaults.append((column.name, absent.text))

    def make(item: Item, place: Address) -> Row:
        row: Row = {
            "account_id": place.account_id,
            "region": place.region,
            "partition": place.partition,
            "file": place.file,
            "line": place.line,
        }
        for name, maker in makers:
            row[name] = maker(item, place)
        for name, text in formats:
            row[name] = _format(text, row)
        for name, text in defaults:
            if row[name] is None:
                row[name] = _format(text, row)
        row["resource"] = place.resource if place.resource is not None else _identity(row)
        return row

    return make


def is_gone(table: Table, value: Any) -> bool:
    """Whether the column that tells it says that a resource is gone, is going, or never came to be."""
    return isinstance(value, str) and value.casefold() in _states(table.gone)


@lru_cache(maxsize=256)
def _states(gone: tuple[str, ...]) -> frozenset[str]:
    return frozenset(state.casefold() for state in gone[1:])


def _format(text: str, row: Row) -> Any:
    """A text with the row's own columns in it; unknown where one of them is."""
    values = {}
    for name in named_in(text):
        value = row.get(name)
        if value is None or isinstance(value, Unknown):
            return value or Unknown(Kind.UNSET, f"{name} is not known")
        values[name] = value
    return combined(text, values)


@lru_cache(maxsize=1024)
def named_in(text: str) -> tuple[str, ...]:
    """The columns that a format names."""
    return tuple(name for _, name, _, _ in Formatter().parse(text) if name)


def _identity(row: Row) -> str | None:
    arn = row.get("arn")
    return arn if isinstance(arn, str) else None


def _absent(column: Column, place: From) -> Any:
    """What a column is where a place has nothing."""
    return column.absent if place.absent is UNSET else place.absent


def _maker(column: Column, place: From) -> Callable[[Item, Address], Any]:
    absent = _absent(column, place)
    if isinstance(absent, Formatted):
        absent = UNSET
    text, function, type_ = place.path, place.function, column.type
    if text == "#ref":
        if column.name == "arn":  # what a template calls a resource stands for its ARN, unless that is known
            return lambda item, _: item.known.get("arn", item.ref)
        return lambda item, _: item.ref
    if text.startswith("#attribute."):
        name = text.removeprefix("#attribute.")
        return lambda item, _: item.attribute(name)
    if text.startswith("#other."):
        return _other(path(text.removeprefix("#other.")), function or (lambda _: ""))
    simple = not text.startswith(("@", "^")) or text == "@"
    get = path(text) if simple else None
    said = place.said or text

    def make(item: Item, _: Address) -> Any:
        value = get(item.value) if get else find(item, text)
        if value is ABSENT:
            return None if absent is UNSET else absent
        if isinstance(value, Unknown):
            return value
        if function is not None:
            value = attempt(function, value, said)
            if value is ABSENT:
                return None if absent is UNSET else absent
        return convert(type_, value, said)

    return make


def _other(owner: Callable[[Any], Any], function: Callable[[Any], Any]) -> Callable[[Item, Address], Any]:
    """The account that an item belongs to where it is another one than the row's; else what a function says of it."""

    def make(item: Item, place: Address) -> Any:
        account = owner(item.value)
        if isinstance(account, str) and place.account_id is not None and account != place.account_id:
            return account
        return function(item.value)

    return make


def attempt(function: Callable[[Any], Any], value: Any, what: str) -> Any:
    """What a function makes of a value; Unknown for one that is, and for one that it has no answer to."""
    if isinstance(value, Unknown):
        return value
    try:
        return function(value)
    except (*ODD, Undecided) as error:
        return _why(error, value) or Unknown(
            Kind.MALFORMED, f"{what}: {kind(value)} of a form that was not expected"
        )


def parts(function: Callable[[Any], Any], values: Any, what: str) -> list[Any]:
    """What a function makes of each item of a list: Unknown for those that it has no answer to, and in their place
    for a list that is.
    """
    return [attempt(function, value, what) for value in ([values] if isinstance(values, Unknown) else values)]


def _why(error: Exception, value: Any) -> Unknown | None:
    """Why a function has no answer to a value; None where nothing in it is unknown or a stand-in."""
    inside = error.value if isinstance(error, Undecided) else first_unknown(value) or first_standin(value)
    return inside.unknown if isinstance(inside, StandIn) else inside


def derive(table: Table, derived: Derived, parent: Mapping[str, Any], place: Address) -> Iterator[Row]:
    """The rows of a derived table that come from one parent (its columns, or a resource's properties).

    What is not known is handed on column by column: where the function has no answer at all, there is one row,
    unknown as a whole, and so is each that it says is Unknown.
    """
    common: Row = {
        "account_id": place.account_id,
        "region": place.region,
        "partition": place.partition,
        "file": place.file,
        "line": place.line,
        "resource": place.resource,
    }
    needs = {name: value for name in derived.needs if (value := parent.get(name)) is not None}
    answer = attempt(lambda given: list(derived.function(given)), needs, ", ".join(derived.needs))
    known = {**derived.known, MANAGED_BY: parent.get(MANAGED_BY, "")}
    for made in [answer] if isinstance(answer, Unknown) else answer:
        if isinstance(made, Unknown):
            made = dict.fromkeys((column.name for column in table.columns), made)
            values: dict[str, Any] = {**made, **known}
        else:
            values = {**known, **made}
        row = dict(common)
        for column in table.columns:
            name = column.name
            value = values.get(name, ABSENT)
            if value is ABSENT:
                value = None if column.absent is UNSET else column.absent
            row[name] = None if value is None else convert(column.type, value, name)
        yield row


def spooled(row: Row, types: Mapping[str, str]) -> Row:
    """A row as it is written, by the types of its columns.

    Unknowns become NULL, and why, with its kind, the column `_unknown`, beside which `_partial` has what is known of
    a policy; stand-ins become the texts that stand for them, and what they are the column `_assigned`.
    """
    reasons: dict[str, dict[str, Any]] = {}
    partly: dict[str, dict[str, Any]] = {}
    assigned: dict[str, Any] = {}
    for name, value in row.items():
        kind = type(value)
        if kind is StandIn or kind is Unknown or ((kind is dict or kind is list) and value):
            unknown = first_unknown(value)
            if unknown is not None:
                reasons[name] = {"kind": unknown.kind, "reason": str(unknown)}
                row[name] = None
                if types[name] == "JSON" and (kept := partial.kept(value)) is not None:
                    partly[name] = kept
            elif first_standin(value) is not None:
                assigned[name] = marks(types[name], value)
                row[name] = shown(value)
    if reasons:
        row["_unknown"] = reasons
    if partly:
        row[PARTIAL] = partly
    if assigned:
        row["_assigned"] = assigned
    return row
