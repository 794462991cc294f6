"""AWS Organizations: the organization, its accounts and its policies."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.table import REF, Arn, Bool, Call, Each, From, Json, Table, Tags, Text, Texts, Time
from demarcate.estate.schema.transforms import as_list, document, each
from demarcate.estate.schema.unknown import Unknown, first_unknown

_NOT_IN_USE = ("AWSOrganizationsNotInUseException",)


def _denied_actions(content: Any) -> Any:
    """The actions that a control policy denies to everyone it applies to, in lower case, sorted."""
    policy = document(content)
    if isinstance(policy, Unknown):
        return policy
    denied: set[str] = set()
    for statement in as_list(policy.get("Statement", [])):
        unknown = first_unknown(statement)
        if unknown is not None:
            return unknown
        if statement.get("Effect") == "Deny":
            denied.update(action.lower() for action in as_list(statement.get("Action", [])))
    return sorted(denied)


def _enabled(types: Any) -> list[str]:
    return sorted(one["Type"] for one in types if one["Status"] == "ENABLED")


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
            about="The actions that its statements deny, in lower case.",
        ),
        Texts(
            "target_ids",
            live=From("@targets.Targets", each("TargetId")),
            cloudformation=From("TargetIds", absent=[]),
            about="The roots, units and accounts that it is attached to.",
        ),
        Tags(),
    ),
)
