"""What Terraform's resources are in CloudFormation's words, declared as data in `types/`.

A resource is declared once for each type of resource that it makes:

    Mapped("aws_ebs_volume", "AWS::EC2::Volume", names={"VolumeType": "type"})

That is all where the provider calls a property as CloudFormation does, in lower case with `_` between words: those need
not be named. What neither the provider's schema (`attributes.json`) nor `names` have is unknown, since a plan cannot
tell it. `names` says where else a property is, by its path in CloudFormation's words: the path from the block that it
belongs to (several: the first that has anything; BLOCK: that block), a function of that block's values, or NOTHING
where the provider cannot set it and so leaves AWS's default, or has another resource that sets it. "Rules.*" stands for
all properties of an object that are not named.
Resources of `awscc` are CloudFormation's own in other letters, and need no declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final

import msgspec

from demarcate.estate.tables import all_tables

_FILE: Final = Path(__file__).with_name("attributes.json")


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()
"""Of a property: the provider sets none, so that it is what AWS makes of one that is not declared."""

Values = Mapping[str, Any]
"""What a resource or block has, by attribute: Unknown and stand-ins may stand anywhere; what is null is not there."""

Name = str | tuple[str, ...] | _Nothing | Callable[[Values], Any]

REF: Final = "#ref"
"""Among the values of a resource: what `Ref` to it gives, for what is made of the same resource beside it."""

OWN: Final = "Terraform:"
"""How a property begins that templates do not have, and a table is told by the provider alone."""

BLOCK: Final = "@"
"""Of a property: what its block says, for an object that the provider has no block of its own for."""


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """One resource of a provider, and what it is as a resource of a template.

    `names` are properties that are called otherwise. `at` is the property that holds what the resource says, where it
    says a part of one. `into` is the attribute that names the resource which it completes: its properties, of which
    only those named are made, are then that one's, lists added to lists. `within` are properties of that one which it
    must have as the attributes here say, where a name is one's own only within something. `ref` are the attributes that
    are what `Ref` gives, the first of which names it.
    `each` makes of a resource's values those of several resources, or of none.
    """

    resource: str
    type: str
    names: Mapping[str, Name] = field(default_factory=dict)
    at: str = ""
    into: str = ""
    within: Mapping[str, str] = field(default_factory=dict)
    ref: tuple[str, ...] = ("id",)
    each: Callable[[Values], Iterable[Values]] | None = None


Tree = Mapping[str, Any]
"""Attributes of a block by name: a form, `[form]`, {"*": form}, or the attributes of a block within."""


@cache
def all_mapped() -> Mapping[str, tuple[Mapped, ...]]:
    """What each resource is, by its name; those of `awscc` too."""
    mapped: dict[str, tuple[Mapped, ...]] = {}
    for declared in declarations():
        mapped[declared.resource] = (*mapped.get(declared.resource, ()), declared)
    types = {f"awscc_{alike(type_.removeprefix('AWS::'))}": type_ for type_ in types_read()}
    for resource in attributes():
        prefix, _, rest = resource.partition("_")
        if prefix == "awscc" and (type_ := types.get(f"awscc_{alike(rest)}")) is not None:
            mapped[resource] = (Mapped(resource, type_, ref=_names_of(type_, resource)),)
    return mapped


@cache
def declarations() -> tuple[Mapped, ...]:
    """What `types/` declares."""
    from demarcate.estate.sources.terraform import types

    modules = [import_module(f"{types.__name__}.{info.name}") for info in iter_modules(types.__path__)]
    return tuple(declared for module in modules for declared in module.MAPPED)


@cache
def types_read() -> frozenset[str]:
    """The types of a template's resources that tables read."""
    from demarcate.estate.sources.cloudformation.collect import types_read as read

    return frozenset(read())


@cache
def attributes() -> Mapping[str, Tree]:
    """The attributes of each resource, as any of the providers' major versions has them."""
    written = msgspec.json.decode(_FILE.read_bytes(), type=dict[str, dict[str, Any]])
    return {name.partition("@")[0]: _plain(tree) for name, tree in written.items() if name}


@cache
def provider_versions() -> Mapping[str, Any]:
    """The versions of the providers that the attributes are of, and when they were compared."""
    return msgspec.json.decode(_FILE.read_bytes(), type=dict[str, dict[str, Any]])[""]


def alike(name: str) -> str:
    """What names that are the same in other letters have in common.

    >>> alike("KmsKeyId") == alike("kms_key_id")
    True
    """
    return name.replace("_", "").replace("::", "").lower()


def _plain(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    return {name.partition("@")[0]: _plain(inner) for name, inner in tree.items()}


def _names_of(type_: str, resource: str) -> tuple[str, ...]:
    """The attributes of `awscc` that are what `Ref` gives: the property that names it, and its identifier."""
    property_ = ref_properties().get(type_)
    named = [name for name in attributes()[resource] if property_ is not None and alike(name) == alike(property_)]
    return (*named, "id")


@cache
def ref_properties() -> Mapping[str, str]:
    """The property that is what `Ref` gives where it is declared, by type."""
    return {
        type_: table.ref_property
        for table in all_tables().values()
        if table.ref_property
        for type_ in table.named_types
    }
