"""AWS's own OSCAL component definitions: its services, and the Security Hub controls that it names for each.

https://github.com/awslabs/oscal-content-for-aws-services has some 230. AWS calls them experimental, and so they are
read as they are: what is missing in them is told, links that lead nowhere among it, and the rest is taken. They prove
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from demarcate.base.documents import DocumentError, read_text
from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError, Problem
from demarcate.base.files import is_file, is_folder, walk

AWS: Final = "http://aws.amazon.com/ns/oscal"
"""The namespace of AWS's properties."""

_VERSION: Final = re.compile(r"1\.[0-2](\.|$)")
"""The versions of OSCAL whose component definitions are read: those that are known to be alike."""


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A component: AWS's name for it, its own namespace in ARNs, and the controls that are named for it."""

    uuid: str
    title: str
    namespace: str = ""
    controls: tuple[str, ...] = ()
    file: str


class Components(msgspec.Struct, frozen=True, kw_only=True):
    """All that was read, and what of it could not be read, or leads nowhere."""

    components: tuple[Component, ...]
    problems: tuple[Problem, ...]


class _Prop(msgspec.Struct, frozen=True):
    name: str
    value: str
    ns: str = ""


class _Link(msgspec.Struct, frozen=True):
    href: str


class _Requirement(msgspec.Struct, frozen=True, rename="kebab"):
    control_id: str


class _Implementation(msgspec.Struct, frozen=True, rename="kebab"):
    source: str
    implemented_requirements: tuple[_Requirement, ...] = ()


class _Component(msgspec.Struct, frozen=True, rename="kebab"):
    uuid: str
    title: str
    props: tuple[_Prop, ...] = ()
    links: tuple[_Link, ...] = ()
    control_implementations: tuple[_Implementation, ...] = ()


class _Resource(msgspec.Struct, frozen=True):
    uuid: str
    rlinks: tuple[_Link, ...] = ()


class _BackMatter(msgspec.Struct, frozen=True):
    resources: tuple[_Resource, ...] = ()


class _Metadata(msgspec.Struct, frozen=True, rename="kebab"):
    oscal_version: str


class _Definition(msgspec.Struct, frozen=True, rename="kebab"):
    metadata: _Metadata
    components: tuple[_Component, ...] = ()
    back_matter: _BackMatter = _BackMatter()


class _Document(msgspec.Struct, frozen=True, rename="kebab"):
    component_definition: _Definition


def read_components(place: Path) -> Components:
    """The components of a file, or of all JSON files of a folder. Raises DemarcateError where there is none."""
    problems: list[Problem] = []
    components: dict[str, Component] = {}
    for path in _files(place, problems):
        try:
            definition = _read(path)
        except DocumentError as error:
            problems.append(Problem(error.message, str(path), error.line))
            continue
        problems += [Problem(told, str(path)) for told in _broken(definition, path)]
        for component in definition.components:
            if component.uuid in components:
                told = f"component {component.uuid} is also in {components[component.uuid].file}, which is taken"
                problems.append(Problem(told, str(path)))
            else:
                components[component.uuid] = _of(component, path)
    if not components and not problems:
        raise DemarcateError(f"{place}: there is no component definition of OSCAL (.json)")
    return Components(components=tuple(components.values()), problems=tuple(problems))


def _files(place: Path, problems: list[Problem]) -> Iterator[Path]:
    if is_file(place):
        yield place
    elif is_folder(place):

        def refuse(path: Path, why: str) -> None:
            problems.append(Problem(why, str(path)))

        yield from walk(place, [place], lambda name: name.endswith(".json"), refuse)
    else:
        raise DemarcateError(f"{place}: there is no such file or folder")


def _read(path: Path) -> _Definition:
    """A component definition. Raises DocumentError for what is none, and for a version that is not known."""
    text = read_text(path)
    try:
        definition = from_json(text, _Document).component_definition
    except ValueError as error:
        raise DocumentError(f"is no component definition of OSCAL: {error}", str(path)) from error
    if not _VERSION.match(definition.metadata.oscal_version):
        raise DocumentError(
            f"is of OSCAL {definition.metadata.oscal_version}; component definitions of 1.0 to 1.2 are read",
            str(path),
        )
    return definition


def _of(component: _Component, path: Path) -> Component:
    props = {prop.name: prop.value for prop in component.props if prop.ns == AWS}
    named = (
        requirement.control_id
        for implementation in component.control_implementations
        for requirement in implementation.implemented_requirements
    )
    return Component(
        uuid=component.uuid,
        title=component.title,
        namespace=props.get("arnNamespace", ""),
        controls=tuple(dict.fromkeys(named)),
        file=str(path),
    )


def _broken(definition: _Definition, path: Path) -> Iterator[str]:
    """What leads nowhere: to no resource of the document, or from one to a file that is not there."""
    resources = {resource.uuid for resource in definition.back_matter.resources}
    hrefs = [link.href for component in definition.components for link in component.links]
    hrefs += [
        implementation.source
        for component in definition.components
        for implementation in component.control_implementations
    ]
    for href in dict.fromkeys(hrefs):
        if href.startswith("#") and href[1:] not in resources:
            yield f"{href} leads to no resource of the document"
    for resource in definition.back_matter.resources:
        for link in resource.rlinks:
            if "://" not in link.href and not is_file(path.parent / link.href):
                yield f"{link.href} is not there"
