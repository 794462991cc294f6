"""What a node of a predicate asks of columns that may hold stand-ins: often less than what they look like.

Two columns that are compared may both hold the same stand-in. How many items a list has, it says itself, and that a
text is among them stays so whatever else they turn out to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from sqlglot import exp

from demarcate.checks.standins import may_be_marked
from demarcate.checks.trees import RowName, all_of, any_of

Finish = Callable[[exp.Expr], exp.Expr]
"""Makes what a node comes to, of the node made anew."""

Resolve = Callable[[exp.Column], tuple[RowName, str]]
"""The row and the name that a column of a predicate is."""

Asked = tuple[Mapping[int, exp.Expr], Finish]
"""The columns under a node that are made otherwise than they are by themselves, by the identity of their nodes, and
how the node is finished.
"""

_IN_TEXT: Final[Mapping[type[exp.Expr], str]] = {
    exp.Contains: "contains",
    exp.StartsWith: "begins",
    exp.EndsWith: "ends",
}
_OF_LISTS: Final = frozenset(("list_has_any", "array_has_any", "list_has_all", "array_has_all"))


def asked(node: exp.Expr, resolve: Resolve) -> Asked:
    """What a node asks of the columns right under it."""
    if isinstance(node, exp.JSONExtract | exp.JSONExtractScalar):
        return _extraction(node, resolve)
    operands = [part.unnest() for part in _operands(node)]
    columns = [part for part in operands if isinstance(part, exp.Column)]
    if not columns:
        return _PLAINLY
    if len(operands) > 1 and len(columns) == len(operands):
        made = {}
        for part in columns:
            scope, name = resolve(part)
            made[id(part)] = scope.use(name)
        return made, _as_it_is
    column = columns[0]
    scope, name = resolve(column)
    type_ = scope.columns[name]
    if not may_be_marked(name, type_):
        return _PLAINLY
    others = [part for part in operands if part is not column]
    if not others:
        # How many items it has, not how many letters.
        return _PLAINLY if type_ == "VARCHAR" else ({id(column): scope.use(name)}, _as_it_is)
    texts = _texts(others[0])
    if type(node) in _IN_TEXT:
        if type_ == "VARCHAR" and column is operands[0] and texts is not None and len(texts) == 1:
            answer = scope.ask(_IN_TEXT[type(node)], name, *texts)
            return {id(column): answer}, lambda _: answer
    elif isinstance(node, exp.EQ | exp.NEQ):
        if type_ == "VARCHAR" and texts == [""]:
            return {id(column): scope.ask("filled", name)}, _as_it_is
    elif type_ == "VARCHAR[]" and not isinstance(node, exp.In):
        return _items(node, scope, column, texts)
    return _PLAINLY


def _as_it_is(made: exp.Expr) -> exp.Expr:
    return made


_PLAINLY: Final[Asked] = ({}, _as_it_is)


def _operands(node: exp.Expr) -> list[exp.Expr]:
    """What is compared, searched, or counted; nothing of other nodes."""
    if isinstance(node, (exp.EQ, exp.NEQ, exp.ArrayContains, exp.ArrayOverlaps, *_IN_TEXT)):
        return [node.this, node.expression]
    if isinstance(node, exp.In):
        return [node.this, *node.expressions]
    if isinstance(node, exp.ArraySize | exp.Length):
        return [node.this]
    if isinstance(node, exp.Anonymous):
        name, given = node.name.lower(), len(node.expressions)
        if (name in _OF_LISTS and given == 2) or (name == "json_array_length" and given == 1):
            return list(node.expressions)
    return []


def _texts(node: exp.Expr) -> list[str] | None:
    """The texts that a list, or the one text, is compared with; None where they are not plain to see."""
    items = node.expressions if isinstance(node, exp.Array) else [node]
    texts = [item.name for item in items if isinstance(item, exp.Literal) and item.is_string]
    return texts if len(texts) == len(items) else None


def _items(node: exp.Expr, scope: RowName, column: exp.Column, texts: list[str] | None) -> Asked:
    """Some items of a list are asked for, or all of them: what is not known of others may leave it open."""
    at_all = (
        isinstance(node, exp.Anonymous)
        and node.name.lower().endswith("_all")
        and column is not node.expressions[0].unnest()
    )
    name = column.name
    more = scope.ask("more", name) if at_all or not texts else scope.ask("more of", name, *texts)
    return {id(column): scope.ask("items", name)}, partial(_every if at_all else _some, more=more)


def _some(test: exp.Expr, more: exp.Expr) -> exp.Expr:
    """A test that holds once an item meets it: where it does not hold, more items leave it open."""
    return exp.paren(any_of([test, more]), copy=False)


def _every(test: exp.Expr, more: exp.Expr) -> exp.Expr:
    """A test that holds while all items meet it: where it holds, more items leave it open."""
    return exp.paren(all_of([test, exp.not_(more)]), copy=False)


def _extraction(node: exp.Expr, resolve: Resolve) -> Asked:
    """A way into JSON: what is there is not known only where a stand-in is."""
    steps: list[exp.Expr] = []
    inner = node
    while isinstance(inner, exp.JSONExtract | exp.JSONExtractScalar):
        steps.insert(0, inner.expression)
        inner = inner.this.unnest()
    if not isinstance(inner, exp.Column) or not all(isinstance(s, exp.Literal) and s.is_string for s in steps):
        return _PLAINLY
    scope, name = resolve(inner)
    if scope.columns[name] != "JSON" or not may_be_marked(name, "JSON"):
        return _PLAINLY
    way = [step.name for step in steps]
    place = "".join(map(_pointer, way))
    scope.ask("more at", name, place)
    answer = scope.ask("text at" if isinstance(node, exp.JSONExtractScalar) else "json at", name, place, *way)
    return {id(inner): answer}, lambda _: answer


_STEP: Final = re.compile(r"""\.(\w+)|\."([^"]+)"|\[(\d+)\]""")


def _pointer(path: str) -> str:
    """A way into JSON, of those that are allowed, as a JSON pointer."""
    steps = ["".join(step) for step in _STEP.findall(path)] if path.startswith("$") else [path]
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
