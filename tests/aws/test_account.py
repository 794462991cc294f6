"""The account and its regions over HTTP. Moto has no contact information and no support severity levels."""

from __future__ import annotations

from tests.aws.conftest import Aws


def test_account(aws: Aws) -> None:
    aws.client("iam").create_account_alias(AccountAlias="shop")
    aws.client("account").put_alternate_contact(
        AlternateContactType="SECURITY",
        EmailAddress="security@example.com",
        Name="Security",
        PhoneNumber="+1 555 0100",
        Title="Team",
    )
    (row,) = aws.rows("aws_account")
    assert row["arn"] == "arn:aws:iam::123456789012:root"
    assert row["account_id"] == "123456789012"
    assert row["account_aliases"] == ["shop"]
    assert row["title"] == "shop"
    assert row["has_security_contact"] is True
    assert row["security_contact_email"] == "security@example.com"
    assert row["has_billing_contact"] is False
    assert row["organization_id"] == ""


def test_region(aws: Aws) -> None:
    (row,) = aws.rows("aws_region")
    assert (row["name"], row["region"]) == ("eu-west-1", "eu-west-1")
    assert row["opt_in_status"] == "opt-in-not-required"
