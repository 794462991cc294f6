"""Who of a snapshot may do something, and the policy that a resource of it has.

Answers are told as far as the snapshot goes: a policy that AWS manages is not collected, and what was not read may be
anything. Control policies of the organization are told apart, where it was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from demarcate.access.callers import Own
from demarcate.access.conditions import Given
from demarcate.access.effective import Around, Effective, Guardrail, Named, effective
from demarcate.access.evaluating import Request, Who, names_action, names_resource
from demarcate.access.reach import Reached, reading
from demarcate.access.statements import Policy, PolicyKind, Statement
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.rereading import Rereading
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.plan import Selection
from demarcate.estate.tables import table

_ADMINISTRATOR: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
"""What AdministratorAccess says. Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html"""

_KINDS: Final = {"aws_kms_key": PolicyKind.KEY}


_IDENTITIES: Final = ("aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_policy")
_OWNERS: Final = {
    "backup": "aws_backup_vault",
    "dynamodb": "aws_dynamodb_table",
    "ecr": "aws_ecr_repository",
    "elasticfilesystem": "aws_efs_file_system",
    "es": "aws_opensearch_domain",
    "events": "aws_eventbridge_bus",
    "kms": "aws_kms_key",
    "lambda": "aws_lambda_function",
    "s3": "aws_s3_bucket",
    "secretsmanager": "aws_secretsmanager_secret",
    "sns": "aws_sns_topic",
    "sqs": "aws_sqs_queue",
}
"""The tables of resources with policies, by the service of their ARNs."""


def needed(resource: str) -> Selection:
    """What is read of a source to tell who may use a resource. Raises DemarcateError for what is no ARN of one."""
    parts = resource.split(":", 5)
    if len(parts) < 6 or parts[2] not in _OWNERS:
        raise DemarcateError(f"{resource!r} is no ARN of a resource with a policy: of {', '.join(_OWNERS)}")
    return {**dict.fromkeys(_IDENTITIES), _OWNERS[parts[2]]: None}


@dataclass(frozen=True, slots=True)
class Owned:
    """The policy of a resource: what it is, whose, and the prefix of the actions of its service."""

    arn: str
    document: Any
    kind: PolicyKind
    account: str
    service: str

    @property
    def policy(self) -> Policy:
        """The policy as it is read; one that is not known may say anything."""
        if isinstance(self.document, Unknown):
            return Policy((), unknown=self.document)
        return Policy.of(self.document)


@dataclass(frozen=True, slots=True)
class May:
    """A principal, and what comes of its request."""

    principal: str
    effective: Effective


@dataclass(frozen=True, slots=True)
class Outside:
    """A statement of the resource's own policy that is about it, and how far it reaches."""

    statement: Statement
    reached: Reached


class Policies:
    """The policies of a snapshot. Use as a context manager."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._reading = Rereading(snapshot.folder)

    def __enter__(self) -> Policies:
        return self

    def __exit__(self, *error: object) -> None:
        self._reading.__exit__(*error)

    def _rows(self, name: str, *columns: str) -> Iterator[Mapping[str, Any]]:
        held = self._snapshot.manifest.tables.get(name)
        files = [part.file for part in held.parts if part.file is not None] if held else []
        known = {column.name for column in table(name).all_columns}
        yield from self._reading.rows(table(name), files, [each for each in columns if each in known], {})

    # --- resources ------------------------------------------------------------------------------------------

    def of(self, arn: str) -> Owned | None:
        """The policy of a resource, by its ARN; that of its bucket for an object. None where it has none.

        Raises DemarcateError where the snapshot has no such resource.
        """
        names = {arn, arn.partition("/")[0]} if ":s3:::" in arn else {arn}
        needed(arn)
        of = _OWNERS[arn.split(":")[2]]
        column = next(each.needs[0] for each in table("aws_policy_statement").derived if each.of == of)
        for row in self._rows(of, "resource", "arn", "account_id", column):
            if any(_is_text(name) and name in names for name in (row.get("resource"), row.get("arn"))):
                return _owned(row, column, of)
        raise DemarcateError(f"{arn}: what was read has no such resource")

    # --- holders --------------------------------------------------------------------------------------------

    def holders(self) -> Iterator[tuple[Who, Around]]:
        """The users and roles of the snapshot, each with the policies that it has."""
        managed = {
            row["arn"]: row["policy"]
            for row in self._rows("aws_iam_policy", "arn", "policy")
            if _is_text(row["arn"])
        }
        columns = ("name", "account_id", "inline_policies", "attached_policy_arns")
        groups = {
            (row["account_id"], row["name"]): list(self._attached(row, managed))
            for row in self._rows("aws_iam_group", *columns)
            if _is_text(row["name"])
        }
        for name in ("aws_iam_role", "aws_iam_user"):
            for row in self._rows(name, "arn", *columns, "groups", "permissions_boundary_arn"):
                if not _is_text(row["arn"]):
                    continue
                named = list(self._attached(row, managed))
                member_of = row.get("groups") or []
                if isinstance(member_of, Unknown):
                    named.append(Named("groups", Policy((), unknown=member_of)))
                else:
                    named += [each for group in member_of for each in groups.get((row["account_id"], group), ())]
                boundary = row["permissions_boundary_arn"]
                yield (
                    Who.of(row["arn"]),
                    Around(
                        identity=tuple(named),
                        boundary=boundary if isinstance(boundary, Unknown) else _managed(boundary, managed),
                    ),
                )

    def _attached(self, row: Mapping[str, Any], managed: Mapping[str, Any]) -> Iterator[Named]:
        inline, arns = row["inline_policies"], row["attached_policy_arns"]
        for each in inline if isinstance(inline, list) else [inline]:
            if isinstance(each, dict):
                yield _named(f"inline policy {each.get('PolicyName', '')}", each.get("PolicyDocument"))
            elif each is not None:
                yield _named("inline policies", each)
        for arn in arns if isinstance(arns, list) else [arns]:
            if isinstance(arn, Unknown):
                yield _named("attached policies", arn)
            elif arn and (named := _managed(arn, managed)) is not None:
                yield named

    # --- who may --------------------------------------------------------------------------------------------

    def who_can(self, action: str, resource: str) -> tuple[list[May], list[Outside]]:
        """The users and roles that may do something, or perhaps, and whom the resource's own policy lets in."""
        owned = self.of(resource)
        named = None if owned is None or owned.document is None else Named("the resource's policy", owned.policy)
        told = []
        for who, around in self.holders():
            context = context_of(who)
            whole = replace(
                around,
                resource=named,
                resource_kind=owned.kind if owned else PolicyKind.RESOURCE,
                resource_account=owned.account if owned else "",
            )
            comes = effective(Request(who, action, resource, context), whole)
            for guardrail in ("scp", "rcp"):
                comes.guardrails[guardrail] = Guardrail.UNKNOWN
            if comes.allowed is not False:
                told.append(May(str(who), comes))
        return told, list(_outside(owned, action, resource)) if owned and owned.document is not None else []


def _owned(row: Mapping[str, Any], column: str, of: str) -> Owned:
    account, arn = row.get("account_id"), row.get("arn")
    arn = arn if _is_text(arn) else row["resource"]
    kind = _KINDS.get(of, PolicyKind.RESOURCE)
    return Owned(
        str(arn), row.get(column), kind, account if isinstance(account, str) else "", str(arn).split(":")[2]
    )


def _is_text(value: object) -> bool:
    return type(value) is str


def _named(name: str, document: Any) -> Named:
    return Named(name, Policy((), unknown=document) if isinstance(document, Unknown) else Policy.of(document))


def _managed(arn: Any, managed: Mapping[str, Any]) -> Named | None:
    if not arn:
        return None
    if arn in managed:
        return _named(arn, managed[arn])
    if str(arn).endswith(":aws:policy/AdministratorAccess"):
        return _named(arn, _ADMINISTRATOR)
    return _named(arn, Unknown(Kind.NOT_COLLECTED, f"what {arn} says, which the snapshot does not hold"))


def context_of(who: Who) -> dict[str, Given]:
    """What is known of every request of a principal."""
    return {
        "aws:principalarn": (who.arn,),
        "aws:principalaccount": (who.account,),
        "aws:principalisawsservice": ("false",),
        "aws:sourceaccount": None,
        "aws:sourcearn": None,
    }


def _outside(owned: Owned, action: str, resource: str) -> Iterable[Outside]:
    policy = owned.policy
    told = reading(policy, owned.kind, Own(owned.account), owned.service)
    for said, left in zip(policy.statements, told.left, strict=True):
        about = names_action(said, action), names_resource(said, resource, {}, variables=policy.variables)
        if said.allows is not False and False not in about:
            yield Outside(said, left)
