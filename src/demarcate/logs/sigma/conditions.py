"""The condition of a rule and what it names, as one tree."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from demarcate.logs.sigma.trees import (
    All,
    Anywhere,
    Either,
    Empty,
    Exists,
    Matcher,
    Matches,
    Not,
    SameAs,
    Tree,
)
from demarcate.logs.sigma.values import Placeholders, Refused, comparison, matchers

MAX_DEPTH: Final = 40
"""How deep a condition may be nested. The deepest of the public ones has three levels."""

MAX_LENGTH: Final = 10_000
"""How many characters a condition may have."""

MAX_PARTS: Final = 20_000
"""How many values a rule may compare with, all told: `1 of them` may name the same ones again and again."""


def check_condition(condition: Any) -> None:
    """Refuse a condition that would be costly to parse. Raises Refused."""
    if not isinstance(condition, str):
        raise Refused("has a condition that is no text")
    if len(condition) > MAX_LENGTH:
        raise Refused(f"has a condition of {len(condition):,} characters; at most {MAX_LENGTH:,} are taken")
    if "|" in condition:
        raise Refused("has a condition with | (count, near): that form is gone, write it as a correlation")
    depth = deepest = 0
    for sign in re.findall(r"[()]|\bnot\b|[^\s()]+", condition, re.IGNORECASE):
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
        deepest = max(deepest, depth)
    nots = max((len(run.split()) for run in re.findall(r"(?:\bnot\s+)+", condition)), default=0)
    if max(deepest, nots) > MAX_DEPTH:
        raise Refused(f"has a condition that is nested {max(deepest, nots)} deep; at most {MAX_DEPTH} are taken")


def tree_of(rule: Any, placeholders: Placeholders) -> Tree:
    """What a rule of pySigma asks, all of its conditions joined by OR. Raises Refused, and pySigma's errors."""
    budget = _Budget()
    parts = []
    for condition in rule.detection.parsed_condition:
        check_condition(condition.condition)
        parsed = condition.parsed
        if parsed is None:
            raise Refused("has a condition that asks nothing")
        parts.append(_tree(parsed, placeholders, budget))
    return joined(Either, parts)


class _Budget:
    """How many values are still taken."""

    left = MAX_PARTS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Refused(f"compares with more than {MAX_PARTS:,} values")


def _tree(node: Any, placeholders: Placeholders, budget: _Budget) -> Tree:
    from sigma import conditions

    budget.spend()
    if isinstance(node, conditions.ConditionNOT):
        return Not(_tree(node.args[0], placeholders, budget))
    if isinstance(node, conditions.ConditionAND):
        return joined(All, [_tree(arg, placeholders, budget) for arg in node.args])
    if isinstance(node, conditions.ConditionOR):
        return joined(Either, [_tree(arg, placeholders, budget) for arg in node.args])
    if isinstance(node, conditions.ConditionFieldEqualsValueExpression):
        return _of_field(node.field, node.value, placeholders, budget)
    if isinstance(node, conditions.ConditionValueExpression):
        return Anywhere(tuple(_spent(matchers(node.value, placeholders), budget)))
    raise Refused(f"has a condition of a kind that is not known: {type(node).__name__}")


def _of_field(field: str, value: Any, placeholders: Placeholders, budget: _Budget) -> Tree:
    from sigma import types

    if isinstance(value, types.SigmaNull):
        return Empty(field)
    if isinstance(value, types.SigmaExists):
        return Exists(field) if value.exists else Not(Exists(field))
    if isinstance(value, types.SigmaFieldReference):
        return SameAs(field, value.field, comparison(value))
    if isinstance(value, types.SigmaCompareExpression) and value.op.name == "NEQ":
        raise Refused("has a comparison that is not known: NEQ")
    return Matches(field, tuple(_spent(matchers(value, placeholders), budget)))


def _spent(each: Iterable[Matcher], budget: _Budget) -> Iterable[Matcher]:
    for matcher in each:
        budget.spend()
        yield matcher


def joined(kind: type[All] | type[Either], parts: Iterable[Tree]) -> Tree:
    """Parts as one tree: those of the same kind within each other are one, and so are values of the same field of which
    any may match.
    """
    flat: dict[Tree, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    if kind is Either:
        flat = dict.fromkeys(_gathered(flat))
    return next(iter(flat)) if len(flat) == 1 else kind(tuple(flat))


def _gathered(parts: Iterable[Tree]) -> list[Tree]:
    of_field: dict[str, dict[Matcher, None]] = {}
    anywhere: dict[Matcher, None] = {}
    others: list[Tree] = []
    for part in parts:
        if isinstance(part, Matches):
            of_field.setdefault(part.field, {}).update(dict.fromkeys(part.matchers))
        elif isinstance(part, Anywhere):
            anywhere.update(dict.fromkeys(part.matchers))
        else:
            others.append(part)
    gathered: list[Tree] = [Matches(field, tuple(told)) for field, told in of_field.items()]
    if anywhere:
        gathered.append(Anywhere(tuple(anywhere)))
    return gathered + others
