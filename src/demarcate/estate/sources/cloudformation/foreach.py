"""Fn::ForEach: loops are unrolled before anything else is resolved, as CloudFormation does.

Source: "Fn::ForEach" in the AWS CloudFormation template reference. `${Name}` and `&{Name}` both stand for the
item; `&{Name}` leaves out what a logical id may not hold. Items must be known before deployment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demarcate.base.unknown import Unknown
from demarcate.estate.sources.cloudformation.intrinsics import resolve
from demarcate.estate.sources.cloudformation.reading import LOOP
from demarcate.estate.sources.cloudformation.values import Assigned, Scope, text_of


class LoopError(Exception):
    """A loop that cannot be unrolled. `keys` lead to it."""

    def __init__(self, message: str, keys: tuple[str, ...]) -> None:
        super().__init__(message)
        self.keys = keys


Entry = tuple[tuple[str, ...], str, Any]
"""The keys under which an entry stands in the text, its name once unrolled, and what it holds."""


def entries(section: dict[str, Any], scope: Scope) -> Iterator[Entry | LoopError]:
    """The entries of a section, loops unrolled. One that cannot be unrolled is yielded as its LoopError."""
    for key, value in section.items():
        try:
            if key.startswith(LOOP):
                yield from list(_unrolled((key,), value, value, scope))
            else:
                yield (key,), key, unrolled(value, scope)
        except LoopError as error:
            yield LoopError(str(error), error.keys or (key,))


def unrolled(value: Any, scope: Scope) -> Any:
    """Plain data with the loops inside it unrolled; a map whose loop's items are not known is Unknown.

    Raises LoopError for a loop that is not one.
    """
    if isinstance(value, list):
        return [unrolled(item, scope) if isinstance(item, (dict, list)) else item for item in value]
    if not isinstance(value, dict):
        return value
    members: dict[str, Any] = {}
    for key, item in value.items():
        if key.startswith(LOOP):
            identifier, items, body = _parts((), key, item, scope)
            if isinstance(items, Unknown):
                return items
            for text in items:
                members.update(unrolled(_put(body, identifier, text, scope), scope))
        else:
            members[key] = unrolled(item, scope) if isinstance(item, (dict, list)) else item
    return members


def _unrolled(keys: tuple[str, ...], value: Any, written: Any, scope: Scope) -> Iterator[Entry]:
    """The entries of a loop. `written` is the loop as in the text, without the items of the loops around it."""
    identifier, items, body = _parts(keys, keys[-1], value, scope)
    if isinstance(items, Unknown):
        raise LoopError(f"{keys[-1]} cannot be unrolled: {items.reason}", keys)
    for text in items:
        for (key, item), (written_key, written_item) in zip(body.items(), written[2].items(), strict=False):
            name = _put_text(key, identifier, text)
            put = _put(item, identifier, text, scope)
            if name.startswith(LOOP):
                yield from _unrolled((*keys, written_key), put, written_item, scope)
            else:
                yield (*keys, written_key), name, unrolled(put, scope)


def _parts(
    keys: tuple[str, ...], name: str, value: Any, scope: Scope
) -> tuple[str, list[str] | Unknown, dict[str, Any]]:
    if (
        not isinstance(value, list)
        or len(value) != 3
        or not isinstance(value[0], str)
        or not isinstance(value[2], dict)
    ):
        raise LoopError(f"{name} needs an identifier, a collection, and a mapping to repeat", keys)
    items = resolve(value[1], scope)
    if isinstance(items, Unknown):
        return value[0], items, value[2]
    if not isinstance(items, list):
        raise LoopError(f"{name} needs a list as its collection", keys)
    texts: list[str] = []
    for item in items:
        if isinstance(item, Unknown):
            return value[0], item, value[2]
        if isinstance(item, Assigned):
            return value[0], Unknown(f"{item} is only known at deployment"), value[2]
        text = text_of(item)
        if text is None:
            raise LoopError(f"{name} needs texts in its collection", keys)
        texts.append(text)
    return value[0], texts, value[2]


def _put_text(text: str, identifier: str, item: str) -> str:
    if "{" not in text:
        return text
    plain = "".join(char for char in item if char.isascii() and char.isalnum())
    return text.replace("${" + identifier + "}", item).replace("&{" + identifier + "}", plain)


def _put(value: Any, identifier: str, item: str, scope: Scope) -> Any:
    """The body of a loop for one item."""
    if not scope.spend(100):
        raise LoopError("its loops repeat too much", ())
    if isinstance(value, str):
        return _put_text(value, identifier, item)
    if isinstance(value, list):
        return [_put(member, identifier, item, scope) for member in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and value.get("Ref") == identifier:
        return item
    return {
        _put_text(key, identifier, item): _put(member, identifier, item, scope) for key, member in value.items()
    }
