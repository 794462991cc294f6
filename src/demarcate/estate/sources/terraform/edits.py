"""Edits of a configuration as they come to a plan or state: other values of a resource, and resources more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import Raw

from demarcate.base.encoding import to_json
from demarcate.estate.sources.cloudformation.editing import REMOVED
from demarcate.estate.sources.terraform.documents import Configuration, Declared, Document, Expressions, ModuleCall
from demarcate.estate.sources.terraform.hcl import Reference, Template
from demarcate.estate.sources.terraform.mapped import attributes
from demarcate.estate.sources.terraform.referring import module_names


@dataclass(frozen=True, slots=True)
class Which:
    """One of several blocks of a type: that which has these values."""

    type: str
    values: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class More:
    """In the place of a value: a block more, with its values."""

    values: Mapping[str, Any]


Way = tuple[str | Which, ...]
"""The blocks that an argument is in, with its own name."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Another value of an argument, or none (REMOVED): the file in which it is written, of which resource it is, and
    the way to it.
    """

    file: str
    address: str
    way: Way
    value: Any


@dataclass(frozen=True, slots=True)
class Added:
    """A resource, or data, that a file declares more: in which module ("" for the root), what it is called there, and
    its values, in which templates stand for what is made of other resources.
    """

    file: str
    module: str
    mode: str
    type: str
    name: str
    values: Mapping[str, Any]

    @property
    def address(self) -> str:
        """What it is called in a plan."""
        return address_in(self.module, f"{'data.' if self.mode == 'data' else ''}{self.type}.{self.name}")


FileOf = Callable[[str], str | None]
"""The file that declares the resource at an address; None where none is known."""


def address_in(module: str, name: str) -> str:
    """The address of what a module calls so."""
    return f"{module}.{name}" if module else name


def with_edits(document: Document, edits: Sequence[Edit | Added], file_of: FileOf) -> Document:
    """A plan or state as it is with edits of its own configuration; those of another one are passed over."""
    changes: dict[str, list[Edit]] = {}
    for edit in edits:
        if isinstance(edit, Edit):
            changes.setdefault(edit.address, []).append(edit)
    resources = []
    for declared in document.resources:
        own = changes.get(declared.address, ())
        if own and (file := file_of(declared.address)) is not None:
            values = declared.values
            for edit in own:
                if edit.file == file:
                    substituted(declared.type, values, edit.way, edit.value)
            declared = declared.with_values(values)
        resources.append(declared)
    there = {declared.address: declared for declared in resources}
    for edit in edits:
        if isinstance(edit, Added):
            resources += _added(document, edit, there, file_of)
    return replace(document, resources=resources)


def substituted(resource: str, values: dict[str, Any], way: Way, value: Any) -> None:
    """Put a value in the place of what a resource has there, as a plan would have it."""
    tree: Any = attributes().get(resource, {})
    inside: Any = values
    for step in way[:-1]:
        name = step if isinstance(step, str) else step.type
        tree = tree.get(name) if isinstance(tree, dict) else None
        listed = isinstance(tree, list)
        inner = inside.get(name)
        if isinstance(step, Which):
            inner = [each for each in inner or () if _has(each, step.values)]
        elif not inner:
            inner = inside[name] = [{}] if listed else {}
        inside = inner[0] if isinstance(inner, list) and inner else inner
        tree = tree[0] if isinstance(tree, list) and tree else tree
        if not isinstance(inside, dict):
            return
    last = way[-1] if isinstance(way[-1], str) else way[-1].type
    if isinstance(value, More):
        there = inside.get(last) or []
        inside[last] = [*(there if isinstance(there, list) else [there]), _plain(value.values)]
    elif value is REMOVED:
        inside.pop(last, None)
    else:
        inside[last] = value


def _plain(values: Mapping[str, Any]) -> Any:
    """Values that are known before anything is applied."""
    return _settled(values, lambda _: None)[0]


def _has(block: Any, values: Sequence[tuple[str, Any]]) -> bool:
    return isinstance(block, dict) and all(block.get(name) == value for name, value in values)


def _added(document: Document, added: Added, there: Mapping[str, Declared], file_of: FileOf) -> list[Declared]:
    """A resource more of a document, where it is of its configuration.

    What it is made of is a value where that is known, and else known once applied, as a plan has it.
    """
    folder = Path(added.file).parent
    for reference in _references(added.values):
        address = address_in(added.module, reference.name)
        file = file_of(address)
        if not reference.name.startswith("data.") and (file is None or Path(file).parent != folder):
            return []

    def known(reference: Reference) -> str | None:
        declared = there.get(address_in(added.module, reference.name))
        value = declared.values.get(reference.attribute) if declared is not None else None
        return value if isinstance(value, str) and value else None

    values, unknown = _settled(added.values, known)
    _configure(document, added)
    declared = Declared(
        added.address,
        added.type,
        added.name,
        added.module,
        None,
        added.mode,
        Raw(to_json(values)),
        Raw(to_json(unknown)),
        Raw(b"{}"),
    )
    return [declared]


def _references(value: Any) -> Iterator[Reference]:
    """All that is named in a value."""
    if isinstance(value, Template):
        yield from (part for part in value.parts if isinstance(part, Reference))
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _references(inner)


def _settled(value: Any, known: Callable[[Reference], str | None]) -> tuple[Any, Any]:
    """A value as a plan has it, and where in it is what is known once applied."""
    if isinstance(value, Template):
        parts = [known(part) if isinstance(part, Reference) else part for part in value.parts]
        return (None, True) if None in parts else ("".join(map(str, parts)), False)
    if isinstance(value, Mapping):
        both = {name: _settled(inner, known) for name, inner in value.items()}
        unknown = {name: flag for name, (_, flag) in both.items() if flag}
        return {name: inner for name, (inner, flag) in both.items() if flag is not True}, unknown
    if isinstance(value, list):
        listed = [_settled(inner, known) for inner in value]
        flags = [flag for _, flag in listed]
        return [inner for inner, _ in listed], flags if any(flags) else []
    return value, False


def _expression(value: Any) -> Any:
    """What a plan says of how a value is written."""
    if isinstance(value, Mapping):
        return {name: _expression(inner) for name, inner in value.items()}
    if isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        return [_expression(inner) for inner in value]
    named = [part for reference in _references([value]) for part in (reference.text, reference.name)]
    return {"references": named} if named else {"constant_value": value}


def _configure(document: Document, added: Added) -> None:
    """Say of a resource more what its configuration is."""
    module = document.configuration
    for name in module_names(added.module):
        call = module.module_calls.setdefault(name, ModuleCall())
        if call.module is None:
            call.module = Configuration()
        module = call.module
    name = f"{'data.' if added.mode == 'data' else ''}{added.type}.{added.name}"
    module.resources.append(Expressions(name, Raw(to_json(_expression(added.values)))))
