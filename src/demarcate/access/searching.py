"""The search for a request of a caller that a statement lets in, past all that deny.

A request has variables: who asks, the action, the resource, and each condition key that is asked after. Whatever a
statement says is about one of them, so that a set of values left for each variable is all that a search has to keep.
The values of a variable are the bits of a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain, islice, product
from typing import Any, Final

import msgspec

from demarcate.access.authorization import action as action_named
from demarcate.access.authorization import actions_like, fits
from demarcate.access.callers import Constants, Own, World, key_of
from demarcate.access.carried import WIDE, addresses, values_of_key
from demarcate.access.conditions import Given, Same, Test, fill, variables_in
from demarcate.access.evaluating import Caller, Request, Who, is_for, names_action, names_resource
from demarcate.access.patterns import TooWide, cost, is_wild, limited, matching, sample, shared, unlike
from demarcate.access.statements import MOST_WILDCARDS, Policy, PolicyKind, Statement
from demarcate.access.values import Values
from demarcate.estate.schema.unknown import Unknown

MOST_STEPS: Final = 200_000
"""How many comparisons the statements of one policy may take."""

TEXTS_A_STEP: Final = 4
"""With how many texts of a condition a value is compared in the time of one step."""

MOST_TEXTS: Final = 1_000
"""How many texts of an element are told apart."""

MOST_PAIRS: Final = 40
"""How many pairs of action and resource are looked through for two that go together."""

MOST_DENIES: Final = 300
"""How many Denies one request is led past."""

_WHO, _ACTION, _RESOURCE, _ARN = "(who)", "(action)", "(resource)", "aws:principalarn"


class Work(msgspec.Struct):
    """How many comparisons are left."""

    left: int = MOST_STEPS

    def spend(self, steps: int = 1) -> None:
        """Raises TooWide where there are none left."""
        self.left -= steps
        if self.left < 0:
            raise TooWide


class _Part(msgspec.Struct):
    """One thing that must be so for a statement to be about a request: of which variable, and for which of its values
    it surely is so, and surely is not. Of what cannot be read the variable is "", with one value.
    """

    of: str
    holds: int
    fails: int
    unknown: Unknown | None = None


class Search:
    """A statement that allows, with those that deny, in search of requests that get in. `also` are statements that a
    request must be one of, too.
    """

    def __init__(
        self,
        policy: Policy,
        kind: PolicyKind,
        own: Own,
        service: str,
        said: Statement,
        denies: Sequence[Statement] = (),
        also: Sequence[Statement] = (),
    ) -> None:
        self.said, self.own, self._also = said, own, also
        self.unsure: Unknown | None = None
        """Why it is not known whether somebody gets in."""
        self._kind, self._service, self._denies = kind, service, denies
        self._variables = policy.variables
        self.constants = Constants.of([said, *denies, *also])
        self._sizes = dict(addresses(tuple(self.constants.texts("address"))))
        self._parts: dict[tuple[Any, ...], _Part] = {}
        self.work = Work()

    @property
    def has_denies(self) -> bool:
        """Whether any are to be got past."""
        return bool(self._denies)

    def begin(self, work: Work) -> None:
        """What is asked for, and on what. Raises TooWide."""
        self.work = work
        for said in (self.said, *self._denies, *self._also):
            for values in (said.actions, said.not_actions, said.resources, said.not_resources):
                if any(text.count("*") + text.count("?") > MOST_WILDCARDS for text in values.known):
                    raise TooWide
        self.actions = tuple(_actions(self.said, (*self._denies, *self._also), self._service, work))
        self._resources = tuple(_resources(self.said, (*self._denies, *self._also), work))

    def fixed(self, world: World) -> Iterator[_Domains]:
        """What the keys may hold in a request of a caller: once for each value of those that variables stand for."""
        self.work.spend(2 + len(world.names))
        variables = self.constants.variables if self._variables else frozenset[str]()
        domains = _Domains(self, world, {})
        told = {name: self._compared_with(name, domains) for name in variables}
        put_in = sorted(name for name, given in told.items() if given)
        if not put_in:
            yield domains
            return
        for chosen in product(*(told[name] or () for name in put_in)):
            self.work.spend(10)
            yield _Domains(self, world, dict(zip(put_in, chosen, strict=True)))

    def _compared_with(self, name: str, domains: _Domains) -> tuple[Given, ...] | None:
        """What a key that is chosen may hold where a variable stands for it: also what it is compared with."""
        key, given = key_of(name), domains.of_key(name)
        if key is None or key.form != "free" or given in (None, (None,)):
            return given
        others = [
            value
            for other, tests in self.constants.tests.items()
            if any(name in variables_in(test.values) for test in tests)
            for value in domains.of_key(other) or ()
        ]
        return tuple(limited(dict.fromkeys((*(given or ()), *others)), MOST_TEXTS))

    def requests(self, domains: _Domains) -> Iterator[tuple[Request | None, bool]]:
        """A request that surely gets in, and whether one may: by the statement itself, and then past all Denies."""
        allows = self.said.allows
        surely, perhaps = dict[str, int](), dict[str, int]()
        for part in chain(*(self._of(said, domains) for said in (self.said, *self._also))):
            self.unsure = self.unsure or part.unknown
            everything = (1 << domains.size(part.of)) - 1
            perhaps[part.of] = perhaps.get(part.of, everything) & ~part.fails
            if not perhaps[part.of]:
                return
            surely[part.of] = surely.get(part.of, everything) & part.holds
        if isinstance(allows, Unknown):
            self.unsure = self.unsure or allows
        sure = allows is True and all(surely.values())
        for denies in ((), self._denies) if self._denies else ((),):
            last = denies is self._denies or not self._denies
            request = self._search(surely, domains, denies, sure=True, told=last) if sure else None
            may = request is not None or self._search(perhaps, domains, denies, sure=False) is not None
            yield request, may

    def _search(
        self,
        allowed: Mapping[str, int],
        domains: _Domains,
        denies: Sequence[Statement],
        *,
        sure: bool,
        told: bool = False,
    ) -> Request | None:
        """A request that is allowed and past the Denies; where it is not to be `told`, whichever stands for it."""
        state = {of: bits for of, bits in allowed.items() if of}
        open_ = []
        for said in denies:
            if sure or said.allows is False:
                parts = list(self._of(said, domains))
                if not self._escapes(parts, state, domains):
                    open_.append(parts)
        for parts in open_:
            for part in parts:
                if part.of:
                    state.setdefault(part.of, (1 << domains.size(part.of)) - 1)
        left = self._past(open_, 0, state, domains, sure=sure)
        if left is None:
            return None
        return self._told(left, domains) if told else _SOMEBODY

    def resources(self, fixed: Mapping[str, Given]) -> tuple[str, ...]:
        """The resources, with the values of variables put in."""
        if not fixed:
            return self._resources
        filled = (fill(text, fixed, wild=False) if "${" in text else text for text in self._resources)
        return tuple(text for text in filled if isinstance(text, str))

    def _escapes(
        self, parts: Sequence[_Part], state: Mapping[str, int], domains: _Domains, *, sure: bool = True
    ) -> bool:
        """Whether none of the requests that are left is what a statement is about: surely, or perhaps."""
        for part in parts:
            bits = state.get(part.of)
            if bits is None:
                bits = (1 << domains.size(part.of)) - 1
            if not bits & ~(part.fails if sure else ~part.holds):
                return True
        return False

    def _past(
        self, denies: Sequence[list[_Part]], at: int, state: dict[str, int], domains: _Domains, *, sure: bool
    ) -> dict[str, int] | None:
        """What is left past all Denies from one on, of those who are as many as their caller stands for."""
        while at < len(denies) and self._escapes(denies[at], state, domains, sure=sure):
            at += 1
        self.work.spend(1 + len(denies) - at)
        if at == len(denies):
            world = domains.world
            return state if not world.generic or world.named_way or self._is_wide(state, domains) else None
        if at > MOST_DENIES:
            raise TooWide
        for part in denies[at]:
            self.unsure = self.unsure or part.unknown
            left = state.get(part.of, 0) & (part.fails if sure else ~part.holds)
            if left:
                rest = self._past(denies, at + 1, {**state, part.of: left}, domains, sure=sure)
                if rest is not None:
                    return rest
        return None

    # --- what statements say of the variables -------------------------------------------------------------

    def _of(self, said: Statement, domains: _Domains) -> Iterator[_Part]:
        """What must be so, that which tells callers apart first."""
        # What is so for whatever stands there is left out: it tells no request apart.
        fixed, variables, name = domains.fixed, self._variables, id(said)
        if said.principals.anyone is not True or said.not_principals.given:
            whom = partial(is_for, said, kind=self._kind)
            yield self._part(_WHO, domains, domains.world.names, whom, (name, 0, domains.world.names))
        for number, test in enumerate(said.tests, 3):
            if isinstance(test, Unknown):
                yield _Part("", 0, 0, test)
                continue
            of = _WHO if test.key == _ARN else test.key
            domain = domains.world.names if of is _WHO else domains.of_key(of)
            if domain:
                holds = partial(_holds, test, fixed, variables)
                yield self._part(of, domains, domain, holds, (name, number, domain), len(test.values.known))
            else:
                answer = test.holds(fixed, variables)
                unknown = answer if isinstance(answer, Unknown) else None
                yield _Part("", int(answer is True), int(answer is False), unknown)
        if said.not_actions.given or "*" not in said.actions.known:
            yield self._part(_ACTION, domains, self.actions, partial(names_action, said), (name, 1))
        if said.not_resources.given or (said.resources.given and "*" not in said.resources.known):
            about = partial(names_resource, said, context=fixed, variables=variables)
            yield self._part(_RESOURCE, domains, self.resources(fixed), about, (name, 2))

    def _part(
        self,
        of: str,
        domains: _Domains,
        domain: tuple[Any, ...],
        answer: Callable[[Any], bool | Unknown],
        key: tuple[Any, ...],
        texts: int = 0,
    ) -> _Part:
        """Which values of a variable something holds for; remembered where it is the same for other callers. Each
        value is compared with so many texts.
        """
        part = None if domains.fixed else self._parts.get(key)
        if part is not None:
            return part
        self.work.spend(len(domain) * (1 + texts // TEXTS_A_STEP))
        holds = fails = 0
        unknown: Unknown | None = None
        for bit, value in enumerate(domain):
            told = answer(value)
            if told is True:
                holds |= 1 << bit
            elif told is False:
                fails |= 1 << bit
            else:
                unknown = unknown or told
        part = _Part(of, holds, fails, unknown)
        if not domains.fixed:
            self._parts[key] = part
        return part

    # --- what is left ---------------------------------------------------------------------------------------

    def _told(self, state: dict[str, int], domains: _Domains) -> Request:
        """A request of those that are left."""

        def chosen(of: str) -> Any:
            bits = state.get(of, 1)
            return domains.values(of)[(bits & -bits).bit_length() - 1]

        who: Who = chosen(_WHO)
        names = {*self.constants.tests, *(self.constants.variables if self._variables else ())}
        context = {name: chosen(name) for name in sorted(names) if domains.of_key(name)}
        if _ARN in names:
            context[_ARN] = _arn_of(who)
        action, resource = self._fitting(state, domains) or (chosen(_ACTION), chosen(_RESOURCE))
        told = None if isinstance(action, Same) else action_named(action)
        return Request(who, told.name if told else action, resource, context)

    def _fitting(self, state: Mapping[str, int], domains: _Domains) -> tuple[str, str] | None:
        """An action and a resource of those that are left that go together; None where none of the first few do."""
        pairs = product(
            *(
                [
                    value
                    for place, value in enumerate(domains.values(of)[:MOST_PAIRS])
                    if state.get(of, -1) >> place & 1
                ]
                for of in (_ACTION, _RESOURCE)
            )
        )
        return next((pair for pair in islice(pairs, MOST_PAIRS) if isinstance(pair[0], Same) or fits(*pair)), None)

    def _is_wide(self, state: Mapping[str, int], domains: _Domains) -> bool:
        """Whether the addresses that are left are more than a large network has, or do not matter."""
        bits = state.get("aws:sourceip")
        if bits is None:
            return True
        counts = {4: 0, 6: 0}
        for place, given in enumerate(domains.values("aws:sourceip")):
            if bits >> place & 1:
                if given is None:
                    return True
                version, count = self._sizes.get(given[0], (4, 0))
                counts[version] += count
        return any(counts[version] > WIDE[version] for version in counts)


_SOMEBODY: Final = Request(Who(Caller.ANONYMOUS), "")


class _Domains:
    """The values of each variable in requests of a caller; `fixed` are those that policy variables stand for."""

    __slots__ = ("_values", "fixed", "search", "world")

    def __init__(self, search: Search, world: World, fixed: dict[str, Given]) -> None:
        self.search, self.world, self.fixed = search, world, fixed
        self._values: dict[str, tuple[Given, ...] | None] = {name: (given,) for name, given in fixed.items()}

    def of_key(self, name: str) -> tuple[Given, ...] | None:
        """The values of a condition key; None where nothing is known of it."""
        if name not in self._values:
            self._values[name] = values_of_key(
                name, self.world, self.search.constants, self.search.own, self.fixed
            )
        return self._values[name]

    def values(self, of: str) -> tuple[Any, ...]:
        """The values of a variable."""
        if of == _WHO:
            return self.world.names
        if of == _ACTION:
            return self.search.actions
        if of == _RESOURCE:
            return self.search.resources(self.fixed)
        return (self.of_key(of) or ()) if of else (None,)

    def size(self, of: str) -> int:
        """How many these are."""
        return len(self.values(of))


def _arn_of(who: Who) -> Given:
    return (who.arn,) if who.caller is Caller.PRINCIPAL else None


def _holds(test: Test, fixed: dict[str, Given], variables: bool, value: Any) -> bool | Unknown:
    given = _arn_of(value) if isinstance(value, Who) else value
    return test.holds({**fixed, test.key: given} if fixed else {test.key: given}, variables)


# --- what is asked for ------------------------------------------------------------------------------------

_ACTION_NAME: Final = re.compile(r"[a-z0-9-]+:[a-z0-9]+")


def _actions(said: Statement, denies: Sequence[Statement], service: str, work: Work) -> Iterator[str]:
    """Actions that the Denies can tell apart, of those that a statement is about."""
    own = f"{service}:*" if service else "*"
    patterns = [own] if said.not_actions.given else []
    if said.actions.unknown:
        yield Same.of(said.actions.unknown)  # whichever it is, it is one
    patterns += [own if text == "*" else text for text in said.actions.known]
    others = _texts(
        [said.not_actions, *(values for deny in denies for values in (deny.actions, deny.not_actions))]
    )
    seen: set[str] = set()
    for pattern in limited(patterns, MOST_TEXTS):
        for text in _instances(pattern, others, work):
            if text not in seen and _ACTION_NAME.fullmatch(text):
                seen.add(text)
                yield text


def _texts(elements: Sequence[Values]) -> tuple[str, ...]:
    return tuple(limited(dict.fromkeys(text for values in elements for text in values.known), MOST_TEXTS))


def _instances(pattern: str, others: Sequence[str], work: Work) -> Iterator[str]:
    """Actions of a pattern: one that no other names, one of each other, and what it shares with them."""
    if not is_wild(pattern):
        yield pattern
        return
    work.spend(sum(cost(pattern, other) for other in others))
    yield (
        _beside(pattern, tuple(other for other in others if other != pattern))
        or _first(pattern)
        or sample(pattern)
    )
    for other in others:
        both = None if other == pattern else shared(pattern, other)
        if both is not None:
            yield _both(pattern, other) or both


_TELLING: Final = (
    *("s3:getobject", "s3:listbucket", "kms:decrypt", "sns:publish", "sqs:sendmessage", "lambda:invokefunction"),
    *("secretsmanager:getsecretvalue", "sts:assumerole", "ecr:batchgetimage", "events:putevents"),
    *("dynamodb:getitem", "elasticfilesystem:clientmount", "es:eshttpget", "backup:copyintobackupvault"),
)
"""Actions that say what is at stake: of those that a wildcard stands for, they are tried first."""


def _like(pattern: str) -> Iterator[str]:
    is_one = matching(pattern)
    yield from filter(is_one, _TELLING)
    yield from (told.name.lower() for told in actions_like(pattern))


@lru_cache(maxsize=4096)
def _first(pattern: str) -> str:
    return next(_like(pattern), "")


@lru_cache(maxsize=4096)
def _both(left: str, right: str) -> str:
    is_one = matching(right)
    return next(filter(is_one, _like(left)), "")


@lru_cache(maxsize=4096)
def _beside(pattern: str, others: tuple[str, ...]) -> str:
    """An action of a pattern that none of the others names."""
    tests = [matching(other) for other in others]
    return next((name for name in _like(pattern) if not any(is_one(name) for is_one in tests)), "")


def _resources(said: Statement, denies: Sequence[Statement], work: Work) -> Iterator[str]:
    """Resources that the Denies can tell apart, of those that a statement is about."""
    if said.resources.unknown:
        yield Same.of(said.resources.unknown)
    patterns = list(said.resources.known) or ([] if said.resources.unknown else ["*"])
    others = _texts(
        [said.not_resources, *(values for deny in denies for values in (deny.resources, deny.not_resources))]
    )
    filler = unlike(others)
    seen: set[str] = set()
    for pattern in limited(patterns, MOST_TEXTS):
        work.spend(sum(cost(pattern, other) for other in others))
        for text in (
            sample(pattern, filler),
            sample(pattern, ""),
            *(both for other in others if (both := shared(pattern, other))),
        ):
            if text not in seen:
                seen.add(text)
                yield text
