"""How operations come page by page: by botocore's paginators, or where it has none by their members."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model

from tests.aws.answers.asking import model_of
from tests.conftest import models

TOKENS = ("NextToken", "nextToken", "NextMarker", "nextMarker", "Marker")


@dataclass(frozen=True, slots=True)
class Paging:
    """The members that page an operation, as paths with dots: tokens in and out, more to come, the lists."""

    input: str
    output: str
    more: str
    lists: tuple[str, ...]


@cache
def paging_of(operation: str) -> Paging | None:
    """How an operation is paged; None where all comes at once."""
    model = model_of(operation)
    config = _paginators(model.service_model.service_name).get(model.name)
    if config is not None:
        return Paging(
            _first(config["input_token"]),
            _first(config["output_token"]).partition(" ")[0],
            config.get("more_results", ""),
            tuple(_all(config["result_key"])),
        )
    given = model.input_shape.members if model.input_shape else {}
    told = model.output_shape.members if model.output_shape else {}
    for output in TOKENS:
        for name in (output, output.replace("NextM", "M")):
            if output in told and name in given:
                lists = tuple(member for member, shape in told.items() if shape.type_name == "list")
                return Paging(name, output, "", lists)
    return None


@cache
def _paginators(service: str) -> dict[str, Any]:
    version = get_service_model(service).api_version
    try:
        told: dict[str, Any] = models(None).load_service_model(service, "paginators-1", version)["pagination"]
    except UnknownServiceError:
        return {}
    return told


def _all(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _first(value: Any) -> str:
    return _all(value)[0]


def at(result: Any, path: str) -> tuple[dict[str, Any], str]:
    """The dict that holds the member at a path, made where it is not there, and the member's name."""
    *outer, last = path.split(".")
    for name in outer:
        result = result.setdefault(name, {})
    return result, last
