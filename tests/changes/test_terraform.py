"""What mends a check in Terraform's configuration: for each check with a remedy, the edit, or why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demarcate.changes.arguments import arguments, wanted_for
from demarcate.changes.templates import Patch, patch_of
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.terraform.mapped import attributes
from tests.changes.terraform_cases import Case, cases, write

ASKED: dict[str, Any] = {
    "days": 365,
    "seconds": 7776000,
    "noncurrent_days": 30,
    "rotation_days": 30,
    "lock_days": 7,
    "hops": 2,
    "traffic": "ALL",
    "policy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
}


def asked() -> dict[str, Any]:
    """What remedies ask for: an ARN, where nothing else is said."""
    names = {name for case in cases().values() for name in case.check.remedy.asks}
    return {name: ASKED.get(name, "arn:aws:x:eu-west-1:123456789012:thing") for name in names}


def patched(folder: Path, several: list[Case]) -> Patch:
    path = write(folder, several)
    only = {(case.check.id, case.address) for case in several}
    return patch_of([str(path)], Options(), [case.check.id for case in several], only=only, asked=asked())


PERSON = "it takes a person: "
NOTHING = "no argument of its own says it"
LEFT = {
    "config-recorder-all-types": "recording_group is not written in it",
    "config-recorder-service-role": PERSON,
    "elb-listener-http-redirects-to-https": NOTHING,
    "eventbridge-bus-policy": NOTHING,
    "kms-key-not-pending-deletion": PERSON,
    "lambda-function-log-retention": PERSON,
    "rds-cluster-aurora-mysql-audit-log": PERSON,
    "rds-cluster-logs-exported": PERSON,
    "rds-cluster-minor-upgrades-automatic": NOTHING,
    "rds-instance-event-subscription": PERSON,
    "rds-instance-logs-exported": PERSON,
    "redshift-cluster-tls-required": PERSON,
    "s3-bucket-acl-not-writable-by-everyone": NOTHING,
    "s3-bucket-no-website": "website is not written in it",
    "s3-bucket-not-public": "another resource declares it, of the type AWS::S3::BucketPolicy",
    "s3-bucket-policy-full-access-not-public": NOTHING,
    "shield-protection-automatic-response": NOTHING,
    "ssm-document-not-public": NOTHING,
    "ssm-maintenance-window-enabled": NOTHING,
}
"""Why there is no edit. Of a new check with a remedy say in terraform.yaml what mends it, or here why nothing does."""

UNKNOWN = {
    "api-gatewayv2-route-authorized": "what aws_api_gatewayv2_api says of it is not known",
    "efs-file-system-tls-required": "what aws_policy_statement says of it is not known",
    "guardduty-findings-prompt": "plans and states of Terraform do not tell it",
    "s3-bucket-tls-required": "what aws_policy_statement says of it is not known",
}
"""What is not known of a resource that is there only once it is applied: an edit is not proved, and not offered."""

NOT_ABOUT = {
    "auto-scaling-group-not-suspended",
    "cloudfront-distribution-default-root-object",
    "guardduty-ec2-runtime-agent",
    "guardduty-ecs-runtime-agent",
    "guardduty-eks-runtime-agent",
    "iam-access-key-rotated",
    "iam-access-key-used",
    "lambda-function-url-cors-limited",
    "macie-automated-discovery",
    "organizations-scp-enabled",
    "rds-instance-certificate-not-expiring",
    "redshift-cluster-maintenance-not-deferred",
    "s3-log-bucket-not-public",
    "vpc-default-security-group-closed",
}
"""Checks that are not about what a plan has alone."""


def test_each_remedy_is_an_edit_or_a_reason(tmp_path: Path) -> None:
    """All at once, as long as all are right: each edit of a resource makes its check pass, and no other resource is
    another.
    """
    several = [case for name, case in cases().items() if name not in UNKNOWN]
    patch = patched(tmp_path, several)
    assert {finding.check for finding, _, _ in patch.configured} == (
        {case.check.id for case in several} - LEFT.keys() - NOT_ABOUT
    )
    told = {finding.check: why for finding, why in patch.left}
    assert told.keys() == LEFT.keys()
    assert [name for name, why in LEFT.items() if not told[name].startswith(why)] == []
    assert len(patch.configured) >= 123


def test_no_argument_is_invented() -> None:
    """Of a resource, of what completes it, and of what says which of several it is."""
    for name, of in arguments().items():
        case = cases()[name]
        wanted = wanted_for(case.check, case.resource, asked())
        assert wanted, name
        tree: Any = attributes()[of.by or case.resource]
        inside = tree if of.by else tree.get(wanted[0].steps[0])
        assert not (set(of.which) | {*of.carries} | {*filter(None, [of.into])}) - set(
            inside if of.which else tree
        ), name
