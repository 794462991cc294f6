"""What botocore's service models say of an operation, without a client and without credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

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


@lru_cache(maxsize=128)
def _operations(service: str) -> dict[str, Operation]:
    from botocore import xform_name
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import create_loader

    # A loader keeps what it has loaded, and fifty service models are 100 MB: so one for each, and let go.
    loader = create_loader()
    try:
        model = loader.load_service_model(service, "service-2")
    except UnknownServiceError as error:
        raise KeyError(service) from error
    meta = model["metadata"]
    signing_name = meta.get("signingName") or meta["endpointPrefix"]
    paged = loader.load_service_model(service, "paginators-1")["pagination"]
    return {xform_name(name): Operation(name, signing_name, name in paged) for name in model["operations"]}
