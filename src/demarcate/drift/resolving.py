"""What a template leaves to deployment, once it is deployed: stand-ins with what the live estate has for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from demarcate.drift.columns import attribute_column, tables_by_type
from demarcate.drift.pairing import Stack
from demarcate.estate.schema.standins import StandIn

Lookup = Callable[[str, str, str], Any]
"""Gives a column of the live row of a table with a physical id: `lookup(table, physical_id, column)`; None where it is
not known."""


class Unresolved(Exception):
    """A stand-in of which the live estate does not tell what became of it; the text says why."""


class Resolver:
    """The stand-ins of one stack."""

    def __init__(self, stack: Stack, partition: str, lookup: Lookup) -> None:
        self._stack, self._lookup = stack, lookup
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        self._pseudo = {
            "AWS::AccountId": stack.account,
            "AWS::Region": stack.region,
            "AWS::Partition": partition,
            "AWS::StackId": stack.id,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": suffix,
        }

    def value(self, type_: str, value: Any, marks: Any) -> Any:
        """A column's value with its stand-ins resolved; `marks` says where they are. Raises Unresolved."""
        if marks is None:
            return value
        if type_ == "VARCHAR[]":
            return [item if mark is None else self.text(mark) for item, mark in zip(value, marks, strict=True)]
        if type_ == "JSON":
            document = json.loads(value) if isinstance(value, str) else value
            for pointer, written in marks.items():
                document = _with(document, pointer, self.text(written))
            return document
        return self.text(marks)

    def text(self, written: str) -> str:
        """What a stand-in is. Raises Unresolved."""
        return StandIn("", written).fill(self._named)

    def _named(self, name: str) -> str:
        label = name.rpartition("/")[2]
        if label in self._pseudo:
            return self._pseudo[label]
        logical, _, attribute = label.partition(".")
        physical = self._stack.resources.get(logical)
        if physical is None:
            raise Unresolved(f"the stack {self._stack.name} has no resource {logical}")
        if not attribute:
            return physical.id
        table = tables_by_type().get(physical.type)
        if table is None:
            raise Unresolved(f"no table holds {physical.type}, whose {attribute} it is")
        if attribute in table.ref_attributes:
            return physical.id
        column = attribute_column(table.name, attribute)
        value = self._lookup(table.name, physical.id, column) if column is not None else None
        if not isinstance(value, str):
            raise Unresolved(f"the live estate does not tell {label}")
        return value


def _with(document: Any, pointer: str, value: Any) -> Any:
    """A JSON document with another value at a pointer (RFC 6901)."""
    if not pointer:
        return value
    keys = [key.replace("~1", "/").replace("~0", "~") for key in pointer.removeprefix("/").split("/")]
    inside = document
    for key in keys[:-1]:
        inside = inside[int(key)] if isinstance(inside, list) else inside[key]
    if isinstance(inside, list):
        inside[int(keys[-1])] = value
    else:
        inside[keys[-1]] = value
    return document


def marks_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The stand-ins of a row, by column."""
    assigned = row.get("_assigned")
    return dict(json.loads(assigned)) if assigned else {}
