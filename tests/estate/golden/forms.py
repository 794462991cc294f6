"""What a value may be, whoever models it: botocore's shapes and CloudFormation's schemas as one kind of tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name

from tests.estate.schemas import schema as schema_of

_LAST = re.compile(r"([A-Za-z0-9_:/-]+)((?:\[\d*\])*)$")
STEP = re.compile(r"([A-Za-z0-9_:/-]+)|\[(\d*)\]")
_KINDS = {
    "structure": "object",
    "string": "text",
    "character": "text",
    "integer": "number",
    "long": "number",
    "float": "fraction",
    "double": "fraction",
    "timestamp": "moment",
    "blob": "bytes",
    "boolean": "boolean",
    "list": "list",
    "map": "map",
}


@dataclass(frozen=True, slots=True)
class Form:
    """A value's kind ("object", "list", "map", "text", "number", "fraction", "moment", "bytes", "boolean", "any").

    `name` is the model's own. `members` are an object's, `item` is a list's or a map's, `values` all that a text may
    be, where that is not everything.
    """

    kind: str
    name: str
    members: Callable[[], Mapping[str, Form]] = dict
    item: Callable[[], Form] | None = None
    values: tuple[str, ...] = ()

    def within(self, name: str) -> Form | None:
        """The form of a member; None where there is none."""
        if self.kind == "map" and self.item is not None:
            return self.item()
        return self.members().get(name)

    @property
    def alike(self) -> tuple[str, ...]:
        """What another member must have in common with this one to be taken for it."""
        return (self.kind, *(self.item().alike if self.item is not None else ()))


def at(form: Form, path: str) -> Form | None:
    """The form at a path; None where there is none."""
    here: Form | None = form
    for name, _ in STEP.findall(path) if path != "@" else ():
        if here is None:
            return None
        here = here.within(name) if name else here.item() if here.item is not None else None
    return here


def siblings(form: Form, path: str) -> Iterator[str]:
    """The names that could stand in a path in place of its last name: of other members of the same type."""
    last = _LAST.search(path)
    parent = at(form, path[: last.start()].rstrip(".") or "@") if last is not None else None
    target = parent.within(last[1]) if parent is not None and last is not None else None
    if parent is None or last is None or target is None:
        return
    for name, member in parent.members().items():
        if name != last[1] and member.alike == target.alike:
            yield name


def renamed(path: str, name: str) -> str:
    """A path with another last name.

    >>> renamed("Rules[].Actions[0]", "Tests")
    'Rules[].Tests[0]'
    """
    return _LAST.sub(lambda last: name + last[2], path)


# --- botocore -----------------------------------------------------------------------------------------------


@cache
def answer_of(operation: str) -> Form:
    """The form of an operation's answer ("ec2.describe_volumes")."""
    service, _, method = operation.partition(".")
    model = _session().get_service_model(service)
    name = next(name for name in model.operation_names if xform_name(name) == method)
    return _of_shape(service, model.operation_model(name).output_shape)


@cache
def _session() -> Any:
    return botocore.session.get_session()


def _of_shape(service: str, shape: Any) -> Form:
    kind = _KINDS[shape.type_name]
    item = getattr(shape, "value" if kind == "map" else "member", None)
    members = shape.members if kind == "object" else {}
    return Form(
        kind,
        f"{service}.{shape.name}",
        cache(lambda: {name: _of_shape(service, member) for name, member in members.items()}),
        None if item is None else cache(lambda: _of_shape(service, item)),
        tuple(shape.enum) if kind == "text" else (),
    )


# --- CloudFormation -----------------------------------------------------------------------------------------


@cache
def properties_of(type_: str) -> Form:
    """The form of the properties of a type of resources ("AWS::EC2::Volume"), without those that it only gives."""
    schema = schema_of(type_)
    given = {name.removeprefix("/properties/") for name in schema.get("readOnlyProperties", ())}
    taken = {name: node for name, node in schema.get("properties", {}).items() if name not in given}
    return _Schema(type_, schema).form({**schema, "properties": taken}, type_)


@dataclass(frozen=True, slots=True)
class _Schema:
    type: str
    root: dict[str, Any]

    def form(self, node: dict[str, Any], name: str) -> Form:
        """The form of a node: of its alternatives all members, and else the first that says what it is."""
        nodes = [*self._alternatives(node)]
        members = {key: member for part in reversed(nodes) for key, member in part.get("properties", {}).items()}
        if members:
            return Form("object", name, cache(lambda: self._members(members, name)))
        for kind in ("array", "boolean", "integer", "number", "string", "object"):
            if kind == "string" and any("object" in _types(part) for part in nodes):
                continue  # a document, which may be written as text
            for part in nodes:
                if kind in _types(part):
                    return self._plain(kind, part, name)
        return Form("any", name)

    def _plain(self, kind: str, node: dict[str, Any], name: str) -> Form:
        if kind == "array":
            return Form("list", name, item=cache(lambda: self._named(node.get("items", {}), f"{name}[]")))
        if kind == "object":
            values = [*node.get("patternProperties", {}).values()]
            if not values:
                return Form("any", name)
            return Form("map", name, item=cache(lambda: self._named(values[0], f"{name}[]")))
        if kind == "string":
            moment = node.get("format") == "date-time"
            return Form("moment" if moment else "text", name, values=tuple(map(str, node.get("enum", ()))))
        return Form("number" if kind in ("integer", "number") else kind, name)

    def _members(self, members: Mapping[str, Any], name: str) -> dict[str, Form]:
        return {key: self._named(node, f"{name}.{key}") for key, node in members.items()}

    def _named(self, node: Any, name: str) -> Form:
        """A node under the name of the definition that it refers to, or else of where it is."""
        node = node if isinstance(node, dict) else {}
        reference = str(node.get("$ref", ""))
        return self.form(node, f"{self.type}.{reference.rpartition('/')[2]}" if reference else name)

    def _alternatives(self, node: Any) -> list[dict[str, Any]]:
        if not isinstance(node, dict):
            return []
        if "$ref" in node:
            target: Any = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            return self._alternatives(target)
        return [
            node,
            *(
                alternative
                for key in ("oneOf", "anyOf", "allOf")
                for n in node.get(key, ())
                for alternative in self._alternatives(n)
            ),
        ]


def _types(node: dict[str, Any]) -> tuple[str, ...]:
    told = node.get("type", ())
    return (told,) if isinstance(told, str) else tuple(told)
