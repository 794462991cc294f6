"""Organizations tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws

DENY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}],
}


def test_no_organization(aws: Aws) -> None:
    for table in ("aws_organizations_organization", "aws_organizations_account", "aws_organizations_policy"):
        snapshot = aws.snapshot(table)
        assert aws.rows(table) == []
        assert not snapshot.manifest.unread


def test_organization(aws: Aws) -> None:
    organizations = aws.client("organizations")
    made = organizations.create_organization(FeatureSet="ALL")["Organization"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    organizations.enable_aws_service_access(ServicePrincipal="config.amazonaws.com")
    organizations.create_account(AccountName="shop", Email="shop@example.com")
    policy = organizations.create_policy(
        Name="stay", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(DENY)
    )["Policy"]["PolicySummary"]
    organizations.attach_policy(PolicyId=policy["Id"], TargetId=root)

    (row,) = aws.rows("aws_organizations_organization")
    assert (row["id"], row["arn"], row["feature_set"]) == (made["Id"], made["Arn"], "ALL")
    assert row["enabled_policy_types"] == ["SERVICE_CONTROL_POLICY"]
    assert row["enabled_service_principals"] == ["config.amazonaws.com"]

    assert "shop" in {row["name"] for row in aws.rows("aws_organizations_account")}

    (stay,) = [row for row in aws.rows("aws_organizations_policy") if row["name"] == "stay"]
    assert stay["denied_actions"] == ["organizations:leaveorganization"]
    assert (stay["target_ids"], stay["attached_to_root"], stay["limits_regions"]) == ([root], True, False)
    assert stay["aws_managed"] is False
    assert json.loads(stay["content"]) == DENY
