"""The line for one resource: find it in a source, and draw both halves from its own row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from demarcate.base.errors import DemarcateError
from demarcate.estate.collecting import LIVE, collect_snapshot
from demarcate.estate.plan import Selection
from demarcate.model import Model, services_of_arn
from demarcate.posture.line import ResourceLine, draw, line_checks

if TYPE_CHECKING:
    import boto3


def line_of(
    model: Model,
    resource: str,
    sources: Sequence[str],
    *,
    session: boto3.Session | None = None,
    regions: Sequence[str] | None = None,
    endpoint_url: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> list[ResourceLine]:
    """Both halves for the resource of that ARN, logical id or name, once for each service that it is of.

    Of live AWS only the tables of the ARN's service are read, in the ARN's region. Raises DemarcateError where
    the source has no such resource, or an ARN is of a service that the model does not have.
    """
    selection = None
    if list(sources) == [LIVE]:
        selection, regions = _live(model, resource, regions)
    snapshot = collect_snapshot(
        sources,
        session=session,
        regions=regions,
        endpoint_url=endpoint_url,
        selection=selection,
        parameters=parameters,
    )
    return draw(model, snapshot, resource)


def _live(model: Model, arn: str, regions: Sequence[str] | None) -> tuple[Selection, Sequence[str] | None]:
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        raise DemarcateError(f"{arn!r} is not an ARN; for a template's resource, name the template with --source")
    services = services_of_arn(model, arn)
    if not services:
        raise DemarcateError(f"the model has no service for {arn}")
    columns: dict[str, set[str]] = {table: set() for service in services for table in service.tables}
    for check in line_checks(model).values():
        if check.table in columns:
            columns[check.table].update(check.columns)
    if regions is None and parts[3]:
        regions = [parts[3]]
    return {table: frozenset(used) for table, used in columns.items()}, regions
