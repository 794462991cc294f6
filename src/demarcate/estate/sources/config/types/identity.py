"""IAM, KMS, Secrets Manager and ACM."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import From
from demarcate.estate.sources.config.forms import unless
from demarcate.estate.sources.config.recorded import Recorded, Told

_POLICIES = ("attached_policy_arns", "aws_managed_policies", "inline_policies")


def _key_spec(key: dict[str, Any]) -> Any:
    """The spec of a key, which was called otherwise when Config began to record it."""
    return key.get("KeySpec", key.get("CustomerMasterKeySpec", ABSENT))


RECORDED = (
    Recorded(
        "AWS::IAM::User",
        "aws_iam_user",
        absent=(*_POLICIES, "groups"),
    ),
    Recorded(
        "AWS::IAM::Role",
        "aws_iam_role",
        absent=(*_POLICIES, "instance_profile_arns", "permissions_boundary_arn"),
        # Using a role changes nothing that makes Config look again: its dates are as old as the item.
        columns={"role_last_used_date": None, "role_last_used_region": None, "recently_used": None},
    ),
    Recorded("AWS::IAM::Group", "aws_iam_group", absent=_POLICIES),
    Recorded("AWS::IAM::Policy", "aws_iam_policy"),
    Recorded(
        "AWS::KMS::Key",
        "aws_kms_key",
        names={"arn": "KeyArn"},
        details={
            "key": Told("", "KeyMetadata"),
            "rotation": Told("KeyRotationStatus", "KeyRotationEnabled"),
            "policy": Told("Policy", "Policy"),
        },
        absent=("description", "expiration_model"),
        columns={
            "key_spec": From("@key.KeyMetadata", _key_spec),
            "primary_key_arn": None,
            "replica_key_arns": None,
        },
    ),
    Recorded(
        "AWS::SecretsManager::Secret",
        "aws_secretsmanager_secret",
        each=unless(lambda secret: secret.get("Deleted") is True),
        absent=("description", "kms_key_id", "rotation_enabled", "rotation_lambda_arn", "rotation_rules"),
    ),
    Recorded(
        "AWS::ACM::Certificate",
        "aws_acm_certificate",
        details={"certificate": Told("", "Certificate")},
        absent=(
            *("renewal_status", "failure_reason", "in_use_by", "in_use", "subject_alternative_names"),
            "domain_validation_options",
        ),
    ),
)
