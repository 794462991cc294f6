"""The statements of every policy, of identities and of resources, as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.access.callers import Own
from demarcate.access.escalation import Holder, escalates
from demarcate.access.remembering import Remembered
from demarcate.access.resources import own_parts
from demarcate.access.rows import UNLIMITED, Row, named_statements, statements
from demarcate.access.statements import PolicyKind, listed
from demarcate.access.values import values_of
from demarcate.estate.schema.standins import combined, sample
from demarcate.estate.schema.table import Bool, Derived, Int, Json, ManagedBy, Table, Text, Texts
from demarcate.estate.schema.transforms import document
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown

Needs = Mapping[str, Any]
Rows = Iterator[dict[str, Any]]

_NOT_KNOWN = Unknown(Kind.UNSET, "the policy is not known")


def _of(
    of: str,
    column: str,
    *,
    owner: str = "",
    kind: PolicyKind = PolicyKind.RESOURCE,
    service: str = "",
    needs: tuple[str, ...] = (),
) -> Derived:
    """The statements of the one document that a table's column, or a template resource's property, holds. `service` is
    the prefix of the actions of what it is attached to.
    """

    def rows(needs: Needs) -> Rows:
        more = {"policy_arn": needs["arn"]} if "arn" in needs else {}
        for statement in _statements(needs, column, kind, service):
            if kind is PolicyKind.TRUST:
                more["other_accounts"] = _other_accounts(statement["principals"], needs.get("account_id", ""))
            yield {**more, **statement}

    account = () if "::" in of or kind is PolicyKind.IDENTITY else ("account_id",)
    return Derived(
        of, (column, *account, *needs), rows, known={"policy_of": owner or of, "kind": str(_SHOWN.get(kind, kind))}
    )


_SHOWN = {PolicyKind.KEY: PolicyKind.RESOURCE, PolicyKind.ACCESS_POINT: PolicyKind.RESOURCE}
"""The policies of keys and of access points are those of resources."""


def _statements(needs: Needs, column: str, kind: PolicyKind, service: str) -> list[Row]:
    return statements(needs.get(column, _NOT_KNOWN), kind, _own(needs), service)


def _own(needs: Needs) -> Own:
    account = needs.get("account_id", "")
    return Own(account if isinstance(account, str) else "")


def _of_named(of: str, arn: str, *, service: str, named: str = "") -> Derived:
    """The statements of a resource's policy, with the parts of the resource that each is about.

    `arn` is the ARN of its kind, as the Service Authorization Reference writes it; `named` is the ARN made from the
    column `name`, where a name is all that it takes: that may be any where `given_name` is not known.
    """

    def rows(needs: Needs) -> Rows:
        own = [needs.get("arn", Unknown(Kind.UNSET, "the ARN is not known"))]
        if named:
            names = [needs.get(name, Unknown(Kind.UNSET, f"the {name} is not known")) for name in _NAMES]
            own.append(first_unknown(names) or combined(named, {"name": names[0]}))
        for statement in _statements(needs, "policy", PolicyKind.RESOURCE, service):
            about = values_of(statement["resources"]), values_of(statement["not_resources"])
            others = _other_accounts(statement["principals"], needs.get("account_id", ""))
            yield {**statement, "other_accounts": others, "own_parts": own_parts(*about, values_of(own), arn)}

    known = {"policy_of": of, "kind": "resource"}
    needs = ("policy", "arn", "account_id")
    return Derived(of, (*needs, *_NAMES) if named else needs, rows, known)


_NAMES = ("name", "given_name")


_ACCOUNT = re.compile(r"AWS:(?:arn:[^:]*:(?:iam|sts)::)?(\d{12})(?::.*)?")


def _other_accounts(principals: Any, own: str) -> Any:
    """The accounts among principals other than the policy's own, which a template writes as AWS::AccountId."""
    if isinstance(principals, Unknown):
        return principals
    accounts = {match[1] for match in map(_ACCOUNT.fullmatch, map(sample, principals)) if match}
    return sorted(accounts - {own})


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
    read_as = PolicyKind.RCP if kind == "rcp" else PolicyKind.SCP
    for statement in statements(needs.get("content", _NOT_KNOWN), read_as):
        yield {"kind": kind, **statement}


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
    yield from statements({"Statement": whole or parts}, service="events")


def _layer(needs: Needs) -> Rows:
    """The statement that a template adds to the policy of a version of a layer."""
    principal, organization = needs.get("Principal"), needs.get("OrganizationId")
    statement = {
        "Effect": "Allow",
        "Action": needs.get("Action"),
        "Principal": principal if principal == "*" else {"AWS": principal},
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization}} if organization else {},
    }
    yield from statements({"Statement": statement}, service="lambda")


STATEMENT = Table(
    "aws_policy_statement",
    "One statement of a policy: what is allowed or denied, to whom, on what, under which conditions.",
    service="iam",
    derived=(
        _of("aws_iam_policy", "policy", kind=PolicyKind.IDENTITY, needs=("arn",)),
        _inline("aws_iam_user"),
        _inline("aws_iam_role"),
        _inline("aws_iam_group"),
        _of("aws_iam_role", "assume_role_policy", kind=PolicyKind.TRUST, service="sts"),
        _of_named("aws_s3_bucket", "arn:${Partition}:s3:::*", service="s3", named="arn:aws:s3:::{name}"),
        _of("aws_s3_access_point", "policy", service="s3", kind=PolicyKind.ACCESS_POINT),
        _of("aws_kms_key", "policy", service="kms", kind=PolicyKind.KEY),
        _of("aws_sns_topic", "policy", service="sns"),
        _of("aws_sqs_queue", "policy", service="sqs"),
        _of("aws_secretsmanager_secret", "policy", service="secretsmanager"),
        _of("aws_ecr_repository", "policy", service="ecr"),
        _of("aws_lambda_function", "policy", service="lambda"),
        _of_named(
            "aws_efs_file_system",
            "arn:${Partition}:elasticfilesystem:${Region}:${Account}:file-system/*",
            service="elasticfilesystem",
        ),
        _of("aws_dynamodb_table", "policy", service="dynamodb"),
        _of("aws_opensearch_domain", "access_policies", service="es"),
        _of("aws_api_gateway_rest_api", "policy", service="execute-api"),
        _of("aws_eventbridge_bus", "policy", service="events"),
        _of("aws_backup_vault", "policy", service="backup"),
        _of("aws_glue_resource_policy", "policy", service="glue"),
        Derived(
            "aws_organizations_policy",
            ("content", "type"),
            _organization,
            known={"policy_of": "aws_organizations_policy"},
        ),
        _of("AWS::IAM::Policy", "PolicyDocument", kind=PolicyKind.IDENTITY),
        _of("AWS::IAM::UserPolicy", "PolicyDocument", owner="aws_iam_user", kind=PolicyKind.IDENTITY),
        _of("AWS::IAM::RolePolicy", "PolicyDocument", owner="aws_iam_role", kind=PolicyKind.IDENTITY),
        _of("AWS::IAM::GroupPolicy", "PolicyDocument", owner="aws_iam_group", kind=PolicyKind.IDENTITY),
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
        _of("AWS::Lambda::ResourcePolicy", "PolicyDocument", owner="aws_lambda_function", service="lambda"),
        _of("AWS::SNS::TopicInlinePolicy", "PolicyDocument", owner="aws_sns_topic", service="sns"),
        _of("AWS::SQS::QueueInlinePolicy", "PolicyDocument", owner="aws_sqs_queue", service="sqs"),
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
        Int("statement_index", about="From 1."),
        Text(
            "statement",
            about="What findings call it: its number and, where it is of an inline policy, whose it is.",
        ),
        Text("sid", absent=""),
        Text("effect", about="Allow or Deny."),
        Texts("principals", absent=[], about="'*', or the type and who: AWS:arn:…, Service:s3.amazonaws.com."),
        Texts("not_principals", absent=[]),
        Texts("service_principals", absent=[], about="The AWS services among the principals."),
        Texts(
            "other_accounts",
            absent=[],
            about="Of the policy of a bucket or file system, and of a role's trust policy: the accounts among the "
            "principals that are not its own. In a template, those named by number.",
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
            about="The services of which all actions are named (s3:*); '*' where it is all services, or all but some "
            "that are not IAM's.",
        ),
        Texts(
            "watched_actions",
            absent=[],
            about="Sensitive actions that it covers, by whatever wildcard: those of `data/sensitive_actions.yaml`.",
        ),
        *(
            Bool(
                column,
                about=f"Whether it is about {' or '.join(actions)} on every resource of the kind, without a condition "
                "that limits who may do it or what to.",
            )
            for column, actions in UNLIMITED.items()
        ),
        Texts("resources", absent=[]),
        Texts("not_resources", absent=[]),
        Bool("wildcard_resources", about="Whether a resource is named with a wildcard."),
        Bool("all_resources", about="Whether it is about every resource of every service."),
        Json("conditions", absent={}),
        Texts("condition_keys", absent=[], about="In lower case."),
        Texts(
            "limiting_keys",
            absent=[],
            about="Those condition keys that limit it to an account, organization, source, network or subject.",
        ),
        Bool("has_condition"),
        Text(
            "reach",
            absent="",
            about="How far it reaches, past the Denies of its policy: nobody, own-account, organization (that it "
            "names), named-accounts, network (that it names), service (for whomever), federated, anyone; '' of a "
            "policy that is for whoever has it. In a template, an account that is named by its number counts as "
            "another one.",
        ),
        Bool("anyone", absent=False, about="Whether it lets in anyone, past the Denies of its policy."),
        Json(
            "witness",
            absent={},
            about="A request that gets in from where it reaches: principal, action, resource, and the condition keys "
            "that its policy asks after; null is a key that the request does not have. {} where none surely does.",
        ),
        Text("reach_alone", absent="", about="How far it reaches where no Deny is counted."),
        Bool("anyone_alone", absent=False, about="Whether it lets in anyone where no Deny is counted."),
        Bool(
            "s3_public",
            absent=False,
            about="Whether S3 takes it for public: Block Public Access goes by that. S3 counts no Deny, and no "
            "condition but those that hold it to fixed values of some keys.",
        ),
        Texts(
            "unlimited_services",
            absent=[],
            about="The AWS services that it lets in for whomever they act: no condition names an account or a source.",
        ),
        Bool(
            "denies_plain_http",
            about="Whether it denies everybody all of S3, or the mounting of file systems, wherever there is no TLS.",
        ),
        Bool(
            "allows_plain_http",
            about="Whether it allows everybody the mounting of file systems, also where there is no TLS.",
        ),
        Texts(
            "own_parts",
            absent=[],
            about="Of the policy of a bucket or file system: which parts of its owner the statement is about as a "
            "whole: itself, and contents (all objects).",
        ),
        ManagedBy(),
    ),
)


# --- what statements allow together -----------------------------------------------------------------------


def _alone(of: str, column: str, *, owner: str = "", arn: bool = False) -> Derived:
    """The holder of one policy."""

    def rows(needs: Needs) -> Rows:
        yield {"policy_arn": needs.get("arn", ""), **_together(listed(needs.get(column, _NOT_KNOWN)))}

    needs = (column, "arn") if arn else (column,)
    return Derived(of, needs, rows, known={"policy_of": owner or of})


def _identity(of: str, *separate: str) -> Derived:
    """The holder of an identity's inline policies, and in a template of those that stand apart: what these allow by
    themselves is told of them.
    """

    def rows(needs: Needs) -> Rows:
        own = _policies(needs.get("inline_policies", [_NOT_KNOWN]))
        others = [policy for column in separate for policy in _policies(needs.get(column, []))]
        if own or others:
            told = _together([statement for policy in (*own, *others) for statement in policy])
            apart = {id_ for policy in others for id_ in escalates(policy)[1]}
            if told["escalates"] is True and not own and apart.issuperset(told["escalations"]):
                told = {**told, "escalates": False, "escalations": []}
            yield told

    return Derived(of, ("inline_policies", *separate), rows, known={"policy_of": of})


def _policies(policies: Any) -> list[list[Any]]:
    """The statements of each of some policies; of those that are not known, an Unknown."""
    if isinstance(policies, Unknown):
        return [[policies]]
    return [
        [policy] if isinstance(policy, Unknown) else listed(policy.get("PolicyDocument")) for policy in policies
    ]


_REMEMBERED: Remembered[dict[str, Any]] = Remembered()


def _together(statements: list[Any]) -> dict[str, Any]:
    return _REMEMBERED.of(statements, None, lambda: _allowed_together(statements))


def _allowed_together(statements: list[Any]) -> dict[str, Any]:
    answer, known = escalates(statements)
    return {
        "is_administrator": Holder(statements).is_administrator,
        "escalates": answer,
        "escalations": answer if isinstance(answer, Unknown) else known,
    }


HOLDER = Table(
    "aws_policy_holder",
    "What all statements of a managed policy, or of the inline policies of an identity, allow together.",
    service="iam",
    derived=(
        _alone("aws_iam_policy", "policy", arn=True),
        _identity("aws_iam_user", "separate_inline_policies", "separate_user_policies"),
        _identity("aws_iam_role", "separate_inline_policies", "separate_role_policies"),
        _identity("aws_iam_group", "separate_inline_policies", "separate_group_policies"),
        _alone("AWS::IAM::Policy", "PolicyDocument"),
        _alone("AWS::IAM::UserPolicy", "PolicyDocument", owner="aws_iam_user"),
        _alone("AWS::IAM::RolePolicy", "PolicyDocument", owner="aws_iam_role"),
        _alone("AWS::IAM::GroupPolicy", "PolicyDocument", owner="aws_iam_group"),
    ),
    columns=(
        Text("policy_of", about="The table of the policy or identity; or AWS::IAM::Policy in a template."),
        Text("policy_arn", absent="", about="Of a managed policy of the account; else ''."),
        Bool("is_administrator", about="Whether a statement allows everything."),
        Bool(
            "escalates",
            about="Whether they allow a combination of actions by which their holder gains more rights: those of "
            "`data/escalation.yaml`.",
        ),
        Texts("escalations", absent=[], about="The ids of those combinations that are known to be allowed."),
    ),
)
