"""What a check asks of a row, where its predicate says so outright."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlglot import exp

from demarcate.checks.predicate import parsed


@lru_cache(maxsize=512)
def wishes_of(predicate: str) -> dict[str, Any]:
    """The columns, each with a value, that make a predicate true; empty where it does not name them.

    Of alternatives the first is taken.

    >>> wishes_of("encrypted AND NOT public AND sse = 'aws:kms' AND (a OR b)")
    {'encrypted': True, 'public': False, 'sse': 'aws:kms', 'a': True}
    """
    wishes = _of(parsed(predicate))
    return wishes if wishes is not None else {}


def _of(node: exp.Expr) -> dict[str, Any] | None:
    """What makes a condition true; None where it does not say."""
    if isinstance(node, exp.Paren):
        return _of(node.this)
    if isinstance(node, exp.And):
        left, right = _of(node.left), _of(node.right)
        if left is None or right is None or any(left[name] != right[name] for name in left.keys() & right.keys()):
            return None
        return left | right
    if isinstance(node, exp.Or):
        return _of(node.left) or _of(node.right)
    if isinstance(node, exp.Column):
        return {node.name: True}
    if isinstance(node, exp.Not) and isinstance(node.this, exp.Column):
        return {node.this.name: False}
    if isinstance(node, exp.In) and isinstance(node.this, exp.Column) and node.expressions:
        return _is(node.this, node.expressions[0])
    if isinstance(node, exp.EQ | exp.GTE | exp.LTE) and isinstance(node.left, exp.Column):
        return _is(node.left, node.right)
    return None


def _is(column: exp.Column, node: exp.Expr) -> dict[str, Any] | None:
    if isinstance(node, exp.Boolean):
        return {column.name: bool(node.this)}
    if isinstance(node, exp.Literal):
        return {column.name: str(node.this) if node.is_string else int(node.this)} if _is_plain(node) else None
    return None


def _is_plain(node: exp.Literal) -> bool:
    return bool(node.is_string) or str(node.this).isdigit()
