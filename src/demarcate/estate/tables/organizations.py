"""AWS Organizations: the organization, its accounts and its policies."""

from __future__ import annotations

from typing import Any

from demarcate.access.actions import covers_service, sensitive
from demarcate.access.limits import except_principals, outside_regions
from demarcate.access.resources import covers_everything
from demarcate.access.statements import Statement, listed
from demarcate.access.values import every, some
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.table import REF, Arn, Bool, Call, Each, From, Json, Table, Tags, Text, Texts, Time
from demarcate.estate.schema.transforms import document, each
from demarcate.estate.schema.unknown import Unknown

_NOT_IN_USE = ("AWSOrganizationsNotInUseException",)


def _denials(content: Any) -> list[tuple[Statement, bool | Unknown]]:
    """The statements of a control policy, each with whether it denies on every resource."""
    return [
        (
            said,
            every(
                (
                    said.effect if isinstance(said.effect, Unknown) else said.effect == "Deny",
                    covers_everything(said.resources, said.not_resources),
                )
            ),
        )
        for said in map(Statement.of, listed(content))
    ]


def _denied_actions(content: Any) -> Any:
    """The sensitive actions that a control policy denies to everybody but principals that it names."""
    denied, unsure = set[str](), None
    for said, denies in _denials(content):
        for_all = every((denies, except_principals(said.conditions)))
        actions = sensitive(said.actions, said.not_actions)
        if isinstance(for_all, Unknown):
            unsure = unsure or for_all
        elif for_all:
            denied.update(actions.known)
            unsure = unsure or actions.unknown
    return unsure or sorted(denied)


def _limits_regions(content: Any) -> bool | Unknown:
    """Whether a control policy denies all services, or all but some, outside of regions that it names."""
    return some(
        every(
            (
                denies,
                bool(said.not_actions.given) or covers_service(said.actions, said.not_actions, "ec2"),
                outside_regions(said.conditions),
                except_principals(said.conditions, ("aws:requestedregion",)),
            )
        )
        for said, denies in _denials(content)
    )


def _at_root(targets: Any) -> bool | Unknown:
    """Whether a root of an organization is among the targets of a policy."""
    answers = (
        target if isinstance(target, Unknown) else _is_root(target)
        for target in (targets if isinstance(targets, list) else [targets])
    )
    return some(answers)


def _is_root(target: str) -> bool | Unknown:
    if isinstance(target, StandIn):
        return target.written.endswith(".RootId}")
    return target.startswith("r-")


def _places(paths: Any) -> list[str]:
    """The ids on the paths to an account, its own among them."""
    return sorted({id_ for path in paths for id_ in path.split("/") if id_})


def _enabled(types: Any) -> list[str]:
    return sorted(policy_type["Type"] for policy_type in types if policy_type["Status"] == "ENABLED")


ORGANIZATION = Table(
    "aws_organizations_organization",
    "The organization that the account belongs to.",
    service="organizations",
    scope="account",
    live=Each("organizations.describe_organization", "Organization", absent=_NOT_IN_USE),
    details={
        "roots": Call("organizations.list_roots"),
        "services": Call("organizations.list_aws_service_access_for_organization"),
        "delegated": Call("organizations.list_delegated_administrators"),
    },
    cloudformation="AWS::Organizations::Organization",
    columns=(
        Text("id", live="Id", cloudformation=REF),
        Arn(live="Arn"),
        Text("feature_set", live="FeatureSet", cloudformation=From("FeatureSet", absent="ALL")),
        Text("master_account_id", live="MasterAccountId"),
        Text("master_account_arn", live="MasterAccountArn"),
        Text("master_account_email", live="MasterAccountEmail"),
        Texts(
            "enabled_policy_types",
            live=From("@roots.Roots[0].PolicyTypes", _enabled),
            about="The policy types that are switched on at the root.",
        ),
        Texts(
            "enabled_service_principals",
            live=From("@services.EnabledServicePrincipals", each("ServicePrincipal")),
            about="The services that work across the organization.",
        ),
        Texts("delegated_administrator_ids", live=From("@delegated.DelegatedAdministrators", each("Id"))),
    ),
)

ORGANIZATION_ACCOUNT = Table(
    "aws_organizations_account",
    "An account of the organization.",
    service="organizations",
    scope="account",
    live=Each("organizations.list_accounts", "Accounts[]", absent=_NOT_IN_USE),
    details={"tags": Call("organizations.list_tags_for_resource", inputs={"ResourceId": "Id"})},
    cloudformation="AWS::Organizations::Account",
    columns=(
        Text("id", live="Id", cloudformation=REF),
        Arn(live="Arn"),
        Text("name", live="Name", cloudformation="AccountName"),
        Text("email", live="Email"),
        Text("status", live="Status"),
        Text("state", live="State"),
        Texts(
            "paths",
            live="Paths",
            about="Where it is: the ids of the organization, the root, the units and the account, with slashes.",
        ),
        Texts("path_ids", live=From("Paths", _places), about="The ids on that way, its own among them."),
        Text("joined_method", live="JoinedMethod"),
        Time("joined_timestamp", live="JoinedTimestamp"),
        Tags(live="@tags.Tags"),
    ),
)

POLICY = Table(
    "aws_organizations_policy",
    "A policy of the organization, of a type that is switched on at its root.",
    service="organizations",
    scope="account",
    live=(
        Each("organizations.list_roots", "Roots[0].PolicyTypes[]", absent=_NOT_IN_USE),
        Each("organizations.list_policies", "Policies[]", inputs={"Filter": "Type"}),
    ),
    details={
        "tags": Call(
            "organizations.list_tags_for_resource", inputs={"ResourceId": "Id"}, only=("AwsManaged", False)
        ),
        "policy": Call("organizations.describe_policy", inputs={"PolicyId": "Id"}),
        "targets": Call("organizations.list_targets_for_policy", inputs={"PolicyId": "Id"}),
    },
    cloudformation="AWS::Organizations::Policy",
    columns=(
        Text("id", live="Id", cloudformation=REF),
        Arn(live="Arn"),
        Text("name", live="Name"),
        Text("description", live="Description", absent=""),
        Text("type", live="Type"),
        Bool("aws_managed", live="AwsManaged", cloudformation=From("@", lambda _: False)),
        Json(
            "content",
            live=From("@policy.Policy.Content", document),
            cloudformation=From("Content", document),
        ),
        Texts(
            "denied_actions",
            live=From("@policy.Policy.Content", _denied_actions),
            cloudformation=From("Content", _denied_actions),
            about="The sensitive actions (in lower case) that its statements deny on everything, to all but principals "
            "that they name.",
        ),
        Bool(
            "limits_regions",
            live=From("@policy.Policy.Content", _limits_regions),
            cloudformation=From("Content", _limits_regions),
            about="Whether a statement denies all services, or all but some, outside of regions that it names.",
        ),
        Texts(
            "target_ids",
            live=From("@targets.Targets", each("TargetId")),
            cloudformation=From("TargetIds", absent=[]),
            about="The roots, units and accounts that it is attached to.",
        ),
        Bool(
            "attached_to_root",
            live=From("@targets.Targets", lambda targets: _at_root(each("TargetId")(targets))),
            cloudformation=From("TargetIds", _at_root, absent=False),
            about="Whether it is attached to the root, and so is of force in all accounts but the managing one.",
        ),
        Tags(live="@tags.Tags"),
    ),
)
