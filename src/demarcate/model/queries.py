"""Questions to the model. Every function is pure: a model and a question in, an answer out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Literal

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.model.structs import (
    SERVICE_TYPES,
    Area,
    Model,
    Party,
    Responsibility,
    Service,
    ServiceType,
    Tool,
)

ALL = "all"
"""The service of a row that holds for every service."""

Owes = Literal["aws", "customer", "both", "nobody"]


class NotInModelError(DemarcateError):
    """An id that the model does not have. `nearest` are ids that look like it."""

    def __init__(self, kind: str, id_: str, known: Iterable[str], hint: str) -> None:
        known = tuple(known)
        self.nearest = tuple(difflib.get_close_matches(id_, known, n=3, cutoff=0.5))
        if not self.nearest:  # a slug without its area, or half a word
            self.nearest = tuple(name for name in known if id_ and id_ in name)[:3]
        meant = f" Did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"The model has no {kind} {id_!r}.{meant} {hint}")


class MatrixRow(msgspec.Struct, frozen=True, kw_only=True):
    """Both halves of one area for one service, or for `all` services."""

    area: str
    area_title: str
    service: str
    service_name: str
    aws: tuple[Responsibility, ...]
    customer: tuple[Responsibility, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """All that the model knows by one id. A service and a tool may share one (CloudTrail): then both are here.

    `aws` and `customer` are the two halves: of a responsibility, it and its counterparts; of an area, service
    or tool, the responsibilities that name it.
    """

    id: str
    responsibility: Responsibility | None = None
    area: Area | None = None
    service: Service | None = None
    tool: Tool | None = None
    aws: tuple[Responsibility, ...] = ()
    customer: tuple[Responsibility, ...] = ()


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """Who owes one topic for one service type, and for each service of that type."""

    topic: str
    title: str
    area: str
    owes: Owes
    aws: tuple[Responsibility, ...]
    customer: tuple[Responsibility, ...]
    services: dict[str, Owes]


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """Where the line runs for one service type, topic by topic."""

    type: ServiceType
    services: tuple[Service, ...]
    layers: tuple[Layer, ...]


def _known(kind: str, id_: str | None, known: Iterable[str], hint: str) -> None:
    if id_ is not None and id_ not in known:
        raise NotInModelError(kind, id_, known, hint)


def matrix(
    model: Model, *, area: str | None = None, service: str | None = None, party: Party | None = None
) -> list[MatrixRow]:
    """The matrix of responsibilities: per area a row for all services, then one for each service with its own.

    `area` and `service` are ids; with `service` the rows are those for that service and for all. `party`
    empties the other half. A row with nothing in it is left out.

    Raises NotInModelError for an area, service or party that the model does not have, with the nearest.
    """
    _known("area", area, model.area, f"The areas are {', '.join(model.area)}.")
    _known("service", service, model.service, "`demarcate matrix` lists all services.")
    _known("party", party, ("aws", "customer"), "The parties are aws and customer.")
    services = [item for item in model.services if service in (None, item.id)]
    rows: list[MatrixRow] = []
    for shared in model.areas:
        if area not in (None, shared.id):
            continue
        mine = [r for r in model.responsibilities if r.area == shared.id and party in (None, r.party)]
        halves = [(ALL, ALL, [r for r in mine if r.services == ALL])]
        halves += [(s.id, s.name, [r for r in mine if r.services != ALL and s.id in r.services]) for s in services]
        for id_, name, responsibilities in halves:
            if responsibilities:
                aws, customer = _split(responsibilities)
                rows.append(
                    MatrixRow(
                        area=shared.id,
                        area_title=shared.title,
                        service=id_,
                        service_name=name,
                        aws=aws,
                        customer=customer,
                    )
                )
    return rows


def _split(
    items: Iterable[Responsibility],
) -> tuple[tuple[Responsibility, ...], tuple[Responsibility, ...]]:
    """AWS's and the customer's, in that order."""
    items = tuple(items)
    return tuple(r for r in items if r.party == "aws"), tuple(r for r in items if r.party == "customer")


def explain(model: Model, id_: str) -> Explanation:
    """Everything that the model knows by an id: of a responsibility, an area, a service or a tool.

    Raises NotInModelError with the nearest ids where there is none.
    """
    responsibility = model.responsibility.get(id_)
    if responsibility is not None:
        aws, customer = _split((responsibility, *model.counterparts(responsibility)))
        return Explanation(id=id_, responsibility=responsibility, aws=aws, customer=customer)
    area, service, tool = model.area.get(id_), model.service.get(id_), model.tool.get(id_)
    if area is None and service is None and tool is None:
        known = (*model.responsibility, *model.area, *model.service, *model.tool)
        hint = (
            "Name a responsibility, an area, a service, a tool or a check by its id, or a control of a framework."
        )
        raise NotInModelError("item", id_, known, hint)
    aws, customer = _split(
        item
        for item in model.responsibilities
        if (area is not None and item.area == id_)
        or (service is not None and item.services != ALL and id_ in item.services)
        or (tool is not None and id_ in item.tools)
    )
    return Explanation(id=id_, area=area, service=service, tool=tool, aws=aws, customer=customer)


def shift(model: Model) -> tuple[Shift, ...]:
    """How the line moves from infrastructure to abstracted services: per type, who owes each topic.

    `both` means that each party has a part, or that the services of the type (or the settings of one
    resource) differ; `services` of a layer says which. `nobody` means that there is nothing left to do.
    """
    shifts: list[Shift] = []
    for type_ in SERVICE_TYPES:
        services = tuple(service for service in model.services if service.type == type_)
        layers: list[Layer] = []
        for topic in model.topics:
            aws = tuple(model.responsibility[id_] for id_ in topic.aws)
            customer = tuple(model.responsibility[id_] for id_ in topic.customer)
            mine = tuple(r for r in aws if any(r.covers(s.id) for s in services))
            yours = tuple(r for r in customer if any(r.covers(s.id) for s in services))
            each = {
                service.id: _owes(
                    any(r.covers(service.id) for r in aws), any(r.covers(service.id) for r in customer)
                )
                for service in services
            }
            layers.append(
                Layer(
                    topic=topic.id,
                    title=topic.title,
                    area=topic.area,
                    owes=_owes(bool(mine), bool(yours)),
                    aws=mine,
                    customer=yours,
                    services=each,
                )
            )
        shifts.append(Shift(type=type_, services=services, layers=tuple(layers)))
    return tuple(shifts)


def _owes(aws: bool, customer: bool) -> Owes:
    if aws and customer:
        return "both"
    if aws:
        return "aws"
    return "customer" if customer else "nobody"


def services_of_arn(model: Model, arn: str) -> tuple[Service, ...]:
    """The services to which an ARN can belong, by its service part; empty for what is no ARN we know."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return ()
    return tuple(service for service in model.services if parts[2] in service.arn_services)
