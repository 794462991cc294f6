"""Writes `forms.json`, the forms of the properties of templates: `python -m tools.forms FILE`.

For each resource type that tables read, what its resource schema (as cfn-lint ships it) says that a property is: a
text, a number, true or false, a list or an object, nested. What is said in one place and used in several, or inside of
itself, stands once, under its name. A property that may be of several forms has none: it is null.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from demarcate.base.files import write_whole
from demarcate.estate.sources.cloudformation.collect import types_read
from demarcate.report.safe import json_text
from tests.estate.schemas import alternatives, schema

TYPES: Final = {"string": "VARCHAR", "boolean": "BOOLEAN", "integer": "BIGINT", "number": "DOUBLE"}
"""What a schema calls a form, and what it is among the types of columns."""


def forms() -> dict[str, dict[str, Any]]:
    """By type, the forms that have a name; that of all properties has none ("")."""
    return {type_: _Named(schema(type_)).forms() for type_ in sorted(types_read())}


def text() -> str:
    """What the file holds: a type a line."""
    lines = [f"{json_text(type_)}: {json_text(named)}" for type_, named in forms().items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


class _Named:
    """The forms of one schema."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._named: dict[str, Any] = {}

    def forms(self) -> dict[str, Any]:
        whole = self._form(self._root)
        return {"": whole, **{name: form for name, form in sorted(self._named.items()) if isinstance(form, dict)}}

    def _form(self, node: Any) -> Any:
        if isinstance(node, dict) and "$ref" in node:
            return self._reference(node["$ref"].rpartition("/")[2], node)
        nodes = list(alternatives(self._root, node))
        types = {type_ for each in nodes for type_ in _types(each)}
        if len(types) != 1:
            return None
        [type_] = types
        if type_ == "array":
            return self._list([each["items"] for each in nodes if "items" in each])
        return self._object(nodes) if type_ == "object" else TYPES.get(type_)

    def _reference(self, name: str, node: dict[str, Any]) -> Any:
        if name not in self._named:
            self._named[name] = {}  # while its own members are looked at, which may be of it
            self._named[name] = self._form(next(alternatives(self._root, node)))
        form = self._named[name]
        return f"#{name}" if isinstance(form, dict) else form

    def _list(self, items: list[Any]) -> list[Any]:
        forms = [self._form(item) for item in items]
        return [forms[0] if forms and all(form == forms[0] for form in forms) else None]

    def _object(self, nodes: list[dict[str, Any]]) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for name, value in _members(nodes):
            form = self._form(value)
            members[name] = form if members.get(name, form) == form else None
        return {name: None if form in ({}, [None]) else form for name, form in sorted(members.items())}


def _types(node: dict[str, Any]) -> list[str]:
    """What a schema says that a value is; that of a schema with members is an object."""
    type_ = node.get("type", "object" if {"properties", "patternProperties"} & node.keys() else [])
    return [type_] if isinstance(type_, str) else list(type_)


def _members(nodes: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for node in nodes:
        yield from node.get("properties", {}).items()
        yield from (("*", value) for value in node.get("patternProperties", {}).values())


def main(arguments: list[str]) -> None:
    """Write the file named."""
    if len(arguments) != 1:
        raise SystemExit("usage: python -m tools.forms FILE")
    write_whole(Path(arguments[0]), text().encode())


if __name__ == "__main__":
    main(sys.argv[1:])
