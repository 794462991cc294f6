"""What AWS authorizes: every action with its access level, the resources that it is about and its condition keys.

The data is AWS's Service Authorization Reference of the day that it says, made by `tools/authorization.py`. A service,
an action or a key that is newer than it is not there: nothing takes that for a proof that AWS has none.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import msgspec

from demarcate.access.patterns import is_wild, matching
from demarcate.base.encoding import from_json
from demarcate.base.files import read_bytes

DATA: Final = Path(__file__).parent / "data"
LARGEST: Final = 1_000_000
"""How many bytes the compressed data may have."""

LEVELS: Final = {"L": "List", "R": "Read", "W": "Write", "P": "Permissions management", "T": "Tagging"}


class Action(msgspec.Struct, frozen=True):
    """An action as AWS writes it (`s3:GetObject`). `resources` are patterns of ARNs with `${…}` for what differs; none
    where it is about no resource. `keys` are its own condition keys, as AWS writes them.
    """

    name: str
    level: str
    resources: tuple[str, ...]
    keys: tuple[str, ...]


class Edition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Where the data is from, and when it was taken."""

    source: str
    taken_from: str
    taken: date


class _Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: str
    resources: tuple[tuple[str, str, tuple[int, ...]], ...]
    keys: tuple[str, ...]
    actions: dict[str, tuple[str, tuple[int, ...], tuple[int, ...]]]


@cache
def _lines() -> tuple[bytes, dict[str, bytes]]:
    first, *lines = gzip.decompress(read_bytes(DATA / "authorization.json.gz", LARGEST)).splitlines()
    # Each begins with {"service":"its prefix": to read no more of it is a hundredth of a short run.
    return first, {line.split(b'"', 4)[3].decode(): line for line in lines}


@cache
def edition() -> Edition:
    """Which edition of the reference it is."""
    return from_json(_lines()[0], Edition)


def services() -> tuple[str, ...]:
    """The prefixes of all services that it has."""
    return tuple(_lines()[1])


@cache
def arn_services() -> frozenset[str]:
    """What stands for a service in the ARNs of resources: not always the prefix of its actions."""
    forms = (form for name in services() if (told := _told(name)) for _, form, _ in told.resources)
    return frozenset(parts[2] for form in forms if len(parts := form.split(":", 3)) == 4 and "$" not in parts[2])


@lru_cache(maxsize=512)
def _told(service: str) -> _Service | None:
    line = _lines()[1].get(service)
    return None if line is None else from_json(line, _Service)


@lru_cache(maxsize=512)
def actions_of(service: str) -> Mapping[str, Action]:
    """The actions of a service by their name in lower case, with the prefix; none of one that it does not have."""
    told = _told(service)
    if told is None:
        return {}
    return {
        f"{service}:{name}".lower(): Action(
            f"{service}:{name}",
            LEVELS.get(level, level),
            tuple(told.resources[place][1] for place in resources),
            tuple(told.keys[place] for place in keys),
        )
        for name, (level, resources, keys) in told.actions.items()
    }


def action(name: str) -> Action | None:
    """An action by its name, in whatever letters."""
    name = name.lower()
    return actions_of(name.partition(":")[0]).get(name)


@lru_cache(maxsize=8192)
def fits(name: str, resource: str) -> bool:
    """Whether an action may be about a resource, given by its ARN, as far as its form tells.

    >>> fits("s3:GetObject", "arn:aws:s3:::b/k"), fits("s3:GetObject", "arn:aws:s3:::b")
    (True, False)
    """
    forms = _forms(name)
    return not forms or any(is_one(resource) for is_one in forms)


@lru_cache(maxsize=2048)
def _forms(name: str) -> tuple[Callable[[str], bool], ...]:
    """What tells whether an ARN is of a form that an action is about."""
    told = action(name)
    return tuple(matching(re.sub(r"\$\{[^}]*\}", "*", form)) for form in told.resources) if told else ()


def actions_like(pattern: str) -> Iterator[Action]:
    """The actions that a text with wildcards stands for, service by service.

    >>> [action.name for action in actions_like("kms:Re*Grant")]
    ['kms:RetireGrant', 'kms:RevokeGrant']
    """
    pattern = pattern.lower()
    prefix = pattern.partition(":")[0]
    is_one = matching(pattern)
    for service in services() if is_wild(prefix) else (prefix,):
        yield from (told for name, told in actions_of(service).items() if is_one(name))


@lru_cache(maxsize=4096)
def knows_key(key: str) -> bool:
    """Whether a service has a condition key, given in lower case; what AWS has for all services is not in its pages."""
    told = _told(key.partition(":")[0])
    return told is not None and any(is_key(key) for is_key in _keys(told.service))


@lru_cache(maxsize=512)
def _keys(service: str) -> tuple[Callable[[str], bool], ...]:
    told = _told(service)
    names = told.keys if told else ()
    return tuple(matching(re.sub(r"\$\{[^}]*\}|<[^>]*>", "*", name.lower())) for name in names)
