"""Who gains and who loses where one policy takes the place of another.

A request gains where the new policy allows it and the old one does not: past the Denies of the new and past all that
the old one allows, or where a Deny of the old one was about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import structs

from demarcate.access.callers import Own, Reach
from demarcate.access.reach import Reached, reached
from demarcate.access.searching import Search, Work
from demarcate.access.statements import Policy, PolicyKind, Statement
from demarcate.estate.schema.unknown import Unknown


@dataclass(frozen=True, slots=True)
class Gain:
    """A statement by which somebody gets in who did not before, and who that is at most, with such a request."""

    statement: Statement
    reached: Reached


def gained(
    before: Policy, after: Policy, kind: PolicyKind, own: Own | None = None, service: str = ""
) -> Iterator[Gain]:
    """Whoever gets in by a policy, and not by the one before it, by the statements that allow it."""
    own = own or Own()
    unknown = before.unknown or after.unknown
    denies = tuple(said for said in after.statements if said.allows is not True)
    was_allowed = tuple(
        structs.replace(said, effect="Deny") for said in before.statements if said.allows is not False
    )
    was_denied = tuple(said for said in before.statements if said.allows is not True)
    for said in after.statements:
        if said.allows is False:
            continue
        if unknown is not None:
            yield Gain(said, Reached(Reach.NOBODY, Reach.ANYONE, unknown))
            continue
        others = tuple(other for other in denies if other is not said)
        work = Work()
        searches = [Search(after, kind, own, service, said, (*others, *was_allowed))]
        searches += [Search(after, kind, own, service, said, others, (deny,)) for deny in was_denied]
        told = [reached(search, work)[1] for search in searches]
        widest = max(told, key=lambda each: (each.low.rank, each.high.rank))
        if widest.high is not Reach.NOBODY or isinstance(said.allows, Unknown):
            yield Gain(said, widest)
