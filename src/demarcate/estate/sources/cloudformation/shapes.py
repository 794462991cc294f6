"""Templates in the API's shape: properties get the names that the API gives the same things.

A template says `RoleArn` where the answer of EKS says `roleArn`, and `KMSKeyId` where that of CloudTrail says
`KmsKeyId`. Which names are the same thing is data (`shapes.json`, written by `make shapes` from botocore's models and
CloudFormation's resource schemas). Keys of maps are data of the template's, and stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from demarcate.estate.schema.table import Column, From, Table

_FILE = Path(__file__).with_name("shapes.json")
_ELEMENT = re.compile(r"\[\d*\]")

Tree = Mapping[str, Any]


@cache
def _shapes() -> Mapping[str, Tree]:
    return msgspec.json.decode(_FILE.read_bytes(), type=dict[str, dict[str, Any]])


def place_of(table: Table, column: Column) -> From | None:
    """Where a resource in the API's shape has a column; None where no template tells it.

    It is where the table says, in the words of templates; or else where the API has it, if a template can.
    """
    place = column.place("cloudformation")
    if place is None:
        live = column.place("live")
        path = _declared(table, live.path) if live is not None else None
        if live is None or path is None or not _is_told(table.types, path):
            return None
        return structs.replace(live, path=path, said=_in_words(table.types[0], path))
    if place.path.startswith(("#", "@")) or not table.types:
        return place
    return structs.replace(place, path=_translated(_names(table.types[0]), place.path), said=place.path)


def _declared(table: Table, path: str) -> str | None:
    """Where a template would have what the API has at a path, in the words of the API; None where it is not alike."""
    member, property_ = table.alike
    if member and not path.startswith(f"{member}."):
        return None
    below = path.removeprefix(f"{member}.") if member else path
    return f"{property_}.{below}" if property_ else below


@cache
def _is_told(types: tuple[str, ...], path: str) -> bool:
    return bool(types) and all(_leads(_shapes().get(type_, {}), path) for type_ in types)


def _leads(tree: Tree, path: str) -> bool:
    for step in _ELEMENT.sub("", path).split("."):
        inner = next((inner for key, inner in tree.items() if key.partition("=")[0] == step), tree.get("*"))
        if inner is None:
            return False
        tree = inner
    return True


def _translated(names: _Names | None, path: str) -> str:
    """A path in the words of templates, in those of the API."""
    steps = path.split(".")
    for number, step in enumerate(steps):
        if names is None:
            break
        name, _, element = step.partition("[")
        own, names = names.own.get(name, names.own.get("*", (name, None)))
        steps[number] = (name if own == "*" else own) + ("[" + element if element else "")
    return ".".join(steps)


@cache
def _in_words(type_: str, path: str) -> str:
    """A path of a type of resource in the words of the API, in those of templates."""
    tree, steps = _shapes()[type_], path.split(".")
    for number, step in enumerate(steps):
        name, bracket, element = step.partition("[")
        key, tree = next(
            (item for item in tree.items() if item[0].partition("=")[0] == name), (name, tree.get("*", {}))
        )
        steps[number] = key.rpartition("=")[2] + bracket + element
    return ".".join(steps)


def in_words_of(type_: str, path: str, value: Any) -> Any:
    """What a column has from a property at a path (in the words of templates), in those words again.

    >>> in_words_of("AWS::EKS::Cluster", "Logging", {"clusterLogging": []})
    {'ClusterLogging': []}
    """
    tree: Tree = _shapes().get(type_, {})
    for step in _ELEMENT.sub("", path).split("."):
        tree = next((below for key, below in tree.items() if key.rpartition("=")[2] == step), tree.get("*", {}))
    return _worded(value, tree)


def _worded(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [_worded(item, tree) for item in value]
    if not isinstance(value, dict) or not tree:
        return value
    words = {key.partition("=")[0]: (key.rpartition("=")[2], below) for key, below in tree.items()}
    worded: dict[str, Any] = {}
    for key, item in value.items():
        name, below = words.get(key, (key, tree.get("*", {})))
        worded[name] = _worded(item, below)
    return worded


class _Names(NamedTuple):
    """What is to be renamed in an object: the API's name of a property and what is to be renamed below it, by the name
    of the property; and the names that only the API has.
    """

    own: Mapping[str, tuple[str, _Names | None]]
    foreign: frozenset[str]


@cache
def _names(type_: str) -> _Names | None:
    return _renamed(_shapes().get(type_, {}))


def _renamed(tree: Tree) -> _Names | None:
    """What is to be renamed in a tree; None where nothing is."""
    names: dict[str, tuple[str, _Names | None]] = {}
    for key, inner in tree.items():
        name, _, property_ = key.partition("=")
        below = _renamed(inner)
        if property_ or below is not None:
            names[property_ or name] = (name, below)
    return _Names(names, frozenset(name for name, _ in names.values()).difference(names)) if names else None


def in_api_shape(type_: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties of a resource under the API's names. A name that only the API has is no property: it is left out.

    >>> in_api_shape("AWS::EKS::Cluster", {"RoleArn": "r", "Tags": [{"Key": "RoleArn"}], "version": "1"})
    {'roleArn': 'r', 'tags': [{'Key': 'RoleArn'}]}
    """
    names = _names(type_)
    if names is None:
        return properties
    shaped: dict[str, Any] = _shaped(properties, names)
    return shaped


def _shaped(value: Any, names: _Names) -> Any:
    if isinstance(value, list):
        return [_shaped(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    if (every := names.own.get("*")) is not None and every[1] is not None:
        below = every[1]
        return {key: _shaped(item, below) for key, item in value.items()}
    shaped: dict[str, Any] = {}
    for key, item in value.items():
        if key in names.foreign:
            continue
        name, inner = names.own.get(key, (key, None))
        shaped[name] = item if inner is None else _shaped(item, inner)
    return shaped
