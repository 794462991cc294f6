"""Who asks AWS, and where: the account and its regions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from demarcate.base.errors import DemarcateError
from demarcate.estate.sources.aws.clients import Clients
from demarcate.estate.sources.aws.failures import FAILED, reason

if TYPE_CHECKING:
    import boto3

HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""The region, by partition, through which services that are not regional are asked."""

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
        identity = clients.pair("sts", start)[0].get_caller_identity()
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
        found = clients.pair("ec2", start)[0].describe_regions()["Regions"]
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
