"""What AWS's services have, by botocore's models: event sources, operations, and what these take and give.

CloudTrail calls a service by the endpoint or the signing name of its API, with `.amazonaws.com` behind it, and writes
members as the API has them but for a first letter that is small. Events of Lambda have the date of the API behind the
operation's name.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from demarcate.base.documents import read
from demarcate.base.encoding import from_json
from demarcate.base.files import is_file, open_file

_SUFFIX: Final = ".amazonaws.com"
_DATED: Final = re.compile(r"[0-9]{8}(v[0-9]+)?$")


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of data events: those that read, and those that write."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


class _Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    services: dict[str, tuple[str, ...]]
    events: dict[str, tuple[str, ...]]
    as_they_come: tuple[str, ...]
    unwrapped: tuple[str, ...]
    data_events: dict[str, _Data]


@functools.cache
def _known() -> _Known:
    return read(Path(__file__).parent / "known.yaml", _Known)


@functools.cache
def _loader() -> Any:
    from botocore.loaders import create_loader

    return create_loader()


@functools.cache
def _available() -> frozenset[str]:
    return frozenset(_loader().list_available_services("service-2"))


@functools.cache
def _model(service: str) -> dict[str, Any]:
    model: dict[str, Any] = _loader().load_service_model(service, "service-2")
    return model


def _names(service: str) -> set[str]:
    """What the events of a service may begin with."""
    meta = _metadata(service)
    prefix = meta["endpointPrefix"]
    return {prefix, prefix.removeprefix("api."), meta.get("signingName", prefix)}


_META: Final = re.compile(r'"metadata"\s*:\s*(\{[^{}]*\})')
_BEGINNING: Final = 8_192


def _metadata(service: str) -> dict[str, Any]:
    """What a model says of the service itself. It stands at the beginning: to read all models whole takes seconds."""
    version = _loader().determine_latest_version(service, "service-2")
    for folder in map(Path, _loader().search_paths):
        for name, unpack in (("service-2.json.gz", True), ("service-2.json", False)):
            path = folder / service / version / name
            if not is_file(path):
                continue
            with open_file(path) as file:
                data = file.read(_BEGINNING)
            if unpack:
                data = zlib.decompressobj(31).decompress(data, _BEGINNING)
            match = _META.search(data.decode(errors="ignore"))
            if match:
                told: dict[str, Any] = from_json(match[1])
                return told
    whole: dict[str, Any] = _model(service)["metadata"]
    return whole


@functools.cache
def _index() -> dict[str, tuple[str, ...]]:
    """All services by the names that their events may begin with."""
    index: dict[str, list[str]] = {}
    for service in sorted(_available()):
        for name in _names(service):
            index.setdefault(name, []).append(service)
    return {name: tuple(services) for name, services in index.items()}


@functools.cache
def services_of(source: str) -> tuple[str, ...]:
    """The services of botocore whose calls have an event source; none where nobody does.

    >>> services_of("monitoring.amazonaws.com"), services_of("iam.amazonaws.com")
    (('cloudwatch',), ('iam',))
    """
    name = source.lower().removesuffix(_SUFFIX)
    if not source.lower().endswith(_SUFFIX):
        return ()
    if name in _known().services:
        return tuple(service for service in _known().services[name] if service in _available())
    if name in _available() and name in _names(name):
        return (name,)
    return _index().get(name, ())


def is_source(source: str) -> bool:
    """Whether events may have a source."""
    return source.lower() in _known().events or bool(services_of(source))


def has_event(source: str, event: str) -> bool:
    """Whether a source has events of a name, whatever its capitals."""
    told = {name.lower() for name in _known().events.get(source.lower(), ())}
    for service in services_of(source):
        told.update(operation.lower() for operation in _model(service)["operations"])
    return event.lower() in told or _DATED.sub("", event.lower()) in told


def events_of(source: str) -> list[str]:
    """The names of a source's events."""
    told = list(_known().events.get(source.lower(), ()))
    return told + [operation for service in services_of(source) for operation in _model(service)["operations"]]


def data_event(source: str, event: str) -> Literal["", "reads", "writes"]:
    """Which kind of data event a call is, if it is one.

    >>> data_event("s3.amazonaws.com", "getobject"), data_event("iam.amazonaws.com", "CreateUser")
    ('reads', '')
    """
    told = _known().data_events.get(source.lower())
    if told is None:
        return ""
    name = _DATED.sub("", event.lower())
    if name in map(str.lower, told.reads):
        return "reads"
    return "writes" if name in map(str.lower, told.writes) else ""


def is_written_otherwise(source: str) -> bool:
    """Whether CloudTrail writes a source's parameters otherwise than its model has them."""
    return source.lower() in _known().as_they_come


def missing_member(
    source: str, events: Iterable[str], side: Literal["input", "output"], path: Sequence[str]
) -> tuple[str, list[str]] | None:
    """The first name on a path that none of some events has, with those that there are; None where one has all."""
    missing: tuple[str, list[str]] | None = None
    for event in events:
        for service in services_of(source):
            model = _model(service)
            for operation, told in model["operations"].items():
                if operation.lower() not in (event.lower(), _DATED.sub("", event.lower())):
                    continue
                if side not in told:
                    missing = missing or (path[0], [])
                    continue
                for shape in _shapes_of(model["shapes"], told[side]["shape"], source, side):
                    fault = _walk(model["shapes"], shape, list(path))
                    if fault is None:
                        return None
                    missing = fault
    return missing


def _shapes_of(shapes: dict[str, Any], shape: str, source: str, side: str) -> list[str]:
    """The shape of what is asked or answered; also that of its only member, where answers are written so."""
    members = list(shapes[shape].get("members", {}).values())
    bare = side == "output" and source.lower() in _known().unwrapped and len(members) == 1
    return [shape, members[0]["shape"]] if bare else [shape]


def _walk(shapes: dict[str, Any], shape: str, path: list[str]) -> tuple[str, list[str]] | None:
    told = shapes[shape]
    while told["type"] == "list":
        if path and path[0] in ("items", "member"):  # as EC2 and query protocols write lists
            path = path[1:]
        told = shapes[told["member"]["shape"]]
    if not path or told["type"] not in ("structure",):  # a map has any key, and a text may be a document
        return None
    members = {name[:1].lower() + name[1:]: member for name, member in told["members"].items()}
    member = members.get(path[0])
    if member is None:
        renamed = {
            member["locationName"][:1].lower() + member["locationName"][1:]: member
            for member in told["members"].values()
            if "locationName" in member
        }
        member = renamed.get(path[0])
    if member is None:
        return path[0], sorted(members)
    return _walk(shapes, member["shape"], path[1:])
