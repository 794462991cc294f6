"""Who asks AWS, and where: the account of the credentials, roles in other accounts, and their regions."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.credentials import RefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ProfileNotFound,
    SSOError,
)

from demarcate.base.arn import is_account_id, is_partition, is_region
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.accounts import Accounts
from demarcate.estate.sources.aws.answers import told
from demarcate.estate.sources.aws.bounds import within
from demarcate.estate.sources.aws.clients import Clients
from demarcate.estate.sources.aws.failures import FAILED, Unending, unreached, why
from demarcate.estate.sources.interface import Options

if TYPE_CHECKING:
    import boto3

HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""The region, by partition, through which services that are not regional are asked."""

ALWAYS_ENABLED = frozenset(
    {
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
        *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3"),
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"),
    }
)
"""The regions that no account has to opt into. There will be no more: all since March 2019 are opted into."""

SESSION_NAME = "demarcate"
"""What CloudTrail in the other accounts shows of who assumed the role."""

CREDENTIALS = 60.0
"""Seconds in which whatever gives credentials must: a process, a metadata service, a sign-in may hang."""

_SIGN_IN = "Name a profile (--profile), sign in (aws sso login) or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_INVALID = ("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure")


def session_of(options: Options) -> boto3.Session:
    """The session that options ask for. Raises DemarcateError as `make_session`."""
    return make_session(options.profile) if options.session is None else options.session


def make_session(profile: str | None = None) -> boto3.Session:
    """A boto3 session for a profile, or for whatever credentials boto3 finds.

    Raises DemarcateError for a profile that does not exist, and for a configuration of AWS that cannot be read.
    """
    import boto3
    import botocore.session

    try:
        return boto3.Session(profile_name=profile)
    except ProfileNotFound as error:
        core = botocore.session.Session()
        name = profile or core.get_config_variable("profile")
        where = "" if profile else " (it is what AWS_PROFILE or AWS_DEFAULT_PROFILE names)"
        known = core.available_profiles
        names = f"there are: {', '.join(known)}" if known else "no profile is configured"
        raise DemarcateError(f"there is no AWS profile {name!r}{where}: {names}") from error
    except BotoCoreError as error:
        raise DemarcateError(f"the configuration of AWS cannot be used: {error}") from error


def credentials_of(session: boto3.Session) -> Any:
    """The credentials of a session, bounded in time as often as they are fetched anew; None where it has none.

    Raises DemarcateError where they cannot be had.
    """
    try:
        credentials: Any = _fetched(session.get_credentials)
    except (BotoCoreError, Unending) as error:
        raise DemarcateError(f"no AWS credentials: {error}. {_SIGN_IN}") from error
    fetch = getattr(credentials, "_refresh_using", None)  # there is no public way
    if fetch is not None and not isinstance(fetch, partial):
        credentials._refresh_using = partial(_fetched, fetch)
    return credentials


def _fetched(fetch: Callable[[], Any]) -> Any:
    """Credentials that are fetched, for the first time or anew. Raises one of `FAILED`.

    What gives them may be anybody's program or file, and fails in ways of its own. Its message may quote a secret.
    """
    try:
        return within(CREDENTIALS, fetch)
    except FAILED:
        raise
    except Exception as error:
        kind = type(error).__name__
        what = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else kind
        raise CredentialRetrievalError(provider="the AWS configuration", error_msg=what) from error


@dataclass(frozen=True, slots=True)
class Account:
    """An account that is read: its id, partition, the regions to read and the home region."""

    id: str
    partition: str
    home: str
    regions: tuple[str, ...]
    unread: Unknown | None = None
    """Why the list of its regions could not be read, where it could not."""
    not_enabled: tuple[str, ...] = ()
    """The regions that were asked for by name and that it has not enabled."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials these are, and the region through which AWS is asked first."""

    account: str
    partition: str
    start: str
    arn: str = ""

    @property
    def home(self) -> str:
        """The region through which services that are not regional are asked."""
        return HOME.get(self.partition, self.start)


def identify(session: boto3.Session, clients: Clients, regions: Sequence[str] | None) -> Caller:
    """The account of the session's credentials.

    Raises DemarcateError where there are no credentials, where they are expired or not valid, and for a
    region that does not exist.
    """
    start = (regions[0] if regions else None) or session.region_name or HOME["aws"]
    for region in regions or ():
        _check_region(session, region)
    credentials_of(session)
    try:
        identity = clients.pair("sts", start)[0].get_caller_identity()
    except (NoCredentialsError, CredentialRetrievalError, SSOError) as error:
        raise DemarcateError(f"no AWS credentials: {error}. {_SIGN_IN}") from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _EXPIRED:
            raise DemarcateError(f"the AWS credentials have expired ({code}): sign in again") from error
        if code in _INVALID:
            raise DemarcateError(f"AWS does not accept these credentials ({code})") from error
        raise DemarcateError(
            f"AWS does not say whose credentials these are: sts:GetCallerIdentity: {code}"
        ) from error
    except FAILED as error:
        raise DemarcateError(f"AWS cannot be reached: sts:GetCallerIdentity: {unreached(error)}") from error
    account, arn = identity.get("Account"), str(identity.get("Arn"))
    partition = [*arn.split(":"), ""][1]
    if not is_account_id(account) or not is_partition(partition):
        raise DemarcateError(
            "AWS does not say whose credentials these are: sts:GetCallerIdentity: the answer has the account "
            f"{str(account)[:100]!r} and the ARN {arn[:100]!r}; expected an account of 12 digits"
        )
    clients.account = account
    return Caller(account, partition, start, arn)


def account_of(caller: Caller, id: str, clients: Clients, regions: Sequence[str] | None) -> Account:
    """An account with the regions given, or all, as far as it has them enabled. `clients` are the account's own."""
    wanted = tuple(dict.fromkeys(regions or ()))
    if wanted and ALWAYS_ENABLED.issuperset(wanted):
        return Account(id, caller.partition, caller.home, wanted)
    try:
        answer = clients.pair("ec2", caller.start)[0].describe_regions()
        described = told(answer, "Regions")
    except FAILED as error:
        # Those that were asked for are read all the same: each call there says by itself what is wrong.
        return Account(
            id, caller.partition, caller.home, wanted or (caller.start,), None if wanted else why(error)
        )
    names = [region.get("RegionName") for region in described if region.get("OptInStatus") != "not-opted-in"]
    # Files are named after regions, and hosts that get signed requests.
    if odd := [name for name in names if not is_region(name)]:
        lie = Unknown(Kind.MALFORMED, f"the answer cannot be used: {str(odd[0])[:100]!r} is no region")
        return Account(id, caller.partition, caller.home, wanted or (caller.start,), None if wanted else lie)
    enabled = tuple(sorted(set(names)))  # files are named after them: each is read once
    return Account(
        id,
        caller.partition,
        caller.home,
        tuple(region for region in wanted or enabled if region in enabled),
        not_enabled=tuple(region for region in wanted if region not in enabled),
    )


def assume(caller: Caller, id: str, own: Clients, accounts: Accounts) -> boto3.Session:
    """A session of the role in another account, whose credentials are fetched anew before they expire.

    `own` are the caller's clients. Raises one of `FAILED` where the role cannot be assumed.
    """
    import boto3
    import botocore.session

    asked = {
        "RoleArn": f"arn:{caller.partition}:iam::{id}:role/{accounts.role_name.lstrip('/')}",
        "RoleSessionName": SESSION_NAME,
    }
    if accounts.external_id is not None:
        asked["ExternalId"] = accounts.external_id

    def fetch() -> dict[str, str]:
        client, limit = own.pair("sts", caller.start)
        with limit:
            given = told(client.assume_role(**asked), "Credentials")
        return {
            "access_key": told(given, "AccessKeyId"),
            "secret_key": told(given, "SecretAccessKey"),
            "token": told(given, "SessionToken"),
            "expiry_time": told(given, "Expiration").isoformat(),
        }

    core: Any = botocore.session.Session(profile=own.session._session.profile)
    # botocore has no public way to give a session credentials that refresh.
    core._credentials = RefreshableCredentials.create_from_metadata(
        fetch(), refresh_using=fetch, method="assume-role"
    )
    core.set_config_variable("region", caller.start)
    return boto3.Session(botocore_session=core)


def _check_region(session: boto3.Session, region: str) -> None:
    if region in ALWAYS_ENABLED:
        return
    known = [r for p in session.get_available_partitions() for r in session.get_available_regions("ec2", p)]
    if region in known:
        return
    near = difflib.get_close_matches(region, known, 1)
    # A region newer than the installed botocore is well formed, and near to none.
    if near or not is_region(region):
        hint = f"; did you mean {near[0]}?" if near else ""
        raise DemarcateError(f"there is no AWS region {region!r}{hint}")
