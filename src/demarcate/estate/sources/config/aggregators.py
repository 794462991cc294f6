"""An aggregator of AWS Config: one query for each type that is needed, over all of its accounts and regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from demarcate.base.arn import is_account_id, is_region
from demarcate.base.errors import DemarcateError
from demarcate.base.stopping import TemporaryFolder
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.sources.aws.clients import client_of
from demarcate.estate.sources.aws.failures import FAILED, why
from demarcate.estate.sources.aws.paging import paged
from demarcate.estate.sources.aws.session import credentials_of
from demarcate.estate.sources.config.budget import UNLIMITED, Budget
from demarcate.estate.sources.config.deliveries import LONG_AGO, Group
from demarcate.estate.sources.config.files import AGGREGATOR
from demarcate.estate.sources.config.opening import Opened
from demarcate.estate.sources.config.scanning import decode
from demarcate.estate.sources.config.spooling import Spools

if TYPE_CHECKING:
    import boto3


OPERATION = "config:SelectAggregateResourceConfig"
SOURCES = "config:DescribeConfigurationAggregatorSourcesStatus"

_CALLED = (
    "config.select_aggregate_resource_config",
    "config.describe_configuration_aggregator_sources_status",
)

_FIELDS = (
    *("accountId", "awsRegion", "arn", "resourceId", "resourceName", "resourceType"),
    *("configurationItemCaptureTime", "configurationItemStatus"),
    *("configuration", "supplementaryConfiguration", "tags"),
)
"""What a query asks for by name: * stands for the plain ones alone."""

_SIDE_BY_SIDE = 4
"""Config answers few queries a second."""


def query(type_: str) -> str:
    """The query for all resources of a type.

    >>> query("AWS::EC2::VPC")[-37:]
    " WHERE resourceType = 'AWS::EC2::VPC'"
    """
    return f"SELECT {', '.join(_FIELDS)} WHERE resourceType = '{type_}'"


@contextmanager
def open_aggregator(
    source: str, types: Iterable[str], session: boto3.Session, endpoint_url: str | None
) -> Iterator[Opened]:
    """What config:AGGREGATOR has of some types.

    Raises DemarcateError where it can be asked nothing at all.
    """
    name = source.removeprefix(AGGREGATOR)
    if not name:
        raise DemarcateError("name the aggregator: config:AGGREGATOR")
    if session.region_name is None:
        raise DemarcateError(
            f"{source}: it is not known in which region the aggregator is: "
            "name a profile that has one (--profile), or set AWS_REGION"
        )
    credentials_of(session)
    client = client_of(session, "config", endpoint_url, may=_CALLED)
    with TemporaryFolder() as folder:
        spools = Spools(folder)
        opened = Opened([], Budget(UNLIMITED))
        asked = sorted(set(types))
        with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="config") as pool:
            failures = pool.map(lambda type_: _ask(client, name, type_, spools), asked)
            opened.failed = {
                type_: Unread(kind=cause.kind, reason=cause.reason, operation=OPERATION)
                for type_, cause in zip(asked, failures, strict=True)
                if cause is not None
            }
        if asked and len(opened.failed) == len(asked):
            raise DemarcateError(f"{source}: {opened.failed[asked[0]]}")
        opened.unread += _not_aggregated(client, name)
        opened.groups = [
            Group(*place, (spool,), LONG_AGO, complete=True) for place, spool in spools.spools().items()
        ]
        yield opened


def _ask(client: Any, name: str, type_: str, spools: Spools) -> Unknown | None:
    """Keep what the aggregator answers of one type; why it could not, where it could not."""
    asked = {
        "Expression": query(type_),
        "ConfigurationAggregatorName": name,
        "PaginationConfig": {"PageSize": 100},
    }
    try:
        for page in paged(client, "select_aggregate_resource_config", asked):
            if not _keep(page.get("Results"), spools):
                return Unknown(Kind.MALFORMED, "the answer cannot be used: a result is no configuration item")
    except FAILED as error:
        return why(error)
    return None


def _keep(results: Sequence[Any] | None, spools: Spools) -> bool:
    if results is None:  # botocore takes an answer that is no JSON for an empty one
        return False
    for text in results:
        try:
            if not isinstance(text, str) or spools.add(decode(text)) is None:
                return False
        except ValueError:
            return False
    return True


def _not_aggregated(client: Any, name: str) -> list[Unread]:
    """The accounts and regions of which the aggregator did not get the present state."""
    unread = []
    asked = {"ConfigurationAggregatorName": name, "UpdateStatus": ["FAILED", "OUTDATED"]}
    try:
        for page in paged(client, "describe_configuration_aggregator_sources_status", asked):
            for status in page.get("AggregatedSourceStatusList", ()):
                code = status.get("LastErrorCode") or status.get("LastUpdateStatus", "")
                unread.append(
                    Unread(
                        kind=Kind.STALE,
                        reason=f"the aggregator does not have its present state ({code})",
                        account=source if is_account_id(source := status.get("SourceId")) else None,
                        region=region if is_region(region := status.get("AwsRegion")) else None,
                    )
                )
    except FAILED as error:
        cause = why(error)
        told = f"{cause.reason}: whether all accounts were aggregated"
        unread.append(Unread(kind=cause.kind, reason=told, operation=SOURCES))
    return unread
