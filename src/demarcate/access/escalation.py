"""What the statements of a policy's holder allow together: by which combinations of actions he gains more rights.

The combinations are data (`data/escalation.yaml`). What is denied without a condition is taken from what is allowed; a
condition excuses only where it limits who may do an action, or what to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Any

import msgspec

from demarcate.access.actions import DATA, covers_action, sensitive_actions, wildcard_services
from demarcate.access.conditions import admit
from demarcate.access.limits import limits_action
from demarcate.access.patterns import matching
from demarcate.access.resources import covers_everything, covers_kind
from demarcate.access.statements import Statement
from demarcate.access.values import every, plain, some
from demarcate.base.documents import read
from demarcate.estate.schema.unknown import Unknown

_PASSED_TO = "iam:passedtoservice"


class Combination(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Actions by which a holder gains rights, as the file of them explains."""

    id: str
    at: tuple[str, ...]
    with_: tuple[str, ...] = msgspec.field(default=(), name="with")
    passed_to: tuple[str, ...] = ()
    needs: str = ""


class _Combinations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sources: tuple[str, ...]
    checked: date
    combinations: tuple[Combination, ...]


@cache
def combinations() -> tuple[Combination, ...]:
    """The combinations that are published, with actions in lower case."""
    return tuple(
        msgspec.structs.replace(
            combination,
            at=tuple(action.lower() for action in combination.at),
            with_=tuple(action.lower() for action in combination.with_),
        )
        for combination in read(DATA / "escalation.yaml", _Combinations).combinations
    )


@cache
def _actions() -> frozenset[str]:
    return frozenset(action for combination in combinations() for action in (*combination.at, *combination.with_))


@lru_cache(maxsize=8192)
def _named_by(text: str) -> frozenset[str]:
    return frozenset(filter(matching(text), _actions()))


def _may_name(said: Statement) -> frozenset[str]:
    """Actions of combinations that a statement may name: no other is looked for in it."""
    if said.not_actions.given or said.actions.unknown:
        return _actions()
    return frozenset[str]().union(*map(_named_by, said.actions.known))


class Holder:
    """Who has a number of statements, and what they allow together."""

    def __init__(self, statements: Iterable[Any]) -> None:
        told = [Statement.of(statement) for statement in statements]
        self._allows = [said for said in told if said.effect != "Deny"]
        self._denies = [said for said in told if said.effect == "Deny" and said.conditions == {}]
        self._naming: dict[str, list[Statement]] = {}
        """Those of the statements that allow, or may, by the actions that they may name."""
        for said in self._allows:
            for action in _may_name(said):
                self._naming.setdefault(action, []).append(said)
        self._known: dict[tuple[str, Any], bool | Unknown] = {}

    @property
    def is_administrator(self) -> bool | Unknown:
        """Whether one statement allows everything."""
        return some(
            every(
                (
                    _is_allow(said),
                    _contains(wildcard_services(said.actions, said.not_actions), "*"),
                    covers_everything(said.resources, said.not_resources),
                )
            )
            for said in self._allows
        )

    def escalations(self) -> Iterator[tuple[str, bool | Unknown]]:
        """Each combination, by its id, and whether the holder has it."""
        for combination in combinations():
            if self._naming.keys() >= {*combination.at, *combination.with_}:
                parts = [self._at(action, combination.passed_to) for action in combination.at]
                yield combination.id, every((*parts, *map(self._with, combination.with_)))
            else:
                yield combination.id, False

    def _at(self, action: str, services: tuple[str, ...]) -> bool | Unknown:
        """Whether an action is allowed on all of its kind; of a role that is passed, to all of these services."""
        if (action, services) not in self._known:
            kinds = sensitive_actions()[action]
            allowed = some(every(_answers(said, action, kinds, services)) for said in self._naming.get(action, ()))
            self._known[action, services] = every((allowed, self._not_denied(action, kinds)))
        return self._known[action, services]

    def _with(self, action: str) -> bool | Unknown:
        """Whether an action is allowed on anything."""
        if (action, None) not in self._known:
            allowed = some(
                every((_is_allow(said), _names(said, action), _works_on_any(said, action)))
                for said in self._naming.get(action, ())
            )
            self._known[action, None] = every((allowed, self._not_denied(action, ())))
        return self._known[action, None]

    def _not_denied(self, action: str, kinds: Collection[str]) -> bool | Unknown:
        denied = some(
            every((_names(said, action), some((covers_everything(*_resources(said)), _on(said, kinds)))))
            for said in self._denies
        )
        return denied if isinstance(denied, Unknown) else not denied


def _answers(
    said: Statement, action: str, kinds: Collection[str], services: tuple[str, ...]
) -> Iterator[bool | Unknown]:
    """What must hold so that a statement allows an action on all of its kind, one by one: few get past the first."""
    yield _is_allow(said)
    yield _names(said, action)
    yield _on(said, kinds)
    yield _free(said, action, services)


def _is_allow(said: Statement) -> bool | Unknown:
    return said.effect if isinstance(said.effect, Unknown) else said.effect == "Allow"


def _names(said: Statement, action: str) -> bool | Unknown:
    return covers_action(said.actions, said.not_actions, action)


def _resources(said: Statement) -> Any:
    return said.resources, said.not_resources


def _on(said: Statement, kinds: Collection[str]) -> bool | Unknown:
    return covers_kind(said.resources, said.not_resources, kinds)


def _free(said: Statement, action: str, services: tuple[str, ...]) -> bool | Unknown:
    """Whether no condition limits an action; where a role is passed to one of the services, that may be a condition."""
    limited = limits_action(said.conditions, action, (_PASSED_TO,) if services else ())
    passed = (admit(said.tests, _PASSED_TO, service) for service in services)
    return every((limited if isinstance(limited, Unknown) else not limited, *passed))


_ELSEWHERE = {"sts": "iam", "ec2-instance-connect": "ec2"}
"""Services whose actions work on what another service has."""


def _works_on_any(said: Statement, action: str) -> bool | Unknown:
    """Whether any of the resources may be one of the service that an action is of."""
    if said.not_resources.given:
        return True
    service = action.partition(":")[0]
    service = _ELSEWHERE.get(service, service)
    return some([any(_may_be_of(text, service) for text in said.resources.known), said.resources.unknown or False])


@lru_cache(maxsize=8192)
def _may_be_of(resource: str, service: str) -> bool:
    parts = plain(resource).split(":", 5)
    return len(parts) < 3 or matching(parts[2])(service)


def _contains(values: Any, text: str) -> bool | Unknown:
    return values if isinstance(values, Unknown) else text in values


def escalates(statements: Sequence[Any]) -> tuple[bool | Unknown, Any]:
    """Whether the statements let their holder gain rights, and the ids of the combinations by which it is known."""
    told = dict(Holder(statements).escalations())
    return some(told.values()), [id_ for id_, answer in told.items() if answer is True]
