"""Edit one argument of a block of Terraform's configuration, in its text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from demarcate.estate.sources.cloudformation.editing import REMOVED, UNTOLD, NotEdited, Same
from demarcate.estate.sources.terraform import hcl
from demarcate.estate.sources.terraform.configured import LOOPS, blocks_of
from demarcate.estate.sources.terraform.wanted import Wanted

_NAME: Final = re.compile(r"(?<![\w.-])[A-Za-z_][\w-]*")


def block_in(text: str, file: str, labels: tuple[str, ...]) -> hcl.Block:
    """The block of a resource in a text. Raises NotEdited where it is not declared once, or makes several."""
    chosen = [block for block in blocks_of(text, file) if block.type == "resource" and block.labels == labels]
    if len(chosen) != 1:
        raise NotEdited(f"{file} does not declare {'.'.join(labels)} once")
    for name in LOOPS:
        for argument in chosen[0].arguments(name):
            raise NotEdited(f"{name} makes several of it, at {file}:{hcl.line_at(text, argument.begin)}")
    return chosen[0]


def with_argument(text: str, file: str, block: hcl.Block, wanted: Wanted, same: Same) -> tuple[str, int]:
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
        if wanted.which and not wanted.into and number == 0:
            inner = [each for each in inner if is_which(text, file, each, wanted.which)]
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
        if wanted.joined and isinstance(now, list):
            value = hcl.written([*now, *(item for item in wanted.value if item not in now)])
        if value is not None:
            return text[: argument.start] + value + text[argument.end :], line
        return _without(text, argument), line
    if value is None:
        raise NotEdited(f"{last} is not written in it")
    which = wanted.which if missing == above and not wanted.into else {}
    more = {**{name: hcl.written(told) for name, told in which.items()}, last: value}
    longest = max(map(len, more))
    return _added(text, block, missing, [f"{name:<{longest}} = {told}" for name, told in more.items()])


def is_which(text: str, file: str, block: hcl.Block, which: Mapping[str, Any]) -> bool:
    """Whether a block says of itself what is asked. Raises NotEdited where it may, by an expression."""
    same = True
    for name, value in which.items():
        for argument in block.arguments(name):
            try:
                same = same and hcl.literal(text[argument.start : argument.end]) == value
            except hcl.NotUnderstood as error:
                place = f"{file}:{hcl.line_at(text, argument.begin)}"
                raise NotEdited(f"{block.type} at {place} may say it: its {name} is no literal") from error
        same = same and bool(block.arguments(name))
    return same


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


def _added(text: str, block: hcl.Block, missing: Sequence[str], arguments: Sequence[str]) -> tuple[str, int]:
    """The text with arguments more at the end of a block, in blocks that are not there yet, and their line."""
    first = hcl.line_at(text, block.start)
    if first == hcl.line_at(text, block.end) and (missing or text[block.start : block.end].strip()):
        raise NotEdited(f"its block is written on one line, {first}: edit it by hand")
    own = text[text.rfind("\n", 0, block.begin) + 1 : block.begin]
    indent = own if not own.strip() else ""
    ends = "\r\n" if "\r\n" in text else "\n"
    lines = [f"{indent}{'  ' * (depth + 1)}{name} {{" for depth, name in enumerate(missing)]
    lines += [f"{indent}{'  ' * (len(missing) + 1)}{argument}" for argument in arguments]
    lines += [f"{indent}{'  ' * (depth + 1)}}}" for depth in reversed(range(len(missing)))]
    if first == hcl.line_at(text, block.end):
        new = ends + "".join(line + ends for line in lines) + indent
        return text[: block.start] + new + text[block.end :], first + 1
    begin = text.rfind("\n", 0, block.end) + 1
    if text[begin : block.end].strip():
        raise NotEdited(f"its block ends behind an argument, on line {hcl.line_at(text, block.end)}")
    return text[:begin] + "".join(line + ends for line in lines) + text[begin:], hcl.line_at(text, begin)
