"""CloudFormation's resource schemas, as cfn-lint ships them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any


@cache
def schema(type_: str) -> dict[str, Any]:
    """The schema of a resource type."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # which takes long to be imported

    return dict(PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_).schema)


def alternatives(root: dict[str, Any], node: Any) -> Iterator[dict[str, Any]]:
    """A schema node with its references followed and its alternatives laid out."""
    if not isinstance(node, dict):
        return
    if "$ref" in node:
        target: Any = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        yield from alternatives(root, target)
        return
    yield node
    for key in ("oneOf", "anyOf", "allOf"):
        for other in node.get(key, ()):
            yield from alternatives(root, other)
