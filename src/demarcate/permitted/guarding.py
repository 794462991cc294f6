"""The table `aws_policy_guardrail`: what stands above each policy of an estate, worked out when asked.

It means the same for every owner. A service control policy binds the principals of its account, and so never narrows
whom the policy of a resource lets in: strangers ignore it. A resource control policy may, and the organization's S3
policy.
Sources: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from demarcate.access.callers import Reach
from demarcate.access.effective import Guardrail, Named
from demarcate.access.reach import NOBODY, Reached, widest
from demarcate.access.statements import PolicyKind
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.snapshots.querying import Made
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.plan import Selection, Want
from demarcate.permitted.asking import Policies
from demarcate.permitted.holders import Holder
from demarcate.permitted.literals import literals_of
from demarcate.permitted.organization import SCP, Levels
from demarcate.permitted.resources import OWNERS, Owned, of_identities, of_organization, policies_of
from demarcate.permitted.rows import OWN

NAME: Final = "aws_policy_guardrail"
ABOUT: Final = "What guardrails make of each policy: of the owners that a query names, or of all."

_STATES: Final = "applied, applicable, none or unknown"
COLUMNS: Final = {
    "resource": ("VARCHAR", "Whatever has the policy, as in the table of its owner."),
    "arn": ("VARCHAR", "Its ARN."),
    "owner": ("VARCHAR", "The table of what has it: aws_s3_bucket."),
    "account_id": ("VARCHAR", "Whose it is; NULL for what a template declares."),
    "policy": ("VARCHAR", "resource, key, trust; or identity, for all that a user or role has."),
    "reach": ("VARCHAR", "How far it reaches by itself; NULL where that is not known, and of an identity."),
    "reach_left": (
        "VARCHAR",
        "The same past these guardrails and Block Public Access.",
    ),
    "scp": ("VARCHAR", f"Service control policies, which bind the account's own principals: {_STATES}."),
    "rcp": ("VARCHAR", f"Resource control policies: {_STATES}."),
    "s3": ("VARCHAR", f"The organization's S3 policy: {_STATES}."),
    "boundary": ("VARCHAR", f"The permissions boundary of a user or role: {_STATES}."),
    "why": ("VARCHAR", "Why something of it is not known."),
}
"""The columns, with their types and what they say."""

IDENTITIES: Final = ("aws_iam_role", "aws_iam_user")


def described() -> tuple[list[str], list[list[Any]]]:
    """The columns, as `tables` describes them."""
    return ["column", "type", "about"], [[name, *told] for name, told in COLUMNS.items()]


def owners_in(sql: str) -> frozenset[str]:
    """The tables of the owners that a query asks about; none where it does not use the table."""
    every = frozenset((*OWNERS.values(), *IDENTITIES))
    told: set[str] = set()
    for given in literals_of(sql, NAME, ("owner",)):
        told |= set(given.get("owner", every))
    return frozenset(told & every)


def needed_by(owners: Collection[str]) -> Selection:
    """What is read of a source to fill it."""
    told: dict[str, frozenset[Want] | None] = {}
    if owners:
        told.update(of_organization())
    if not set(IDENTITIES).isdisjoint(owners):
        told.update(of_identities())
    for service, of in OWNERS.items():
        if of in owners:
            for name, columns in policies_of(service).items():
                told.setdefault(name, columns)
    return told


def made(snapshot: Snapshot, owners: Collection[str]) -> dict[str, Made]:
    """The table, filled for some owners; nothing where there are none."""
    if not owners:
        return {}
    with Policies(snapshot) as policies:
        rows = list(_rows(policies, owners))
    return {NAME: Made({name: type_ for name, (type_, _) in COLUMNS.items()}, rows)}


def _rows(policies: Policies, owners: Collection[str]) -> Iterator[list[Any]]:
    for service, of in OWNERS.items():
        if of in owners and of in policies.snapshot.asked:
            yield from (_of_resource(policies, owned, of) for owned in policies.resources.of(service))
    if not set(IDENTITIES).isdisjoint(owners):
        for holder in policies.holders:
            of = "aws_iam_user" if ":user/" in holder.who.name else "aws_iam_role"
            if of in owners:
                yield _of_identity(policies, holder, of)


def _of_resource(policies: Policies, owned: Owned, of: str) -> list[Any]:
    outsiders = policies.outsiders
    around, policy = policies.around(owned, owned.arn), owned.policy
    denies, rcp = outsiders.rcp_denies(around.rcps, owned.service, around.resource_in_management)
    scp, _ = _of_levels(policies, owned.account)
    why = around.rcps if isinstance(around.rcps, Unknown) else None
    alone = left = NOBODY
    if policy is not None and policy.unknown is not None:
        alone = left = Reached(Reach.NOBODY, Reach.ANYONE, policy.unknown)
    elif policy is not None:
        own = outsiders.own(owned.account)
        alone = widest(outsiders.past(policy, owned, own))
        past, counted = outsiders.past_denies(policy, denies, owned, own)
        if not counted:
            rcp = Guardrail.UNKNOWN
        elif widest(past).high.rank < alone.high.rank:
            rcp = Guardrail.APPLIED
        closed = (
            outsiders.restricted(each, said, owned) for said, each in zip(policy.statements, past, strict=True)
        )
        left = widest(each for each in closed if each is not None)
    s3 = outsiders.s3_guardrail(around, "s3:", inside=False) if owned.service == "s3" else Guardrail.NONE
    why = alone.unknown or left.unknown or why
    states = [str(scp), str(rcp), str(s3), "none"]
    kind = _KINDS[owned.kind]
    return [
        *(owned.shown, owned.arn, of, _account(owned.account), kind, _reach(alone), _reach(left)),
        *(*states, _words(why)),
    ]


_KINDS: Final = {PolicyKind.RESOURCE: "resource", PolicyKind.KEY: "key", PolicyKind.TRUST: "trust"}


def _of_identity(policies: Policies, holder: Holder, of: str) -> list[Any]:
    scp, why = _of_levels(policies, holder.who.account)
    held = holder.around.boundary
    boundary = Guardrail.NONE if held is None else Guardrail.APPLICABLE
    unread = held.policy.unknown if isinstance(held, Named) else held
    if unread is not None:
        boundary, why = Guardrail.UNKNOWN, unread
    states = [str(scp), "none", "none", str(boundary)]
    arn = holder.who.name
    return [holder.shown, arn, of, _account(holder.who.account), "identity", None, None, *states, _words(why)]


def _of_levels(policies: Policies, account: str) -> tuple[Guardrail, Unknown | None]:
    """What service control policies are for the principals of an account, and why that is not known."""
    levels: Levels | Unknown = policies.organizations.levels(account, SCP)
    if isinstance(levels, Unknown):
        return Guardrail.UNKNOWN, levels
    managing = policies.organizations.is_management(account) if levels else False
    if isinstance(managing, Unknown):
        return Guardrail.UNKNOWN, managing
    return (Guardrail.APPLICABLE if levels and not managing else Guardrail.NONE), None


def _reach(reached: Reached) -> str | None:
    return reached.low.value if reached.low is reached.high else None


def _account(account: str) -> str | None:
    return None if account in ("", OWN) else account


def _words(why: Unknown | None) -> str | None:
    return None if why is None else str(why)
