"""Plans as Terraform prints them, made of what is to be said of their resources."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def plan(resources: Mapping[str, Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """The plan of a new estate. A resource has `values`, by attribute, and `refs`: what is known once applied, with
    the references of its expression. `unset` are attributes that AWS chooses, `sensitive` those that are secret.
    """
    planned, changes, configured = [], [], {}
    for address, said in resources.items():
        base, index = _parts(address)
        type_, name = base.split(".")[-2:]
        values, refs = dict(said.get("values", {})), said.get("refs", {})
        unknown = {**dict.fromkeys(refs, True), **dict.fromkeys(said.get("unset", ()), True), "id": True}
        unknown.update(said.get("unknown", {}))
        head = {"address": address, "mode": "managed", "type": type_, "name": name}
        head |= {} if index is None else {"index": index}
        sensitive = dict.fromkeys(said.get("sensitive", ()), True)
        planned.append({**head, "values": values, "sensitive_values": sensitive})
        changes.append({**head, "change": {"actions": ["create"], "after": values, "after_unknown": unknown}})
        expressions = {key: {"constant_value": value} for key, value in values.items()}
        expressions |= {key: {"references": several} for key, several in refs.items()}
        expressions |= said.get("expressions", {})
        configured[base] = {
            "address": base,
            "mode": "managed",
            "type": type_,
            "name": name,
            "expressions": expressions,
        }
    return {
        "format_version": "1.2",
        "terraform_version": "1.13.4",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": list(configured.values())}},
        **more,
    }


def state(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The state of an estate that is there."""
    listed = []
    for address, values in resources.items():
        base, index = _parts(address)
        type_, name = base.split(".")[-2:]
        head = {"address": address, "mode": "managed", "type": type_, "name": name}
        head |= {} if index is None else {"index": index}
        listed.append({**head, "values": dict(values), "sensitive_values": {}})
    return {
        "format_version": "1.0",
        "terraform_version": "1.13.4",
        "values": {"root_module": {"resources": listed}},
    }


def _parts(address: str) -> tuple[str, Any]:
    match = re.fullmatch(r"(.+?)(?:\[(\"[^\"]*\"|\d+)\])?", address)
    assert match is not None, address
    return match[1], None if match[2] is None else json.loads(match[2])
