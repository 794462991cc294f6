"""Edit one argument of a resource in Terraform's configuration, and leave all else as it is written.

Only what the resource's own block says as a literal, or does not say at all, is edited. What a variable, a module, a
loop or a dynamic block gives is told with its line. What an edit makes is read again, from the plan or state with the
values that are edited (`rereading.py`); whether it makes anything else, only Terraform can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from demarcate.estate.schema.table import Column, Table
from demarcate.estate.sources.cloudformation.amending import NoWay, ways
from demarcate.estate.sources.cloudformation.editing import REMOVED, UNTOLD, NotEdited, Same
from demarcate.estate.sources.cloudformation.rereading import Reading
from demarcate.estate.sources.terraform import hcl
from demarcate.estate.sources.terraform.configuration import MAX_FILES, files_in
from demarcate.estate.sources.terraform.mapped import Mapped, all_mapped, attributes
from demarcate.estate.sources.terraform.shaping import attribute_for, spelt

_ADDRESS: Final = re.compile(r"([\w-]+)\.([\w-]+)")
_NAME: Final = re.compile(r"(?<![\w.-])[A-Za-z_][\w-]*")
_LOOPS: Final = ("count", "for_each")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An argument of a kind of resource, by the blocks that it is in, and what it is to be. `into` is the argument that
    names the resource which it completes; empty where it is that resource's own.
    """

    resource: str
    into: str
    steps: tuple[str, ...]
    value: Any
    declared: Any


def wanted_of(table: Table, column: Column, value: Any, declared: Any, resource: str) -> Iterator[Wanted]:
    """The arguments by which a `resource` of a provider, or what completes it, would declare a column's value.

    Each is a supposition: whoever edits by one reads again what that makes. Raises NotEdited where there is none.
    """
    made = all_mapped()
    types = {mapped.type for mapped in made.get(resource, ()) if not mapped.into}
    own = [mapped for mapped in made.get(resource, ()) if not mapped.into and not mapped.at]
    parts = [mapped for several in made.values() for mapped in several if mapped.into and mapped.type in types]
    try:
        for way in ways(table, column, value, declared):
            for mapped in (*parts, *own):
                steps = _steps(mapped, way.path)
                if steps is not None:
                    yield Wanted(mapped.resource, mapped.into, steps, way.value, way.declared)
    except NoWay as error:
        raise NotEdited(str(error)) from error


def _steps(mapped: Mapped, path: str) -> tuple[str, ...] | None:
    """The blocks and the argument that tell a property; None where none does.

    Where a function of several tells it, those are supposed that are spelt as it is.
    """
    tree: Any = attributes().get(mapped.resource, {})
    steps: list[str] = []
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
        way = attribute_for(mapped, name, here, attributes_)
        way = spelt(name, attributes_) if callable(way) else way
        if not isinstance(way, str) or way == "@":
            return None
        for part in way.split("."):
            tree = tree.get(part, {}) if isinstance(tree, dict) else {}
            tree = tree[0] if isinstance(tree, list) and tree and isinstance(tree[0], dict) else tree
            steps.append(part)
    return tuple(steps) if steps else None


@dataclass(frozen=True, slots=True)
class Written:
    """Where an argument is, or would be written: in which file, and by the labels of its block."""

    file: str
    labels: tuple[str, ...]
    wanted: Wanted


def places_of(reading: Reading, file: str, address: str, several: Sequence[Wanted]) -> list[Written]:
    """Where arguments of a resource that a file declares are written. Raises NotEdited."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        why = "a module" if address.startswith("module.") else "count or for_each"
        raise NotEdited(f"{why} makes it, and the edit would change others as well")
    own = _block(reading, file, (match[1], match[2]))
    places: list[Written] = []
    for wanted in several:
        if wanted.into:
            places += (Written(each, labels, wanted) for each, labels in _parts(reading, file, wanted, address))
        else:
            places.append(Written(file, own.labels, wanted))
    if not places:
        names = sorted({wanted.resource for wanted in several})
        raise NotEdited(
            f"{' or '.join(names)} would say it, and there is none" if names else "no argument of its own says it"
        )
    return places


def edited(reading: Reading, place: Written, same: Same) -> tuple[int, str]:
    """The line and the text of a file with another value of an argument. Raises NotEdited."""
    block = _block(reading, place.file, place.labels)
    before = reading.text(place.file)
    text, line = _edited(before, place.file, block, place.wanted, same)
    if text == before:
        raise NotEdited(f"{place.file}:{line} says so already: plan and apply it")
    return line, text


def differing(before: str, after: str) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """The arguments of resources that are others in an edited file: the address, the way, and the value (or REMOVED).

    Raises NotEdited where that is not plain.
    """
    try:
        then, now = (dict(_literals(text)) for text in (before, after))
        for key in {**then, **now}:
            if then.get(key) != now.get(key):
                yield *key, hcl.literal(now[key]) if key in now else REMOVED
    except hcl.NotUnderstood as error:
        raise NotEdited(f"the file is not plain enough to be edited: {error}") from error


def _literals(text: str) -> Iterator[tuple[tuple[str, tuple[str, ...]], str]]:
    """What is written of each argument of each resource."""
    for block in hcl.blocks(text):
        if block.type == "resource" and len(block.labels) == 2:
            yield from _within(text, ".".join(block.labels), (), block)


def _within(
    text: str, address: str, way: tuple[str, ...], block: hcl.Block
) -> Iterator[tuple[tuple[str, tuple[str, ...]], str]]:
    for item in block.items:
        if isinstance(item, hcl.Argument):
            yield (address, (*way, item.name)), text[item.start : item.end]
        elif item.type != "dynamic":
            yield from _within(text, address, (*way, item.type), item)


def substituted(resource: str, values: dict[str, Any], way: Sequence[str], value: Any) -> None:
    """Put a value in the place of what a resource has there, as a plan would have it."""
    tree: Any = attributes().get(resource, {})
    inside: Any = values
    for step in way[:-1]:
        tree = tree.get(step) if isinstance(tree, dict) else None
        listed = isinstance(tree, list)
        inner = inside.get(step)
        if not inner:
            inner = inside[step] = [{}] if listed else {}
        inside = inner[0] if isinstance(inner, list) else inner
        tree = tree[0] if isinstance(tree, list) and tree else tree
        if not isinstance(inside, dict):
            return
    if value is REMOVED:
        inside.pop(way[-1], None)
    else:
        inside[way[-1]] = value


def _block(reading: Reading, file: str, labels: tuple[str, ...]) -> hcl.Block:
    """The block of a resource. Raises NotEdited where it is not declared once, or makes several."""
    text = reading.text(file)
    chosen = [block for block in _blocks(text, file) if block.type == "resource" and block.labels == labels]
    if len(chosen) != 1:
        raise NotEdited(f"{file} does not declare {'.'.join(labels)} once")
    for name in _LOOPS:
        for argument in chosen[0].arguments(name):
            raise NotEdited(f"{name} makes several of it, at {file}:{hcl.line_at(text, argument.begin)}")
    return chosen[0]


def _blocks(text: str, file: str) -> tuple[hcl.Block, ...]:
    try:
        return hcl.blocks(text)
    except hcl.NotUnderstood as error:
        raise NotEdited(f"{file}: {error}") from error


def _parts(reading: Reading, file: str, wanted: Wanted, address: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The blocks of a kind that complete a resource, in the files beside its own."""
    folder = Path(file).parent
    names = re.compile(rf"{re.escape(address)}(\.(id|bucket|arn|name))?")
    for path in islice(files_in(folder, folder), MAX_FILES):
        text = reading.text(str(path))
        if wanted.resource not in text:
            continue
        for block in _blocks(text, str(path)):
            if block.type == "resource" and block.labels[:1] == (wanted.resource,):
                told = [text[argument.start : argument.end] for argument in block.arguments(wanted.into)]
                if told and names.fullmatch(told[0]):
                    yield str(path), block.labels


def _edited(text: str, file: str, block: hcl.Block, wanted: Wanted, same: Same) -> tuple[str, int]:
    """The text with another value of an argument, and the line that is edited. Raises NotEdited."""
    *above, last = wanted.steps
    if (line := _ignored(text, block, wanted.steps[0])) is not None:
        raise NotEdited(f"its lifecycle ignores changes of {wanted.steps[0]}, at {file}:{line}: edit that first")
    missing: list[str] = []
    for number, step in enumerate(above):
        for item in block.items:
            at = f"{file}:{hcl.line_at(text, item.begin)}"
            if isinstance(item, hcl.Argument) and item.name == step:
                raise NotEdited(f"{step} is given as a whole, at {at}")
            if isinstance(item, hcl.Block) and item.type == "dynamic" and item.labels == (step,):
                raise NotEdited(f"a dynamic block makes {step}, at {at}")
        inner = block.blocks(step)
        if len(inner) > 1:
            raise NotEdited(f"there are {len(inner)} blocks {step}, at {file}:{hcl.line_at(text, inner[0].begin)}")
        if not inner:
            missing = above[number:]
            break
        (block,) = inner
    try:
        value = None if wanted.value is REMOVED else hcl.written(wanted.value)
    except hcl.NotUnderstood as error:
        raise NotEdited(f"{last}: {error}") from error
    there = [] if missing else block.arguments(last)
    if there:
        argument = there[0]
        line = hcl.line_at(text, argument.begin)
        expression = text[argument.start : argument.end]
        try:
            now = hcl.literal(expression)
        except hcl.NotUnderstood as error:
            raise NotEdited(
                f"{last} is given by {expression.split()[0][:60]}, at {file}:{line}: edit that"
            ) from error
        if wanted.declared is not UNTOLD and wanted.declared is not None and not same(now, wanted.declared):
            raise NotEdited(f"{file}:{line}: {last} is not what was compared: it was edited since")
        if value is not None:
            return text[: argument.start] + value + text[argument.end :], line
        return _without(text, argument), line
    if value is None:
        raise NotEdited(f"{last} is not written in it")
    return _added(text, block, missing, f"{last} = {value}")


def _ignored(text: str, block: hcl.Block, name: str) -> int | None:
    """The line on which a resource says that changes of an argument are not made; None where it does not."""
    for lifecycle in block.blocks("lifecycle"):
        for argument in lifecycle.arguments("ignore_changes"):
            if {name, "all"} & set(_NAME.findall(text[argument.start : argument.end])):
                return hcl.line_at(text, argument.begin)
    return None


def _without(text: str, argument: hcl.Argument) -> str:
    begin = text.rfind("\n", 0, argument.begin) + 1
    end = text.find("\n", argument.end) + 1 or len(text)
    if text[begin : argument.begin].strip() or text[argument.end : end].strip():
        return text[: argument.begin] + text[argument.end :]
    return text[:begin] + text[end:]


def _added(text: str, block: hcl.Block, missing: Sequence[str], argument: str) -> tuple[str, int]:
    """The text with an argument more at the end of a block, in blocks that are not there yet, and its line."""
    first = hcl.line_at(text, block.start)
    if first == hcl.line_at(text, block.end) and (missing or text[block.start : block.end].strip()):
        raise NotEdited(f"its block is written on one line, {first}: edit it by hand")
    own = text[text.rfind("\n", 0, block.begin) + 1 : block.begin]
    indent = own if not own.strip() else ""
    ends = "\r\n" if "\r\n" in text else "\n"
    lines = [f"{indent}{'  ' * (depth + 1)}{name} {{" for depth, name in enumerate(missing)]
    lines.append(f"{indent}{'  ' * (len(missing) + 1)}{argument}")
    lines += [f"{indent}{'  ' * (depth + 1)}}}" for depth in reversed(range(len(missing)))]
    if first == hcl.line_at(text, block.end):
        new = ends + "".join(line + ends for line in lines) + indent
        return text[: block.start] + new + text[block.end :], first + 1
    begin = text.rfind("\n", 0, block.end) + 1
    if text[begin : block.end].strip():
        raise NotEdited(f"its block ends behind an argument, on line {hcl.line_at(text, block.end)}")
    return text[:begin] + "".join(line + ends for line in lines) + text[begin:], hcl.line_at(text, begin)
