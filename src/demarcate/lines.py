"""The line for one resource: find it in a source, and draw both halves from its own row."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from demarcate.base.errors import DemarcateError
from demarcate.estate.sources.collecting import asks, collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection
from demarcate.model import Model, services_of_arn
from demarcate.posture.line import ResourceLine, draw, line_checks, resource_checks


def line_of(
    model: Model,
    resource: str,
    sources: Sequence[str],
    options: Options = Options(),
) -> list[ResourceLine]:
    """Both halves for the resource of that ARN, logical id or name, once for each service that it is of.

    Of live AWS only the tables of the ARN's service are read, in the ARN's region. Raises DemarcateError where
    the source has no such resource, or an ARN is of a service that the model does not have.
    """
    selection = None
    live = asks(sources)
    if live:
        selection, region = needed(model, resource)
        if region and not options.regions:
            options = replace(options, regions=(region,))
    snapshot = collect_snapshot(sources, options, selection=selection)
    return draw(model, snapshot, resource, live=live)


def needed(model: Model, arn: str) -> tuple[Selection, str]:
    """What is read of AWS for the resource of an ARN, and the region that it is in, if it says one."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        raise DemarcateError(f"{arn!r} is not an ARN; for a template's resource, name the template too")
    services = services_of_arn(model, arn)
    if not services:
        raise DemarcateError(f"the model has no service for {arn}")
    columns: dict[str, set[str]] = {table: set() for service in services for table in service.tables}
    for check in line_checks(model).values():
        if check.table in columns:
            columns[check.table].update(check.columns)
    for check in resource_checks(model, tuple(columns), live=True).values():
        if check.table in columns:  # what judges derived rows would read the tables of all services
            columns[check.table].update(check.columns)
            for table, names in check.lookups.items():
                columns.setdefault(table, set()).update(names)
    return {table: frozenset(used) for table, used in columns.items()}, parts[3]
