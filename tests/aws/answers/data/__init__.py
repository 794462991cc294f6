"""What operations that moto lacks answer, as boto3 would give it: small, and believable.

`$region` in a text is the region that was asked. A function is given what was asked and moto's own answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.aws.answers.asking import Asked
from tests.aws.answers.data import compute, databases, management, patching, security

Telling = Callable[[Asked, Callable[[], dict[str, Any]]], Mapping[str, Any]]

ANSWERS: dict[str, Mapping[str, Any] | Telling] = {
    **compute.ANSWERS,
    **databases.ANSWERS,
    **management.ANSWERS,
    **patching.ANSWERS,
    **security.ANSWERS,
}


def result_of(what: Asked, moto: Callable[[], dict[str, Any]]) -> Any:
    """What is answered in moto's place; None where moto answers."""
    told = ANSWERS.get(what.operation)
    if told is None:
        return None
    return _placed(told(what, moto) if callable(told) else told, what.region)


def _placed(value: Any, region: str) -> Any:
    if isinstance(value, str):
        return value.replace("$region", region)
    if isinstance(value, Mapping):
        return {key: _placed(inner, region) for key, inner in value.items()}
    return [_placed(item, region) for item in value] if isinstance(value, list) else value
