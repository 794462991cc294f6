"""Who gains and who loses where one policy takes the place of another.

A request gains where the new policy allows it and the old one does not: past the Denies of the new and past all that
the old one allows, or where a Deny of the old one was about it. A policy that names no principals is for whoever it is
attached to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

from msgspec import structs

from demarcate.access import searching
from demarcate.access.callers import OWN, Own, Reach
from demarcate.access.reach import Reached, reached
from demarcate.access.searching import Search, Work
from demarcate.access.statements import Policy, PolicyKind, Principals, Statement
from demarcate.estate.schema.standins import Undecided
from demarcate.estate.schema.unknown import Unknown

MOST_STEPS: Final = 2 * searching.MOST_STEPS
"""How many comparisons all statements of a policy together may take."""


@dataclass(frozen=True, slots=True)
class Gain:
    """A statement by which somebody gets in who did not before, and who that is at most, with such a request."""

    statement: Statement
    reached: Reached


def gained(
    before: Policy, after: Policy, kind: PolicyKind, own: Own | None = None, service: str = "", who: str = ""
) -> Iterator[Gain]:
    """Whoever gets in by a policy, and not by the one before it, by the statements that allow it.

    `who` is the principal that has it, where that is known of a policy that names none.
    """
    own = own or Own()
    unknown = before.unknown or after.unknown
    for said in after.statements:
        if said.allows is not False and unknown is not None:
            yield Gain(said, Reached(Reach.NOBODY, Reach.ANYONE, unknown))
    if unknown is not None:
        return
    if not kind.names_principals:
        who = "" if _asks_who(before) or _asks_who(after) else who
        before, after = (_of_whoever_has_it(policy, own, who) for policy in (before, after))
    denies = tuple(said for said in after.statements if said.allows is not True)
    was_allowed = tuple(
        structs.replace(said, effect="Deny") for said in before.statements if said.allows is not False
    )
    was_denied = tuple(said for said in before.statements if said.allows is not True)
    kept = before.variables == after.variables and all(
        _stands_in(written, after) for said, written in _pairs(before) if said.allows is not True
    )
    left = MOST_STEPS
    for said, written in _pairs(after):
        if said.allows is False or (kept and _stands_in(written, before)):
            continue  # what stands there as before lets nobody in who did not get in before
        others = tuple(other for other in denies if other is not said)
        work = Work(min(left, searching.MOST_STEPS))
        left -= work.left
        told = []
        for past, also in (((*others, *was_allowed), ()), *((others, (deny,)) for deny in was_denied)):
            told.append(reached(Search(after, kind, own, service, said, past, also), work)[1])
            if work.left < 0:
                break
        left += max(work.left, 0)
        widest = max(told, key=lambda each: (each.low.rank, each.high.rank))
        if widest.high is not Reach.NOBODY or isinstance(said.allows, Unknown):
            yield Gain(said, widest)


def _pairs(policy: Policy) -> Iterator[tuple[Statement, Any]]:
    """The statements, each as it is written; as nothing else is, where that is not told."""
    told = policy.written if len(policy.written) == len(policy.statements) else map(object.__new__, repeat(object))
    return zip(policy.statements, told, strict=False)


def _stands_in(written: Any, policy: Policy) -> bool:
    """Whether a statement surely stands in a policy, too."""
    return any(_same(written, other) for other in policy.written)


def _same(written: Any, other: Any) -> bool:
    """Whether two statements are surely the same: what is assigned in them may turn out to be so, or not."""
    try:
        return bool(written == other)
    except Undecided:
        return False


_IDENTITY: Final = frozenset(("aws:principalarn", "aws:username", "aws:userid", "aws:principaltype"))


def _asks_who(policy: Policy) -> bool:
    """Whether it asks who it is that has it: what a template declares has more to its ARN than is known of it."""
    return any(
        isinstance(test, Unknown) or test.key in _IDENTITY for said in policy.statements for test in said.tests
    )


def _of_whoever_has_it(policy: Policy, own: Own, who: str) -> Policy:
    """A policy that names no principals, as one of a resource: for whoever it is attached to, in its account."""
    whoever = Principals.of({"AWS": who or own.account or OWN})
    told = tuple(structs.replace(said, principals=whoever) for said in policy.statements)
    return Policy(told, policy.variables, policy.unknown, policy.written)
