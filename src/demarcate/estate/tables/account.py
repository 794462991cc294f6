"""The AWS account itself, and its regions."""

from __future__ import annotations

from demarcate.estate.schema.table import Arn, Bool, Call, Each, From, Table, Text, Texts
from demarcate.estate.schema.transforms import each, first_or, not_empty, present


def _alternate(kind: str) -> Call:
    """The call for one alternate contact; that there is none is an answer."""
    return Call(
        "account.get_alternate_contact",
        params={"AlternateContactType": kind},
        absent=("ResourceNotFoundException",),
    )


ACCOUNT = Table(
    "aws_account",
    "The AWS account.",
    service="account",
    scope="account",
    live=Each("sts.get_caller_identity", "@"),
    details={
        "aliases": Call("iam.list_account_aliases"),
        "security": _alternate("SECURITY"),
        "operations": _alternate("OPERATIONS"),
        "billing": _alternate("BILLING"),
        "contact": Call("account.get_contact_information"),
        "support": Call("support.describe_severity_levels", absent=("SubscriptionRequiredException",)),
        "organization": Call("organizations.describe_organization", absent=("AWSOrganizationsNotInUseException",)),
    },
    columns=(
        Arn("arn:{partition}:iam::{account_id}:root"),
        Texts("account_aliases", live="@aliases.AccountAliases", absent=[]),
        Text("title", live=From("@aliases.AccountAliases", first_or("")), absent="", about="The first alias."),
        Bool("has_security_contact", live=From("@security.AlternateContact", present), absent=False),
        Text("security_contact_name", live="@security.AlternateContact.Name", absent=""),
        Text("security_contact_email", live="@security.AlternateContact.EmailAddress", absent=""),
        Text("security_contact_phone", live="@security.AlternateContact.PhoneNumber", absent=""),
        Bool("has_operations_contact", live=From("@operations.AlternateContact", present), absent=False),
        Text("operations_contact_email", live="@operations.AlternateContact.EmailAddress", absent=""),
        Bool("has_billing_contact", live=From("@billing.AlternateContact", present), absent=False),
        Text("billing_contact_email", live="@billing.AlternateContact.EmailAddress", absent=""),
        Text("contact_full_name", live="@contact.ContactInformation.FullName"),
        Text("contact_company_name", live="@contact.ContactInformation.CompanyName", absent=""),
        Text("contact_country_code", live="@contact.ContactInformation.CountryCode"),
        Text("contact_phone_number", live="@contact.ContactInformation.PhoneNumber"),
        Bool(
            "has_premium_support",
            live=From("@support.severityLevels", not_empty),
            absent=False,
            about="Whether the support plan is one that has the AWS Support API.",
        ),
        Texts(
            "support_severity_levels",
            live=From("@support.severityLevels", each("code")),
            absent=[],
            about="The severities that a support case may have under the account's plan.",
        ),
        Text("organization_id", live="@organization.Organization.Id", absent=""),
        Text("organization_feature_set", live="@organization.Organization.FeatureSet", absent=""),
        Text("organization_master_account_id", live="@organization.Organization.MasterAccountId", absent=""),
    ),
)

REGION = Table(
    "aws_region",
    "A region that is enabled for the account.",
    service="account",
    live=Each("ec2.describe_regions", "Regions[]", inputs={"RegionNames": "#regions"}),
    columns=(
        Text("name", live="RegionName"),
        Arn("arn:{partition}::{name}:{account_id}"),
        Text("opt_in_status", live="OptInStatus"),
        Text("endpoint", live="Endpoint"),
    ),
)
