"""The search for a request of a caller that a statement lets in, past all that deny.

A request has variables: who asks, the action, the resource, and each condition key that is asked after. Whatever a
statement says is about one of them, so that a set of values left for each variable is all that a search has to keep.
The values of a variable are the bits of a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from typing import Any, Final

from demarcate.access.authorization import action as action_named
from demarcate.access.authorization import actions_like
from demarcate.access.callers import Constants, Own, World, key_of
from demarcate.access.carried import WIDE, addresses, values_of_key
from demarcate.access.conditions import Context, Given, Test, fill, variables_in
from demarcate.access.evaluating import Caller, Request, Who, is_for, names_action, names_resource
from demarcate.access.patterns import TooWide, is_wild, matching, sample, shared, unlike
from demarcate.access.statements import MOST_WILDCARDS, Policy, PolicyKind, Statement
from demarcate.access.values import Values
from demarcate.estate.schema.unknown import Unknown

MOST_STEPS: Final = 200_000
"""How many comparisons the statements of one policy may take."""

MOST_TEXTS: Final = 200
"""How many texts of an element are told apart."""

_WHO, _ACTION, _RESOURCE, _ARN = "(who)", "(action)", "(resource)", "aws:principalarn"

Values_ = Mapping[str, tuple[Given, ...]]
Domains = dict[str, Sequence[Any]]


@dataclass(slots=True)
class Work:
    """How many comparisons are left."""

    left: int = MOST_STEPS

    def spend(self, steps: int = 1) -> None:
        """Raises TooWide where there are none left."""
        self.left -= steps
        if self.left < 0:
            raise TooWide


@dataclass(frozen=True, slots=True)
class _Part:
    """One thing that must be so for a statement to be about a request: of which variable, and for which of its values
    it surely is so, and surely is not. Of what cannot be read the variable is "", with one value.
    """

    of: str
    holds: int
    fails: int
    unknown: Unknown | None = None


class Search:
    """A statement that allows, with those that deny, in search of requests that get in."""

    def __init__(
        self,
        policy: Policy,
        kind: PolicyKind,
        own: Own,
        service: str,
        said: Statement,
        denies: Sequence[Statement] = (),
    ) -> None:
        self.said, self.own = said, own
        self.unsure: Unknown | None = None
        """Why it is not known whether somebody gets in."""
        self._kind, self._service, self._denies = kind, service, denies
        self._variables = policy.variables
        self.constants = Constants.of([said, *denies])
        self._sizes = dict(addresses(tuple(self.constants.texts("address"))))
        self._parts: dict[tuple[int, int, Any], _Part] = {}
        self._work = Work()

    def begin(self, work: Work) -> None:
        """What is asked for, and on what. Raises TooWide."""
        self._work = work
        for said in (self.said, *self._denies):
            for values in (said.actions, said.not_actions, said.resources, said.not_resources):
                if any(text.count("*") + text.count("?") > MOST_WILDCARDS for text in values.known):
                    raise TooWide
        self._actions = tuple(_actions(self.said, self._denies, self._service, work))
        self._resources = tuple(_resources(self.said, self._denies, work))

    def values(self, world: World) -> Iterator[tuple[Values_, dict[str, Given]]]:
        """What the keys that are asked after may hold: once for each value of those that variables stand for."""
        names = sorted({*self.constants.tests, *self.constants.variables})
        told = {name: values_of_key(name, world, self.constants, self.own) for name in names}
        for name in self.constants.variables:
            told[name] = self._compared_with(name, told)
        values = {name: given for name, given in told.items() if given}
        put_in = sorted(self.constants.variables & values.keys()) if self._variables else []
        for chosen in product(*(values[name] for name in put_in)):
            self._work.spend(10)
            fixed = dict(zip(put_in, chosen, strict=True))
            yield {**values, **{name: (given,) for name, given in fixed.items()}}, fixed

    def _compared_with(self, name: str, told: Mapping[str, tuple[Given, ...] | None]) -> tuple[Given, ...] | None:
        """What a key that is chosen may hold where a variable stands for it: also what it is compared with."""
        key, given = key_of(name), told[name]
        if key is None or key.form != "free" or given in (None, (None,)):
            return given
        others = [
            value
            for other, tests in self.constants.tests.items()
            if any(name in variables_in(test.values) for test in tests)
            for value in told[other] or ()
        ]
        return tuple(dict.fromkeys((*(given or ()), *others)))[:MOST_TEXTS]

    def request(self, world: World, values: Values_, fixed: dict[str, Given], *, sure: bool) -> Request | None:
        """A request that surely gets in, or that may."""
        domains: Domains = {name: given for name, given in values.items() if name != _ARN}
        domains |= {_WHO: world.names, _ACTION: self._actions, _RESOURCE: self._filled(fixed)}
        state = {name: (1 << len(domain)) - 1 for name, domain in domains.items()}
        allows = self.said.allows
        if isinstance(allows, Unknown):
            self.unsure = self.unsure or allows
        if not all(state.values()) or (sure and allows is not True):
            return None
        for part in self._of(self.said, domains, fixed):
            self.unsure = self.unsure or part.unknown
            keep = part.holds if sure else ~part.fails
            state[part.of] = state.get(part.of, 1) & keep
            if not state[part.of]:
                return None
        state.pop("", None)
        denies = [
            parts
            for said in self._denies
            if (sure or said.allows is False) and not self._escapes(parts := self._of(said, domains, fixed), state)
        ]
        return self._past(denies, 0, state, domains, world, sure=sure)

    def _filled(self, fixed: dict[str, Given]) -> tuple[str, ...]:
        """The resources, with the values of variables put in."""
        if not fixed:
            return self._resources
        filled = (fill(text, fixed, wild=False) if "${" in text else text for text in self._resources)
        return tuple(text for text in filled if isinstance(text, str))

    def _escapes(self, parts: Sequence[_Part], state: Mapping[str, int], *, sure: bool = True) -> bool:
        """Whether none of the requests that are left is what a statement is about: surely, or perhaps."""
        return any(not state.get(part.of, 1) & ~(part.fails if sure else ~part.holds) for part in parts)

    def _past(
        self,
        denies: Sequence[list[_Part]],
        at: int,
        state: dict[str, int],
        domains: Domains,
        world: World,
        *,
        sure: bool,
    ) -> Request | None:
        """A request past all Denies from one on."""
        while at < len(denies) and self._escapes(denies[at], state, sure=sure):
            at += 1
        self._work.spend(1 + len(denies) - at)
        if at == len(denies):
            return self._told(state, domains, world)
        if at > MOST_TEXTS:
            raise TooWide
        for part in denies[at]:
            self.unsure = self.unsure or part.unknown
            left = state.get(part.of, 0) & (part.fails if sure else ~part.holds)
            if left:
                request = self._past(denies, at + 1, {**state, part.of: left}, domains, world, sure=sure)
                if request is not None:
                    return request
        return None

    # --- what statements say of the variables -------------------------------------------------------------

    def _of(self, said: Statement, domains: Domains, fixed: dict[str, Given]) -> list[_Part]:
        about = partial(names_resource, said, context=fixed, variables=self._variables)
        parts = [
            self._part(_WHO, domains, partial(is_for, said, kind=self._kind), (id(said), 0)),
            self._part(_ACTION, domains, partial(names_action, said), (id(said), 1)),
            self._part(_RESOURCE, domains, about, None if fixed else (id(said), 2)),
        ]
        for number, test in enumerate(said.tests, 3):
            if isinstance(test, Unknown):
                parts.append(_Part("", 0, 0, test))
                continue
            name = None if fixed else (id(said), number)
            holds = partial(_holds, test, fixed, self._variables)
            if test.key == _ARN:
                parts.append(self._part(_WHO, domains, holds, name))
            elif test.key in domains:
                parts.append(self._part(test.key, domains, holds, name))
            else:
                answer = test.holds(fixed, self._variables)
                unknown = answer if isinstance(answer, Unknown) else None
                parts.append(_Part("", int(answer is True), int(answer is False), unknown))
        return parts

    def _part(
        self, of: str, domains: Domains, answer: Callable[[Any], bool | Unknown], name: tuple[int, int] | None
    ) -> _Part:
        """Which values of a variable something holds for; remembered where it is the same for other callers."""
        domain = domains[of]
        key = None if name is None else (*name, domain)
        part = None if key is None else self._parts.get(key)
        if part is not None:
            return part
        self._work.spend(len(domain))
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
        if key is not None:
            self._parts[key] = part
        return part

    # --- what is left ---------------------------------------------------------------------------------------

    def _told(self, state: dict[str, int], domains: Domains, world: World) -> Request | None:
        """The request that is left, if those who may send it are as many as its caller stands for."""
        if world.generic and not world.named_way and not self._is_wide(state, domains):
            return None
        chosen = {name: domains[name][(bits & -bits).bit_length() - 1] for name, bits in state.items()}
        who: Who = chosen.pop(_WHO)
        action, resource = chosen.pop(_ACTION), chosen.pop(_RESOURCE)
        if _ARN in self.constants.tests or _ARN in self.constants.variables:
            chosen[_ARN] = _arn_of(who)
        context: Context = dict(sorted(chosen.items()))
        told = action_named(action)
        return Request(who, told.name if told else action, resource, context)

    def _is_wide(self, state: Mapping[str, int], domains: Domains) -> bool:
        """Whether the addresses that are left are more than a large network has, or do not matter."""
        counts = {4: 0, 6: 0}
        bits = state.get("aws:sourceip", 0)
        for place, given in enumerate(domains.get("aws:sourceip", ())):
            if bits >> place & 1:
                if given is None:
                    return True
                version, count = self._sizes.get(given[0], (4, 0))
                counts[version] += count
        return not bits or any(counts[version] > WIDE[version] for version in counts)


def _arn_of(who: Who) -> Given:
    return (who.arn,) if who.caller is Caller.PRINCIPAL else None


def _holds(test: Test, fixed: dict[str, Given], variables: bool, value: Any) -> bool | Unknown:
    given = _arn_of(value) if isinstance(value, Who) else value
    return test.holds({**fixed, test.key: given}, variables)


# --- what is asked for ------------------------------------------------------------------------------------

_ACTION_NAME: Final = re.compile(r"[a-z0-9-]+:[a-z0-9]+")


def _actions(said: Statement, denies: Sequence[Statement], service: str, work: Work) -> Iterator[str]:
    """Actions that the Denies can tell apart, of those that a statement is about."""
    own = f"{service}:*" if service else "*"
    patterns = [own] if said.not_actions.given or said.actions.unknown else []
    patterns += [own if text == "*" else text for text in said.actions.known]
    others = _texts((deny.actions, deny.not_actions) for deny in (*denies, said))
    seen: set[str] = set()
    for pattern in patterns[:MOST_TEXTS]:
        for text in _instances(pattern, others, work):
            if text not in seen and _ACTION_NAME.fullmatch(text):
                seen.add(text)
                yield text


def _texts(elements: Any) -> tuple[str, ...]:
    pairs: list[Values] = [values for pair in elements for values in pair]
    return tuple(dict.fromkeys(text for values in pairs for text in values.known))[:MOST_TEXTS]


def _instances(pattern: str, others: Sequence[str], work: Work) -> Iterator[str]:
    """Actions of a pattern: one that no other names, one of each other, and what it shares with them."""
    if not is_wild(pattern):
        yield pattern
        return
    work.spend(10 * len(others))
    yield (
        _beside(pattern, tuple(other for other in others if other != pattern))
        or _first(pattern)
        or sample(pattern)
    )
    for other in others:
        both = None if other == pattern else shared(pattern, other)
        if both is not None:
            yield _both(pattern, other) or both


@lru_cache(maxsize=4096)
def _first(pattern: str) -> str:
    return next((told.name.lower() for told in actions_like(pattern)), "")


@lru_cache(maxsize=4096)
def _both(left: str, right: str) -> str:
    is_one = matching(right)
    return next((name for told in actions_like(left) if is_one(name := told.name.lower())), "")


@lru_cache(maxsize=4096)
def _beside(pattern: str, others: tuple[str, ...]) -> str:
    """An action of a pattern that none of the others names."""
    tests = [matching(other) for other in others]
    names = (told.name.lower() for told in actions_like(pattern))
    return next((name for name in names if not any(is_one(name) for is_one in tests)), "")


def _resources(said: Statement, denies: Sequence[Statement], work: Work) -> Iterator[str]:
    """Resources that the Denies can tell apart, of those that a statement is about."""
    patterns = list(said.resources.known) or ["*"]
    others = _texts((deny.resources, deny.not_resources) for deny in (*denies, said))
    filler = unlike(others)
    seen: set[str] = set()
    for pattern in patterns[:MOST_TEXTS]:
        work.spend(10 * len(others))
        for text in (
            sample(pattern, filler),
            sample(pattern, ""),
            *(both for other in others if (both := shared(pattern, other))),
        ):
            if text not in seen:
                seen.add(text)
                yield text
