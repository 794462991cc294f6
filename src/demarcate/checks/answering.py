"""What must be told for a predicate to have an answer for any row: where a source does not, the check does not run.

A need is a set of names, of columns of the judged row and of tables that are looked into. A predicate has an answer
only where all names of one of its needs are told. It is worked out of the tree alone: whether a row then has a value
in these columns is another matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlglot import exp

Needs = frozenset[frozenset[str]]
"""Needs of which any is enough; none of them holds another."""

ALWAYS: Final[Needs] = frozenset((frozenset(),))
NEVER: Final[Needs] = frozenset()

MOST = 64
"""From so many needs on they are not told apart: it may always have an answer."""


class _Answer(NamedTuple):
    true: Needs
    false: Needs

    @property
    def known(self) -> Needs:
        return _either((self.true, self.false))


def needs_of(tree: exp.Expr, names: Mapping[str, str]) -> Needs:
    """The needs of a predicate's tree; `names` are what its columns stand for, where they are not called that."""
    return _answer(tree, names).known


def _answer(node: exp.Expr, names: Mapping[str, str]) -> _Answer:
    """What must be told for it to be true, and to be false; for a value, for it to be known."""
    if isinstance(node, exp.Paren):
        return _answer(node.this, names)
    if isinstance(node, exp.Boolean):
        return _Answer(ALWAYS, NEVER) if node.this else _Answer(NEVER, ALWAYS)
    if isinstance(node, exp.Null):
        return _Answer(NEVER, NEVER)
    if isinstance(node, exp.Column):
        told = frozenset((frozenset((names.get(node.name, node.name),)),))
        return _Answer(told, told)
    if isinstance(node, exp.Not):
        answer = _answer(node.this, names)
        return _Answer(answer.false, answer.true)
    if isinstance(node, exp.And | exp.Or):
        left, right = _answer(node.left, names), _answer(node.right, names)
        if isinstance(node, exp.And):
            return _Answer(_both((left.true, right.true)), _either((left.false, right.false)))
        return _Answer(_either((left.true, right.true)), _both((left.false, right.false)))
    if isinstance(node, exp.Is):
        return _Answer(ALWAYS, ALWAYS)
    if isinstance(node, exp.Case):  # what a condition of its own makes of a predicate; no predicate may hold one
        (branch,) = node.args["ifs"]
        holds, answer = _answer(branch.this, names).true, _answer(branch.args["true"], names)
        return _Answer(_both((holds, answer.true)), _both((holds, answer.false)))
    known = _both(
        _answer(part, names).known for part in node.iter_expressions() if isinstance(part, exp.Condition)
    )
    return _Answer(known, known)


def _either(several: Iterable[Needs]) -> Needs:
    return _least(need for needs in several for need in needs)


def _both(several: Iterable[Needs]) -> Needs:
    all_of = ALWAYS
    for needs in several:
        all_of = _least(need | other for need in all_of for other in needs)
    return all_of


def _least(needs: Iterable[frozenset[str]]) -> Needs:
    least: list[frozenset[str]] = []
    for need in sorted(set(needs), key=len):
        if not any(smaller <= need for smaller in least):
            least.append(need)
    return frozenset(least) if len(least) < MOST else ALWAYS
