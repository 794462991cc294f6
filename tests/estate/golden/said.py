"""What answers and resources must say where the functions of tables ask for a form of their own (`said.yaml`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demarcate.base.documents import read
from tests.estate.golden.forms import STEP

SAID: dict[str, dict[str, Any]] = read(Path(__file__).parent / "said.yaml", dict[str, dict[str, Any]])
"""By operation or type of resources, and path."""


def _variant_of(value: Any, variant: int) -> Any:
    """The value that something has in one variant, where it is different in each ("one-of")."""
    if isinstance(value, dict):
        if value.keys() == {"one-of"}:
            return value["one-of"][variant % len(value["one-of"])]
        return {key: _variant_of(item, variant) for key, item in value.items()}
    return [_variant_of(item, variant) for item in value] if isinstance(value, list) else value


def said(of: str, value: Any, variant: int) -> None:
    """Let an answer or a resource say what it must, where it has the members."""
    for path, new in SAID.get(of, {}).items():
        put(value, path, _variant_of(new, variant), there=True)


def put(value: Any, path: str, new: Any, *, there: bool = False) -> None:
    """Set what is at a path, in all elements of the lists on its way; None removes it.

    With `there` only where there is something.
    """
    *steps, (last, _) = STEP.findall(path)
    here = [value]
    for name, _ in steps:
        here = (
            [value[name] for value in here if name in value]
            if name
            else [item for items in here for item in items]
        )
    for holder in here:
        if new is None or (there and last not in holder):
            holder.pop(last, None)
        else:
            holder[last] = new.encode() if isinstance(holder.get(last), bytes) else new
