"""What a guardrail is: pure data, in `catalog/<area>.yaml`."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

Kind = Literal["scp", "rcp", "declarative-ec2", "s3", "security-hub", "inspector", "ai-opt-out", "control-tower"]

TITLES: Final[dict[Kind, str]] = {
    "scp": "service control policies",
    "rcp": "resource control policies",
    "declarative-ec2": "declarative policies of EC2",
    "s3": "policies of S3",
    "security-hub": "policies of Security Hub",
    "inspector": "policies of Inspector",
    "ai-opt-out": "policies of AI services",
    "control-tower": "controls of Control Tower",
}
"""What people call each kind."""

TYPES: Final[dict[Kind, str]] = {
    "scp": "SERVICE_CONTROL_POLICY",
    "rcp": "RESOURCE_CONTROL_POLICY",
    "declarative-ec2": "DECLARATIVE_POLICY_EC2",
    "s3": "S3_POLICY",
    "security-hub": "SECURITYHUB_POLICY",
    "inspector": "INSPECTOR_POLICY",
    "ai-opt-out": "AISERVICES_OPT_OUT_POLICY",
}
"""What AWS Organizations calls the type of policy."""

_SETS: Final = "it sets how a service is configured in accounts, which is in no recorded call"

UNTESTED: Final[dict[Kind, str]] = {
    "security-hub": _SETS,
    "inspector": _SETS,
    "ai-opt-out": "it says what AWS may keep of your content, and denies nobody anything",
    "control-tower": "only Control Tower has what it is made of: a policy, a hook, or a rule of AWS Config, which "
    "reports and denies nothing",
}
"""Why no recorded call says whom a guardrail of a kind would hurt."""

UNCOVERED: Final[dict[Kind, str]] = {
    "scp": "users and roles of the management account, service-linked roles, services themselves, other organizations",
    "rcp": "resources of the management account, AWS managed keys, calls of service-linked roles",
    "declarative-ec2": "the management account, unless the policy is attached to it or to the root",
    "s3": "accounts that the policy is not attached to",
    "security-hub": "accounts that the policy is not attached to",
    "inspector": "accounts that the policy is not attached to",
    "ai-opt-out": "accounts that the policy is not attached to",
    "control-tower": "accounts that Control Tower has not enrolled, and regions that it does not govern",
}
"""Whom no guardrail of a kind reaches, whatever it says.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
"""

PARAMETER: Final = "$parameter"
"""The key of a mapping that stands for the values of a parameter."""

EACH: Final = "$each"
"""The key of a mapping that stands for texts, one for each value of the parameter that they name in braces."""


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal", omit_defaults=True):
    """A denial as IAM writes it, for everybody whom the policy is for, and for every resource where none is named."""

    action: str | tuple[str, ...] = ()
    not_action: tuple[str, ...] = ()
    resource: Any = "*"
    condition: dict[str, dict[str, Any]] = {}


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What only its user can say; a guardrail whose parameter has no default takes it with `--set`."""

    about: str
    default: tuple[str, ...] = ()


class Guardrail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Something that AWS prevents, or reports where it cannot prevent it.

    `keeps` are the responsibilities that it keeps met, and `checks` those that pass as long as it holds. `statements`
    are of a control policy, `content` is that of any other policy, `control` the identifier of one of Control Tower.
    `hurts` says who could be, `uncovered` what it leaves open beside `UNCOVERED`. One that `locks_out` can deny
    people what they need to take it back. Principals can be left out of it where it is `exemptible`.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    kind: Kind
    title: str
    keeps: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    checks: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    statements: tuple[Statement, ...] = ()
    content: dict[str, Any] = {}
    control: str = ""
    parameters: dict[str, Parameter] = {}
    exemptible: bool = True
    hurts: str
    uncovered: str
    locks_out: bool = False
    source: Annotated[str, msgspec.Meta(pattern=r"^https://docs\.aws\.amazon\.com/\S+$")]


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many characters a policy of a kind may have, and how many of them may be attached to one target."""

    characters: int
    attached: int
