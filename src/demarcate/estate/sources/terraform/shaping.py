"""From the values of a Terraform resource to the properties of the resource of a template that it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from demarcate.base.encoding import NestedTooDeeply, from_json
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.rows import attempt
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation.forms import forms_of
from demarcate.estate.sources.terraform.mapped import (
    BLOCK,
    NOTHING,
    OWN,
    Mapped,
    Name,
    Tree,
    Values,
    alike,
    attributes,
)

TAGS: Final = ("tags_all", "tags")
"""Where tags are, those that the provider adds to all resources among the first."""


def properties(mapped: Mapped, values: Values) -> dict[str, Any]:
    """The properties that some values are. Those that the resource cannot say are Unknown."""
    forms = forms_of(mapped.type)
    members, tree = forms[""], attributes().get(mapped.resource, {})
    if not mapped.at:
        if mapped.into:
            members = {name: form for name, form in members.items() if name in mapped.names}
        members = {**members, **{name: "VARCHAR" for name in mapped.names if name.startswith(OWN)}}
        return _Shaping(mapped, forms).members(values, members, tree, "")
    form: Any = None
    *above, last = mapped.at.split(".")
    for step in (*above, last):
        form = members[step]
        members = forms[form[1:]] if isinstance(form, str) else form
    shaped: Any = _Shaping(mapped, forms).formed(dict(values), form, tree, mapped.at)
    for step in (last, *reversed(above)):
        shaped = {step: shaped}
    return dict(shaped)


def at(values: Any, path: str) -> Any:
    """What is at a path of attributes, through blocks of which there is one; ABSENT where nothing is."""
    if path == BLOCK:
        return values
    for step in path.split("."):
        if isinstance(values, list):
            values = values[0] if values else ABSENT
        if isinstance(values, Unknown | StandIn):
            return values
        values = values.get(step, ABSENT) if isinstance(values, Mapping) else ABSENT
    return values


@lru_cache(maxsize=4096)
def untold(resource: str, path: str) -> Unknown:
    """Of a property that the provider has no attribute for."""
    return Unknown(Kind.UNTOLD, f"{resource} does not tell {path}")


@lru_cache(maxsize=4096)
def attribute_for(mapped: Mapped, name: str, path: str, attributes_: frozenset[str]) -> Name | None:
    """What tells a property, of the attributes of its block; None where nothing does."""
    if path in mapped.names:
        return mapped.names[path]
    everything = f"{path.rpartition('.')[0]}.*".removeprefix(".")
    return spelt(name, attributes_) or mapped.names.get(everything)


def spelt(name: str, attributes_: Iterable[str]) -> str | None:
    """The attribute that is spelt as a property is, but for letters and the plural; None where none is.

    >>> spelt("AvailabilityZones", ["availability_zone", "size"])
    'availability_zone'
    """
    same = {alike(attribute): attribute for attribute in attributes_}
    wanted = alike(name)
    spellings = (wanted, wanted.removesuffix("s"), wanted.removesuffix("ies") + "y", wanted.removesuffix("list"))
    return next((same[spelling] for spelling in spellings if spelling in same), None)


class _Shaping:
    """Shapes the values of one resource."""

    def __init__(self, mapped: Mapped, forms: Mapping[str, Any]) -> None:
        self._mapped, self._forms = mapped, forms

    def members(self, values: Values, members: Mapping[str, Any], tree: Tree, where: str) -> dict[str, Any]:
        """The properties of an object, from the values of a block."""
        shaped: dict[str, Any] = {}
        names = frozenset(tree)
        for name, form in members.items():
            path = f"{where}.{name}" if where else name
            rule = attribute_for(self._mapped, name, path, names)
            if rule is NOTHING:
                continue
            if rule is None:
                shaped[name] = untold(self._mapped.resource, path)
                continue
            if callable(rule):
                value = attempt(rule, values, path)
                if value is not None and value is not ABSENT:
                    shaped[name] = value
                continue
            ways: tuple[str, ...] = (rule,) if isinstance(rule, str) else rule  # type: ignore[assignment]
            below = [_below(tree, way) for way in ways]
            if ways == ("tags",) and not where:
                ways, below = TAGS, below * len(TAGS)
            for way, inner in zip(ways, below, strict=True):
                value = self.formed(at(values, way), form, inner, path)
                if value is not ABSENT:
                    shaped[name] = value
                    break
        return shaped

    def formed(self, value: Any, form: Any, tree: Any, where: str) -> Any:
        """A value in a property's form; ABSENT where it says nothing."""
        if value is None or value is ABSENT or value == "" if not isinstance(value, StandIn) else False:
            return ABSENT
        if isinstance(value, Unknown | StandIn):
            return value
        if isinstance(form, list):
            return self._list(value, form[0], tree, where)
        members = self._forms[form[1:]] if isinstance(form, str) and form.startswith("#") else form
        if not isinstance(members, dict):
            return _document(value) if members is None or members == "JSON" else value
        if isinstance(value, str):
            return self._cased(_document(value), form)
        if isinstance(value, list):
            if not value:
                return ABSENT
            value = value[0] if value[0] is not None else {}
            return self.formed(value, form, tree, where)
        if not isinstance(value, dict):
            return value
        if "*" in members:
            inner = tree.get("*", {}) if isinstance(tree, dict) else {}
            return {key: self.formed(item, members["*"], inner, f"{where}.*") for key, item in value.items()}
        if not isinstance(tree, dict) or "*" in tree:
            return self._cased(value, form)  # a document, or blocks of which no more is known
        return self.members(value, members, tree, where)

    def _list(self, value: Any, form: Any, tree: Any, where: str) -> Any:
        members = self._forms.get(form[1:]) if isinstance(form, str) and form.startswith("#") else form
        if isinstance(value, dict) and isinstance(members, dict) and isinstance(tree, dict) and "*" in tree:
            if members.keys() >= {"Key", "Value"}:
                return [{"Key": key, "Value": item} for key, item in value.items() if item is not None]
            key = next((name for name in ("Name", "ParameterName") if name in members), None)
            if key is not None:
                return [{key: name, "Value": item} for name, item in value.items()]
        if isinstance(value, str) and isinstance(members, dict):
            return self._cased(_document(value), [form])
        items = value if isinstance(value, list) else [value]
        inner = tree[0] if isinstance(tree, list) else tree
        formed = (self.formed({} if item is None else item, form, inner, where) for item in items)
        return [item for item in formed if item is not ABSENT]

    def _cased(self, value: Any, form: Any) -> Any:
        """A document, or blocks that no schema tells, with names in the letters of templates."""
        if isinstance(form, list):
            items = value if isinstance(value, list) else [value]
            return [self._cased(item, form[0]) for item in items if item is not None]
        members = self._forms[form[1:]] if isinstance(form, str) and form.startswith("#") else form
        if not isinstance(members, dict):
            return value
        if isinstance(value, list):
            value = (value[0] or {}) if value else {}
        if not isinstance(value, dict):
            return value
        names = {spelling: name for name in members for spelling in (alike(name).removesuffix("s"), alike(name))}
        everything = members.get("*")
        cased = {}
        for key, item in value.items():
            name = key if everything is not None else names.get(alike(key), key)
            if item is not None and item != []:
                cased[name] = self._cased(item, members.get(name, everything))
        return cased


def _below(tree: Tree, path: str) -> Any:
    below: Any = tree
    for step in path.split(".") if path != BLOCK else ():
        below = below.get(step, {}) if isinstance(below, dict) else {}
    return below


def _document(value: Any) -> Any:
    """What JSON text holds; other text as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return from_json(value)
        except (ValueError, NestedTooDeeply):
            return value
    return value
