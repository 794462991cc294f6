"""Load the guardrails: each held to its kind, to the checks and to the model as it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.documents import DocumentError, convert, items_of, line_of, read, read_text
from demarcate.guardrails.structs import EACH, PARAMETER, TYPES, Guardrail, Kind, Limit

FOLDER: Final = Path(__file__).parent
FILES: Final = (
    "encryption",
    "configuration-management",
    "logging-and-monitoring",
    "incident-response",
    "patch-management",
    "control-tower",
)


class _Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sources: tuple[str, ...]
    checked: date
    policies: dict[Kind, Limit]


@cache
def limits() -> Mapping[Kind, Limit]:
    """How large the policies of each kind may be, and how many of them are attached to one target."""
    return read(FOLDER / "data" / "limits.yaml", _Limits).policies


@cache
def load_guardrails() -> Mapping[str, Guardrail]:
    """All guardrails by id, in the order of their files. Raises DocumentError that names the line."""
    guardrails: dict[str, Guardrail] = {}
    for name in FILES:
        path = FOLDER / "catalog" / f"{name}.yaml"
        for item in items_of(read_text(path), str(path), "guardrails"):
            guardrail = convert(item, Guardrail, str(path))
            wrong = list(faults(guardrail))
            if guardrail.id in guardrails:
                wrong.append(f"there are two guardrails {guardrail.id}")
            if wrong:
                raise DocumentError(f"{guardrail.id}: {wrong[0]}", str(path), line_of(item))
            guardrails[guardrail.id] = guardrail
    return guardrails


def faults(guardrail: Guardrail) -> Iterator[str]:
    """What is wrong with a guardrail, in itself."""
    given = {
        "statements": bool(guardrail.statements),
        "content": bool(guardrail.content),
        "control": bool(guardrail.control),
    }
    needed = {"scp": "statements", "rcp": "statements", "control-tower": "control"}.get(guardrail.kind, "content")
    if [name for name, is_given in given.items() if is_given] != [needed]:
        yield f"one of kind {guardrail.kind} has {needed}, and nothing else of {', '.join(given)}"
    for statement in guardrail.statements:
        if bool(statement.action) == bool(statement.not_action):
            yield "a statement has either Action or NotAction"
    named = {name for value in (guardrail.statements, guardrail.content) for name in _named(value)}
    if named != set(guardrail.parameters):
        yield f"its parameters are {sorted(guardrail.parameters)}, and it uses {sorted(named)}"
    if guardrail.control and guardrail.kind in TYPES:
        yield "a control is one of Control Tower"


def _named(value: Any) -> Iterator[str]:
    """The parameters that a value takes."""
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value)
    if isinstance(value, dict):
        if PARAMETER in value:
            yield value[PARAMETER]
        elif EACH in value:
            yield from (text[text.index("{") + 1 : text.index("}")] for text in value[EACH])
        else:
            for inner in value.values():
                yield from _named(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner)
