"""What the recorded parameters of a call tell of its request: condition keys of services, and ARNs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

import jmespath
import msgspec
from jmespath.exceptions import JMESPathError

from demarcate.access.patterns import matching
from demarcate.base.documents import read
from demarcate.guardrails.load import FOLDER


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the value of a condition key is recorded; `absent` says that a request without it had no such key."""

    path: str
    absent: bool = False


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`data/parameters.yaml`: by action."""

    sources: tuple[str, ...]
    checked: date
    keys: dict[str, dict[str, Key]]
    resources: dict[str, tuple[str, ...]]
    partly: dict[str, tuple[str, ...]]
    listed: tuple[str, ...]


@cache
def told() -> Told:
    """What the records of calls tell, by action as AWS writes it."""
    return read(FOLDER / "data" / "parameters.yaml", Told)


@cache
def _lower() -> Told:
    """The same, by action and key in lower case."""
    data = told()
    return msgspec.structs.replace(
        data,
        keys={action.lower(): {name.lower(): key for name, key in of.items()} for action, of in data.keys.items()},
        resources={action.lower(): forms for action, forms in data.resources.items()},
        partly={action.lower(): forms for action, forms in data.partly.items()},
        listed=tuple(action.lower() for action in data.listed),
    )


@cache
def _compiled(path: str) -> Any:
    return jmespath.compile(path)


def keys_of(actions: Sequence[str], parameters: Mapping[str, Any]) -> dict[str, tuple[str, ...] | None]:
    """The condition keys of a service that the parameters of a call tell."""
    keys: dict[str, tuple[str, ...] | None] = {}
    for action in actions:
        for name, key in _lower().keys.get(action, {}).items():
            value = _texts(_found(key.path, parameters))
            if value:
                keys[name] = value
            elif key.absent:
                keys[name] = None
    return keys


def _found(path: str, parameters: Mapping[str, Any]) -> Any:
    """What is at a path; None where it cannot be looked up in parameters of another form."""
    try:
        return _compiled(path).search(parameters)
    except JMESPathError:
        return None


def _texts(value: Any) -> tuple[str, ...]:
    """A value of JSON as IAM compares it; nothing of what it does not compare."""
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, str | int | float):
        return (str(value),)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return ()


_BRACES: Final = re.compile(r"\{([^{}]*)\}")


def resources_of(
    actions: Sequence[str], parameters: Mapping[str, Any], event: Mapping[str, Any], principal: str
) -> tuple[tuple[str, ...], bool]:
    """ARNs that a call was authorized on, and whether these are all. None where it needed several actions."""
    if len(actions) != 1:
        return (), False
    action = actions[0]
    if action in _lower().listed:
        return _listed(event)
    forms = _lower().resources.get(action)
    place = {
        "partition": principal.split(":")[1] if principal.count(":") >= 5 else "aws",
        "region": str(event.get("awsRegion") or ""),
        "account": str(event.get("recipientAccountId") or ""),
    }
    arns = [_filled(form, parameters, place) for form in forms or _lower().partly.get(action, ())]
    known = tuple(arn for arn in arns if arn is not None)
    return known, forms is not None and len(known) == len(arns)


def _listed(event: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    resources = event.get("resources")
    if not isinstance(resources, list) or not resources:
        return (), False
    arns = [item.get("ARN") if isinstance(item, dict) else None for item in resources]
    known = tuple(arn for arn in arns if isinstance(arn, str))
    return known, len(known) == len(arns)


def _filled(form: str, parameters: Mapping[str, Any], place: Mapping[str, str]) -> str | None:
    """An ARN; None where a part of it is not told. A parameter that is such an ARN already is all of it."""
    parts: list[str] = []
    for before, path in re.findall(r"([^{]*)(?:\{([^{}]*)\})?", form):
        parts.append(before)
        if not path:
            continue
        value = place.get(path) or _found(path, parameters)
        if not isinstance(value, str) or not value:
            return None
        if value.startswith("arn:"):
            return value if matching(_BRACES.sub("*", form))(value) else None
        parts.append(value)
    return "".join(parts)
