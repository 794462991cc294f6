"""A call that CloudTrail recorded, as IAM saw it: who, which actions, on what, and the condition keys that it tells.

What the record does not tell is not there, and never guessed. A key that the request did not have is None.

Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html#not-restricted-by-scp
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from demarcate.access.conditions import Context
from demarcate.base.arn import is_account_id
from demarcate.base.limits import shortened
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.guardrails.actions import Authorized, authorized
from demarcate.guardrails.parameters import keys_of, resources_of

CALL: Final = "AwsApiCall"
"""The type of event that is a call of an API. Others, such as sign-ins, are authorized by nothing that IAM has."""

DENIED: Final = re.compile(r"(Client\.)?(AccessDenied(Exception)?|UnauthorizedOperation|UnauthorizedAccess)$")
"""Error codes of calls that were refused for want of permission."""

_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


@dataclass(frozen=True, slots=True)
class Call:
    """A recorded call.

    `principal` is the ARN of who called, that of the role where a session of one did, or what else is told of them.
    `bound` says whether a service control policy of their account binds them, or why that is not known; `free` says
    why it does not. Of a call that is replayed for its resources, these are about a resource control policy, and
    `owner` is the account that they are in, where that is told. `resources` are ARNs that the call was authorized on;
    all of them only where they are `whole`.
    """

    event: str
    authorized: Authorized
    at: str
    account: str
    region: str
    principal: str
    bound: bool | Unknown
    free: str
    refused: bool
    keys: Context
    resources: tuple[str, ...]
    whole: bool
    id: str
    owner: str = ""
    parameters: Mapping[str, Any] | None = None
    """What it asked for; None where that is not recorded."""


def is_call(event: Mapping[str, Any]) -> bool | None:
    """Whether an event is a call, with all that every call has; None where it lacks what says so."""
    type_ = event.get("eventType")
    if isinstance(type_, str) and type_ not in ("", CALL):
        return False
    whole = (
        type_ == CALL
        and all(isinstance(event.get(name), str) for name in ("eventSource", "eventName"))
        and bool(_MOMENT.fullmatch(str(event.get("eventTime"))))
    )
    return True if whole else None


def actions_of(event: Mapping[str, Any]) -> Authorized:
    """The actions that a call was authorized by."""
    parameters = event.get("requestParameters")
    version = isinstance(parameters, dict) and isinstance(parameters.get("versionId"), str)
    return authorized(event["eventSource"], event["eventName"], version=version)


def call_of(
    event: Mapping[str, Any],
    accounts: Collection[str] = (),
    management: str = "",
    organization: str = "",
    *,
    for_resources: bool = False,
) -> Call:
    """An event as a call. `accounts` are some of the organization, and `management` is its management account, where
    that is known; `organization` is the id of the organization that all callers belong to, where they do.

    Replayed for its resources, only callers of these accounts, and of the one that recorded the call, belong to it.
    """
    who = _mapping(event.get("userIdentity"))
    session = _mapping(who.get("sessionContext"))
    issuer = _mapping(session.get("sessionIssuer"))
    type_ = str(who.get("type") or "")
    account = str(who.get("accountId") or issuer.get("accountId") or "")
    arn = str(issuer.get("arn") or "") if type_ == "AssumedRole" else str(who.get("arn") or "")
    bound, free = _bound(type_, arn, account, management)
    if bound is True and not (organization or _is_ours(event, account, accounts)):
        bound = Unknown(Kind.UNTOLD, f"whether {account or 'the account of the caller'} is of your organization")
    called = actions_of(event)
    parameters = _mapping(event.get("requestParameters"))
    identity = _Identity(who, session, type_, arn, account)
    resources, whole = resources_of(called.actions, parameters, event, arn)
    owner = _owner(event, account, resources if whole else ())
    if for_resources:
        bound, free = _held(arn, owner, management)
        organization = organization if account and _is_ours(event, account, accounts) else ""
    return Call(
        event=shortened(f"{event['eventSource'].removesuffix('.amazonaws.com')}:{event['eventName']}"),
        authorized=called,
        at=event["eventTime"],
        account=shortened(account),
        region=shortened(str(event.get("awsRegion") or "")),
        principal=shortened(arn or str(who.get("invokedBy") or who.get("principalId") or type_ or "somebody")),
        bound=bound,
        free=free,
        refused=bool(DENIED.match(str(event.get("errorCode") or ""))),
        keys={**_keys(event, identity, organization), **keys_of(called.actions, parameters)},
        resources=resources,
        whole=whole,
        id=str(event.get("sharedEventID") or event.get("eventID") or ""),
        owner=shortened(owner),
        parameters=parameters if isinstance(event.get("requestParameters"), dict) else None,
    )


@dataclass(frozen=True, slots=True)
class _Identity:
    """Who called: what `userIdentity` has, and what is made of it."""

    told: Mapping[str, Any]
    session: Mapping[str, Any]
    type: str
    arn: str
    account: str


def _bound(type_: str, arn: str, account: str, management: str) -> tuple[bool | Unknown, str]:
    if type_ == "AWSService":
        return False, "a service itself"
    if ":role/aws-service-role/" in arn:
        return False, "a service-linked role"
    if management and account == management:
        return False, "of the management account"
    if type_ in ("IAMUser", "AssumedRole", "Root", "FederatedUser", "Role", "AWSAccount"):
        return True, ""
    return Unknown(Kind.UNTOLD, f"whether a policy binds a caller of type {type_ or 'none'}"), ""


def _is_ours(event: Mapping[str, Any], account: str, accounts: Collection[str]) -> bool:
    return account == event.get("recipientAccountId") or account in accounts


def _held(arn: str, owner: str, management: str) -> tuple[bool | Unknown, str]:
    """Whether a resource control policy holds for a call, whoever made it.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    """
    if ":role/aws-service-role/" in arn:
        return False, "a service-linked role"
    if owner and owner == management:
        return False, "somebody on a resource of the management account"
    return (True if owner else Unknown(Kind.UNTOLD, "in which account the resource is")), ""


def _owner(event: Mapping[str, Any], account: str, resources: Sequence[str]) -> str:
    """The account of the resources of a call: told beside them, in their ARNs, or that which heard of a foreign call.

    A call across accounts is recorded for both; the record of the one that did not make it is the owner's.
    """
    listed = event.get("resources")
    told = (
        {str(item.get("accountId") or "") for item in listed if isinstance(item, dict)}
        if isinstance(listed, list)
        else set()
    )
    told = told or {arn.split(":", 5)[4] for arn in resources if arn.count(":") >= 5}
    recipient = str(event.get("recipientAccountId") or "")
    if len(told) == 1 and "" not in told:
        return told.pop()
    return recipient if account != recipient else ""


_TYPES: Final = {
    "IAMUser": "User",
    "AssumedRole": "AssumedRole",
    "Root": "Account",
    "FederatedUser": "FederatedUser",
}
"""What `aws:PrincipalType` is for each type of identity."""


def _keys(event: Mapping[str, Any], who: _Identity, organization: str) -> dict[str, tuple[str, ...] | None]:
    keys: dict[str, tuple[str, ...] | None] = {"aws:currenttime": (event["eventTime"],)}
    region = event.get("awsRegion")
    if isinstance(region, str) and region:
        keys["aws:requestedregion"] = (region,)
    agent = event.get("userAgent")
    if isinstance(agent, str) and 0 < len(agent) < 1000:  # a longer one was cut
        keys["aws:useragent"] = (agent,)
    if isinstance(event.get("tlsDetails"), dict):
        keys["aws:securetransport"] = ("true",)
    keys.update(_principal(who, organization))
    keys.update(_session(who))
    keys.update(_way(event, who))
    return keys


def _principal(who: _Identity, organization: str) -> dict[str, tuple[str, ...] | None]:
    keys: dict[str, tuple[str, ...] | None] = {}
    if who.arn and who.type != "AWSAccount":
        keys["aws:principalarn"] = (who.arn,)
    if is_account_id(who.account):
        keys["aws:principalaccount"] = (who.account,)
    if who.type in _TYPES:
        keys["aws:principaltype"] = (_TYPES[who.type],)
        keys["aws:principalisawsservice"] = ("false",)
        keys["aws:principalservicename"] = None
        if organization:
            keys["aws:principalorgid"] = (organization,)
    elif who.type == "AWSService":
        keys["aws:principalisawsservice"] = ("true",)
        if isinstance(who.told.get("invokedBy"), str):
            keys["aws:principalservicename"] = (who.told["invokedBy"],)
    if who.type == "IAMUser" and isinstance(who.told.get("userName"), str):
        keys["aws:username"] = (who.told["userName"],)
    elif who.type == "AssumedRole":
        keys["aws:username"] = None
    if isinstance(who.told.get("principalId"), str) and who.type in _TYPES:
        keys["aws:userid"] = (who.told["principalId"],)
    return keys


def _session(who: _Identity) -> dict[str, tuple[str, ...] | None]:
    """What the credentials of a session say. Those of a user for a long time say nothing of a second factor."""
    keys: dict[str, tuple[str, ...] | None] = {}
    attributes = _mapping(who.session.get("attributes"))
    factor = attributes.get("mfaAuthenticated")
    if isinstance(who.told.get("invokedBy"), str):
        return keys  # what of these a service hands on is not told
    if isinstance(factor, str):
        keys["aws:multifactorauthpresent"] = (factor,)
    elif who.type == "IAMUser" and str(who.told.get("accessKeyId") or "").startswith("AKIA"):
        keys["aws:multifactorauthpresent"] = None
        keys["aws:multifactorauthage"] = None
        keys["aws:tokenissuetime"] = None
    issued = attributes.get("creationDate")
    if isinstance(issued, str):
        keys["aws:tokenissuetime"] = (issued,)
    source = who.session.get("sourceIdentity")
    if isinstance(source, str):
        keys["aws:sourceidentity"] = (source,)
    if who.type in ("AssumedRole", "IAMUser", "Root"):
        delivery = who.session.get("ec2RoleDelivery")
        keys["ec2:roledelivery"] = (str(delivery),) if delivery is not None else None
    return keys


def _way(event: Mapping[str, Any], who: _Identity) -> dict[str, tuple[str, ...] | None]:
    """Where a call came from, and through whom."""
    if isinstance(who.told.get("invokedBy"), str):
        # A service called for somebody: with their own rights, or with those of a role that it has.
        return {"aws:viaawsservice": ("true",)} if who.type in ("IAMUser", "Root") else {}
    keys: dict[str, tuple[str, ...] | None] = {
        "aws:viaawsservice": ("false",),
        "aws:calledvia": None,
        "aws:calledviafirst": None,
        "aws:calledvialast": None,
    }
    address, endpoint = event.get("sourceIPAddress"), event.get("vpcEndpointId")
    if isinstance(endpoint, str) and endpoint:
        keys["aws:sourcevpce"] = (endpoint,)
        keys["aws:sourceip"] = None
        if _is_address(address):
            keys["aws:vpcsourceip"] = (str(address),)
    elif _is_address(address) and ipaddress.ip_address(str(address)).is_global:
        keys["aws:sourceip"] = (str(address),)
        keys["aws:sourcevpce"] = keys["aws:sourcevpc"] = keys["aws:vpcsourceip"] = None
    return keys


def _is_address(text: Any) -> bool:
    try:
        ipaddress.ip_address(str(text))
    except ValueError:
        return False
    return True


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
