"""Resources with a policy of their own, and what that is; also what S3 keeps everybody out of.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from demarcate.access.asked import parts_of
from demarcate.access.effective import Grant
from demarcate.access.patterns import matching
from demarcate.access.public import is_public
from demarcate.access.statements import Policy, PolicyKind
from demarcate.access.values import every, some
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.telling import why_not_read
from demarcate.estate.sources.plan import Selection
from demarcate.estate.tables import table
from demarcate.permitted.organization import TABLES as OF_ORGANIZATION
from demarcate.permitted.organization import Organizations
from demarcate.permitted.rows import OWN, Reading, Row, is_text

IDENTITIES: Final = ("aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_policy")
AWS_MANAGED: Final = "aws_iam_aws_managed_policy"
SETTINGS: Final = "aws_s3_account_settings"

OWNERS: Final = {
    "backup": "aws_backup_vault",
    "dynamodb": "aws_dynamodb_table",
    "ecr": "aws_ecr_repository",
    "elasticfilesystem": "aws_efs_file_system",
    "es": "aws_opensearch_domain",
    "events": "aws_eventbridge_bus",
    "glue": "aws_glue_resource_policy",
    "iam": "aws_iam_role",
    "kms": "aws_kms_key",
    "lambda": "aws_lambda_function",
    "s3": "aws_s3_bucket",
    "secretsmanager": "aws_secretsmanager_secret",
    "sns": "aws_sns_topic",
    "sqs": "aws_sqs_queue",
}
"""The tables of resources with policies, by the service of their ARNs."""

_KINDS: Final = {"aws_kms_key": PolicyKind.KEY, "aws_iam_role": PolicyKind.TRUST}
_ACTIONS_OF: Final = {"iam": "sts"}
"""The prefix of the actions that the policy of a resource is about, where it is not that of its ARN."""

_WITHOUT: Final = (
    *(f"arn:*:ec2:*:{kind}/*" for kind in ("image", "instance", "network-interface", "snapshot", "volume")),
    *(f"arn:*:iam::*:{kind}/*" for kind in ("group", "policy", "user")),
    *(f"arn:*:{service}:*" for service in ("autoscaling", "cloudformation", "ecs", "eks", "rds")),
)
"""Resources that take no policy: an identity's policies alone decide.
Source: the column "Resource-based policies" of the first page that is named above."""

_PARAMETER: Final = "aws_ssm_parameter"
"""A parameter takes a policy where it is not of the standard tier.
Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-shared-parameters.html"""

_CATALOGUED: Final = ("catalog", "database", "table", "tableVersion", "userDefinedFunction", "connection")
"""What of Glue the policy of the Data Catalog is about.
Source: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html"""

_POINT: Final = "aws_backup_recovery_point"
"""What has the policy of its vault.
Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html"""

_RESTRICTS: Final = "restrict_public_buckets"


def of_identities() -> Selection:
    """What is read of a source for the users and roles, and what they may do by themselves."""
    return {**dict.fromkeys(IDENTITIES), AWS_MANAGED: frozenset(("arn", "policy"))}


def of_organization() -> Selection:
    """What is read of a source for the control policies of the organization."""
    return dict(OF_ORGANIZATION)


def policies_of(service: str) -> Selection:
    """What is read of a source for the policies of a service's resources; nothing where it has none that are read."""
    if service == "ssm":
        return {_PARAMETER: frozenset(("arn", "tier"))}
    of = OWNERS.get(service)
    if of is None:
        return {}
    columns = {"arn", "name", _column(of)} & {column.name for column in table(of).all_columns}
    if of == "aws_backup_vault":
        return {of: frozenset(columns), _POINT: frozenset(("arn", "backup_vault_name"))}
    if of == "aws_kms_key":
        return {of: frozenset((*columns, "grants"))}
    if of == "aws_s3_bucket":
        return {of: frozenset((*columns, _RESTRICTS)), SETTINGS: frozenset(("arn", _RESTRICTS))}
    return {of: frozenset(columns)}


def _column(of: str) -> str:
    """The column that holds the policies of a table's resources."""
    if of == "aws_iam_role":
        return "assume_role_policy"
    return next(each.needs[0] for each in table("aws_policy_statement").derived if each.of == of)


@dataclass(frozen=True)
class Owned:
    """The policy of a resource: what it is, whose, and the prefix of the actions that it is about.

    `closed` says whether S3 keeps everybody outside of the account out, where the policy is public.
    """

    arn: str
    document: Any
    kind: PolicyKind
    account: str
    service: str
    shown: str = ""
    closed: bool | Unknown = False
    grants: tuple[Grant, ...] | Unknown = ()

    @cached_property
    def policy(self) -> Policy | None:
        """The policy as it is read, None where it has none; one that is not known may say anything."""
        if self.document is None or self.document == {}:
            return None
        if isinstance(self.document, Unknown):
            return Policy((), unknown=self.document)
        return Policy.of(self.document)

    @cached_property
    def restricted(self) -> bool | Unknown:
        """Whether its policy is public and so lets in nobody outside of the account, but services."""
        if self.policy is None or self.closed is False:
            return False
        public = self.policy.unknown or some(is_public(said) for said in self.policy.statements)
        return every((public, self.closed))


def grants_in(value: Any) -> tuple[Grant, ...] | Unknown:
    """The grants of a key, as `kms:ListGrants` tells them; Unknown where they were not read."""
    if not isinstance(value, list):
        return value if isinstance(value, Unknown) else Unknown(Kind.UNTOLD, "the grants of the key")
    return tuple(_grant(each) for each in value if isinstance(each, Mapping))


def _grant(each: Mapping[str, Any]) -> Grant:
    """A grant. What it is held to is an encryption context, or the ARN of a source."""
    grantee = str(each.get("GranteePrincipal") or each.get("GranteeServicePrincipal") or "")
    operations = each.get("Operations") or ()
    actions = frozenset(f"kms:{name}".lower() for name in operations if type(name) is str)
    return Grant(grantee, actions, bool(each.get("Constraints")))


class Resources:
    """The resources of a snapshot that have a policy of their own."""

    def __init__(self, reading: Reading, organizations: Organizations) -> None:
        self._reading, self._organizations = reading, organizations
        self._settings: dict[str, Any] | None = None

    def of(self, service: str) -> Iterator[Owned]:
        """Those of a service, by the prefix of its ARNs."""
        of = OWNERS.get(service)
        if of is None:
            return
        column = _column(of)
        more = {"aws_s3_bucket": (_RESTRICTS,), "aws_kms_key": ("grants",)}.get(of, ())
        for row in self._reading.rows(of, "arn", "name", column, *more):
            yield self._owned(row, column, of, service)

    def named(self, name: str) -> Owned | None:
        """The policy of a resource, by its ARN; that of its bucket for an object, and of a declared one by its logical
        id. None for a resource that takes no policy.

        Raises DemarcateError where the snapshot has no such resource.
        """
        if name.startswith("arn:"):
            parts = parts_of(name)
            if any(matching(text)(name) for text in _WITHOUT):
                return None
            if parts[2] == "ssm":
                return self._parameter(name)
            if parts[2] == "backup" and parts[5].startswith("recovery-point:"):
                return self._point(name)
            if parts[2] not in OWNERS:
                return self._untold(name)
        if ":glue:" in name:
            return self._catalog(name)
        for service in (parts_of(name)[2],) if name.startswith("arn:") else OWNERS:
            names = {name, name.partition("/")[0]} if service == "s3" else {name}
            for owned in self.of(service):
                if not names.isdisjoint((owned.arn, owned.shown)):
                    return owned
        raise DemarcateError(f"{name}: what was read has no such resource")

    def _catalog(self, name: str) -> Owned | None:
        """The policy of a Data Catalog, for whatever is in it: None where its region has none."""
        parts = parts_of(name)
        if parts[5].split("/")[0] not in _CATALOGUED:
            return None
        _, _, service, region, account, _ = parts
        told = next((each for each in self.of(service) if each.arn.split(":")[3:5] == [region, account]), None)
        if told is not None:
            return replace(told, arn=name)
        table = OWNERS[service]
        why = why_not_read(self._reading.snapshot, table, ("policy",), account, region)
        return self._untold(name) if why or account not in self._reading.snapshot.accounts else None

    def _point(self, name: str) -> Owned:
        for row in self._reading.rows(_POINT, "arn", "backup_vault_name", "region"):
            if row["arn"] == name:
                vault = f":{row['region']}:{row['account_id']}:backup-vault:{row['backup_vault_name']}"
                owned = next((each for each in self.of("backup") if each.arn.endswith(vault)), None)
                return self._untold(name) if owned is None else replace(owned, arn=name)
        raise DemarcateError(f"{name}: what was read has no such resource")

    def _parameter(self, name: str) -> Owned | None:
        tiers = [row["tier"] for row in self._reading.rows(_PARAMETER, "arn", "tier") if row["arn"] == name]
        return None if tiers == ["Standard"] else self._untold(name)

    def _untold(self, name: str) -> Owned:
        parts = name.split(":", 5)
        unknown = Unknown(Kind.UNTOLD, f"the policy of {name}, which no table has")
        return Owned(name, unknown, PolicyKind.RESOURCE, parts[4], parts[2])

    def _owned(self, row: Row, column: str, of: str, service: str) -> Owned:
        arn, account = row.get("arn"), row.get("account_id")
        arn = arn if is_text(arn) else row["resource"]
        whose = account if isinstance(account, str) else OWN
        closed = self._closed(row, whose) if of == "aws_s3_bucket" else False
        kind = _KINDS.get(of, PolicyKind.RESOURCE)
        document = row.get(column)
        if type(document) is StandIn:
            document = document.unknown
        grants = grants_in(row.get("grants")) if of == "aws_kms_key" else ()
        about = _ACTIONS_OF.get(service, service)
        return Owned(str(arn), document, kind, whose, about, row["resource"], closed, grants)

    def _closed(self, row: Row, account: str) -> bool | Unknown:
        """Whether S3 restricts public buckets: of this one, or of all of the account."""
        return some(
            value if isinstance(value, bool | Unknown) else Unknown(Kind.UNTOLD, "what blocks public access")
            for value in (row.get(_RESTRICTS), self._of_account(account))
        )

    def _of_account(self, account: str) -> Any:
        """What the account says, which is what its organization says where that says anything."""
        if self._settings is None:
            self._settings = {
                row["account_id"]: row[_RESTRICTS] for row in self._reading.rows(SETTINGS, _RESTRICTS)
            }
        if account in self._settings:
            return self._settings[account]
        if account == OWN:
            return False  # a template says nothing of the account: what it declares is told by itself
        told = self._organizations.blocks_public(account)
        return Unknown(Kind.NOT_COLLECTED, f"whether {account} blocks public access") if told is None else told


def as_asked(name: str, owned: Owned | None) -> str:
    """The ARN that is asked about, where a declared resource was named by its logical id."""
    return name if owned is None or re.match("arn:", name) else owned.arn
