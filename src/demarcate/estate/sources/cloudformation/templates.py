"""CloudFormation templates as resources: read, resolved, each with its file and line.

    templates = load([Path("infrastructure")], parameters={"Environment": "prod"})

What cannot be resolved is Unknown; what cannot be read is a Problem, and the rest goes on.
"""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_folder
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation.alternatives import Way, nested_presence, ways
from demarcate.estate.sources.cloudformation.budget import MAX_PROPERTIES, TOO_MUCH, Exhausted, Share
from demarcate.estate.sources.cloudformation.estate import Called, TemplateSet, circles
from demarcate.estate.sources.cloudformation.files import find, folders_of
from demarcate.estate.sources.cloudformation.intrinsics import resolve
from demarcate.estate.sources.cloudformation.parameters import read_parameters
from demarcate.estate.sources.cloudformation.problems import TemplateProblem
from demarcate.estate.sources.cloudformation.stacks import Stack
from demarcate.estate.sources.cloudformation.values import final

__all__ = ["Resource", "Templates", "load", "read_parameters"]


class Resource(msgspec.Struct, frozen=True):
    """One resource that the templates declare.

    `properties` is plain data: Unknown where something is not known, or all of it is, stand-ins for what only exists
    once deployed, without what AWS::NoValue removes. Where the template leaves open which of a few they are, or whether
    it is there, `ways` are all that it may come to. `ref` is what `Ref` to it gives in this estate, and `label` what
    stand-ins for something of it call it. `lines` holds the line of each top-level property.
    `conditional` is set where it is not known whether the resource is there at all. `known` are the attributes that are
    known before it is deployed, by their names in lower case.
    """

    logical_id: str
    type: str
    properties: dict[str, Any] | Unknown
    file: str
    line: int
    ref: str | StandIn
    label: str
    lines: dict[str, int]
    conditional: Unknown | None
    deletion_policy: str | Unknown
    update_replace_policy: str | Unknown
    metadata: dict[str, Any]
    ways: tuple[Way, ...] = ()
    known: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def alternatives(self) -> list[Way]:
        """The ways in which it is there; none where its properties are the same in each."""
        there = [way for way in self.ways if way.properties is not None]
        return there if any(way.properties is not self.properties for way in there) else []


def names_of(ref: str, known: Mapping[str, str]) -> set[str]:
    """The texts by which other resources name one: what `ref` to it gives, and the `known` attributes that name it."""
    return {ref, f"{ref}.Arn", *(known[name] for name in ("arn", "id") if known.get(name))}


class Templates(msgspec.Struct, frozen=True):
    """All resources of some templates, what could not be read, and how many templates there were.

    `shares` says by file what may still be made of it.
    """

    resources: list[Resource]
    problems: list[TemplateProblem]
    files: int
    shares: Mapping[str, Share]


def load(
    paths: Sequence[Path],
    *,
    parameters: Mapping[str, Any] | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
    same_as_ref: Mapping[str, Collection[str]] = MappingProxyType({}),
    max_resources: int | None = None,
    texts: Mapping[str, str] = MappingProxyType({}),
    called: Called | None = None,
) -> Templates:
    """Read and resolve templates: files, and directories with all that is below them.

    `parameters` are values by name, for every template that is not nested in another. `names` says which
    property is what `Ref` gives where it is declared (`{"AWS::S3::Bucket": "BucketName"}`), `same_as_ref` which
    attributes are what `Ref` gives (`{"AWS::EC2::SecurityGroup": ("GroupId",)}`). `max_resources` is how many
    resources are read beyond those that the templates' size accounts for. `texts` are read as if they stood in files,
    by their real paths. `called` says what stand-ins and findings call a resource, where that is not its logical id.
    Raises DemarcateError for a path that does not exist and for directories without a template.
    """
    estate = TemplateSet(folders_of(paths), parameters or {}, names, same_as_ref, max_resources, texts, called)
    problems: list[TemplateProblem] = []
    fruitful: set[Path] = set()
    with _no_collection():
        for file in find(paths, problems):
            if estate.read(file.path, file.file, explicit=file.explicit) is not None:
                fruitful.add(file.top)
    for problem in problems:
        estate.report(problem)
    if not estate.raws and not estate.problems:
        raise DemarcateError(f"no template in {', '.join(map(str, paths))}")
    for path in paths:
        if path not in fruitful and is_folder(path):
            estate.report(TemplateProblem("no template in this directory", str(path), kind=Kind.NOT_GIVEN))
    estate.build()
    with _no_collection():
        resources = [resource for stack in estate.stacks for resource in _resources(stack)]
    return Templates(resources, list(estate.problems), len(estate.raws), estate.shares)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without garbage collection, which finds nothing in trees but walks them again and again (half the time)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _resources(stack: Stack) -> Iterator[Resource]:
    conditional = nested_presence(stack)
    if conditional is False:
        return
    for name in stack.resources:
        try:
            resource = _resource(stack, name, None if conditional is True else conditional)
        except RecursionError:
            why = f"resource {name} refers to others too deeply; it is left out"
            stack.problem(Kind.TOO_MUCH, why, stack.places[name].line)
            continue
        if resource is not None:
            yield resource
    for circle in circles(stack.edges):
        first = min(circle, key=lambda name: stack.places[name].line)
        where = circle.index(first)
        way = " → ".join([*circle[where:], *circle[:where], first])
        stack.problem(Kind.UNRESOLVED, f"circular reference: {way}", stack.places[first].line)


def _resource(stack: Stack, name: str, conditional: Unknown | None) -> Resource | None:
    body, place = stack.resources[name], stack.places[name]
    presence = stack.presence(name)
    if presence is False:
        return None
    if isinstance(presence, Unknown):
        condition = body["Condition"]
        conditional = Unknown(presence.kind, f"condition {condition} is unknown: {presence.reason}")
        if not isinstance(condition, str) or condition not in stack.conditions:
            stack.problem(presence.kind, f"resource {name}: {presence.reason}", place.line)
            conditional = presence
    written = body.get("Properties") or {}
    stack.current = name
    stack.suppositions.asked = {}
    several: list[Way] = []
    try:
        properties = stack.macro or _made_by_macro(body, stack) or resolve(written, stack)
        if stack.suppositions.asked and properties is not stack.macro:
            several = ways(stack, name, lambda: _made(final(resolve(written, stack), stack.share)))
        deletion, update = (_policy(body, key, stack) for key in ("DeletionPolicy", "UpdateReplacePolicy"))
        if isinstance(properties, dict):
            before = stack.share.spent
            properties = final(properties, stack.share)
            if stack.share.spent - before > MAX_PROPERTIES:
                why = f"resource {name} holds more than is allowed; its properties are unknown"
                stack.problem(Kind.TOO_MUCH, why, place.line)
                properties = _unknown(written, Unknown(Kind.TOO_MUCH, TOO_MUCH))
    except Exhausted as error:
        properties = _unknown(written, stack.exhausted(error))
        deletion = update = Unknown(Kind.TOO_MUCH, TOO_MUCH)
    finally:
        stack.current = None
    properties = _made(properties)
    told = properties is stack.macro or properties is written
    if isinstance(properties, Unknown) and not told:
        why = f"the properties of {name} are unknown: {properties.reason}"
        stack.problem(properties.kind, why, place.line)
    if conditional is not None and not several:
        several = ways(stack, name, lambda: properties)
    metadata = body.get("Metadata")
    return Resource(
        logical_id=stack.prefix + name,
        type=body["Type"],
        properties=properties,
        file=stack.raw.file,
        line=place.line,
        ref=final(stack.identity(name), stack.share),
        label=stack.label(name),
        lines=place.properties,
        conditional=conditional,
        deletion_policy=deletion,
        update_replace_policy=update,
        metadata=metadata if isinstance(metadata, dict) else {},
        ways=tuple(several),
    )


def _made(properties: Any) -> dict[str, Any] | Unknown:
    if isinstance(properties, (dict, Unknown)):
        return properties
    return Unknown(Kind.MALFORMED, "they are not a mapping")


def _made_by_macro(body: dict[str, Any], stack: Stack) -> Unknown | None:
    """Why a macro beside the properties of a resource may make others of them."""
    if "Fn::Transform" not in body:
        return None
    added = stack.include(body["Fn::Transform"])
    return added if isinstance(added, Unknown) else Unknown(Kind.MACRO, "a file is included into the resource")


def _unknown(written: dict[str, Any], reason: Unknown) -> dict[str, Any] | Unknown:
    """Properties of which only the names are known, or not even these, where a function would make them."""
    if any(key == "Ref" or key.startswith("Fn::") for key in written):
        return reason
    return dict.fromkeys(written, reason)


def _policy(body: dict[str, Any], key: str, stack: Stack) -> str | Unknown:
    value = body.get(key)
    if value is None:
        return ""
    value = final(resolve(value, stack), stack.share)
    return value if isinstance(value, (str, Unknown)) else Unknown(Kind.MALFORMED, f"{key} is not a text")
