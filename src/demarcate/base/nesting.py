"""How deep values are nested: what is read of JSON is walked by functions that call themselves for each level."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 100
"""How many levels a value from JSON may have. AWS's own have less than 20."""


def is_deep(value: Any) -> bool:
    """Whether dicts and lists are nested in a value more than `MAX_DEPTH` levels deep.

    >>> is_deep([[{}]])
    False
    """
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
