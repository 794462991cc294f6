"""What a condition asks of a row outright: what else it is then makes no difference where it does not meet that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from demarcate.checks.names import Demand
from demarcate.checks.trees import RowName


def parts_of(condition: exp.Expr) -> Iterator[exp.Expr]:
    """What must all hold."""
    for part in condition.flatten() if isinstance(condition, exp.And) else (condition,):
        yield part.unnest()


def demand_of(condition: exp.Expr, scope: RowName) -> Demand:
    """What a condition asks of a row for certain: equalities with texts that all hold at once."""
    values: dict[str, tuple[str, ...]] = {}
    for part in parts_of(condition):
        column = part.this
        if not isinstance(column, exp.Column) or column.table not in ("", scope.alias, scope.name):
            continue
        wanted = (
            [part.expression] if isinstance(part, exp.EQ) else part.expressions if isinstance(part, exp.In) else []
        )
        if wanted and column.name in scope.columns and all(isinstance(item, exp.Literal) for item in wanted):
            values[column.name] = tuple(item.name for item in wanted)
    return Demand(scope.table, values)


def key_of(equal: Sequence[tuple[RowName, str]], inner: RowName) -> tuple[str, str, str] | None:
    """By which column rows of `inner` are named, by which table and column, where two columns must be equal."""
    if len(equal) < 2 or any(scope.columns[name] != "VARCHAR" for scope, name in equal):
        return None
    for (scope, key), (other, by) in (equal, equal[::-1]):
        if scope is inner and other is not inner:
            return key, other.table, by
    return None
