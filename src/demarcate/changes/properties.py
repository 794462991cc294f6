"""What a template says where a check passes: `cloudformation.yaml`, for checks whose columns do not lead back to it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from os.path import realpath
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.documents import read
from demarcate.changes.values import Missing, Values, answers
from demarcate.checks.structs import Check
from demarcate.estate.schema.standins import shown
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.cloudformation.collect import named
from demarcate.estate.sources.cloudformation.editing import (
    NotEdited,
    Place,
    SaidAlready,
    add_resource,
    is_written,
    resource_names,
    set_property,
)
from demarcate.estate.sources.cloudformation.rereading import Reading
from demarcate.estate.sources.cloudformation.templates import Resource, names_of
from demarcate.estate.sources.cloudformation.templates import load as load_templates

_OWN: Final = "$own"


class Properties(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Properties of a resource, or of what completes it; `cloudformation.yaml` says what each member means."""

    says: dict[str, Any]
    by: str = ""
    into: str = ""


@cache
def properties() -> Mapping[str, Properties]:
    """The properties by which checks pass, by check."""
    return read(Path(__file__).with_name("cloudformation.yaml"), dict[str, Properties])


def filled(check: Check, asked: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The properties by which a resource passes a check, with what a person gives. Raises NotEdited."""
    try:
        says: Mapping[str, Any] = Values(None, answers(check.remedy, asked)).fill(properties()[check.id].says)
    except Missing as error:
        raise NotEdited(str(error)) from error
    return {path: _with_own(value, name) for path, value in says.items()}


def _with_own(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _with_own(inner, name) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_own(inner, name) for inner in value]
    return value.replace(_OWN, name) if isinstance(value, str) else value


def with_own(text: str, file: str, name: str, types: tuple[str, ...], says: Mapping[str, Any]) -> tuple[str, int]:
    """The text with other properties of a resource, and the first line. Raises NotEdited, and DocumentError."""
    lines = []
    for path, value in says.items():
        place = Place(name, types, path)
        if isinstance(value, dict | list) and is_written(text, file, place):
            raise NotEdited(f"{path} is there: edit it by hand")
        try:
            text, line = set_property(text, file, place, value)
        except SaidAlready:
            continue
        lines.append(line)
    if not lines:
        raise SaidAlready(_ALREADY)
    return text, min(lines)


_ALREADY: Final = "it is written there already"


def with_resource(
    reading: Reading,
    text: str,
    file: str,
    name: str,
    types: tuple[str, ...],
    of: Properties,
    says: Mapping[str, Any],
) -> tuple[str, int]:
    """The text with a resource that completes another one, behind it, and its line.

    Raises NotEdited where one is there that completes it, or may, and DocumentError.
    """
    texts = {realpath(each): told for each, told in reading.texts.items()}
    names, same = named()
    resources = load_templates(
        [Path(source) for source in reading.sources],
        parameters=reading.options.parameters,
        names=names,
        same_as_ref=same,
        texts=texts,
    ).resources
    own = next((each for each in resources if (each.file, each.logical_id) == (file, name)), None)
    for other in resources:
        if other.type == of.by and own is not None and _may_name(other, of.into, own):
            raise NotEdited(f"{other.logical_id} says it, or may, at {other.file}:{other.line}: edit it by hand")
    taken = resource_names(text, file)
    called = f"{name}{of.by.rpartition('::')[2]}"
    free = next(
        each for each in (called, *(f"{called}{number}" for number in range(2, 1000))) if each not in taken
    )
    return add_resource(text, file, Place(name, types, ""), free, {"Type": of.by, "Properties": dict(says)})


def _may_name(other: Resource, into: str, own: Resource) -> bool:
    """Whether a resource names another one in a property, as far as is known."""
    if isinstance(other.properties, Unknown):
        return True
    value = other.properties.get(into)
    names = names_of(shown(own.ref), own.known)
    several = value if isinstance(value, list) else [value]
    return any(isinstance(each, Unknown) or (isinstance(each, str) and shown(each) in names) for each in several)
