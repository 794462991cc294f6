"""Predicates of looks inside of looks, each with what it comes to where everything is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from hypothesis import strategies as st

Truth = bool | None
Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]

OUTER, INNER = "aws_ebs_volume", ("aws_ebs_snapshot", "aws_kms_key")
TEXTS = {
    OUTER: ("volume_id", "kms_key_id"),
    "aws_ebs_snapshot": ("volume_id", "kms_key_id"),
    "aws_kms_key": ("id", "arn"),
}
FLAGS = {OUTER: "encrypted", "aws_ebs_snapshot": "encrypted", "aws_kms_key": "enabled"}
LISTS = {OUTER: "attached_instance_ids", "aws_kms_key": "aliases"}
VALUES = ("a", "b", "z")
"""What a text may be: one of those that predicates speak of, or another."""
ITEMS: tuple[tuple[str, ...], ...] = ((), ("a",), ("b", "a", "b"))
"""What a list may be."""
TAGS: tuple[dict[str, str], ...] = ({}, {"k": "a"}, {"k": "z"})


@dataclass(frozen=True)
class Predicate:
    """The text of a predicate, and its value over rows by alias among all rows by table: None for SQL's NULL."""

    text: str
    value: Callable[[Mapping[str, Row], Rows], Truth]


def _not(value: Truth) -> Truth:
    return None if value is None else not value


def _and(a: Truth, b: Truth) -> Truth:
    return False if a is False or b is False else None if a is None or b is None else True


def _equal(a: object, b: object) -> Truth:
    return None if a is None or b is None else a == b


def _exists(table: str, alias: str, test: Predicate) -> Predicate:
    def value(row: Mapping[str, Row], rows: Rows) -> Truth:
        return any(test.value({**row, alias: inner}, rows) is True for inner in rows[table])

    return Predicate(f"EXISTS (SELECT 1 FROM {table} {alias} WHERE {test.text})", value)


def _among(left: tuple[str, str], table: str, alias: str, column: str, test: Predicate) -> Predicate:
    def value(row: Mapping[str, Row], rows: Rows) -> Truth:
        wanted = row[left[0]][left[1]]
        return any(
            inner[column] == wanted and test.value({**row, alias: inner}, rows) is True for inner in rows[table]
        )

    return Predicate(f"{_named(left)} IN (SELECT {alias}.{column} FROM {table} {alias} WHERE {test.text})", value)


def _looked_up(table: str, alias: str, column: str, test: Predicate, wanted: str) -> Predicate:
    def value(row: Mapping[str, Row], rows: Rows) -> Truth:
        values = {inner[column] for inner in rows[table] if test.value({**row, alias: inner}, rows) is True}
        return values == {wanted} if len(values) == 1 else None

    return Predicate(f"(SELECT {alias}.{column} FROM {table} {alias} WHERE {test.text}) = '{wanted}'", value)


def _named(column: tuple[str, str]) -> str:
    return ".".join(column)


@st.composite
def predicates(
    draw: st.DrawFn, scopes: tuple[tuple[str, str], ...] = ((OUTER, OUTER),), depth: int = 3
) -> Predicate:
    """A predicate over rows of `scopes`, which are (alias, table), the last the innermost."""
    alias, table = scopes[-1]
    kinds = ["flag", "text", "literal", "tag", "tag", "in"]
    lists = [(other, LISTS[of]) for other, of in scopes if of in LISTS]
    kinds += ["held"] * 3 * len(lists)
    if depth:
        kinds += ["not", "and", "or"]
    if len(scopes) < 4 and depth:
        kinds += ["exists"] * 5 + ["among"] * 2 + ["looked up"] * 2
    kind = draw(st.sampled_from(kinds))
    if kind == "not":
        inner = draw(predicates(scopes, depth - 1))
        return Predicate(f"(NOT {inner.text})", lambda row, rows: _not(inner.value(row, rows)))
    if kind in ("and", "or"):
        a, b = draw(predicates(scopes, depth - 1)), draw(predicates(scopes, depth - 1))
        if kind == "and":
            return Predicate(
                f"({a.text} AND {b.text})", lambda row, rows: _and(a.value(row, rows), b.value(row, rows))
            )
        return Predicate(
            f"({a.text} OR {b.text})",
            lambda row, rows: _not(_and(_not(a.value(row, rows)), _not(b.value(row, rows)))),
        )
    if kind in ("exists", "among", "looked up"):
        looked, name = draw(st.sampled_from(INNER)), f"t{len(scopes)}"
        test = draw(predicates((*scopes, (name, looked)), depth - 1))
        if kind == "exists":
            return _exists(looked, name, test)
        if kind == "looked up":
            return _looked_up(
                looked, name, draw(st.sampled_from(TEXTS[looked])), test, draw(st.sampled_from(VALUES))
            )
        left = (alias, draw(st.sampled_from(TEXTS[table])))
        return _among(left, looked, name, draw(st.sampled_from(TEXTS[looked])), test)
    if kind == "flag":
        flag = FLAGS[table]
        return Predicate(f"{alias}.{flag}", lambda row, rows: row[alias][flag])
    if kind == "tag":
        return Predicate(f"{alias}.tags ->> 'k' = 'a'", lambda row, rows: _equal(row[alias]["tags"].get("k"), "a"))
    column = draw(st.sampled_from(TEXTS[table]))
    if kind == "held":
        holder, held = draw(st.sampled_from(lists))
        other, of = draw(st.sampled_from([scopes[-1], *scopes]))
        text = draw(st.sampled_from(TEXTS[of]))
        return Predicate(
            f"list_contains({holder}.{held}, {other}.{text})",
            lambda row, rows: row[other][text] in row[holder][held],
        )
    if kind == "literal":
        return Predicate(f"{alias}.{column} = 'a'", lambda row, rows: row[alias][column] == "a")
    if kind == "in":
        return Predicate(f"{alias}.{column} IN ('a', 'b')", lambda row, rows: row[alias][column] in ("a", "b"))
    outer, of = draw(st.sampled_from(scopes))
    other = draw(st.sampled_from(TEXTS[of]))
    return Predicate(
        f"{alias}.{column} = {outer}.{other}", lambda row, rows: row[alias][column] == row[outer][other]
    )


def rows_of(table: str) -> st.SearchStrategy[dict[str, Any]]:
    """A row of a table: None is what is not known, and with `maybe` whether it is there."""
    known = st.sampled_from(VALUES)
    text = st.one_of(known, known, known, st.none())
    return st.fixed_dictionaries(
        {
            **dict.fromkeys(TEXTS[table], text),
            FLAGS[table]: st.sampled_from([True, False, True, False, None]),
            **({LISTS[table]: st.sampled_from([*ITEMS, *ITEMS, None])} if table in LISTS else {}),
            "tags": st.sampled_from([*TAGS, *TAGS, None]),
            "maybe": st.sampled_from([False] * 4 + [True]),
        }
    )


def possible(table: str) -> dict[str, Sequence[Any]]:
    """What each column of a table may be."""
    lists = {LISTS[table]: ITEMS} if table in LISTS else {}
    return {**dict.fromkeys(TEXTS[table], VALUES), FLAGS[table]: (True, False), "tags": TAGS, **lists}


def completions(estate: Mapping[str, Sequence[Row] | None]) -> Iterator[dict[str, list[Row]]]:
    """All that an estate may be: rows by table, None for a table that was not read. That has no row, or one."""

    def rows(table: str, row: Row) -> list[list[Row]]:
        columns = possible(table)
        values = [columns[name] if row[name] is None else (row[name],) for name in columns]
        made: list[list[Row]] = [[dict(zip(columns, each, strict=True))] for each in product(*values)]
        return [*made, []] if row["maybe"] else made

    tables = list(estate)
    choices = []
    for table in tables:
        given = estate[table]
        if given is None:
            given = [{**dict.fromkeys(possible(table)), "maybe": True}]
        choices.append(
            [[row for part in parts for row in part] for parts in product(*(rows(table, r) for r in given))]
        )
    for chosen in product(*choices):
        yield dict(zip(tables, chosen, strict=True))
