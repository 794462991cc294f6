"""ECR tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws

OPEN = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}],
}


def test_repositories(aws: Aws) -> None:
    ecr = aws.client("ecr")
    ecr.create_repository(
        repositoryName="app",
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        tags=[{"Key": "env", "Value": "prod"}],
    )
    (row,) = aws.rows("aws_ecr_repository")
    assert row["arn"] == "arn:aws:ecr:eu-west-1:123456789012:repository/app"
    assert (row["image_tag_mutability"], row["scan_on_push"]) == ("IMMUTABLE", True)
    assert row["encryption_type"] == "AES256"
    assert (row["has_lifecycle_policy"], row["policy_public"]) == (False, False)
    assert json.loads(row["tags"]) == {"env": "prod"}


def test_a_policy_for_everyone_is_public(aws: Aws) -> None:
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="app")
    ecr.set_repository_policy(repositoryName="app", policyText=json.dumps(OPEN))
    (row,) = aws.rows("aws_ecr_repository")
    assert row["policy_public"] is True


def test_registry_scanning(aws: Aws) -> None:
    aws.client("ecr").put_registry_scanning_configuration(
        scanType="ENHANCED",
        rules=[
            {
                "scanFrequency": "CONTINUOUS_SCAN",
                "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
            }
        ],
    )
    (row,) = aws.rows("aws_ecr_registry_scanning_configuration")
    assert (row["scan_type"], row["scans_all_repositories"]) == ("ENHANCED", True)
