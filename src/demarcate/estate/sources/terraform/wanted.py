"""Arguments of Terraform by which a resource, or what completes it, would say what is wanted of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from demarcate.estate.schema.table import Column, Table
from demarcate.estate.sources.cloudformation.amending import NoWay, ways
from demarcate.estate.sources.cloudformation.editing import UNTOLD, NotEdited
from demarcate.estate.sources.terraform.hcl import Reference, Template
from demarcate.estate.sources.terraform.mapped import BLOCK, Mapped, all_mapped, attributes
from demarcate.estate.sources.terraform.shaping import attribute_for, spelt

OWN: Final = "$own"
"""The key of a mapping that stands for an attribute of the resource which is completed; `then` is what follows it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An argument of a kind of resource, by the blocks that it is in, and what it is to be.

    `into` is the argument that names the resource which it completes; empty where it is that resource's own. `which`
    says of the resource, or of the outermost block, which of several it is: arguments with their values. `carries` are
    arguments of the other resource that are said again, where it is written anew. `document` are the blocks of a policy
    that the argument is to be. What is there already is not edited if it is wanted `anew`, and a list that is there
    keeps its own if it is to be `joined`.
    """

    resource: str
    into: str
    steps: tuple[str, ...]
    value: Any
    declared: Any = UNTOLD
    which: Mapping[str, Any] = field(default_factory=dict)
    carries: tuple[str, ...] = ()
    document: Mapping[str, Any] | None = None
    anew: bool = False
    joined: bool = False


def wanted_of(table: Table, column: Column, value: Any, declared: Any, resource: str) -> Iterator[Wanted]:
    """The arguments by which a `resource` of a provider, or what completes it, would declare a column's value.

    Each is a supposition: whoever edits by one reads again what that makes. Raises NotEdited where there is none.
    """
    made = all_mapped()
    types = {mapped.type for mapped in made.get(resource, ()) if not mapped.into}
    own = [mapped for mapped in made.get(resource, ()) if not mapped.into and not mapped.at]
    parts = [mapped for several in made.values() for mapped in several if mapped.into and mapped.type in types]
    parts = [mapped for mapped in parts if mapped.resource.partition("_")[0] == resource.partition("_")[0]]
    led = False
    try:
        for way in ways(table, column, value, declared):
            for mapped in (*parts, *own):
                steps = _steps(mapped, way.path)
                if steps is not None:
                    led = True
                    yield Wanted(mapped.resource, mapped.into, steps, way.value, way.declared)
        for mapped in () if led else (*parts, *own):
            for steps in _called(attributes().get(mapped.resource, {}), column.name, value, ()):
                yield Wanted(mapped.resource, mapped.into, steps, value)
    except NoWay as error:
        raise NotEdited(str(error)) from error


_FORMS: Final = {bool: "boolean", int: "number", str: "text"}
_SAYING_NOTHING: Final = frozenset({"enable", "enabled", "config", "configuration", "settings", "options"})


def _called(tree: Any, name: str, value: Any, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The arguments that are called as a column is, by their own names or with those of the blocks that they are in."""
    words = set(name.split("_")) - _SAYING_NOTHING
    for attribute, form in tree.items() if isinstance(tree, Mapping) and "*" not in tree else ():
        steps = (*above, attribute)
        if isinstance(form, Mapping):
            yield from _called(form, name, value, steps) if len(steps) < _DEPTH else ()
        elif form == _FORMS.get(type(value)) and words:
            whole = {word for step in steps for word in step.split("_")} - _SAYING_NOTHING
            if words in (whole, set(attribute.split("_")) - _SAYING_NOTHING):
                yield steps


_DEPTH: Final = 3
"""In how many blocks within each other an argument is looked for by its name."""


def wanted_by(
    resource: str,
    says: Mapping[str, Any],
    *,
    by: str = "",
    into: str = "",
    which: Mapping[str, Any] = {},
    carries: tuple[str, ...] = (),
    document: Mapping[str, Any] | None = None,
    anew: bool = False,
    joined: bool = False,
) -> list[Wanted]:
    """Arguments that a `resource` is wanted to have, or what completes it (`by`), whose argument `into` names it.

    Raises NotEdited where no provider has them.
    """
    types = {mapped.type for mapped in all_mapped().get(resource, ())}
    several = [mapped for mapped in all_mapped().get(by, ()) if mapped.into and mapped.type in types]
    into = into or next((mapped.into for mapped in several), "")
    if (by and not into) or not resource.startswith("aws_"):
        raise NotEdited(f"it is not known how {resource} says it")
    told = []
    for steps, value in _leaves(says, ()):
        tree: Any = attributes().get(by or resource, {})
        for step in steps:
            if not isinstance(tree, Mapping) or step not in tree:
                raise NotEdited(f"{by or resource} has no {'.'.join(steps)}")
            tree = tree[step]
        told.append(
            Wanted(
                by or resource, into if by else "", steps, value, UNTOLD, which, carries, document, anew, joined
            )
        )
    return told


def _leaves(says: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in says.items():
        if isinstance(value, Mapping) and OWN not in value:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def in_names(value: Any, name: str) -> Any:
    """A value in which attributes of a resource are those of the one that has a name."""
    if isinstance(value, Mapping):
        if OWN in value:
            return Template((Reference(name, value[OWN]), *([value["then"]] if "then" in value else ())))
        return {key: in_names(inner, name) for key, inner in value.items()}
    return [in_names(inner, name) for inner in value] if isinstance(value, list) else value


def _steps(mapped: Mapped, path: str) -> tuple[str, ...] | None:
    """The blocks and the argument that tell a property; None where none does.

    Where a function of several tells it, those are supposed that are spelt as it is.
    """
    tree: Any = attributes().get(mapped.resource, {})
    steps: list[str] = []
    path = path.replace("[0]", "")
    names = path.split(".")
    if "[" in path or (mapped.into and not mapped.at and names[0] not in mapped.names):
        return None
    for number, name in enumerate(names):
        here = ".".join(names[: number + 1])
        if mapped.at == here or mapped.at.startswith(f"{here}."):
            continue
        if mapped.at and number == 0:
            return None
        attributes_ = frozenset(tree if isinstance(tree, dict) else ())
        rule = attribute_for(mapped, name, here, attributes_)
        way = spelt(name, attributes_) if callable(rule) else rule
        if callable(rule) and way is None and mapped.into and number == 0:
            continue  # a function makes it of what the resource says
        if way == BLOCK:
            continue
        if not isinstance(way, str):
            return None
        for part in way.split("."):
            tree = tree.get(part, {}) if isinstance(tree, dict) else {}
            tree = tree[0] if isinstance(tree, list) and tree and isinstance(tree[0], dict) else tree
            steps.append(part)
    return tuple(steps) if steps else None
