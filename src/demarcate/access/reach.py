"""How far a policy reaches: the widest of all callers that it lets in, with the request that gets through.

Each statement that allows is tried with every caller that the policy can tell apart (`callers.py`), twice: for who
surely gets in, and for who may get in by what is not known. So the answer is a range, and a value where both ends are
one. There are two readings: of a statement that allows by itself, and of what the Denies of its policy leave of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from demarcate.access.callers import Own, Reach, key_of, worlds
from demarcate.access.conditions import Test
from demarcate.access.evaluating import Request
from demarcate.access.operators import EXACT
from demarcate.access.patterns import TooWide
from demarcate.access.searching import Search, Work
from demarcate.access.statements import Policy, PolicyKind, Statement
from demarcate.estate.schema.unknown import Kind, Unknown

TOO_MUCH: Final = Unknown(Kind.TOO_MUCH, "the policy takes more comparisons than are made")
_EVERY_REACH: Final = frozenset(reach.rank for reach in Reach)


class Reached(msgspec.Struct, frozen=True):
    """How far a statement or a policy surely reaches, how far it may, and why these differ. `witness` is a request
    that gets through from where it surely reaches.
    """

    low: Reach
    high: Reach
    unknown: Unknown | None = None
    witness: Request | None = None

    @property
    def reach(self) -> Reach | Unknown:
        """The place on the scale, where it is known."""
        return self.low if self.low is self.high else self.why

    @property
    def anyone(self) -> bool | Unknown:
        """Whether it lets in anyone."""
        if self.low is Reach.ANYONE:
            return True
        return self.why if self.high is Reach.ANYONE else False

    @property
    def why(self) -> Unknown:
        """Why it is not known how far it reaches."""
        return self.unknown or Unknown(Kind.UNSET, "how far it reaches")


NOBODY: Final = Reached(Reach.NOBODY, Reach.NOBODY)


def widest(reached: Iterable[Reached]) -> Reached:
    """What several reach together."""
    several = list(reached)
    if not several:
        return NOBODY
    low = max(several, key=lambda each: each.low.rank)
    high = max(several, key=lambda each: each.high.rank)
    return Reached(low.low, high.high, None if low.low is high.high else high.unknown or low.unknown, low.witness)


class Reading(msgspec.Struct, frozen=True):
    """What is read of a policy: of each statement how far it reaches by itself, and after the Denies."""

    alone: tuple[Reached, ...]
    left: tuple[Reached, ...]

    @property
    def whole(self) -> Reached:
        """How far the policy reaches."""
        return widest(self.left)


def reading(policy: Policy, kind: PolicyKind, own: Own | None = None, service: str = "") -> Reading:
    """How far each statement of a policy reaches. `service` is the prefix of the actions of what it is attached to.

    Statements of a policy that names no principals reach nobody by themselves: they are for whoever has it.
    """
    own = own or Own()
    if policy.unknown is not None or not kind.names_principals:
        each = tuple(_unweighed(said, policy, kind) for said in policy.statements)
        return Reading(each, each)
    denies = tuple(said for said in policy.statements if said.allows is not True)
    alone, left = [], []
    work = Work()
    for said in policy.statements:
        others = tuple(other for other in denies if other is not said)
        by_itself, rest = (
            (NOBODY, NOBODY)
            if said.allows is False
            else reached(Search(policy, kind, own, service, said, others), work)
        )
        alone.append(by_itself)
        left.append(rest)
    return Reading(tuple(alone), tuple(left))


def _unweighed(said: Statement, policy: Policy, kind: PolicyKind) -> Reached:
    """Of a policy that names nobody, or that cannot be weighed."""
    if not kind.names_principals or said.allows is False:
        return NOBODY
    return Reached(Reach.NOBODY, Reach.ANYONE, policy.unknown)


class _Range(msgspec.Struct):
    """How far it reaches, as far as callers were tried, the widest first."""

    low: Reach = Reach.NOBODY
    high: Reach = Reach.NOBODY
    request: Request | None = None

    def add(self, reach: Reach, request: Request | None, *, may: bool) -> None:
        """What came of one caller."""
        if self.request is None:
            if may and self.high is Reach.NOBODY:
                self.high = reach
            if request is not None:
                self.low, self.request = reach, request

    def answer(self, unsure: Unknown | None) -> Reached:
        """The answer, once all were tried that matter."""
        return Reached(self.low, self.high, None if self.low is self.high else unsure, self.request)


def reached(search: Search, work: Work) -> tuple[Reached, Reached]:
    """What comes of a search, by the statement itself and after the Denies: from the widest reach on, until somebody
    surely gets in past all.
    """
    alone, left = _Range(), _Range()
    both = ((alone,), (left,)) if search.has_denies else ((alone, left),)
    try:
        search.begin(work)
        for world in worlds(search.constants, search.own, _ranks(search.said)):
            for domains in search.fixed(world):
                for (request, may), ranges in zip(search.requests(domains), both, strict=False):
                    for range_ in ranges:
                        range_.add(world.reach, request, may=may)
                if left.request is not None:
                    return alone.answer(search.unsure), left.answer(search.unsure)
    except TooWide:
        open_ = Reached(Reach.NOBODY, Reach.ANYONE, TOO_MUCH)
        return (open_ if alone.request is None else alone.answer(search.unsure)), open_
    return alone.answer(search.unsure), left.answer(search.unsure)


def _ranks(said: Statement) -> frozenset[int]:
    """The reaches that a statement can have by whom it names, so that no others are tried."""
    if any(_holds_to_accounts(test) for test in said.tests):
        return _OF_ACCOUNTS
    if said.not_principals.given or said.principals.anyone is not False or said.principals.refused:
        return _EVERY_REACH
    types = said.principals.types
    reaches = {Reach.OWN_ACCOUNT, Reach.ORGANIZATION, Reach.NAMED_ACCOUNTS} if types else set[Reach]()
    if "Service" in types:
        reaches.add(Reach.SERVICE)
    if "Federated" in types:
        reaches.add(Reach.FEDERATED)
    return frozenset(reach.rank for reach in reaches)


_OF_ACCOUNTS: Final = frozenset(
    reach.rank for reach in (Reach.OWN_ACCOUNT, Reach.ORGANIZATION, Reach.NAMED_ACCOUNTS)
)
_FORMS: Final = frozenset(("account", "source-account", "source-owner", "organization", "source-organization"))


def _holds_to_accounts(test: Test | Unknown) -> bool:
    """Whether a test holds a statement to accounts or organizations that it names: nobody else need be tried."""
    if isinstance(test, Unknown) or test.operator not in EXACT or test.if_exists or test.quantity == "all":
        return False
    key = key_of(test.key)
    return key is not None and key.form in _FORMS and not any("${" in text for text in test.values.known)


__all__ = ["NOBODY", "Own", "Reach", "Reached", "Reading", "reached", "reading", "widest"]
