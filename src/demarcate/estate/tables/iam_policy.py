"""The statements of every policy, of identities and of resources, as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.policies import named_statements, statements
from demarcate.estate.schema.standins import sample
from demarcate.estate.schema.table import Bool, Derived, Int, Json, Table, Text, Texts
from demarcate.estate.schema.transforms import document
from demarcate.estate.schema.unknown import Kind, Unknown

Needs = Mapping[str, Any]
Rows = Iterator[dict[str, Any]]


def _of(of: str, column: str, *, owner: str = "", kind: str = "resource", needs: tuple[str, ...] = ()) -> Derived:
    """The statements of the one document that a table's column, or a template resource's property, holds."""

    def rows(found: Needs) -> Rows:
        more = {"policy_arn": found["arn"]} if "arn" in found else {}
        for one in statements(found.get(column, Unknown(Kind.UNSET, "the policy is not known"))):
            if kind == "trust":
                more["other_accounts"] = _other_accounts(one["principals"], found.get("account_id", ""))
            yield {**more, **one}

    return Derived(of, (column, *needs), rows, known={"policy_of": owner or of, "kind": kind})


_ACCOUNT = re.compile(r"AWS:(?:arn:[^:]*:(?:iam|sts)::)?(\d{12})(?::.*)?")


def _other_accounts(principals: Any, own: str) -> Any:
    """The accounts among principals other than the policy's own, which a template writes as AWS::AccountId."""
    if isinstance(principals, Unknown):
        return principals
    found = {match[1] for match in map(_ACCOUNT.fullmatch, map(sample, principals)) if match}
    return sorted(found - {own})


def _inline(of: str) -> Derived:
    """The statements of an identity's inline policies."""

    def rows(needs: Needs) -> Iterator[dict[str, Any] | Unknown]:
        policies = needs.get("inline_policies", Unknown(Kind.UNSET, "the policies are not known"))
        yield from [policies] if isinstance(policies, Unknown) else named_statements(policies)

    return Derived(of, ("inline_policies",), rows, known={"policy_of": of, "kind": "identity"})


_ORGANIZATION_KINDS = {"SERVICE_CONTROL_POLICY": "scp", "RESOURCE_CONTROL_POLICY": "rcp"}


def _organization(needs: Needs) -> Rows:
    """The statements of a policy of the organization; its other types (tags, backups, …) have none."""
    type_ = needs.get("type", "")
    kind = type_ if isinstance(type_, Unknown) else _ORGANIZATION_KINDS.get(type_)
    if kind is None:
        return
    for one in statements(needs.get("content", Unknown(Kind.UNSET, "the policy is not known"))):
        yield {"kind": kind, **one}


def _bus(needs: Needs) -> Rows:
    """The statement that a template adds to an event bus's policy, whole or by its parts."""
    whole = document(needs["Statement"]) if "Statement" in needs else None
    principal = needs.get("Principal")
    condition = needs.get("Condition", {})
    parts = {
        "Effect": "Allow",
        "Action": needs.get("Action"),
        "Principal": principal if principal == "*" else {"AWS": principal},
        "Resource": "*",
        "Condition": {condition["Type"]: {condition["Key"]: condition["Value"]}} if condition else {},
    }
    yield from statements({"Statement": whole or parts})


def _layer(needs: Needs) -> Rows:
    """The statement that a template adds to the policy of a version of a layer."""
    principal, organization = needs.get("Principal"), needs.get("OrganizationId")
    one = {
        "Effect": "Allow",
        "Action": needs.get("Action"),
        "Principal": principal if principal == "*" else {"AWS": principal},
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization}} if organization else {},
    }
    yield from statements({"Statement": one})


STATEMENT = Table(
    "aws_policy_statement",
    "One statement of a policy: what is allowed or denied, to whom, on what, under which conditions.",
    service="iam",
    derived=(
        _of("aws_iam_policy", "policy", kind="identity", needs=("arn",)),
        _inline("aws_iam_user"),
        _inline("aws_iam_role"),
        _inline("aws_iam_group"),
        _of("aws_iam_role", "assume_role_policy", kind="trust", needs=("account_id",)),
        _of("aws_s3_bucket", "policy"),
        _of("aws_kms_key", "policy"),
        _of("aws_sns_topic", "policy"),
        _of("aws_sqs_queue", "policy"),
        _of("aws_secretsmanager_secret", "policy"),
        _of("aws_ecr_repository", "policy"),
        _of("aws_lambda_function", "policy"),
        _of("aws_efs_file_system", "policy"),
        _of("aws_dynamodb_table", "policy"),
        _of("aws_opensearch_domain", "access_policies"),
        _of("aws_api_gateway_rest_api", "policy"),
        _of("aws_eventbridge_bus", "policy"),
        _of("aws_backup_vault", "policy"),
        Derived(
            "aws_organizations_policy",
            ("content", "type"),
            _organization,
            known={"policy_of": "aws_organizations_policy"},
        ),
        _of("AWS::IAM::Policy", "PolicyDocument", kind="identity"),
        _of("AWS::IAM::UserPolicy", "PolicyDocument", owner="aws_iam_user", kind="identity"),
        _of("AWS::IAM::RolePolicy", "PolicyDocument", owner="aws_iam_role", kind="identity"),
        _of("AWS::IAM::GroupPolicy", "PolicyDocument", owner="aws_iam_group", kind="identity"),
        Derived(
            "AWS::Events::EventBusPolicy",
            ("Statement", "Action", "Principal", "Condition"),
            _bus,
            known={"policy_of": "aws_eventbridge_bus", "kind": "resource"},
        ),
        Derived(
            "AWS::Lambda::LayerVersionPermission",
            ("Action", "Principal", "OrganizationId"),
            _layer,
            known={"policy_of": "AWS::Lambda::LayerVersionPermission", "kind": "resource"},
        ),
        _of("AWS::Lambda::ResourcePolicy", "PolicyDocument", owner="aws_lambda_function"),
        _of("AWS::SNS::TopicInlinePolicy", "PolicyDocument", owner="aws_sns_topic"),
        _of("AWS::SQS::QueueInlinePolicy", "PolicyDocument", owner="aws_sqs_queue"),
    ),
    columns=(
        Text(
            "policy_of",
            about="The table of the resource whose policy it is; or in a template AWS::IAM::Policy, "
            "AWS::Lambda::LayerVersionPermission.",
        ),
        Text("kind", about="identity, trust (who may assume a role), resource, scp or rcp (of the organization)."),
        Text("policy_name", absent="", about="Of an inline policy; else ''."),
        Text("policy_arn", absent="", about="Of a managed policy of the account; else ''."),
        Int("statement_index", about="From 0."),
        Text("sid", absent=""),
        Text("effect", about="Allow or Deny."),
        Texts("principals", absent=[], about="'*', or the type and who: AWS:arn:…, Service:s3.amazonaws.com."),
        Texts("not_principals", absent=[]),
        Texts("service_principals", absent=[], about="The AWS services among the principals."),
        Texts(
            "other_accounts",
            absent=[],
            about="Of a role's trust policy: the accounts among the principals that are not the role's own. In a "
            "template, those named by number.",
        ),
        Texts(
            "federated_providers",
            absent=[],
            about="The identity providers among the principals: by host, or as saml:NAME.",
        ),
        Texts("actions", absent=[], about="In lower case."),
        Texts("not_actions", absent=[], about="In lower case."),
        Texts(
            "wildcard_services",
            absent=[],
            about="The services of which all actions are named (s3:*); '*' where it is all services.",
        ),
        Texts(
            "watched_actions",
            absent=[],
            about="Sensitive actions that it covers, by whatever wildcard: those of `policies.WATCHED`.",
        ),
        Texts("resources", absent=[]),
        Texts("not_resources", absent=[]),
        Bool("wildcard_resources", about="Whether a resource is named with a wildcard."),
        Bool("all_resources", about="Whether it is about every resource of some kind, not named ones."),
        Json("conditions", absent={}),
        Texts("condition_keys", absent=[], about="In lower case."),
        Texts(
            "limiting_keys",
            absent=[],
            about="Those condition keys that limit it to an account, organization, source, network or subject.",
        ),
        Bool("has_condition"),
        Bool("is_public", about="Whether it allows everybody, without a condition that limits it."),
    ),
)
