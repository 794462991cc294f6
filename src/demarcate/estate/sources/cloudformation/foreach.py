"""Fn::ForEach: loops are unrolled before anything else is resolved, as CloudFormation does.

Source: "Fn::ForEach" in the AWS CloudFormation template reference. `${Name}` and `&{Name}` both stand for the
item; `&{Name}` leaves out what a logical id may not hold. Items must be known before deployment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation.budget import CHARACTER, STEP, TOO_MUCH, VALUE, Exhausted
from demarcate.estate.sources.cloudformation.intrinsics import resolve
from demarcate.estate.sources.cloudformation.reading import LOOP
from demarcate.estate.sources.cloudformation.values import Assigned, Resolver, text_of


class LoopError(Exception):
    """A loop that cannot be unrolled. `keys` lead to it."""

    def __init__(self, kind: Kind, message: str, keys: tuple[str, ...]) -> None:
        super().__init__(message)
        self.kind, self.keys = kind, keys


Entry = tuple[tuple[str, ...], str, Any]
"""The keys under which an entry stands in the text, its name once unrolled, and what it holds."""


def entries(section: dict[str, Any], scope: Resolver) -> Iterator[Entry | LoopError]:
    """The entries of a section, loops unrolled. One that cannot be unrolled is yielded as its LoopError."""
    for key, value in section.items():
        try:
            if key.startswith(LOOP):
                yield from list(_unrolled((key,), value, value, scope))
            else:
                yield (key,), key, unrolled(value, scope)
        except LoopError as error:
            yield LoopError(error.kind, str(error), error.keys or (key,))
        except Exhausted:
            yield LoopError(Kind.TOO_MUCH, f"{key} cannot be unrolled: {TOO_MUCH}", (key,))


def unrolled(value: Any, scope: Resolver) -> Any:
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
                repeated = unrolled(_Item(identifier, text, scope).put(body), scope)
                if isinstance(repeated, Unknown):  # of a loop inside, its items are not known
                    return repeated
                members.update(repeated)
        else:
            members[key] = unrolled(item, scope) if isinstance(item, (dict, list)) else item
    return members


def _unrolled(keys: tuple[str, ...], value: Any, written: Any, scope: Resolver) -> Iterator[Entry]:
    """The entries of a loop. `written` is the loop as in the text, without the items of the loops around it."""
    identifier, items, body = _parts(keys, keys[-1], value, scope)
    if isinstance(items, Unknown):
        raise LoopError(items.kind, f"{keys[-1]} cannot be unrolled: {items.reason}", keys)
    for text in items:
        put = _Item(identifier, text, scope)
        for (key, item), (written_key, written_item) in zip(body.items(), written[2].items(), strict=False):
            name = put.put_text(key)
            if name.startswith(LOOP):
                yield from _unrolled((*keys, written_key), put.put(item), written_item, scope)
            else:
                yield (*keys, written_key), name, unrolled(put.put(item), scope)


def _parts(
    keys: tuple[str, ...], name: str, value: Any, scope: Resolver
) -> tuple[str, list[str] | Unknown, dict[str, Any]]:
    if (
        not isinstance(value, list)
        or len(value) != 3
        or not isinstance(value[0], str)
        or not isinstance(value[2], dict)
    ):
        raise LoopError(Kind.MALFORMED, f"{name} needs an identifier, a collection, and a mapping to repeat", keys)
    items = resolve(value[1], scope)
    if isinstance(items, Unknown):
        return value[0], items, value[2]
    if not isinstance(items, list):
        raise LoopError(Kind.MALFORMED, f"{name} needs a list as its collection", keys)
    texts: list[str] = []
    for item in items:
        if isinstance(item, Unknown):
            return value[0], item, value[2]
        if isinstance(item, Assigned):
            return value[0], Unknown(Kind.DEPLOYMENT, f"{item} is only known at deployment"), value[2]
        text = text_of(item)
        if text is None:
            raise LoopError(Kind.MALFORMED, f"{name} needs texts in its collection", keys)
        texts.append(text)
    return value[0], texts, value[2]


class _Item:
    """One item of a loop, to be put into the body."""

    def __init__(self, identifier: str, text: str, scope: Resolver) -> None:
        scope.spend(STEP + len(text))
        name = "".join([char for char in text if char.isascii() and char.isalnum()])
        self._identifier, self._text, self._scope = identifier, text, scope
        self._marks = (("${" + identifier + "}", text), ("&{" + identifier + "}", name))

    def put_text(self, text: str) -> str:
        self._scope.spend(VALUE + len(text))
        if "{" not in text:
            return text
        for mark, instead in self._marks:
            count = text.count(mark)
            if count:
                self._scope.spend(CHARACTER * (len(text) + count * len(instead)))
                text = text.replace(mark, instead)
        return text

    def put(self, value: Any) -> Any:
        """The body of a loop for this item. Raises Exhausted."""
        if isinstance(value, str):
            return self.put_text(value)
        if isinstance(value, list):
            self._scope.spend(STEP + VALUE * len(value))
            return [self.put(member) for member in value]
        if not isinstance(value, dict):
            return value
        self._scope.spend(STEP)
        if len(value) == 1 and value.get("Ref") == self._identifier:
            return self._text
        return {self.put_text(key): self.put(member) for key, member in value.items()}
