"""Writes `shapes.json`, the names of properties in the API's shape: `python -m tools.shapes FILE`.

For each resource type that is a row of a table, the properties that its resource schema (as cfn-lint ships it) and the
shape of the API's answer (as botocore has it) both have, nested: names that differ in nothing but the case of their
letters are the same. An entry is the API's name, or "api=Property" where the template spells it otherwise; "*" stands
for the keys of a map.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demarcate.base.files import write_whole
from demarcate.estate.sources.config.shapes import item_shape
from demarcate.estate.tables import all_tables
from demarcate.report.safe import json_text
from tests.estate.schemas import alternatives, schema

Tree = dict[str, Any]


def shapes() -> dict[str, Tree]:
    """The tree of each type."""
    trees: dict[str, Tree] = {}
    for table in all_tables().values():
        for type_ in table.types if table.steps else ():
            root = schema(type_)
            member, inside = table.alike
            shape = item_shape(table)
            shape = shape.members[member] if member else shape
            set_by_aws = {
                path.removeprefix("/properties/")
                for path in root.get("readOnlyProperties", ())
                if path.count("/") == 2
            }
            nodes = [root["properties"][inside]] if inside else [root]
            tree = _both(root, nodes, shape, frozenset(), set_by_aws)
            if tree:
                trees[type_] = trees.get(type_, {}) | ({inside: tree} if inside else tree)
    return dict(sorted(trees.items()))


def text() -> str:
    """What the file holds: a type a line."""
    lines = [f"{json_text(type_)}: {json_text(tree)}" for type_, tree in shapes().items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _both(
    root: dict[str, Any], nodes: Sequence[Any], shape: Any, above: frozenset[str], without: set[str]
) -> Tree:
    """The names that schema nodes and a shape both have. A shape that holds itself is followed once."""
    plain = [plain for node in nodes for plain in alternatives(root, node)]
    elements = [node["items"] for node in plain if "items" in node]
    if shape.type_name == "structure" and elements and "Items" in shape.members:  # as CloudFront says lists
        shape = shape.members["Items"]
    if shape.type_name == "list" or (shape.type_name == "map" and elements):
        return _both(root, elements, shape.member if shape.type_name == "list" else shape.value, above, set())
    if shape.type_name == "map":
        values = [value for node in plain for value in node.get("patternProperties", {}).values()]
        tree = _both(root, values, shape.value, above, set())
        return {"*": tree} if tree else {}
    if shape.type_name != "structure" or shape.name in above:
        return {}
    members = {name.lower(): name for name in shape.members}
    tree = {}
    for node in plain:
        for name, value in node.get("properties", {}).items():
            member = members.get(name.lower())
            if member is not None and name not in without:
                key = member if member == name else f"{member}={name}"
                tree[key] = tree.get(key, {}) | _both(
                    root, [value], shape.members[member], above | {shape.name}, set()
                )
    return dict(sorted(tree.items()))


def main(arguments: list[str]) -> None:
    """Write the file named."""
    if len(arguments) != 1:
        raise SystemExit("usage: python -m tools.shapes FILE")
    write_whole(Path(arguments[0]), text().encode())


if __name__ == "__main__":
    main(sys.argv[1:])
