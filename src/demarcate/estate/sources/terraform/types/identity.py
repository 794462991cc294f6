"""IAM, KMS and Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.terraform.forms import blocks, given, listed
from demarcate.estate.sources.terraform.mapped import NOTHING, REF, Mapped, Values


def _inline(values: Values) -> Any:
    """The inline policies of a role that it says itself: those without a name stand for that there are none."""
    several = blocks(values, "inline_policy")
    if isinstance(several, Unknown):
        return several
    return [
        each
        if isinstance(each, Unknown)
        else {"PolicyName": each.get("name"), "PolicyDocument": each.get("policy")}
        for each in several
        if isinstance(each, Unknown) or each.get("policy") is not None
    ]


def _in_group(values: Values) -> Iterable[Values]:
    """A membership of each user."""
    users = values.get("users") or []
    return [{"users": user, "group": values.get("group")} for user in users]


def _attached(kind: str) -> Mapped:
    return Mapped(
        f"aws_iam_{kind}_policy_attachment",
        f"AWS::IAM::{kind.capitalize()}",
        into=kind,
        names={"ManagedPolicyArns": listed("policy_arn")},
    )


def _of_many(kind: str) -> Mapped:
    return Mapped(
        "aws_iam_policy_attachment",
        f"AWS::IAM::{kind.capitalize()}",
        into=f"{kind}s",
        names={"ManagedPolicyArns": listed("policy_arn")},
    )


def _policy_of(kind: str) -> Mapped:
    """An inline policy of its own resource."""
    return Mapped(
        f"aws_iam_{kind}_policy",
        f"AWS::IAM::{kind.capitalize()}Policy",
        names={"PolicyDocument": "policy", "PolicyName": "name", f"{kind.capitalize()}Name": kind},
    )


_KEY: Mapping[str, Any] = {"KeyPolicy": "policy", "PendingWindowInDays": "deletion_window_in_days"}

MAPPED = (
    Mapped("aws_iam_access_key", "AWS::IAM::AccessKey", names={"UserName": "user", "Serial": NOTHING}),
    Mapped(
        "aws_iam_group",
        "AWS::IAM::Group",
        ref=("name", "id"),
        names={"GroupName": "name", "ManagedPolicyArns": NOTHING, "Policies": NOTHING},
    ),
    Mapped(
        "aws_iam_policy",
        "AWS::IAM::ManagedPolicy",
        ref=("arn", "id"),
        names={
            "ManagedPolicyName": "name",
            "PolicyDocument": "policy",
            "Groups": NOTHING,
            "Roles": NOTHING,
            "Users": NOTHING,
        },
    ),
    Mapped(
        "aws_iam_role",
        "AWS::IAM::Role",
        ref=("name", "id"),
        names={"RoleName": "name", "AssumeRolePolicyDocument": "assume_role_policy", "Policies": _inline},
    ),
    Mapped(
        "aws_iam_user",
        "AWS::IAM::User",
        ref=("name", "id"),
        names={
            "UserName": "name",
            "Groups": NOTHING,
            "LoginProfile": NOTHING,
            "ManagedPolicyArns": NOTHING,
            "Policies": NOTHING,
        },
    ),
    Mapped(
        "aws_iam_user_login_profile",
        "AWS::IAM::User",
        into="user",
        names={"LoginProfile": lambda _: {"Password": ""}},
    ),
    Mapped("aws_iam_user_group_membership", "AWS::IAM::User", into="user", names={"Groups": "groups"}),
    Mapped(
        "aws_iam_group_membership",
        "AWS::IAM::User",
        into="users",
        names={"Groups": listed("group")},
        each=_in_group,
    ),
    *(_attached(kind) for kind in ("role", "user", "group")),
    *(_of_many(kind) for kind in ("role", "user", "group")),
    *(_policy_of(kind) for kind in ("role", "user", "group")),
    Mapped(
        "aws_iam_server_certificate",
        "AWS::IAM::ServerCertificate",
        ref=("name", "id"),
        names={"ServerCertificateName": "name"},
    ),
    Mapped("aws_iam_virtual_mfa_device", "AWS::IAM::VirtualMFADevice", ref=("arn", "id")),
    Mapped("aws_kms_alias", "AWS::KMS::Alias", ref=("name", "id"), names={"AliasName": "name"}),
    Mapped(
        "aws_kms_key",
        "AWS::KMS::Key",
        ref=("key_id", "id"),
        names={
            **_KEY,
            "Enabled": "is_enabled",
            "KeySpec": "customer_master_key_spec",
            "Origin": lambda values: "EXTERNAL_KEY_STORE" if values.get("xks_key_id") else "AWS_KMS",
        },
    ),
    Mapped(
        "aws_kms_replica_key",
        "AWS::KMS::ReplicaKey",
        ref=("key_id", "id"),
        names=_KEY,
    ),
    Mapped("aws_kms_key_policy", "AWS::KMS::Key", into="key_id", names={"KeyPolicy": "policy"}),
    Mapped(
        "aws_secretsmanager_secret",
        "AWS::SecretsManager::Secret",
        ref=("arn", "id"),
        names={"ReplicaRegions": "replica", "SecretString": NOTHING, "GenerateSecretString": NOTHING},
    ),
    Mapped(
        "aws_secretsmanager_secret",
        "AWS::SecretsManager::ResourcePolicy",
        names={"SecretId": REF, "ResourcePolicy": "policy"},
        each=given("policy"),
    ),
    Mapped(
        "aws_secretsmanager_secret",
        "AWS::SecretsManager::RotationSchedule",
        names={"SecretId": REF},
        each=given("rotation_lambda_arn", "rotation_rules"),
    ),
    Mapped(
        "aws_secretsmanager_secret_policy",
        "AWS::SecretsManager::ResourcePolicy",
        names={"SecretId": "secret_arn", "ResourcePolicy": "policy"},
    ),
    Mapped(
        "aws_secretsmanager_secret_version",
        "AWS::SecretsManager::Secret",
        into="secret_id",
        names={"SecretString": ("secret_string", "secret_binary")},
    ),
    Mapped("aws_secretsmanager_secret_rotation", "AWS::SecretsManager::RotationSchedule"),
)
