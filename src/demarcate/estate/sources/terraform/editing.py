"""Edit one argument of a resource in Terraform's configuration, and leave all else as it is written.

Only what the resource's own block says as a literal, or does not say at all, is edited. What a variable, a module, a
loop or a dynamic block gives is told with its line. What an edit makes is read again, from the plan or state with the
values that are edited (`rereading.py`); whether it makes anything else, only Terraform can tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from demarcate.estate.schema.table import Column, Table
from demarcate.estate.sources.cloudformation.amending import NoWay, ways
from demarcate.estate.sources.cloudformation.editing import REMOVED, UNTOLD, NotEdited, Same
from demarcate.estate.sources.cloudformation.rereading import Reading
from demarcate.estate.sources.terraform import hcl
from demarcate.estate.sources.terraform.adding import carried, free_name, named_in, naming_attribute, with_block
from demarcate.estate.sources.terraform.configuration import MAX_FILES, files_in
from demarcate.estate.sources.terraform.configured import LOOPS, Configured, blocks_of, others_in
from demarcate.estate.sources.terraform.edits import Added, Edit, address_in, substituted
from demarcate.estate.sources.terraform.mapped import Mapped, all_mapped, attributes
from demarcate.estate.sources.terraform.referring import without_indexes
from demarcate.estate.sources.terraform.shaping import attribute_for, spelt

_ADDRESS: Final = re.compile(r"([\w-]+)\.([\w-]+)")
_NAME: Final = re.compile(r"(?<![\w.-])[A-Za-z_][\w-]*")
_REFERS: Final = re.compile(r'("\$\{)?[a-z][\w-]*\.[A-Za-z_][\w-]*(\.\w+)?(\}")?')


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
    parts = [mapped for mapped in parts if mapped.resource.partition("_")[0] == resource.partition("_")[0]]
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
    """Where an argument is, or would be written: in which file, and by the labels of its block.

    `completes` are the labels of the resource that the block completes, if it is not there yet and so has no labels of
    its own, and `taken` says of a name whether it has one.
    """

    file: str
    labels: tuple[str, ...]
    wanted: Wanted
    completes: tuple[str, ...] = ()
    taken: Callable[[str], bool] = lambda _: False


def places_of(
    reading: Reading, configured: Configured, file: str, address: str, several: Sequence[Wanted]
) -> list[Written]:
    """Where arguments of a resource that a file declares are, or would be written, the likeliest first.

    What is written already comes first, then what a resource of its own would say that is not there, then what its own
    block does not say yet. Raises NotEdited.
    """
    module = configured.home(file, address)
    match = _ADDRESS.fullmatch(address.removeprefix(f"{module}."))
    if match is None:
        _block(reading, file, tuple(without_indexes(address).split(".")[-2:]))  # which tells the line
        raise NotEdited(f"count or for_each makes it, and the edit would change others as well, at {file}")
    labels = (match[1], match[2])
    own = _block(reading, file, labels)
    told: list[Written] = []
    missing: list[Written] = []
    added: list[Written] = []
    for wanted in several:
        if not wanted.into:
            place = Written(file, own.labels, wanted)
            (told if _is_there(own, wanted.steps[0]) else added).append(place)
            continue
        parts = list(_parts(reading, configured, file, wanted, module, address))
        told += (Written(each, of_part, wanted) for each, of_part in parts)
        if not parts:
            taken = _taken(reading, configured, file, address, module, wanted.resource)
            missing.append(Written(file, (), wanted, labels, taken))
    older = [_says_itself(reading.text(file), own, place.wanted) for place in missing]
    lines = [line for line in older if line is not None]
    if lines and not told:
        raise NotEdited(f"its own block says it, in an older way, at {file}:{lines[0]}: edit that")
    missing = [place for place, line in zip(missing, older, strict=True) if line is None]
    if not (told or missing or added):
        raise NotEdited("no argument of its own says it")
    return [*told, *missing, *added]


def edited(reading: Reading, places: Sequence[Written], same: Same) -> tuple[int, str]:
    """The line and the text of a file with other values of arguments, all in it. Raises NotEdited."""
    file = places[0].file
    before = text = reading.text(file)
    lines = []
    for place in places:
        if not place.labels:
            continue
        text, line = _edited(text, file, block_in(text, file, place.labels), place.wanted, same)
        lines.append(line)
    missing: dict[str, list[Written]] = {}
    for place in places:
        if not place.labels:
            missing.setdefault(place.wanted.resource, []).append(place)
    for several in missing.values():
        text, line = _completed(text, file, several, same)
        lines.append(line)
    if text == before:
        raise NotEdited(f"{file}:{min(lines)} says so already: plan and apply it")
    return min(lines), text


def _completed(text: str, file: str, places: Sequence[Written], same: Same) -> tuple[str, int]:
    """The text with a resource that says what some places do: more of it where an edit has written it already."""
    wanted, completes = places[0].wanted, places[0].completes
    lines = []
    name = ".".join(completes)
    for block in blocks_of(text, file):
        if block.labels[:1] == (wanted.resource,) and _names(text, block, wanted.into, name):
            for place in places:
                text, line = _edited(text, file, block_in(text, file, block.labels), place.wanted, same)
                lines.append(line)
            return text, min(lines)
    values: dict[str, Any] = {}
    for place in places:
        if place.wanted.value is REMOVED:
            raise NotEdited(f"{wanted.resource} is not there, and would not say it")
        substituted(wanted.resource, values, place.wanted.steps, place.wanted.value)
    own = block_in(text, file, completes)
    reference = f"{name}.{naming_attribute(completes[0], wanted.into)}"
    head = {**carried(text, own, wanted.resource), wanted.into: reference}
    called = free_name(
        completes, wanted.resource, lambda name: places[0].taken(name) or _declares(text, wanted, name)
    )
    return with_block(text, file, own, (wanted.resource, called), head, values)


def _declares(text: str, wanted: Wanted, name: str) -> bool:
    return named_in(text, wanted.resource, name)


def _taken(
    reading: Reading, configured: Configured, file: str, address: str, module: str, resource: str
) -> Callable[[str], bool]:
    """Whether a resource of a kind has a name already in a module, or had it."""

    def taken(name: str) -> bool:
        folder = Path(file).parent
        if configured.has(file, address, address_in(module, f"{resource}.{name}")):
            return True
        paths = [*islice(files_in(folder, folder), MAX_FILES), *others_in(folder)]
        return any(named_in(reading.text(str(path)), resource, name) for path in paths)

    return taken


def _is_there(block: hcl.Block, name: str) -> bool:
    """Whether a block says something of an argument, or has a block of that name."""
    return any(
        item.name == name if isinstance(item, hcl.Argument) else name in (item.type, *item.labels)
        for item in block.items
    )


def _says_itself(text: str, own: hcl.Block, wanted: Wanted) -> int | None:
    """The line on which the block of a resource says what one that completes it would; None where it does not.

    Older versions of the provider have what is a resource of its own now in a block of the resource itself, under the
    first word of its name.
    """
    rest = wanted.resource.removeprefix(own.labels[0]).strip("_")
    for item in own.items:
        name = (
            item.name
            if isinstance(item, hcl.Argument)
            else item.labels[0]
            if item.type == "dynamic"
            else item.type
        )
        if name != "lifecycle" and name.partition("_")[0] == rest.partition("_")[0]:
            return hcl.line_at(text, item.begin)
    return None


def differing(file: str, module: str, before: str, after: str) -> Iterator[Edit | Added]:
    """What an edited file of a module says otherwise, and which resources it has more.

    Raises NotEdited where that is not plain.
    """
    then, now = ({_of_block(block): block for block in blocks_of(text, file)} for text in (before, after))
    try:
        for key, block in now.items():
            if block.type not in ("resource", "data") or len(block.labels) != 2:
                continue
            type_, name = block.labels
            if key not in then:
                values = _values(after, type_, block)
                mode = "data" if block.type == "data" else "managed"
                yield Added(file, module, mode, type_, name, values)
                continue
            was = dict(_written(before, (), then[key]))
            told = dict(_written(after, (), block))
            address = address_in(module, f"{type_}.{name}")
            for way in {**was, **told}:
                if was.get(way) != told.get(way):
                    value = hcl.literal(told[way]) if way in told else REMOVED
                    yield Edit(file, address, way, value)
    except hcl.NotUnderstood as error:
        raise NotEdited(f"the file is not plain enough to be edited: {error}") from error


def _of_block(block: hcl.Block) -> tuple[str, ...]:
    return (block.type, *block.labels)


def _written(text: str, way: tuple[str, ...], block: hcl.Block) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is written of each argument of a block, and of those in it."""
    for item in block.items:
        if isinstance(item, hcl.Argument):
            yield (*way, item.name), text[item.start : item.end]
        elif item.type != "dynamic":
            yield from _written(text, (*way, item.type), item)


def _values(text: str, resource: str, block: hcl.Block) -> dict[str, Any]:
    """The values that a block gives a resource."""
    values: dict[str, Any] = {}
    for item in block.items:
        if isinstance(item, hcl.Block):
            values.setdefault(item.type, []).append(_values(text, resource, item))
        elif item.name != "provider":
            values[item.name] = hcl.evaluated(text[item.start : item.end])
    return values


def _block(reading: Reading, file: str, labels: tuple[str, ...]) -> hcl.Block:
    """The block of a resource. Raises NotEdited where it is not declared once, or makes several."""
    return block_in(reading.text(file), file, labels)


def block_in(text: str, file: str, labels: tuple[str, ...]) -> hcl.Block:
    """The block of a resource in a text. Raises NotEdited where it is not declared once, or makes several."""
    chosen = [block for block in blocks_of(text, file) if block.type == "resource" and block.labels == labels]
    if len(chosen) != 1:
        raise NotEdited(f"{file} does not declare {'.'.join(labels)} once")
    for name in LOOPS:
        for argument in chosen[0].arguments(name):
            raise NotEdited(f"{name} makes several of it, at {file}:{hcl.line_at(text, argument.begin)}")
    return chosen[0]


def _parts(
    reading: Reading, configured: Configured, file: str, wanted: Wanted, module: str, address: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The blocks of a kind that complete a resource: those that the plan or state says, and those beside it that name
    it. Raises NotEdited where one that may be for it is not edited.
    """
    folder, name = Path(file).parent, address.removeprefix(f"{module}.")
    done = set[tuple[str, str]]()
    for other, of_other in configured.completing(file, address, wanted.resource, wanted.into):
        *_, type_, called = without_indexes(other).split(".")
        if of_other is None:
            raise NotEdited(f"{other} says it, which no configuration (.tf) beside it declares")
        configured.home(of_other, other)
        try:
            done.add((of_other, called))
            yield of_other, _block(reading, of_other, (type_, called)).labels
        except NotEdited as error:
            raise NotEdited(f"{other} says it: {error}") from error
    for path in islice(files_in(folder, folder), MAX_FILES):
        text = reading.text(str(path))
        if wanted.resource not in text:
            continue
        for block in blocks_of(text, str(path)):
            if block.type != "resource" or block.labels[:1] != (wanted.resource,):
                continue
            if (str(path), block.labels[-1]) in done:
                continue
            called = address_in(module, ".".join(block.labels))
            if _names(text, block, wanted.into, name):
                yield str(path), _block(reading, str(path), block.labels).labels
            elif not configured.has(file, address, called) and not _names_another(text, block, wanted.into):
                place = f"{path}:{hcl.line_at(text, block.begin)}"
                raise NotEdited(
                    f"{'.'.join(block.labels)} may be for it, at {place}: plan again, so that it is known"
                )


def _names(text: str, block: hcl.Block, into: str, name: str) -> bool:
    """Whether a block names a resource of its module in an argument."""
    told = [text[argument.start : argument.end] for argument in block.arguments(into)]
    return bool(told) and re.fullmatch(rf'("\$\{{)?{re.escape(name)}(\.\w+)?(\}}")?', told[0]) is not None


def _names_another(text: str, block: hcl.Block, into: str) -> bool:
    """Whether a block plainly names one resource in an argument, whichever it is."""
    told = [text[argument.start : argument.end] for argument in block.arguments(into)]
    return bool(told) and _REFERS.fullmatch(told[0]) is not None


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
