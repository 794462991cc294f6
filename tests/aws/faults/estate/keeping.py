"""Keys and secrets, which the rest of the estate uses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def fill(make: Callable[..., Any]) -> None:
    """Create them."""
    kms = make("kms")
    rotated = kms.create_key(Tags=[{"TagKey": "env", "TagValue": "test"}])["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=rotated)
    kms.create_alias(AliasName="alias/main", TargetKeyId=rotated)
    kms.create_key()
    held = {"EncryptionContextSubset": {"app": "shop"}}
    kms.create_grant(KeyId=rotated, GranteePrincipal="app", Operations=["Decrypt"], Constraints=held)
    make("acm-pca").create_certificate_authority(
        CertificateAuthorityType="SUBORDINATE",
        CertificateAuthorityConfiguration={
            "KeyAlgorithm": "EC_prime256v1",
            "SigningAlgorithm": "SHA256WITHECDSA",
            "Subject": {"CommonName": "Shop CA"},
        },
        Tags=[{"Key": "env", "Value": "test"}],
    )
    secrets = make("secretsmanager")
    secrets.create_secret(Name="shop/password", SecretString="not-a-secret")
    secrets.create_secret(Name="shop/replicated", SecretString="not-a-secret")
    allow = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    secrets.put_resource_policy(
        SecretId="shop/password", ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    make("acm").request_certificate(
        DomainName="example.com", ValidationMethod="DNS", Tags=[{"Key": "env", "Value": "test"}]
    )
    make("cloudhsmv2").create_cluster(
        HsmType="hsm1.medium", SubnetIds=["subnet-1"], BackupRetentionPolicy={"Type": "DAYS", "Value": "30"}
    )
    ssm = make("ssm")
    ssm.put_parameter(Name="/shop/key", Value="x", Type="SecureString", Tags=[{"Key": "env", "Value": "test"}])
    ssm.create_document(
        Content=json.dumps(
            {
                "schemaVersion": "2.2",
                "description": "Says hello.",
                "mainSteps": [
                    {
                        "action": "aws:runShellScript",
                        "name": "hello",
                        "inputs": {"runCommand": ["echo hello"]},
                    }
                ],
            }
        ),
        Name="hello",
        DocumentType="Command",
    )
    ssm.modify_document_permission(Name="hello", PermissionType="Share", AccountIdsToAdd=["all"])
    window = ssm.create_maintenance_window(
        Name="patching", Schedule="rate(7 days)", Duration=3, Cutoff=1, AllowUnassociatedTargets=False
    )["WindowId"]
    ssm.register_target_with_maintenance_window(
        WindowId=window, ResourceType="INSTANCE", Targets=[{"Key": "tag:env", "Values": ["prod"]}]
    )
    ssm.register_task_with_maintenance_window(
        WindowId=window,
        TaskArn="AWS-RunPatchBaseline",
        TaskType="RUN_COMMAND",
        MaxConcurrency="1",
        MaxErrors="1",
    )
    patches = {"PatchFilters": [{"Key": "SEVERITY", "Values": ["Critical", "Important"]}]}
    ssm.create_patch_baseline(
        Name="own",
        OperatingSystem="AMAZON_LINUX_2023",
        ApprovalRules={"PatchRules": [{"PatchFilterGroup": patches, "ApproveAfterDays": 3}]},
    )
