"""What an edited file of Terraform's configuration says otherwise than it is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from demarcate.estate.sources.cloudformation.editing import REMOVED, NotEdited
from demarcate.estate.sources.terraform import hcl
from demarcate.estate.sources.terraform.configured import blocks_of
from demarcate.estate.sources.terraform.edits import Added, Edit, More, Way, Which, address_in


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
            address = address_in(module, f"{type_}.{name}")
            for way, value in _others((before, then[key]), (after, block)):
                yield Edit(file, address, way, value)
    except hcl.NotUnderstood as error:
        raise NotEdited(f"the file is not plain enough to be edited: {error}") from error


def _of_block(block: hcl.Block) -> tuple[str, ...]:
    return (block.type, *block.labels)


_Told = tuple[str, hcl.Block]
"""A text, and a block in it."""


def _others(was: _Told, now: _Told) -> Iterator[tuple[Way, Any]]:
    """What a block says otherwise than it did: the way to each argument, and its value (or REMOVED, or More)."""
    before, after = (
        {item.name: text[item.start : item.end] for item in block.items if isinstance(item, hcl.Argument)}
        for text, block in (was, now)
    )
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            yield (name,), hcl.literal(after[name]) if name in after else REMOVED
    for type_ in dict.fromkeys(item.type for item in now[1].items if isinstance(item, hcl.Block)):
        olds, news = (block.blocks(type_) for block in (was[1], now[1]))
        for old, new in zip(olds, news, strict=False):
            step = type_ if len(olds) <= 1 else Which(type_, _same_literals((was[0], old), (now[0], new)))
            for way, value in _others((was[0], old), (now[0], new)):
                yield (step, *way), value
        for new in news[len(olds) :]:
            yield (type_,), More(_values(now[0], type_, new))


def _same_literals(was: _Told, now: _Told) -> tuple[tuple[str, Any], ...]:
    """The arguments of a block that are the same literal in both texts."""
    told = []
    for argument in (item for item in now[1].items if isinstance(item, hcl.Argument)):
        written = now[0][argument.start : argument.end]
        if [was[0][old.start : old.end] for old in was[1].arguments(argument.name)] == [written]:
            try:
                told.append((argument.name, hcl.literal(written)))
            except hcl.NotUnderstood:
                continue
    return tuple(told)


def _values(text: str, resource: str, block: hcl.Block) -> dict[str, Any]:
    """The values that a block gives a resource, as far as they are literals or name other resources."""
    values: dict[str, Any] = {}
    for item in block.items:
        if isinstance(item, hcl.Block):
            values.setdefault(item.type, []).append(_values(text, resource, item))
            continue
        with suppress(hcl.NotUnderstood):  # what is carried may be any expression
            values[item.name] = hcl.evaluated(text[item.start : item.end])
    values.pop("provider", None)
    return values
