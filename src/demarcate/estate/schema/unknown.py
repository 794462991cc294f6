"""A value that is not known, and why: the Python side of SQL's NULL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from demarcate.base.limits import MAX_REASON, shortened


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands wherever a value could not be read or resolved. `reason` is shown to people, cut where it is long.

    >>> Unknown("parameter Encrypt has no value").reason
    'parameter Encrypt has no value'
    """

    reason: str

    def __post_init__(self) -> None:
        if len(self.reason) > MAX_REASON:
            object.__setattr__(self, "reason", shortened(self.reason))


def first_unknown(value: Any) -> Unknown | None:
    """The first Unknown anywhere inside plain data (dicts, lists), or None where all is known."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return None
    for item in value:
        found = first_unknown(item)
        if found is not None:
            return found
    return None
