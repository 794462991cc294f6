"""The actions of a policy's statement: which of those that checks ask after it names, and what these are aimed at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec

from demarcate.access.patterns import matching
from demarcate.access.values import Values
from demarcate.base.documents import read
from demarcate.estate.schema.unknown import Unknown

DATA = Path(__file__).parent / "data"


class _Actions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of sensitive actions: to each, in lower case, the ARNs of what it is aimed at."""

    source: str
    checked: date
    actions: dict[str, tuple[str, ...]]


@cache
def sensitive_actions() -> Mapping[str, tuple[str, ...]]:
    """The actions that checks ask after, in lower case, and the ARNs of what they are aimed at."""
    return read(DATA / "sensitive_actions.yaml", _Actions).actions


@cache
def _sensitive_names() -> frozenset[str]:
    return frozenset(sensitive_actions())


@lru_cache(maxsize=8192)
def _named_by(action: str) -> frozenset[str]:
    return frozenset(filter(matching(action), sensitive_actions()))


def sensitive(actions: Values, not_actions: Values) -> Values:
    """Those of the sensitive actions that a statement is about, sorted; more may be."""
    names = _sensitive_names()
    covered = frozenset[str]().union(*map(_named_by, actions.known))
    if not_actions.given and not not_actions.unknown:
        covered |= names - frozenset[str]().union(*map(_named_by, not_actions.known))
    unsure = (actions.unknown or not_actions.unknown) if covered != names else None
    return Values(sorted(covered), unsure)


def covers_action(actions: Values, not_actions: Values, name: str) -> bool | Unknown:
    """Whether a statement is about an action, given in lower case."""
    if not_actions.given:
        if any(matching(text)(name) for text in not_actions.known):
            return False
        return not_actions.unknown or True
    return any(matching(text)(name) for text in actions.known) or actions.unknown or False


def covers_service(actions: Values, not_actions: Values, service: str) -> bool | Unknown:
    """Whether a statement is about every action of a service."""
    if not_actions.given:
        if any(_may_be_of(text, service) for text in not_actions.known):
            return False
        return not_actions.unknown or True
    return any(text in ("*", f"{service}:*") for text in actions.known) or actions.unknown or False


def wildcard_services(actions: Values, not_actions: Values) -> Any:
    """The services that are named with all of their actions; `*` where all services are.

    NotAction names all services where it leaves no action of IAM out: who has these gives himself the rest.
    """
    if not_actions.given:
        answer = covers_service(actions, not_actions, "iam")
        return answer if isinstance(answer, Unknown) else ["*"] if answer else []
    if "*" in actions.known:
        return ["*"]
    return actions.unknown or sorted({text.removesuffix(":*") for text in actions.known if text.endswith(":*")})


def _may_be_of(action: str, service: str) -> bool:
    """Whether an action of a service may be what a text names."""
    return matching(action.partition(":")[0])(service)
