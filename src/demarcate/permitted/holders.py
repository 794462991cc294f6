"""The users and roles of a snapshot, each with all that has a say in what it may do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from demarcate.access.conditions import Given
from demarcate.access.effective import Around, Named
from demarcate.access.evaluating import Caller, Who
from demarcate.access.statements import Policy
from demarcate.base.encoding import to_json
from demarcate.estate.schema.standins import StandIn, first_standin
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.snapshots.telling import why_not_read
from demarcate.permitted.organization import SCP, Organizations
from demarcate.permitted.resources import AWS_MANAGED
from demarcate.permitted.rows import OWN, Reading, Row, is_text

_ADMINISTRATOR: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
"""What AdministratorAccess says. Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html"""

_ADMINISTRATOR_ARN: Final = ":iam::aws:policy/AdministratorAccess"

_OWN: Final = ("name", "arn", "inline_policies", "attached_policy_arns")
_SEPARATE: Final = (
    *("separate_inline_policies", "separate_managed_policies"),
    *("separate_user_policies", "separate_role_policies", "separate_group_policies"),
)
"""In a template: policies that stand apart, and name whoever has them."""
_MORE: Final = ("groups", "permissions_boundary_arn", *_SEPARATE)


MOST_KEPT: Final = 1_000
"""How many policies are kept once they were read, so that memory does not grow with the roles of an account."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A user or role, and all that has a say in what it may do. `shown` is what people call it."""

    who: Who
    around: Around
    shown: str


@dataclass(slots=True)
class Holders:
    """Reads the users and roles of a snapshot. What several of them have is read once."""

    reading: Reading
    organizations: Organizations
    _policies: dict[bytes, Policy] = field(default_factory=dict)
    _around: dict[str, tuple[Any, bool | Unknown]] = field(default_factory=dict)

    def managed(self) -> dict[str, Named]:
        """The managed policies of the accounts, and those of AWS that are attached in them, by their ARNs."""
        own = {
            row["arn"]: self._named(row["arn"], row["policy"], declared=not is_text(row["account_id"]))
            for row in self.reading.rows("aws_iam_policy", "arn", "policy")
            if is_text(row["arn"])
        }
        return own | self._of_aws()

    def _of_aws(self) -> dict[str, Named]:
        """AWS's managed policies as far as they were read. What each says is the same in all accounts of a partition,
        so that it is known where it was read in one of them.
        """
        told: dict[str, Named] = {}
        for row in self.reading.rows(AWS_MANAGED, "arn", "policy"):
            arn, document = row["arn"], row["policy"]
            if (
                not is_text(arn)
                or arn.endswith(_ADMINISTRATOR_ARN)
                or (isinstance(document, Unknown) and arn in told)
            ):
                continue
            told[arn] = self._named(arn, document, declared=False)
        return told

    def apart(self, arn: str) -> Iterator[Named]:
        """A managed policy, or those of a group, by its ARN."""
        managed = self.managed()
        if arn in managed:
            yield managed[arn]
        for row in self.reading.rows("aws_iam_group", *_OWN, *_MORE):
            if row["arn"] == arn:
                yield from self._of(row, managed)

    def groups_apart(self) -> Iterator[tuple[Row, tuple[Named, ...]]]:
        """The groups that none of the users is in who were read, and what each has."""
        managed = self.managed()
        users = self.reading.rows("aws_iam_user", "groups")
        told = [(row["account_id"], row["groups"]) for row in users]
        members = ((account, groups) for account, groups in told if isinstance(groups, list))
        inside = {(account, group) for account, groups in members for group in groups if is_text(group)}
        for row in self.reading.rows("aws_iam_group", *_OWN, *_MORE):
            if not is_text(row["name"]) or (row["account_id"], row["name"]) not in inside:
                yield row, tuple(self._of(row, managed))

    def all(self) -> Iterator[Holder]:
        """All of them, the roles first."""
        managed = self.managed()
        groups: dict[tuple[Any, str], tuple[Named, ...]] = {}
        for row in self.reading.rows("aws_iam_group", *_OWN, *_MORE):
            if is_text(row["name"]):
                groups[row["account_id"], row["name"]] = tuple(self._of(row, managed))
        for name in ("aws_iam_role", "aws_iam_user"):
            for row in self.reading.rows(name, *_OWN, *_MORE):
                yield self._holder(row, managed, groups)

    def _holder(
        self, row: Row, managed: dict[str, Named], groups: Mapping[tuple[Any, str], tuple[Named, ...]]
    ) -> Holder:
        arn, account = row["arn"], row["account_id"]
        declared = not is_text(account)
        who = Who.of(arn) if is_text(arn) else Who(Caller.PRINCIPAL, str(row["resource"]), OWN)
        named = list(self._of(row, managed))
        member_of = _told(row, "groups") if "groups" in row else []
        for group in member_of if isinstance(member_of, list) else [member_of]:
            told = groups.get((account, group)) if is_text(group) else None
            if told is None:
                why = _settled(group)
                if not isinstance(why, Unknown):
                    why = Unknown(Kind.NOT_COLLECTED, f"the group {group}")
                told = (Named("groups", Policy((), unknown=why)),)
            named += told
        boundary = _settled(_told(row, "permissions_boundary_arn"))
        scps, management = self._bound(who.account)
        around = Around(
            identity=tuple(named),
            boundary=boundary if isinstance(boundary, Unknown) else self._managed(boundary, managed),
            scps=scps,
            management_account=management,
        )
        return Holder(who, around, row["resource"] if declared else arn)

    def _bound(self, account: str) -> tuple[Any, bool | Unknown]:
        """The control policies of an account, and whether it is the one that none binds."""
        told = self._around.get(account)
        if told is None:
            scps = self.organizations.levels(account, SCP)
            told = self._around[account] = scps, self.organizations.is_management(account) if scps else False
        return told

    def _of(self, row: Row, managed: dict[str, Named]) -> Iterator[Named]:
        """The policies of a user, role or group by itself."""
        inline, arns = _told(row, "inline_policies"), _told(row, "attached_policy_arns")
        declared = not is_text(row["account_id"])
        for column in _SEPARATE:
            separate = row.get(column)
            if isinstance(separate, list) and separate:
                inline = [*(inline if isinstance(inline, list) else [inline]), *separate]
        for each in inline if isinstance(inline, list) else [inline]:
            if isinstance(each, dict):
                called = each.get("PolicyName") or each.get("ManagedPolicyName") or ""
                yield self._named(
                    f"inline policy {called}" if is_text(called) and called else "a policy without a name",
                    each.get("PolicyDocument"),
                    declared=declared,
                )
            elif each is not None:
                yield self._named("inline policies", each, declared=declared)
        for arn in arns if isinstance(arns, list) else [arns]:
            if isinstance(_settled(arn), Unknown):
                yield self._named("attached policies", _settled(arn), declared=declared)
            elif arn and (named := self._managed(arn, managed)) is not None:
                yield named

    def _managed(self, arn: Any, managed: dict[str, Named]) -> Named | None:
        if not arn:
            return None
        if arn not in managed:
            administrator = str(arn).endswith(_ADMINISTRATOR_ARN)
            document = _ADMINISTRATOR if administrator else self._not_held(arn)
            managed[arn] = self._named(arn, document, declared=False)
        return managed[arn]

    def _not_held(self, arn: Any) -> Unknown:
        """Why what a managed policy says is not known."""
        of = AWS_MANAGED if ":iam::aws:policy/" in str(arn) else "aws_iam_policy"
        not_read = why_not_read(self.reading.snapshot, of, ("arn", "policy"), None, None)
        why = f" ({of}: {not_read})" if not_read else ", which the snapshot does not hold"
        return Unknown(Kind.NOT_COLLECTED, f"what {arn} says{why}")

    def _named(self, name: str, document: Any, *, declared: bool) -> Named:
        """A policy with its name. What was not `declared` in a template or plan has nothing assigned in it."""
        document = _settled(document)
        if isinstance(document, Unknown):
            return Named(name, Policy((), unknown=document))
        if declared and (first_unknown(document) is not None or first_standin(document) is not None):
            return Named(name, Policy.of(document))
        key = to_json(document)
        told = self._policies.get(key)
        if told is None:
            if len(self._policies) >= MOST_KEPT:
                self._policies.clear()  # what many have comes again
            told = self._policies[key] = Policy.of(document)
        return Named(name, told)


def _told(row: Row, column: str) -> Any:
    """What a row says; not known where it says nothing, as one of which only its policies are declared."""
    value = row[column]
    return Unknown(Kind.UNTOLD, f"{column} of {row['resource']}") if value is None else value


def _settled(value: Any) -> Any:
    return value.unknown if type(value) is StandIn else value


_OF_SERVICES: Final = (
    *("aws:principalservicename", "aws:principalservicenameslist", "aws:sourceaccount", "aws:sourcearn"),
    *("aws:sourceorgid", "aws:sourceorgpaths"),
)
"""Condition keys that only requests of services have."""

TOLD: Final = frozenset(
    (
        *("aws:securetransport", "aws:principalisawsservice", "aws:principalaccount", "aws:principalarn"),
        "kms:calleraccount",
        *("aws:username", "aws:principalorgid", "aws:principalorgpaths", "aws:resourceaccount", *_OF_SERVICES),
    )
)
"""What may be known of every request of a principal, whatever else it carries."""


def context_of(who: Who, organizations: Organizations | None = None) -> dict[str, Given]:
    """What is known of every request of a principal: also that it uses TLS, which whoever asks may choose.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    context: dict[str, Given] = {"aws:securetransport": ("true",)}
    if who.caller is Caller.SERVICE:
        return context | {"aws:principalisawsservice": ("true",), "aws:principalservicename": (who.name,)}
    if who.caller is not Caller.PRINCIPAL:
        return context
    context |= {
        "aws:principalisawsservice": ("false",),
        **dict.fromkeys(_OF_SERVICES),
        "aws:principalaccount": (who.account,),
        "kms:calleraccount": (who.account,),
    }
    if "<" not in who.arn:
        context["aws:principalarn"] = (who.arn,)
    resource = who.arn.rpartition(":")[2]
    if resource.startswith("user/"):
        context["aws:username"] = (resource.rpartition("/")[2],)
    elif resource.startswith("role/"):
        context["aws:username"] = None
    if organizations is not None and who.account != OWN:
        organization = organizations.of(who.account)
        if not isinstance(organization, Unknown):
            context["aws:principalorgid"] = None if organization is None else (organization,)
            path = organizations.path(who.account) if organization is not None else None
            if not isinstance(path, Unknown):
                context["aws:principalorgpaths"] = None if path is None else (path,)
    return context
