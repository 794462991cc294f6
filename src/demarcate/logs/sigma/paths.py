"""The values at a place in the JSON of a column, as SQL: lists of texts, or of JSON.

On the way, an array stands for its elements, and a text that is the JSON of an object or an array for what it holds:
policies are documents within documents. An object or an array that is at the place itself, or an element there, has two
texts: its JSON without white space, and the same with one level of escapes taken off, so that a rule may quote what
stands in a document within it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from demarcate.logs.events import OMITTED


def texts(column: exp.Expr, path: Sequence[str]) -> exp.Expr:
    """All texts at a place; none of what is null or not there."""
    value = exp.column("v")
    kind = _call("json_type", value)
    compact = exp.cast(_call("json", exp.column("v")), "VARCHAR")
    both = exp.Array(expressions=[compact, _unescaped(compact.copy())])
    told = exp.Case(
        ifs=[
            exp.If(this=_is(kind, "OBJECT", "ARRAY"), true=both),
            exp.If(this=_is(kind.copy(), "NULL"), true=exp.Array(expressions=[])),
        ],
        default=exp.Array(expressions=[_call("json_extract_string", exp.column("v"), exp.Literal.string("$"))]),
    )
    return _without_null(_each(_elements(_members(column, path)), "v", told))


def are_there(column: exp.Expr, path: Sequence[str]) -> exp.Expr:
    """All JSON values at a place, null among them."""
    return _without_null(_members(column, path))


def direct(
    column: exp.Expr, path: Sequence[str], of_text: Callable[[exp.Expr], exp.Expr], otherwise: exp.Expr
) -> exp.Expr:
    """What is told of the one text at a place where no array and no document is on the way, which costs far less than
    what is told `otherwise`, of the values there.
    """
    where = exp.Literal.string("$" + "".join(f'."{name}"' for name in path))
    kind = _call("json_type", column.copy(), where)
    is_text = exp.not_(_is(kind, "OBJECT", "ARRAY", "NULL"))
    told = of_text(_call("json_extract_string", column.copy(), where.copy()))
    return exp.paren(exp.Case(ifs=[exp.If(this=is_text, true=told)], default=otherwise), copy=False)


def is_left_out(column: exp.Column) -> exp.Expr:
    """Whether a column is NULL since CloudTrail left the member out for its size: what it held is not known."""
    told = _call("list_contains", exp.column(OMITTED, quoted=True), exp.Literal.string(column.name))
    return exp.Coalesce(this=told, expressions=[exp.false()])


def _members(column: exp.Expr, path: Sequence[str]) -> exp.Expr:
    values: exp.Expr = exp.Array(expressions=[exp.cast(column.copy(), "JSON")])
    for name in path:
        opened = _elements(_call("list_transform", _elements(values), _lambda("t", _parsed())))
        where = exp.Literal.string(f'$."{name}"')
        values = _call("list_transform", opened, _lambda("m", _call("json_extract", exp.column("m"), where)))
    return values


def _elements(values: exp.Expr) -> exp.Expr:
    """Values, with the elements of arrays in the arrays' place."""
    inner = _call("json_extract", exp.column("a"), exp.Literal.string("$[*]"))
    is_array = _is(_call("json_type", exp.column("a")), "ARRAY")
    return _each(
        values,
        "a",
        exp.Case(ifs=[exp.If(this=is_array, true=inner)], default=exp.Array(expressions=[exp.column("a")])),
    )


def _parsed() -> exp.Expr:
    """What is in a text that is a document, NULL where it is none; a value that is no text as it is."""
    text = _call("json_extract_string", exp.column("t"), exp.Literal.string("$"))
    parsed = exp.TryCast(this=text, to=exp.DataType.build("JSON"), safe=True)
    is_text = _is(_call("json_type", exp.column("t")), "VARCHAR")
    return exp.Case(ifs=[exp.If(this=is_text, true=parsed)], default=exp.column("t"))


def _unescaped(text: exp.Expr) -> exp.Expr:
    r"""One level of `\"` and `\\` taken off. No JSON has a control character in it, which stands in between."""
    hold = _call("chr", exp.Literal.number(1))
    for old, new in (
        (exp.Literal.string("\\\\"), hold),
        (exp.Literal.string('\\"'), exp.Literal.string('"')),
        (hold.copy(), exp.Literal.string("\\")),
    ):
        text = _call("replace", text, old, new)
    return text


def _each(values: exp.Expr, name: str, told: exp.Expr) -> exp.Expr:
    """The lists that are told of each of some values, as one."""
    return _call("flatten", _call("list_transform", values, _lambda(name, told)))


def _without_null(values: exp.Expr) -> exp.Expr:
    there = exp.not_(exp.Is(this=exp.column("n"), expression=exp.null()))
    return _call("list_filter", values, _lambda("n", there))


def _lambda(name: str, told: exp.Expr) -> exp.Expr:
    return exp.Lambda(this=told, expressions=[exp.to_identifier(name)])


def _is(value: exp.Expr, *kinds: str) -> exp.Expr:
    return exp.In(this=value, expressions=[exp.Literal.string(kind) for kind in kinds])


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))
