"""What botocore's service models say of an operation, without a client and without credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

PREFIXES: Final[Mapping[str, str]] = {"monitoring": "cloudwatch"}
"""Prefixes of IAM's actions, for services that requests are signed for under another name."""


def action(signing_name: str, name: str) -> str:
    """An operation under IAM's name for its service: "ec2:DescribeVolumes"."""
    return f"{PREFIXES.get(signing_name, signing_name)}:{name}"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as AWS writes it: `ec2.describe_volumes` is DescribeVolumes, signed for "ec2"."""

    name: str
    signing_name: str
    paged: bool


def describe(operation: str) -> Operation:
    """What an operation in botocore's words ("ec2.describe_volumes") is. Raises KeyError where there is none."""
    service, method = operation.split(".")
    return _operations(service)[method]


def members(operation: str) -> frozenset[str]:
    """The names of an operation's parameters. Raises KeyError as `describe`."""
    service, method = operation.split(".")
    return _members(service)[method]


@lru_cache(maxsize=128)
def _operations(service: str) -> dict[str, Operation]:
    from botocore import xform_name

    model, paged = _models(service)
    meta = model["metadata"]
    signing_name = meta.get("signingName") or meta["endpointPrefix"]
    return {xform_name(name): Operation(name, signing_name, name in paged) for name in model["operations"]}


@lru_cache(maxsize=128)
def _members(service: str) -> dict[str, frozenset[str]]:
    from botocore import xform_name

    model, _ = _models(service)
    shapes = {name: frozenset(shape.get("members", ())) for name, shape in model["shapes"].items()}
    inputs = {name: told.get("input", {}).get("shape") for name, told in model["operations"].items()}
    return {xform_name(name): shapes.get(shape, frozenset()) for name, shape in inputs.items()}


def _models(service: str) -> tuple[Any, Any]:
    """A service's model and which of its operations are paged."""
    from botocore.exceptions import DataNotFoundError
    from botocore.loaders import create_loader

    # A loader keeps what it has loaded, and fifty service models are 100 MB: so one for each, and let go. What it has
    # for a model by its service's name looks through all services before: most of the work for one.
    loader = create_loader()
    try:
        version = loader.determine_latest_version(service, "service-2")
    except DataNotFoundError as error:
        raise KeyError(service) from error
    model = loader.load_data(f"{service}/{version}/service-2")
    return model, loader.load_data(f"{service}/{version}/paginators-1")["pagination"]
