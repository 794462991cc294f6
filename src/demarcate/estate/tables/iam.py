"""AWS IAM: users, roles, groups, policies, and the credentials that they have."""

from __future__ import annotations

from typing import Any

from demarcate.base.certificates import certificates
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.standins import sample
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Bulk,
    Call,
    Column,
    Companion,
    Each,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import document, each, equals, not_after, present
from demarcate.estate.schema.unknown import Unknown, first_unknown
from demarcate.estate.tables.iam_account import CREDENTIAL_REPORT_STEPS, report_lines


def _bulk(kind: str, items: str) -> Each:
    """All entities of one kind, with their policies, in as few calls as IAM allows."""
    return Each("iam.get_account_authorization_details", items, params={"Filter": [kind]})


def _nothing(_: Any) -> list[Any]:
    """What a live account has beside the resource: nothing, as the resource itself tells all of it."""
    return []


def _separate(name: str, owner: str, companion: str, type_: str) -> Column:
    """What resources of a type, which stand apart in a template, say of an identity that they name."""
    return Json(
        name,
        live=From(f"{owner}Name", _nothing),
        cloudformation=f"@{companion}",
        about=f"In a template: the {type_} resources that name the {owner.lower()}.",
    )


def _aws_managed(arns: Any) -> Any:
    """The names of the AWS managed policies among ARNs."""
    texts = [sample(arn) for arn in arns if not isinstance(arn, Unknown)]
    return first_unknown(arns) or [arn.rpartition("/")[2] for arn in texts if ":iam::aws:policy/" in arn]


def _managed_arns(values: Any) -> Any:
    """The ARNs of attached policies, from AWS's list of {PolicyName, PolicyArn}."""
    return each("PolicyArn")(values)


def _aws_managed_live(values: Any) -> Any:
    return _aws_managed(_managed_arns(values))


def _documents(policies: Any) -> list[Any]:
    """Inline policies as {PolicyName, PolicyDocument}, the document as data."""
    return [
        policy
        if isinstance(policy, Unknown)
        else {**policy, "PolicyDocument": document(policy.get("PolicyDocument"))}
        for policy in policies
    ]


def _default_document(versions: Any) -> Any:
    """The document of a managed policy's default version."""
    return next((document(version["Document"]) for version in versions if version.get("IsDefaultVersion")), ABSENT)


def _signed_in(listed: list[Any]) -> Any:
    """Whether the one user listed ever signed in; a user made after the listing is not in it."""
    return "PasswordLastUsed" in listed[0] if listed else ABSENT


def _service_linked(path: Any) -> bool:
    return bool(path.startswith("/aws-service-role/"))


USER = Table(
    "aws_iam_user",
    "An IAM user.",
    service="iam",
    scope="account",
    live=_bulk("User", "UserDetailList[]"),
    details={
        "mfa": Call("iam.list_mfa_devices", inputs={"UserName": "UserName"}),
        "listed": Bulk(Each("iam.list_users", "Users[]"), key="UserName", of="UserName"),
        "report": Bulk(
            CREDENTIAL_REPORT_STEPS,
            key="user",
            of="UserName",
            read=lambda report: report_lines(report["Content"].decode()),
        ),
    },
    cloudformation="AWS::IAM::User",
    ref_property="UserName",
    companions={
        "policies": Companion("AWS::IAM::Policy", "Users", many=True, optional=True),
        "own": Companion("AWS::IAM::UserPolicy", "UserName", many=True),
        "managed": Companion("AWS::IAM::ManagedPolicy", "Users", many=True, optional=True),
        "keys": Companion("AWS::IAM::AccessKey", "UserName", many=True),
    },
    columns=(
        Text("name", live="UserName", cloudformation=REF),
        Arn(live="Arn"),
        Text("user_id", live="UserId"),
        Text("path", live="Path", absent="/"),
        Time("create_date", live="CreateDate"),
        Bool(
            "has_login_profile",
            live=From("@report[0].password_enabled", equals("true")),
            cloudformation=From("LoginProfile", present, absent=False),
            about="Whether the user has a password for the console.",
        ),
        Time("password_last_used", live="@listed[0].PasswordLastUsed"),
        Bool("password_ever_used", live=From("@listed", _signed_in)),
        Bool("mfa_enabled", live=From("@report[0].mfa_active", equals("true"))),
        Texts("mfa_device_serials", live=From("@mfa.MFADevices", each("SerialNumber")), absent=[]),
        Int(
            "active_access_key_count",
            live=From("@report[0]", lambda line: sum(line[f"access_key_{i}_active"] == "true" for i in (1, 2))),
            cloudformation=From(
                "@keys",
                lambda keys: first_unknown(keys) or sum(k.get("Status") != "Inactive" for k in keys),
                absent=0,
            ),
        ),
        Texts("groups", live="GroupList", cloudformation="Groups", absent=[]),
        Texts(
            "attached_policy_arns",
            live=From("AttachedManagedPolicies", _managed_arns),
            cloudformation="ManagedPolicyArns",
            absent=[],
        ),
        Texts(
            "aws_managed_policies",
            live=From("AttachedManagedPolicies", _aws_managed_live),
            cloudformation=From("ManagedPolicyArns", _aws_managed),
            absent=[],
            about="The names of AWS managed policies that are attached.",
        ),
        Json(
            "inline_policies",
            live=From("UserPolicyList", _documents),
            cloudformation=From("Policies", _documents),
            absent=[],
        ),
        _separate("separate_inline_policies", "User", "policies", "AWS::IAM::Policy"),
        _separate("separate_user_policies", "User", "own", "AWS::IAM::UserPolicy"),
        _separate("separate_managed_policies", "User", "managed", "AWS::IAM::ManagedPolicy"),
        Text(
            "permissions_boundary_arn",
            live="PermissionsBoundary.PermissionsBoundaryArn",
            cloudformation="PermissionsBoundary",
            absent="",
        ),
        Tags(live="Tags"),
    ),
)

ROLE = Table(
    "aws_iam_role",
    "An IAM role.",
    service="iam",
    scope="account",
    live=_bulk("Role", "RoleDetailList[]"),
    details={"role": Call("iam.get_role", inputs={"RoleName": "RoleName"})},
    cloudformation="AWS::IAM::Role",
    ref_property="RoleName",
    companions={
        "policies": Companion("AWS::IAM::Policy", "Roles", many=True),
        "own": Companion("AWS::IAM::RolePolicy", "RoleName", many=True),
        "managed": Companion("AWS::IAM::ManagedPolicy", "Roles", many=True, optional=True),
    },
    columns=(
        Text("name", live="RoleName", cloudformation=REF),
        Arn(live="Arn"),
        Text("role_id", live="RoleId"),
        Text("path", live="Path", absent="/"),
        Bool(
            "is_service_linked",
            live=From("Path", _service_linked),
            absent=False,
            about="Whether a service made the role for itself; its policies are AWS's.",
        ),
        Time("create_date", live="CreateDate"),
        Text("description", live="@role.Role.Description", cloudformation="Description", absent=""),
        Int(
            "max_session_duration",
            live="@role.Role.MaxSessionDuration",
            cloudformation=From("MaxSessionDuration", absent=3600),
            about="Seconds.",
        ),
        Time("role_last_used_date", live="RoleLastUsed.LastUsedDate"),
        Text("role_last_used_region", live="RoleLastUsed.Region", absent=""),
        Bool(
            "recently_used",
            live=From("RoleLastUsed.LastUsedDate", present),
            absent=False,
            about="Whether it was used within the 400 days that IAM keeps track of.",
        ),
        Json(
            "assume_role_policy",
            live=From("AssumeRolePolicyDocument", document),
        ),
        Texts(
            "attached_policy_arns",
            live=From("AttachedManagedPolicies", _managed_arns),
            cloudformation="ManagedPolicyArns",
            absent=[],
        ),
        Texts(
            "aws_managed_policies",
            live=From("AttachedManagedPolicies", _aws_managed_live),
            cloudformation=From("ManagedPolicyArns", _aws_managed),
            absent=[],
            about="The names of AWS managed policies that are attached.",
        ),
        Json(
            "inline_policies",
            live=From("RolePolicyList", _documents),
            cloudformation=From("Policies", _documents),
            absent=[],
        ),
        _separate("separate_inline_policies", "Role", "policies", "AWS::IAM::Policy"),
        _separate("separate_role_policies", "Role", "own", "AWS::IAM::RolePolicy"),
        _separate("separate_managed_policies", "Role", "managed", "AWS::IAM::ManagedPolicy"),
        Texts("instance_profile_arns", live=From("InstanceProfileList", each("Arn")), absent=[]),
        Text(
            "permissions_boundary_arn",
            live="PermissionsBoundary.PermissionsBoundaryArn",
            cloudformation="PermissionsBoundary",
            absent="",
        ),
        Tags(live="Tags"),
    ),
)

GROUP = Table(
    "aws_iam_group",
    "A group of IAM users.",
    service="iam",
    scope="account",
    live=_bulk("Group", "GroupDetailList[]"),
    details={"group": Call("iam.get_group", inputs={"GroupName": "GroupName"})},
    cloudformation="AWS::IAM::Group",
    ref_property="GroupName",
    companions={
        "policies": Companion("AWS::IAM::Policy", "Groups", many=True),
        "own": Companion("AWS::IAM::GroupPolicy", "GroupName", many=True),
        "managed": Companion("AWS::IAM::ManagedPolicy", "Groups", many=True, optional=True),
    },
    columns=(
        Text("name", live="GroupName", cloudformation=REF),
        Arn(live="Arn"),
        Text("group_id", live="GroupId"),
        Text("path", live="Path", absent="/"),
        Time("create_date", live="CreateDate"),
        Texts("user_names", live=From("@group.Users", each("UserName")), absent=[]),
        Texts(
            "attached_policy_arns",
            live=From("AttachedManagedPolicies", _managed_arns),
            cloudformation="ManagedPolicyArns",
            absent=[],
        ),
        Texts(
            "aws_managed_policies",
            live=From("AttachedManagedPolicies", _aws_managed_live),
            cloudformation=From("ManagedPolicyArns", _aws_managed),
            absent=[],
            about="The names of AWS managed policies that are attached.",
        ),
        Json(
            "inline_policies",
            live=From("GroupPolicyList", _documents),
            cloudformation=From("Policies", _documents),
            absent=[],
        ),
        _separate("separate_inline_policies", "Group", "policies", "AWS::IAM::Policy"),
        _separate("separate_group_policies", "Group", "own", "AWS::IAM::GroupPolicy"),
        _separate("separate_managed_policies", "Group", "managed", "AWS::IAM::ManagedPolicy"),
    ),
)

POLICY = Table(
    "aws_iam_policy",
    "A managed policy that belongs to the account.",
    service="iam",
    scope="account",
    live=_bulk("LocalManagedPolicy", "Policies[]"),
    cloudformation="AWS::IAM::ManagedPolicy",
    columns=(
        Text("name", live="PolicyName", cloudformation="ManagedPolicyName"),
        Arn(live="Arn", cloudformation=REF),
        Text("policy_id", live="PolicyId"),
        Text("path", live="Path", absent="/"),
        Text("default_version_id", live="DefaultVersionId"),
        Json(
            "policy",
            live=From("PolicyVersionList", _default_document),
            cloudformation=From("PolicyDocument", document),
            about="The document of the default version.",
        ),
        Int("attachment_count", live="AttachmentCount"),
        Bool("is_attached", live=From("AttachmentCount", bool)),
        Bool("is_attachable", live="IsAttachable"),
        Int("permissions_boundary_usage_count", live="PermissionsBoundaryUsageCount"),
        Time("create_date", live="CreateDate"),
        Time("update_date", live="UpdateDate"),
    ),
)

AWS_MANAGED_POLICY = Table(
    "aws_iam_aws_managed_policy",
    "A managed policy of AWS's own that is attached to a user, group or role of the account.",
    service="iam",
    scope="account",
    live=Each("iam.list_policies", "Policies[]", params={"Scope": "AWS", "OnlyAttached": True}),
    details={
        "version": Call("iam.get_policy_version", inputs={"PolicyArn": "Arn", "VersionId": "DefaultVersionId"})
    },
    columns=(
        Text("name", live="PolicyName"),
        Arn(live="Arn"),
        Text("policy_id", live="PolicyId"),
        Text("path", live="Path", absent="/"),
        Text("default_version_id", live="DefaultVersionId"),
        Json(
            "policy",
            live=From("@version.PolicyVersion.Document", document),
            about="The document of the default version, which AWS may change.",
        ),
        Int("attachment_count", live="AttachmentCount"),
        Int("permissions_boundary_usage_count", live="PermissionsBoundaryUsageCount"),
        Time("create_date", live="CreateDate"),
        Time("update_date", live="UpdateDate"),
    ),
)

ACCESS_KEY = Table(
    "aws_iam_access_key",
    "An access key of an IAM user.",
    service="iam",
    scope="account",
    live=(
        Each("iam.list_users", "Users[]"),
        Each("iam.list_access_keys", "AccessKeyMetadata[]", inputs={"UserName": "UserName"}),
    ),
    details={"used": Call("iam.get_access_key_last_used", inputs={"AccessKeyId": "AccessKeyId"})},
    cloudformation="AWS::IAM::AccessKey",
    columns=(
        Text("access_key_id", live="AccessKeyId", cloudformation=REF),
        Arn("arn:{partition}:iam::{account_id}:user/{user_name}/accesskey/{access_key_id}", cloudformation=REF),
        Text("user_name", live="UserName"),
        Text("status", live="Status", cloudformation=From("Status", absent="Active")),
        Time("create_date", live="CreateDate"),
        Time("access_key_last_used_date", live="@used.AccessKeyLastUsed.LastUsedDate"),
        Text("access_key_last_used_region", live="@used.AccessKeyLastUsed.Region"),
        Text("access_key_last_used_service", live="@used.AccessKeyLastUsed.ServiceName"),
        Bool("ever_used", live=From("@used.AccessKeyLastUsed.LastUsedDate", present), absent=False),
    ),
)

VIRTUAL_MFA_DEVICE = Table(
    "aws_iam_virtual_mfa_device",
    "A second factor in software: an authenticator app.",
    service="iam",
    scope="account",
    live=Each("iam.list_virtual_mfa_devices", "VirtualMFADevices[]", params={"AssignmentStatus": "Any"}),
    cloudformation="AWS::IAM::VirtualMFADevice",
    columns=(
        Arn(live="SerialNumber", cloudformation=REF),
        Text("serial_number", live="SerialNumber", cloudformation=REF),
        Text("user_arn", live="User.Arn", absent="", about="'' where it is assigned to nobody."),
        Bool(
            "is_root",
            live=From("User.Arn", lambda arn: arn.endswith(":root")),
            absent=False,
            about="Whether it is the root user's.",
        ),
        Time("enable_date", live="EnableDate"),
    ),
)


def _key_kind(text: str) -> str:
    return certificates(text)[0].key


def _key_bits(text: str) -> Any:
    return certificates(text)[0].bits or ABSENT


SERVER_CERTIFICATE = Table(
    "aws_iam_server_certificate",
    "A TLS certificate that was uploaded to IAM.",
    service="iam",
    scope="account",
    live=Each("iam.list_server_certificates", "ServerCertificateMetadataList[]"),
    details={
        "certificate": Call(
            "iam.get_server_certificate", inputs={"ServerCertificateName": "ServerCertificateName"}
        )
    },
    cloudformation="AWS::IAM::ServerCertificate",
    ref_property="ServerCertificateName",
    columns=(
        Text("name", live="ServerCertificateName", cloudformation=REF),
        Arn(live="Arn"),
        Text("path", live="Path", absent="/"),
        Text("server_certificate_id", live="ServerCertificateId"),
        Time("upload_date", live="UploadDate"),
        Time("expiration", live="Expiration", cloudformation=From("CertificateBody", not_after)),
        Text(
            "key_algorithm",
            live=From("@certificate.ServerCertificate.CertificateBody", _key_kind),
            cloudformation=From("CertificateBody", _key_kind),
            about="RSA, EC, Ed25519; the identifier of a kind that is not known.",
        ),
        Int(
            "key_bits",
            live=From("@certificate.ServerCertificate.CertificateBody", _key_bits),
            cloudformation=From("CertificateBody", _key_bits),
        ),
    ),
)
