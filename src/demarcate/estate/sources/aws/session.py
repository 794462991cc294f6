"""Who asks AWS, and where: the account, its regions, and one client for each service and region."""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

from demarcate.base.errors import DemarcateError
from demarcate.version import __version__

if TYPE_CHECKING:
    import boto3

FAILED = (ClientError, BotoCoreError, ResponseParserError)
"""What a call raises when AWS, or the way to it, did not answer as it should."""

HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""The region, by partition, through which services that are not regional are asked."""

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=16,
    user_agent_extra=f"demarcate/{__version__}",
)

_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_INVALID = ("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure")


def make_session(profile: str | None = None) -> boto3.Session:
    """A boto3 session for a profile, or for whatever credentials boto3 finds.

    Raises DemarcateError for a profile that does not exist.
    """
    import boto3

    try:
        return boto3.Session(profile_name=profile)
    except ProfileNotFound as error:
        known = boto3.Session().available_profiles
        names = f" (there are: {', '.join(known)})" if known else " (no profile is configured)"
        raise DemarcateError(f"there is no AWS profile {profile!r}{names}") from error


class Clients:
    """Clients by service and region, each created once. Safe for use from several threads."""

    def __init__(self, session: boto3.Session, endpoint_url: str | None) -> None:
        self._session, self._endpoint = session, endpoint_url
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def get(self, service: str, region: str) -> Any:
        """The client of a service in a region."""
        key = (service, region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service,  # type: ignore[call-overload]
                    region_name=region,
                    endpoint_url=self._endpoint,
                    config=_CONFIG,
                )
            return self._clients[key]

    def is_absent(self, operation: str, region: str, error: Exception) -> bool:
        """Whether a call failed because the region does not have the service: then there is nothing in it."""
        if not isinstance(error, EndpointConnectionError):
            return False
        service = operation.split(".")[0]
        partition = self._session.get_partition_for_region(region)
        known = self._session.get_available_regions(service, partition)
        return bool(known) and region not in known

    def api_name(self, operation: str) -> str:
        """An operation as IAM and CloudTrail write it: `ec2.describe_volumes` is "ec2:DescribeVolumes"."""
        service, method = operation.split(".")
        with self._lock:
            client = next((c for (name, _), c in self._clients.items() if name == service), None)
        if client is None:
            return operation
        meta = client.meta
        return f"{meta.service_model.signing_name}:{meta.method_to_api_mapping[method]}"


@dataclass(frozen=True, slots=True)
class Account:
    """The account that is read: its id, partition, the regions to read and the home region."""

    id: str
    partition: str
    home: str
    regions: tuple[str, ...]
    unread: str | None = None
    """Why the list of its regions could not be read, where it could not."""


def identify(session: boto3.Session, clients: Clients, regions: Sequence[str] | None) -> Account:
    """The account of the session's credentials, with the regions given or all that it has enabled.

    Raises DemarcateError where there are no credentials, where they are expired or not valid, and for a
    region that does not exist.
    """
    start = (regions[0] if regions else None) or session.region_name or HOME["aws"]
    for region in regions or ():
        _check_region(session, region)
    try:
        identity = clients.get("sts", start).get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise DemarcateError(
            f"no AWS credentials: {error}. Name a profile (--profile), sign in (aws sso login) or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _EXPIRED:
            raise DemarcateError(f"the AWS credentials have expired ({code}): sign in again") from error
        if code in _INVALID:
            raise DemarcateError(f"AWS does not accept these credentials ({code})") from error
        raise DemarcateError(
            f"AWS does not say whose credentials these are: sts:GetCallerIdentity: {code}"
        ) from error
    except BotoCoreError as error:
        raise DemarcateError(f"AWS cannot be reached: {error}") from error
    partition = str(identity["Arn"]).split(":")[1]
    home = HOME.get(partition, start)
    if regions:
        return Account(str(identity["Account"]), partition, home, tuple(dict.fromkeys(regions)))
    try:
        found = clients.get("ec2", start).describe_regions()["Regions"]
    except FAILED as error:
        return Account(str(identity["Account"]), partition, home, (start,), reason(error))
    names = tuple(sorted(region["RegionName"] for region in found))
    return Account(str(identity["Account"]), partition, home, names)


_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+$")


def _check_region(session: boto3.Session, region: str) -> None:
    known = [r for p in session.get_available_partitions() for r in session.get_available_regions("ec2", p)]
    if region in known:
        return
    near = difflib.get_close_matches(region, known, 1)
    # A region newer than the installed botocore is well formed, and near to none.
    if near or not _REGION.match(region):
        hint = f"; did you mean {near[0]}?" if near else ""
        raise DemarcateError(f"there is no AWS region {region!r}{hint}")


def code_of(error: Exception) -> str:
    """The error code that AWS gave, or the name of what went wrong on the way."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or "UnknownError")
    return type(error).__name__


_DENIED = re.compile(r"AccessDenied|UnauthorizedOperation|NotAuthorized|Forbidden|^403$")
_THROTTLED = re.compile(r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|^429$")


def reason(error: Exception) -> str:
    """Why a call failed, without anything that differs from one resource to the next."""
    code = code_of(error)
    if _DENIED.search(code):
        return f"access denied ({code})"
    if _THROTTLED.search(code):
        return f"throttled until it gave up ({code})"
    if isinstance(error, ClientError):
        return f"AWS answered {code}"
    return f"the call failed ({code})"
