"""What of many policies a request may be about, so that each is weighed against that alone.

A managed policy that a thousand roles have is looked through once. What is left out is what no completion of the
request could be about: other actions, other resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import Any, Final

import msgspec
from msgspec import structs

from demarcate.access.callers import Constants, Own, Reach, World
from demarcate.access.carried import values_of_key
from demarcate.access.conditions import Given
from demarcate.access.effective import Around, Effective, Named, effective
from demarcate.access.evaluating import Caller, Request, names_action, names_resource
from demarcate.access.patterns import TooWide
from demarcate.access.statements import Policy, Statement
from demarcate.access.values import Values, every
from demarcate.estate.schema.unknown import Unknown

MOST_TRIED: Final = 300
"""How many requests are tried, to find one that gets in where that hangs on what it carries."""

MOST_KEPT: Final = 1_000
"""How many policies are kept once they were narrowed."""


@dataclass(slots=True)
class Narrowing:
    """Narrows policies to one action on one resource."""

    action: str
    resource: str
    _policies: dict[int, tuple[Policy, Policy]] = field(default_factory=dict)
    _levels: dict[int, tuple[Any, tuple[tuple[Named, ...], ...]]] = field(default_factory=dict)
    _carried: list[dict[str, Given]] = field(default_factory=list)

    def policy(self, policy: Policy) -> Policy:
        """The statements of a policy that may be about it. One that is not known stays so."""
        told = self._policies.get(id(policy))
        if told is None:  # the policy is kept with it, so that no other one gets its place in memory
            narrow = policy
            if policy.unknown is None:
                left = tuple(said for said in policy.statements if self._may(said, policy))
                narrow = policy if len(left) == len(policy.statements) else Policy(left, policy.variables)
            if len(self._policies) >= MOST_KEPT:
                self._policies.clear()
            told = self._policies[id(policy)] = policy, narrow
        return told[1]

    def _may(self, said: Statement, policy: Policy) -> bool:
        return (
            names_action(said, self.action) is not False
            and names_resource(said, self.resource, {}, variables=policy.variables) is not False
        )

    def named(self, named: tuple[Named, ...]) -> tuple[Named, ...]:
        """Some policies, without those that say nothing of it."""
        told = ((each, self.policy(each.policy)) for each in named)
        return tuple(
            each if policy is each.policy else Named(each.name, policy)
            for each, policy in told
            if policy.statements or policy.unknown is not None
        )

    def levels(self, levels: Any) -> Any:
        """Levels of control policies: none is left out, for each must allow."""
        if not isinstance(levels, tuple):
            return levels
        told = self._levels.get(id(levels))
        if told is None:
            narrow = tuple(tuple(Named(each.name, self.policy(each.policy)) for each in level) for level in levels)
            told = self._levels[id(levels)] = levels, narrow
        return told[1]

    def around(self, around: Around) -> Around:
        """All that has a say, narrowed."""
        identity, boundary, resource = around.identity, around.boundary, around.resource
        return replace(
            around,
            identity=self.named(identity) if isinstance(identity, tuple) else identity,
            boundary=Named(boundary.name, self.policy(boundary.policy))
            if isinstance(boundary, Named)
            else boundary,
            resource=Named(resource.name, self.policy(resource.policy))
            if isinstance(resource, Named)
            else resource,
            scps=self.levels(around.scps),
            rcps=self.levels(around.rcps),
        )

    def weighed(self, request: Request, around: Around, own: Own) -> tuple[Effective, Request | None]:
        """What comes of a request with what is around it (narrowed), and a request that surely gets in: where that
        hangs on what it carries, one that carries it.
        """
        comes = effective(request, around)
        if comes.allowed is True:
            return comes, request
        if comes.allowed is False:
            return comes, None
        return comes, next(self._getting_in(request, around, own), None)

    def _getting_in(self, request: Request, around: Around, own: Own) -> Iterator[Request]:
        for carried in self._carried:
            tried = msgspec.structs.replace(request, context={**carried, **request.context})
            if effective(tried, around).allowed is True:
                yield tried
                return
        for carried in islice(_carried(request, around, own), MOST_TRIED):
            tried = msgspec.structs.replace(request, context={**request.context, **carried})
            if effective(tried, around).allowed is True:
                self._carried.append(carried)
                yield tried
                return


def statements_in(around: Around) -> Iterator[Statement]:
    """All statements that have a say."""
    for named in policies_in(around):
        yield from named.policy.statements


def policies_in(around: Around) -> Iterator[Named]:
    """All policies that have a say."""
    if isinstance(around.identity, tuple):
        yield from around.identity
    for each in (around.boundary, around.resource, around.endpoint):
        if isinstance(each, Named):
            yield each
    yield from around.session
    for levels in (around.scps, around.rcps):
        for level in levels if isinstance(levels, tuple) else ():
            yield from level


def _carried(request: Request, around: Around, own: Own) -> Iterator[dict[str, Given]]:
    """What a request of somebody may carry of that which is asked after and not told."""
    constants = Constants.of(statements_in(around))
    names = sorted({*constants.tests, *constants.variables} - request.context.keys())
    organization = request.context.get("aws:principalorgid")
    caller = request.who.caller
    for way in ("internet", "endpoint") if caller is Caller.PRINCIPAL else ("",):
        world = World(
            Reach.SERVICE if caller is Caller.SERVICE else Reach.OWN_ACCOUNT,
            caller,
            way,
            request.who.account or own.account,
            organization[0] if organization else None,
            named_way=True,
            names=(request.who,),
        )
        try:
            told = [values_of_key(name, world, constants, own) for name in names]
        except TooWide:
            return
        if any(values is None for values in told):
            return  # nobody knows what is carried there
        for chosen in product(*(values or () for values in told)):
            yield dict(zip(names, chosen, strict=True))


def asked_alone(policy: Policy, action: str, resource: str) -> tuple[Policy, tuple[bool | Unknown, ...]]:
    """A policy as far as its Allows are about one action on one resource, with its Denies as they are; and whether each
    of its statements is about that. Those that surely are not are left out of the policy.
    """
    about = tuple(
        every(
            (
                names_action(said, action),
                names_resource(said, resource, {}, variables=policy.variables),
            )
        )
        for said in policy.statements
    )
    if policy.unknown is not None:
        return policy, about
    exactly: dict[str, Any] = {"actions": Values([action.lower()]), "not_actions": Values()}
    if resource:
        exactly |= {"resources": Values([resource]), "not_resources": Values()}
    left = tuple(
        structs.replace(said, **exactly) if is_about is True and said.allows is True else said
        for said, is_about in zip(policy.statements, about, strict=True)
        if is_about is not False
    )
    return Policy(left, policy.variables), about
