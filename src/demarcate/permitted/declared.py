"""All policies of a snapshot, as of a template, by whatever has them: each is told, or compared with another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from demarcate.access.callers import Own
from demarcate.access.comparing import Gain, gained
from demarcate.access.effective import Named
from demarcate.access.statements import Policy, PolicyKind
from demarcate.estate.sources.plan import Selection
from demarcate.permitted.asking import Policies
from demarcate.permitted.holders import Holders
from demarcate.permitted.organization import RCP, SCP, named_control
from demarcate.permitted.resources import OWNERS, of_identities, policies_of
from demarcate.permitted.rows import OWN

Key = tuple[str, str, PolicyKind]

GROUP: Final = "aws_iam_group"
CONTROL: Final = "aws_organizations_policy"
_CONTROLS: Final = {SCP: PolicyKind.SCP, RCP: PolicyKind.RCP}


@dataclass(frozen=True, slots=True)
class Declared:
    """A policy of a resource; or one of those that a user, a role or a group has."""

    owner: str
    resource: str
    kind: PolicyKind
    named: Named
    account: str = ""
    service: str = ""
    who: str = ""
    """The user or role that has it, as a principal."""

    @property
    def key(self) -> Key:
        """Whatever has it, and in what way."""
        return self.owner, self.resource, self.kind

    @property
    def own(self) -> Own:
        """Whose it is."""
        return Own("" if self.account == OWN else self.account)


def needed() -> Selection:
    """What is read of a source for all policies."""
    told = {**of_identities(), CONTROL: frozenset(("id", "name", "type", "content"))}
    for service in OWNERS:
        for name, columns in policies_of(service).items():
            told.setdefault(name, columns)
    return told


def all_policies(policies: Policies) -> Iterator[Declared]:
    """The policies of a snapshot, by their owners: those of resources, what users and roles have, also by their groups,
    and control policies of the organization.
    """
    for service, of in OWNERS.items():
        for owned in policies.resources.of(service) if of in policies.snapshot.asked else ():
            if owned.policy is not None:
                told = Named(f"{owned.shown} ({of})", owned.policy)
                yield Declared(of, owned.shown, owned.kind, told, owned.account, owned.service)
    attached: set[str] = set()
    for holder in policies.holders:
        of = "aws_iam_user" if ":user/" in holder.who.name else "aws_iam_role"
        for named in holder.around.identity if isinstance(holder.around.identity, tuple) else ():
            attached.add(named.name)
            called = Named(f"{holder.shown} ({of}), {named.name}", named.policy)
            yield Declared(of, holder.shown, PolicyKind.IDENTITY, called, holder.who.account, who=holder.who.name)
    yield from _apart(policies, attached)
    for row in policies.reading.rows(CONTROL, "id", "name", "type", "content"):
        if (kind := _CONTROLS.get(row["type"])) is not None:
            told = named_control(row)
            called = Named(f"{told.name} ({CONTROL})", told.policy)
            yield Declared(CONTROL, row["resource"], kind, called)


def _apart(policies: Policies, attached: set[str]) -> Iterator[Declared]:
    """Managed policies that nobody has of those who were read, and what groups have that nobody of them is in."""
    held = Holders(policies.reading, policies.organizations)
    for row, has in held.groups_apart():
        for named in has:
            attached.add(named.name)
            called = Named(f"{row['resource']} ({GROUP}), {named.name}", named.policy)
            account = row["account_id"] or OWN
            yield Declared(
                GROUP, row["resource"], PolicyKind.IDENTITY, called, account, who=f"arn:aws:iam::{account}:user/zz"
            )
    for arn, named in held.managed().items():
        if arn not in attached and ":iam::aws:" not in arn:
            called = Named(f"{arn} (aws_iam_policy)", named.policy)
            yield Declared("aws_iam_policy", arn, PolicyKind.IDENTITY, called)


# --- compared ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """Who gains or loses by what has changed of the policies of one owner."""

    policy: str
    gain: Gain
    loses: bool
    whoever: str


def changes(before: Iterable[Declared], after: Iterable[Declared]) -> Iterator[Change]:
    """Who gains and who loses where policies take the place of others. All that a user or role has counts together."""
    old, new = _grouped(before), _grouped(after)
    for key in dict.fromkeys((*new, *old)):
        was, will = _without_same(old.get(key, []), new.get(key, []))
        if not was and not will:
            continue
        any_ = (will or was)[0]
        joined = [_joined(each) for each in (was, will)]
        whoever = "" if any_.kind.names_principals else _WHOEVER.get(any_.owner, "{}").format(any_.resource)
        for loses, (first, second), named in ((False, joined, will), (True, joined[::-1], was)):
            for gain in gained(first, second, any_.kind, any_.own, any_.service, any_.who):
                yield Change(_name_of(gain, named), gain, loses, whoever)


_WHOEVER: Final = {GROUP: "whoever is in {}", CONTROL: "whoever {} binds"}
"""Who gains or loses where it is not the owner itself."""


def _grouped(declared: Iterable[Declared]) -> dict[Key, list[Declared]]:
    told: dict[Key, list[Declared]] = {}
    for each in declared:
        told.setdefault(each.key, []).append(each)
    return told


def _without_same(was: list[Declared], will: list[Declared]) -> tuple[list[Declared], list[Declared]]:
    """Both without what is not known, and is so in both in the same way."""
    unknown = [
        {each.named.name for each in several if each.named.policy.unknown is not None} for several in (was, will)
    ]
    same = unknown[0] & unknown[1]
    kept = [[each for each in several if each.named.name not in same] for several in (was, will)]
    return kept[0], kept[1]


def _joined(several: list[Declared]) -> Policy:
    policies = [each.named.policy for each in several]
    return Policy(
        tuple(said for policy in policies for said in policy.statements),
        any(policy.variables for policy in policies) or not policies,
        next((policy.unknown for policy in policies if policy.unknown is not None), None),
        tuple(said for policy in policies for said in policy.written),
    )


def _name_of(gain: Gain, several: list[Declared]) -> str:
    """The policy that a statement is of."""
    for each in several:
        if any(said.actions is gain.statement.actions for said in each.named.policy.statements):
            return each.named.name
    return several[0].named.name
