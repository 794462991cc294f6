"""A tree as a predicate over a row of events, in three-valued logic: NULL where CloudTrail left out what it asks for.

A predicate is a tree of sqlglot's until it is printed. How each leaf reads is a line of
`tests/logs/sigma/cases/semantics.yaml`.
"""

from __future__ import annotations

from typing import Final, cast

from sqlglot import exp

from demarcate.logs.events import COLUMNS, OMITTED, Column, Kind
from demarcate.logs.sigma import matching
from demarcate.logs.sigma.fields import place_of
from demarcate.logs.sigma.paths import are_there, direct, is_left_out, texts
from demarcate.logs.sigma.traces import needed
from demarcate.logs.sigma.trees import All, Anywhere, Either, Empty, Exists, Matches, Not, SameAs, Tree

DIALECT: Final = "duckdb"


def predicate(tree: Tree) -> tuple[str, tuple[str, ...]]:
    """The SQL of a tree, of the columns of `aws_cloudtrail_log`; and which of them it reads."""
    made = _of(tree)
    if (trace := needed(tree)) is not None:
        made = _case(trace, made, exp.false())
    columns = {column.name for column in made.find_all(exp.Column)} & _NAMES
    return made.sql(DIALECT, comments=False, copy=False), tuple(sorted(columns))


_NAMES: Final = frozenset({*(column.name for column in COLUMNS), OMITTED})


def first_text(field: str) -> str:
    """The SQL of the first text of a field, NULL where it has none: what events are grouped by."""
    place = place_of(field)
    if place is None:
        return exp.cast(exp.null(), "VARCHAR").sql(DIALECT)
    column = _column(place.column)
    if place.column.kind is not Kind.JSON:
        return _scalar(place.column).sql(DIALECT)
    first = exp.Anonymous(this="list_extract", expressions=[texts(column, place.path), exp.Literal.number(1)])
    return first.sql(DIALECT)


def _of(tree: Tree) -> exp.Expr:
    if isinstance(tree, Not):
        return exp.paren(exp.Not(this=exp.paren(_of(tree.part), copy=False)), copy=False)
    if isinstance(tree, All | Either):
        kind: type[exp.And | exp.Or] = exp.And if isinstance(tree, All) else exp.Or
        return matching.joined(kind, [_of(part) for part in tree.parts])
    if isinstance(tree, Matches):
        return _matches(tree)
    if isinstance(tree, Anywhere):
        return _anywhere(tree)
    if isinstance(tree, SameAs):
        return _same(tree)
    return _presence(tree)


def _matches(leaf: Matches) -> exp.Expr:
    place = place_of(leaf.field)
    if place is None:
        return exp.false()
    column = _column(place.column)
    if place.column.kind is not Kind.JSON:
        return _known(matching.any_of(_scalar(place.column), leaf.matchers))
    values = matching.any_in(texts(column, place.path), leaf.matchers)
    if place.path:
        values = direct(column, place.path, lambda text: matching.any_of(text, leaf.matchers), values)
    return _unless_left_out(column, values)


def _presence(leaf: Empty | Exists) -> exp.Expr:
    place = place_of(leaf.field)
    wants_none = isinstance(leaf, Empty)
    if place is None:
        return exp.true() if wants_none else exp.false()
    column = _column(place.column)
    if place.column.kind is not Kind.JSON:
        is_null = exp.Is(this=column, expression=exp.null())
        return exp.paren(is_null if wants_none else exp.not_(is_null), copy=False)
    if wants_none:
        told: exp.Expr = exp.EQ(this=matching.length(texts(column, place.path)), expression=exp.Literal.number(0))
    elif place.path:
        told = exp.GT(this=matching.length(are_there(column, place.path)), expression=exp.Literal.number(0))
    else:  # what was left out was there
        told = exp.not_(exp.Is(this=column.copy(), expression=exp.null()))
        return matching.joined(exp.Or, [exp.paren(told, copy=False), is_left_out(column)])
    return _unless_left_out(column, told, absent=wants_none)


def _same(leaf: SameAs) -> exp.Expr:
    """Whether two fields have a value in common, or alike; not known where either was left out."""
    sides: list[exp.Expr] = []
    left_out: list[exp.Expr] = []
    for place in (place_of(leaf.field), place_of(leaf.other)):
        if place is None:
            sides.append(exp.cast(exp.Array(expressions=[]), "VARCHAR[]"))
            continue
        column = _column(place.column)
        if place.column.kind is Kind.JSON:
            sides.append(texts(column, place.path))
            left_out.append(is_left_out(column))
        else:
            sides.append(exp.Array(expressions=[_scalar(place.column)]))
    told = _known(matching.any_pair(sides[0], sides[1], leaf.how))
    return _case(matching.joined(exp.Or, left_out), exp.null(), told) if left_out else told


def _anywhere(leaf: Anywhere) -> exp.Expr:
    """Whether any column has it. Where nothing has it and something was left out, that is not known."""
    lists = [
        texts(_column(told), ()) if told.kind is Kind.JSON else exp.Array(expressions=[_scalar(told)])
        for told in COLUMNS
    ]
    every = exp.Anonymous(this="flatten", expressions=[exp.Array(expressions=lists)])
    hit = _known(matching.any_in(every, [matching.anywhere(matcher) for matcher in leaf.matchers]))
    unsure = matching.joined(exp.Or, [is_left_out(_column(told)) for told in COLUMNS if told.kind is Kind.JSON])
    return exp.paren(
        exp.Case(
            ifs=[exp.If(this=hit, true=exp.true()), exp.If(this=unsure, true=exp.null())], default=exp.false()
        ),
        copy=False,
    )


def _column(column: Column) -> exp.Column:
    return exp.column(column.name, quoted=True)


def _scalar(column: Column) -> exp.Expr:
    """A column that is no JSON, as the text that CloudTrail writes."""
    value = _column(column)
    if column.kind is Kind.TEXT:
        return value
    if column.kind is Kind.BOOL:
        return exp.cast(value, "VARCHAR")
    return cast(
        exp.Expr,
        exp.Anonymous(
            this="strftime", expressions=[matching.in_utc(value), exp.Literal.string("%Y-%m-%dT%H:%M:%SZ")]
        ),
    )


def _known(value: exp.Expr) -> exp.Expr:
    """A condition that is false where there is nothing to ask it of."""
    return exp.Coalesce(this=value, expressions=[exp.false()])


def _unless_left_out(column: exp.Column, told: exp.Expr, *, absent: bool = False) -> exp.Expr:
    """What is told of a column of JSON; where it is NULL, `absent`, or NULL if CloudTrail left it out."""
    nothing = exp.Is(this=column.copy(), expression=exp.null())
    return _case(
        nothing, _case(is_left_out(column), exp.null(), exp.true() if absent else exp.false()), _known(told)
    )


def _case(condition: exp.Expr, true: exp.Expr, false: exp.Expr) -> exp.Expr:
    return exp.paren(exp.Case(ifs=[exp.If(this=condition, true=true)], default=false), copy=False)
