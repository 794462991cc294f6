"""Which operation a request is, told by botocore's own service models as moto's router reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore import xform_name
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from demarcate.estate.schema.table import Bulk, Call, Each, Table
from demarcate.estate.tables import all_tables

BEFORE = {"apigatewayv2": "/v2/", "s3control": "/v20180820/"}
"""Where two services that are not told apart by name or version share a signing name: the paths of one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a table makes: `operation` as tables write it ("ec2.describe_volumes")."""

    operation: str
    region: str
    service: str
    model: Any
    request: Request
    body: bytes
    labels: dict[str, Any]

    @property
    def protocol(self) -> str:
        """The protocol that it is written in: "query", "ec2", "json", "rest-json" or "rest-xml"."""
        return str(determine_request_protocol(self.model.service_model, self.request.content_type))

    def params(self) -> dict[str, Any]:
        """The parameters that botocore was called with."""
        request = self.request
        parsed: dict[str, Any] = PROTOCOL_PARSERS[self.protocol](self.model).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": self.body,
                "url_path": request.path,
                "url_params": self.labels,
            }
        )
        return parsed


@cache
def services() -> dict[str, tuple[str, ...]]:
    """The services that tables ask, by the name that they are signed for."""
    signed: dict[str, list[str]] = {}
    for name in sorted({operation.partition(".")[0] for operation in operations()}):
        signed.setdefault(get_service_model(name).signing_name, []).append(name)
    return {name: tuple(several) for name, several in signed.items()}


@cache
def operations() -> tuple[str, ...]:
    """Every operation that any table uses, sorted."""
    return tuple(sorted({call.operation for table in all_tables().values() for call in calls_of(table)}))


def calls_of(table: Table) -> tuple[Each | Call, ...]:
    """All that filling a table may call."""
    return (*table.steps, *(call for detail in table.details.values() for call in calls_of_detail(detail)))


def calls_of_detail(detail: Call | Bulk) -> tuple[Each | Call, ...]:
    """All that one detail of a table may call."""
    if isinstance(detail, Call):
        return (detail,)
    return (*detail.steps, detail.confirm) if detail.confirm else detail.steps


def model_of(operation: str) -> Any:
    """The model of an operation that is named as tables name it."""
    service, _, method = operation.partition(".")
    model = get_service_model(service)
    return model.operation_model(_names(service)[method])


@cache
def api_name(operation: str) -> str:
    """An operation under IAM's name for its service: "ec2:DescribeVolumes"."""
    model = model_of(operation)
    signed = model.service_model.signing_name
    return f"{'cloudwatch' if signed == 'monitoring' else signed}:{model.name}"


@cache
def _names(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in get_service_model(service).operation_names}


def asked(request: Request, body: bytes) -> Asked | None:
    """What a signed request asks; None where no table asks its service."""
    scope = request.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0].split("/")
    if len(scope) < 5:
        return None
    _, _, region, signed, _ = scope
    for service in _candidates(request, services().get(signed, ())):
        try:
            model, labels = get_service_router(service).match(request)
        except (NotFound, NotImplementedError):
            continue
        return Asked(f"{service}.{xform_name(model.name)}", region, service, model, request, body, labels)
    return None


def _candidates(request: Request, names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) < 2:
        return names
    version = request.values.get("Version")
    if version:
        return tuple(name for name in names if get_service_model(name).api_version == version)
    apart = [name for name in names if name in BEFORE and request.raw_path.startswith(BEFORE[name])]
    return tuple(apart) or tuple(name for name in names if name not in BEFORE)
