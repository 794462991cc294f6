"""AWS IAM: what holds for the account as a whole, its root user, and the credential report."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from demarcate.estate.schema.table import Arn, Bool, Call, Derived, Each, From, Int, Table, Text, Time
from demarcate.estate.schema.transforms import present


def _setting(name: str) -> str:
    return f"@policy.PasswordPolicy.{name}"


PASSWORD_POLICY = Table(
    "aws_iam_account_password_policy",
    "What the account demands of its users' passwords: one row an account, with AWS's defaults where none is set.",
    service="iam",
    scope="account",
    live=Each("iam.get_account_summary", "@"),
    details={"policy": Call("iam.get_account_password_policy", absent=("NoSuchEntity",))},
    columns=(
        Arn("arn:{partition}:iam::{account_id}:account-password-policy"),
        Bool("password_policy_set", live=From("@policy.PasswordPolicy", present), absent=False),
        Int("minimum_password_length", live=_setting("MinimumPasswordLength"), absent=8),
        Bool("require_symbols", live=_setting("RequireSymbols"), absent=False),
        Bool("require_numbers", live=_setting("RequireNumbers"), absent=False),
        Bool("require_uppercase_characters", live=_setting("RequireUppercaseCharacters"), absent=False),
        Bool("require_lowercase_characters", live=_setting("RequireLowercaseCharacters"), absent=False),
        Bool("allow_users_to_change_password", live=_setting("AllowUsersToChangePassword")),
        Bool("expire_passwords", live=_setting("ExpirePasswords"), absent=False),
        Int(
            "max_password_age", live=_setting("MaxPasswordAge"), absent=0, about="Days; 0 where they never expire."
        ),
        Int(
            "password_reuse_prevention",
            live=_setting("PasswordReusePrevention"),
            absent=0,
            about="How many earlier passwords may not be used again; 0 where all may.",
        ),
        Bool("hard_expiry", live=_setting("HardExpiry"), absent=False),
    ),
)

ACCOUNT_SUMMARY = Table(
    "aws_iam_account_summary",
    "What IAM holds in the account, in numbers, and how its root user is secured: one row an account.",
    service="iam",
    scope="account",
    live=Each("iam.get_account_summary", "@"),
    columns=(
        Arn("arn:{partition}:iam::{account_id}:root"),
        Bool("account_mfa_enabled", live=From("SummaryMap.AccountMFAEnabled", bool), about="Of the root user."),
        Int("account_access_keys_present", live="SummaryMap.AccountAccessKeysPresent", about="Of the root user."),
        Int(
            "account_password_present",
            live="SummaryMap.AccountPasswordPresent",
            absent=1,
            about="Of the root user: 0 where its credentials were removed centrally. A root user else has one.",
        ),
        Int("account_signing_certificates_present", live="SummaryMap.AccountSigningCertificatesPresent"),
        Int("users", live="SummaryMap.Users"),
        Int("groups", live="SummaryMap.Groups"),
        Int("roles", live="SummaryMap.Roles"),
        Int("policies", live="SummaryMap.Policies"),
        Int("instance_profiles", live="SummaryMap.InstanceProfiles"),
        Int("providers", live="SummaryMap.Providers"),
        Int("server_certificates", live="SummaryMap.ServerCertificates"),
        Int("mfa_devices", live="SummaryMap.MFADevices"),
        Int("mfa_devices_in_use", live="SummaryMap.MFADevicesInUse"),
        Int("users_quota", live="SummaryMap.UsersQuota"),
        Int("groups_quota", live="SummaryMap.GroupsQuota"),
        Int("roles_quota", live="SummaryMap.RolesQuota"),
        Int("policies_quota", live="SummaryMap.PoliciesQuota"),
        Int("access_keys_per_user_quota", live="SummaryMap.AccessKeysPerUserQuota"),
        Int("global_endpoint_token_version", live="SummaryMap.GlobalEndpointTokenVersion"),
    ),
)

# --- the credential report --------------------------------------------------------------------------------


def report_lines(content: str) -> Iterable[Mapping[str, str]]:
    """The lines of a credential report, as IAM writes them."""
    return csv.DictReader(io.StringIO(content))


CREDENTIAL_REPORT_STEPS = (
    Each("iam.generate_credential_report", "@", until=("State", "COMPLETE")),
    Each("iam.get_credential_report", "@"),
)
"""IAM makes a new report where the last one is older than four hours."""


CREDENTIAL_REPORT_FILE = Table(
    "aws_iam_credential_report_file",
    "The credential report of the account as IAM writes it: CSV.",
    service="iam",
    scope="account",
    live=CREDENTIAL_REPORT_STEPS,
    columns=(
        Arn("arn:{partition}:iam::{account_id}:root"),
        Time("generated_time", live="GeneratedTime"),
        Text("content", live=From("Content", lambda content: content.decode())),
    ),
)

_FLAGS = (
    "password_enabled",
    "mfa_active",
    "access_key_1_active",
    "access_key_2_active",
    "cert_1_active",
    "cert_2_active",
)
_TIMES = (
    "user_creation_time",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "cert_1_last_rotated",
    "cert_2_last_rotated",
)
_NEVER = ("no_information", "N/A")


def _report(needs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a credential report. What IAM calls not supported, or has no date for, is unknown."""
    for line in report_lines(needs["content"]):
        row: dict[str, Any] = {
            "user_name": line["user"],
            "user_arn": line["arn"],
            "generated_time": needs["generated_time"],
            "is_root": line["user"] == "<root_account>",
        }
        for name in _FLAGS:
            row[name] = {"true": True, "false": False}.get(line.get(name, "").lower())
        for name in _TIMES:
            row[name] = _date(line.get(name, ""))
        told = line.get("password_last_used", "")
        row["password_ever_used"] = False if told in _NEVER else _date(told) and True
        for number in ("1", "2"):
            told = line.get(f"access_key_{number}_last_used_date", "")
            row[f"access_key_{number}_ever_used"] = False if told in _NEVER else _date(told) and True
        yield row


def _date(text: str) -> str | None:
    return text if text[:1].isdigit() else None


CREDENTIAL_REPORT = Table(
    "aws_iam_credential_report",
    "The credentials of the root user and of every IAM user, as IAM's credential report has them.",
    service="iam",
    scope="account",
    derived=(Derived("aws_iam_credential_report_file", ("content", "generated_time"), _report),),
    columns=(
        Text("user_name", about="'<root_account>' for the root user."),
        Text("user_arn"),
        Bool("is_root"),
        Time("generated_time"),
        Bool("password_ever_used", about="False where there is no password, or it was never used."),
        Bool("access_key_1_ever_used"),
        Bool("access_key_2_ever_used"),
        *(Bool(name) for name in _FLAGS),
        *(Time(name) for name in _TIMES),
    ),
)
